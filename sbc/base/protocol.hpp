#pragma once
#include <cstdint>
#include <string_view>

namespace dw {

/// What a phone and its central server speak.
enum class Protocol : std::uint8_t { unknown, sccp, sip };
std::string_view to_string(Protocol protocol);  ///< "", "sccp", "sip"

}  // namespace dw
