#pragma once
#include <string>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"

namespace dw::sccp {

/// Octets of the field that a phone names itself in: at most 15 characters and at least one NUL.
inline constexpr std::size_t kNameOctets = 16;

/// The device name of a RegisterReq or RegisterTokenReq, if it has a form that call servers can be trusted with (sccp
/// §6.1, 6.2): SEP, ATA or SPA and 12 hex digits; VGC and 10 hex digits and 2 digits; AN and 13 hex digits.
/// With `any`, up to 15 of A-Z a-z 0-9 . _ - instead. Case stays as it came. Errc::truncated, malformed,
/// forbidden.
Result<std::string> station_name(Bytes payload, bool any);

}  // namespace dw::sccp
