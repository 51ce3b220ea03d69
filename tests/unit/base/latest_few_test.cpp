#include "sbc/base/latest_few.hpp"

#include <doctest/doctest.h>

using namespace dw;

TEST_CASE("the last few: the latest first, one entry of a kind, and the one seen longest ago makes room") {
  struct Seen {
    int who;
    int times;
  };
  LatestFew<Seen, 3> few;
  const auto see = [&](int who) { ++few.see([who](const Seen& seen) { return seen.who == who; }, {who, 0}).times; };
  const auto order = [&] {
    int digits = 0;
    for (const Seen& seen : few.all())
      digits = 10 * digits + seen.who;
    return digits;
  };
  for (const int who : {1, 2, 1, 3})
    see(who);
  CHECK(order() == 312);
  CHECK(few.all()[1].times == 2);
  see(4);  // 2 was seen longest ago
  CHECK(order() == 431);
  see(2);
  CHECK(order() == 243);
  CHECK(few.all()[0].times == 1);  // forgotten meanwhile
  few.clear();
  CHECK(few.all().empty());
}
