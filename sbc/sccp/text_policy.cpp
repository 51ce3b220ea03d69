#include "sbc/sccp/text_policy.hpp"

#include <algorithm>

#include "sbc/base/endpoint.hpp"

namespace dw::sccp {
namespace {

constexpr std::size_t kLongestLiteral = 45;  // IPv6 with an embedded IPv4

bool is_hex_octet(std::uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool may_be_literal(std::uint8_t c) {
  return is_hex_octet(c) || c == '.' || c == ':';
}

bool is_address(Bytes run) {
  if (run.size() > kLongestLiteral) return false;
  if (std::ranges::count(run, '.') != 3 && std::ranges::count(run, ':') < 2) return false;
  return IpAddress::parse(as_text(run)).has_value();
}

}  // namespace

bool blank_addresses(MutableBytes text) {
  bool found = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = text.subspan(at);
    const auto length = static_cast<std::size_t>(std::ranges::find_if_not(rest, may_be_literal) - rest.begin());
    MutableBytes run = rest.first(length);
    at += std::max<std::size_t>(length, 1);
    // A sentence's own full stop or colon may stand behind the literal.
    while (!run.empty() && !is_address(run) && !is_hex_octet(run.back()))
      run = run.first(run.size() - 1);
    if (run.empty() || !is_address(run)) continue;
    std::ranges::replace_if(run, is_hex_octet, std::uint8_t{'0'});
    found = true;
  }
  return found;
}

bool starts_media_by_uri(Bytes text) {
  constexpr std::string_view kSchemes[] = {"rtprx:", "rtptx:", "rtpmrx:", "rtpmtx:"};
  const auto same = [](std::uint8_t a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  return std::ranges::any_of(kSchemes,
                             [&](std::string_view scheme) { return !std::ranges::search(text, scheme, same).empty(); });
}

}  // namespace dw::sccp
