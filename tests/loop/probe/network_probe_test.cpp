#include "sbc/probe/network_probe.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/tcp_stream.hpp"
#include "sbc/probe/lifetime_watch.hpp"
#include "sbc/probe/stun_server.hpp"

using namespace dw;
using namespace dw::probe;
using namespace std::chrono_literals;

namespace {

const IpAddress kHere = IpAddress::v4(0x7f000001), kAlsoHere = IpAddress::v4(0x7f000002);

doctor::NetworkFacts measured(net::Loop& loop, NetworkProbe& probe) {
  std::optional<doctor::NetworkFacts> facts;
  probe.ask([&](const doctor::NetworkFacts& result) { facts = result; });
  REQUIRE(loop.run_until([&] { return facts.has_value(); }, 20s));
  return *facts;
}
const doctor::Reach& reach(const doctor::NetworkFacts& facts, std::string_view service) {
  const auto found = std::ranges::find(facts.reach, service, &doctor::Reach::service);
  REQUIRE(found != facts.reach.end());
  return *found;
}
std::uint16_t closed_port(net::Loop& loop) {
  return net::TcpListener::open(loop, {kHere, 0}, {})->local().port;
}

}  // namespace

TEST_CASE("network probe: against a STUN server on this machine there is no NAT") {
  net::Loop loop;
  auto stun = StunServer::start(loop, {{kHere, kAlsoHere}, 0, 0, {}, 1000});
  REQUIRE(stun);
  CHECK((*stun)->local().size() == 4);
  auto listener = net::TcpListener::open(loop, {kHere, 0}, [](net::Descriptor, const Endpoint&, const Endpoint&) {});
  REQUIRE(listener);
  NetworkProbe::Options options;
  options.stun_server = HostPort{"127.0.0.1", (*stun)->local().front().port};
  options.targets = {{"sccp", doctor::Transport::tcp, "127.0.0.1", listener->local().port},
                     {"https", doctor::Transport::tcp, "127.0.0.1", closed_port(loop)}};
  NetworkProbe probe(loop, options);
  CHECK_FALSE(probe.facts().measured_at);
  const auto facts = measured(loop, probe);
  CHECK(facts.measured_at);
  CHECK(facts.stun_error.empty());
  CHECK(facts.path == doctor::NatPath::none);
  CHECK(facts.reflexive == facts.local);
  CHECK(facts.mapping == doctor::NatBehaviour::endpoint_independent);
  CHECK(facts.filtering == doctor::NatBehaviour::endpoint_independent);
  CHECK_FALSE(facts.one_address);
  CHECK(facts.udp_blocked == false);
  CHECK(reach(facts, "stun").state == doctor::PortState::open);
  CHECK(reach(facts, "sccp").state == doctor::PortState::open);
  CHECK(reach(facts, "sccp").round_trip);
  CHECK(reach(facts, "https").state == doctor::PortState::refused);
  // A fresh result is returned at once.
  bool reported = false;
  probe.ask([&](const doctor::NetworkFacts& again) { reported = again.measured_at == facts.measured_at; });
  CHECK(reported);
  CHECK_FALSE(probe.running());
}

TEST_CASE("network probe: without answers it ends too, and callers meanwhile share the run") {
  net::Loop loop;
  std::vector<net::DatagramSocket> mute;  // they receive, but do not answer
  for (int i = 0; i < 3; ++i) {
    auto opened = net::DatagramSocket::open(loop, {IpAddress::v4(0x7f000001U), 0}, {});
    REQUIRE(opened);
    mute.push_back(std::move(*opened));
  }
  NetworkProbe::Options options;
  options.stun_server = HostPort{"127.0.0.1", mute[0].local().port};
  options.targets = {{"sip", doctor::Transport::udp, "127.0.0.1", mute[1].local().port},
                     {"tftp", doctor::Transport::udp, "127.0.0.1", mute[2].local().port}};
  NetworkProbe probe(loop, options);
  int reported = 0;
  for (int i = 0; i < 2; ++i)
    probe.ask([&](const doctor::NetworkFacts&) { ++reported; });
  CHECK(probe.running());
  REQUIRE(loop.run_until([&] { return reported == 2; }, 20s));
  CHECK(probe.facts().stun_error == "no answer");
  CHECK(probe.facts().mapping == doctor::NatBehaviour::unknown);
  CHECK(reach(probe.facts(), "sip").state == doctor::PortState::no_answer);
  CHECK(reach(probe.facts(), "tftp").state == doctor::PortState::no_answer);
  REQUIRE(probe.facts().sip_alg.size() == 1);
  CHECK_FALSE(probe.facts().sip_alg[0].known());
  CHECK_FALSE(probe.facts().tftp_alg);
}

TEST_CASE("network probe: a UDP port where nobody listens refuses, and no firewall drops anything") {
  net::Loop loop;
  NetworkProbe::Options options;
  options.stun_server = HostPort{"127.0.0.1", closed_port(loop)};
  options.targets = {{"sip", doctor::Transport::udp, "127.0.0.1", closed_port(loop)},
                     {"tftp", doctor::Transport::udp, "127.0.0.1", closed_port(loop)}};
  NetworkProbe probe(loop, options);
  bool reported = false;
  probe.ask([&](const doctor::NetworkFacts&) { reported = true; });
  REQUIRE(loop.run_until([&] { return reported; }, 20s));
  CHECK(probe.facts().stun_error == "nothing listens there (ICMP port unreachable)");
  for (const char* service : {"stun", "sip", "tftp"}) {
    CAPTURE(service);
    CHECK(reach(probe.facts(), service).state == doctor::PortState::refused);
  }
}

TEST_CASE("network probe: destroyed during a run it calls nobody") {
  net::Loop loop;
  auto probe = std::make_unique<NetworkProbe>(
      loop, NetworkProbe::Options{HostPort{"127.0.0.1", 9}, {{"http", doctor::Transport::tcp, "127.0.0.1", 9}}});
  bool reported = false;
  probe->ask([&](const doctor::NetworkFacts&) { reported = true; });
  CHECK_FALSE(loop.run_until([&] { return reported; }, 20ms));
  probe.reset();
  CHECK_FALSE(loop.run_until([&] { return reported; }, 20ms));
}

TEST_CASE("lifetime: the stored result is read again, for the same server only") {
  Lifetime known{"pbx.example.net:3478", 30s, 33s, wall_now()};
  CHECK(*parse_lifetime(to_line(known)) == known);
  known.dead.reset();
  const std::string line = to_line(known);
  CHECK(*parse_lifetime(line) == known);
  for (std::size_t size = 0; size + 14 < line.size(); ++size)
    CHECK_FALSE(parse_lifetime(line.substr(0, size)));
  for (const auto bad : {"", "mapping-lifetime-1 x 5 6", "mapping-lifetime-1 x -5 6 7", "mapping-lifetime-1 x 5 six 7",
                         "mapping-lifetime-2 x 5 6 7"})
    CHECK_FALSE(parse_lifetime(bad));

  const auto dir = std::filesystem::temp_directory_path() / ("dropwire-lifetime-" + std::to_string(getpid()));
  std::filesystem::create_directories(dir);
  std::ofstream(dir / "mapping-lifetime") << line;
  net::Loop loop;
  std::vector<Lifetime> reported;
  const auto on_result = [&](const Lifetime& l) { reported.push_back(l); };
  {
    LifetimeWatch same(loop, {"pbx.example.net", 3478}, dir, on_result);
    LifetimeWatch other(loop, {"192.0.2.1", 3478}, dir, on_result);
  }
  CHECK(reported == std::vector<Lifetime>{known});
  std::filesystem::remove_all(dir);
}
