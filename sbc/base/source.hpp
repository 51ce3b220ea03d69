#pragma once
#include <cstdint>

#include "sbc/base/endpoint.hpp"

namespace dw {

/// Whom limits count by: an IPv4 address, or the /64 of an IPv6 address, which is what one customer gets.
inline IpAddress source_of(const IpAddress& address) {
  return address.is_v6() ? address.network(64) : address;
}

/// Whom a second limit counts by: the /48 of an IPv6 address, of which one customer may have all 65,536 sources. IPv4:
/// the address.
inline IpAddress site_of(const IpAddress& address) {
  return address.is_v6() ? address.network(48) : address;
}

/// What is known of a source, least first. Where something is scarce, a share of it is kept for those who are more than
/// strangers, and where something has to go, it is a stranger's.
enum class Standing : std::uint8_t {
  stranger,    ///< nothing; a UDP source may well be forged
  proven,      ///< it is really there: a TCP handshake, a finished transfer, a right digest
  registered,  ///< it has a registered phone
};

}  // namespace dw
