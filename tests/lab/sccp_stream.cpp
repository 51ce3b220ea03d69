#include "tests/lab/sccp_stream.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace dw::lab {

namespace {

socklen_t to_sockaddr(const Endpoint& endpoint, sockaddr_storage& out) {
  return socket_address(endpoint.address.to_string(), endpoint.port, out);
}

sockaddr* plain(sockaddr_storage& address) {
  void* at = &address;
  return static_cast<sockaddr*>(at);
}

void prepare(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

}  // namespace

Endpoint endpoint_of(const sockaddr_storage& address) {
  return Endpoint::parse(to_string(address)).value_or(Endpoint{});
}

Endpoint endpoint_or_exit(std::string_view text) {
  const auto parsed = Endpoint::parse(text);
  if (!parsed) {
    std::fprintf(stderr, "not an address and port: %.*s\n", static_cast<int>(text.size()), text.data());
    std::exit(2);
  }
  return *parsed;
}

TcpStream::TcpStream(const Endpoint& to, const IpAddress& source) : connecting_(true) {
  sockaddr_storage address{};
  const socklen_t size = to_sockaddr(to, address);
  fd_ = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  prepare(fd_);
  if (source) {
    sockaddr_storage own{};
    const socklen_t own_size = to_sockaddr({source, 0}, own);
    broken_ = bind(fd_, plain(own), own_size) != 0;
  }
  if (!broken_) broken_ = connect(fd_, plain(address), size) != 0 && errno != EINPROGRESS;
}

TcpStream::TcpStream(int fd) : fd_(fd) {
  prepare(fd_);
}

TcpStream::~TcpStream() {
  if (fd_ >= 0) close(fd_);
}

short TcpStream::wanted() const {
  return static_cast<short>(connecting_ ? POLLOUT : queue_.empty() ? POLLIN : POLLIN | POLLOUT);
}

bool TcpStream::settle() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  connecting_ = false;
  broken_ = error != 0;
  return !broken_;
}

Buffer TcpStream::read() {
  Buffer octets(65536);
  const ssize_t count = recv(fd_, octets.data(), octets.size(), 0);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) broken_ = true;
  octets.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return octets;
}

void TcpStream::write(Bytes octets) {
  queue_.emplace_back(octets.begin(), octets.end());
  flush();
}

void TcpStream::flush() {
  while (!queue_.empty() && !connecting_ && !broken_) {
    Buffer& first = queue_.front();
    const ssize_t count = send(fd_, first.data(), first.size(), MSG_NOSIGNAL);
    if (count < 0) {
      broken_ = errno != EAGAIN && errno != EINTR;
      return;
    }
    if (static_cast<std::size_t>(count) == first.size()) {
      queue_.pop_front();
    } else {
      first.erase(first.begin(), first.begin() + count);
    }
  }
}

Endpoint TcpStream::local() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(fd_, plain(address), &size);
  return endpoint_of(address);
}

Endpoint TcpStream::peer() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getpeername(fd_, plain(address), &size);
  return endpoint_of(address);
}

TcpListener::TcpListener(const Endpoint& at) : socket_(at.address.to_string(), at.port, SOCK_STREAM) {
  const int on = 1;
  setsockopt(fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd(), socket_.peer(), socket_.peer_size()) != 0 || listen(fd(), 1024) != 0) {
    std::fprintf(stderr, "can't listen on %s: %s\n", at.to_string().c_str(), std::strerror(errno));
    std::exit(2);
  }
}

std::unique_ptr<TcpStream> TcpListener::accept() const {
  const int accepted = ::accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC);
  return accepted < 0 ? nullptr : std::make_unique<TcpStream>(accepted);
}

Endpoint TcpListener::local() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(fd(), plain(address), &size);
  return endpoint_of(address);
}

UdpPort::UdpPort(const Endpoint& at) : socket_(at.address.to_string(), at.port, SOCK_DGRAM) {
  ok_ = bind(fd(), socket_.peer(), socket_.peer_size()) == 0;
}

void UdpPort::send(const Endpoint& to, Bytes octets) const {
  sockaddr_storage address{};
  const socklen_t size = to_sockaddr(to, address);
  (void)sendto(fd(), octets.data(), octets.size(), MSG_NOSIGNAL, plain(address), size);
}

bool UdpPort::receive(Buffer& octets, Endpoint& from) const {
  std::array<std::uint8_t, 2048> buffer{};
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  const ssize_t count = recvfrom(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT, plain(address), &size);
  if (count < 0) return false;
  octets.assign(buffer.begin(), buffer.begin() + count);
  from = endpoint_of(address);
  return true;
}

}  // namespace dw::lab
