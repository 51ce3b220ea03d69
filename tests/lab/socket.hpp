#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace dw::lab {

/// Owns a socket.
class Socket {
 public:
  /// SOCK_DGRAM or SOCK_STREAM in the family of `address`; ends the program with a message if it can't
  /// be created.
  Socket(const std::string& address, std::uint16_t port, int type);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }
  const sockaddr* peer() const;
  socklen_t peer_size() const { return peer_size_; }
  /// Whether something can be read (or, for POLLOUT, written) within the time.
  bool wait(short events, int milliseconds) const;

 private:
  int fd_ = -1;
  sockaddr_storage peer_{};
  socklen_t peer_size_ = 0;
};

/// "203.0.113.10", 69 as a socket address; an invalid address ends the program with a message.
socklen_t socket_address(const std::string& address, std::uint16_t port, sockaddr_storage& out);

/// "203.0.113.10:69"
std::string to_string(const sockaddr_storage& address);

}  // namespace dw::lab
