// Sends RTP through a relay between two namespaces, in one thread, in both directions of every stream, and prints the
// result: rate, loss, order, delay. Packets enter and leave by packet sockets (a rule of the
// namespace drops them behind the tap), so that the parties' own UDP stacks cost nothing.
//
//   media_gen PHONE_NS SERVER_NS KEY=VALUE…
//     map=FILE      one line per stream: phone's port, relay's port to it, server's port, relay's port to that
//     streams=N     window=N  closed loop: N packets under way, as fast as they come back
//                   pps=N     open loop: N packets a second and direction
//     warm=S seconds=S        measured are the packets sent in `seconds` after `warm`
//     then=N for=S            then only N streams: recovery=… is when a half second starts in which the
//                             median delay stays under 1 ms
//     forward=1               to the other party itself, which the box between forwards
//     direct=1                over the cable between the two namespaces: what the generator itself costs
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

using Nanoseconds = std::int64_t;
constexpr std::uint32_t kMagic = 0x64776265;
constexpr unsigned kRingFrames = 32768, kFrameOctets = 512, kBlockOctets = 1 << 20;
constexpr std::size_t kBatch = 32;
constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr Nanoseconds kWindowLength = kSecond / 20;  // of the recovery's medians

Nanoseconds now() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * kSecond + t.tv_nsec;
}
[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(2);
}

struct __attribute__((packed)) Frame {
  ethhdr eth;
  iphdr ip;
  udphdr udp;
  std::uint8_t version, type;
  std::uint16_t sequence;
  std::uint32_t timestamp, ssrc;
  std::uint32_t magic, flow;
  Nanoseconds sent;
  std::uint32_t count;
  std::array<std::uint8_t, 140> rest;
};
static_assert(sizeof(Frame) == 14 + 20 + 8 + 172);

std::uint16_t checksum(const iphdr& ip) {
  std::array<std::uint16_t, 10> words;
  std::memcpy(words.data(), &ip, sizeof ip);
  std::uint32_t sum = 0;
  for (const std::uint16_t word : words)
    sum += word;
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// A packet socket on one interface of one namespace, its received frames in a ring that the kernel fills.
class Side {
 public:
  Side(const std::string& space, const char* interface) {
    const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    const int away = open(("/run/netns/" + space).c_str(), O_RDONLY | O_CLOEXEC);
    if (home < 0 || away < 0 || setns(away, CLONE_NEWNET) != 0) die(space.c_str());
    socket_ = socket(AF_PACKET, SOCK_RAW, 0);
    set(PACKET_VERSION, TPACKET_V2);
    set(PACKET_QDISC_BYPASS, 1);
    set(PACKET_IGNORE_OUTGOING, 1);
    const tpacket_req ring{kBlockOctets, kRingFrames / (kBlockOctets / kFrameOctets), kFrameOctets, kRingFrames};
    if (setsockopt(socket_, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) != 0) die("ring");
    const int buffer = 8 << 20;
    setsockopt(socket_, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
    void* memory = mmap(nullptr, std::size_t{kRingFrames} * kFrameOctets, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_POPULATE, socket_, 0);
    if (memory == MAP_FAILED) die("mmap");
    ring_ = static_cast<char*>(memory);
    sockaddr_ll at{};
    at.sll_family = AF_PACKET;
    at.sll_protocol = htons(ETH_P_ALL);
    at.sll_ifindex = static_cast<int>(if_nametoindex(interface));
    if (bind(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) die("bind");
    setns(home, CLONE_NEWNET);
    close(home);
    close(away);
  }
  template <class Take>
  void drain(Take take) {
    for (unsigned i = 0; i < 256; ++i) {
      char* at = ring_ + std::size_t{next_} * kFrameOctets;
      auto* header = reinterpret_cast<tpacket2_hdr*>(at);
      std::atomic_ref status(header->tp_status);
      if (!(status.load(std::memory_order_acquire) & TP_STATUS_USER)) return;
      if (header->tp_snaplen >= sizeof(Frame)) {
        Frame frame;
        std::memcpy(&frame, at + header->tp_mac, sizeof frame);
        if (frame.magic == kMagic) take(frame, header->tp_sec * kSecond + header->tp_nsec);
      }
      status.store(TP_STATUS_KERNEL, std::memory_order_release);
      next_ = (next_ + 1) % kRingFrames;
    }
  }
  /// How many of them left.
  std::size_t send(mmsghdr* messages, std::size_t count) const {
    std::size_t done = 0;
    while (done < count) {
      const int sent = sendmmsg(socket_, messages + done, static_cast<unsigned>(count - done), MSG_DONTWAIT);
      if (sent <= 0) break;
      done += static_cast<std::size_t>(sent);
    }
    return done;
  }
  unsigned overflowed() const {
    tpacket_stats stats{};
    socklen_t size = sizeof stats;
    getsockopt(socket_, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
    return stats.tp_drops;
  }

 private:
  void set(int option, int value) const {
    if (setsockopt(socket_, SOL_PACKET, option, &value, sizeof value) != 0) die("packet socket");
  }
  int socket_ = -1;
  char* ring_ = nullptr;
  unsigned next_ = 0;
};

double median(std::vector<std::uint32_t>& values, double part = 0.5) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at / 1000.0;  // µs
}

class Generator {
 public:
  explicit Generator(std::map<std::string, std::string> settings, const std::string& phone, const std::string& server)
      : settings_(std::move(settings)),
        direct_(number("direct", 0) != 0),
        forward_(number("forward", 0) != 0),
        streams_(static_cast<std::size_t>(number("streams", 1000))),
        sides_{Side(phone, direct_ ? "direct" : "eth0"), Side(server, direct_ ? "direct" : "eth0")} {
    make_frames();
    for (std::uint32_t flow = 0; flow < 2 * streams_; ++flow)
      order_.push_back(flow);
    std::shuffle(order_.begin(), order_.end(), std::mt19937(42));
    delays_.reserve(4'000'000);
  }

  void run() {
    const auto window = static_cast<std::size_t>(number("window", 0));
    const double pps = number("pps", 50);
    begin_ = now() + static_cast<Nanoseconds>(number("warm", 0.3) * kSecond);
    end_ = begin_ + static_cast<Nanoseconds>(number("seconds", 1) * kSecond);
    phase(end_, pps * static_cast<double>(order_.size()), window);
    switched_ = now();
    if (const auto fewer = static_cast<std::size_t>(number("then", 0))) {
      std::erase_if(order_, [&](std::uint32_t flow) { return flow % streams_ >= fewer; });
      at_ = 0;
      phase(switched_ + static_cast<Nanoseconds>(number("for", 3) * kSecond), pps * static_cast<double>(order_.size()),
            0);
    }
    for (const Nanoseconds last = now() + kSecond / 4; now() < last;)
      receive();
    print();
  }

 private:
  double number(const char* key, double otherwise) const {
    const auto found = settings_.find(key);
    return found == settings_.end() ? otherwise : std::stod(found->second);
  }
  void make_frames() {
    std::ifstream map(settings_["map"]);
    frames_.resize(2 * streams_);
    last_.resize(2 * streams_);
    for (std::uint32_t i = 0; i < streams_; ++i) {
      std::uint16_t phone = 20000, to_phone = 20000, server = 20000, to_server = 20000;
      if (forward_) {
        phone = to_server = static_cast<std::uint16_t>(20000 + i);
        server = to_phone = static_cast<std::uint16_t>(30000 + i);
      }
      if (!direct_ && !forward_ && !(map >> phone >> to_phone >> server >> to_server)) {
        std::fputs("the map is too short\n", stderr);
        std::exit(2);
      }
      fill(i, {2, 0, 0, 0, 1, 2}, {2, 0, 0, 0, 1, 1}, "10.77.1.2", forward_ ? "10.77.2.2" : "10.77.1.1", phone,
           to_phone);
      fill(static_cast<std::uint32_t>(streams_) + i, {2, 0, 0, 0, 2, 2}, {2, 0, 0, 0, 2, 1}, "10.77.2.2",
           forward_ ? "10.77.1.2" : "10.77.2.1", server, to_server);
    }
  }
  void fill(std::uint32_t flow, std::array<std::uint8_t, 6> source, std::array<std::uint8_t, 6> target,
            const char* from, const char* to, std::uint16_t from_port, std::uint16_t to_port) {
    Frame& f = frames_[flow];
    f = {};
    std::ranges::copy(source, f.eth.h_source);
    std::ranges::copy(target, f.eth.h_dest);
    f.eth.h_proto = htons(ETH_P_IP);
    f.ip.version = 4;
    f.ip.ihl = 5;
    f.ip.tos = 0xb8;
    f.ip.ttl = 64;
    f.ip.protocol = IPPROTO_UDP;
    f.ip.tot_len = htons(sizeof(Frame) - sizeof(ethhdr));
    f.ip.saddr = inet_addr(from);
    f.ip.daddr = inet_addr(to);
    f.ip.check = checksum(f.ip);
    f.udp.source = htons(from_port);
    f.udp.dest = htons(to_port);
    f.udp.len = htons(sizeof(Frame) - sizeof(ethhdr) - sizeof(iphdr));
    f.version = 0x80;
    f.ssrc = htonl(flow + 1);
    f.magic = kMagic;
    f.flow = flow;
    f.rest.fill(0x55);
  }

  /// Until `until`: at `rate` packets a second, or with `window` packets under way.
  void phase(Nanoseconds until, double rate, std::size_t window) {
    const Nanoseconds start = now();
    double issued = 0;
    Nanoseconds progress = start;
    std::uint64_t seen = received_;
    for (Nanoseconds t = start; t < until; t = now()) {
      std::size_t due = 0;
      if (window > 0) {
        if (received_ != seen || sent_ == received_ + written_off_) {
          seen = received_;
          progress = t;
        }
        std::int64_t under_way = static_cast<std::int64_t>(sent_ - received_ - written_off_);
        if (t - progress > kSecond / 50 && under_way > 0) {  // these are lost
          written_off_ += static_cast<std::uint64_t>(under_way);
          under_way = 0;
          progress = t;
        }
        const auto room = static_cast<std::int64_t>(window) - under_way;
        due = room > 0 ? static_cast<std::size_t>(room) : 0;
        if (due == 0) sched_yield();
      } else {
        const double wanted = static_cast<double>(t - start) * 1e-9 * rate - issued;
        if (wanted > rate * 0.02 + kBatch) {  // too slow: what was missed is not made up for
          skipped_ += static_cast<std::uint64_t>(wanted) - kBatch;
          issued += wanted - kBatch;
        }
        due = wanted > 0 ? static_cast<std::size_t>(wanted) : 0;
      }
      due = std::min(due, kBatch);
      if (due > 0) send(due);
      issued += static_cast<double>(due);
      receive();
    }
  }

  void send(std::size_t count) {
    std::array<std::array<mmsghdr, kBatch>, 2> messages{};
    std::array<std::array<iovec, kBatch>, 2> parts{};
    std::array<std::size_t, 2> filled{};
    for (std::size_t i = 0; i < count; ++i) {
      Frame& f = frames_[order_[at_]];
      at_ = (at_ + 1) % order_.size();
      const std::size_t side = f.flow / streams_;
      f.sequence = htons(static_cast<std::uint16_t>(++f.count));
      f.timestamp = htonl(f.count * 160);
      f.sent = now();
      if (f.sent >= begin_ && f.sent < end_) ++measured_sent_;
      const std::size_t slot = filled[side]++;
      parts[side][slot] = {&f, sizeof f};
      messages[side][slot].msg_hdr.msg_iov = &parts[side][slot];
      messages[side][slot].msg_hdr.msg_iovlen = 1;
    }
    for (std::size_t side = 0; side < 2; ++side) {
      const std::size_t done = sides_[side].send(messages[side].data(), filled[side]);
      sent_ += done;
      refused_ += filled[side] - done;
    }
  }

  void receive() {
    for (std::size_t side = 0; side < 2; ++side)
      sides_[side].drain([&](const Frame& frame, Nanoseconds at) { take(side, frame, at); });
  }
  void take(std::size_t side, const Frame& frame, Nanoseconds at) {
    const std::size_t from = frame.flow / streams_;
    if (frame.flow >= frames_.size() || from == side) return;
    ++received_;
    if (!direct_) {
      const std::size_t back = (1 - from) * streams_ + frame.flow % streams_;
      if (frame.udp.dest != frames_[back].udp.source) ++misled_;
    }
    std::uint32_t& last = last_[frame.flow];
    if (frame.count <= last) ++disordered_;
    last = std::max(last, frame.count);
    const auto delay = static_cast<std::uint32_t>(std::clamp<Nanoseconds>(at - frame.sent, 0, 4 * kSecond));
    if (frame.sent >= begin_ && frame.sent < end_) delays_.push_back(delay);
    if (switched_ == 0 || frame.sent < switched_) return;
    const auto window = static_cast<std::size_t>((frame.sent - switched_) / kWindowLength);
    if (window >= windows_.size()) windows_.resize(window + 1);
    windows_[window].push_back(delay);
  }

  void print() {
    const double seconds = static_cast<double>(end_ - begin_) * 1e-9;
    const auto got = static_cast<double>(delays_.size());
    const double loss = measured_sent_ > 0 ? 100 * (1 - got / static_cast<double>(measured_sent_)) : 100;
    std::printf(
        "sent=%.0f received=%.0f ns_per_packet=%.0f loss=%.4f p50=%.1f p99=%.1f disordered=%llu misled=%llu "
        "skipped=%llu "
        "refused=%llu overflowed=%u",
        static_cast<double>(measured_sent_) / seconds, got / seconds, got > 0 ? seconds * 1e9 / got : 0.0, loss,
        median(delays_), median(delays_, 0.99), static_cast<unsigned long long>(disordered_),
        static_cast<unsigned long long>(misled_), static_cast<unsigned long long>(skipped_),
        static_cast<unsigned long long>(refused_), sides_[0].overflowed() + sides_[1].overflowed());
    if (!windows_.empty()) {
      // A stall of the machine long after is not the relay's: half a second of calm is enough.
      constexpr std::size_t kCalm = 10;
      std::size_t at = 0, calm = 0;
      for (; at < windows_.size() && calm < kCalm; ++at)
        calm = !windows_[at].empty() && median(windows_[at]) < 1000 ? calm + 1 : 0;
      if (calm == kCalm) at -= kCalm;
      std::printf(" recovery=%.2f", static_cast<double>(static_cast<Nanoseconds>(at) * kWindowLength) * 1e-9);
    }
    std::puts("");
  }

  std::map<std::string, std::string> settings_;
  const bool direct_, forward_;
  const std::size_t streams_;
  std::array<Side, 2> sides_;  // the phones', the server's
  std::vector<Frame> frames_;  // a flow each: the phones' first
  std::vector<std::uint32_t> last_, order_;
  std::size_t at_ = 0;
  std::vector<std::uint32_t> delays_;  // ns
  std::vector<std::vector<std::uint32_t>> windows_;
  Nanoseconds begin_ = 0, end_ = 0, switched_ = 0;
  std::uint64_t sent_ = 0, received_ = 0, written_off_ = 0, measured_sent_ = 0;
  std::uint64_t disordered_ = 0, misled_ = 0, skipped_ = 0, refused_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> settings;
  for (int i = 3; i < argc; ++i) {
    const std::string word = argv[i];
    settings[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  }
  if (argc < 3) {
    std::fputs("usage: media_gen PHONE_NS SERVER_NS KEY=VALUE…\n", stderr);
    return 2;
  }
  Generator(settings, argv[1], argv[2]).run();
}
