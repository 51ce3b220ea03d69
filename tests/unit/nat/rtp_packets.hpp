#pragma once
#include "sbc/base/byte_writer.hpp"

namespace dw::nat::test {

struct Packet {
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0x1234;
  std::uint8_t payload_type = 0;
  std::size_t octets = 160;
};

/// RFC 3550 §5.1, written from the document.
inline Buffer rtp(const Packet& p) {
  Buffer out;
  ByteWriter w(out);
  w.u8(0x80);
  w.u8(p.payload_type);
  w.u16be(p.sequence);
  w.u32be(p.timestamp);
  w.u32be(p.ssrc);
  out.resize(out.size() + p.octets, 0xd5);
  return out;
}

}  // namespace dw::nat::test
