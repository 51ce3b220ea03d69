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

/// PCP on the wire (RFC 6887): what a client sends, and what it reads. Both ends on UDP, the server's port is 5351.
namespace dw::nat::portmap::pcp {

inline constexpr std::uint8_t kVersion = 2;
inline constexpr std::uint16_t kServerPort = 5351, kClientPort = 5350;  ///< §19.1: the latter for announcements
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
/// A few words for a person; numbers that nobody assigned too.
std::string_view to_string(Code code);

using Nonce = std::array<std::uint8_t, 12>;

/// The request to map, renew or (lifetime 0) delete, 60 octets. An external port or address of zero leaves it to the
/// router.
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

/// Options of a MAP request, 24 octets each: of the mapping's filters none is left, then these networks alone may send
/// to it, from any port (§13.3, and its erratum 3891: prefix length 0 has port and address zero). A mapping keeps
/// filters that a request does not name, and adds those that it does name.
/// ```
///  0 option=3 1 reserved 2 length=20(2) 4 reserved 5 prefix length 6 remote port(2) 8 remote address(16)
/// ```
/// An IPv4 network's length counts the 96 bits before it (::ffff:0:0/96).
inline constexpr std::size_t kMaxFilters = (kMaxOctets - kHeaderOctets - kMapOctets) / kFilterOctets - 1;
void write_filters(ByteWriter& out, std::span<const IpNetwork> peers);

/// MAP's part of a response; of an error it repeats what was asked.
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
  std::uint32_t lifetime = 0;  ///< seconds; of an error: how long it will last
  std::uint32_t epoch = 0;     ///< seconds since the server lost its state, or began
  std::optional<MapAnswer> map;
};
/// Takes any version (its header stays as it is: §9), and reads the opcode's part of version 2 alone. Options are not
/// looked at.
Result<Response> parse_response(Bytes octets);
std::string to_string(const Response& response);

}  // namespace dw::nat::portmap::pcp
