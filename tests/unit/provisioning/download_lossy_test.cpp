#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "download_server.hpp"
#include "tftp-proxy/core/tftp_download.hpp"

using namespace dw;
using namespace dw::tftp;
using namespace dw::tftp::test;

namespace {

struct Network {
  double loss = 0, duplicate = 0;
  long delay_ms = 25, jitter_ms = 0;  // one way; jitter above the spacing of packets reorders them
};

/// A windowed server by RFC 7440 §4, in a few lines: sends a window, goes on at each ACK that moves it, sends
/// the rest again after its own second of silence. Each RRQ gets a session, and a TID, of its own.
class Server {
 public:
  Server(std::string file, unsigned blksize, unsigned windowsize)
      : file_(std::move(file)), blksize_(blksize), windowsize_(windowsize) {}

  struct Session {
    std::uint64_t acked = 0;
    bool negotiated = false, over = false;
    long resend_at = 0;
    int silent = 0;
  };
  using Out = std::vector<std::pair<std::uint16_t, Buffer>>;  // from port

  void receive(long now, std::uint16_t port, const Buffer& p, Out& out) {
    if (p[1] == 1) {
      const auto tid = static_cast<std::uint16_t>(4000 + sessions_.size());
      sessions_[tid].resend_at = now + 1000;
      out.emplace_back(tid, offer());
      return;
    }
    const auto at = sessions_.find(port);
    if (at == sessions_.end()) return;
    Session& s = at->second;
    if (p[1] == 5) s.over = true;
    if (p[1] != 4 || s.over) return;
    const std::uint64_t before = s.acked;
    const unsigned block = static_cast<unsigned>(p[2]) << 8U | p[3];
    const auto step = static_cast<std::uint16_t>(block - static_cast<std::uint16_t>(s.acked));
    if (step > windowsize_) return;
    const bool first = !s.negotiated;
    s.negotiated = true;
    s.silent = 0;
    s.acked += step;
    if (s.acked >= blocks()) {
      s.over = true;
      return;
    }
    // A repeated ACK shows a gap behind it (windowed), and says nothing in lock-step (Sorcerer's Apprentice).
    if (s.acked == before && !first && windowsize_ == 1) return;
    send(now, port, s, out);
  }
  void tick(long now, Out& out) {
    for (auto& [port, s] : sessions_) {
      if (s.over || now < s.resend_at) continue;
      if (++s.silent > 30) {
        s.over = true;
      } else if (s.negotiated) {
        send(now, port, s, out);
      } else {
        s.resend_at = now + 1000;
        out.emplace_back(port, offer());
      }
    }
  }
  std::uint64_t data_sent = 0;

 private:
  std::uint64_t blocks() const { return file_.size() / blksize_ + 1; }
  Buffer offer() const {
    return oack({{"tsize", std::to_string(file_.size())},
                 {"blksize", std::to_string(blksize_)},
                 {"windowsize", std::to_string(windowsize_)}});
  }
  void send(long now, std::uint16_t port, Session& s, Out& out) {
    for (std::uint64_t b = s.acked + 1; b <= std::min(s.acked + windowsize_, blocks()); ++b) {
      out.emplace_back(port, data(static_cast<unsigned>(b & 0xffffU), file_.substr((b - 1) * blksize_, blksize_)));
      ++data_sent;
    }
    s.resend_at = now + 1000;
  }

  std::string file_;
  unsigned blksize_, windowsize_;
  std::map<std::uint16_t, Session> sessions_;
};

struct Outcome {
  std::string received;
  bool whole = false;
  long took_ms = 0;
  std::uint64_t data_sent = 0;
};

Outcome fetch(std::size_t octets, unsigned blksize, unsigned windowsize, const Network& network, unsigned seed) {
  std::mt19937 random(seed);
  const auto chance = [&](double p) { return std::uniform_real_distribution<>(0, 1)(random) < p; };
  Server server(body_of(octets), blksize, windowsize);
  Download::Options o;
  o.name = "f";
  o.server = kServer;
  o.first_answer_within = std::chrono::seconds(30);
  Download download(o);

  struct Flying {
    bool to_server;
    std::uint16_t port;
    Buffer octets;
  };
  std::multimap<long, Flying> flying;
  const auto launch = [&](long now, Flying f) {
    for (int copies = chance(network.duplicate) ? 2 : 1; copies > 0; --copies) {
      if (chance(network.loss)) continue;
      const long jitter =
          network.jitter_ms == 0 ? 0 : static_cast<long>(random() % static_cast<unsigned>(network.jitter_ms));
      flying.emplace(now + network.delay_ms + jitter, f);
    }
  };
  Outcome outcome;
  const auto perform = [&](long now, const Download::Actions& actions) {
    for (const auto& s : actions.sends)
      launch(now, {true, s.to.port, s.octets});
    outcome.received += as_text(actions.data);
    if (actions.end) {
      outcome.whole = actions.end->has_value();
      outcome.took_ms = now;
    }
    return actions.end.has_value();
  };
  perform(0, download.start(at_ms(0)));
  for (long now = 0; now < 600'000; ++now) {
    REQUIRE(flying.size() < 10'000);
    Server::Out out;
    bool ended = false;
    for (auto f = flying.begin(); f != flying.end() && f->first <= now && !ended; f = flying.erase(f)) {
      if (f->second.to_server) {
        server.receive(now, f->second.port, f->second.octets, out);
      } else {
        ended = perform(now, download.on_datagram(at_ms(now), {kServer.address, f->second.port}, f->second.octets));
      }
    }
    if (!ended && download.next_deadline() && *download.next_deadline() <= at_ms(now)) {
      ended = perform(now, download.on_deadline(at_ms(now)));
    }
    server.tick(now, out);
    for (auto& [port, packet] : out)
      launch(now, {false, port, std::move(packet)});
    if (ended) break;
  }
  outcome.data_sent = server.data_sent;
  return outcome;
}

}  // namespace

TEST_CASE("sizes around the edges of blocks and windows arrive byte-exact") {
  for (const std::size_t size : {0U, 1U, 511U, 512U, 513U, 1024U, 512U * 15, 512U * 16, 512U * 16 + 1, 512U * 33}) {
    CAPTURE(size);
    const Outcome o = fetch(size, 512, 16, {}, 1);
    CHECK(o.whole);
    CHECK(o.received == body_of(size));
    CHECK(o.data_sent == size / 512 + 1);
  }
}

TEST_CASE("loss, duplicates and reordering cost time and never an octet") {
  constexpr std::size_t kSize = 200'000;
  const std::string file = body_of(kSize);
  for (const unsigned window : {1U, 4U, 16U}) {
    for (const Network& network : {Network{0.02, 0, 25, 0}, Network{0.10, 0, 25, 0}, Network{0, 1.0, 25, 0},
                                   Network{0, 0, 25, 10}, Network{0.05, 0.2, 25, 10}}) {
      for (unsigned seed = 1; seed <= 4; ++seed) {
        CAPTURE(window);
        CAPTURE(network.loss);
        CAPTURE(seed);
        const Outcome o = fetch(kSize, 1428, window, network, seed);
        CHECK(o.whole);
        CHECK(o.received == file);
      }
    }
  }
}

TEST_CASE("three in ten lost: whole or failed, and what came is the beginning of the file") {
  const std::string file = body_of(30'000);
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const Outcome o = fetch(30'000, 1428, 16, {0.3, 0, 25, 0}, seed);
    CHECK(file.starts_with(o.received));
    CHECK((o.whole == (o.received.size() == file.size())));
  }
}

TEST_CASE("duplicating every packet does not grow the traffic in lock-step") {
  const Outcome o = fetch(100'000, 512, 1, {0, 1.0, 25, 0}, 3);
  CHECK(o.whole);
  CHECK(o.data_sent == 100'000 / 512 + 1);
}
