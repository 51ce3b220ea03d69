#include "tftp-proxy/core/line_password.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/xml_splice.hpp"

namespace dw::provisioning {
namespace {

constexpr std::array<std::string_view, 5> kEntities = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};

bool has_entity(std::string_view text) {
  return std::ranges::any_of(kEntities, [&](std::string_view entity) { return text.contains(entity); });
}

/// An & that begins no entity.
bool has_bare_ampersand(std::string_view spelt) {
  for (auto at = spelt.find('&'); at != spelt.npos; at = spelt.find('&', at + 1)) {
    const std::string_view from_here = spelt.substr(at);
    const auto end = from_here.find_first_of(";&", 1);
    const bool closed = end != from_here.npos && from_here[end] == ';';
    const std::string_view entity = from_here.substr(0, closed ? end + 1 : 1);
    if (resolve_entities(entity) == entity) return true;
  }
  return false;
}

/// Of UTF-8, and of octets in any other encoding nearly so.
std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

std::optional<PasswordDoubt> doubt_of(std::uint32_t line, std::string_view spelt, Spelling spelling) {
  using enum PasswordDoubt::Why;
  const std::string value = spelling == Spelling::xml ? resolve_entities(spelt) : std::string(spelt);
  const std::size_t characters = characters_in(value);
  if (spelling == Spelling::xml && has_bare_ampersand(spelt)) return PasswordDoubt{line, bare_markup, characters};
  if (has_entity(value))
    return PasswordDoubt{line, spelling == Spelling::text ? escaped_text : escaped_twice, characters};
  if (characters > PasswordDoubt::kMaxTaken) return PasswordDoubt{line, too_long, characters};
  return std::nullopt;
}

std::optional<PasswordDoubt> broken_password(std::string_view xml, std::size_t offset) {
  constexpr std::string_view kBegin = "<authPassword>", kEnd = "</authPassword>";
  const auto begin = xml.rfind(kBegin, offset);
  if (begin == xml.npos) return std::nullopt;
  const auto end = xml.find(kEnd, begin);
  // The parser may notice it no sooner than at the end tag, which then does not fit.
  if (end == xml.npos || offset > end + kEnd.size()) return std::nullopt;
  const std::string_view spelt = xml.substr(begin + kBegin.size(), end - begin - kBegin.size());
  if (!spelt.contains('<') || spelt.starts_with("<![CDATA[")) return std::nullopt;
  return PasswordDoubt{0, PasswordDoubt::Why::bare_markup, characters_in(spelt)};
}

std::string to_string(const PasswordDoubt& doubt) {
  const std::string line = doubt.line == 0 ? "a line" : fmt::format("line {}", doubt.line);
  switch (doubt.why) {
    case PasswordDoubt::Why::too_long:
      return fmt::format("that of {} has {} characters, and a phone takes {}", line, doubt.characters,
                         PasswordDoubt::kMaxTaken);
    case PasswordDoubt::Why::bare_markup:
      return fmt::format("that of {} has & or < as it is, which XML writes &amp; and &lt;", line);
    case PasswordDoubt::Why::escaped_twice:
      return fmt::format("that of {} is escaped twice: the phone takes an &amp; or its like as it stands", line);
    case PasswordDoubt::Why::escaped_text:
      return fmt::format("that of {} has an &amp; or its like, which a text file has no use for", line);
  }
  return line;
}

}  // namespace dw::provisioning
