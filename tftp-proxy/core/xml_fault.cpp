#include "tftp-proxy/core/xml_fault.hpp"

#include <expat.h>
#include <fmt/format.h>

#include <limits>
#include <memory>
#include <string_view>

namespace dw::provisioning {
namespace {

struct Freed {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};

/// Of an octet that can't be where it is; empty when that is not for us to say.
std::string_view words_of(unsigned char octet) {
  if (octet == '&') return "a bare \"&\"; in XML it is written &amp;";
  if (octet >= 0x80)
    return "an octet that is not UTF-8; save the file as UTF-8, or declare its encoding in the first line";
  if (octet < 0x20 && octet != '\t' && octet != '\n' && octet != '\r') return "a control character";
  return {};
}

constexpr std::size_t kMaxEntity = 64;  // octets of a name; no entity that phones know has a longer one

/// The "&" before the octet at which the parser gave up, if that is what it stumbled over.
std::size_t ampersand_before(Bytes file, std::size_t offset) {
  const std::string_view text = as_text(file);
  const std::size_t at = text.find_last_of("&;<>\n", offset);
  return at != text.npos && text[at] == '&' && offset - at <= kMaxEntity ? at : offset;
}

std::string_view words_of(XML_Error error, Bytes file, std::size_t offset) {
  switch (error) {
    case XML_ERROR_INVALID_TOKEN:
    case XML_ERROR_UNDEFINED_ENTITY:
      return offset < file.size() ? words_of(file[offset]) : std::string_view();
    case XML_ERROR_DUPLICATE_ATTRIBUTE:
      return "an attribute that stands twice in one element";
    case XML_ERROR_JUNK_AFTER_DOC_ELEMENT:
      return "text behind the end of the outermost element";
    default:
      return {};
  }
}

}  // namespace

std::optional<XmlFault> find_xml_fault(Bytes file) {
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, Freed> parser(XML_ParserCreate(nullptr));
  if (!parser || file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return std::nullopt;
  const std::string_view text = as_text(file);
  if (XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE) != XML_STATUS_ERROR)
    return std::nullopt;
  const auto index = XML_GetCurrentByteIndex(parser.get());
  const std::size_t end = index < 0 ? 0 : static_cast<std::size_t>(index);
  const std::size_t offset = ampersand_before(file, end);
  const std::string_view words = words_of(XML_GetErrorCode(parser.get()), file, offset);
  if (words.empty()) return std::nullopt;
  const auto column = XML_GetCurrentColumnNumber(parser.get()) + 1 - (end - offset);
  return XmlFault{fmt::format("line {}, column {}: {}", XML_GetCurrentLineNumber(parser.get()), column, words), offset};
}

}  // namespace dw::provisioning
