#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "sbc/base/byte_reader.hpp"
#include "sbc/base/byte_writer.hpp"
#include "sbc/base/bytes.hpp"

namespace dw::provisioning {

/// The pieces that signed headers and trust list records are made of: an octet of tag, a 16-bit big-endian
/// length, the value. One that is only carried is kept as this.
struct Tlv {
  std::uint8_t tag = 0;
  Buffer value;
  friend bool operator==(const Tlv&, const Tlv&) = default;
};

/// A value of at most `max` octets.
Buffer take_value(ByteReader& in, std::size_t length, std::size_t max, std::string_view field);
/// A value that is a name, whose NUL is counted and is its last octet; given back without it.
std::string take_name(ByteReader& in, std::size_t length, std::size_t max, std::string_view field);
void write_tlv(ByteWriter& out, std::uint8_t tag, Bytes value);
void write_name(ByteWriter& out, std::uint8_t tag, std::string_view name);
void write_u16(ByteWriter& out, std::uint8_t tag, std::uint16_t value);

}  // namespace dw::provisioning
