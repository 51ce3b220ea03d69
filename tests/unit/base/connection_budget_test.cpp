#include "sbc/base/connection_budget.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

using namespace dw;
using namespace std::chrono_literals;

namespace {

/// Connections that come and go, and what became of them.
struct Gateway {
  explicit Gateway(const ConnectionBudget::Options& options) : budget(options, 7) {}
  using Id = ConnectionBudget::Id;

  /// Nothing: it was refused.
  std::optional<Id> come(const IpAddress& from, Standing standing = Standing::stranger) {
    const Id id = ++last;
    const auto answer = budget.arrive(now, id, from, standing);
    verdict = answer.verdict;
    gone = answer.go;
    close(answer.go);
    if (answer.verdict != ConnectionBudget::Verdict::taken) return std::nullopt;
    there[id] = from;
    return id;
  }
  void close(const std::vector<Id>& ids) {
    for (const Id id : ids) {
      CHECK(there.erase(id) == 1);
      CHECK_FALSE(settled.contains(id));
    }
  }
  void settle(Id id) {
    budget.shown(now, id);
    budget.settled(id);
    settled.insert(id);
  }
  bool has(std::optional<Id> id) const { return id && there.contains(*id); }
  std::size_t of(const IpAddress& from) const {
    return static_cast<std::size_t>(std::ranges::count_if(there, [&](const auto& c) { return c.second == from; }));
  }
  ConnectionBudget budget;
  TimePoint now{1h};
  Id last = 0;
  ConnectionBudget::Verdict verdict{};
  std::vector<Id> gone;
  std::map<Id, IpAddress> there;
  std::set<Id> settled;
};

IpAddress guest(unsigned n) {
  return IpAddress::v4(0xc6336400U + n);
}
IpAddress v6_guest(unsigned site, unsigned net, unsigned host = 1) {
  return IpAddress::parse(fmt::format("2001:db8:{:x}:{:x}::{:x}", site, net, host)).value();
}
const IpAddress kOffice = IpAddress::v4(0xcb007107);

}  // namespace

TEST_CASE("connection budget: whoever fills all places loses one of his own to each who comes with one") {
  Gateway g({.total = 100, .per_source = 50});
  for (unsigned n = 0; n < 2; ++n) {
    for (int i = 0; i < 50; ++i)
      g.come(guest(n));
  }
  REQUIRE(g.there.size() == 50);  // the rest is kept for those who are known
  CHECK(g.verdict == ConnectionBudget::Verdict::total);
  CHECK(g.of(guest(0)) == 25);
  for (unsigned n = 10; n < 30; ++n) {
    const auto phone = g.come(guest(n));
    REQUIRE(phone);
    CHECK(g.gone.size() <= 1);
    g.settle(*phone);
  }
  CHECK(g.settled.size() == 20);
  for (const auto id : g.settled)
    CHECK(g.there.contains(id));
  CHECK(g.there.size() == g.budget.connections());
}

TEST_CASE("connection budget: a known source always has its share, and no settled connection ever goes for another") {
  Gateway g({.total = 8, .per_source = 100});
  for (unsigned n = 0; n < 6; ++n)
    g.settle(*g.come(guest(n)));
  REQUIRE(g.come(guest(20)));
  REQUIRE(g.come(guest(20)));
  const auto home = g.come(kOffice, Standing::registered);  // all are taken: an idle stranger's is free for it
  REQUIRE(home);
  CHECK(g.of(guest(20)) == 1);
  g.settle(*home);
  g.now += 1min;
  REQUIRE(g.come(kOffice, Standing::registered));
  CHECK(g.of(guest(20)) == 0);
  g.settle(g.last);
  CHECK_FALSE(g.come(kOffice, Standing::registered));  // all eight are settled
  CHECK(g.verdict == ConnectionBudget::Verdict::total);
  CHECK(g.settled.size() == 8);
}

TEST_CASE("connection budget: a settled connection stays, whoever comes") {
  Gateway g({.total = 100, .per_source = 20});
  const auto phone = g.come(kOffice);
  g.settle(*phone);
  for (unsigned n = 0; n < 1000; ++n) {
    g.come(guest(n), n % 3 == 0 ? Standing::proven : Standing::stranger);
    REQUIRE(g.has(phone));
    g.now += 1s;
  }
  CHECK(g.there.size() == 100);
  g.budget.left(*phone);
  g.budget.left(*phone);
  CHECK(g.budget.connections() == 99);
}

TEST_CASE("connection budget: an idle one makes room for an equal once it is no longer young, the oldest first") {
  Gateway g({.total = 20, .per_source = 20});
  for (unsigned n = 0; n < 10; ++n) {
    g.come(guest(n));
    g.now += 10ms;
  }
  CHECK_FALSE(g.come(guest(50)));  // they came just now, and may be phones
  g.now += ConnectionBudget::kGrace;
  CHECK(g.come(guest(50)));
  CHECK(g.gone == std::vector<Gateway::Id>{1});
  CHECK(g.come(guest(51)));
  CHECK(g.gone == std::vector<Gateway::Id>{2});
  CHECK(g.come(guest(52), Standing::registered));  // strangers have half, the other half is free
  CHECK(g.gone.empty());
}

TEST_CASE(
    "connection budget: a home whose phones all come at once keeps its places while others said nothing for long") {
  ConnectionBudget::Options o;
  o.total = 80;  // 40 for strangers
  Gateway g(o);
  for (unsigned i = 0; i < 28; ++i)
    REQUIRE(g.come(guest(i)));
  g.now += ConnectionBudget::kGrace;
  for (int i = 0; i < 12; ++i)
    REQUIRE(g.come(guest(200)));
  for (unsigned i = 0; i < 28; ++i)
    REQUIRE(g.come(guest(100 + i)));
  CHECK(g.of(guest(200)) == 12);
  // All are young now: whoever has most gives up his oldest.
  REQUIRE(g.come(guest(150)));
  CHECK(g.of(guest(200)) == 11);
}

TEST_CASE(
    "connection budget: those that showed what they are for go after idle ones, and a crowd of phones keeps its places") {
  Gateway g({.total = 12, .per_source = 100});  // six for strangers
  for (unsigned n = 0; n < 6; ++n)
    g.budget.shown(g.now, *g.come(guest(n)));
  g.now += ConnectionBudget::kGrace;
  CHECK_FALSE(g.come(guest(9)));  // each has one, as it would: first come
  CHECK(g.there.size() == 6);
  g.budget.left(1);
  g.there.erase(1);
  REQUIRE(g.come(guest(7)));      // says nothing
  CHECK_FALSE(g.come(guest(8)));  // which is no fault yet
  g.now += ConnectionBudget::kGrace;
  REQUIRE(g.come(guest(8)));
  CHECK(g.of(guest(7)) == 0);
}

TEST_CASE("connection budget: who shows something and never gets further makes room in the end") {
  Gateway g({.total = 12, .per_source = 100});
  for (unsigned n = 0; n < 6; ++n)
    g.budget.shown(g.now, *g.come(guest(n)));
  g.now += ConnectionBudget::kShownGrace - 1s;
  CHECK_FALSE(g.come(guest(9)));
  g.now += 1s;
  const auto phone = g.come(guest(9));
  REQUIRE(phone);
  CHECK(g.gone == std::vector<Gateway::Id>{1});
  g.budget.shown(g.now, *phone);
  CHECK(g.come(guest(10)));
  CHECK(g.has(phone));
}

TEST_CASE("connection budget: one that is idle again is worth as much as one that comes now") {
  Gateway g({.total = 4, .per_source = 4});
  const auto first = g.come(guest(1)), second = g.come(guest(2));
  g.budget.shown(g.now, *first);
  g.now += ConnectionBudget::kGrace;
  g.budget.idle(g.now, *first);
  CHECK(g.come(guest(3)));
  CHECK(g.has(first));
  CHECK_FALSE(g.has(second));
  g.now += ConnectionBudget::kGrace;
  CHECK(g.come(guest(4)));
  CHECK_FALSE(g.has(first));
}

TEST_CASE("connection budget: a connection goes for one that is worth as much or more, and for nobody less") {
  Gateway g({.total = 10, .per_source = 10});
  for (unsigned n = 0; n < 5; ++n)
    g.come(guest(n), Standing::registered);
  for (unsigned n = 10; n < 15; ++n)
    g.come(guest(n), Standing::proven);
  g.now += 1h;
  CHECK_FALSE(g.come(guest(30)));  // a stranger: known ones have it all
  CHECK(g.verdict == ConnectionBudget::Verdict::total);
  for (unsigned n = 31; n < 36; ++n)
    CHECK(g.come(guest(n), Standing::proven));
  for (unsigned n = 0; n < 5; ++n)
    CHECK(g.of(guest(n)) == 1);
  for (unsigned n = 40; n < 50; ++n)
    CHECK(g.come(guest(n), Standing::registered).has_value() ==
          (n < 45));  // the proven ones' places, then all came just now
}

TEST_CASE("connection budget: a source has so many, an IPv6 /64 is one, and a /48 has four times as many") {
  Gateway g({.total = 1000, .per_source = 3});
  for (unsigned i = 0; i < 40; ++i)
    g.come(v6_guest(1, 1, i + 1));
  CHECK(g.there.size() == 3);
  CHECK(g.verdict == ConnectionBudget::Verdict::per_source);
  for (unsigned net = 2; net < 40; ++net)
    g.come(v6_guest(1, net));
  CHECK(g.there.size() == 12);
  CHECK(g.come(v6_guest(2, 1)));
}

TEST_CASE("connection budget: who fills an IPv6 site from one /64 leaves room for his neighbours in it") {
  Gateway g({.total = 1000, .per_source = 20});
  for (unsigned net = 1; net <= 4; ++net) {
    for (unsigned i = 0; i < 20; ++i)
      g.come(v6_guest(1, net, i + 1));
  }
  REQUIRE(g.there.size() == 80);
  for (unsigned net = 10; net < 20; ++net)
    CHECK(g.come(v6_guest(1, net)));
  CHECK(g.there.size() == 80);
  for (unsigned net = 10; net < 20; ++net)
    CHECK(g.of(v6_guest(1, net)) == 1);
}

TEST_CASE("connection budget: a source's idle connections make room for its own new ones") {
  Gateway g({.total = 1000, .per_source = 3});
  for (int i = 0; i < 3; ++i)
    g.come(kOffice);
  CHECK_FALSE(g.come(kOffice));
  g.now += ConnectionBudget::kGrace;
  CHECK(g.come(kOffice));
  CHECK(g.gone == std::vector<Gateway::Id>{1});
  CHECK(g.of(kOffice) == 3);
  for (unsigned i = 0; i < 20; ++i)
    g.come(v6_guest(7, 1, i));
  g.now += ConnectionBudget::kGrace;
  CHECK(g.come(v6_guest(7, 1, 0x50)));  // of one IPv6 customer as well
  CHECK(g.there.size() == 6);
}

TEST_CASE("connection budget: who has all he may takes nobody else's place for nothing") {
  Gateway g({.total = 10, .per_source = 5});
  for (int i = 0; i < 5; ++i)
    g.come(kOffice, Standing::proven);
  for (unsigned n = 0; n < 5; ++n)
    g.come(guest(n));
  REQUIRE(g.there.size() == 10);
  CHECK_FALSE(g.come(kOffice, Standing::proven));
  CHECK(g.verdict == ConnectionBudget::Verdict::per_source);
  CHECK(g.there.size() == 10);
}

TEST_CASE("connection budget: so many a second, five times that at once") {
  Gateway g({.total = 1000, .per_source = 1000, .rate = 2});
  for (int i = 0; i < 20; ++i)
    g.come(kOffice);
  CHECK(g.there.size() == 10);
  CHECK(g.verdict == ConnectionBudget::Verdict::rate);
  CHECK(g.come(guest(1)));
  g.now += 1s;
  CHECK(g.come(kOffice));
}

TEST_CASE(
    "connection budget: fewer places than before: nobody is sent away for that, and who comes makes room among those who may go") {
  Gateway g({.total = 100, .per_source = 100});
  for (unsigned n = 0; n < 40; ++n)
    g.come(guest(n));
  g.settle(1);
  g.budget.configure({.total = 10, .per_source = 100});
  CHECK(g.budget.connections() == 40);
  g.now += 1min;
  CHECK(g.come(kOffice, Standing::registered));
  CHECK(g.there.size() == 10);
  CHECK(g.there.contains(1));
}

// ---- what they hold ----

TEST_CASE("connection budget: what waits is bounded for a source, and leaves others room") {
  constexpr std::size_t kBound = 8 << 20;
  Gateway g({.total = 100'000, .per_source = 100'000, .max_held = kBound});
  const auto small = g.come(kOffice);
  CHECK(g.budget.holds(*small, 300).empty());
  std::size_t gone = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto id = g.come(guest(1));
    const auto go = g.budget.holds(*id, 8000);
    gone += go.size();
    if (!go.empty()) CHECK(go == std::vector{*id});
  }
  CHECK(gone == 2000 - kBound / ConnectionBudget::kStrangersPart / 8000);
  CHECK(g.budget.held_octets() <= kBound / ConnectionBudget::kStrangersPart + 300);
  for (Gateway::Id id = 1; id <= g.last; ++id)
    g.budget.left(id);
  CHECK(g.budget.held_octets() == 0);
  CHECK(g.budget.connections() == 0);
}

TEST_CASE(
    "connection budget: where all of it is taken the source that holds most gives up its heaviest, strangers first") {
  Gateway g({.total = 100'000, .per_source = 100'000, .max_held = 80'000});
  const auto phone = g.come(kOffice), known = g.come(guest(200), Standing::proven);
  REQUIRE(g.budget.holds(*known, 20'000).empty());
  std::vector<Gateway::Id> heavy;
  for (unsigned n = 0; n < 4; ++n) {  // 40,000 are for strangers
    heavy.push_back(*g.come(guest(n)));
    REQUIRE(g.budget.holds(heavy.back(), 9000 + n).empty());
    REQUIRE(g.budget.holds(*g.come(guest(n)), 900).empty());
  }
  CHECK(g.budget.holds(*phone, 2000) == std::vector{heavy.back()});
  CHECK(g.budget.held_octets() == 20'000 + 3 * 9900 + 3 + 900 + 2000);
  const auto other = g.come(guest(50));
  CHECK(g.budget.holds(*other, 9990) == std::vector{*other});  // it is the heaviest itself
  const auto more = g.come(guest(201), Standing::proven);
  CHECK(g.budget.holds(*more, 20'000).empty());
  const auto most = g.come(guest(202), Standing::proven);
  CHECK(g.budget.holds(*most, 20'000) ==
        std::vector{heavy[2], heavy[1]});  // known ones have all but what strangers' small ones hold
}

TEST_CASE("connection budget: a settled connection holds as a known one, and goes for its own excess alone") {
  Gateway g({.total = 1000, .per_source = 1000, .max_held = 8000});
  const auto phone = g.come(kOffice);
  REQUIRE(g.budget.holds(*phone, 900).empty());
  g.settle(*phone);
  CHECK(g.budget.holds(*phone, 2000).empty());  // a stranger has 1000
  for (unsigned n = 0; n < 10; ++n)
    g.budget.holds(*g.come(guest(n)), 1000);
  CHECK(g.has(phone));
  CHECK(g.budget.holds(*phone, 2001) == std::vector{*phone});
  CHECK(g.budget.held_octets() == 4000);
}

TEST_CASE("connection budget: counts stay right in any order of events") {
  std::mt19937 random(3);
  Gateway g({.total = 60, .per_source = 20, .max_held = 40'000});
  const auto anybody = [&] {
    return random() % 3 == 0   ? v6_guest(static_cast<unsigned>(random() % 2), static_cast<unsigned>(random() % 8),
                                          static_cast<unsigned>(random() % 9))
           : random() % 2 == 0 ? guest(static_cast<unsigned>(random() % 6))
                               : IpAddress::v4(static_cast<std::uint32_t>(random()));
  };
  for (int turn = 0; turn < 20'000; ++turn) {
    g.now += std::chrono::milliseconds(random() % 200);
    const auto any = g.there.empty()
                         ? Gateway::Id{0}
                         : std::next(g.there.begin(), static_cast<std::ptrdiff_t>(random() % g.there.size()))->first;
    switch (random() % 7) {
      case 0:
        g.budget.left(any);
        g.there.erase(any);
        g.settled.erase(any);
        break;
      case 1:
        if (g.there.contains(any) && random() % 4 == 0) g.settle(any);
        break;
      case 2:
        random() % 2 == 0 ? g.budget.shown(g.now, any) : g.budget.idle(g.now, any);
        break;
      case 3:
        for (const auto id : g.budget.holds(any, random() % 3000)) {
          if (id == any) g.settled.erase(any);
          g.close({id});
        }
        break;
      default:
        g.come(anybody(), static_cast<Standing>(random() % 3));
    }
    REQUIRE(g.budget.connections() == g.there.size());
    REQUIRE(g.there.size() <= 60);
    REQUIRE(g.of(guest(1)) <= 20);
    REQUIRE(g.budget.held_octets() <= 40'000);
  }
  CHECK(g.budget.evicted() > 1000);
  for (const auto& [id, from] : g.there)
    g.budget.left(id);
  CHECK(g.budget.connections() == 0);
  CHECK(g.budget.held_octets() == 0);
}

TEST_CASE("connection budget: its tables are named after the service, those that it has") {
  MetricsText some, all;
  Gateway g({.total = 10, .per_source = 10});
  g.come(kOffice);
  g.budget.append_tables(some, "http");
  CHECK(some.text().find("dropwire_table_entries{table=\"http_connections\"} 1\n") != std::string::npos);
  CHECK(some.text().find("dropwire_table_bound{table=\"http_connections\"} 10\n") != std::string::npos);
  CHECK(some.text().find("held") == std::string::npos);
  g.budget.configure({.total = 10, .per_source = 10, .rate = 1, .max_held = 100});
  g.budget.append_tables(all, "sip");
  CHECK(all.text().find("{table=\"sip_held_octets\"} 100\n") != std::string::npos);
  CHECK(all.text().find("{table=\"sip_connection_rates\"} 0\n") != std::string::npos);
}
