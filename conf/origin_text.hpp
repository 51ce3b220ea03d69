#pragma once
#include <string>
#include <string_view>

#include "sbc/base/result.hpp"

namespace dw::conf {

/// Checks one origin as a person writes it (http://host[:port]/[dir/], https://…, tftp://…, file:///dir, with
/// placeholders and patterns: http://host/get?mac={mac}&file={file}#*.cnf.xml) and returns it. The error text does not
/// quote it, as it may contain a password.
Result<std::string> checked_origin(std::string_view text);
/// The same with everything before "@" replaced by "***".
std::string masked_origin(std::string_view text);

}  // namespace dw::conf
