// tftp_load SERVER PORT FILE CLIENTS BLKSIZE SIZE [SECONDS]: CLIENTS downloads at the same time, each
// from a port of its own, lock-step, in one thread, and how long they took. Ends after SECONDS at most.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
constexpr auto kAgainAfter = std::chrono::seconds(1);

struct Load {
  sockaddr_in server{};
  std::string request;
  std::size_t blksize = 512;
  std::size_t size = 0;
};

std::string read_request(const std::string& file, const std::string& blksize) {
  std::string octets("\0\1", 2);
  octets += file + '\0' + "octet" + '\0';
  if (blksize != "512") octets += std::string("blksize") + '\0' + blksize + '\0';
  return octets;
}

class Client {
 public:
  explicit Client(const Load& load) : load_(load), server_(load.server), blksize_(512) {
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
      std::perror("socket");
      std::exit(2);
    }
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  int fd() const { return fd_; }
  bool done() const { return done_; }
  bool right() const { return done_ && octets_ == load_.size; }
  std::uint64_t packets() const { return packets_; }
  std::uint64_t octets() const { return octets_; }
  std::uint64_t sent_again() const { return sent_again_; }
  std::uint64_t send_errors() const { return send_errors_; }
  Seconds took() const { return last_ - begun_; }

  void start() {
    begun_ = Clock::now();
    last_packet_ = load_.request;
    send();
  }

  // One datagram: lock-step has no second one waiting, and asking for it would cost as much as the first.
  void on_readable() {
    static std::array<unsigned char, 65536> buffer;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    void* at = &from;
    const ssize_t count = recvfrom(fd_, buffer.data(), buffer.size(), 0, static_cast<sockaddr*>(at), &size);
    if (count >= 4 && !done_) take(from, {buffer.data(), static_cast<std::size_t>(count)});
  }

  void on_time(Clock::time_point now) {
    if (done_ || now - last_ < kAgainAfter) return;
    ++sent_again_;
    send();
  }

 private:
  struct Octets {
    const unsigned char* data;
    std::size_t size;
  };
  // A send that fails is a packet lost: the timer sends it again.
  void send() {
    last_ = Clock::now();
    const void* to = &server_;
    const ssize_t sent = tid_known_ ? ::send(fd_, last_packet_.data(), last_packet_.size(), 0)
                                    : sendto(fd_, last_packet_.data(), last_packet_.size(), 0,
                                             static_cast<const sockaddr*>(to), sizeof server_);
    send_errors_ += sent < 0;
  }

  void acknowledge(std::uint64_t number) {
    last_packet_ = {0, 4, static_cast<char>(number >> 8 & 0xff), static_cast<char>(number & 0xff)};
    send();
  }

  void take(const sockaddr_in& from, Octets octets) {
    ++packets_;
    const void* tid = &from;
    if (!tid_known_) tid_known_ = connect(fd_, static_cast<const sockaddr*>(tid), sizeof from) == 0;
    const auto number = static_cast<std::uint16_t>(octets.data[2] << 8 | octets.data[3]);
    if (octets.data[1] == 6 && next_ == 1) {
      take_oack(octets);
      acknowledge(0);
    } else if (octets.data[1] == 3 && number == static_cast<std::uint16_t>(next_)) {
      octets_ += octets.size - 4;
      ++next_;
      done_ = octets.size - 4 < blksize_;
      acknowledge(number);
    } else if (octets.data[1] == 5) {
      std::fprintf(stderr, "ERROR %u\n", number);
      done_ = true;
    }
  }

  // blksize is the only option that is asked for.
  void take_oack(Octets octets) {
    static constexpr std::array<char, 8> kName{'b', 'l', 'k', 's', 'i', 'z', 'e', '\0'};
    const unsigned char* end = octets.data + octets.size;
    const auto* at = std::search(octets.data + 2, end, kName.begin(), kName.end());
    if (at == end) return;
    blksize_ = 0;
    for (at += kName.size(); at != end && *at >= '0' && *at <= '9'; ++at) {
      blksize_ = blksize_ * 10 + static_cast<std::size_t>(*at - '0');
    }
  }

  const Load& load_;
  int fd_ = -1;
  sockaddr_in server_;
  std::size_t blksize_;
  bool tid_known_ = false;
  bool done_ = false;
  std::uint64_t next_ = 1;
  std::uint64_t octets_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t sent_again_ = 0;
  std::uint64_t send_errors_ = 0;
  std::string last_packet_;
  Clock::time_point begun_;
  Clock::time_point last_;
};

class Run {
 public:
  Run(const Load& load, std::size_t count) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    clients_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      clients_.push_back(std::make_unique<Client>(load));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, clients_.back()->fd(), &event);
    }
  }
  ~Run() { close(epoll_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void run(Seconds limit) {
    begun_ = Clock::now();
    for (auto& client : clients_)
      client->start();
    auto looked = begun_;
    std::size_t open = clients_.size();
    while (open > 0 && Clock::now() - begun_ < limit) {
      open -= turn();
      const auto now = Clock::now();
      if (now - looked < std::chrono::milliseconds(250)) continue;
      looked = now;
      for (auto& client : clients_)
        client->on_time(now);
    }
    ended_ = Clock::now();
  }

  int report() const {
    std::vector<double> times;
    std::uint64_t octets = 0, packets = 0, sent_again = 0, send_errors = 0;
    for (const auto& client : clients_) {
      octets += client->octets();
      packets += client->packets();
      sent_again += client->sent_again();
      send_errors += client->send_errors();
      if (client->right()) times.push_back(client->took().count());
    }
    std::ranges::sort(times);
    const double wall = Seconds(ended_ - begun_).count();
    const double median = times.empty() ? 0 : times[times.size() / 2];
    const double slowest = times.empty() ? 0 : times.back();
    std::printf(
        "ok=%zu/%zu wall=%.3f mb_per_s=%.2f packets_per_s=%.0f sent_again=%llu send_errors=%llu median=%.3f "
        "slowest=%.3f\n",
        times.size(), clients_.size(), wall, static_cast<double>(octets) / wall / 1e6,
        static_cast<double>(packets) / wall, static_cast<unsigned long long>(sent_again),
        static_cast<unsigned long long>(send_errors), median, slowest);
    return times.size() == clients_.size() ? 0 : 1;
  }

 private:
  // Gives how many clients ended.
  std::size_t turn() {
    std::array<epoll_event, 256> events{};
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 50);
    std::size_t ended = 0;
    for (int i = 0; i < count; ++i) {
      Client& client = *clients_[events[static_cast<std::size_t>(i)].data.u64];
      const bool before = client.done();
      client.on_readable();
      ended += client.done() && !before;
    }
    return ended;
  }

  int epoll_;
  std::vector<std::unique_ptr<Client>> clients_;
  Clock::time_point begun_;
  Clock::time_point ended_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7 || argc > 8) {
    std::fputs("usage: tftp_load SERVER PORT FILE CLIENTS BLKSIZE SIZE [SECONDS]\n", stderr);
    return 2;
  }
  rlimit files{65536, 65536};
  setrlimit(RLIMIT_NOFILE, &files);
  Load load;
  load.server.sin_family = AF_INET;
  load.server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  if (inet_pton(AF_INET, argv[1], &load.server.sin_addr) != 1) return 2;
  load.request = read_request(argv[3], argv[5]);
  load.size = static_cast<std::size_t>(std::atol(argv[6]));
  Run run(load, static_cast<std::size_t>(std::atoi(argv[4])));
  run.run(Seconds(argc > 7 ? std::atof(argv[7]) : 120));
  return run.report();
}
