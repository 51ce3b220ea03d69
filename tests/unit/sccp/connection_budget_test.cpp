#include "sbc/sccp/connection_budget.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>

namespace dw::sccp {
namespace {

using namespace std::chrono_literals;
using Verdict = ConnectionBudget::Verdict;

/// Connections that come and go, and what became of them.
struct Gateway {
  explicit Gateway(ConnectionBudget::Options options) : budget(options, 7) {}
  /// Its slot; nothing: it was refused.
  std::optional<std::size_t> come(const IpAddress& from, Standing standing = Standing::stranger) {
    const std::size_t slot = next++;
    const auto answer = budget.arrive(now, slot, from, standing);
    verdict = answer.verdict;
    for (const std::size_t goes : answer.go) {
      CHECK(there.erase(goes) == 1);
      CHECK(!registered.contains(goes));
    }
    if (answer.verdict != Verdict::taken) return std::nullopt;
    there[slot] = from;
    return slot;
  }
  void sign_on(std::size_t slot) {
    budget.named(slot);
    budget.registered(slot);
    registered[slot] = true;
  }
  std::size_t of(const IpAddress& from) const {
    return static_cast<std::size_t>(std::ranges::count_if(there, [&](const auto& c) { return c.second == from; }));
  }
  ConnectionBudget budget;
  TimePoint now{1h};
  std::size_t next = 0;
  Verdict verdict{};
  std::map<std::size_t, IpAddress> there;
  std::map<std::size_t, bool> registered;
};

IpAddress stranger(unsigned n) { return IpAddress::v4(0xc6336400U + n); }
const IpAddress kOffice = IpAddress::v4(0xcb007107);

}  // namespace

TEST_CASE("connection budget: whoever fills all slots loses one of his own to each who comes with one") {
  Gateway g({100, 50, 1000});
  for (unsigned n = 0; n < 2; ++n) {
    for (int i = 0; i < 50; ++i)
      g.come(stranger(n));
  }
  REQUIRE(g.there.size() == 75);  // the rest is kept for those who are known
  CHECK(g.verdict == Verdict::total);
  for (unsigned n = 10; n < 30; ++n) {
    const auto phone = g.come(stranger(n));
    REQUIRE(phone);
    g.sign_on(*phone);
  }
  CHECK(g.registered.size() == 20);
  for (const auto& [slot, yes] : g.registered)
    CHECK(g.there.contains(slot));
  CHECK(g.there.size() == g.budget.connections());
}

TEST_CASE("connection budget: a registered phone's address always has its share, and no registered one ever goes") {
  Gateway g({8, 100, 1000});
  for (unsigned n = 0; n < 6; ++n)
    g.sign_on(*g.come(stranger(n)));
  REQUIRE(g.come(stranger(20)));
  REQUIRE(g.come(stranger(20)));
  const auto home = g.come(kOffice, Standing::registered);  // all slots are taken: an idle stranger's is free for it
  REQUIRE(home);
  CHECK(g.of(stranger(20)) == 1);
  g.sign_on(*home);
  g.now += 1min;
  REQUIRE(g.come(kOffice, Standing::registered));
  CHECK(g.of(stranger(20)) == 0);
  g.sign_on(g.next - 1);
  CHECK(!g.come(kOffice, Standing::registered));  // all eight are registered
  CHECK(g.verdict == Verdict::total);
  CHECK(g.registered.size() == 8);
}

TEST_CASE("connection budget: those that named a phone go after those that said nothing, and a crowd of phones keeps its places") {
  Gateway g({8, 100, 1000});  // six for strangers
  for (unsigned n = 0; n < 6; ++n)
    g.budget.named(*g.come(stranger(n)));
  CHECK(!g.come(stranger(9)));  // each has one, as it would: first come
  CHECK(g.there.size() == 6);
  g.budget.left(0);
  g.there.erase(0);
  REQUIRE(g.come(stranger(7)));  // says nothing
  CHECK(!g.come(stranger(8)));   // which is no fault yet
  g.now += ConnectionBudget::kGrace;
  REQUIRE(g.come(stranger(8)));
  CHECK(g.of(stranger(7)) == 0);
}

TEST_CASE("connection budget: a source has so many, an IPv6 /64 is one, and a /48 has four times as many") {
  Gateway g({1000, 3, 1000});
  for (int i = 0; i < 40; ++i)
    g.come(*IpAddress::parse("2001:db8:1:1::" + std::to_string(i + 1)));
  CHECK(g.there.size() == 3);
  CHECK(g.verdict == Verdict::per_source);
  for (int net = 2; net < 40; ++net)
    g.come(*IpAddress::parse("2001:db8:1:" + std::to_string(net) + "::1"));
  CHECK(g.there.size() == 12);
  CHECK(g.come(*IpAddress::parse("2001:db8:2:1::1")));
}

TEST_CASE("connection budget: a source's idle connections make room for its own new ones") {
  Gateway g({1000, 3, 1000});
  for (int i = 0; i < 3; ++i)
    g.come(kOffice);
  CHECK(!g.come(kOffice));
  g.now += ConnectionBudget::kGrace;
  CHECK(g.come(kOffice));
  CHECK(g.of(kOffice) == 3);
}

TEST_CASE("connection budget: so many a second, five times that at once") {
  Gateway g({1000, 1000, 2});
  for (int i = 0; i < 20; ++i)
    g.come(kOffice);
  CHECK(g.there.size() == 10);
  CHECK(g.verdict == Verdict::rate);
  CHECK(g.come(stranger(1)));
  g.now += 1s;
  CHECK(g.come(kOffice));
}

TEST_CASE("connection budget: what waits of unregistered ones is bounded in all, and the heaviest goes") {
  Gateway g({100'000, 100'000, 1e6});
  const auto small = g.come(kOffice);
  CHECK(!g.budget.holds(*small, 300));
  std::size_t gone = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto slot = g.come(stranger(1));
    if (const auto heavy = g.budget.holds(*slot, 8000)) {
      CHECK(*heavy != *small);
      ++gone;
    }
    CHECK(g.budget.held_octets() <= ConnectionBudget::kMaxHeld);
  }
  CHECK(gone > 900);
  CHECK(!g.budget.holds(*small, 0));
  for (std::size_t slot = 0; slot < g.next; ++slot)
    g.budget.left(slot);
  CHECK(g.budget.held_octets() == 0);
  CHECK(g.budget.connections() == 0);
}

TEST_CASE("connection budget: counts stay right in any order of events") {
  std::mt19937 random(3);
  Gateway g({60, 20, 1000});
  for (int turn = 0; turn < 20'000; ++turn) {
    g.now += std::chrono::milliseconds(random() % 200);
    const auto any = g.there.empty() ? std::size_t{0} : std::next(g.there.begin(), static_cast<std::ptrdiff_t>(random() % g.there.size()))->first;
    switch (random() % 6) {
      case 0:
        g.budget.left(any);
        g.there.erase(any);
        g.registered.erase(any);
        break;
      case 1:
        if (g.there.contains(any) && random() % 4 == 0) g.sign_on(any);
        break;
      case 2:
        g.budget.named(any);
        break;
      case 3:
        CHECK(!g.budget.holds(any, random() % 3000));
        break;
      default:
        g.come(random() % 2 == 0 ? stranger(static_cast<unsigned>(random() % 6)) : IpAddress::v4(static_cast<std::uint32_t>(random())), random() % 5 == 0 ? Standing::registered : Standing::stranger);
    }
    REQUIRE(g.budget.connections() == g.there.size());
    REQUIRE(g.there.size() <= 60);
    REQUIRE(g.of(stranger(1)) <= 20);
  }
  for (const auto& [slot, from] : g.there)
    g.budget.left(slot);
  CHECK(g.budget.connections() == 0);
  CHECK(g.budget.held_octets() == 0);
}

}  // namespace dw::sccp
