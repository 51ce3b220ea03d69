#include <doctest/doctest.h>

#include "tftp-proxy/core/origin_health.hpp"

using namespace dw;
using namespace dw::provisioning;
using State = OriginHealth::State;

namespace {

TimePoint at(Duration d) {
  return TimePoint(std::chrono::hours(1)) + d;
}
using namespace std::chrono_literals;

}  // namespace

TEST_CASE("an origin that can't be reached is left alone, longer each time, at most a minute") {
  OriginHealth health(1);
  CHECK(health.try_ask(at(0s)));
  TimePoint now = at(0s);
  Duration longest = 1s;
  for (int failures = 1; failures <= 12; ++failures) {
    health.failed(now, false, "refused");
    CHECK(health.state() == State::down);
    CHECK(health.retry_at() - now <= longest);
    CHECK(health.retry_at() - now >= longest * 3 / 4);
    CHECK_FALSE(health.try_ask(health.retry_at() - 1ms));
    now = health.retry_at();
    CHECK(health.try_ask(now));
    CHECK(health.state() == State::probing);
    longest = std::min<Duration>(2 * longest, 60s);
  }
  CHECK(longest == Duration(60s));
  CHECK(health.last_error() == "refused");
  health.succeeded();
  CHECK(health.state() == State::up);
  health.failed(now, false, "refused");
  CHECK(health.retry_at() - now <= Duration(1s));
}

TEST_CASE("only one request tries while it is half-open, and a tried one that fails at all closes it again") {
  OriginHealth health(2);
  health.failed(at(0s), false, "timed out");
  CHECK(health.try_ask(at(2s)));
  CHECK_FALSE(health.try_ask(at(2s)));
  CHECK_FALSE(health.try_ask(at(20s)));
  health.failed(at(21s), true, "HTTP 503");
  CHECK(health.state() == State::down);
  CHECK_FALSE(health.try_ask(at(21s)));
}

TEST_CASE("a bad answer or two don't take an origin down, three in a row do") {
  OriginHealth health(3);
  health.failed(at(0s), true, "HTTP 500");
  health.failed(at(0s), true, "HTTP 500");
  CHECK(health.state() == State::up);
  health.succeeded();
  health.failed(at(1s), true, "HTTP 500");
  health.failed(at(1s), true, "HTTP 500");
  CHECK(health.state() == State::up);
  health.failed(at(1s), true, "HTTP 500");
  CHECK(health.state() == State::down);
}

TEST_CASE("a probe whose asker went away blocks nobody") {
  OriginHealth health(4);
  health.failed(at(0s), false, "x");
  REQUIRE(health.try_ask(at(2s)));
  health.abandoned(at(3s));
  CHECK(health.try_ask(at(3s)));
  CHECK_FALSE(health.try_ask(at(4s)));
  CHECK(health.try_ask(at(3s) + OriginHealth::kProbeExpires));
  OriginHealth up(5);
  up.abandoned(at(0s));
  CHECK(up.state() == State::up);
}

TEST_CASE("failures of requests that were under way change no pause, and edges don't retry in step") {
  OriginHealth health(6);
  health.failed(at(0s), false, "x");
  const TimePoint retry = health.retry_at();
  health.failed(at(0s), false, "x");
  health.failed(at(0s), false, "x");
  CHECK(health.retry_at() == retry);
  OriginHealth other(7);
  other.failed(at(0s), false, "x");
  CHECK(other.retry_at() != retry);
}
