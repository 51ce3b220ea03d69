#include "nat/core/media/port_pool.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

using namespace dw;
using namespace dw::nat;
using namespace std::chrono_literals;

TEST_CASE("the pool gives each even port once, and then nothing") {
  PortPool pool(20001, 20100, 7);
  CHECK(pool.size() == 49);  // 20002 … 20098; 20100 has no odd partner
  std::set<std::uint16_t> seen;
  while (const auto port = pool.take(TimePoint{})) {
    CHECK(*port % 2 == 0);
    CHECK(*port >= 20002);
    CHECK(*port + 1 <= 20100);
    CHECK(seen.insert(*port).second);
  }
  CHECK(seen.size() == 49);
  CHECK(pool.in_use() == 49);
}

TEST_CASE("a port rests before it is used again, and those unused for longest come first") {
  PortPool pool(20000, 20003, 1);
  TimePoint now{};
  const auto a = pool.take(now);
  const auto b = pool.take(now);
  pool.give_back(now, *a);
  CHECK_FALSE(pool.take(now));
  now += PortPool::kQuarantine;
  pool.give_back(now, *b);
  CHECK(pool.take(now) == a);
  CHECK_FALSE(pool.take(now));
}

TEST_CASE("what was never taken, or came back already, can't be given back") {
  PortPool pool(20000, 20009, 1);
  const auto a = pool.take(TimePoint{});
  pool.give_back(TimePoint{}, *a);
  pool.give_back(TimePoint{}, *a);
  pool.give_back(TimePoint{}, 20001);
  pool.give_back(TimePoint{}, 30000);
  pool.give_back(TimePoint{}, 10);
  CHECK(pool.in_use() == 0);
  std::size_t count = 0;
  while (pool.take(TimePoint{} + PortPool::kQuarantine))
    ++count;
  CHECK(count == 5);
}

TEST_CASE("an empty or backward range is an empty pool") {
  CHECK(PortPool(20001, 20002, 1).size() == 0);
  CHECK(PortPool(20010, 20000, 1).size() == 0);
  CHECK(PortPool(65534, 65535, 1).size() == 1);
}

TEST_CASE("another seed gives another order") {
  PortPool a(20000, 29999, 1);
  PortPool b(20000, 29999, 2);
  int same = 0;
  for (int i = 0; i < 100; ++i)
    same += a.take(TimePoint{}) == b.take(TimePoint{}) ? 1 : 0;
  CHECK(same < 10);
}

TEST_CASE("another range: ports in use stay so, those outside it come back to nobody") {
  nat::PortPool pool(20000, 20007, 1);
  const TimePoint now{1h};
  const auto held = pool.take(now);
  REQUIRE(held);
  pool.configure(30000, 30003, 2);
  CHECK(pool.size() == 2);
  CHECK(pool.in_use() == 1);
  std::vector<std::uint16_t> taken;
  while (const auto port = pool.take(now))
    taken.push_back(*port);
  std::ranges::sort(taken);
  CHECK(taken == std::vector<std::uint16_t>{30000, 30002});
  pool.give_back(now, *held);
  CHECK(pool.in_use() == 2);
  CHECK_FALSE(pool.take(now + 1min));
  pool.configure(30000, 30005, 3);
  CHECK(pool.take(now) == std::uint16_t{30004});
  pool.give_back(now, 30000);
  CHECK_FALSE(pool.take(now));
  CHECK(pool.take(now + nat::PortPool::kQuarantine) == std::uint16_t{30000});
}

TEST_CASE("pairs set aside: by number alone, while there are others") {
  PortPool pool(20001, 20011, 1, 2);  // 20002, 20004 aside; 20006, 20008, 20010 for anybody
  const TimePoint now{1h};
  CHECK(pool.size() == 5);
  CHECK_FALSE(pool.take(now, 20006));  // not set aside
  CHECK_FALSE(pool.take(now, 20003));
  CHECK_FALSE(pool.take(now, 20000));
  CHECK_FALSE(pool.take(now, 0));
  CHECK(pool.take(now, 20004));
  CHECK_FALSE(pool.take(now, 20004));
  std::set<std::uint16_t> any;
  for (int i = 0; i < 3; ++i)
    any.insert(pool.take(now).value_or(0));
  CHECK(any == std::set<std::uint16_t>{20006, 20008, 20010});
  CHECK(pool.in_use() == 4);
  // The last one left goes to anybody, rather than no call.
  CHECK(pool.take(now) == std::uint16_t{20002});
  CHECK_FALSE(pool.take(now));
  CHECK_FALSE(pool.take(now, 20002));
  CHECK(pool.in_use() == 5);
}

TEST_CASE("pairs set aside rest as others do, and come back aside") {
  PortPool pool(20000, 20005, 1, 1);
  TimePoint now{1h};
  CHECK(pool.take(now, 20000));
  pool.give_back(now, 20000);
  pool.give_back(now, 20000);
  CHECK(pool.in_use() == 0);
  CHECK_FALSE(pool.take(now + PortPool::kQuarantine - 1ms, 20000));
  now += PortPool::kQuarantine;
  CHECK(pool.take(now) != std::uint16_t{20000});
  CHECK(pool.take(now) != std::uint16_t{20000});
  CHECK(pool.take(now, 20000));
  pool.give_back(now, 20000);
  // While it rests it goes to nobody, even as the last.
  CHECK_FALSE(pool.take(now + 1ms));
  CHECK(pool.take(now + PortPool::kQuarantine) == std::uint16_t{20000});
}

TEST_CASE("more set aside than there are: all are") {
  PortPool pool(20000, 20003, 1, 100);
  const TimePoint now{1h};
  CHECK(pool.size() == 2);
  CHECK(pool.take(now, 20002));
  CHECK(pool.take(now) == std::uint16_t{20000});
  CHECK_FALSE(pool.take(now));
}
