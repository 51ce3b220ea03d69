#include "sbc/sip/sdp_writer.hpp"

#include <array>
#include <charconv>

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

void append_address(std::string& out, const IpAddress& address) {
  if (address.is_v6()) {  // without a scope, which means nothing to anybody else
    out += IpAddress::v6(address.octets().first<16>()).to_string();
    return;
  }
  std::array<char, 16> text{};  // "255.255.255.255."
  std::size_t length = 0;
  for (const unsigned octet : address.octets()) {
    if (octet >= 100) text[length++] = static_cast<char>('0' + octet / 100);
    if (octet >= 10) text[length++] = static_cast<char>('0' + octet / 10 % 10);
    text[length++] = static_cast<char>('0' + octet % 10);
    text[length++] = '.';
  }
  if (length > 0) out.append(text.data(), length - 1);
}

std::string_view family_word(const IpAddress& address) {
  return address.is_v6() ? "IP6" : "IP4";
}

}  // namespace

IpAddress unspecified_like(const IpAddress& address) {
  constexpr std::array<std::uint8_t, 16> kZeros{};
  return address.is_v6() ? IpAddress::v6(kZeros) : IpAddress::v4(0);
}

bool is_hold(const std::optional<IpAddress>& address) {
  return address && address->is_unspecified();
}

void append_sdp_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  out.append(digits.begin(), end);
}

void append_sdp_address(std::string& out, const IpAddress& address) {
  out += "IN ";
  out += family_word(address);
  out += ' ';
  append_address(out, address);
}

void put_sdp_number(std::string& out, std::string_view is, std::uint64_t wanted) {
  if (parse_number(is, ~std::uint64_t{0}) == wanted) {
    out += is;
  } else {
    append_sdp_number(out, wanted);
  }
}

void put_sdp_address(std::string& out, std::string_view text, const SdpAddress& at, const IpAddress& address) {
  const IpAddress wanted = is_hold(at.address) ? unspecified_like(address) : address;
  if (at.address == wanted) {
    out += text;
    return;
  }
  const std::size_t family = offset_in(text, at.family);
  const std::size_t host = offset_in(text, at.host);
  out += text.substr(0, family);
  out += family_word(wanted);
  out += text.substr(family + at.family.size(), host - family - at.family.size());
  append_address(out, wanted);
  out += text.substr(host + at.host.size());
}

}  // namespace dw::sip
