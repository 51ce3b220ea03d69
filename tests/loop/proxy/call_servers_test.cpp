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
