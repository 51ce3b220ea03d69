#include "sbc/net/tcp_stream.hpp"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "sbc/net/listen_socket.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/poll.hpp"
#include "sbc/net/socket_address.hpp"
#include "sbc/net/timer.hpp"

namespace dw::net {
namespace {

void set_option(int socket, int level, int name, int value) {
  setsockopt(socket, level, name, &value, sizeof value);  // if it fails, the connection is slower but works
}

void set_up(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, TcpStream::kKeepaliveIdle);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, TcpStream::kKeepaliveInterval);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, TcpStream::kKeepaliveCount);
}

MutableBytes receive_buffer() {
  thread_local std::vector<std::uint8_t> buffer(TcpStream::kMaxRead);
  return buffer;
}

}  // namespace

struct TcpStream::State : std::enable_shared_from_this<TcpStream::State> {
  State(Loop& loop, Descriptor s, Events e, bool c)
      : socket(std::move(s)),
        events(std::move(e)),
        connecting(c),
        poll(loop, socket.number(), [this](Poll::Events what) { on_events(what); }) {
    watch();
  }

  void watch() { poll.watch({.readable = !connecting, .writable = connecting || !queue.empty()}); }

  void on_events(Poll::Events what) {
    const auto alive = shared_from_this();  // a callback may destroy the stream
    if (connecting) {
      if (!finish_connecting()) return;
    } else if (what.writable && !flush()) {
      return;
    }
    if (what.readable && open) read();
  }

  bool finish_connecting() {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) {
      end(false, std::strerror(error));
      return false;
    }
    connecting = false;
    watch();
    if (events.on_connected) events.on_connected();
    return open;
  }

  void read() {
    const MutableBytes room = receive_buffer();
    const auto n = recv(socket.number(), room.data(), room.size(), 0);
    if (n > 0) {
      if (!finishing) events.on_octets(room.first(static_cast<std::size_t>(n)));
    } else if (n == 0) {
      end(failure.empty(), {});
    } else if (errno != EAGAIN && errno != EINTR) {
      end(false, std::strerror(errno));
    }
  }

  void send(Bytes octets) {
    if (!open || finishing) return;
    if (queue.empty() && !connecting) {
      const auto n = ::send(socket.number(), octets.data(), octets.size(), MSG_NOSIGNAL);
      if (n > 0) octets = octets.subspan(static_cast<std::size_t>(n));
      if (n < 0 && errno != EAGAIN && errno != EINTR) return fail_soon(std::strerror(errno));
    }
    if (octets.empty()) return;
    if (queue.size() + octets.size() > kMaxQueued) return fail_soon("the peer does not take what it is sent");
    queue.insert(queue.end(), octets.begin(), octets.end());
    watch();
  }

  /// Reports the end in the loop's next turn, as the owner is in the middle of something now. A send clears the
  /// socket's error, so its text is kept.
  void fail_soon(std::string why) {
    failure = std::move(why);
    shutdown(socket.number(), SHUT_RDWR);
  }

  bool flush() {
    const auto n = ::send(socket.number(), queue.data(), queue.size(), MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EAGAIN || errno == EINTR) return true;
      end(false, std::strerror(errno));
      return false;
    }
    queue.erase(queue.begin(), queue.begin() + n);
    if (queue.empty()) {
      queue.shrink_to_fit();  // idle connections hold no memory
      watch();
      if (finishing) shutdown(socket.number(), SHUT_WR);
    }
    return true;
  }

  void finish() {
    if (!open || std::exchange(finishing, true)) return;
    if (queue.empty() && !connecting) shutdown(socket.number(), SHUT_WR);
  }

  void end(bool clean, std::string_view why) {
    if (!std::exchange(open, false)) return;
    poll.watch({});
    if (events.on_end) events.on_end(clean, failure.empty() ? why : failure);
  }

  Descriptor socket;
  Events events;
  bool connecting;
  bool finishing = false;
  bool open = true;
  std::string failure;
  Buffer queue;
  Poll poll;
};

TcpStream::TcpStream(std::shared_ptr<State> state) : state_(std::move(state)) {}
TcpStream::TcpStream(TcpStream&&) noexcept = default;
TcpStream& TcpStream::operator=(TcpStream&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
TcpStream::~TcpStream() {
  if (!state_) return;
  state_->open = false;
  state_->poll.watch({});
}

TcpStream TcpStream::open(Loop& loop, Descriptor socket, Events events, bool connecting) {
  return TcpStream(std::make_shared<State>(loop, std::move(socket), std::move(events), connecting));
}

TcpStream TcpStream::adopt(Loop& loop, Descriptor socket, Events events) {
  return open(loop, std::move(socket), std::move(events), false);
}

Result<TcpStream> TcpStream::connect(Loop& loop, const Endpoint& to, const IpAddress& from, Events events) {
  const SocketAddress address = to_socket_address(to);
  Descriptor socket(::socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const std::string doing = "can't connect to " + to.to_string();
  if (!socket) return fail_errno(errno, doing);
  set_up(socket.number());
  if (from) {
    const SocketAddress source = to_socket_address({from, 0});
    set_option(socket.number(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (bind(socket.number(), &source.any, source.size()) != 0)
      return fail_errno(errno, doing + " from " + from.to_string());
  }
  if (::connect(socket.number(), &address.any, address.size()) != 0 && errno != EINPROGRESS)
    return fail_errno(errno, doing);
  return open(loop, std::move(socket), std::move(events), true);
}

void TcpStream::send(Bytes octets) {
  if (state_) state_->send(octets);
}
void TcpStream::finish() {
  if (state_) state_->finish();
}
void TcpStream::reset() {
  if (!state_) return;
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(state_->socket.number(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  *this = TcpStream(std::shared_ptr<State>());
}

Endpoint TcpStream::local() const {
  return state_ ? local_endpoint(state_->socket.number()) : Endpoint{};
}
Endpoint TcpStream::peer() const {
  SocketAddress address{};
  socklen_t size = sizeof address;
  if (!state_ || getpeername(state_->socket.number(), &address.any, &size) != 0) return {};
  return to_endpoint(address);
}

bool TcpStream::all_acknowledged() const {
  int waiting = 0;  // octets in the kernel that have not been acknowledged (tcp(7), SIOCOUTQ)
  return state_ && state_->open && state_->queue.empty() && ioctl(state_->socket.number(), SIOCOUTQ, &waiting) == 0 &&
         waiting == 0;
}

struct TcpListener::State {
  State(Loop& loop, Descriptor s, OnAccept callback)
      : socket(std::move(s)),
        on_accept(std::move(callback)),
        poll(loop, socket.number(), [this](Poll::Events) { accept_some(); }),
        pause(loop, [this] { poll.watch({.readable = true}); }) {
    poll.watch({.readable = true});
  }

  void accept_some() {
    for (int i = 0; i < kMaxAcceptsPerTurn; ++i) {
      SocketAddress address{};
      socklen_t size = sizeof address;
      Descriptor peer(accept4(socket.number(), &address.any, &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!peer) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) out_of_descriptors();
        return;
      }
      const Endpoint local = local_endpoint(peer.number());
      on_accept(std::move(peer), to_endpoint(address), local);
    }
  }

  /// Pauses accepting: a connection that can't be accepted would make level-triggered polling spin.
  void out_of_descriptors() {
    constexpr std::chrono::milliseconds kLookAgain{200};
    limit.warn("event=accept_failed reason=\"{}\" connections wait", std::strerror(errno));
    poll.watch({});
    pause.arm_after(kLookAgain);
  }

  Descriptor socket;
  OnAccept on_accept;
  Poll poll;
  Timer pause;
  LogLimit limit;
};

TcpListener::TcpListener(std::unique_ptr<State> state) : state_(std::move(state)) {}
TcpListener::~TcpListener() = default;
TcpListener::TcpListener(TcpListener&&) noexcept = default;
TcpListener& TcpListener::operator=(TcpListener&&) noexcept = default;

Result<TcpListener> TcpListener::open(Loop& loop, const Endpoint& where, OnAccept on_accept) {
  auto socket = listen_tcp(where);
  if (!socket) return std::unexpected(socket.error());
  set_up(socket->number());  // accepted sockets inherit it (tcp(7)), which saves a system call for each
  return TcpListener(std::make_unique<State>(loop, std::move(*socket), std::move(on_accept)));
}

Endpoint TcpListener::local() const {
  return local_endpoint(state_->socket.number());
}

}  // namespace dw::net
