#include "sbc/sccp/call_servers.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace std::chrono_literals;

namespace {

using ServerNumbers = std::vector<std::size_t>;
const auto kNobodyUses = [](std::size_t) { return false; };

}  // namespace

TEST_CASE("servers are tried in order, those that are up first, and each of them once") {
  sccp::CallServers servers({{"a", 2000}, {"b", 2000}, {"c", 2000}}, 2s);
  const TimePoint now{1h};
  CHECK(servers.pick({}) == 0);
  CHECK(servers.pick(ServerNumbers{0}) == 1);
  CHECK(servers.failed(now, 0, "refused"));
  CHECK(servers.pick({}) == 1);
  CHECK(servers.pick(ServerNumbers{1, 2}) == 0);  // a phone's own attempt may always try it
  CHECK_FALSE(servers.pick(ServerNumbers{0, 1, 2}));
  CHECK(servers.failed(now, 1, "refused"));
  CHECK(servers.failed(now, 2, "refused"));
  CHECK(servers.pick({}) == 0);
  CHECK(servers.pick(ServerNumbers{0}) == 1);
  CHECK(servers.worked(now + 9s, 1) == Duration(9s));
  CHECK(servers.pick({}) == 1);
}

TEST_CASE("the server that the phone's config names goes before the others while it is up") {
  sccp::CallServers servers({{"a", 2000}, {"b", 2000}, {"b", 2001}}, 2s);
  servers.at(1).addresses = servers.at(2).addresses = {*IpAddress::parse("192.0.2.2")};
  CHECK(servers.pick({}, {"A", 2000}) == 0);
  CHECK(servers.pick({}, {"b", 2001}) == 2);
  CHECK(servers.pick({}, {"192.0.2.2", 2001}) == 2);
  CHECK(servers.pick({}, {"b", 2999}) == 1);
  CHECK(servers.pick({}, {"elsewhere", 2001}) == 0);
  CHECK(servers.pick({}) == 0);
  CHECK(servers.pick(ServerNumbers{2}, {"b", 2001}) == 1);
  servers.failed(TimePoint{1h}, 2, "refused");
  CHECK(servers.pick({}, {"b", 2001}) == 1);
  CHECK(servers.pick(ServerNumbers{0, 1}, {"b", 2001}) == 2);
}

TEST_CASE("a server that is down is probed every few seconds for as long as it is, the only one too") {
  sccp::CallServers servers({{"a", 2000}}, 2s);
  TimePoint now{1h};
  CHECK(servers.next_due() == TimePoint::max());  // nobody has tried it yet
  servers.failed(now, 0, "refused");
  for (int i = 0; i < 1000; ++i) {
    CHECK(servers.next_due() == now + 2s);
    CHECK_FALSE(servers.due(now + 1999ms));
    now += 2s;
    CHECK(servers.due(now) == 0);
    CHECK_FALSE(servers.due(now));
    CHECK_FALSE(servers.failed(now, 0, "refused"));
    CHECK(servers.pick({}) == 0);
  }
  CHECK(servers.worked(now, 0) == Duration(2000s));
  CHECK_FALSE(servers.worked(now, 0));
}

TEST_CASE("one that is up is probed once it was silent for a minute, and nobody else is") {
  sccp::CallServers servers({{"a", 2000}}, 2s);
  TimePoint now{1h};
  CHECK_FALSE(servers.due(now));
  servers.worked(now, 0);
  CHECK(servers.next_due() == now + 60s);
  servers.heard(now + 50s, 0);
  CHECK_FALSE(servers.due(now + 109s));
  CHECK(servers.due(now + 110s) == 0);
  CHECK_FALSE(servers.due(now + 111s));
  servers.configure({}, 2s, kNobodyUses);
  CHECK(servers.next_due() == TimePoint::max());
}

TEST_CASE("thousands of phones cost a dead server a few connections a second, and come back in a flow") {
  sccp::CallServers servers({{"a", 2000}}, 2s);
  TimePoint now{1h};
  const auto of_ten_thousand = [&] {
    int went = 0;
    for (int i = 0; i < 10'000; ++i)
      went += servers.takes(now, 0) ? 1 : 0;
    return went;
  };
  CHECK(of_ten_thousand() == 10'000);  // nothing has failed yet
  servers.failed(now, 0, "refused");
  CHECK(of_ten_thousand() == 20);
  now += 1s;
  CHECK(of_ten_thousand() == 10);
  servers.worked(now, 0);
  CHECK(of_ten_thousand() == 50);
  for (int s = 0; s < 59; ++s) {
    now += 200ms;
    CHECK(of_ten_thousand() == 40);
  }
  now += 60s;
  CHECK(of_ten_thousand() == 10'000);
}

TEST_CASE("many connections that fail of one cause are one outage, and its age is reported") {
  sccp::CallServers servers({{"a", 2000}}, 2s);
  const TimePoint now{1h};
  CHECK(servers.last_failure(now) == "a:2000: it has not answered yet");
  int began = 0;
  for (int i = 0; i < 100; ++i)
    began += servers.failed(now, 0, "refused") ? 1 : 0;
  CHECK(began == 1);
  CHECK(servers.last_failure(now + 3s) == "a:2000: refused, 3.0 s ago");
  CHECK(servers.all()[0].down_since == now);
}

TEST_CASE("another list: a server that stays keeps its number and what is known of it, one in use is not forgotten") {
  sccp::CallServers servers({{"a", 2000}, {"b", 2000}}, 2s);
  const TimePoint now{1h};
  servers.failed(now, 1, "refused");
  const auto a_is_used = [](std::size_t server) { return server == 0; };
  servers.configure({{"c", 2000}, {"b", 2000}}, 5s, a_is_used);
  CHECK(servers.pick({}) == 2);  // c, first in the order
  CHECK(servers.pick(ServerNumbers{2}) == 1);
  CHECK_FALSE(servers.pick(ServerNumbers{2, 1}));  // a is out of it
  CHECK_FALSE(servers.all()[0].configured);
  CHECK(servers.all()[0].name.host == "a");
  CHECK_FALSE(servers.all()[1].up);
  servers.configure({{"d", 2000}}, 5s, a_is_used);
  CHECK(servers.all().size() == 3);
  CHECK(servers.pick({}) == 1);  // d has the number of b, which nobody used
  CHECK(servers.all()[1].up);
  servers.configure({}, 5s, kNobodyUses);
  CHECK_FALSE(servers.pick({}));
  CHECK(servers.last_failure(now).empty());
  servers.configure({{"a", 2000}}, 5s, kNobodyUses);
  CHECK(servers.pick({}) == 0);
  CHECK(servers.all().size() == 3);
}

TEST_CASE("a thousand lists need no more numbers than are in use at a time") {
  sccp::CallServers servers({{"h0", 1}}, 2s);
  for (std::uint16_t i = 1; i <= 1000; ++i) {
    const std::string host = "h" + std::to_string(i);
    servers.configure({{host, i}}, 2s, [](std::size_t) { return false; });
    CHECK(servers.all()[*servers.pick({})].name.host == host);
  }
  CHECK(servers.all().size() <= 2);
}
