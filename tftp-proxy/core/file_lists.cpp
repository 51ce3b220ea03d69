#include "tftp-proxy/core/file_lists.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/file_name.hpp"

namespace dw::provisioning {
namespace {

constexpr std::size_t kMinRing = 240;
constexpr std::size_t kMaxRing = 16'080;
constexpr std::size_t kRingStep = 240;

void add(std::vector<std::string>& names, std::string_view text) {
  text = trim(text);
  if (starts_with_ignoring_case(text, "TFTP:")) text.remove_prefix(5);
  if (names.size() == kMaxListFiles) return;
  auto name = parse_file_name(text);
  if (name && std::ranges::find(names, *name) == names.end()) names.push_back(std::move(*name));
}

Result<std::vector<std::string>> parse_xml_list(ListKind kind, Bytes octets) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(octets.data(), octets.size(), pugi::parse_default, pugi::encoding_auto);
  if (!parsed)
    return fail(Errc::malformed, parsed.description(),
                static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, parsed.offset)));
  std::vector<std::string> names;
  for (const pugi::xml_node entry : document.document_element()) {
    if (kind == ListKind::ring_xml) {
      add(names, entry.child_value("FileName"));
    } else {
      add(names, entry.attribute("Image").value());
      add(names, entry.attribute("URL").value());
    }
    if (names.size() == kMaxListFiles) break;
  }
  return names;
}

/// "display name<TAB>file" a line.
std::vector<std::string> parse_dat_list(std::string_view text) {
  std::vector<std::string> names;
  TextCursor cursor(text);
  while (!cursor.at_end() && names.size() < kMaxListFiles) {
    TextCursor line(cursor.take_line());
    (void)line.take_until("\t");
    if (!line.skip_char('\t')) continue;
    line.skip_blanks();
    add(names, line.take_until("\t"));
  }
  return names;
}

}  // namespace

ListKind list_kind(std::string_view file_name) {
  const std::string_view base = base_name(file_name);
  if (equal_ignoring_case(base, "Ringlist.xml") || equal_ignoring_case(base, "DistinctiveRingList.xml"))
    return ListKind::ring_xml;
  if (equal_ignoring_case(base, "RINGLIST.DAT")) return ListKind::ring_dat;
  if (equal_ignoring_case(base, "List.xml") && starts_with_ignoring_case(file_name, "Desktops/"))
    return ListKind::image_xml;
  return ListKind::none;
}

Result<std::vector<std::string>> parse_file_list(ListKind kind, Bytes octets) {
  if (octets.size() > kMaxListOctets)
    return fail(Errc::too_long, fmt::format("a list of {} octets, at most {} are read", octets.size(), kMaxListOctets));
  switch (kind) {
    case ListKind::none:
      return std::vector<std::string>();
    case ListKind::ring_dat:
      return parse_dat_list(as_text(octets));
    case ListKind::ring_xml:
    case ListKind::image_xml:
      return parse_xml_list(kind, octets);
  }
  return fail(Errc::unsupported, "an unknown kind of list");
}

bool is_ring_tone(Bytes octets) {
  return octets.size() >= kMinRing && octets.size() <= kMaxRing && octets.size() % kRingStep == 0;
}

}  // namespace dw::provisioning
