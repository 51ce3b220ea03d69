#include "sbc/base/fair_share.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace std::chrono_literals;

namespace {

IpAddress of_crowd(std::uint32_t n) {
  return IpAddress::v4(0x0A000000U + n);
}
const IpAddress kHome = IpAddress::v4(0xC0000207U);
const TimePoint kBegin{1h};

}  // namespace

TEST_CASE("strangers fill what is left and no more: a share is kept for those who are known") {
  FairShare share({.total = 100, .per_source = 3, .per_known_source = 20, .kept_for_known = 40}, 1);
  std::size_t granted = 0;
  for (std::uint32_t i = 0; i < 1000; ++i)
    granted += share.take(of_crowd(i), Standing::stranger) == FairShare::Verdict::granted ? 1 : 0;
  CHECK(granted == 60);
  CHECK(share.take(of_crowd(2000), Standing::stranger) == FairShare::Verdict::strangers);
  for (int i = 0; i < 20; ++i)
    CHECK(share.take(kHome, Standing::registered) == FairShare::Verdict::granted);
  CHECK(share.take(kHome, Standing::registered) == FairShare::Verdict::source);
  for (std::uint32_t i = 0; i < 20; ++i)
    CHECK(share.take(of_crowd(3000 + i), Standing::proven) == FairShare::Verdict::granted);
  CHECK(share.take(of_crowd(4000), Standing::registered) == FairShare::Verdict::total);
  CHECK(share.held() == 100);
  CHECK(share.refused() == 1000 - 60 + 3);
}

TEST_CASE("a source has its bound, and its /48 four times that") {
  FairShare share({.total = 1000, .per_source = 2, .per_known_source = 2, .kept_for_known = 0}, 1);
  const auto take = [&](const char* text) { return share.take(IpAddress::parse(text).value(), Standing::stranger); };
  CHECK(take("2001:db8:1:1::1") == FairShare::Verdict::granted);
  CHECK(take("2001:db8:1:1::2") == FairShare::Verdict::granted);
  CHECK(take("2001:db8:1:1::3") == FairShare::Verdict::source);
  for (const char* text : {"2001:db8:1:2::1", "2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:1:3::1",
                           "2001:db8:1:4::1", "2001:db8:1:4::1"})
    CHECK(take(text) == FairShare::Verdict::granted);
  CHECK(take("2001:db8:1:5::1") == FairShare::Verdict::site);
  CHECK(take("2001:db8:2:5::1") == FairShare::Verdict::granted);
  share.give_back(IpAddress::parse("2001:db8:1:4::9").value(), Standing::stranger);
  CHECK(take("2001:db8:1:5::1") == FairShare::Verdict::granted);
}

TEST_CASE("what is given back, or held by one who registered meanwhile, makes room for strangers") {
  FairShare share({.total = 4, .per_source = 4, .per_known_source = 4, .kept_for_known = 50}, 1);
  CHECK(share.take(kHome, Standing::stranger) == FairShare::Verdict::granted);
  CHECK(share.take(kHome, Standing::stranger) == FairShare::Verdict::granted);
  CHECK(share.take(kHome, Standing::stranger) == FairShare::Verdict::strangers);
  share.promote(Standing::stranger, Standing::registered);
  CHECK(share.held_by_strangers() == 1);
  CHECK(share.take(of_crowd(1), Standing::stranger) == FairShare::Verdict::granted);
  share.give_back(kHome, Standing::registered);
  share.give_back(kHome, Standing::stranger);
  share.give_back(of_crowd(1), Standing::stranger);
  CHECK(share.held() == 0);
  CHECK(share.held_by_strangers() == 0);
  CHECK(share.held_by(kHome) == 0);
  share.give_back(kHome, Standing::stranger);  // once too often: nothing goes below zero
  CHECK(share.held() == 0);
}

TEST_CASE("each verdict has a word, but for granted") {
  CHECK(to_string(FairShare::Verdict::granted).empty());
  for (const FairShare::Verdict v :
       {FairShare::Verdict::source, FairShare::Verdict::site, FairShare::Verdict::strangers, FairShare::Verdict::total})
    CHECK_FALSE(to_string(v).empty());
}

TEST_CASE("a rate: each source has its own, strangers share what is left of the whole, known ones pass") {
  FairRate rate({.per_source = 10, .per_known_source = 100, .total = 100, .burst = 1, .kept_for_known = 50}, 1);
  std::size_t strangers = 0, known = 0;
  for (int ms = 0; ms < 10'000; ms += 2) {  // fifty strangers at 10 a second each, and one that is known at 40
    const TimePoint now = kBegin + std::chrono::milliseconds(ms);
    strangers += rate.take(now, of_crowd(static_cast<std::uint32_t>(ms / 2) % 50), Standing::stranger) ? 1 : 0;
    if (ms % 25 == 0) known += rate.take(now, kHome, Standing::registered) ? 1 : 0;
  }
  CHECK(known == 200);
  CHECK(strangers <= 50 * 10 + 50);
  CHECK(strangers >= 50 * 10 - 50);
}

TEST_CASE("a rate: one that floods exhausts its own bucket and nobody else's") {
  FairRate rate({.per_source = 2, .per_known_source = 2, .total = 100, .burst = 5, .kept_for_known = 0}, 1);
  std::size_t passed = 0;
  for (int i = 0; i < 10'000; ++i)
    passed += rate.take(kBegin, of_crowd(1), Standing::stranger) ? 1 : 0;
  CHECK(passed == 10);
  CHECK(rate.take(kBegin, of_crowd(2), Standing::stranger));
  CHECK(rate.refused() == 9990);
  CHECK(rate.take(kBegin + 1s, of_crowd(1), Standing::stranger));
}

TEST_CASE("a rate: forged sources cost a bounded number of entries") {
  FairRate rate({.per_source = 1, .per_known_source = 1}, 1, 256);
  for (std::uint32_t i = 0; i < 100'000; ++i)
    rate.take(kBegin, of_crowd(i), Standing::stranger);
  CHECK(rate.size() == 256);
  rate.configure({.per_source = 5, .per_known_source = 1});
  std::size_t passed = 0;
  for (int i = 0; i < 100; ++i)
    passed += rate.take(kBegin, of_crowd(99'999), Standing::stranger) ? 1 : 0;
  CHECK(passed == 25);
}
