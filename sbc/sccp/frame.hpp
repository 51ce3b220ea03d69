#pragma once
#include <cstdint>
#include <optional>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"

namespace dw::sccp {

/// Octets before the payload: length, header version, message id, each u32 little-endian (sccp §1.1).
inline constexpr std::size_t kHeaderOctets = 12;
/// The whole frame, header included; longer ones end the connection (sccp §1.2).
inline constexpr std::size_t kMaxFrameOctets = 4096;
/// The highest protocol version anybody speaks, and so the highest header version.
inline constexpr std::uint32_t kMaxProtocolVersion = 22;

/// One SCCP frame inside octets that somebody else owns.
///
///     0       4         8            12
///     length  version   message id   payload…      length counts from octet 8
struct Frame {
  std::uint32_t version = 0;
  std::uint32_t id = 0;
  Bytes payload;
  Bytes octets;  ///< all of it, header included: what a proxy passes on
};

/// Exactly one frame. Errc::truncated when octets are missing, too_long beyond kMaxFrameOctets, malformed for
/// a length below 4, a header version nobody sends, or octets behind the frame.
Result<Frame> parse_frame(Bytes octets);
void write_frame(Buffer& out, std::uint32_t version, std::uint32_t id, Bytes payload);
/// The text in a fixed field, up to its NUL, which may be missing; short when the payload is.
std::string fixed_text(Bytes payload, std::size_t offset, std::size_t octets);
std::string to_string(const Frame& frame);  ///< "RegisterReq (0x0001) version 0, 68 octets"

/// Cuts one direction of a TCP stream into frames, however it was split or coalesced. After an error the
/// stream is dead: SCCP has nothing to resynchronise on. Holds at most one partial frame.
class FrameStream {
 public:
  /// Takes what arrived. Afterwards call `next` until it gives nothing; then the octets may go. Nothing may
  /// be fed before that.
  void feed(TimePoint now, Bytes arrived);
  /// The next whole frame: good until the next call. Nothing: more octets are needed, or `error()`.
  std::optional<Frame> next();
  const std::optional<Error>& error() const { return error_; }
  /// Since when a frame has been incomplete; for the deadline on partial frames (sccp §1.4).
  std::optional<TimePoint> partial_since() const { return partial_since_; }
  std::size_t held() const { return partial_given_ ? 0 : partial_.size(); }  ///< octets of it

 private:
  std::size_t wanted(Bytes start);  ///< octets the frame at `start` has in all; 0: not known yet, or error_

  Buffer partial_;  // the beginning of a frame whose end has not come, at most kMaxFrameOctets
  bool partial_given_ = false;
  Bytes arrived_;
  TimePoint arrived_at_{};
  std::optional<TimePoint> partial_since_;
  std::optional<Error> error_;
};

}  // namespace dw::sccp
