#include "sbc/sccp/liveness.hpp"

#include <doctest/doctest.h>

#include "sbc/sccp/name_claim.hpp"

namespace dw::sccp {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1h};

/// What was found at each deadline until `end`, and when.
struct Watch {
  Liveness liveness;
  Liveness::Audio audio;
  int reported = 0;  ///< how often one was reported as late
  std::optional<TimePoint> phone_missed, server_missed, phone_silent, server_silent;

  Watch() { liveness.on_registered(kStart, 20s); }
  void until(TimePoint end) {
    while (!phone_silent && !server_silent && liveness.next_deadline() <= end) {
      const TimePoint now = liveness.next_deadline();
      const auto found = liveness.on_deadline(now, audio);
      const auto note = [now](bool is, std::optional<TimePoint>& at) {
        if (is) at = now;
      };
      reported += found.phone_missed + found.server_missed;
      note(found.phone_missed, phone_missed);
      note(found.server_missed, server_missed);
      note(found.phone_silent, phone_silent);
      note(found.server_silent, server_silent);
    }
  }
};

}  // namespace

TEST_CASE("a phone is called silent after three keepalives that did not come, and reported as late after one") {
  Watch watch;
  watch.until(kStart + 10min);
  CHECK(watch.phone_missed == kStart + 25s);
  CHECK(watch.phone_silent == kStart + 65s);
}

TEST_CASE("a server is called silent after three keepalives that it did not answer, and reported as late after one") {
  Watch watch;
  watch.liveness.on_keepalive(kStart);
  for (const Duration late : {20s, 40s}) {  // the phone goes on asking
    watch.until(kStart + late - 1s);
    watch.liveness.on_phone(kStart + late);
    watch.liveness.on_keepalive(kStart + late);
  }
  watch.until(kStart + 64s);
  CHECK(watch.server_missed == kStart + 20s);
  CHECK(watch.server_silent == kStart + 60s);
}

TEST_CASE("an answer, even the third, or anything else that comes, begins the count again") {
  Watch watch;
  watch.liveness.on_keepalive(kStart);
  watch.until(kStart + 59s);
  CHECK(watch.server_missed);
  watch.liveness.on_server();
  watch.liveness.on_phone(kStart + 59s);
  watch.until(kStart + 59s + 64s);
  CHECK(!watch.server_silent);
  CHECK(!watch.phone_silent);
}

TEST_CASE("nobody whose side sends audio is called silent, until it stops") {
  Watch watch;
  watch.liveness.on_keepalive(kStart);
  watch.audio = {true, true};
  watch.until(kStart + 1h);
  CHECK(watch.server_missed);
  CHECK(watch.phone_missed);
  CHECK(watch.reported == 2);
  CHECK(!watch.server_silent);
  CHECK(!watch.phone_silent);
  watch.audio = {true, false};
  watch.until(kStart + 1h + 21s);
  CHECK(watch.server_silent);
  CHECK(!watch.phone_silent);
}

TEST_CASE("a machine that slept takes nobody for dead when it wakes") {
  Liveness liveness;
  liveness.on_registered(kStart, 20s);
  liveness.on_keepalive(kStart);
  const auto found = liveness.on_deadline(kStart + 2h, {});
  CHECK(found.phone_missed);
  CHECK(!found.phone_silent);
  CHECK(!found.server_silent);
  CHECK(liveness.next_deadline() > kStart + 2h);
}

TEST_CASE("before registration nobody is watched") {
  Liveness liveness;
  CHECK(liveness.next_deadline() == TimePoint::max());
  liveness.on_keepalive(kStart);
  const auto found = liveness.on_deadline(kStart + 1h, {});
  CHECK(!found.server_missed);
}

TEST_CASE("a name goes at once to a phone that restarted, or that proves it; else the old connection is asked") {
  CHECK(NameClaim{.same_address = true, .registered = true}.wins_at_once());
  CHECK(NameClaim{.registered = false}.wins_at_once());
  CHECK(NameClaim{.registered = true, .proven = true}.wins_at_once());
  CHECK(!NameClaim{.registered = true}.wins_at_once());
}

TEST_CASE("an old connection that answers in time lives, one that does not is silent, well within five seconds") {
  using Answer = ClaimQuestion::Answer;
  const TimePoint heard = kStart - 10s;
  ClaimQuestion silent(kStart);
  std::optional<TimePoint> given_up;
  while (!given_up) {
    const TimePoint now = silent.next_deadline();
    if (silent.on_deadline(now, false, heard) == Answer::silent) given_up = now;
  }
  CHECK(*given_up - kStart >= 2s);  // several packets may be lost
  CHECK(*given_up - kStart <= 3s);  // and the server still has two seconds to hang up

  ClaimQuestion answers(kStart);
  CHECK(answers.on_deadline(kStart + 100ms, false, heard) == Answer::none_yet);
  CHECK(answers.on_deadline(kStart + 2400ms, true, heard) == Answer::lives);
  ClaimQuestion speaks(kStart);
  CHECK(speaks.on_deadline(kStart + 2400ms, false, kStart + 1s) == Answer::lives);
}

}  // namespace dw::sccp
