#include "sbc/admin/page.hpp"

#include <fmt/format.h>

#include "sbc/net/digest.hpp"

namespace dw::admin {
namespace {

std::string base64(Bytes octets) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    const Bytes group = octets.subspan(i, std::min<std::size_t>(3, octets.size() - i));
    std::uint32_t bits = 0;
    for (std::size_t n = 0; n < 3; ++n)
      bits = bits << 8 | (n < group.size() ? group[n] : 0U);
    for (std::size_t n = 0; n < 4; ++n)
      out += n > group.size() ? '=' : kDigits[bits >> (18 - 6 * n) & 63U];
  }
  return out;
}

/// The CSP source "'sha256-…'" of the text between the first `<name>` and `</name>`; 'none' if there is no such
/// element.
std::string source_of(std::string_view html, std::string_view name) {
  const std::string open = fmt::format("<{}>", name);
  const std::size_t first = html.find(open);
  if (first == std::string_view::npos) return "'none'";
  const std::string_view rest = html.substr(first + open.size());
  const std::string_view inside = rest.substr(0, rest.find(fmt::format("</{}>", name)));
  return fmt::format("'sha256-{}'", base64(net::sha256(as_bytes(inside))));
}

}  // namespace

std::string page_policy(std::string_view html) {
  return fmt::format(
      "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; base-uri 'none'; "
      "form-action 'none'; frame-ancestors 'none'",
      source_of(html, "script"), source_of(html, "style"));
}

}  // namespace dw::admin
