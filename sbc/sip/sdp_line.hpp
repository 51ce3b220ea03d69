#pragma once
#include <algorithm>
#include <optional>
#include <string_view>

#include "sbc/base/endpoint.hpp"

namespace dw::sip {

/// One line of an SDP: "x=value", and how it ends. Views are into the body.
struct SdpLine {
  char type = 0;  ///< 0: an empty line
  std::string_view whole;
  std::string_view text;   ///< all but its end
  std::string_view value;  ///< after "x="
  std::string_view end;    ///< "\r\n", "\n", or what there is of it at the end of the body
  std::size_t offset = 0;  ///< of the line
};

/// Walks the lines of an SDP. Each step eats at least one octet.
class SdpLines {
 public:
  explicit SdpLines(std::string_view body) : body_(body) {}
  bool at_end() const { return position_ == body_.size(); }
  SdpLine take();

 private:
  std::string_view body_;
  std::size_t position_ = 0;
};

inline SdpLine SdpLines::take() {
  const std::string_view left = body_.substr(position_);
  SdpLine line;
  line.offset = position_;
  const std::size_t feed = left.find('\n');
  std::size_t length = std::min(feed, left.size());
  const std::size_t next = feed == left.npos ? left.size() : feed + 1;
  if (length > 0 && left[length - 1] == '\r') --length;
  line.whole = left.substr(0, next);
  line.text = left.substr(0, length);
  line.end = left.substr(length, next - length);
  if (length >= 2) {
    line.type = line.text[0];
    line.value = line.text.substr(2);
  }
  position_ += next;
  return line;
}

constexpr bool is_sdp_blank(char c) {
  return c == ' ' || c == '\t';
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
  std::string_view username, session_id, version;
  SdpAddress address;
};
/// None: fewer words than that.
std::optional<SdpOrigin> parse_sdp_origin(std::string_view value);

}  // namespace dw::sip
