#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "nat/core/portmap/types.hpp"
#include "sbc/base/byte_writer.hpp"
#include "sbc/base/ip_network.hpp"
#include "sbc/base/result.hpp"

/// The wire format of PCP (RFC 6887), as a client needs it. Both ends use UDP; the server's port is 5351.
namespace dw::nat::portmap::pcp {

inline constexpr std::uint8_t kVersion = 2;
inline constexpr std::uint16_t kServerPort = 5351, kClientPort = 5350;  ///< §19.1: kClientPort is for announcements
inline constexpr std::size_t kMaxOctets = 1100;                         ///< §7
inline constexpr std::size_t kHeaderOctets = 24, kMapOctets = 36, kFilterOctets = 24;

enum class Opcode : std::uint8_t { announce = 0, map = 1, peer = 2 };

/// §7.4.
enum class Code : std::uint8_t {
  success = 0,
  unsupported_version,
  not_authorized,
  malformed_request,
  unsupported_opcode,
  unsupported_option,
  malformed_option,
  network_failure,
  no_resources,
  unsupported_protocol,
  user_exceeded_quota,
  cannot_provide_external,
  address_mismatch,
  excessive_remote_peers,
};
/// A few words for a person; unassigned codes too.
std::string_view to_string(Code code);

using Nonce = std::array<std::uint8_t, 12>;

/// The request to map, renew or (lifetime 0) delete, 60 octets. External port or address zero: the router chooses.
/// ```
///  0 version=2  1 opcode=1  2 reserved(2)  4 lifetime(4)  8 client address(16)
/// 24 nonce(12) 36 protocol 37 reserved(3) 40 internal port(2) 42 external port(2) 44 external address(16)
/// ```
struct MapRequest {
  std::uint32_t lifetime = 0;  ///< seconds
  IpAddress client;            ///< our own address, as we know it
  Nonce nonce{};
  Transport transport = Transport::udp;
  std::uint16_t internal_port = 0, external_port = 0;
  IpAddress external;
};
void write(ByteWriter& out, const MapRequest& request);

/// Options of a MAP request, 24 octets each: first one that removes all filters of the mapping, then one for each
/// network that alone may send to it, from any port (§13.3 and erratum 3891: with prefix length 0, port and address are
/// zero). Without the first, a mapping would keep its old filters and get the new ones too.
/// ```
///  0 option=3 1 reserved 2 length=20(2) 4 reserved 5 prefix length 6 remote port(2) 8 remote address(16)
/// ```
/// The prefix length of an IPv4 network includes the 96 bits before it (::ffff:0:0/96).
inline constexpr std::size_t kMaxFilters = (kMaxOctets - kHeaderOctets - kMapOctets) / kFilterOctets - 1;
void write_filters(ByteWriter& out, std::span<const IpNetwork> peers);

/// The MAP part of a response; an error repeats the request here.
struct MapAnswer {
  Nonce nonce{};
  std::uint8_t protocol = 0;
  std::uint16_t internal_port = 0, external_port = 0;
  IpAddress external;
};

/// ```
///  0 version 1 0x80|opcode 2 reserved 3 result 4 lifetime(4) 8 epoch(4) 12 reserved(12) 24 opcode's part
/// ```
struct Response {
  std::uint8_t version = 0;
  std::uint8_t opcode = 0;
  Code code{};
  std::uint32_t lifetime = 0;  ///< seconds; for an error: how long it will last
  std::uint32_t epoch = 0;     ///< seconds since the server lost its state or started
  std::optional<MapAnswer> map;
};
/// Accepts any version (the header is the same: §9), and parses the opcode's part for version 2 only. Options are
/// ignored.
Result<Response> parse_response(Bytes octets);
std::string to_string(const Response& response);

}  // namespace dw::nat::portmap::pcp
