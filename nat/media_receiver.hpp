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

/// Takes datagrams off media sockets, each with the time that it has waited there (SO_TIMESTAMPNS) and how many found
/// the buffer full (SO_RXQ_OVFL). The memory for it is made once. One thread's.
class MediaReceiver {
 public:
  static constexpr std::size_t kMaxDatagram = 2048;  ///< octets; a longer one is no voice and is dropped
  static constexpr std::size_t kMany = 16;

  struct Datagram {
    Endpoint from;
    Bytes octets;                             ///< good until the next call
    bool oversized = false;                   ///< longer than kMaxDatagram: cut
    Duration age{};                           ///< zero when the kernel does not say
    std::optional<std::uint32_t> overflowed;  ///< since the socket was made, modulo 2^32
  };

  MediaReceiver();
  MediaReceiver(const MediaReceiver&) = delete;

  /// From now on ages are as of now.
  void look_at_clock() { clock_gettime(CLOCK_REALTIME, &now_); }
  /// Without age and overflow, which cost a twentieth of what a packet costs. Nothing: errno says why.
  std::optional<Datagram> plain(int descriptor);
  std::optional<Datagram> one(int descriptor);
  /// Hands what is there, at most kMany, to `take(const Datagram&)`, the oldest first. Returns how many.
  template <class Take>
  std::size_t many(int descriptor, Take&& take) {
    const std::size_t count = receive(descriptor);
    for (std::size_t i = 0; i < count; ++i)
      take(read(i));
    return count;
  }

 private:
  /// Room for a timespec and a count.
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
