#pragma once
#include <cstdint>

#include "sbc/base/endpoint.hpp"

namespace dw {

/// The unit that limits count: an IPv4 address, or the /64 of an IPv6 address, which is what one customer gets.
inline IpAddress source_of(const IpAddress& address) {
  return address.is_v6() ? address.network(64) : address;
}

/// The unit of a second limit: the /48 of an IPv6 address, as one customer may have all its 65,536 sources. IPv4: the
/// address.
inline IpAddress site_of(const IpAddress& address) {
  return address.is_v6() ? address.network(48) : address;
}

/// What is known of a source, least first. Part of a scarce resource is kept for sources above stranger, and strangers'
/// entries are evicted first.
enum class Standing : std::uint8_t {
  stranger,    ///< nothing; a UDP source may be forged
  proven,      ///< it really is there: a TCP handshake, a finished transfer, a correct digest
  registered,  ///< it has a registered phone
};

}  // namespace dw
