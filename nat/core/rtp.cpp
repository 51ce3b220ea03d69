#include "nat/core/rtp.hpp"

#include "sbc/base/byte_reader.hpp"

namespace dw::nat {

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
  return header;
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
