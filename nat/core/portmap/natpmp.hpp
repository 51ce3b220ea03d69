#pragma once
#include <cstdint>
#include <string_view>
#include <variant>

#include "nat/core/portmap/types.hpp"
#include "sbc/base/byte_writer.hpp"
#include "sbc/base/result.hpp"

/// The wire format of NAT-PMP (RFC 6886): the predecessor of PCP, on the same ports, IPv4 only, version 0.
namespace dw::nat::portmap::natpmp {

/// §3.5.
enum class Code : std::uint16_t {
  success = 0,
  unsupported_version,
  not_authorized,
  network_failure,
  no_resources,
  unsupported_opcode,
};
std::string_view to_string(Code code);

/// "What is the external address?": two octets, version 0 and opcode 0 (§3.2).
void write_address_request(ByteWriter& out);

/// §3.3, 12 octets: version 0, opcode 1 (UDP) or 2 (TCP), reserved(2), internal port(2), external port(2), lifetime(4).
/// Lifetime and external port 0 delete (§3.4).
struct MapRequest {
  Transport transport = Transport::udp;
  std::uint16_t internal_port = 0, external_port = 0;
  std::uint32_t lifetime = 0;  ///< seconds
};
void write(ByteWriter& out, const MapRequest& request);

/// An error may end after the epoch, without a body.
struct AddressAnswer {
  IpAddress external;
};
struct MapAnswer {
  Transport transport = Transport::udp;
  std::uint16_t internal_port = 0, external_port = 0;
  std::uint32_t lifetime = 0;
};
/// ```
/// 0 version=0 1 0x80|opcode 2 result(2) 4 epoch(4) 8 address(4), or internal port(2) external port(2) lifetime(4)
/// ```
struct Response {
  std::uint8_t opcode = 0;  ///< without the response bit
  Code code{};
  std::uint32_t epoch = 0;
  std::variant<std::monostate, AddressAnswer, MapAnswer> body;
};
Result<Response> parse_response(Bytes octets);
std::string to_string(const Response& response);

}  // namespace dw::nat::portmap::natpmp
