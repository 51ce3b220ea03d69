#pragma once
#include <string>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"

namespace dw {

/// RFC 4648 §4, with padding.
std::string to_base64(Bytes octets);
/// Errc::malformed: other characters, or a length that is no multiple of four.
Result<Buffer> from_base64(std::string_view text);

}  // namespace dw
