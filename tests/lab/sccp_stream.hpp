#pragma once
#include <deque>
#include <memory>
#include <string>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "tests/lab/socket.hpp"

namespace dw::lab {

/// A TCP connection for poll(2): each write is sent in one piece if the kernel accepts it.
class TcpStream {
 public:
  /// Starts to connect, from `source` if it is an address. `broken()` if that failed at once.
  TcpStream(const Endpoint& to, const IpAddress& source);
  explicit TcpStream(int fd);  ///< takes over an accepted socket
  ~TcpStream();
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;

  int fd() const { return fd_; }
  short wanted() const;  ///< poll events
  /// Call on POLLOUT while connecting: true when it is connected.
  bool settle();
  bool connecting() const { return connecting_; }
  bool broken() const { return broken_; }
  Buffer read();  ///< what was received; empty, and `broken()`, at the end
  void write(Bytes octets);
  void flush();
  Endpoint local() const;
  Endpoint peer() const;

 private:
  int fd_ = -1;
  bool connecting_ = false, broken_ = false;
  std::deque<Buffer> queue_;
};

/// Listens; ends the program with a sentence when it can't.
class TcpListener {
 public:
  explicit TcpListener(const Endpoint& at);
  int fd() const { return socket_.fd(); }
  std::unique_ptr<TcpStream> accept() const;
  Endpoint local() const;

 private:
  Socket socket_;
};

/// A UDP socket bound to an address and port; `ok()` is false when the port was taken.
class UdpPort {
 public:
  explicit UdpPort(const Endpoint& at);
  int fd() const { return socket_.fd(); }
  bool ok() const { return ok_; }
  void send(const Endpoint& to, Bytes octets) const;
  /// One datagram; nothing when none waits.
  bool receive(Buffer& octets, Endpoint& from) const;

 private:
  Socket socket_;
  bool ok_ = false;
};

Endpoint endpoint_of(const sockaddr_storage& address);
/// "127.0.0.1:2000"; ends the program with a sentence when it is none.
Endpoint endpoint_or_exit(std::string_view text);

}  // namespace dw::lab
