#pragma once
#include <algorithm>
#include <optional>
#include <string_view>

#include "sbc/base/endpoint.hpp"

namespace dw::sip {

/// One line of an SDP: "x=value", and how it ends. Views are into the body.
struct SdpLine {
  char type = 0;  ///< 0: it is not "x=…"
  std::string_view whole;
  std::string_view text;   ///< all but its end
  std::string_view value;  ///< after "x="
  std::string_view end;    ///< "\r\n", "\n", "\r", or nothing at the end of the body
  std::size_t offset = 0;  ///< of the line
  bool empty = false;      ///< nothing but blanks
};

constexpr bool is_sdp_blank(char c) {
  return c == ' ' || c == '\t';
}

/// Walks the lines of an SDP. Each step eats at least one octet. A lone CR ends a line too, blanks before a
/// line and around its first "=" say nothing, and neither does a byte order mark at the beginning: some
/// readers accept that, and an address that only they find would pass us. NULs at the end are no part of it.
class SdpLines {
 public:
  /// `lone_cr`: false when it is known that every CR stands before an LF.
  explicit SdpLines(std::string_view body, bool lone_cr = true) : left_(body), lone_cr_(lone_cr) {
    const std::size_t nul = body.find('\0');
    if (nul == body.npos) return;
    std::string_view tail = body;
    tail.remove_prefix(nul);
    has_nul_ =
        !std::ranges::all_of(tail, [](char c) { return c == '\0' || c == '\r' || c == '\n' || is_sdp_blank(c); });
    if (!has_nul_) left_ = body.substr(0, nul);
  }
  bool at_end() const { return left_.empty(); }
  /// Somewhere in a line.
  bool has_nul() const { return has_nul_; }
  SdpLine take();

 private:
  /// With its type and value, wherever they stand.
  static SdpLine unusual(SdpLine line);

  std::string_view left_;
  std::size_t offset_ = 0;
  bool lone_cr_, has_nul_ = false;
};

inline SdpLine SdpLines::take() {
  const std::string_view left = left_;
  const std::size_t offset = offset_;
  const std::size_t feed = std::min(left.find('\n'), left.size());
  const std::size_t length = lone_cr_ ? std::min(std::string_view(left.data(), feed).find('\r'), feed)
                             : feed > 0 && left[feed - 1] == '\r' ? feed - 1
                                                                  : feed;
  // CR LF, or the one of them that comes first; nothing at the end of the body.
  const std::size_t next = std::min(length + 1 == feed ? length + 2 : length + 1, left.size());
  const std::string_view whole(left.data(), next), text(left.data(), length);
  std::string_view end = whole;
  end.remove_prefix(length);
  left_.remove_prefix(next);
  offset_ = offset + next;
  if (length < 2 || text[1] != '=' || is_sdp_blank(text[0])) return unusual({0, whole, text, {}, end, offset, false});
  std::string_view value = text;
  value.remove_prefix(2);
  return {text[0], whole, text, value, end, offset, false};
}

inline SdpLine SdpLines::unusual(SdpLine line) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const std::string_view text = line.text;
  std::size_t at = line.offset == 0 && text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const auto skip_blanks = [&] {
    while (at < text.size() && is_sdp_blank(text[at]))
      ++at;
  };
  skip_blanks();
  line.empty = at == text.size();
  if (line.empty) return line;
  const char type = text[at++];
  skip_blanks();
  if (at == text.size() || text[at] != '=') return line;
  line.type = type;
  line.value = text.substr(at + 1);
  return line;
}

/// Off the front of `text`, with the blanks before it.
constexpr std::string_view take_word(std::string_view& text) {
  std::size_t start = 0;
  while (start < text.size() && is_sdp_blank(text[start]))
    ++start;
  std::size_t end = start;
  while (end < text.size() && !is_sdp_blank(text[end]))
    ++end;
  const std::string_view word = text.substr(start, end - start);
  text.remove_prefix(end);
  return word;
}

/// Off the end of `text`, with the blanks behind it.
constexpr std::string_view take_last_word(std::string_view& text) {
  while (!text.empty() && is_sdp_blank(text.back()))
    text.remove_suffix(1);
  std::string_view word = text;
  while (!text.empty() && !is_sdp_blank(text.back()))
    text.remove_suffix(1);
  word.remove_prefix(text.size());
  return word;
}

/// "IN IP4 192.0.2.1" at the end of c=, o= and a=rtcp. Views into the line; empty when they are missing.
struct SdpAddress {
  std::string_view network;          ///< "IN"
  std::string_view family;           ///< "IP4", "IP6"
  std::string_view host;             ///< with /ttl, if there is one
  std::optional<IpAddress> address;  ///< none: a host name, or unparsable
  explicit operator bool() const { return !host.empty(); }
};

/// `text` from the network type on.
SdpAddress parse_sdp_address(std::string_view text);

/// Whether an attribute, "a=" left out, is called `name`: "rtpmap:0 PCMU/8000" is called "rtpmap".
constexpr bool is_attribute(std::string_view value, std::string_view name) {
  return value.starts_with(name) && (value.size() == name.size() || value[name.size()] == ':');
}

/// o=: the last five words, whatever blanks a user name has.
struct SdpOrigin {
  std::string_view username, session_id, version;  ///< the first may be empty: some leave it out
  SdpAddress address;
};
/// None: fewer words than that.
std::optional<SdpOrigin> parse_sdp_origin(std::string_view value);

}  // namespace dw::sip
