#include "nat/core/media/rtp.hpp"

#include <algorithm>

#include "sbc/base/byte_reader.hpp"

namespace dw::nat {
namespace {

/// Octets of the payload that starts at `offset`. A wrong extension or padding makes it too long or empty, but never
/// reaches beyond the packet.
std::uint16_t payload_octets(Bytes packet, std::size_t offset, bool padded) {
  std::size_t octets = packet.size() - offset;
  if (padded && octets > 0) octets -= std::min<std::size_t>(octets, packet.back());
  return static_cast<std::uint16_t>(std::min<std::size_t>(octets, 0xffff));
}

}  // namespace

std::optional<RtpHeader> parse_rtp(Bytes packet) {
  ByteReader reader(packet);
  const std::uint8_t first = reader.u8("version");
  const std::uint8_t second = reader.u8("payload type");
  RtpHeader header;
  header.payload_type = second & 0x7f;
  header.marker = (second & 0x80) != 0;
  header.sequence = reader.u16be("sequence");
  header.timestamp = reader.u32be("timestamp");
  header.ssrc = reader.u32be("ssrc");
  reader.skip(std::size_t{4} * (first & 0x0fU), "csrc list");
  const bool rtcp_on_this_port = header.payload_type >= 64 && header.payload_type <= 95;
  if (!reader.ok() || first >> 6 != 2 || rtcp_on_this_port) return std::nullopt;
  std::size_t offset = kRtpHeaderOctets + std::size_t{4} * (first & 0x0fU);
  constexpr std::uint8_t kPadding = 0x20, kExtension = 0x10;
  if ((first & kExtension) != 0) {
    reader.skip(2, "profile of the extension");
    offset += 4 + std::size_t{4} * reader.u16be("length of the extension");
    if (!reader.ok()) offset = packet.size();
  }
  if (offset >= packet.size()) return header;
  header.payload = payload_octets(packet, offset, (first & kPadding) != 0);
  if (header.payload > 0) header.first = packet[offset];
  return header;
}

bool is_bare_keepalive(Bytes packet) {
  constexpr std::size_t kBlanks = 4;
  const auto blank = [](std::uint8_t octet) { return octet == 0 || octet == '\r' || octet == '\n'; };
  if (packet.size() <= kBlanks) return std::ranges::all_of(packet, blank);
  if (packet[0] >> 6 != 0) return false;
  constexpr std::uint32_t kStunCookie = 0x2112a442;  // RFC 8489 §5
  ByteReader reader(packet);
  reader.skip(4, "type and length");
  if (reader.u32be("magic cookie") == kStunCookie && reader.ok()) return true;
  return packet.size() == kRtpHeaderOctets;
}

bool is_rtcp(Bytes packet) {
  ByteReader reader(packet);
  const std::uint8_t first = reader.u8("version");
  const std::uint8_t type = reader.u8("packet type");
  const std::uint16_t words = reader.u16be("length");
  reader.skip(std::size_t{4} * words, "body");
  return reader.ok() && first >> 6 == 2 && type >= 200 && type <= 207;
}

}  // namespace dw::nat
