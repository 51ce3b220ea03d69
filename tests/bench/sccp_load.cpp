// Phones and their call server in one process, for measuring what stands between them.
//
//   sccp_load storm PHONES SERVER VIA [PID]            all phones connect at once and register; how long
//   until all are sccp_load relay PHONES SERVER VIA SECONDS [PID]    registered phones press keys; how many
//   messages pass
//
// SERVER is where the call server listens, VIA where phones connect: the same for no proxy at all. With PID
// prints the CPU time of that process, and in storm the growth of its memory per phone. Each phone comes
// from an address of its own in 127.64.0.0/16. Speaks just as much SCCP as it needs, with tables of its own.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint32_t kRegister = 0x0001, kRegisterAck = 0x0081, kKeypad = 0x0003, kStartTone = 0x0082,
                        kStopTone = 0x0083;
constexpr std::uint32_t kTimeDateReq = 0x000d, kTimeDate = 0x0094;

/// What a server answers to what a phone asks while it registers, with sizes as on the wire.
struct Answer {
  std::uint32_t asked, answer;
  std::size_t octets;
};
constexpr Answer kAnswers[] = {{0x000e, 0x0097, 100},        {0x0028, 0x0108, 652}, {0x0025, 0x0109, 780},
                               {0x000c, 0x0093, 112},        {0x000b, 0x0092, 108}, {0x0009, 0x0090, 76},
                               {kTimeDateReq, kTimeDate, 36}};

void put32(std::string& to, std::uint32_t v) {
  for (int i = 0; i < 4; ++i)
    to.push_back(static_cast<char>(v >> (8 * i)));
}
std::string message(std::uint32_t id, std::string body) {
  std::string out;
  put32(out, static_cast<std::uint32_t>(body.size()) + 4);
  put32(out, 0);
  put32(out, id);
  return out + body;
}
std::string blank(std::uint32_t id, std::size_t octets) {
  return message(id, std::string(octets, '\0'));
}

std::string registration(unsigned phone) {
  char name[17];
  std::snprintf(name, sizeof name, "SEP00AA%08X", phone);
  std::string body(name, 16);
  put32(body, 0), put32(body, 1);
  body.append("\xC0\x00\x02\x01", 4);
  put32(body, 115), put32(body, 5), put32(body, 0), put32(body, 17);
  body.resize(124);
  return blank(0x0020, 92) + message(kRegister, body) + blank(0x0002, 4);
}

struct Counts {
  unsigned registered = 0, refused = 0, lost = 0;
  std::uint64_t messages = 0;  // that came out at either end
};

struct Peer {
  int socket = -1;
  bool is_phone = false, registered = false;
  unsigned number = 0;
  std::string held;
};

class Load {
 public:
  Load(unsigned phones, sockaddr_in server, sockaddr_in via) : via_(via), count_(phones) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&server), sizeof server) != 0 || listen(listener_, 8192) != 0)
      die("the call server's port");
    watch(listener_, EPOLLIN);
  }
  void connect_all() {
    for (unsigned n = 0; n < count_; ++n) {
      const int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      sockaddr_in from{};
      from.sin_family = AF_INET;
      from.sin_addr.s_addr = htonl(0x7f400001U + n);
      const int yes = 1;
      setsockopt(s, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
      if (s < 0 || bind(s, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0) die("a phone's socket");
      if (connect(s, reinterpret_cast<sockaddr*>(&via_), sizeof via_) != 0 && errno != EINPROGRESS) die("connect");
      Peer& p = add(s, true);
      p.number = n;
      watch(s, EPOLLOUT);
    }
  }
  /// Until `done`, or the time is up; false then.
  template <class Done>
  bool turn(Done done, Clock::time_point until) {
    epoll_event events[256];
    while (!done()) {
      if (Clock::now() > until) return false;
      const int n = epoll_wait(epoll_, events, 256, 100);
      for (int i = 0; i < n; ++i) {
        const int s = events[i].data.fd;
        if (s == listener_)
          accept_all();
        else
          on_event(s, events[i].events);
      }
    }
    return true;
  }
  void press_all() {
    pressing_ = true;
    for (std::size_t s = 0; s < peers_.size(); ++s) {
      if (peers_[s].is_phone && peers_[s].registered) write(static_cast<int>(s), blank(kKeypad, 12));
    }
  }
  Counts counts;

 private:
  [[noreturn]] static void die(const char* what) {
    std::perror(what);
    std::exit(2);
  }
  Peer& add(int s, bool phone) {
    if (static_cast<std::size_t>(s) >= peers_.size()) peers_.resize(static_cast<std::size_t>(s) + 1);
    Peer& p = peers_[static_cast<std::size_t>(s)];
    p = Peer{};
    p.socket = s;
    p.is_phone = phone;
    const int yes = 1;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return p;
  }
  void watch(int s, std::uint32_t what, int op = EPOLL_CTL_ADD) {
    epoll_event e{};
    e.events = what;
    e.data.fd = s;
    if (epoll_ctl(epoll_, op, s, &e) != 0) die("epoll_ctl");
  }
  void accept_all() {
    for (;;) {
      const int s = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (s < 0) return;
      add(s, false);
      watch(s, EPOLLIN);
    }
  }
  void write(int s, const std::string& octets) {
    if (send(s, octets.data(), octets.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(octets.size())) lose(s);
  }
  void lose(int s) {
    Peer& p = peers_[static_cast<std::size_t>(s)];
    if (p.socket < 0) return;
    if (p.is_phone) {
      ++counts.lost;
      if (p.registered) --counts.registered;
    }
    close(s);
    p = Peer{};
  }
  void on_event(int s, std::uint32_t what) {
    Peer& p = peers_[static_cast<std::size_t>(s)];
    if (p.socket < 0) return;
    if (p.is_phone && (what & EPOLLOUT)) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) return lose(s);
      watch(s, EPOLLIN, EPOLL_CTL_MOD);
      return write(s, registration(p.number));
    }
    char buffer[16384];
    const ssize_t n = recv(s, buffer, sizeof buffer, 0);
    if (n <= 0) return lose(s);
    p.held.append(buffer, static_cast<std::size_t>(n));
    std::size_t at = 0;
    while (peers_[static_cast<std::size_t>(s)].socket >= 0 && p.held.size() - at >= 12) {
      std::uint32_t length, id;
      std::memcpy(&length, p.held.data() + at, 4);
      std::memcpy(&id, p.held.data() + at + 8, 4);
      if (length < 4 || length > 4096) die("a frame that can't be");
      if (p.held.size() - at < length + 8) break;
      at += length + 8;
      ++counts.messages;
      p.is_phone ? at_phone(s, id) : at_server(s, id);
    }
    if (peers_[static_cast<std::size_t>(s)].socket >= 0) p.held.erase(0, at);
  }
  void at_server(int s, std::uint32_t id) {
    if (id == kRegister) {
      std::string body;
      put32(body, 600), body.append("D/M/Y\0\0\0", 8), put32(body, 600), put32(body, 17);
      return write(s, message(kRegisterAck, body) + blank(0x009b, 0));
    }
    if (id == kKeypad) {
      write(s, blank(kStartTone, 16));
      return write(s, blank(kStopTone, 8));
    }
    for (const Answer& a : kAnswers) {
      if (a.asked == id) return write(s, blank(a.answer, a.octets));
    }
  }
  void at_phone(int s, std::uint32_t id) {
    Peer& p = peers_[static_cast<std::size_t>(s)];
    if (id == kRegisterAck) {
      std::string asked = blank(0x0010, 100);
      for (const Answer& a : kAnswers)
        asked += blank(a.asked, a.asked == 0x000b || a.asked == 0x0009 ? 4 : 0);
      return write(s, asked);
    }
    if (id == 0x009d) ++counts.refused;
    if (id == kTimeDate && !p.registered) {
      p.registered = true;
      ++counts.registered;
    }
    if (id == kStopTone && pressing_) write(s, blank(kKeypad, 12));
  }

  sockaddr_in via_;
  unsigned count_;
  int epoll_ = -1, listener_ = -1;
  bool pressing_ = false;
  std::vector<Peer> peers_;
};

sockaddr_in endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  sockaddr_in out{};
  out.sin_family = AF_INET;
  if (colon == std::string::npos || inet_pton(AF_INET, text.substr(0, colon).c_str(), &out.sin_addr) != 1) {
    std::fprintf(stderr, "not an address and port: %s\n", text.c_str());
    std::exit(2);
  }
  out.sin_port = htons(static_cast<std::uint16_t>(std::atoi(text.c_str() + colon + 1)));
  return out;
}

/// Seconds of CPU of a process so far; 0 without one.
double cpu_of(const char* pid) {
  if (!pid) return 0;
  std::ifstream in("/proc/" + std::string(pid) + "/stat");
  std::string all((std::istreambuf_iterator<char>(in)), {});
  const std::size_t behind = all.rfind(')');
  unsigned long user = 0, system = 0;
  if (behind != std::string::npos)
    std::sscanf(all.c_str() + behind + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}
long resident_kib(const char* pid) {
  if (!pid) return 0;
  std::ifstream in("/proc/" + std::string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::atol(line.c_str() + 6);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const bool storm = mode == "storm";
  if (argc < (storm ? 5 : 6) || (!storm && mode != "relay")) {
    std::fprintf(stderr, "usage: sccp_load storm PHONES SERVER VIA [PID] | relay PHONES SERVER VIA SECONDS [PID]\n");
    return 2;
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const auto phones = static_cast<unsigned>(std::atoi(argv[2]));
  const char* pid = storm ? (argc > 5 ? argv[5] : nullptr) : (argc > 6 ? argv[6] : nullptr);
  Load load(phones, endpoint(argv[3]), endpoint(argv[4]));
  const long before = resident_kib(pid);
  const double cpu_before = cpu_of(pid);
  const auto begin = Clock::now();
  load.connect_all();
  const bool all =
      load.turn([&] { return load.counts.registered + load.counts.lost >= phones; }, begin + std::chrono::seconds(60));
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  if (storm || !all || load.counts.lost != 0) {
    std::printf("phones=%u registered=%u refused=%u lost=%u seconds=%.3f cpu=%.3f kib_per_phone=%.2f\n", phones,
                load.counts.registered, load.counts.refused, load.counts.lost, took, cpu_of(pid) - cpu_before,
                static_cast<double>(resident_kib(pid) - before) / phones);
    return load.counts.registered == phones ? 0 : 1;
  }
  const double seconds = std::atof(argv[5]);
  load.press_all();
  load.turn([] { return false; }, Clock::now() + std::chrono::milliseconds(500));  // warm
  const std::uint64_t messages = load.counts.messages;
  const double cpu = cpu_of(pid);
  const auto start = Clock::now();
  load.turn([] { return false; }, start + std::chrono::milliseconds(static_cast<long>(seconds * 1000)));
  const double ran = std::chrono::duration<double>(Clock::now() - start).count();
  const auto passed = static_cast<double>(load.counts.messages - messages);
  const double spent = cpu_of(pid) - cpu;
  std::printf("phones=%u messages_per_s=%.0f cpu=%.3f us_per_message=%.3f lost=%u\n", phones, passed / ran, spent / ran,
              spent / passed * 1e6, load.counts.lost);
  return load.counts.lost == 0 ? 0 : 1;
}
