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
/// readers see it so, and no address may pass because we don't. NULs at the end are no part of it.
class SdpLines {
 public:
  explicit SdpLines(std::string_view body) : body_(without_tail(body)) {}
  bool at_end() const { return position_ == body_.size(); }
  SdpLine take();

 private:
  /// Up to the first NUL, when nothing but NULs, blanks and line ends follows.
  static std::string_view without_tail(std::string_view body) {
    const std::size_t nul = std::min(body.find('\0'), body.size());
    const bool is_tail = std::all_of(body.begin() + static_cast<std::ptrdiff_t>(nul), body.end(), [](char c) {
      return c == '\0' || c == '\r' || c == '\n' || is_sdp_blank(c);
    });
    return is_tail ? body.substr(0, nul) : body;
  }

  std::string_view body_;
  std::size_t position_ = 0;
};

inline SdpLine SdpLines::take() {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const std::string_view left = body_.substr(position_);
  SdpLine line;
  line.offset = position_;
  const std::size_t feed = std::min(left.find('\n'), left.size());
  const std::size_t length = std::min(left.substr(0, feed).find('\r'), feed);
  const std::size_t next = left.substr(length).starts_with("\r\n") ? length + 2 : std::min(length + 1, left.size());
  line.whole = left.substr(0, next);
  line.text = left.substr(0, length);
  line.end = left.substr(length, next - length);
  position_ += next;
  std::size_t at = line.offset == 0 && line.text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const auto skip_blanks = [&] {
    while (at < length && is_sdp_blank(left[at]))
      ++at;
  };
  skip_blanks();
  line.empty = at == length;
  if (line.empty) return line;
  const char type = left[at++];
  skip_blanks();
  if (at == length || left[at] != '=') return line;
  line.type = type;
  line.value = line.text.substr(at + 1);
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
