#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace dw::lab {

/// A socket that is closed with its owner.
class Socket {
 public:
  /// SOCK_DGRAM or SOCK_STREAM in the family of `address`; ends the program with a sentence when it can't be
  /// made.
  Socket(const std::string& address, std::uint16_t port, int type);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }
  const sockaddr* peer() const;
  socklen_t peer_size() const { return peer_size_; }
  /// True when something can be read (or, for POLLOUT, written) within the time.
  bool wait(short events, int milliseconds) const;

 private:
  int fd_ = -1;
  sockaddr_storage peer_{};
  socklen_t peer_size_ = 0;
};

/// "203.0.113.10", 69 as a socket address; an address that is none ends the program with a sentence.
socklen_t socket_address(const std::string& address, std::uint16_t port, sockaddr_storage& out);

/// "203.0.113.10:69"
std::string to_string(const sockaddr_storage& address);

}  // namespace dw::lab
