#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "sbc/base/deadline_heap.hpp"
#include "sbc/base/token_bucket.hpp"

using namespace dw;
using namespace std::chrono_literals;

namespace {
constexpr TimePoint kStart{1000s};
}

TEST_CASE("a token bucket lets a burst through, then its rate") {
  TokenBucket bucket(10.0, 3.0);
  for (int i = 0; i < 3; ++i)
    CHECK(bucket.take(kStart));
  CHECK_FALSE(bucket.take(kStart));
  CHECK_FALSE(bucket.take(kStart + 50ms));
  CHECK(bucket.take(kStart + 101ms));
  CHECK_FALSE(bucket.take(kStart + 101ms));
  CHECK_FALSE(bucket.full(kStart + 200ms));
  CHECK(bucket.full(kStart + 1s));
  CHECK_FALSE(bucket.take(kStart + 1s, 3.5));  // more than the burst never passes
  CHECK(bucket.take(kStart + 1s, 3.0));
}

TEST_CASE("a clock that stands still or goes back gives no tokens") {
  TokenBucket bucket(10.0, 1.0);
  CHECK(bucket.take(kStart));
  CHECK_FALSE(bucket.take(kStart - 1h));
  CHECK_FALSE(bucket.take(kStart));
}

TEST_CASE("the deadline heap gives what is due, in order, once") {
  DeadlineHeap heap;
  CHECK_FALSE(heap.next().has_value());
  CHECK_FALSE(heap.pop_due(kStart).has_value());
  heap.set(7, kStart + 3s);
  heap.set(2, kStart + 1s);
  heap.set(5, kStart + 2s);
  CHECK(heap.next() == kStart + 1s);
  CHECK_FALSE(heap.pop_due(kStart + 999ms).has_value());
  heap.set(7, kStart);  // moved ahead
  CHECK(heap.pop_due(kStart + 1s) == 7);
  CHECK(heap.pop_due(kStart + 1s) == 2);
  CHECK_FALSE(heap.pop_due(kStart + 1s).has_value());
  heap.clear(5);
  heap.clear(5);
  heap.clear(1000);
  CHECK(heap.size() == 0);
}

TEST_CASE("the deadline heap agrees with a plain table over a long random walk") {
  std::mt19937 random(2349);
  DeadlineHeap heap;
  std::map<std::size_t, TimePoint> table;
  TimePoint now = kStart;
  for (int turn = 0; turn < 20'000; ++turn) {
    const std::size_t slot = random() % 200;
    switch (random() % 4) {
      case 0:
      case 1:
        table[slot] = now + std::chrono::milliseconds(random() % 500);
        heap.set(slot, table[slot]);
        break;
      case 2:
        table.erase(slot);
        heap.clear(slot);
        break;
      default:
        now += std::chrono::milliseconds(random() % 20);
        while (const auto due = heap.pop_due(now)) {
          REQUIRE(table.contains(*due));
          REQUIRE(table[*due] <= now);
          table.erase(*due);
        }
    }
    REQUIRE(heap.size() == table.size());
    const auto first = std::ranges::min_element(table, {}, [](const auto& entry) { return entry.second; });
    if (first == table.end()) {
      REQUIRE_FALSE(heap.next().has_value());
    } else {
      REQUIRE(heap.next() == first->second);
    }
  }
}
