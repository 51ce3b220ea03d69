// Fills all tables of a hosted Dropwire up to their bounds at once, and prints their entries.
// Phones (10.50.64.0/18) register, subscribe, call and send what nobody answers; strangers (198.18.0.0/15) take what
// they get; connections stay with half a message. Their SIP server and the origin of files, which lets downloads hang,
// are in here too.
//
//   full_tables DAEMON SERVER SOCKET OCTETS CONNECTIONS PID
//
// DAEMON is the address of Dropwire with its usual ports, SERVER that of SIP server (5060) and origin (6970), SOCKET
// Dropwire's control socket, OCTETS about the size of each SIP message, CONNECTIONS how many there may be to SIP's port
// and as many to SCCP's, PID Dropwire's. A line for each step: "after NAME resident=KiB", then one for each table:
// "table NAME entries bound".
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"
#include "tests/lab/sccp_stream.hpp"
#include "tests/support/sip_text.hpp"

namespace {

using namespace dw;
using namespace std::chrono_literals;

constexpr std::uint32_t kPhones = 0x0A324000, kCrowd = 0xC6120000;  // 10.50.64.0, 198.18.0.0
constexpr unsigned kPhoneAddresses = 1U << 14U, kCrowdAddresses = 1U << 17U;
constexpr std::uint16_t kSip = 5060, kHttp = 6970, kSccp = 2000, kTftp = 69;

IpAddress phone(unsigned n) {
  return IpAddress::v4(kPhones + n % kPhoneAddresses);
}
IpAddress stranger(unsigned n) {
  return IpAddress::v4(kCrowd + n % kCrowdAddresses);
}

// A UDP socket that sends from, and receives for, any address of this machine.
class Anybody {
 public:
  struct Heard {
    std::string octets;
    Endpoint from;
    IpAddress to;
  };
  explicit Anybody(std::uint16_t port) : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const int on = 1, size = 16 << 20;
    setsockopt(fd_, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    sockaddr_in own = address(IpAddress::v4(0), port);
    if (bind(fd_, generic(own), sizeof own) != 0) std::perror("full_tables: bind"), std::exit(2);
  }
  int fd() const { return fd_; }
  void send(const IpAddress& from, const Endpoint& to, std::string_view octets) const {
    sockaddr_in there = address(to.address, to.port);
    iovec piece{const_cast<char*>(octets.data()), octets.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> control{};
    msghdr message{};
    message.msg_name = &there;
    message.msg_namelen = sizeof there;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = IPPROTO_IP;
    head->cmsg_type = IP_PKTINFO;
    head->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(from.v4_host_order());
    std::memcpy(CMSG_DATA(head), &info, sizeof info);
    (void)sendmsg(fd_, &message, MSG_NOSIGNAL);
  }
  bool receive(Heard& heard) const {
    static std::array<char, 65536> buffer;
    sockaddr_in from{};
    iovec piece{buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<char, 256> control{};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = recvmsg(fd_, &message, MSG_DONTWAIT);
    if (size < 0) return false;
    heard.octets.assign(buffer.data(), static_cast<std::size_t>(size));
    heard.from = {IpAddress::v4(ntohl(from.sin_addr.s_addr)), ntohs(from.sin_port)};
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_type != IP_PKTINFO) continue;
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      heard.to = IpAddress::v4(ntohl(info.ipi_addr.s_addr));
    }
    return true;
  }

 private:
  static sockaddr_in address(const IpAddress& at, std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_addr.s_addr = htonl(at.v4_host_order());
    out.sin_port = htons(port);
    return out;
  }
  static const sockaddr* generic(const sockaddr_in& a) {
    const void* const at = &a;
    return static_cast<const sockaddr*>(at);
  }
  int fd_;
};

class Filling {
 public:
  explicit Filling(char** arguments)
      : daemon_(*IpAddress::parse(arguments[1])),
        server_(*IpAddress::parse(arguments[2])),
        socket_(arguments[3]),
        octets_(std::strtoul(arguments[4], nullptr, 10)),
        connections_(static_cast<unsigned>(std::strtoul(arguments[5], nullptr, 10))),
        pid_(arguments[6]),
        server_port_({server_, kSip}),
        origin_({server_, kHttp}),
        people_(5062),
        clients_(5064) {
    fcntl(origin_.fd(), F_SETFL, fcntl(origin_.fd(), F_GETFL) | O_NONBLOCK);
  }
  int run();

 private:
  using Table = std::map<std::string, std::pair<double, double>>;
  Table tables() const;
  long resident() const;
  void pump(Duration for_long);
  void answer(const std::string& octets, const Endpoint& from);
  void origin();
  void transfers();
  void fill(const std::string& name, const std::string& table, double part, Duration timers,
            const std::function<void(unsigned)>& one);
  std::string request(const std::string& method, const std::string& to, const IpAddress& from, const std::string& user,
                      unsigned n, const std::string& lines = {}, const std::string& body = {}) const;
  void sip(const IpAddress& from, const std::string& octets) const { people_.send(from, {daemon_, kSip}, octets); }
  void connect(const IpAddress& from, std::uint16_t port, const std::string& words);
  void say(const std::string& name) const {
    std::printf("after %s resident=%ld\n", name.c_str(), resident());
    std::fflush(stdout);
  }

  IpAddress daemon_, server_;
  std::string socket_;
  std::size_t octets_;
  unsigned connections_;
  std::string pid_;
  lab::UdpPort server_port_;
  lab::TcpListener origin_;
  Anybody people_, clients_;
  std::deque<std::pair<std::unique_ptr<lab::TcpStream>, bool>> downloads_;
  std::vector<std::unique_ptr<lab::TcpStream>> held_;
  bool finishes_ = true;  ///< transfers are acknowledged to their end; else their first block alone
};

Filling::Table Filling::tables() const {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::strncpy(at.sun_path, socket_.c_str(), sizeof at.sun_path - 1);
  const timeval patience{20, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const void* const generic = &at;
  std::string text;
  if (::connect(fd, static_cast<const sockaddr*>(generic), sizeof at) == 0) {
    const std::string get = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    (void)!::send(fd, get.data(), get.size(), MSG_NOSIGNAL);
    std::array<char, 65536> part;
    for (ssize_t size = 0; (size = recv(fd, part.data(), part.size(), 0)) > 0;)
      text.append(part.data(), static_cast<std::size_t>(size));
  }
  close(fd);
  Table out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t label = line.find("{table=\""), blank = line.rfind(' ');
    const double value = blank == std::string::npos ? 0 : std::atof(line.c_str() + blank);
    if (line.starts_with("dropwire_table_")) {
      const std::string name = line.substr(label + 8, line.find('"', label + 8) - label - 8);
      (line.starts_with("dropwire_table_entries") ? out[name].first : out[name].second) = value;
    }
    if (line.starts_with("dropwire_media_streams ")) out["media_streams"].first = value;
    if (line.starts_with("dropwire_media_streams_max ")) out["media_streams"].second = value;
    if (line.starts_with("dropwire_tftp_transfers_active ")) out["tftp_transfers"].first = value;
    if (line.starts_with("dropwire_phones ")) out["phones"].first = value;
  }
  return out;
}

long Filling::resident() const {
  std::ifstream status("/proc/" + pid_ + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
  return 0;
}

std::string Filling::request(const std::string& method, const std::string& to, const IpAddress& from,
                             const std::string& user, unsigned n, const std::string& lines,
                             const std::string& body) const {
  const std::string host = from.to_string(), us = daemon_.to_string(), number = std::to_string(n);
  std::string out = method + " sip:" + (to.empty() ? "" : to + "@") + us + " SIP/2.0\r\nVia: SIP/2.0/UDP " + host +
                    ":5062;branch=z9hG4bKf" + method + number + ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:" + user +
                    "@" + us + ">;tag=f" + number + "\r\nTo: <sip:" + (to.empty() ? user : to) + "@" + us +
                    ">\r\nCall-ID: full" + method + number + "@" + host + "\r\nCSeq: 1 " + method +
                    "\r\nContact: <sip:" + user + "@" + host + ":5062>" + (method == "REGISTER" ? lines : "") +
                    "\r\nUser-Agent: Cisco-CP7965G/9.4.2\r\n" + (method == "REGISTER" ? "" : lines);
  const std::string end = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  // What a request carries beyond: a route set, which stays with its dialog, up to its bound; then what only passes.
  const bool dialog = method == "INVITE" || method == "SUBSCRIBE";
  const std::string route =
      "Record-Route: <sip:" + server_.to_string() + ":5060;lr;x=" + std::string(180, 'r') + ">\r\n";
  for (std::size_t i = 0; dialog && i < 16 && out.size() + end.size() + route.size() < octets_; ++i)
    out += route;
  if (out.size() + end.size() + 6 < octets_)
    out += "X-F: " + std::string(octets_ - out.size() - end.size() - 6, 'x') + "\r\n";
  return out + end;
}

// ---- the central side ----

void Filling::answer(const std::string& octets, const Endpoint& from) {
  const auto m = sim::SipText::read(octets);
  if (!m || !m->is_request() || m->method() == "ACK" || m->method() == "MESSAGE") return;
  sim::SipText out = sim::sip_answer(*m, 200, "s");
  if (m->method() == "REGISTER") {
    if (sim::sip_user(sim::sip_uri(m->get("From"))).starts_with("c")) {
      out = sim::sip_answer(*m, 401, "s");
      out.add("WWW-Authenticate", "Digest realm=\"r\",nonce=\"n" + m->get("Call-ID").substr(0, 20) + "\"");
    } else {
      out.add("Contact", m->get("Contact") + ";expires=3600");
    }
  } else if (m->method() == "INVITE" || m->method() == "SUBSCRIBE") {
    out.add("Contact", "<sip:far@" + server_.to_string() + ":5060>");
    for (const std::string& route : m->all("Record-Route"))
      out.add("Record-Route", route);
    if (m->method() == "SUBSCRIBE") out.add("Expires", "3600");
    if (m->method() == "INVITE") out.with_body("application/sdp", sim::sip_sdp({server_, 30000}));
  }
  server_port_.send(from, as_bytes(out.str()));
}

// A file begins to come, and then no more of it: 512 KiB each are the octets that fetches may hold in all.
void Filling::origin() {
  constexpr std::size_t kPart = (512U << 10U) - 4096;
  static const std::string body(kPart, 'f');
  while (auto stream = origin_.accept())
    downloads_.emplace_back(std::move(stream), false);
  for (auto& [stream, said] : downloads_) {
    stream->flush();
    if (said || stream->read().empty()) continue;
    said = true;
    stream->write(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kPart + 1) + "\r\n\r\n"));
    stream->write(as_bytes(body));
  }
}

// ---- phones and strangers ----

// Blocks are acknowledged where they come from; of those that are to stay only the first.
void Filling::transfers() {
  Anybody::Heard heard;
  while (clients_.receive(heard)) {
    if (heard.octets.size() < 4 || heard.octets[1] != 3) continue;
    const bool first = heard.octets[2] == 0 && heard.octets[3] == 1;
    if (finishes_ || first) clients_.send(heard.to, heard.from, std::string("\0\4", 2) + heard.octets.substr(2, 2));
  }
}

void Filling::pump(Duration for_long) {
  const TimePoint end = Clock::now() + for_long;
  do {
    Buffer octets;
    Endpoint from;
    while (server_port_.receive(octets, from))
      answer(std::string(as_text(octets)), from);
    Anybody::Heard heard;
    while (people_.receive(heard)) {
    }
    transfers();
    origin();
    std::array<pollfd, 3> polls{
        {{server_port_.fd(), POLLIN, 0}, {people_.fd(), POLLIN, 0}, {clients_.fd(), POLLIN, 0}}};
    (void)poll(polls.data(), polls.size(), 1);
  } while (Clock::now() < end);
}

// Sends until the table has `part` of its bound, or stops growing. If each entry needs a transaction, which lasts 32 s,
// waits for room in `timers` before it tries again.
void Filling::fill(const std::string& name, const std::string& table, double part, Duration timers,
                   const std::function<void(unsigned)>& one) {
  constexpr unsigned kAtOnce = 40, kLook = 2000, kMost = 600'000;
  double before = -1;
  unsigned still = 0;
  for (unsigned n = 0; n < kMost && still < 4;) {
    for (unsigned i = 0; i < kAtOnce; ++i)
      one(n++);
    pump(4ms);
    if (n % kLook != 0) continue;
    pump(50ms);
    const auto now = tables()[table];
    if (now.first >= part * now.second && now.second > 0) break;
    still = now.first > before * 1.005 ? 0 : still + 1;
    before = std::max(before, now.first);
    if (still > 0) pump(timers);
  }
  say(name);
}

void Filling::connect(const IpAddress& from, std::uint16_t port, const std::string& words) {
  auto stream = std::make_unique<lab::TcpStream>(Endpoint{daemon_, port}, from);
  for (int i = 0; i < 200 && stream->connecting(); ++i) {
    pollfd one{stream->fd(), POLLOUT, 0};
    if (poll(&one, 1, 5) == 1) stream->settle();
  }
  stream->write(as_bytes(words));
  held_.push_back(std::move(stream));
  if (held_.size() % 20 == 0) pump(2ms);
}

int Filling::run() {
  constexpr Duration kNone{}, kTimers = 17s;
  constexpr unsigned kUsers = 20'000;  // registered ones
  say("the start");
  const std::string sdp = sim::sip_sdp({phone(0), 16384});
  const auto read_request = [](const std::string& name) {
    return std::string("\0\1", 2) + name + std::string("\0octet\0", 7);
  };
  fill("registrations", "sip_bindings", 1, kTimers, [&](unsigned n) {
    char device[64];
    std::snprintf(device, sizeof device, ";+u.sip!devicename.ccm.cisco.com=\"SEP%012X\"", n);
    sip(phone(n), request("REGISTER", "", phone(n), "p" + std::to_string(n), n,
                          device + std::string(";+u.sip!model.ccm.cisco.com=\"436\"")));
  });
  fill("known sources", "known_sources", 0.97, kNone, [&](unsigned n) {
    clients_.send(stranger(n), {daemon_, kTftp}, read_request("small.dat"));
  });
  fill("garbage from everywhere", "sip_guard_sources", 0.97, kNone,
       [&](unsigned n) { sip(stranger(n * 7), "XXXX sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n\r\n"); });
  fill("registrations of strangers", "sip_register_sources", 0.97, kTimers,
       [&](unsigned n) { sip(stranger(n), request("REGISTER", "", stranger(n), "c" + std::to_string(n), n)); });
  fill("calls", "media_streams", 1, kTimers, [&](unsigned n) {
    sip(phone(n), request("INVITE", "up", phone(n), "p" + std::to_string(n), 1'000'000 + n,
                          "Content-Type: application/sdp\r\n", sdp));
  });
  fill("subscriptions", "sip_dialogs", 1, kTimers, [&](unsigned n) {
    const unsigned p = n % kUsers;
    sip(phone(p), request("SUBSCRIBE", "box", phone(p), "p" + std::to_string(p), 2'000'000 + n,
                          "Event: message-summary\r\nExpires: 3600\r\n"));
  });
  for (unsigned n = 0; n < 280; ++n)
    connect(phone(n), kHttp, "GET /big" + std::to_string(n) + ".dat HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  for (int i = 0; i < 3000 && !held_.empty(); ++i) {
    pump(5ms);
    std::erase_if(held_, [](const auto& stream) {
      (void)stream->read();
      return stream->broken();
    });
  }
  held_.clear();
  say("files in memory");
  const std::size_t half = std::min<std::size_t>(60'000, (64UZ << 20U) / std::max(1U, connections_));
  for (unsigned n = 0; n < connections_; ++n)
    connect(n % 2 == 0 ? phone(n) : stranger(n), kSip,
            "REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK2\r\nX: " + std::string(half, 'h'));
  say("SIP connections");
  for (unsigned n = 0; n < connections_; ++n)
    connect(n % 2 == 0 ? phone(n) : stranger(n), kSccp,
            std::string("\xA0\x0F\0\0\0\0\0\0\1\0\0\0", 12) + std::string(3900, 'h'));
  say("SCCP connections");
  for (unsigned n = 0; n < 1024; ++n)
    connect(n % 2 == 0 ? phone(n) : stranger(n), kHttp, "GET /x HTTP/1.1\r\nX: " + std::string(8000, 'h'));
  say("HTTP connections");
  finishes_ = false;
  for (unsigned n = 0; n < 8192; ++n) {
    clients_.send(phone(n), {daemon_, kTftp}, read_request("big1.dat"));
    if (n % 20 == 0) pump(2ms);
  }
  say("TFTP transfers");
  fill("downloads that hang", "fetches", 1, kNone, [&](unsigned n) {
    clients_.send(phone(n), {daemon_, kTftp}, read_request("hang" + std::to_string(n)));
  });
  pump(36s);  // the subscriptions' transactions end
  fill("requests that nobody answers", "sip_transactions", 1, kNone, [&](unsigned n) {
    const unsigned p = n % kUsers;
    sip(phone(p), request("MESSAGE", "nobody", phone(p), "p" + std::to_string(p), 3'000'000 + n,
                          "Content-Type: text/plain\r\n", std::string(12'000, 'm')));
  });
  for (const auto& [name, entries] : tables())
    std::printf("table %s %.0f %.0f\n", name.c_str(), entries.first, entries.second);
  say("everything");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fputs("usage: full_tables DAEMON SERVER SOCKET OCTETS CONNECTIONS PID\n", stderr);
    return 2;
  }
  return Filling(argv).run();
}
