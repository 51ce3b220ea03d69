// lab_shim TAP_A TAP_B CONF: carries Ethernet frames between two taps that it creates, with the delay, loss
// and rate of a WAN. CONF has lines "name value" and is read again at SIGHUP. ARP is delayed but never lost.
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

volatile std::sig_atomic_t reload = 1;
volatile std::sig_atomic_t quit = 0;

/// What the WAN does to each direction. Shares are in parts per million of the IP packets.
struct Wan {
  microseconds delay{0};
  microseconds jitter{0};
  unsigned long loss = 0;
  unsigned long duplicate = 0;
  unsigned long reorder = 0;  ///< these skip the delay
  long rate_kbps = 0;         ///< 0: no limit
  unsigned seed = 1;
};

Wan read_conf(const char* path) {
  std::map<std::string, long> values;
  std::ifstream in(path);
  std::string name;
  for (long value = 0; in >> name >> value;)
    values[name] = std::max(value, 0L);
  return {.delay = microseconds(values["delay_us"]),
          .jitter = microseconds(values["jitter_us"]),
          .loss = static_cast<unsigned long>(values["loss_ppm"]),
          .duplicate = static_cast<unsigned long>(values["dup_ppm"]),
          .reorder = static_cast<unsigned long>(values["reorder_ppm"]),
          .rate_kbps = values["rate_kbps"],
          .seed = static_cast<unsigned>(values["seed"] + 1)};
}

int open_tap(const char* name) {
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::string(name).copy(request.ifr_name, IFNAMSIZ - 1);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) {
    std::perror(name);
    std::exit(1);
  }
  return fd;
}

struct Frame {
  Clock::time_point due;
  std::uint64_t number = 0;
  std::size_t to = 0;
  std::vector<std::uint8_t> octets;
  bool operator<(const Frame& other) const {  // for a queue that gives the earliest first
    return due != other.due ? due > other.due : number > other.number;
  }
};

class Shim {
 public:
  Shim(const char* a, const char* b) : taps_{open_tap(a), open_tap(b)} {}

  void configure(const Wan& wan) {
    wan_ = wan;
    random_.seed(wan.seed);
  }

  void turn() {
    deliver();
    std::array<pollfd, 2> polls{{{taps_[0], POLLIN, 0}, {taps_[1], POLLIN, 0}}};
    if (ppoll(polls.data(), polls.size(), until_next().get(), nullptr) <= 0) return;
    for (std::size_t side = 0; side < 2; ++side) {
      if (polls[side].revents & POLLIN) take(side);
    }
  }

 private:
  static constexpr int kFramesPerTurn = 64;
  static constexpr std::size_t kQueueMax = 100'000;

  std::unique_ptr<timespec> until_next() const {
    if (queue_.empty()) return nullptr;
    const auto left = std::max(queue_.top().due - Clock::now(), Clock::duration::zero());
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
    return std::make_unique<timespec>(timespec{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000});
  }

  void deliver() {
    while (!queue_.empty() && queue_.top().due <= Clock::now()) {
      const Frame& frame = queue_.top();
      // A full or downed interface loses frames, as a WAN does.
      if (write(taps_[frame.to], frame.octets.data(), frame.octets.size()) < 0) ++undelivered_;
      queue_.pop();
    }
  }

  bool hit(unsigned long per_million) { return per_million > 0 && random_() % 1'000'000 < per_million; }

  void take(std::size_t side) {
    for (int i = 0; i < kFramesPerTurn; ++i) {
      const ssize_t count = read(taps_[side], buffer_.data(), buffer_.size());
      if (count <= 0) return;
      const auto size = static_cast<std::size_t>(count);
      const bool ip =
          size > 14 && ((buffer_[12] == 0x08 && buffer_[13] == 0x00) || (buffer_[12] == 0x86 && buffer_[13] == 0xdd));
      if ((ip && hit(wan_.loss)) || queue_.size() >= kQueueMax) continue;
      const int copies = ip && hit(wan_.duplicate) ? 2 : 1;
      for (int copy = 0; copy < copies; ++copy)
        enqueue(side, size, ip && hit(wan_.reorder));
    }
  }

  void enqueue(std::size_t side, std::size_t size, bool early) {
    Clock::time_point due = Clock::now();
    if (wan_.rate_kbps > 0) {
      const auto bits = static_cast<long>(size) * 8;
      busy_until_[side] = std::max(busy_until_[side], due) + microseconds(bits * 1000 / wan_.rate_kbps);
      due = busy_until_[side];
    }
    if (!early) due += wan_.delay;
    if (wan_.jitter.count() > 0) due += microseconds(random_() % static_cast<unsigned long>(wan_.jitter.count() + 1));
    queue_.push({due, number_++, 1 - side, {buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size)}});
  }

  std::array<int, 2> taps_;
  Wan wan_;
  std::mt19937 random_;
  std::priority_queue<Frame> queue_;
  std::array<Clock::time_point, 2> busy_until_{};
  std::uint64_t number_ = 0;
  std::uint64_t undelivered_ = 0;
  std::array<std::uint8_t, 65536> buffer_{};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: lab_shim TAP_A TAP_B CONF\n", stderr);
    return 2;
  }
  struct sigaction action {};
  action.sa_handler = [](int signal) { (signal == SIGHUP ? reload : quit) = 1; };
  for (const int signal : {SIGHUP, SIGTERM, SIGINT})
    sigaction(signal, &action, nullptr);
  static Shim shim(argv[1], argv[2]);
  std::puts("ready");
  std::fflush(stdout);
  while (!quit) {
    if (reload) {
      reload = 0;
      shim.configure(read_conf(argv[3]));
    }
    shim.turn();
  }
  return 0;
}
