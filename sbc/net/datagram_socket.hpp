#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/net/loop.hpp"

namespace dw::net {

/// A datagram that came in. The octets are good during the callback only.
struct Datagram {
  Endpoint peer;
  IpAddress local;           ///< the address of ours that it was sent to (IP_PKTINFO / IPV6_PKTINFO)
  std::uint32_t interface = 0;
  bool truncated = false;    ///< it was longer than kMaxReceive
  Bytes octets;
};

/// A UDP socket with what libuv's lacks: the address a datagram was sent to, a chosen source address for each
/// answer, and many datagrams a system call (recvmmsg, sendmmsg). One descriptor, watched by the loop.
/// A socket bound to "::" takes IPv6 only, so that 0.0.0.0 and :: stand side by side.
class DatagramSocket {
 public:
  static constexpr std::size_t kMaxReceive = 2048;  ///< octets; longer datagrams are marked truncated
  static constexpr std::size_t kBatch = 64;         ///< datagrams a system call
  static constexpr std::size_t kMaxHead = 64;       ///< octets of `head` that are copied
  static constexpr std::size_t kMaxBacklog = 1024;  ///< datagrams kept (copied) while the kernel's buffer is full

  struct Options {
    int receive_buffer = 4 << 20;
    int send_buffer = 4 << 20;
    int dscp = 0;
  };
  struct Stats {
    std::uint64_t received = 0, sent = 0, send_dropped = 0, send_errors = 0, receive_calls = 0, send_calls = 0;
  };

  static Result<DatagramSocket> open(Loop& loop, const Endpoint& bind, const Options& options);
  ~DatagramSocket();
  DatagramSocket(DatagramSocket&&) noexcept;
  DatagramSocket& operator=(DatagramSocket&&) noexcept;

  /// From now on each arrival is told, up to kBatch at a time; `flush` follows each call by itself.
  void receive(std::function<void(std::span<const Datagram>)> on_datagrams);

  /// Queues one datagram, `head` then `body`, from `from` (our address; none: the kernel chooses) to `to`. `head` is copied;
  /// `body` must stay as it is until flush(). Sent at the latest by the next flush().
  void send(const Endpoint& to, const IpAddress& from, Bytes head, Bytes body = {});
  void flush();

  Endpoint local() const;  ///< as bound, with the port the kernel chose
  const Stats& stats() const;

 private:
  struct State;
  explicit DatagramSocket(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace dw::net
