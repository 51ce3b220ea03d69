#include "sbc/net/datagram_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <utility>

#include "sbc/net/descriptor.hpp"
#include "sbc/net/error_queue.hpp"
#include "sbc/net/poll.hpp"
#include "sbc/net/socket_address.hpp"

namespace dw::net {
namespace {

/// Room for one IP_PKTINFO or IPV6_PKTINFO control message.
struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> octets;
};

/// Sets the address of ours that the datagram leaves from. Returns the length of the control message.
std::size_t write_source(Control& control, const IpAddress& from, bool v6) {
  auto* header = reinterpret_cast<cmsghdr*>(control.octets.data());
  if (v6) {
    in6_pktinfo info{};
    info.ipi6_addr = to_in6(from);
    info.ipi6_ifindex = from.scope();
    header->cmsg_level = IPPROTO_IPV6;
    header->cmsg_type = IPV6_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(header), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
  }
  in_pktinfo info{};
  info.ipi_spec_dst = to_in(from);
  header->cmsg_level = IPPROTO_IP;
  header->cmsg_type = IP_PKTINFO;
  header->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(header), &info, sizeof info);
  return CMSG_SPACE(sizeof info);
}

void read_destination(msghdr& message, Datagram& into) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      into.local = to_ip(info.ipi_addr);
      into.interface = static_cast<std::uint32_t>(info.ipi_ifindex);
      // For a datagram sent to one of our addresses, the kernel puts that address into both.
      into.to_group = info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      const bool link_local = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr);
      into.interface = static_cast<std::uint32_t>(info.ipi6_ifindex);
      into.local = to_ip(info.ipi6_addr, link_local ? into.interface : 0);
      into.to_group = IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
    }
  }
}

template <class T>
bool set_option(int descriptor, int level, int name, T value) {
  return setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

void set_buffer(int descriptor, int forced, int plain, int octets) {
  if (!set_option(descriptor, SOL_SOCKET, forced, octets)) set_option(descriptor, SOL_SOCKET, plain, octets);
}

bool set_up(int descriptor, bool v6, const DatagramSocket::Options& options) {
  set_buffer(descriptor, SO_RCVBUFFORCE, SO_RCVBUF, options.receive_buffer);
  set_buffer(descriptor, SO_SNDBUFFORCE, SO_SNDBUF, options.send_buffer);
  const int traffic_class = options.dscp << 2;
  if (v6) {
    set_option(descriptor, IPPROTO_IPV6, IPV6_MTU_DISCOVER, int{IPV6_PMTUDISC_DONT});
    set_option(descriptor, IPPROTO_IPV6, IPV6_TCLASS, traffic_class);
    return set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
           set_option(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  }
  set_option(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, int{IP_PMTUDISC_DONT});
  set_option(descriptor, IPPROTO_IP, IP_TOS, traffic_class);
  return set_option(descriptor, IPPROTO_IP, IP_PKTINFO, 1);
}

/// The buffers of one recvmmsg, set up once.
class ReceiveBatch {
 public:
  explicit ReceiveBatch(std::size_t max_receive) : max_receive_(max_receive), octets_(kSize * max_receive) {
    for (std::size_t i = 0; i < kSize; ++i) {
      vectors_[i] = {octets_of(i).data(), max_receive};
      msghdr& m = messages_[i].msg_hdr;
      m.msg_name = &peers_[i];
      m.msg_iov = &vectors_[i];
      m.msg_iovlen = 1;
      m.msg_control = controls_[i].octets.data();
      reset(i);
    }
  }
  /// As recvmmsg: the number of datagrams, or -1 with errno.
  int receive(int descriptor) {
    for (std::size_t i = 0; i < used_; ++i)
      reset(i);
    const int count = recvmmsg(descriptor, messages_.data(), kSize, MSG_DONTWAIT, nullptr);
    used_ = static_cast<std::size_t>(std::max(count, 0));
    for (std::size_t i = 0; i < used_; ++i)
      describe(i);
    return count;
  }
  std::span<const Datagram> datagrams() const { return {datagrams_.data(), used_}; }

 private:
  static constexpr std::size_t kSize = DatagramSocket::kBatch;

  void reset(std::size_t i) {
    messages_[i].msg_hdr.msg_namelen = sizeof peers_[i];
    messages_[i].msg_hdr.msg_controllen = sizeof controls_[i].octets;
  }
  void describe(std::size_t i) {
    Datagram& d = datagrams_[i];
    d = {};
    d.peer = to_endpoint(peers_[i]);
    d.octets = octets_of(i).first(messages_[i].msg_len);
    d.truncated = (messages_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
    read_destination(messages_[i].msg_hdr, d);
  }

  MutableBytes octets_of(std::size_t i) { return MutableBytes(octets_).subspan(i * max_receive_, max_receive_); }

  std::size_t max_receive_;
  Buffer octets_;
  std::array<SocketAddress, kSize> peers_{};
  std::array<Control, kSize> controls_{};
  std::array<iovec, kSize> vectors_{};
  std::array<mmsghdr, kSize> messages_{};
  std::array<Datagram, kSize> datagrams_;
  std::size_t used_ = 0;
};

/// Where a datagram goes, and from which address of ours.
struct Route {
  SocketAddress to;
  Control control;
  std::size_t control_length = 0;
};

/// A datagram, copied, that waits until the kernel's buffer has room.
struct Kept {
  Route route;
  Buffer octets;
};

void append(Buffer& to, const iovec& from) {
  const auto* octets = static_cast<const std::uint8_t*>(from.iov_base);
  to.insert(to.end(), octets, octets + from.iov_len);
}

}  // namespace

struct DatagramSocket::State : std::enable_shared_from_this<State> {
  State(Loop& loop, Descriptor socket, bool is_v6, std::size_t max_receive)
      : descriptor(std::move(socket)),
        local(local_endpoint(descriptor.number())),
        v6(is_v6),
        poll(loop, descriptor.number(), [this](Poll::Events events) { on_events(events); }),
        incoming(max_receive) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      msghdr& m = messages[i].msg_hdr;
      m.msg_name = &routes[i].to;
      m.msg_namelen = v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
      m.msg_iov = vectors[i].data();
    }
  }

  void on_events(Poll::Events events);
  void read_errors();
  void read_batches();
  void queue(const Endpoint& to, const IpAddress& from, Bytes head, Bytes body);
  void flush();
  std::size_t hand_over(std::size_t first);
  void keep(std::size_t first);
  void send_kept();
  void watch() { poll.watch({.readable = static_cast<bool>(on_datagrams), .writable = !backlog.empty()}); }

  Descriptor descriptor;
  Endpoint local;
  bool v6;
  bool closed = false;
  Poll poll;
  std::function<void(std::span<const Datagram>)> on_datagrams;
  std::function<void(const Undelivered&)> on_undelivered;
  Stats stats;
  ReceiveBatch incoming;

  std::size_t queued = 0;  // number of datagrams in the arrays below
  std::array<Route, kBatch> routes{};
  std::array<std::array<std::uint8_t, kMaxHead>, kBatch> heads;
  std::array<std::array<iovec, 2>, kBatch> vectors{};
  std::array<mmsghdr, kBatch> messages{};

  std::deque<Kept> backlog;
  std::size_t backlog_octets = 0;
};

void DatagramSocket::State::on_events(Poll::Events events) {
  const std::shared_ptr<State> alive = shared_from_this();  // the callback may drop the socket
  if (on_undelivered) read_errors();
  if (closed) return;
  if (events.writable) send_kept();
  if (events.readable) read_batches();
}

void DatagramSocket::State::read_errors() {
  std::array<std::uint8_t, kMaxQuoted> quoted;
  for (int i = 0; i < kMaxErrorsPerTurn && !closed; ++i) {
    Undelivered undelivered;
    const QueuedError taken = take_error(descriptor.number(), quoted, undelivered);
    if (taken == QueuedError::none) return;
    if (taken == QueuedError::other) continue;
    ++stats.undelivered;
    on_undelivered(undelivered);
  }
}

void DatagramSocket::State::read_batches() {
  for (int batch = 0; batch < kMaxBatchesPerTurn && !closed && on_datagrams; ++batch) {
    const int count = incoming.receive(descriptor.number());
    ++stats.receive_calls;
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count < 0) continue;  // an ICMP error for an earlier datagram: reading it cleared it
    stats.received += static_cast<std::uint64_t>(count);
    on_datagrams(incoming.datagrams());
    if (closed) return;
    flush();
    if (static_cast<std::size_t>(count) < kBatch) return;
  }
}

void DatagramSocket::State::queue(const Endpoint& to, const IpAddress& from, Bytes head, Bytes body) {
  if (to.address.is_v6() != v6 || (from && from.is_v6() != v6)) {
    ++stats.send_errors;
    return;
  }
  const std::size_t i = queued++;
  const bool copied = head.size() <= kMaxHead;
  if (copied) std::ranges::copy(head, heads[i].begin());
  // sendmsg's iovecs are not const, but it only reads them.
  vectors[i][0] = {copied ? heads[i].data() : const_cast<std::uint8_t*>(head.data()), head.size()};
  vectors[i][1] = {const_cast<std::uint8_t*>(body.data()), body.size()};
  routes[i].to = to_socket_address(to);
  routes[i].control_length = from ? write_source(routes[i].control, from, v6) : 0;
  msghdr& m = messages[i].msg_hdr;
  m.msg_iovlen = body.empty() ? 1 : 2;
  m.msg_control = from ? routes[i].control.octets.data() : nullptr;
  m.msg_controllen = routes[i].control_length;
  if (queued == kBatch || !copied) flush();
}

void DatagramSocket::State::flush() {
  std::size_t done = 0;
  if (backlog.empty()) done = hand_over(0);
  if (done < queued) keep(done);
  queued = 0;
}

/// Passes the queued datagrams from `first` on to the kernel. Returns the index of the first that has to wait.
std::size_t DatagramSocket::State::hand_over(std::size_t first) {
  bool error_was_old = false;
  while (first < queued) {
    const int count = sendmmsg(descriptor.number(), &messages[first], static_cast<unsigned>(queued - first),
                               MSG_DONTWAIT | MSG_NOSIGNAL);
    ++stats.send_calls;
    if (count > 0) {
      first += static_cast<std::size_t>(count);
      stats.sent += static_cast<std::uint64_t>(count);
      error_was_old = false;
    } else if (errno == EAGAIN) {
      return first;
    } else if ((errno == ECONNREFUSED || on_undelivered) && !error_was_old) {
      error_was_old = true;  // for an earlier datagram; reported only once, so this one may still be sent
    } else if (errno != EINTR) {
      ++stats.send_errors;  // sendmmsg stops at the datagram that fails; the ones after it are fine
      ++first;
      error_was_old = false;
    }
  }
  return first;
}

void DatagramSocket::State::keep(std::size_t first) {
  for (std::size_t i = first; i < queued; ++i) {
    const auto& [head, body] = vectors[i];
    const std::size_t size = head.iov_len + (messages[i].msg_hdr.msg_iovlen == 2 ? body.iov_len : 0);
    if (backlog.size() >= kMaxBacklog || backlog_octets + size > kMaxBacklogOctets) {
      ++stats.send_dropped;
      continue;
    }
    Buffer octets;
    octets.reserve(size);
    append(octets, head);
    if (messages[i].msg_hdr.msg_iovlen == 2) append(octets, body);
    backlog.push_back({routes[i], std::move(octets)});
    backlog_octets += size;
  }
  watch();
}

/// The descriptor is writable: sends what waited first, in order.
void DatagramSocket::State::send_kept() {
  while (!backlog.empty()) {
    queued = std::min(backlog.size(), kBatch);
    for (std::size_t i = 0; i < queued; ++i) {
      routes[i] = backlog[i].route;
      vectors[i][0] = {backlog[i].octets.data(), backlog[i].octets.size()};
      msghdr& m = messages[i].msg_hdr;
      m.msg_iovlen = 1;
      m.msg_controllen = routes[i].control_length;
      m.msg_control = m.msg_controllen != 0 ? routes[i].control.octets.data() : nullptr;
    }
    const std::size_t wanted = queued;
    const std::size_t done = hand_over(0);
    queued = 0;
    for (std::size_t i = 0; i < done; ++i) {
      backlog_octets -= backlog.front().octets.size();
      backlog.pop_front();
    }
    if (done < wanted) break;
  }
  watch();
}

Result<DatagramSocket> DatagramSocket::open(Loop& loop, const Endpoint& bind, const Options& options) {
  const bool v6 = bind.address.is_v6();
  const auto refused = [&] { return fail_errno(errno, "can't listen on UDP " + bind.to_string()); };
  Descriptor descriptor(socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor) return refused();
  const SocketAddress address = to_socket_address(bind);
  if (!set_up(descriptor.number(), v6, options)) return refused();
  if (::bind(descriptor.number(), &address.any, address.size()) != 0) return refused();
  return DatagramSocket(std::make_shared<State>(loop, std::move(descriptor), v6, options.max_receive));
}

DatagramSocket::DatagramSocket(std::shared_ptr<State> state) : state_(std::move(state)) {}
DatagramSocket::~DatagramSocket() {
  close();
}
DatagramSocket::DatagramSocket(DatagramSocket&&) noexcept = default;

DatagramSocket& DatagramSocket::operator=(DatagramSocket&& other) noexcept {
  if (this != &other) {
    close();
    state_ = std::move(other.state_);
  }
  return *this;
}

/// The state may live on until a callback that runs in it has returned.
void DatagramSocket::close() {
  if (!state_) return;
  state_->closed = true;
  state_->queued = 0;
  state_->poll.watch({});
  state_.reset();
}

void DatagramSocket::receive(std::function<void(std::span<const Datagram>)> on_datagrams) {
  state_->on_datagrams = std::move(on_datagrams);
  state_->watch();
}

void DatagramSocket::receive_errors(std::function<void(const Undelivered&)> on_undelivered) {
  state_->on_undelivered = std::move(on_undelivered);
  if (state_->v6) {
    set_option(state_->descriptor.number(), IPPROTO_IPV6, IPV6_RECVERR, 1);
  } else {
    set_option(state_->descriptor.number(), IPPROTO_IP, IP_RECVERR, 1);
  }
}

void DatagramSocket::send(const Endpoint& to, const IpAddress& from, Bytes head, Bytes body) {
  state_->queue(to, from, head, body);
}

void DatagramSocket::flush() {
  state_->flush();
}
Endpoint DatagramSocket::local() const {
  return state_->local;
}
const DatagramSocket::Stats& DatagramSocket::stats() const {
  return state_->stats;
}

}  // namespace dw::net
