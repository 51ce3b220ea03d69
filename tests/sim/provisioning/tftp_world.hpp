#pragma once
// A TFTP server, a lossy network and some phones in virtual time, from a seed. The phone's side is written
// from the RFCs alone and shares no code with the server.
#include <cstdint>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "tftp-proxy/core/tftp_sessions.hpp"

namespace dw::tftp::sim {

using namespace std::chrono_literals;

/// Both ways alike; percentages.
struct Link {
  unsigned loss = 0;
  unsigned duplicate_up = 0;  ///< phone to server
  unsigned duplicate_down = 0;
  unsigned reorder = 0;  ///< so many take up to two one-way times longer
  Duration one_way = 20ms;
};

struct PhoneOptions {
  std::uint16_t port = 49152;
  unsigned blksize = 0;  ///< 0: not asked
  unsigned window = 0;   ///< 0: not asked
  Duration timeout = 3s;
  unsigned tries = 12;
  Duration ack_delay{};  ///< of a slow one, before each ACK but the first
};

/// A client of RFC 1350 and 7440: acknowledges each DATA again when it comes again, and in a window what it
/// has when something is missing.
class Phone {
 public:
  enum class State { asking, reading, done, failed };

  Phone(std::string file, const PhoneOptions& options) : options_(options), file_(std::move(file)) {
    blksize_ = 512;
    last_ = request();
  }

  const std::string& first() const { return last_; }
  /// What it sends in answer, or nothing.
  std::string receive(const std::string& p) {
    tries_ = 0;
    if (p.size() < 4 || state_ == State::failed) return {};
    if (p[1] == 5) {
      state_ = State::failed;
      return {};
    }
    if (p[1] == 6) return state_ == State::asking || next_ == 1 ? agree(p) : std::string();
    if (p[1] == 3) return data(p);
    return {};
  }
  /// Its timer: the last packet again, or nothing when it has given up.
  std::string again() {
    if (state_ == State::done || state_ == State::failed) return {};
    if (++tries_ > options_.tries) {
      state_ = State::failed;
      return {};
    }
    in_window_ = 0;
    return last_;
  }

  State state() const { return state_; }
  const std::vector<std::uint8_t>& octets() const { return octets_; }
  std::uint64_t acks() const { return acks_; }
  std::uint64_t datas() const { return datas_; }
  const PhoneOptions& options() const { return options_; }

 private:
  std::string request() const {
    std::string p("\0\1", 2);
    p += file_ + '\0' + "octet" + '\0';
    if (options_.blksize != 0) p += std::string("blksize") + '\0' + std::to_string(options_.blksize) + '\0';
    if (options_.window != 0) p += std::string("windowsize") + '\0' + std::to_string(options_.window) + '\0';
    return p;
  }
  std::string agree(const std::string& p) {
    for (std::size_t at = 2; at < p.size();) {
      const std::string name(p.c_str() + at);
      at += name.size() + 1;
      const std::string value(p.c_str() + at);
      at += value.size() + 1;
      if (name == "blksize") blksize_ = static_cast<unsigned>(std::stoul(value));
      if (name == "windowsize") window_ = static_cast<unsigned>(std::stoul(value));
    }
    state_ = State::reading;
    return ack(0);
  }
  std::string data(const std::string& p) {
    ++datas_;
    if (state_ == State::asking) state_ = State::reading;
    const auto high = static_cast<unsigned char>(p[2]), low = static_cast<unsigned char>(p[3]);
    const unsigned number = high * 256U + low;
    if (state_ == State::done || number != next_ % 65536) {
      in_window_ = 0;
      if (window_ == 1 && number != (next_ - 1) % 65536) return {};
      return ack(next_ - 1);
    }
    octets_.insert(octets_.end(), p.begin() + 4, p.end());
    ++next_;
    const bool end = p.size() - 4 < blksize_;
    if (end) state_ = State::done;
    if (!end && ++in_window_ < window_) return {};
    in_window_ = 0;
    return ack(next_ - 1);
  }
  std::string ack(std::uint64_t block) {
    ++acks_;
    last_ = {0, 4, static_cast<char>(block % 65536 / 256), static_cast<char>(block % 256)};
    return last_;
  }

  PhoneOptions options_;
  std::string file_;
  std::string last_;
  State state_ = State::asking;
  std::vector<std::uint8_t> octets_;
  unsigned blksize_, window_ = 1, in_window_ = 0, tries_ = 0;
  std::uint64_t next_ = 1, acks_ = 0, datas_ = 0;
};

class World {
 public:
  World(unsigned seed, const Link& link, std::size_t file_size, const SessionsOptions& options = {})
      : sessions(options, known), link_(link), random_(seed) {
    std::vector<std::uint8_t> octets(file_size);
    for (std::size_t i = 0; i < file_size; ++i)
      octets[i] = static_cast<std::uint8_t>(i * 7 + i / 241 + i / 65537);
    file_ = octets;
    content_ = provisioning::Content::of(std::move(octets), {});
  }

  KnownSources known{1};
  Sessions sessions;
  TimePoint now{1h};
  std::vector<TransferReport> ended;
  std::uint64_t lost = 0;  ///< packets of either way

  /// A phone behind a router that shows it as `outside`.
  std::size_t add(const PhoneOptions& options) {
    const auto index = homes_.size();
    const std::uint16_t port = options.port;
    homes_.push_back({std::make_unique<Phone>("firmware.sbn", options), {IpAddress::v4(0xc6336407), port}, {}});
    up(index, homes_.back().phone->first());
    return index;
  }
  Phone& phone(std::size_t index) { return *homes_[index].phone; }
  bool whole(std::size_t index) { return phone(index).state() == Phone::State::done && phone(index).octets() == file_; }
  /// The router restarts: what goes out has a new port, and what comes to the old one is lost.
  void reboot_router(std::size_t index, std::uint16_t new_port) { homes_[index].outside.port = new_port; }

  bool busy() const { return !events_.empty() || sessions.active() > 0; }
  void run(Duration at_most) {
    const TimePoint end = now + at_most;
    while (step(end)) {
    }
    now = std::min(now, end);
  }
  /// One thing after the other until nothing is left to happen, or `end`.
  bool step(TimePoint end) {
    const auto deadline = sessions.next_deadline();
    const bool timer_first = deadline && (events_.empty() || *deadline <= events_.top().at);
    if (!timer_first && events_.empty()) return false;
    const TimePoint next = timer_first ? *deadline : events_.top().at;
    if (next > end) return false;
    now = std::max(now, next);
    if (timer_first) {
      sessions.on_deadline(now, out_);
      perform();
    } else {
      const Event event = events_.top();
      events_.pop();
      happen(event);
    }
    return true;
  }

 private:
  enum class Kind { up, down, phone_timer, phone_sends };
  struct Event {
    TimePoint at;
    std::uint64_t order = 0;
    Kind kind{};
    std::size_t home = 0;
    Endpoint endpoint;  ///< the outside that it goes to, or comes from
    std::string octets;
    std::uint64_t timer = 0;
    bool operator<(const Event& other) const { return std::tie(at, order) > std::tie(other.at, other.order); }
  };
  struct Home {
    std::unique_ptr<Phone> phone;
    Endpoint outside;
    std::uint64_t timer = 0;  ///< the number of the one that counts
  };

  bool chance(unsigned percent) { return percent != 0 && random_() % 100 < percent; }
  void add_event(Event event, Duration after) {
    event.at = now + after;
    event.order = ++order_;
    events_.push(std::move(event));
  }
  void travel(const Event& event, unsigned duplicate) {
    for (int copies = chance(duplicate) ? 2 : 1; copies > 0; --copies) {
      if (chance(link_.loss)) {
        ++lost;
        continue;
      }
      Duration delay = link_.one_way;
      if (chance(link_.reorder)) delay += link_.one_way * (random_() % 200) / 100;
      add_event(event, delay);
    }
  }
  void up(std::size_t home, const std::string& octets) {
    Home& h = homes_[home];
    add_event({{}, 0, Kind::phone_timer, home, {}, {}, ++h.timer}, h.phone->options().timeout);
    travel({{}, 0, Kind::up, home, h.outside, octets, 0}, link_.duplicate_up);
  }
  void happen(const Event& event) {
    Home& home = homes_[event.home];
    switch (event.kind) {
      case Kind::up: {
        const Bytes octets = as_bytes(event.octets);
        sessions.on_datagram(now, {event.endpoint, server_, 0, false, false, octets}, out_);
        perform();
        break;
      }
      case Kind::down:
        if (home.outside != event.endpoint) break;
        if (auto reply = home.phone->receive(event.octets); !reply.empty()) {
          if (home.phone->options().ack_delay == Duration::zero() || home.phone->acks() == 1) {
            up(event.home, reply);
          } else {
            add_event({{}, 0, Kind::phone_sends, event.home, {}, std::move(reply), 0}, home.phone->options().ack_delay);
          }
        }
        break;
      case Kind::phone_sends:
        up(event.home, event.octets);
        break;
      case Kind::phone_timer:
        if (event.timer != home.timer) break;
        if (const auto again = home.phone->again(); !again.empty()) up(event.home, again);
        break;
    }
  }
  void perform() {
    while (!out_.empty()) {
      for (const auto& d : out_.datagrams) {
        for (std::size_t i = 0; i < homes_.size(); ++i) {
          if (homes_[i].outside != d.to) continue;
          std::string octets(as_text(d.head_octets()));
          octets += as_text(d.body);
          travel({{}, 0, Kind::down, i, d.to, std::move(octets), 0}, link_.duplicate_down);
        }
      }
      for (auto& report : out_.ended)
        ended.push_back(std::move(report));
      const auto opens = std::move(out_.opens);
      out_.clear();
      for (const auto& open : opens)
        sessions.on_content(now, open.session, content_, out_);
    }
  }

  Link link_;
  std::mt19937 random_;
  Endpoint server_{IpAddress::v4(0xc0000245), 69};
  std::vector<std::uint8_t> file_;
  provisioning::ContentPtr content_;
  Outbox out_;
  std::vector<Home> homes_;
  std::priority_queue<Event> events_;
  std::uint64_t order_ = 0;
};

}  // namespace dw::tftp::sim
