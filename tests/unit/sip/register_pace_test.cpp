#include "sbc/sip/register_pace.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;

namespace {

/// A server that takes 200 a second, as Servers has its bucket.
struct Line {
  explicit Line(double rate = 200) : server(0.8 * rate, std::max(1.0, 0.2 * rate)) {}
  RegisterPace pace{7};
  TokenBucket server;
  TimePoint now{1h};
  bool ask(std::uint32_t source, Standing standing = Standing::stranger, bool follows_up = false) {
    return pace.take(now, server, IpAddress::v4(source), standing, follows_up);
  }
};

}  // namespace

TEST_CASE("sip register pace: while the server can take all, nobody is put off") {
  Line line;
  for (int i = 0; i < 1000; ++i) {
    CHECK(line.ask(0x0A000001));
    line.now += 10ms;
  }
}

TEST_CASE("sip register pace: whoever comes now and then gets through, however many hammer; those share what is left") {
  for (const std::uint32_t hammering : {1U, 3U, 30U, 300U}) {
    CAPTURE(hammering);
    Line line;
    std::vector<std::size_t> passed(hammering);
    std::size_t all = 0;
    for (int ms = 0; ms < 20'000; ++ms) {
      for (std::uint32_t n = 0; n < hammering; ++n) {
        if ((static_cast<std::uint32_t>(ms) + n) % 10 != 0) continue;  // 100 a second each
        const bool passes = line.ask(0x30000000 + n);
        all += passes ? 1 : 0;
        if (ms >= 10'000) passed[n] += passes ? 1 : 0;
      }
      if (ms % 500 == 7 && ms >= 5000) {  // another phone: REGISTER, and its answer to the challenge
        CHECK(line.ask(0x0A000000 + static_cast<std::uint32_t>(ms)));
        CHECK(line.ask(0x0A000000 + static_cast<std::uint32_t>(ms), Standing::stranger, true));
      }
      line.now += 1ms;
    }
    CHECK(all <= 20 * 160 + 40);
    const auto [least, most] = std::minmax_element(passed.begin(), passed.end());
    CHECK(*most <= 2 * *least + 4);
  }
}

TEST_CASE("sip register pace: forged sources, each of them new, leave those that are known their part") {
  Line line;
  std::size_t strangers = 0;
  for (int ms = 0; ms < 10'000; ++ms) {
    for (std::uint32_t n = 0; n < 5; ++n)
      strangers += line.ask(0x30000000 + static_cast<std::uint32_t>(ms) * 5 + n) ? 1 : 0;
    if (ms % 20 == 0) CHECK(line.ask(0x0A000000 + static_cast<std::uint32_t>(ms), Standing::proven));
    line.now += 1ms;
  }
  CHECK(strangers > 500);
  CHECK(line.pace.sources() <= RegisterPace::kMaxSources);
}

TEST_CASE("sip register pace: a known source that hammers goes behind a new phone") {
  Line line;
  for (int ms = 0; ms < 10'000; ++ms) {
    line.ask(0x0A000001, Standing::registered);
    if (ms % 500 == 7 && ms > 2000) CHECK(line.ask(0x0B000000 + static_cast<std::uint32_t>(ms)));
    line.now += 1ms;
  }
}

TEST_CASE("sip register pace: a server that takes two a second is shared as well") {
  Line line(2);
  std::size_t strangers = 0, known = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    strangers += line.ask(0x30000000 + static_cast<std::uint32_t>(ms)) ? 1 : 0;
    if (ms % 5077 == 0) known += line.ask(0x0A000001, Standing::registered) ? 1 : 0;
    line.now += 1ms;
  }
  CHECK(known >= 3);
  CHECK(strangers >= 60);
}

TEST_CASE("sip register pace: thirty new phones at the same moment get through beside those that hammer") {
  Line line;
  for (int ms = 0; ms < 8000; ++ms) {
    for (std::uint32_t n = 0; n < 3; ++n) {
      if (ms % 10 == 0) line.ask(0x30000000 + n);
    }
    line.now += 1ms;
  }
  int registered = 0;
  for (std::uint32_t phone = 0; phone < 30; ++phone) {
    registered += line.ask(0x0A000000 + phone) && line.ask(0x0A000000 + phone, Standing::stranger, true) ? 1 : 0;
    line.now += 1ms;
  }
  CHECK(registered >= 27);
}

TEST_CASE("sip register pace: the phones of one home, all at once, go before forged sources, which are light each") {
  Line line;
  for (int ms = 0; ms < 10'000; ++ms) {
    line.ask(0x30000000 + static_cast<std::uint32_t>(ms));
    if (ms % 5000 == 4000) {
      for (int phone = 0; phone < 12; ++phone) {
        CHECK(line.ask(0x0A000001, Standing::registered));
        CHECK(line.ask(0x0A000001, Standing::registered, true));
      }
    }
    line.now += 1ms;
  }
}
