#include "tftp-proxy/core/tlv.hpp"

namespace dw::provisioning {

Buffer take_value(ByteReader& in, std::size_t length, std::size_t max, std::string_view field) {
  if (length > max) in.refuse(Errc::too_long, field);
  const Bytes value = in.take(length, field);
  return {value.begin(), value.end()};
}

std::string take_name(ByteReader& in, std::size_t length, std::size_t max, std::string_view field) {
  ByteReader value(in.take(length, field));
  if (!in.ok()) return {};
  const std::string_view name = value.text_to_nul(max, field);
  if (!value.ok()) in.refuse(value.error().code, field);
  if (value.ok() && !value.at_end()) in.refuse(Errc::malformed, field);
  return std::string(name);
}

void write_tlv(ByteWriter& out, std::uint8_t tag, Bytes value) {
  out.u8(tag);
  out.u16be(static_cast<std::uint16_t>(value.size()));
  out.octets(value);
}

void write_name(ByteWriter& out, std::uint8_t tag, std::string_view name) {
  out.u8(tag);
  out.u16be(static_cast<std::uint16_t>(name.size() + 1));
  out.text_nul(name);
}

void write_u16(ByteWriter& out, std::uint8_t tag, std::uint16_t value) {
  out.u8(tag);
  out.u16be(2);
  out.u16be(value);
}

}  // namespace dw::provisioning
