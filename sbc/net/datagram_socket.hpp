#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/net/loop.hpp"

namespace dw::net {

/// A received datagram. Its octets are valid only during the callback.
struct Datagram {
  Endpoint peer;
  IpAddress local;  ///< the address that it was sent to (IP_PKTINFO / IPV6_PKTINFO)
  std::uint32_t interface = 0;
  bool to_group = false;   ///< `local` is a broadcast or multicast address: it can't be the source of an answer
  bool truncated = false;  ///< longer than Options::max_receive
  Bytes octets;
};

/// One of our datagrams that did not arrive, according to an ICMP message whose quoted header the kernel matched to
/// this socket. That header can be guessed: only `octets` show that the sender of the message saw the datagram.
struct Undelivered {
  Endpoint peer;         ///< where it went
  std::string_view why;  ///< for a person
  Bytes octets;          ///< its beginning, as far as the ICMP message quotes it; valid only during the callback
};

/// A UDP socket with what libuv's lacks: the address a datagram was sent to, a chosen source address for each answer,
/// and many datagrams per system call (recvmmsg, sendmmsg). One descriptor, watched by the loop. A socket bound to "::"
/// takes IPv6 only, so that sockets for 0.0.0.0 and :: can exist side by side. Packets are sent without DF, so that
/// routers may fragment them where ICMP is filtered (no path MTU discovery).
class DatagramSocket {
 public:
  static constexpr std::size_t kBatch = 64;         ///< datagrams per system call
  static constexpr std::size_t kMaxHead = 64;       ///< octets of `head` that are copied
  static constexpr std::size_t kMaxBacklog = 1024;  ///< datagrams kept (copied) while the kernel's buffer is full
  static constexpr std::size_t kMaxBacklogOctets = 4 << 20;  ///< and their octets altogether
  static constexpr std::size_t kMaxQuoted = 576;             ///< octets kept of Undelivered (RFC 1812 §4.3.2.3)
  static constexpr int kMaxErrorsPerTurn = 64;
  static constexpr int kMaxBatchesPerTurn = 8;  ///< then timers and other descriptors have their turn

  struct Options {
    std::size_t max_receive = 2048;  ///< octets; longer datagrams are marked truncated
    int receive_buffer = 4 << 20;
    int send_buffer = 4 << 20;
    int dscp = 0;
  };
  struct Stats {
    std::uint64_t received = 0;       ///< datagrams
    std::uint64_t sent = 0;           ///< datagrams that the kernel accepted
    std::uint64_t send_dropped = 0;   ///< the backlog was full
    std::uint64_t send_errors = 0;    ///< datagrams that the kernel refused (no route, not permitted, too long)
    std::uint64_t undelivered = 0;    ///< ICMP messages, once receive_errors() was called
    std::uint64_t receive_calls = 0;  ///< recvmmsg
    std::uint64_t send_calls = 0;     ///< sendmmsg
  };

  /// Errc::system with a sentence for the operator ("can't listen on UDP 0.0.0.0:69: Permission denied").
  static Result<DatagramSocket> open(Loop& loop, const Endpoint& bind, const Options& options);
  ~DatagramSocket();
  DatagramSocket(DatagramSocket&&) noexcept;
  DatagramSocket& operator=(DatagramSocket&&) noexcept;

  /// Starts to receive: up to kBatch datagrams in each call, followed by an automatic `flush`. The callback may destroy
  /// the socket.
  void receive(std::function<void(std::span<const Datagram>)> on_datagrams);

  /// Starts to report datagrams that did not arrive: unreachable destinations, ports and protocols, and parameter
  /// problems (RFC 3261 §18.4), by IP_RECVERR or IPV6_RECVERR. Call after receive(), which watches the socket. The
  /// callback may destroy the socket.
  void receive_errors(std::function<void(const Undelivered&)> on_undelivered);

  /// Queues one datagram, `head` then `body`, from `from` (our address; none: the kernel chooses) to `to`, which must
  /// be of the socket's family. `head` is copied (if longer than kMaxHead, the datagram is sent at once, with what was
  /// queued); `body` must stay unchanged until flush(). Sent by the next flush() at the latest. A datagram that can't
  /// be sent is counted and dropped; the others go on.
  void send(const Endpoint& to, const IpAddress& from, Bytes head, Bytes body = {});
  void flush();

  Endpoint local() const;  ///< as bound, with the port that the kernel chose
  const Stats& stats() const;

 private:
  struct State;
  explicit DatagramSocket(std::shared_ptr<State> state);
  void close();
  std::shared_ptr<State> state_;
};

}  // namespace dw::net
