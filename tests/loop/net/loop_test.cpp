#include <doctest/doctest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <csignal>
#include <memory>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include "sbc/net/log.hpp"
#include "sbc/net/loop.hpp"
#include "sbc/net/signal.hpp"
#include "sbc/net/timer.hpp"

using namespace dw;
using namespace std::chrono_literals;

namespace {

/// Sends the default logger's lines into a string while it lives.
class CapturedLog {
 public:
  CapturedLog() {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("captured", std::make_shared<spdlog::sinks::ostream_sink_st>(out_)));
  }
  ~CapturedLog() { spdlog::set_default_logger(before_); }
  std::string text() const { return out_.str(); }

 private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream out_;
};

}  // namespace

TEST_CASE("timers fire in the order of their deadlines, and never early") {
  net::Loop loop;
  std::vector<int> order;
  std::vector<Duration> early;
  const TimePoint start = Clock::now();
  const auto fired = [&](int which, Duration after) {
    order.push_back(which);
    if (Clock::now() < start + after) early.push_back(after);
  };
  net::Timer b(loop, [&] { fired(2, 21ms + 300us); });
  net::Timer a(loop, [&] { fired(1, 7ms + 1us); });
  net::Timer past(loop, [&] { fired(0, 0ms); });
  b.arm_at(start + 21ms + 300us);
  a.arm_at(start + 7ms + 1us);
  past.arm_at(start - 1h);
  CHECK(a.armed());
  loop.run();
  CHECK(order == std::vector<int>{0, 1, 2});
  CHECK(early.empty());
  CHECK_FALSE(a.armed());
}

TEST_CASE("a timer may be moved, re-armed and cancelled, and is silent once destroyed") {
  net::Loop loop;
  int fired = 0;
  int cancelled = 0;
  int destroyed = 0;
  net::Timer once(loop, [&] { ++fired; });
  net::Timer moved = std::move(once);
  moved.arm_after(1h);
  moved.arm_after(1ms);
  net::Timer never(loop, [&] { ++cancelled; });
  never.arm_after(0ms);
  never.cancel();
  std::optional<net::Timer> gone;
  gone.emplace(loop, [&] { ++destroyed; });
  gone->arm_after(0ms);
  gone.reset();
  loop.run();
  CHECK(fired == 1);
  CHECK(cancelled == 0);
  CHECK(destroyed == 0);
}

TEST_CASE("a timer may destroy itself in its own callback") {
  net::Loop loop;
  auto kept = std::make_shared<int>(7);
  std::unique_ptr<net::Timer> timer;
  int seen = 0;
  timer = std::make_unique<net::Timer>(loop, [&timer, &seen, kept] {
    timer.reset();
    seen = *kept;  // what the callback owns lives until it returns
  });
  timer->arm_after(0ms);
  loop.run();
  CHECK(seen == 7);
  CHECK(kept.use_count() == 1);
}

TEST_CASE("a handle that outlives its loop is closed, logged as a bug, and harmless") {
  CapturedLog log;
  auto loop = std::make_unique<net::Loop>();
  net::Timer left(*loop, [] {});
  left.arm_after(1h);
  loop.reset();
  CHECK(log.text().find("event=handles_left count=1") != std::string::npos);
  left.arm_after(1ms);
  CHECK_FALSE(left.armed());
}

TEST_CASE("post runs another thread's task on the loop") {
  net::Loop loop;
  std::optional<std::thread::id> ran_on;
  std::thread other([&] { loop.post([&] { ran_on = std::this_thread::get_id(); }); });
  CHECK(loop.run_until([&] { return ran_on.has_value(); }, 10s));
  other.join();
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("work runs beside the loop, and its end on the loop") {
  net::Loop loop;
  std::thread::id job_on;
  std::thread::id done_on;
  loop.work([&] { job_on = std::this_thread::get_id(); }, [&] { done_on = std::this_thread::get_id(); });
  loop.run();
  CHECK(job_on != std::this_thread::get_id());
  CHECK(done_on == std::this_thread::get_id());
}

TEST_CASE("the loop's destructor waits for unfinished work, and does not report its end") {
  bool job = false;
  bool done = false;
  {
    net::Loop loop;
    loop.work([&] { job = true; }, [&] { done = true; });
  }
  CHECK(job);
  CHECK_FALSE(done);
}

TEST_CASE("run_until gives up at its limit") {
  net::Loop loop;
  CHECK_FALSE(loop.run_until([] { return false; }, 20ms));
  CHECK(loop.run_until([] { return true; }, 0ms));
}

TEST_CASE("stop ends run") {
  net::Loop loop;
  net::Timer never(loop, [] {});
  never.arm_after(1h);
  net::Timer stopper(loop, [&] { loop.stop(); });
  stopper.arm_after(0ms);
  loop.run();
  CHECK(never.armed());
}

TEST_CASE("a signal is reported each time, and does not keep the loop alive") {
  net::Loop loop;
  int heard = 0;
  net::Signal hup(loop, SIGHUP, [&] { ++heard; });
  raise(SIGHUP);
  CHECK(loop.run_until([&] { return heard == 1; }, 10s));
  raise(SIGHUP);
  CHECK(loop.run_until([&] { return heard == 2; }, 10s));
  loop.run();  // returns at once: nothing else is active
}

TEST_CASE("LogLimit lets a burst through and counts the rest") {
  CapturedLog log;
  net::LogLimit limit(1e-9, 3);
  for (int i = 0; i < 10; ++i)
    limit.warn("event=stray n={}", i);
  const std::string text = log.text();
  CHECK(text.find("event=stray n=2") != std::string::npos);
  CHECK(text.find("n=3") == std::string::npos);
}

TEST_CASE("LogLimit says how many lines it left out") {
  CapturedLog log;
  net::LogLimit limit(1000, 1);
  limit.warn("event=stray");
  int tries = 0;
  while (log.text().find("more like it were not logged") == std::string::npos && tries < 10'000'000) {
    limit.warn("event=stray");
    ++tries;
  }
  CHECK(tries > 0);
  CHECK(log.text().find(" more like it were not logged)") != std::string::npos);
}
