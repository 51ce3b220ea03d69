#include "tests/support/sccp_wire.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "sbc/base/byte_writer.hpp"

namespace dw::sim {

namespace {

constexpr std::size_t kHeader = 12;

}  // namespace

Buffer to_octets(const SccpFrame& frame) {
  Buffer out;
  ByteWriter writer(out);
  writer.u32le(static_cast<std::uint32_t>(frame.body.size() + 4));
  writer.u32le(frame.version);
  writer.u32le(frame.id);
  writer.octets(frame.body);
  return out;
}

std::string to_string(const SccpFrame& frame) {
  return fmt::format("{:#06x} v{} {} octets", frame.id, frame.version, frame.body.size());
}

void SccpFramer::add(Bytes octets) {
  if (!broken_) held_.insert(held_.end(), octets.begin(), octets.end());
}

std::optional<SccpFrame> SccpFramer::next() {
  if (broken_ || held_.size() < 4) return std::nullopt;
  const auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;)
      value = value << 8 | held_[at + i];
    return value;
  };
  const std::size_t length = word(0);
  if (length < 4 || length + 8 > limit_) {
    broken_ = true;
    return std::nullopt;
  }
  if (held_.size() < length + 8) return std::nullopt;
  const auto end = held_.begin() + static_cast<std::ptrdiff_t>(length + 8);
  SccpFrame frame{word(4), word(8), Buffer(held_.begin() + kHeader, end)};
  held_.erase(held_.begin(), end);
  return frame;
}

Body& Body::u8(std::size_t at, std::uint32_t value) {
  if (at < octets_.size()) octets_[at] = static_cast<std::uint8_t>(value);
  return *this;
}

Body& Body::u16(std::size_t at, std::uint32_t value) {
  if (at + 2 <= octets_.size()) u8(at, value).u8(at + 1, value >> 8);
  return *this;
}

Body& Body::u32(std::size_t at, std::uint32_t value) {
  if (at + 4 <= octets_.size()) u16(at, value).u16(at + 2, value >> 16);
  return *this;
}

Body& Body::text(std::size_t at, std::size_t room, std::string_view value) {
  for (std::size_t i = 0; i + 1 < room && i < value.size(); ++i)
    u8(at + i, static_cast<std::uint8_t>(value[i]));
  return *this;
}

Body& Body::ipv4(std::size_t at, const IpAddress& address) {
  if (!address.is_v4() || at + 4 > octets_.size()) return *this;
  std::ranges::copy(address.octets(), octets_.begin() + static_cast<std::ptrdiff_t>(at));
  return *this;
}

Body& Body::add_text(std::string_view value) {
  ByteWriter(octets_).text_nul(value);
  return *this;
}

Body& Body::pad() {
  octets_.resize((octets_.size() + 3) / 4 * 4);
  return *this;
}

std::uint32_t u8_at(Bytes body, std::size_t at) {
  return at < body.size() ? body[at] : 0;
}

std::uint32_t u32_at(Bytes body, std::size_t at) {
  if (at + 4 > body.size()) return 0;
  return u8_at(body, at) | u8_at(body, at + 1) << 8 | u8_at(body, at + 2) << 16 | u8_at(body, at + 3) << 24;
}

std::string text_at(Bytes body, std::size_t at, std::size_t room) {
  if (at >= body.size()) return {};
  const std::string_view field = as_text(body.subspan(at, std::min(room, body.size() - at)));
  return std::string(field.substr(0, field.find('\0')));
}

IpAddress ipv4_at(Bytes body, std::size_t at) {
  if (at + 4 > body.size()) return {};
  return IpAddress::v4(u8_at(body, at) << 24 | u8_at(body, at + 1) << 16 | u8_at(body, at + 2) << 8 |
                       u8_at(body, at + 3));
}

}  // namespace dw::sim
