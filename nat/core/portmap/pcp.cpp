#include "nat/core/portmap/pcp.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/base/byte_reader.hpp"

namespace dw::nat::portmap::pcp {
namespace {

constexpr std::uint8_t kResponse = 0x80;
constexpr std::size_t kAddressOctets = 16, kOptionHeadOctets = 4;
constexpr std::uint8_t kFilter = 3;   // an option that the server must understand or refuse
constexpr unsigned kMappedBits = 96;  // before an IPv4 address (RFC 4291 §2.5.5.2)

/// §5: IPv4 addresses are written as ::ffff:a.b.c.d; IPv4's unspecified address is ::ffff:0.0.0.0.
void put_address(ByteWriter& out, const IpAddress& address) {
  if (address.is_v6()) return out.octets(address.octets());
  for (int i = 0; i < 10; ++i)
    out.u8(0);
  out.u16be(0xffff);
  out.u32be(address ? address.v4_host_order() : 0);
}

IpAddress address_at(ByteReader& in, std::string_view field) {
  const Bytes octets = in.take(kAddressOctets, field);
  if (octets.size() != kAddressOctets) return {};
  return IpAddress::v6(octets.first<kAddressOctets>());
}

}  // namespace

std::string_view to_string(Code code) {
  switch (code) {
    case Code::success:
      return "success";
    case Code::unsupported_version:
      return "it does not speak this version";
    case Code::not_authorized:
      return "not authorized: mapping is switched off there, or not allowed for this box or port";
    case Code::malformed_request:
      return "it could not read the request";
    case Code::unsupported_opcode:
      return "it does not map ports";
    case Code::unsupported_option:
    case Code::malformed_option:
      return "it did not like an option";
    case Code::network_failure:
      return "it has no address of the internet: no connection, or one more router before it";
    case Code::no_resources:
      return "its table is full";
    case Code::unsupported_protocol:
      return "it does not map this protocol";
    case Code::user_exceeded_quota:
      return "this box has as many ports as it may";
    case Code::cannot_provide_external:
      return "it can't give an external port";
    case Code::address_mismatch:
      return "it sees us at another address: there is one more router in between";
    case Code::excessive_remote_peers:
      return "too many peers";
  }
  return "a result that nobody knows";
}

void write(ByteWriter& out, const MapRequest& request) {
  out.u8(kVersion);
  out.u8(static_cast<std::uint8_t>(Opcode::map));
  out.u16be(0);
  out.u32be(request.lifetime);
  put_address(out, request.client);
  out.octets(request.nonce);
  out.u8(static_cast<std::uint8_t>(request.transport));
  out.u8(0);
  out.u16be(0);
  out.u16be(request.internal_port);
  out.u16be(request.external_port);
  put_address(out, request.external);
}

void write_filters(ByteWriter& out, std::span<const IpNetwork> peers) {
  const auto filter = [&out](unsigned prefix) {
    out.u8(kFilter);
    out.u8(0);
    out.u16be(kFilterOctets - kOptionHeadOctets);
    out.u8(0);
    out.u8(static_cast<std::uint8_t>(prefix));
    out.u16be(0);  // any port
  };
  filter(0);
  for (std::size_t i = 0; i < kAddressOctets; ++i)
    out.u8(0);
  for (const IpNetwork& peer : peers.first(std::min(peers.size(), kMaxFilters))) {
    filter(peer.bits() + (peer.first().is_v4() ? kMappedBits : 0));
    put_address(out, peer.first());
  }
}

Result<Response> parse_response(Bytes octets) {
  if (octets.size() > kMaxOctets) return fail(Errc::too_long, "a PCP message has at most 1100 octets");
  ByteReader in(octets);
  Response r;
  r.version = in.u8("version");
  const std::uint8_t opcode = in.u8("opcode");
  if (in.ok() && (opcode & kResponse) == 0) in.refuse(Errc::malformed, "response bit");
  r.opcode = opcode & static_cast<std::uint8_t>(~kResponse);
  in.skip(1, "reserved");
  r.code = static_cast<Code>(in.u8("result"));
  r.lifetime = in.u32be("lifetime");
  r.epoch = in.u32be("epoch");
  in.skip(12, "reserved");
  if (in.ok() && octets.size() % 4 != 0) in.refuse(Errc::malformed, "length");
  if (in.ok() && r.version == kVersion && r.opcode == static_cast<std::uint8_t>(Opcode::map)) {
    MapAnswer map;
    const Bytes nonce = in.take(map.nonce.size(), "nonce");
    std::ranges::copy(nonce, map.nonce.begin());
    map.protocol = in.u8("protocol");
    in.skip(3, "reserved");
    map.internal_port = in.u16be("internal port");
    map.external_port = in.u16be("external port");
    map.external = address_at(in, "external address");
    // §7.2: a server that could not parse the request answers with the header alone, or with what it could parse.
    if (!in.ok() && r.code != Code::success) return r;
    r.map = map;
  }
  if (!in.ok()) return std::unexpected(in.error());
  return r;
}

std::string to_string(const Response& r) {
  std::string text = fmt::format("PCP version {} opcode {} result {} ({}) lifetime {} epoch {}", r.version, r.opcode,
                                 static_cast<unsigned>(r.code), to_string(r.code), r.lifetime, r.epoch);
  if (r.map)
    text += fmt::format(" protocol {} internal {} external {}", r.map->protocol, r.map->internal_port,
                        Endpoint{r.map->external, r.map->external_port}.to_string());
  return text;
}

}  // namespace dw::nat::portmap::pcp
