#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tftp-proxy/core/tftp_packet.hpp"

namespace dw::tftp {

inline constexpr std::uint16_t kMinBlksize = 8;           // RFC 2348
inline constexpr std::uint16_t kMaxBlksize = 65464;       // RFC 2348
inline constexpr std::uint16_t kMaxTimeoutSeconds = 255;  // RFC 2349

/// What we are willing to agree to.
struct TermLimits {
  /// Octets of a block. 1428 fits 1500 with room for IPv6, PPPoE and a tunnel, so nothing is fragmented.
  std::uint16_t max_blksize = 1428;
  /// Blocks in flight (RFC 7440).
  std::uint16_t max_windowsize = 16;
  friend bool operator==(const TermLimits&, const TermLimits&) = default;
};

/// What holds for one transfer: an RRQ's mode and options as far as we agree to them, and the OACK that says
/// so. Options that we don't know or whose value is out of range are left out, never refused; of one given
/// twice the first counts. In netascii tsize and windowsize are left out (RFC 2349: the size after
/// translation is not known beforehand).
class Terms {
 public:
  /// The longest: opcode, blksize 1428, timeout 255, windowsize 65535, tsize 20 digits, each with two NULs.
  static constexpr std::size_t kMaxOack = 2 + (8 + 6) + (8 + 4) + (11 + 6) + (6 + 21);

  Terms() = default;
  Terms(const Request& request, Mode mode, const TermLimits& limits);

  Mode mode() const { return mode_; }
  std::uint16_t blksize() const { return blksize_; }
  std::uint16_t windowsize() const { return windowsize_; }
  /// The client's retransmission timeout in seconds, if it sent one.
  std::optional<std::uint8_t> timeout() const { return timeout_ == 0 ? std::nullopt : std::optional(timeout_); }
  bool repeated_option() const { return repeated_option_; }

  /// Fills in the size of the file. Once, before oack(); nothing when it isn't known.
  void set_size(std::optional<std::uint64_t> octets);
  /// The OACK, names spelt as the client spelt them; empty when there is nothing to agree to: then the answer
  /// is DATA 1 (RFC 2347).
  Bytes oack() const { return Bytes(oack_).first(oack_size_); }

 private:
  void take(const Option& option, const TermLimits& limits);
  bool first_time(unsigned option_bit);
  void agree(std::string_view name, std::uint64_t value);

  std::array<std::uint8_t, kMaxOack> oack_{};
  std::array<char, 5> tsize_name_{};  // spelt as asked; empty when not asked
  std::uint8_t oack_size_ = 0;
  std::uint16_t blksize_ = kDefaultBlksize;
  std::uint16_t windowsize_ = 1;
  std::uint8_t timeout_ = 0;
  std::uint8_t seen_ = 0;
  Mode mode_ = Mode::octet;
  bool tsize_asked_ = false;
  bool repeated_option_ = false;
};

}  // namespace dw::tftp
