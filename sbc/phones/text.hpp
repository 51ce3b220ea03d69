#pragma once
#include <string>
#include <string_view>

#include "sbc/phones/phone.hpp"

namespace dw::phones {

/// At most `max` octets of valid UTF-8 without control characters; whatever else was there becomes '?'.
std::string printable(std::string_view text, std::size_t max);

/// "fetched SEP001122334455.cnf.xml (5,321 octets by HTTP in 0.1 s)": what was asked, and what came of it. Of
/// files and notes; sentence_of_live has the others.
std::string sentence_of(const Step& step);
std::string sentence_of(Note note);

/// "words: what came with the step", where anything did.
std::string with_detail(std::string words, const Step& step);
/// The file went out whole, as far as can be known.
bool arrived(const Step& step);

}  // namespace dw::phones
