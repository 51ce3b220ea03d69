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

TEST_CASE(
    "another list: what stays keeps its number, what is used is the central side still, and nothing new goes there") {
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

TEST_CASE("whose domain a server lists goes there and nowhere else, whatever is up") {
  Servers servers({{Transport::udp, {"a", 5060}, {"t1.example.net", "*.many.example.net"}},
                   {Transport::udp, {"b", 5160}, {"t2.example.net"}},
                   {Transport::udp, {"c", 5060}, {"t2.example.net"}},
                   {Transport::udp, {"d", 5060}}},
                  100);
  for (std::size_t i = 0; i < 4; ++i)
    stand(servers, i, ("192.0.2." + std::to_string(i + 1) + ":5060").c_str());
  const TimePoint now{1h};
  const auto pick = [&](std::string_view host, std::uint16_t port, Servers::Set tried = 0) {
    return servers.pick(now, tried, false, servers.choose(host, port));
  };
  CHECK(pick("T1.example.net", 5060) == 0);
  CHECK_FALSE(pick("t1.example.net", 5060, 1));
  CHECK(pick("x.MANY.example.net", 0) == 0);
  CHECK(pick("many.example.net", 0) == 3);  // all below it, not itself
  CHECK(pick("t2.example.net", 5160) == 1);
  CHECK(pick("t2.example.net", 5060) == 2);
  CHECK(pick("t2.example.net", 5060, 1U << 2) == 1);  // the other one that has this domain
  CHECK_FALSE(pick("t2.example.net", 5060, 6));
  CHECK(pick("", 0) == 3);  // nobody's: what lists none
  CHECK(pick("elsewhere.example", 5160) == 3);
  CHECK(pick("192.0.2.2", 5160) == 1);  // by its own address
  CHECK(servers.lists("t1.example.net"));
  CHECK_FALSE(servers.lists("a"));
  CHECK(servers.lists_any());
}

TEST_CASE("without domains the one that the config names goes first, and the others are there when it is down") {
  Servers servers({{Transport::udp, {"a", 5060}}, {Transport::udp, {"b", 5060}}, {Transport::udp, {"b", 5160}}}, 100);
  stand(servers, 0, "192.0.2.1:5060");
  stand(servers, 1, "192.0.2.2:5060");
  stand(servers, 2, "192.0.2.2:5160");
  const TimePoint now{1h};
  const auto pick = [&](std::string_view host, std::uint16_t port, Servers::Set tried = 0) {
    return servers.pick(now, tried, false, servers.choose(host, port));
  };
  CHECK(pick("", 0) == 0);
  CHECK(pick("a", 5060) == 0);
  CHECK(pick("B", 5060) == 1);
  CHECK(pick("b", 5160) == 2);
  CHECK(pick("192.0.2.2", 5160) == 2);
  CHECK(pick("b", 5999) == 1);                   // the host, at whatever port it is known
  CHECK(pick("tenant.example.net", 5160) == 2);  // a name of its own, at that port
  CHECK(pick("tenant.example.net", 5060) == 0);
  CHECK(pick("b", 5160, 1U << 2) == 0);
  servers.failed(now, 2, "gone");
  CHECK(pick("b", 5160) == 0);
  CHECK(pick("b", 5160, 3) == 2);  // it is down, and nothing else is left
}

TEST_CASE("ports that configs alone name don't stand in for each other") {
  Servers servers({{Transport::udp, {"a", 5160}, {}, true}, {Transport::udp, {"a", 5060}, {}, true}}, 100);
  stand(servers, 0, "192.0.2.1:5160");
  stand(servers, 1, "192.0.2.1:5060");
  const TimePoint now{1h};
  const auto pick = [&](std::string_view host, std::uint16_t port, Servers::Set tried = 0) {
    return servers.pick(now, tried, false, servers.choose(host, port));
  };
  CHECK(pick("a", 5060) == 1);
  CHECK(pick("t1.example.net", 5060) == 1);
  CHECK_FALSE(pick("a", 5060, 2));
  CHECK(pick("", 0) == 0);
  CHECK_FALSE(pick("", 0, 1));
  CHECK(pick("a", 5999) == 0);
}

TEST_CASE("who is at home nowhere, where all servers have domains, goes to those of the first one's") {
  Servers servers({{Transport::udp, {"a", 5060}, {"t1"}},
                   {Transport::udp, {"b", 5060}, {"t2"}},
                   {Transport::udp, {"c", 5060}, {"t1"}}},
                  100);
  for (std::size_t i = 0; i < 3; ++i)
    stand(servers, i, ("192.0.2." + std::to_string(i + 1) + ":5060").c_str());
  CHECK(servers.choose("", 0).may == 5);
  CHECK(servers.choose("t3", 5060).may == 5);
  CHECK(Servers({}, 100).choose("t1", 5060).may == 0);
}
