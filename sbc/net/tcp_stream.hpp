#pragma once
#include <functional>
#include <memory>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/net/descriptor.hpp"
#include "sbc/net/loop.hpp"

namespace dw::net {

/// One TCP connection, accepted or opened by us, with TCP_NODELAY and keepalives. Destroying it closes it; nothing is
/// called afterwards. It may be destroyed in its own callbacks.
class TcpStream {
 public:
  static constexpr std::size_t kMaxQueued = 256 << 10;  ///< unsent octets; more of them end the stream
  static constexpr std::size_t kMaxRead = 64 << 10;     ///< octets in one on_octets call
  /// Keepalives start after this many seconds of silence, at this interval, and this many without an answer end the
  /// connection: a home router may forget a connection that is silent for a minute (sccp §1.6).
  static constexpr int kKeepaliveIdle = 25, kKeepaliveInterval = 10, kKeepaliveCount = 3;

  struct Events {
    std::function<void()> on_connected;  ///< only after connect()
    std::function<void(Bytes)> on_octets;
    /// The last call. `clean`: the peer finished its side; otherwise `why` is the reason.
    std::function<void(bool clean, std::string_view why)> on_end;
  };

  TcpStream() = default;
  /// Takes a socket that a TcpListener accepted.
  static TcpStream adopt(Loop& loop, Descriptor socket, Events events);
  /// Starts to connect, from `from` if it is an address. Errc::system when it can't even start; later failures call
  /// on_end. There is no timeout here.
  static Result<TcpStream> connect(Loop& loop, const Endpoint& to, const IpAddress& from, Events events);
  ~TcpStream();
  TcpStream(TcpStream&&) noexcept;
  TcpStream& operator=(TcpStream&&) noexcept;

  explicit operator bool() const { return static_cast<bool>(state_); }
  /// Sends as much as the kernel accepts at once; the remainder is copied and follows.
  void send(Bytes octets);
  /// Signals the peer that no more octets follow those sent so far. Discards what still arrives, until on_end.
  void finish();
  /// Closes at once with a TCP reset.
  void reset();

  Endpoint local() const;
  Endpoint peer() const;
  /// Whether the peer's TCP has acknowledged everything that was sent; false also without a connection.
  bool all_acknowledged() const;

 private:
  struct State;
  explicit TcpStream(std::shared_ptr<State> state);
  static TcpStream open(Loop& loop, Descriptor socket, Events events, bool connecting);
  std::shared_ptr<State> state_;
};

/// A listening TCP socket that accepts a bounded number of connections per turn.
class TcpListener {
 public:
  static constexpr int kMaxAcceptsPerTurn = 64;
  using OnAccept = std::function<void(Descriptor, const Endpoint& peer, const Endpoint& local)>;

  static Result<TcpListener> open(Loop& loop, const Endpoint& where, OnAccept on_accept);
  ~TcpListener();
  TcpListener(TcpListener&&) noexcept;
  TcpListener& operator=(TcpListener&&) noexcept;

  Endpoint local() const;

 private:
  struct State;
  explicit TcpListener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace dw::net
