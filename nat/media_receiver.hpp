#pragma once
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>

#include "sbc/base/bytes.hpp"
#include "sbc/base/time.hpp"
#include "sbc/net/socket_address.hpp"

namespace dw::nat {

/// Reads datagrams from media sockets, each with the time that it waited in the socket (SO_TIMESTAMPNS) and the number
/// of packets that the socket dropped because its buffer was full (SO_RXQ_OVFL). Allocates once. For one thread.
class MediaReceiver {
 public:
  static constexpr std::size_t kMaxDatagram = 2048;  ///< octets; no voice packet is longer: longer ones are dropped
  static constexpr std::size_t kMany = 16;

  struct Datagram {
    Endpoint from;
    Bytes octets;                             ///< valid until the next call
    bool oversized = false;                   ///< longer than kMaxDatagram: truncated
    Duration age{};                           ///< zero if the kernel does not report it
    std::optional<std::uint32_t> overflowed;  ///< dropped since the socket was made, modulo 2^32
  };

  MediaReceiver();
  MediaReceiver(const MediaReceiver&) = delete;

  /// Reads the clock that ages are computed against.
  void look_at_clock() { clock_gettime(CLOCK_REALTIME, &now_); }
  /// One datagram without age and overflow, which cost about 5 % of a packet's time. Nothing: see errno.
  std::optional<Datagram> plain(int descriptor);
  std::optional<Datagram> one(int descriptor);
  /// Calls `take(const Datagram&, bool more)` for up to kMany waiting datagrams, oldest first; `more`: others follow.
  /// Returns how many.
  template <class Take>
  std::size_t many(int descriptor, Take&& take) {
    const std::size_t count = receive(descriptor);
    for (std::size_t i = 0; i < count; ++i)
      take(read(i), i + 1 < count);
    return count;
  }

 private:
  /// Room for a timespec and a counter.
  static constexpr std::size_t kControl = CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(std::uint32_t));
  struct Slot {
    net::SocketAddress from;
    iovec part;
    alignas(cmsghdr) std::array<std::uint8_t, kControl> control;
    std::array<std::uint8_t, kMaxDatagram> octets;
  };
  void prepare(std::size_t slot);
  std::size_t receive(int descriptor);
  Datagram read(std::size_t slot) const;

  std::array<Slot, kMany> slots_;
  std::array<mmsghdr, kMany> headers_{};
  timespec now_{};
};

}  // namespace dw::nat
