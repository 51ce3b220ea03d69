#include "sbc/sip/sdp_line.hpp"

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

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

/// None: a host name, or unparsable. A TTL after it says nothing here.
std::optional<IpAddress> parse_host(std::string_view host) {
  const std::string_view literal = host.substr(0, host.find('/'));
  if (!literal.contains(':')) return parse_dotted(literal);
  const auto address = IpAddress::parse(literal);
  return address ? std::optional(*address) : std::nullopt;
}

}  // namespace

SdpAddress parse_sdp_address(std::string_view text) {
  std::string_view left = text;
  SdpAddress out;
  out.network = take_word(left);
  out.family = take_word(left);
  out.host = take_word(left);
  out.address = parse_host(out.host);
  return out;
}

std::optional<SdpOrigin> parse_sdp_origin(std::string_view value) {
  std::string_view left = value;
  SdpOrigin out;
  out.address.host = take_last_word(left);
  out.address.family = take_last_word(left);
  out.address.network = take_last_word(left);
  out.version = take_last_word(left);
  out.session_id = take_last_word(left);
  if (out.session_id.empty()) return std::nullopt;  // too few
  out.username = trim(left);
  out.address.address = parse_host(out.address.host);
  return out;
}

}  // namespace dw::sip
