#include "nat/core/portmap/natpmp.hpp"

#include <fmt/format.h>

#include "sbc/base/byte_reader.hpp"

namespace dw::nat::portmap::natpmp {
namespace {

constexpr std::uint8_t kVersion = 0, kResponse = 0x80;
constexpr std::uint8_t kAddress = 0, kMapUdp = 1, kMapTcp = 2;
constexpr std::size_t kMaxOctets = 1100;  ///< PCP's limit: both arrive at one socket

}  // namespace

std::string_view to_string(Code code) {
  switch (code) {
    case Code::success:
      return "success";
    case Code::unsupported_version:
      return "it does not speak this version";
    case Code::not_authorized:
      return "not authorized: mapping is switched off there, or not allowed for this box or port";
    case Code::network_failure:
      return "it has no address of the internet: no connection, or one more router before it";
    case Code::no_resources:
      return "its table is full";
    case Code::unsupported_opcode:
      return "it does not map ports";
  }
  return "a result that nobody knows";
}

void write_address_request(ByteWriter& out) {
  out.u8(kVersion);
  out.u8(kAddress);
}

void write(ByteWriter& out, const MapRequest& request) {
  out.u8(kVersion);
  out.u8(request.transport == Transport::udp ? kMapUdp : kMapTcp);
  out.u16be(0);
  out.u16be(request.internal_port);
  out.u16be(request.external_port);
  out.u32be(request.lifetime);
}

Result<Response> parse_response(Bytes octets) {
  if (octets.size() > kMaxOctets) return fail(Errc::too_long, "no NAT-PMP message is that long");
  ByteReader in(octets);
  Response r;
  if (in.u8("version") != kVersion) in.refuse(Errc::unsupported, "version");
  const std::uint8_t opcode = in.u8("opcode");
  if ((opcode & kResponse) == 0) in.refuse(Errc::malformed, "response bit");
  r.opcode = opcode & static_cast<std::uint8_t>(~kResponse);
  r.code = static_cast<Code>(in.u16be("result"));
  r.epoch = in.u32be("epoch");
  if (!in.ok()) return std::unexpected(in.error());
  if (r.code != Code::success && in.at_end()) return r;
  if (r.opcode == kAddress) {
    r.body = AddressAnswer{IpAddress::v4(in.u32be("external address"))};
  } else if (r.opcode == kMapUdp || r.opcode == kMapTcp) {
    MapAnswer map;
    map.transport = r.opcode == kMapUdp ? Transport::udp : Transport::tcp;
    map.internal_port = in.u16be("internal port");
    map.external_port = in.u16be("external port");
    map.lifetime = in.u32be("lifetime");
    r.body = map;
  }
  if (!in.ok()) return std::unexpected(in.error());
  return r;
}

std::string to_string(const Response& r) {
  std::string text = fmt::format("NAT-PMP opcode {} result {} ({}) epoch {}", r.opcode, static_cast<unsigned>(r.code),
                                 to_string(r.code), r.epoch);
  if (const auto* address = std::get_if<AddressAnswer>(&r.body)) text += " address " + address->external.to_string();
  if (const auto* map = std::get_if<MapAnswer>(&r.body))
    text += fmt::format(" {} internal {} external {} lifetime {}", portmap::to_string(map->transport),
                        map->internal_port, map->external_port, map->lifetime);
  return text;
}

}  // namespace dw::nat::portmap::natpmp
