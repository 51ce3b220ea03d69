// lab_crowd SERVER SECONDS SEED [KIND=RATE]…: strangers, all at once, against a hosted Dropwire at SERVER, from
// addresses of 198.18.0.0/15 (the test routes them to this host: "ip route add local 198.18.0.0/15 dev lo"). UDP is
// sent from any of 131,072 addresses, which looks like forged sources to the receiver; TCP comes from a few. Each KIND
// has its own rate per second; 0 disables it. Prints what it sent.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint32_t kCrowd = 0xC6120000;  // 198.18.0.0/15
constexpr std::size_t kConnections = 3000;

sockaddr_in address(std::uint32_t host_order, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(host_order);
  out.sin_port = htons(port);
  return out;
}
const sockaddr* generic(const sockaddr_in& a) {
  const void* at = &a;
  return static_cast<const sockaddr*>(at);
}

class Crowd {
 public:
  Crowd(std::uint32_t server, std::uint32_t seed) : server_(server), random_(seed) {
    udp_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (udp_ < 0 || bind_to(udp_, INADDR_ANY) != 0) fail("socket");
  }

  std::uint32_t anybody() { return kCrowd + number(1U << 17U); }
  std::uint32_t one_of(std::uint32_t count) { return kCrowd + 1 + number(count); }
  std::uint32_t number(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

  void datagram(std::uint32_t from, std::uint16_t port, std::string_view octets) {
    const sockaddr_in to = address(server_, port);
    iovec piece{const_cast<char*>(octets.data()), octets.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> control{};
    msghdr message{};
    message.msg_name = const_cast<sockaddr*>(generic(to));
    message.msg_namelen = sizeof to;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = IPPROTO_IP;
    head->cmsg_type = IP_PKTINFO;
    head->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(from);
    std::memcpy(CMSG_DATA(head), &info, sizeof info);
    (void)sendmsg(udp_, &message, MSG_NOSIGNAL);
    drain();
  }

  /// Connects, sends `words`, and stays until kConnections others came after it.
  void connection(std::uint32_t from, std::uint16_t port, std::string words) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    const sockaddr_in to = address(server_, port);
    if (bind_to(fd, from) != 0 || (connect(fd, generic(to), sizeof to) != 0 && errno != EINPROGRESS)) {
      close(fd);
      return;
    }
    open_.push_back({fd, std::move(words)});
    if (open_.size() <= kConnections) return;
    close(open_.front().fd);
    open_.pop_front();
  }
  /// Sends one more octet, or the words once it is connected, and discards what was received.
  void trickle() {
    if (open_.empty()) return;
    Open& one = open_[number(static_cast<std::uint32_t>(open_.size()))];
    std::array<char, 4096> buffer{};
    while (recv(one.fd, buffer.data(), buffer.size(), MSG_DONTWAIT) > 0) {
    }
    const std::string_view words = one.words.empty() ? std::string_view("a") : std::string_view(one.words);
    if (send(one.fd, words.data(), words.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) one.words.clear();
  }

 private:
  struct Open {
    int fd = -1;
    std::string words;
  };
  [[noreturn]] static void fail(const char* what) {
    std::perror(what);
    std::exit(2);
  }
  static int bind_to(int fd, std::uint32_t host_order) {
    const sockaddr_in own = address(host_order, 0);
    return bind(fd, generic(own), sizeof own);
  }
  void drain() {
    std::array<char, 2048> buffer{};
    for (int i = 0; i < 4 && recv(udp_, buffer.data(), buffer.size(), MSG_DONTWAIT) > 0; ++i) {
    }
  }

  std::uint32_t server_;
  std::mt19937 random_;
  int udp_ = -1;
  std::deque<Open> open_;
};

std::string text_of(std::uint32_t host_order) {
  std::array<char, INET_ADDRSTRLEN> text{};
  const in_addr at{htonl(host_order)};
  inet_ntop(AF_INET, &at, text.data(), text.size());
  return text.data();
}

std::string sip(const std::string& method, std::uint32_t from, std::uint32_t n, const std::string& server,
                bool tcp = false) {
  const std::string host = text_of(from), user = "u" + std::to_string(n), number = std::to_string(n);
  std::string body;
  if (method == "INVITE")
    body = "v=0\r\no=- 1 1 IN IP4 " + host + "\r\ns=-\r\nc=IN IP4 " + host + "\r\nt=0 0\r\nm=audio 16384 RTP/AVP 0\r\n";
  return method + " sip:" + (method == "REGISTER" ? "" : "600@") + server + " SIP/2.0\r\nVia: SIP/2.0/" +
         (tcp ? "TCP " : "UDP ") + host + ":5060;branch=z9hG4bKc" + number +
         ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:" + user + "@" + server + ">;tag=c" + number +
         "\r\nTo: <sip:" + user + "@" + server + ">\r\nCall-ID: crowd" + number + "\r\nCSeq: 1 " + method +
         "\r\nContact: <sip:" + user + "@" + host + ":5060>\r\nExpires: 300\r\n" +
         (body.empty() ? "" : "Content-Type: application/sdp\r\n") + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string little(std::uint32_t value) {
  std::string out;
  for (int i = 0; i < 4; ++i)
    out += static_cast<char>(value >> (8 * i) & 0xFFU);
  return out;
}

// RegisterMessage with a name (sccp §2.1).
std::string sccp_register(const std::string& name) {
  std::string body =
      name + std::string(16 - name.size(), '\0') + std::string(24, '\0') + "\x14" + std::string(59, '\0');
  return little(static_cast<std::uint32_t>(body.size() + 4)) + little(0) + little(1) + body;
}

struct Kind {
  double rate = 0;
  std::function<void(std::uint32_t n)> act;
  std::uint32_t sent = 0;
};

std::map<std::string, Kind> kinds_of(Crowd& crowd, const std::string& server) {
  const auto read_request = [](const std::string& name) {
    return std::string("\0\1", 2) + name + std::string("\0octet\0", 7);
  };
  const auto mac = [](std::uint32_t n) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "SEP%012X", n);
    return std::string(text.data());
  };
  std::map<std::string, Kind> out;
  out["sip-garbage"] = {1500, [&crowd](std::uint32_t n) {
                          std::string junk = "XXXX sip:a SIP/2.0\r\nbad\r\n\r\n";
                          for (std::uint32_t i = 0; n % 2 == 0 && i < 100; ++i)
                            junk += static_cast<char>(crowd.number(256));
                          crowd.datagram(crowd.anybody(), 5060, junk);
                        }};
  for (const char* const method : {"REGISTER", "INVITE", "OPTIONS"})
    out[std::string("sip-") + method] = {700, [&crowd, server, method](std::uint32_t n) {
                                           const std::uint32_t from = crowd.anybody();
                                           crowd.datagram(from, 5060, sip(method, from, n, server));
                                         }};
  out["sip-one-register"] = {98, [&crowd, server](std::uint32_t n) {
                               crowd.datagram(kCrowd + 7, 5060, sip("REGISTER", kCrowd + 7, 1'000'000 + n, server));
                             }};
  out["tftp-missing"] = {700, [&crowd, read_request](std::uint32_t n) {
                           crowd.datagram(crowd.anybody(), 69, read_request("f" + std::to_string(n)));
                         }};
  out["tftp-enumeration"] = {100, [&crowd, read_request, mac](std::uint32_t n) {
                               crowd.datagram(kCrowd + 9, 69, read_request(mac(n) + ".cnf.xml"));
                             }};
  out["rtp"] = {1000, [&crowd](std::uint32_t n) {
                  std::string packet("\x80\0\0\0\0\0\0\0\xba\xdb\xad\1", 12);
                  packet[3] = static_cast<char>(n);
                  crowd.datagram(crowd.one_of(200), static_cast<std::uint16_t>(20'000 + n % 5000),
                                 packet + std::string(160, 'x'));
                }};
  out["tcp-idle"] = {60, [&crowd](std::uint32_t n) {
                       constexpr std::array<std::uint16_t, 3> kPorts{5060, 2000, 6970};
                       const std::array<std::string, 3> beginnings{
                           "INVITE sip:a SIP/2.0\r\nX: ", little(4000) + little(0) + little(1),
                           "GET /x HTTP/1.1\r\nX: "};
                       crowd.connection(crowd.one_of(200), kPorts[n % 3], beginnings[n % 3]);
                     }};
  out["http-enumeration"] = {100, [&crowd, mac](std::uint32_t n) {
                               crowd.connection(
                                   crowd.one_of(8), 6970,
                                   "GET /" + mac(n) + ".cnf.xml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
                             }};
  out["sccp-names"] = {30, [&crowd, mac](std::uint32_t n) {  // of the healthy phones, and of nobody
                         crowd.connection(crowd.one_of(20), 2000,
                                          sccp_register(mac(n % 2 == 0 ? 0x3000 + n % 40 : 0x900000 + n)));
                       }};
  out["trickle"] = {400, [&crowd](std::uint32_t) { crowd.trickle(); }};
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  in_addr server{};
  if (argc < 4 || inet_pton(AF_INET, argv[1], &server) != 1) {
    std::fputs("usage: lab_crowd SERVER SECONDS SEED [KIND=RATE]...\n", stderr);
    return 2;
  }
  Crowd crowd(ntohl(server.s_addr), static_cast<std::uint32_t>(std::atol(argv[3])));
  auto kinds = kinds_of(crowd, argv[1]);
  for (int i = 4; i < argc; ++i) {
    const std::string word = argv[i];
    const auto kind = kinds.find(word.substr(0, word.find('=')));
    if (kind == kinds.end()) {
      std::fprintf(stderr, "lab_crowd: no kind \"%s\"\n", argv[i]);
      return 2;
    }
    kind->second.rate = std::atof(word.substr(word.find('=') + 1).c_str());
  }
  std::puts("begins");
  std::fflush(stdout);
  const auto begin = Clock::now();
  const std::chrono::duration<double> length(std::atof(argv[2]));
  for (std::chrono::duration<double> gone{}; gone < length; gone = Clock::now() - begin) {
    for (auto& [name, kind] : kinds) {
      // A machine that is too slow for the rate sends less: it does not catch up.
      const auto due = static_cast<std::uint32_t>(gone.count() * kind.rate);
      for (int burst = 0; kind.sent < due && burst < 50; ++burst)
        kind.act(kind.sent++);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  for (const auto& [name, kind] : kinds)
    std::printf("sent %s=%u\n", name.c_str(), kind.sent);
  return 0;
}
