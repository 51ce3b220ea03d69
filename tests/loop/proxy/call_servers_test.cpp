#include "sbc/proxy/call_servers.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace std::chrono_literals;

TEST_CASE(
    "servers are tried in order, and one that failed rests for twice as long each time, up to a minute") {
  proxy::CallServers servers({{"a", 2000}, {"b", 2000}}, 2s);
  TimePoint now{1h};
  CHECK(servers.pick(now, 0) == 0);
  CHECK(servers.pick(now, 1) == 1);
  CHECK_FALSE(servers.pick(now, 2));
  for (const auto rest : {2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    servers.failed(now, 0, "refused");
    CHECK(servers.pick(now, 0) == 1);
    now += rest - 1ms;
    CHECK(servers.pick(now, 0) == 1);
    now += 1ms;
    CHECK(servers.pick(now, 0) == 0);
    CHECK(servers.pick(now, 0) == 1);  // one connection tries it, the others go on
  }
  servers.worked(0);
  CHECK(servers.pick(now, 0) == 0);
  CHECK(servers.pick(now, 0) == 0);
  servers.failed(now, 0, "refused");
  CHECK(servers.all()[0].rest == 2s);
}

TEST_CASE("many connections that fail of one cause count once") {
  proxy::CallServers servers({{"a", 2000}}, 2s);
  const TimePoint now{1h};
  for (int i = 0; i < 100; ++i)
    servers.failed(now, 0, "refused");
  CHECK(servers.all()[0].rest == 2s);
  CHECK(servers.last_failure() == "a:2000: refused, a moment ago");
}

TEST_CASE("another list: a server that stays keeps its number and what is known of it, one in use is not forgotten") {
  proxy::CallServers servers({{"a", 2000}, {"b", 2000}}, 2s);
  const TimePoint now{1h};
  servers.failed(now, 1, "refused");
  const auto a_is_used = [](std::size_t server) { return server == 0; };
  servers.configure({{"c", 2000}, {"b", 2000}}, 5s, a_is_used);
  CHECK(servers.pick(now, 0) == 2);  // c, first in the order
  CHECK(servers.place_of(2) == 0);
  CHECK(servers.place_of(1) == 1);
  CHECK(servers.place_of(0) == 2);  // out of it
  CHECK_FALSE(servers.all()[0].configured);
  CHECK(servers.all()[0].name.host == "a");
  CHECK_FALSE(servers.all()[1].up);
  servers.configure({{"d", 2000}}, 5s, a_is_used);
  CHECK(servers.all().size() == 3);
  CHECK(servers.pick(now, 0) == 1);  // d has the number of b, which nobody used
  CHECK(servers.all()[1].up);
  servers.configure({}, 5s, {[](std::size_t) { return false; }});
  CHECK_FALSE(servers.pick(now, 0));
  CHECK(servers.last_failure().empty());
  servers.configure({{"a", 2000}}, 5s, {[](std::size_t) { return false; }});
  CHECK(servers.pick(now, 0) == 0);
  CHECK(servers.all().size() == 3);
}

TEST_CASE("a thousand lists need no more numbers than are in use at a time") {
  proxy::CallServers servers({{"h0", 1}}, 2s);
  for (std::uint16_t i = 1; i <= 1000; ++i) {
    const std::string host = "h" + std::to_string(i);
    servers.configure({{host, i}}, 2s, [](std::size_t) { return false; });
    CHECK(servers.all()[*servers.pick(TimePoint{1h}, 0)].name.host == host);
  }
  CHECK(servers.all().size() <= 2);
}
