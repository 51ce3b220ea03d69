#pragma once
#include <string>
#include <string_view>

#include "sbc/phones/phone.hpp"

namespace dw::phones {

/// At most `max` octets of valid UTF-8 without control characters; whatever else was there becomes '?'.
std::string printable(std::string_view text, std::size_t max);

/// "SEP001122334455.cnf.xml (5,321 octets by HTTP)": what was asked, and what came of it, as a sentence.
std::string sentence_of(const Step& step);
std::string sentence_of(Note note);

/// The one finding that is about no single phone.
Finding finding_of_many(std::size_t phones);

/// Makes a finding of the table's words: `means` from there, `remedy` for this family of phones.
Finding make_finding(std::string_view code, Severity severity, std::string seen, const Phone& phone);

}  // namespace dw::phones
