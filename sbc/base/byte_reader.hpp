#pragma once
#include <cstdint>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"

namespace dw {

/// Reads untrusted octets in wire order. Errors are sticky: after the first read that does not fit, later reads return
/// zero or empty, and `error()` names the field that failed. So a parser reads all its fields and checks once, at the
/// end. Does not own the octets.
class ByteReader {
 public:
  explicit ByteReader(Bytes octets) : octets_(octets) {}

  std::uint8_t u8(std::string_view field);
  std::uint16_t u16be(std::string_view field);
  std::uint32_t u32be(std::string_view field);
  std::uint16_t u16le(std::string_view field);
  std::uint32_t u32le(std::string_view field);

  /// Exactly `count` octets.
  Bytes take(std::size_t count, std::string_view field);
  void skip(std::size_t count, std::string_view field) { (void)take(count, field); }
  /// The characters up to a NUL, which is consumed but not returned. Fails without a NUL (truncated) and with more than
  /// `max` characters before it (too_long).
  std::string_view text_to_nul(std::size_t max, std::string_view field);
  /// Everything that is left.
  Bytes rest();

  /// Makes the reader fail for the parser's own reason (a value out of range).
  void refuse(Errc code, std::string_view field);

  bool ok() const { return !failed_; }
  bool at_end() const { return position_ == octets_.size(); }
  std::size_t offset() const { return position_; }
  std::size_t remaining() const { return failed_ ? 0 : octets_.size() - position_; }
  /// The first failure. Call only when `!ok()`.
  Error error() const;

 private:
  bool need(std::size_t count, std::string_view field);

  Bytes octets_;
  std::size_t position_ = 0;
  std::size_t failed_at_ = 0;
  std::string_view failed_field_;  // always a string literal of the parser
  Errc failed_code_{};
  bool failed_ = false;
};

}  // namespace dw
