#pragma once
#include <cstdint>
#include <string_view>

#include "sbc/base/bytes.hpp"

namespace dw {

/// Appends values to a buffer in wire order. The counterpart of ByteReader; never fails.
class ByteWriter {
 public:
  explicit ByteWriter(Buffer& out) : out_(out) {}

  void u8(std::uint8_t v) { out_.push_back(v); }
  void u16be(std::uint16_t v) { u8(static_cast<std::uint8_t>(v >> 8)), u8(static_cast<std::uint8_t>(v)); }
  void u32be(std::uint32_t v) { u16be(static_cast<std::uint16_t>(v >> 16)), u16be(static_cast<std::uint16_t>(v)); }
  void u16le(std::uint16_t v) { u8(static_cast<std::uint8_t>(v)), u8(static_cast<std::uint8_t>(v >> 8)); }
  void u32le(std::uint32_t v) { u16le(static_cast<std::uint16_t>(v)), u16le(static_cast<std::uint16_t>(v >> 16)); }
  void octets(Bytes b) { out_.insert(out_.end(), b.begin(), b.end()); }
  void text(std::string_view t) { octets(as_bytes(t)); }
  void text_nul(std::string_view t) { text(t), u8(0); }

 private:
  Buffer& out_;
};

}  // namespace dw
