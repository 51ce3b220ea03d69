#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/endpoint.hpp"
#include "sbc/sip/sdp_line.hpp"

namespace dw::sip {

// Pieces of an SDP, appended to what is written. What says the same already keeps its octets.

void append_sdp_number(std::string& out, std::uint64_t number);
/// "IN IP4 192.0.2.1".
void append_sdp_address(std::string& out, const IpAddress& address);
/// `is` if it has this value, else the number.
void put_sdp_number(std::string& out, std::string_view is, std::uint64_t wanted);
/// `text` with its part `at` replaced by this address; 0.0.0.0 and :: mean hold, and become the unspecified address of
/// its family.
void put_sdp_address(std::string& out, std::string_view text, const SdpAddress& at, const IpAddress& address);

bool is_hold(const std::optional<IpAddress>& address);
IpAddress unspecified_like(const IpAddress& address);

}  // namespace dw::sip
