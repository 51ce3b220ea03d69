#include "sbc/sip/sdp_line.hpp"

#include <algorithm>

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

constexpr std::string_view kBlanks = " \t";

/// Off the end of `text`, with the blanks around it.
std::string_view take_last_word(std::string_view& text) {
  text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
  const std::size_t blank = text.find_last_of(kBlanks);
  const std::size_t start = blank == text.npos ? 0 : blank + 1;
  const std::string_view word = text.substr(start);
  text = text.substr(0, start);
  return word;
}

/// Four decimal octets, as nearly every address here is; nothing of another form.
std::optional<IpAddress> parse_dotted(std::string_view text) {
  constexpr std::size_t kLongest = 15;
  if (text.size() > kLongest) return std::nullopt;
  std::uint32_t address = 0, octet = 0;
  unsigned dots = 0, digits = 0;
  for (const char c : text) {
    if (c == '.') {
      if (digits == 0 || ++dots > 3) return std::nullopt;
      address = address << 8 | octet;
      octet = digits = 0;
    } else {
      if (c < '0' || c > '9' || ++digits > 3 || (digits > 1 && octet == 0)) return std::nullopt;
      octet = octet * 10 + static_cast<std::uint32_t>(c - '0');
      if (octet > 255) return std::nullopt;
    }
  }
  if (dots != 3 || digits == 0) return std::nullopt;
  return IpAddress::v4(address << 8 | octet);
}

}  // namespace

SdpLine SdpLines::take() {
  const std::string_view left = body_.substr(position_);
  SdpLine line;
  line.offset = position_;
  const std::size_t feed = left.find('\n');
  std::size_t length = std::min(feed, left.size());
  const std::size_t next = feed == left.npos ? left.size() : feed + 1;
  if (length > 0 && left[length - 1] == '\r') --length;
  line.text = left.substr(0, length);
  line.end = left.substr(length, next - length);
  if (length >= 2) {
    line.type = line.text[0];
    line.value = line.text.substr(2);
  }
  position_ += next;
  return line;
}

SdpAddress parse_sdp_address(std::string_view text) {
  TextCursor cursor(text);
  cursor.skip_blanks();
  (void)cursor.take_until(kBlanks);
  cursor.skip_blanks();
  SdpAddress out;
  out.family = cursor.take_until(kBlanks);
  cursor.skip_blanks();
  out.host = cursor.take_until(kBlanks);
  const std::string_view literal = out.host.substr(0, out.host.find('/'));
  if (literal.contains(':')) {
    if (const auto address = IpAddress::parse(literal)) out.address = *address;
  } else {
    out.address = parse_dotted(literal);
  }
  return out;
}

std::string_view attribute_name(std::string_view value) {
  return value.substr(0, value.find(':'));
}

std::string_view attribute_value(std::string_view value) {
  const std::size_t colon = value.find(':');
  return colon == value.npos ? std::string_view{} : value.substr(colon + 1);
}

std::optional<SdpOrigin> parse_sdp_origin(std::string_view value) {
  std::string_view left = value;
  (void)take_last_word(left);  // the address
  (void)take_last_word(left);  // its family
  const std::string_view network = take_last_word(left);
  if (network.empty()) return std::nullopt;
  SdpOrigin out;
  out.address = parse_sdp_address(value.substr(left.size()));
  out.version = take_last_word(left);
  out.session_id = take_last_word(left);
  out.username = trim(left);
  if (out.username.empty() || !out.address) return std::nullopt;
  return out;
}

}  // namespace dw::sip
