#include "sbc/base/call_limits.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace std::chrono_literals;
using Verdict = CallLimits::Verdict;

namespace {

const IpAddress kCallersHome = IpAddress::v4(0xC0000207U);
const TimePoint kCallsNow{1h};

}  // namespace

TEST_CASE("without limits everything passes, and nothing is remembered of whoever tries") {
  CallLimits limits({}, 1);
  for (int i = 0; i < 100'000; ++i)
    CHECK(limits.attempt(kCallsNow, std::to_string(i), kCallersHome) == Verdict::passes);
  CHECK(limits.refused() == 0);
}

TEST_CASE("calls at once: of a phone, and of all phones of an address; one that ends makes room") {
  CallLimits limits({.calls_per_phone = 2, .calls_per_source = 3}, 1);
  const auto call = [&](const char* phone) {
    const Verdict verdict = limits.attempt(kCallsNow, phone, kCallersHome);
    if (verdict == Verdict::passes) limits.began(kCallsNow, phone, kCallersHome);
    return verdict;
  };
  CHECK(call("a") == Verdict::passes);
  CHECK(call("a") == Verdict::passes);
  CHECK(call("a") == Verdict::phone_calls);
  CHECK(call("b") == Verdict::passes);
  CHECK(call("c") == Verdict::source_calls);
  CHECK(limits.attempt(kCallsNow, "c", IpAddress::v4(0xC0000208U)) == Verdict::passes);
  limits.ended("a", kCallersHome);
  CHECK(call("c") == Verdict::passes);
  limits.ended("nobody", IpAddress::v4(1));
  CHECK(limits.refused() == 2);
  CHECK(to_string(Verdict::source_calls) == "calls_per_source");
}

TEST_CASE("attempts in a minute: what is refused counts too, and time makes up for it") {
  CallLimits limits({.attempts_per_phone = 6, .attempts_per_source = 8}, 1);
  for (int i = 0; i < 6; ++i)
    CHECK(limits.attempt(kCallsNow, "a", kCallersHome) == Verdict::passes);
  CHECK(limits.attempt(kCallsNow, "a", kCallersHome) == Verdict::phone_attempts);
  CHECK(limits.attempt(kCallsNow, "b", kCallersHome) == Verdict::passes);
  CHECK(limits.attempt(kCallsNow, "c", kCallersHome) == Verdict::source_attempts);
  CHECK(limits.attempt(kCallsNow + 11s, "a", kCallersHome) == Verdict::passes);
  limits.configure({.attempts_per_phone = 1});
  CHECK(limits.attempt(kCallsNow + 12s, "a", kCallersHome) == Verdict::passes);
  CHECK(limits.attempt(kCallsNow + 12s, "a", kCallersHome) == Verdict::phone_attempts);
}

TEST_CASE("a flood of names is bounded, and whoever is in a call is not forgotten") {
  CallLimits limits({.calls_per_phone = 1}, 1);
  limits.began(kCallsNow, "talks", kCallersHome);
  for (std::size_t i = 0; i < CallLimits::kMaxKept + 1000; ++i)
    (void)limits.attempt(kCallsNow, std::to_string(i), kCallersHome);
  (void)limits.attempt(kCallsNow + 2min, "late", kCallersHome);
  CHECK(limits.attempt(kCallsNow + 2min, "talks", kCallersHome) == Verdict::phone_calls);
}
