#pragma once
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <thread>

#include "nat/relay.hpp"
#include "sbc/net/descriptor.hpp"
#include "sbc/net/socket_address.hpp"

namespace dw::nat::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline IpAddress host(std::string_view text) {
  return *IpAddress::parse(text);
}

// Each party has its own loopback address.
inline const IpAddress kPhoneSide = host("127.0.1.1");
inline const IpAddress kCentralSide = host("127.0.2.1");
inline const IpAddress kPhone = host("127.0.1.50");
inline const IpAddress kServer = host("127.0.2.20");
inline const IpAddress kFarEnd = host("127.0.2.30");
inline const IpAddress kMallory = host("127.0.1.66");

/// Enough for the slowest machine; only a failing test waits this long.
inline constexpr auto kPatience = seconds(10);

/// Calls `done` again and again until it returns true. False: kPatience has passed.
template <class Done>
bool eventually(Done done) {
  const auto end = Clock::now() + kPatience;
  while (!done()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

/// An offset that tests add to the clock. Shared by all threads of the relay under test.
inline std::atomic<Duration::rep> pushed{0};
inline TimePoint pushed_clock() {
  return Clock::now() + Duration(pushed.load());
}
inline void push_time(Duration by) {
  pushed += by.count();
}

/// An RTP packet written by hand (RFC 3550 §5.1); its octets differ from those of other packets.
inline Buffer rtp(std::uint16_t sequence, std::uint32_t ssrc = 7, std::size_t octets = 160, std::uint8_t type = 0) {
  Buffer out = {0x80, type, static_cast<std::uint8_t>(sequence >> 8), static_cast<std::uint8_t>(sequence)};
  for (const std::uint32_t word : {std::uint32_t{sequence} * 160U, ssrc})
    for (int shift = 24; shift >= 0; shift -= 8)
      out.push_back(static_cast<std::uint8_t>(word >> shift));
  for (std::size_t i = 0; i < octets; ++i)
    out.push_back(static_cast<std::uint8_t>(i * 31 + sequence + ssrc));
  return out;
}
/// A receiver report without a report block, followed by an SDES with some text.
inline Buffer rtcp(std::uint8_t mark) {
  return {0x80, 201, 0, 1, 0, 0, 0, mark, 0x81, 202, 0, 1, 0, 0, 0, mark};
}

/// A party with one UDP socket.
class Peer {
 public:
  explicit Peer(const IpAddress& address, std::uint16_t port = 0)
      : socket_(::socket(address.is_v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const auto at = net::to_socket_address({address, port});
    REQUIRE(::bind(number(), &at.any, at.size()) == 0);
  }
  int number() const { return socket_.number(); }
  Endpoint at() const {
    net::SocketAddress raw{};
    socklen_t size = sizeof raw;
    REQUIRE(::getsockname(number(), &raw.any, &size) == 0);
    return net::to_endpoint(raw);
  }
  void send(const Endpoint& to, const Buffer& packet) {
    const auto address = net::to_socket_address(to);
    REQUIRE(::sendto(number(), packet.data(), packet.size(), 0, &address.any, address.size()) ==
            static_cast<ssize_t>(packet.size()));
  }
  /// The next datagram, or nothing if none comes within `patience`; sets `from` and `tos`.
  std::optional<Buffer> receive(Duration patience = kPatience) {
    pollfd waiting{number(), POLLIN, 0};
    const auto limit = std::chrono::duration_cast<milliseconds>(patience).count();
    if (::poll(&waiting, 1, static_cast<int>(limit)) != 1) return std::nullopt;
    Buffer out(65536);
    net::SocketAddress raw{};
    iovec part{out.data(), out.size()};
    alignas(cmsghdr) std::array<char, 64> control{};
    msghdr message{};
    message.msg_name = &raw.any;
    message.msg_namelen = sizeof raw;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = ::recvmsg(number(), &message, 0);
    if (length < 0) return std::nullopt;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
      if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) tos = *CMSG_DATA(c);
    from = net::to_endpoint(raw);
    out.resize(static_cast<std::size_t>(length));
    return out;
  }
  /// True if nothing has arrived. Use it only after something that was sent later has arrived.
  bool silent() { return !receive(Duration::zero()); }

  Endpoint from;
  std::optional<unsigned char> tos;

 private:
  net::Descriptor socket_;
};

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

inline std::unique_ptr<Relay> make_relay(RelayOptions options = {}) {
  options.clock = &pushed_clock;
  options.receive_buffer = 256 << 10;  // tests send in bursts, and each packet counts
  options.max_age = kPatience;         // on the slowest machine too
  auto relay = make_epoll_relay(options);
  REQUIRE(relay);
  return std::move(*relay);
}

inline StreamRequest request() {
  return {.phone_local = kPhoneSide, .central_local = kCentralSide, .phone = kPhone, .call_servers = {kServer}};
}

/// One open stream and its parties.
struct Call {
  explicit Call(Relay& through, const StreamRequest& of = request())
      : relay(through),
        phone(of.phone),
        phone_control(of.phone),
        far_end(of.central_local.is_v6() ? of.call_servers.front() : kFarEnd) {
    auto opened = relay.open(of);
    REQUIRE(opened);
    ports = *opened;
    phone_side = {of.phone_local, ports.phone_port};
    central_side = {of.central_local, ports.central_port};
  }
  Call(const Call&) = delete;
  ~Call() { relay.close(ports.id); }

  static Endpoint next(const Endpoint& e) { return {e.address, static_cast<std::uint16_t>(e.port + 1)}; }
  void name_far_end() { relay.set_far_end(ports.id, far_end.at(), {}); }
  /// Sends two packets that arrive at the far end, so the phone is latched when this returns.
  void latch() {
    for (int i = 0; i < 2; ++i) {
      phone.send(phone_side, rtp(++sequence));
      REQUIRE(far_end.receive() == rtp(sequence));
    }
  }
  bool to_phone(std::uint16_t mark) {
    far_end.send(central_side, rtp(mark, 99));
    return phone.receive() == rtp(mark, 99);
  }
  bool to_far_end() {
    phone.send(phone_side, rtp(++sequence));
    return far_end.receive() == rtp(sequence);
  }
  MediaReport report() const { return relay.report(ports.id); }

  Relay& relay;
  Peer phone, phone_control, far_end;
  StreamPorts ports;
  Endpoint phone_side, central_side;
  std::uint16_t sequence = 1000;
};

}  // namespace dw::nat::test
