#include "nat/core/media/age_limit.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <vector>

using namespace dw;
using namespace dw::nat;
using namespace std::chrono_literals;

namespace {

/// What was late, and nothing learned of it.
struct OneLimit {
  bool is_late(TimePoint, Duration age) const { return age > 400ms; }
};

/// A media thread with its sockets, in virtual time: as MediaWorker, it takes a batch of those that have something, one
/// packet of each, and many at once of one whose first was late. A packet costs what one costs with a core full at
/// `capacity` packets a second; to throw one away costs a third.
template <class Limit = AgeLimit>
struct Thread {
  static constexpr std::size_t kBatch = 512, kMany = 16;
  static constexpr Duration kInterval = 20ms;  ///< of each stream's packets

  Thread(std::size_t sockets, double capacity, Limit with)
      : limit(with), cost(Duration(static_cast<Duration::rep>(1e9 / capacity))), queues(sockets) {
    constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;  // spreads any first few of them over the interval
    for (std::size_t i = 0; i < sockets; ++i)
      next.push_back(now +
                     Duration(static_cast<Duration::rep>(i * kGolden % static_cast<std::uint64_t>(kInterval.count()))));
  }
  void arrive() {
    for (std::size_t i = 0; i < senders; ++i)
      for (; next[i] <= now; next[i] += kInterval)
        queues[i].push_back(next[i]);
  }
  /// False: late.
  bool take(std::deque<TimePoint>& queue) {
    const Duration age = now - queue.front();
    queue.pop_front();
    const bool late = limit.is_late(batch, age);
    now += late ? cost / 3 : cost;
    if (late) return false;
    if (age > slowest) slowest = age;
    return true;
  }
  void step() {
    arrive();
    batch = now;
    std::size_t served = 0;
    for (std::size_t n = queues.size(); n > 0 && served < kBatch; --n) {
      at = (at + 1) % queues.size();
      auto& queue = queues[at];
      if (queue.empty()) continue;
      ++served;
      if (take(queue)) continue;
      for (bool late = true; late && !queue.empty();)
        for (std::size_t i = 0; i < kMany && !queue.empty(); ++i)
          late = !take(queue);
    }
    if (served == 0) now += 100us;
  }
  void run(Duration time, std::size_t with) {
    for (std::size_t i = senders; i < with; ++i)  // they begin now
      while (next[i] <= now)
        next[i] += kInterval;
    senders = with;
    for (const TimePoint end = now + time; now < end;)
      step();
  }
  /// How long until no packet is older than 5 ms for half a second.
  Duration recovery(std::size_t with) {
    const TimePoint begin = now;
    TimePoint bad = now;
    while (now - bad < 500ms && now - begin < 10s) {
      slowest = {};
      run(10ms, with);
      if (slowest > 5ms) bad = now;
    }
    return bad - begin;
  }

  Limit limit;
  const Duration cost;
  std::vector<std::deque<TimePoint>> queues;
  std::vector<TimePoint> next;
  std::size_t senders = 0, at = 0;
  TimePoint now{1h}, batch{};
  Duration slowest{};
};

}  // namespace

TEST_CASE(
    "packets may be late by chance; once one waited for too long, the limit is a quarter until nothing was late for a while") {
  AgeLimit limit(400ms);
  TimePoint now{1h};
  CHECK_FALSE(limit.is_late(now, 400ms));
  CHECK_FALSE(limit.is_behind(now));
  CHECK(limit.is_late(now, 401ms));
  CHECK(limit.is_behind(now));
  CHECK_FALSE(limit.is_late(now, 100ms));
  CHECK(limit.is_late(now += 400ms, 101ms));  // and so on from here
  CHECK(limit.is_late(now += 400ms, 101ms));
  now += AgeLimit::kCalm;
  CHECK_FALSE(limit.is_behind(now));
  CHECK_FALSE(limit.is_late(now, 400ms));
}

TEST_CASE(
    "twice the load for two seconds, then half of it: packets are on time again within half a second, on a slower core too") {
  constexpr std::size_t kStreams = 400;    // sockets with a packet each 20 ms
  for (const double share : {1.0, 0.7}) {  // of the core: the rest is somebody else's
    CAPTURE(share);
    Thread thread(2 * kStreams, share * kStreams * 50, AgeLimit(400ms));
    thread.run(2s, 2 * kStreams);
    CHECK(thread.limit.is_behind(thread.now));
    const Duration took = thread.recovery(kStreams / 2);
    MESSAGE((took.count() / 1'000'000), " ms");
    CHECK(took < 500ms);
    CHECK(took > 20ms);  // there was something to recover from
    Thread plain(2 * kStreams, share * kStreams * 50, OneLimit{});
    plain.run(2s, 2 * kStreams);
    const Duration plainly = plain.recovery(kStreams / 2);
    MESSAGE((plainly.count() / 1'000'000), " ms");
    CHECK(plainly > 2 * took);
  }
}

TEST_CASE("under lasting overload nobody hears what is older than a quarter of the limit") {
  constexpr std::size_t kStreams = 400;
  Thread thread(2 * kStreams, kStreams * 50.0, AgeLimit(400ms));
  thread.run(2s, 2 * kStreams);
  thread.slowest = {};
  thread.run(2s, 2 * kStreams);
  CHECK(thread.slowest <= 110ms);  // what a batch takes comes on top
}

TEST_CASE("a host that pauses for a quarter of a second loses nothing") {
  Thread thread(200, 100'000, AgeLimit(400ms));
  thread.run(1s, 200);
  thread.now += 250ms;
  (void)thread.recovery(200);
  CHECK_FALSE(thread.limit.is_behind(thread.now));
}
