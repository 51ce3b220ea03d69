#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <pugixml.hpp>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"
#include "tftp-proxy/core/splice.hpp"

namespace dw::provisioning {

/// The text of an element: the one piece of character data in it that is not blank.
struct XmlText {
  std::string value;       ///< blanks off both ends, entities resolved; empty: the element has no text
  std::size_t offset = 0;  ///< of the first octet in the file, as spelt there
  std::size_t length = 0;
};

/// An XML file of which values are to be replaced and elements taken out while every other octet stays.
/// pugixml finds; each place is then checked against the file's octets before it is given out, because its
/// offsets are a debugging aid and not a promise. Character data is not changed in parsing (no entities, no
/// line ends). Works on octets that extend ASCII: UTF-8 with or without a byte order mark, ISO-8859-x,
/// windows-125x.
class XmlFile {
 public:
  /// Borrows the octets. Errors: unsupported (UTF-16 and the like, by its first octets or its declaration),
  /// malformed (not well-formed, with the offset; an octet 0).
  static Result<XmlFile> parse(Bytes octets);

  pugi::xml_node root() const { return document_->document_element(); }
  /// The elements at a path below the root ("devicePool/srstInfo/ipAddr1"), in their order; all of them,
  /// where a name repeats.
  std::vector<pugi::xml_node> at(std::string_view path) const;
  /// Every element of that name, wherever it is.
  std::vector<pugi::xml_node> named(std::string_view name) const;

  /// The element's text. Errc::unsupported when it has elements in it, or more than one piece of text
  /// (a comment in the middle), or is not where it should be: then nobody knows what to replace.
  Result<XmlText> text(pugi::xml_node element) const;
  /// The octets from "<" to the end of its end tag, as an edit that takes them out.
  Result<Edit> removal(pugi::xml_node element) const;

 private:
  XmlFile() : document_(std::make_unique<pugi::xml_document>()) {}
  bool has(std::size_t offset, std::string_view expected) const;
  Result<std::size_t> end_of_leaf(pugi::xml_node node) const;
  Result<std::size_t> end_of_element(pugi::xml_node element) const;
  Result<std::size_t> after_end_tag(std::size_t at, std::string_view name) const;

  Bytes octets_;
  std::unique_ptr<pugi::xml_document> document_;
};

/// "&amp;", "&#46;" and the other four names resolved; what is no entity stays as it is.
std::string resolve_entities(std::string_view text);

}  // namespace dw::provisioning
