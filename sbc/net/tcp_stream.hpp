#pragma once
#include <functional>
#include <memory>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/net/descriptor.hpp"
#include "sbc/net/loop.hpp"

namespace dw::net {

/// One TCP connection of octets both ways, accepted or made, with TCP_NODELAY and keepalives. Destroying it
/// closes it, and nothing is called any more, also from inside its own callbacks.
class TcpStream {
 public:
  static constexpr std::size_t kMaxQueued = 256 << 10;  ///< octets the peer has not taken; more ends the stream
  static constexpr std::size_t kMaxRead = 64 << 10;     ///< octets told at once
  /// Keepalives from so many seconds of silence on, at such intervals, and so many without an answer end it:
  /// a home router may forget a connection that is silent for a minute (sccp §1.6).
  static constexpr int kKeepaliveIdle = 25, kKeepaliveInterval = 10, kKeepaliveCount = 3;

  struct Events {
    std::function<void()> on_connected;  ///< for one that was made
    std::function<void(Bytes)> on_octets;
    /// The last thing that is called. `clean`: the peer said that it has no more to say; else `why` has the
    /// words.
    std::function<void(bool clean, std::string_view why)> on_end;
  };

  TcpStream() = default;
  /// Takes a socket that a TcpListener accepted.
  static TcpStream adopt(Loop& loop, Descriptor socket, Events events);
  /// Begins to connect, from `from` when that is an address. Errc::system when it can't even begin; later
  /// failure is on_end. There is no timeout here.
  static Result<TcpStream> connect(Loop& loop, const Endpoint& to, const IpAddress& from, Events events);
  ~TcpStream();
  TcpStream(TcpStream&&) noexcept;
  TcpStream& operator=(TcpStream&&) noexcept;

  explicit operator bool() const { return static_cast<bool>(state_); }
  /// In one piece as far as the kernel takes it; the rest is kept (copied) and follows.
  void send(Bytes octets);
  /// After what was sent: tells the peer that no more comes. What still arrives is thrown away, until on_end.
  void finish();
  /// Closes now, and tells the peer by a reset.
  void reset();

  Endpoint local() const;
  Endpoint peer() const;
  /// The peer's TCP has acknowledged all that was sent; false also when there is no connection.
  bool all_acknowledged() const;

 private:
  struct State;
  explicit TcpStream(std::shared_ptr<State> state);
  static TcpStream open(Loop& loop, Descriptor socket, Events events, bool connecting);
  std::shared_ptr<State> state_;
};

/// A listening TCP socket that accepts, a bounded number a turn.
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
