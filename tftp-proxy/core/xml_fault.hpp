#pragma once
#include <optional>
#include <string>

#include "sbc/base/bytes.hpp"

namespace dw::provisioning {

/// Why a phone throws an XML file away, in words that a person can act on, and where.
struct XmlFault {
  std::string text;        ///< "line 12, column 31: a bare \"&\"; in XML it is written &amp;"
  std::size_t offset = 0;  ///< octets
};

/// The first thing in a file for which phones refuse the whole of it, though a lenient reader finds its way: a bare
/// "&", an octet that is no UTF-8, a control character, an attribute twice, text behind the root element. Nothing of a
/// file whose declared encoding is not checked (all but UTF-8, ISO-8859-1 and ASCII), and of other faults, which are
/// left to the reader.
std::optional<XmlFault> find_xml_fault(Bytes file);

}  // namespace dw::provisioning
