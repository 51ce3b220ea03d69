#include "sbc/sip/servers.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;

namespace {

Servers::Names names(std::initializer_list<const char*> hosts) {
  Servers::Names out;
  for (const char* host : hosts)
    out.emplace_back(Transport::udp, HostPort{host, 5060});
  return out;
}

void stand(Servers& servers, std::size_t server, const char* at) {
  servers.set_addresses(server, {{*Endpoint::parse(at), *Endpoint::parse("10.0.0.1:5060")}});
}

const Servers::Used kNone = [](std::size_t) { return false; };

}  // namespace

TEST_CASE("another list: what stays keeps its number, what is used is the central side still, and nothing new goes there") {
  Servers servers(names({"a", "b"}), 100);
  stand(servers, 0, "192.0.2.1:5060");
  stand(servers, 1, "192.0.2.2:5060");
  bool used = true;
  const Servers::Used a_is_used = [&](std::size_t server) { return server == 0 && used; };
  const TimePoint now{1h};
  REQUIRE(servers.configure(names({"c", "b"}), 100, a_is_used));
  CHECK(servers.configured() == 2);
  CHECK(servers[2].name.host == "c");
  CHECK(servers.pick(now, 0) == 1);  // c has no address yet
  stand(servers, 2, "192.0.2.3:5060");
  CHECK(servers.pick(now, 0) == 2);
  CHECK(servers.pick(now, 1U << 2) == 1);
  CHECK_FALSE(servers.pick(now, 6));
  CHECK(servers.at(*Endpoint::parse("192.0.2.1:5060")) == 0);
  used = false;
  servers.forget_unused(a_is_used);
  CHECK_FALSE(servers.at(*Endpoint::parse("192.0.2.1:5060")));
  REQUIRE(servers.configure(names({"d", "b"}), 100, kNone));
  CHECK(servers.all().size() == 3);
  CHECK(servers[0].name.host == "d");
  CHECK(servers.all()[0].configured);
  CHECK_FALSE(servers.all()[2].configured);
}

TEST_CASE("the same host by another transport is another server") {
  Servers servers(names({"a"}), 100);
  stand(servers, 0, "192.0.2.1:5060");
  REQUIRE(servers.configure({{Transport::tcp, {"a", 5060}}}, 100, [](std::size_t) { return true; }));
  CHECK(servers.all().size() == 2);
  CHECK(servers[1].transport == Transport::tcp);
  CHECK_FALSE(servers[0].configured);
}

TEST_CASE("no more than can be kept: then nothing changes") {
  Servers servers(names({"first"}), 100);
  const Servers::Used all = [](std::size_t) { return true; };
  int taken = 0;
  for (; taken < 100; ++taken) {
    const std::string host = "h" + std::to_string(taken);
    if (!servers.configure(names({host.c_str()}), 100, all)) break;
  }
  CHECK(taken == static_cast<int>(Servers::kMaxKept) - 1);
  CHECK(servers.all().size() == Servers::kMaxKept);
  CHECK(servers.all().back().configured);
  CHECK(servers.configured() == 1);
  CHECK(servers.configure(names({"after"}), 100, kNone));
}
