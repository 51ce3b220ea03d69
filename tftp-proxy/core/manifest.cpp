#include "tftp-proxy/core/manifest.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/file_name.hpp"
#include "tftp-proxy/core/trust_list.hpp"

namespace dw::provisioning {
namespace {

constexpr std::uint64_t kMaxPartSize = 1ULL << 32;

bool is_part_name(std::string_view word) {
  constexpr std::array<std::string_view, 4> kEndings = {".sbn", ".sb2", ".bin", ".sbin"};
  return std::ranges::any_of(
      kEndings, [&](auto ending) { return word.size() > ending.size() && ends_with_ignoring_case(word, ending); });
}

/// "name [size [hex]] [#comment]", "#+name …" or "name … #+"; nothing for every other line.
std::optional<ManifestPart> parse_line(std::string_view line) {
  ManifestPart part;
  TextCursor cursor(line);
  cursor.skip_blanks();
  if (cursor.skip_text("#+")) {
    part.optional = true;
    cursor.skip_blanks();
  } else if (cursor.peek() == '#') {
    return std::nullopt;
  }
  const std::string_view word = cursor.take_token();
  if (!is_part_name(word)) return std::nullopt;
  auto name = parse_file_name(word);
  if (!name) return std::nullopt;
  part.name = std::move(*name);
  cursor.skip_blanks();
  if (const auto size = cursor.take_number(kMaxPartSize)) {
    const char next = cursor.peek();
    if (next == '\0' || next == ' ' || next == '\t') part.size = size;
  }
  if (cursor.rest().contains("#+")) part.optional = true;
  return part;
}

}  // namespace

bool is_manifest_name(std::string_view file_name) {
  return ends_with_ignoring_case(base_name(file_name), ".loads");
}

Result<Manifest> parse_manifest(Bytes octets) {
  if (octets.size() > kMaxManifestOctets)
    return fail(Errc::too_long,
                fmt::format("a manifest of {} octets, at most {} are read", octets.size(), kMaxManifestOctets));
  Bytes body = octets;
  if (is_signed(octets)) {
    const auto offset = signed_body_offset(octets);
    if (!offset) return std::unexpected(offset.error());
    body = octets.subspan(*offset);
  }
  Manifest manifest;
  TextCursor cursor(as_text(body));
  while (!cursor.at_end()) {
    auto part = parse_line(cursor.take_line());
    if (!part || std::ranges::find(manifest.parts, part->name, &ManifestPart::name) != manifest.parts.end()) continue;
    if (manifest.parts.size() == kMaxManifestParts)
      return fail(Errc::exhausted, fmt::format("the manifest names more than {} parts", kMaxManifestParts));
    manifest.parts.push_back(std::move(*part));
  }
  return manifest;
}

Buffer write_manifest(const Manifest& manifest) {
  std::string text;
  for (const ManifestPart& part : manifest.parts) {
    text += part.optional ? "#+" : "";
    text += part.name;
    if (part.size) text += fmt::format(" {}", *part.size);
    text += '\n';
  }
  return to_buffer(text);
}

std::string to_string(const Manifest& manifest) {
  std::string out = fmt::format("manifest of {}:", manifest.parts.size());
  for (const ManifestPart& part : manifest.parts) {
    out += fmt::format(" {}{}", part.name, part.optional ? "?" : "");
    if (part.size) out += fmt::format("({})", *part.size);
  }
  return out;
}

}  // namespace dw::provisioning
