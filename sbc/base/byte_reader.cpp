#include "sbc/base/byte_reader.hpp"

#include <algorithm>

namespace dw {

bool ByteReader::need(std::size_t count, std::string_view field) {
  if (failed_) return false;
  if (count > octets_.size() - position_) {
    refuse(Errc::truncated, field);
    return false;
  }
  return true;
}

void ByteReader::refuse(Errc code, std::string_view field) {
  if (failed_) return;
  failed_ = true;
  failed_code_ = code;
  failed_field_ = field;
  failed_at_ = position_;
}

Bytes ByteReader::take(std::size_t count, std::string_view field) {
  if (!need(count, field)) return {};
  const Bytes taken = octets_.subspan(position_, count);
  position_ += count;
  return taken;
}

std::uint8_t ByteReader::u8(std::string_view field) {
  const Bytes b = take(1, field);
  return b.empty() ? std::uint8_t{0} : b[0];
}

std::uint16_t ByteReader::u16be(std::string_view field) {
  const Bytes b = take(2, field);
  return b.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(b[0] << 8 | b[1]);
}

std::uint32_t ByteReader::u32be(std::string_view field) {
  const Bytes b = take(4, field);
  if (b.empty()) return 0;
  return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | std::uint32_t{b[3]};
}

std::uint16_t ByteReader::u16le(std::string_view field) {
  const Bytes b = take(2, field);
  return b.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(b[1] << 8 | b[0]);
}

std::uint32_t ByteReader::u32le(std::string_view field) {
  const Bytes b = take(4, field);
  if (b.empty()) return 0;
  return std::uint32_t{b[3]} << 24 | std::uint32_t{b[2]} << 16 | std::uint32_t{b[1]} << 8 | std::uint32_t{b[0]};
}

std::string_view ByteReader::text_to_nul(std::size_t max, std::string_view field) {
  if (failed_) return {};
  const Bytes left = octets_.subspan(position_);
  const auto nul = std::find(left.begin(), left.end(), std::uint8_t{0});
  if (nul == left.end()) {
    refuse(Errc::truncated, field);
    return {};
  }
  const auto length = static_cast<std::size_t>(nul - left.begin());
  if (length > max) {
    refuse(Errc::too_long, field);
    return {};
  }
  position_ += length + 1;
  return as_text(left.first(length));
}

Bytes ByteReader::rest() {
  if (failed_) return {};
  const Bytes left = octets_.subspan(position_);
  position_ = octets_.size();
  return left;
}

Error ByteReader::error() const {
  return {failed_code_, std::string(failed_field_) + " is " + std::string(to_string(failed_code_)), failed_at_};
}

}  // namespace dw
