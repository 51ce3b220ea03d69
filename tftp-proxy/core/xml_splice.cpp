#include "tftp-proxy/core/xml_splice.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"

namespace dw::provisioning {
namespace {

constexpr std::string_view kCdataStart = "<![CDATA[";
// Everything becomes a node and nothing in it is changed: so the nodes cover the file without a gap.
constexpr unsigned kAsSpelt = pugi::parse_minimal | pugi::parse_pi | pugi::parse_comments | pugi::parse_cdata |
                              pugi::parse_ws_pcdata | pugi::parse_declaration | pugi::parse_doctype;

std::unexpected<Error> misplaced(std::size_t offset) {
  return fail(Errc::unsupported, "a node is not where the parser says", offset);
}

/// True when an octet below 0x80 always stands for itself.
bool extends_ascii(std::string_view encoding) {
  constexpr std::array<std::string_view, 5> kNames = {"utf-8", "utf8", "us-ascii", "ascii", "latin1"};
  return starts_with_ignoring_case(encoding, "iso-8859-") || starts_with_ignoring_case(encoding, "windows-125") ||
         std::ranges::any_of(kNames, [&](auto name) { return equal_ignoring_case(name, encoding); });
}

/// What the XML declaration says; empty when there is none or it says nothing.
std::string_view declared_encoding(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (!text.starts_with("<?xml")) return {};
  const auto end = text.find("?>");
  if (end == text.npos) return {};
  text = text.substr(0, end);
  const auto at = text.find("encoding");
  if (at == text.npos) return {};
  TextCursor cursor(text.substr(at + std::string_view("encoding").size()));
  (void)cursor.take_until("\"'");
  const char quote = cursor.peek();
  cursor.skip_char(quote);
  return cursor.take_until(std::string_view(&quote, 1));
}

void append_utf8(std::string& out, std::uint64_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

/// What "amp" or "#46" or "#x2e" stands for; empty when it is no entity.
std::string entity(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kNamed = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  for (const auto& [known, c] : kNamed) {
    if (name == known) return {c};
  }
  std::string out;
  if (name.starts_with("#x") && name.size() <= 6 && name.size() > 2) {
    std::uint64_t code = 0;
    for (const char c : name.substr(2)) {
      const auto digit = std::string_view("0123456789abcdef").find(lower(c));
      if (digit == std::string_view::npos) return {};
      code = code * 16 + digit;
    }
    append_utf8(out, code);
  } else if (name.starts_with('#')) {
    if (const auto code = parse_number(name.substr(1), 0xffff)) append_utf8(out, *code);
  }
  return out;
}

bool is_blank(std::string_view text) {
  return trim(text).empty();
}

}  // namespace

std::string resolve_entities(std::string_view text) {
  constexpr std::size_t kLongest = 8;
  std::string out;
  while (!text.empty()) {
    const auto amp = text.find('&');
    out += text.substr(0, amp);
    if (amp == text.npos) break;
    text.remove_prefix(amp);
    const auto semicolon = text.substr(0, kLongest).find(';');
    const std::string resolved = semicolon == text.npos ? "" : entity(text.substr(1, semicolon - 1));
    out += resolved.empty() ? "&" : resolved;
    text.remove_prefix(resolved.empty() ? 1 : semicolon + 1);
  }
  return out;
}

Result<XmlFile> XmlFile::parse(Bytes octets) {
  const std::string_view text = as_text(octets);
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff") || text.substr(0, 4).contains('\0'))
    return fail(Errc::unsupported, "the file is in UTF-16 or UTF-32");
  if (const auto nul = text.find('\0'); nul != text.npos) return fail(Errc::malformed, "an octet 0 in the XML", nul);
  const std::string_view encoding = declared_encoding(text);
  if (!encoding.empty() && !extends_ascii(encoding))
    return fail(Errc::unsupported, "the XML declares an encoding that does not extend ASCII");
  XmlFile file;
  file.octets_ = octets;
  const auto parsed = file.document_->load_buffer(octets.data(), octets.size(), kAsSpelt, pugi::encoding_utf8);
  if (!parsed) {
    const auto offset = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, parsed.offset));
    return fail(Errc::malformed, parsed.description(), offset);
  }
  const auto elements = std::ranges::count_if(
      file.document_->children(), [](const pugi::xml_node& node) { return node.type() == pugi::node_element; });
  if (elements != 1) return fail(Errc::malformed, "the XML has more than one root element");
  return file;
}

std::vector<pugi::xml_node> XmlFile::at(std::string_view path) const {
  std::vector<pugi::xml_node> nodes = {root()};
  TextCursor cursor(path);
  while (!cursor.at_end() && !nodes.empty()) {
    const std::string name(cursor.take_until("/"));
    cursor.skip_char('/');
    std::vector<pugi::xml_node> next;
    for (const pugi::xml_node node : nodes) {
      for (const pugi::xml_node child : node.children(name.c_str()))
        next.push_back(child);
    }
    nodes = std::move(next);
  }
  return nodes;
}

std::vector<pugi::xml_node> XmlFile::named(std::string_view name) const {
  std::vector<pugi::xml_node> nodes;
  const pugi::xml_node top = root();
  pugi::xml_node node = top;
  while (node) {
    if (name == node.name()) nodes.push_back(node);
    if (node.first_child()) {
      node = node.first_child();
      continue;
    }
    while (node && node != top && !node.next_sibling())
      node = node.parent();
    node = node == top ? pugi::xml_node() : node.next_sibling();
  }
  return nodes;
}

bool XmlFile::has(std::size_t offset, std::string_view expected) const {
  return offset <= octets_.size() && as_text(octets_.subspan(offset)).starts_with(expected);
}

Result<XmlText> XmlFile::text(pugi::xml_node element) const {
  XmlText out;
  for (const pugi::xml_node child : element.children()) {
    const bool cdata = child.type() == pugi::node_cdata;
    if (child.type() == pugi::node_comment || child.type() == pugi::node_pi) continue;
    const std::string_view value = child.value();
    const auto offset = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, child.offset_debug()));
    if (child.type() == pugi::node_pcdata && is_blank(value)) continue;
    if (child.type() == pugi::node_element)
      return fail(Errc::unsupported, "an element where text was expected", offset);
    if (!out.value.empty()) return fail(Errc::unsupported, "text in more than one piece", offset);
    const bool opened = cdata ? offset >= kCdataStart.size() && has(offset - kCdataStart.size(), kCdataStart)
                              : offset > 0 && has(offset - 1, ">");
    if (!opened || !has(offset, value) || !has(offset + value.size(), cdata ? "]]>" : "<")) return misplaced(offset);
    const std::string_view trimmed = trim(value);
    if (trimmed.empty()) continue;
    out.offset = offset + static_cast<std::size_t>(trimmed.data() - value.data());
    out.length = trimmed.size();
    out.value = cdata ? std::string(trimmed) : resolve_entities(trimmed);
  }
  return out;
}

Result<std::size_t> XmlFile::after_end_tag(std::size_t at, std::string_view name) const {
  if (!has(at, "</") || !has(at + 2, name)) return misplaced(at);
  std::size_t end = at + 2 + name.size();
  while (end < octets_.size() && is_blank(as_text(octets_.subspan(end, 1))))
    ++end;
  if (!has(end, ">")) return misplaced(end);
  return end + 1;
}

Result<std::size_t> XmlFile::end_of_leaf(pugi::xml_node node) const {
  if (node.offset_debug() < 0) return misplaced(0);
  const auto offset = static_cast<std::size_t>(node.offset_debug());
  const std::string_view value = node.value();
  const auto ends_with = [&](std::string_view closing) -> Result<std::size_t> {
    if (!has(offset, value) || !has(offset + value.size(), closing)) return misplaced(offset);
    return offset + value.size() + closing.size();
  };
  switch (node.type()) {
    case pugi::node_pcdata:
      return ends_with("");
    case pugi::node_cdata:
      return ends_with("]]>");
    case pugi::node_comment:
      return ends_with("-->");
    case pugi::node_pi: {
      const auto end = as_text(octets_).find("?>", offset);
      if (end == std::string_view::npos) return misplaced(offset);
      return end + 2;
    }
    case pugi::node_element:
      break;
    default:
      return misplaced(offset);
  }
  if (!has(offset, node.name())) return misplaced(offset);
  TextCursor cursor(as_text(octets_.subspan(offset)));
  char quote = '\0';
  while (!cursor.at_end()) {
    (void)cursor.take_until(quote == '\0' ? std::string_view("\"'/>") : std::string_view(&quote, 1));
    const char stop = cursor.peek();
    if (stop == '>') break;
    cursor.skip_char(stop);
    if (stop == '/' && cursor.peek() == '>') return offset + cursor.offset() + 1;
    if (stop == '"' || stop == '\'') quote = quote == '\0' ? stop : '\0';
  }
  if (!cursor.skip_char('>')) return misplaced(offset);
  return after_end_tag(offset + cursor.offset(), node.name());
}

Result<std::size_t> XmlFile::end_of_element(pugi::xml_node element) const {
  pugi::xml_node node = element;
  while (node.last_child())
    node = node.last_child();
  auto end = end_of_leaf(node);
  while (end && node != element) {
    node = node.parent();
    end = after_end_tag(*end, node.name());
  }
  return end;
}

Result<Edit> XmlFile::removal(pugi::xml_node element) const {
  const std::ptrdiff_t name_at = element.offset_debug();
  if (name_at < 1) return misplaced(0);
  const auto start = static_cast<std::size_t>(name_at) - 1;
  if (!has(start, "<") || !has(start + 1, element.name())) return misplaced(start);
  const auto end = end_of_element(element);
  if (!end) return std::unexpected(end.error());
  return Edit{start, *end - start, ""};
}

}  // namespace dw::provisioning
