#include "sbc/base/source_table.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "sbc/base/known_sources.hpp"

using namespace dw;
using namespace std::chrono_literals;

namespace {

IpAddress address_of(std::uint32_t n) {
  return IpAddress::v4(0x0A000000U + n);
}
IpAddress six(std::string_view text) {
  return IpAddress::parse(text).value();
}
const TimePoint kTableStart{1h};

}  // namespace

TEST_CASE("a source is an IPv4 address or an IPv6 /64, a site an IPv6 /48") {
  CHECK(source_of(six("192.0.2.7")) == six("192.0.2.7"));
  CHECK(source_of(six("2001:db8:1:2:3:4:5:6")) == six("2001:db8:1:2::"));
  CHECK(site_of(six("2001:db8:1:2:3:4:5:6")) == six("2001:db8:1::"));
  CHECK(site_of(six("192.0.2.7")) == six("192.0.2.7"));
}

TEST_CASE("a keyed hash spreads neighbours evenly under any seed, and differs by the seed") {
  constexpr std::size_t kBuckets = 1024, kKeys = 32'768;
  for (const std::uint64_t seed : {0ULL, 1ULL, 0x9e3779b97f4a7c15ULL, ~0ULL}) {
    const KeyedHash hash(seed);
    std::vector<unsigned> four(kBuckets), sixes(kBuckets), names(kBuckets), numbers(kBuckets);
    for (std::uint32_t i = 0; i < kKeys; ++i) {
      ++four[hash(address_of(i)) % kBuckets];
      std::array<std::uint8_t, 16> octets{0x20, 0x01, 0x0d, 0xb8};
      octets[6] = static_cast<std::uint8_t>(i >> 8U), octets[7] = static_cast<std::uint8_t>(i);
      ++sixes[hash(IpAddress::v6(octets)) % kBuckets];
      ++names[hash(std::string_view("SEP" + std::to_string(100'000'000'000 + i))) % kBuckets];
      ++numbers[hash(std::uint64_t{i} << 32U) % kBuckets];
    }
    for (const auto* counts :
         {&four, &sixes, &names, &numbers}) {  // 32 on average; Poisson: past 75 or below 5 is hopeless
      CHECK(std::ranges::max(*counts) < 75);
      CHECK(std::ranges::min(*counts) > 4);
    }
  }
  CHECK(KeyedHash(1)(address_of(1)) != KeyedHash(2)(address_of(1)));
  CHECK(KeyedHash(1)(std::string_view("ab")) != KeyedHash(1)(std::string_view(std::string("ab\0", 3))));
  CHECK(KeyedHash(1)(std::string_view{}) != KeyedHash(2)(std::string_view{}));
}

TEST_CASE("a table of sources has a bound, whatever comes, and keeps those that are worth more") {
  SourceTable<IpAddress, int> table(1024, 7);
  CHECK(table.capacity() == 1024);
  for (std::uint32_t i = 0; i < 200; ++i)
    *table.take(kTableStart, address_of(i), Standing::registered, 0) = 1;
  for (std::uint32_t i = 0; i < 200'000; ++i)
    table.take(kTableStart + 1s, address_of(1000 + i), Standing::stranger, 2);
  CHECK(table.size() == 1024);
  CHECK(table.evicted() > 198'000);
  for (std::uint32_t i = 0; i < 200; ++i) {
    REQUIRE(table.find(address_of(i)));
    CHECK(*table.find(address_of(i)) == 1);
  }
  std::size_t visited = 0;
  table.for_each([&](const IpAddress&, int& value) { visited += value > 0 ? 1 : 0; });
  CHECK(visited == 1024);
}

TEST_CASE("a full set: of equals the one that was used longest ago goes, and nobody pushes out who is worth more") {
  using Table = SourceTable<std::uint64_t, int>;
  Table table(1, 3);  // one set
  for (std::uint64_t i = 0; i < Table::kWays; ++i)
    table.take(kTableStart + std::chrono::seconds(i), i, Standing::stranger, 0);
  table.take(kTableStart + 10s, std::uint64_t{0}, Standing::stranger, 0);  // used again
  CHECK(table.take(kTableStart + 11s, std::uint64_t{100}, Standing::stranger, 0));
  CHECK(table.find(std::uint64_t{0}));
  CHECK_FALSE(table.find(std::uint64_t{1}));
  for (std::uint64_t i = 200; i < 200 + Table::kWays; ++i)
    CHECK(table.take(kTableStart + 12s, i, Standing::registered, 0));
  CHECK_FALSE(table.find(std::uint64_t{100}));
  CHECK_FALSE(table.take(kTableStart + 13s, std::uint64_t{300}, Standing::stranger, 0));
  CHECK_FALSE(table.take(kTableStart + 13s, std::uint64_t{300}, Standing::proven, 0));
  CHECK(table.take(kTableStart + 13s, std::uint64_t{300}, Standing::registered, 0));
  table.erase(std::uint64_t{300});
  CHECK(table.size() == Table::kWays - 1);
  CHECK(table.take(kTableStart + 14s, std::uint64_t{400}, Standing::stranger, 0));
}

TEST_CASE("the standing of an entry that nobody used for an hour is no more than a stranger's") {
  using Table = SourceTable<std::string, int>;
  Table table(1, 3);
  for (int i = 0; i < static_cast<int>(Table::kWays); ++i)
    table.take(kTableStart, std::to_string(i), Standing::registered, 0);
  CHECK_FALSE(table.take(kTableStart + Table::kStandingKept, "new", Standing::stranger, 0));
  CHECK(table.take(kTableStart + Table::kStandingKept + 1s, "new", Standing::stranger, 0));
}

TEST_CASE(
    "known sources: what was proved lasts, and no longer; a registration counts for more than an address that is real") {
  KnownSources known(1);
  const IpAddress home = six("2001:db8:1:2::10"), neighbour = six("2001:db8:1:3::10");
  CHECK(known.standing(kTableStart, home) == Standing::stranger);
  known.proved(kTableStart, home, Standing::proven, 10min);
  CHECK(known.standing(kTableStart, home) == Standing::proven);
  known.proved(kTableStart, home, Standing::registered, 5min);
  CHECK(known.standing(kTableStart + 1min, six("2001:db8:1:2::99")) == Standing::registered);  // the same /64
  CHECK(known.standing(kTableStart + 1min, neighbour) == Standing::stranger);
  CHECK(known.standing(kTableStart + 6min, home) == Standing::proven);
  CHECK(known.standing(kTableStart + 10min, home) == Standing::stranger);
  known.proved(kTableStart, home, Standing::registered, 1min);  // shorter than before: nothing is taken away
  CHECK(known.standing(kTableStart + 4min, home) == Standing::registered);
  known.proved(kTableStart, neighbour, Standing::stranger, 1h);
  CHECK_FALSE(known.known(kTableStart, neighbour));
  CHECK(known.size() == 1);
}

TEST_CASE("addresses that are merely real never push out those with registered phones") {
  KnownSources known(5);
  for (std::uint32_t i = 0; i < 5000; ++i)
    known.proved(kTableStart, address_of(i), Standing::registered);
  for (std::uint32_t i = 0; i < 300'000; ++i)
    known.proved(kTableStart + 1s, address_of(10'000 + i), Standing::proven);
  std::size_t kept = 0;
  for (std::uint32_t i = 0; i < 5000; ++i)
    kept += known.standing(kTableStart + 2s, address_of(i)) == Standing::registered ? 1 : 0;
  CHECK(kept == 5000);
  CHECK(known.size() == KnownSources::kMaxSources);
}

TEST_CASE("nor after hours in which nothing was heard of them, while their registration lasts") {
  KnownSources known(5);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    known.proved(kTableStart, address_of(i), Standing::registered, 24h);
    known.proved(kTableStart, address_of(5000 + i), Standing::registered, 1h);  // over by then: they make room
  }
  for (std::uint32_t i = 0; i < 300'000; ++i)
    known.proved(kTableStart + 3h, address_of(10'000 + i), Standing::proven);
  std::size_t kept = 0;
  for (std::uint32_t i = 0; i < 1000; ++i)
    kept += known.standing(kTableStart + 3h, address_of(i)) == Standing::registered ? 1 : 0;
  CHECK(kept == 1000);
  CHECK(known.size() == KnownSources::kMaxSources);
}
