#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "sbc/net/sip_lookup.hpp"
#include "sbc/net/timer.hpp"
#include "tests/loop/net/scripted_dns.hpp"

using namespace dw;
using namespace std::chrono_literals;
using net::SipTransport;

namespace {

using FoundTargets = std::optional<Result<net::SipTargets>>;
constexpr Duration kLookupPatience = 20s;  // of a test; nothing takes so long
constexpr Duration kLong = 1h;             // of a lookup that the test itself must end

struct Net {
  explicit Net(Duration timeout = kLong, Duration give_up = kLong) {
    net::SipResolver::Options options;
    options.dns.servers = {dns.at()};
    options.dns.timeout = timeout;
    options.dns.tries = 1;
    options.give_up = give_up;
    options.random = [](std::uint32_t) { return 0U; };
    resolver.emplace(loop, options);
  }

  FoundTargets look_up(const char* name, SipTransport transport = SipTransport::udp) {
    FoundTargets found;
    const net::SipLookup lookup(*resolver, *HostPort::parse(name), transport,
                                [&](auto answer) { found = std::move(answer); });
    CHECK_FALSE(found.has_value());  // never before the constructor has returned
    CHECK(loop.run_until([&] { return found.has_value(); }, kLookupPatience));
    return found;
  }
  int asked(const std::string& name, std::uint16_t type) const {
    const auto found = dns.udp_asked.find({name, type});
    return found == dns.udp_asked.end() ? 0 : found->second;
  }

  net::Loop loop;
  test::ScriptedDns dns{loop};
  std::optional<net::SipResolver> resolver;
};

/// "192.0.2.1:5060 192.0.2.2:5061", or the error's code.
std::string words(const FoundTargets& found) {
  if (!found) return "nothing";
  if (!*found) return "error: " + std::string(to_string(found->error().code));
  std::string out;
  for (const Endpoint& e : (*found)->endpoints)
    out += (out.empty() ? "" : " ") + e.to_string();
  return out;
}

std::string error_of(Errc code) {
  return "error: " + std::string(to_string(code));
}

struct TemporaryFile {
  TemporaryFile() {
    const int file = mkstemp(path.data());
    REQUIRE(file >= 0);
    close(file);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { unlink(path.c_str()); }

  std::string path = "/tmp/dropwire-lookup-XXXXXX";
};

}  // namespace

TEST_CASE("a literal is its own answer, and no DNS server is asked") {
  Net net;
  CHECK(words(net.look_up("192.0.2.7")) == "192.0.2.7:5060");
  CHECK(words(net.look_up("192.0.2.7", SipTransport::tls)) == "192.0.2.7:5061");
  CHECK(words(net.look_up("[2001:db8::7]:5070", SipTransport::tcp)) == "[2001:db8::7]:5070");
  CHECK((*net.look_up("192.0.2.7"))->ttl == net::SipLookup::kMaxTtl);
  CHECK(net.dns.udp_asked.empty());
}

TEST_CASE("a name with a port has addresses, and SRV is not asked") {
  Net net;
  net.dns.say_addresses("pbx.example.net", {"192.0.2.1", "192.0.2.2"}, 120);
  const FoundTargets found = net.look_up("pbx.example.net:5070");
  REQUIRE(found->has_value());
  CHECK((*found)->endpoints.size() == 2);
  for (const Endpoint& e : (*found)->endpoints)
    CHECK(e.port == 5070);
  CHECK((*found)->ttl == 120s);
  CHECK(net.asked("_sip._udp.pbx.example.net", test::kSrv) == 0);
}

TEST_CASE("both families are found, an alias is followed, and its time to live counts") {
  Net net;
  net.dns.say("pbx.example.net", test::kA,
              {{test::cname("pbx.example.net", "a.example.net", 40), test::address("a.example.net", "192.0.2.1")}});
  net.dns.say("pbx.example.net", test::kAaaa,
              {{test::cname("pbx.example.net", "a.example.net", 50), test::address("a.example.net", "2001:db8::1")}});
  const FoundTargets found = net.look_up("pbx.example.net:5060");
  REQUIRE(found->has_value());
  CHECK((*found)->endpoints.size() == 2);
  CHECK(std::ranges::count((*found)->endpoints, *Endpoint::parse("192.0.2.1:5060")) == 1);
  CHECK(std::ranges::count((*found)->endpoints, *Endpoint::parse("[2001:db8::1]:5060")) == 1);
  CHECK((*found)->ttl == 40s);
}

TEST_CASE("a name without a port is asked for SRV: by priority, then by weight, each with its own port") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  net.dns.say(name, test::kSrv,
              {{test::srv(name, 20, 0, 5063, "c.example.net"), test::srv(name, 10, 90, 5062, "b.example.net"),
                test::srv(name, 10, 10, 5061, "a.example.net", 200)}});
  net.dns.say_addresses("a.example.net", {"192.0.2.1"});
  net.dns.say_addresses("b.example.net", {"192.0.2.2"});
  net.dns.say_addresses("c.example.net", {"192.0.2.3"});
  const FoundTargets found = net.look_up("example.net");
  CHECK(words(found) == "192.0.2.2:5062 192.0.2.1:5061 192.0.2.3:5063");  // 0 draws the first of those in turn
  CHECK((*found)->ttl == 200s);
  CHECK(net.asked("example.net", test::kA) == 0);
}

TEST_CASE("the transport picks the SRV name and the usual port") {
  for (const auto& [transport, prefix, port] : {std::tuple(SipTransport::udp, "_sip._udp.", "5060"),
                                                {SipTransport::tcp, "_sip._tcp.", "5060"},
                                                {SipTransport::tls, "_sips._tcp.", "5061"}}) {
    CAPTURE(prefix);
    Net net;
    const std::string name = std::string(prefix) + "example.net";
    net.dns.say_addresses("example.net", {"192.0.2.1"});
    CHECK(words(net.look_up("example.net", transport)) == std::string("192.0.2.1:") + port);
    CHECK(net.asked(name, test::kSrv) == 1);
    CHECK(net.dns.udp_asked.size() == 3);  // that, A and AAAA
  }
}

TEST_CASE(
    "without SRV records the name's own addresses are taken, be it NXDOMAIN, no data or an alias to "
    "nothing") {
  const std::string name = "_sip._udp.example.net";
  for (const test::DnsReply& nothing : {test::DnsReply{.flags = test::kNxDomain}, test::DnsReply{},
                                        test::DnsReply{{test::cname(name, "nowhere.example.net")}}}) {
    Net net;
    net.dns.say(name, test::kSrv, nothing);
    net.dns.say_addresses("example.net", {"192.0.2.1"});
    CHECK(words(net.look_up("example.net")) == "192.0.2.1:5060");
  }
}

TEST_CASE("an SRV target that is the root: no SIP there, and nothing else is asked") {
  Net net;
  const std::string name = "_sip._tcp.example.net";
  net.dns.say(name, test::kSrv, {{test::srv(name, 0, 0, 0, "")}});
  net.dns.say_addresses("example.net", {"192.0.2.1"});
  const FoundTargets found = net.look_up("example.net", SipTransport::tcp);
  CHECK(words(found) == error_of(Errc::unavailable));
  CHECK(found->error().text == "\"example.net\" offers no SIP over TCP: its SRV record says so");
  CHECK(net.dns.udp_asked.size() == 1);
}

TEST_CASE("additional addresses of an SRV answer are not trusted: the target is looked up") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  net.dns.say(name, test::kSrv,
              {{test::srv(name, 1, 1, 5060, "pbx.example.net")}, {test::address("pbx.example.net", "203.0.113.66")}});
  net.dns.say_addresses("pbx.example.net", {"192.0.2.1"});
  CHECK(words(net.look_up("example.net")) == "192.0.2.1:5060");
}

TEST_CASE("a target without addresses is passed over, and all of them are an error") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  net.dns.say(
      name, test::kSrv,
      {{test::srv(name, 1, 0, 5060, "gone.example.net", 3600), test::srv(name, 2, 0, 5060, "pbx.example.net", 3600)}});
  const FoundTargets none = net.look_up("example.net");
  CHECK(words(none) == error_of(Errc::not_found));
  CHECK(none->error().text.find("gone.example.net") != std::string::npos);
  net.dns.say_addresses("pbx.example.net", {"192.0.2.1"}, 3600);
  const FoundTargets found = net.look_up("example.net");
  CHECK(words(found) == "192.0.2.1:5060");
  CHECK((*found)->ttl == 3600s);  // that a name does not exist is an answer
}

TEST_CASE("a target that can't be asked is passed over, and asked again soon") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  net.dns.say(
      name, test::kSrv,
      {{test::srv(name, 1, 0, 5060, "a.example.net", 3600), test::srv(name, 2, 0, 5060, "b.example.net", 3600)}});
  net.dns.say("a.example.net", test::kA, {.flags = test::kServFail});
  net.dns.say("a.example.net", test::kAaaa, {.flags = test::kServFail});
  net.dns.say_addresses("b.example.net", {"192.0.2.2"}, 3600);
  const FoundTargets found = net.look_up("example.net");
  CHECK(words(found) == "192.0.2.2:5060");
  CHECK((*found)->ttl == net::SipLookup::kPartTtl);
}

TEST_CASE("two targets of one address and port are one endpoint, of two ports two") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  net.dns.say(name, test::kSrv,
              {{test::srv(name, 1, 0, 5060, "a.example.net"), test::srv(name, 2, 0, 5060, "b.example.net"),
                test::srv(name, 3, 0, 5070, "b.example.net")}});
  net.dns.say_addresses("a.example.net", {"192.0.2.1"});
  net.dns.say_addresses("b.example.net", {"192.0.2.1"});
  CHECK(words(net.look_up("example.net")) == "192.0.2.1:5060 192.0.2.1:5070");
}

TEST_CASE("bounds: the number of SRV records used, and of addresses") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  test::DnsReply reply;
  for (unsigned i = 0; i < net::SipLookup::kMaxTargets + 4; ++i) {  // in reverse: the last ones are the best
    const auto priority = static_cast<std::uint16_t>(100 - i);
    const std::string host = "h" + std::to_string(priority) + ".net";
    reply.answers.push_back(test::srv(name, priority, 0, 5060, host));
    net.dns.say_addresses(host, {("192.0.2." + std::to_string(priority)).c_str(), "198.51.100.1"});
  }
  net.dns.say(name, test::kSrv, reply);
  net.dns.say_by_udp(name, test::kSrv, {.flags = test::kTruncated});  // it does not fit a datagram
  const FoundTargets found = net.look_up("example.net");
  REQUIRE(found->has_value());
  CHECK((*found)->endpoints.size() == net::SipLookup::kMaxEndpoints);
  CHECK(net.asked("h81.net", test::kA) == 1);
  CHECK(net.asked("h96.net", test::kA) == 1);
  CHECK(net.asked("h97.net", test::kA) == 0);
  CHECK(net.dns.tcp_asked.size() == 1);
}

TEST_CASE("the time to live is kept within its bounds") {
  Net net;
  net.dns.say_addresses("short.example.net", {"192.0.2.1"}, 0);
  net.dns.say_addresses("long.example.net", {"192.0.2.1"}, 604800);
  CHECK((*net.look_up("short.example.net:5060"))->ttl == net::SipLookup::kMinTtl);
  CHECK((*net.look_up("long.example.net:5060"))->ttl == net::SipLookup::kMaxTtl);
}

TEST_CASE("a name that does not exist, and one that can't") {
  Net net;
  const FoundTargets found = net.look_up("nowhere.example.net");
  CHECK(words(found) == error_of(Errc::not_found));
  CHECK(found->error().text.find("\"nowhere.example.net\"") != std::string::npos);
  const std::string label(64, 'x');  // longer than RFC 1035 §2.3.4 allows
  CHECK(words(net.look_up((label + ".example.net").c_str())) == error_of(Errc::invalid));
}

TEST_CASE("no server answers: silence, refusal and failure say nothing about the name") {
  const std::string name = "_sip._udp.example.net";
  for (const std::uint16_t flags : {test::kServFail, test::kRefused}) {
    Net net;
    net.dns.say(name, test::kSrv, {.flags = flags});
    net.dns.say_addresses("example.net", {"192.0.2.1"});
    CHECK(words(net.look_up("example.net")) == error_of(Errc::unavailable));
    CHECK(net.asked("example.net", test::kA) == 0);
  }
  Net silent(500ms);
  silent.dns.keep_silent(name, test::kSrv);
  silent.dns.say_addresses("example.net", {"192.0.2.1"});
  CHECK(words(silent.look_up("example.net")) == error_of(Errc::unavailable));
  // The next lookup is not hurt by it.
  silent.dns.say(name, test::kSrv, {});
  CHECK(words(silent.look_up("example.net")) == "192.0.2.1:5060");
}

TEST_CASE("a lookup ends in time whatever its queries do, and what it asked is forgotten") {
  Net net(kLong, 50ms);
  net.dns.keep_silent("pbx.example.net", test::kA);
  net.dns.keep_silent("pbx.example.net", test::kAaaa);
  const FoundTargets found = net.look_up("pbx.example.net:5060");
  CHECK(words(found) == error_of(Errc::unavailable));
  CHECK(found->error().text.find("in time") != std::string::npos);
}

TEST_CASE("answers that can't be read") {
  const std::string name = "_sip._udp.example.net";
  const test::DnsReply good{{test::srv(name, 1, 2, 5060, "pbx.example.net")}};
  const Buffer whole = test::dns_message(0, name, test::kSrv, good);
  const std::size_t question = whole.size() - (name.size() + 2) - 10 - good.answers[0].data.size();
  for (std::size_t cut : {question, question + 5, whole.size() - 1}) {
    CAPTURE(cut);
    Net net;
    net.dns.say_addresses("example.net", {"192.0.2.1"});
    net.dns.script(name, test::kSrv, [&](std::uint16_t id) {
      Buffer out = test::dns_message(id, name, test::kSrv, good);
      out.resize(cut);
      return out;
    });
    CHECK(words(net.look_up("example.net")) == error_of(Errc::malformed));
  }
  Net net;
  net.dns.script("pbx.example.net", test::kA, [](std::uint16_t id) {
    Buffer out = test::dns_message(id, "pbx.example.net", test::kA, {{test::address("pbx.example.net", "192.0.2.1")}});
    out.pop_back();
    return out;
  });
  net.dns.say("pbx.example.net", test::kAaaa, {});
  CHECK_FALSE(net.look_up("pbx.example.net:5060")->has_value());
}

TEST_CASE("a message that does not match the question is not taken for its answer") {
  const std::string name = "_sip._udp.example.net";
  using Wrong = std::function<Buffer(std::uint16_t)>;
  const std::vector<Wrong> all = {[](std::uint16_t) { return Buffer{}; },
                                  [](std::uint16_t id) {
                                    return Buffer{static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
                                  },
                                  [&](std::uint16_t id) {  // another's id
                                    return test::dns_message(static_cast<std::uint16_t>(id ^ 1), name, test::kSrv,
                                                             {{test::srv(name, 1, 1, 1, "x")}});
                                  },
                                  [](std::uint16_t id) {  // another question
                                    return test::dns_message(id, "_sip._udp.example.org", test::kSrv,
                                                             {{test::srv("_sip._udp.example.org", 1, 1, 1, "x")}});
                                  }};
  for (const Wrong& wrong : all) {
    Net net(50ms);
    net.dns.script(name, test::kSrv, wrong);
    CHECK(words(net.look_up("example.net")) == error_of(Errc::unavailable));
    CHECK(net.asked("x", test::kA) == 0);
  }
}

TEST_CASE("a truncated answer is asked for again by TCP") {
  Net net;
  const std::string name = "_sip._udp.example.net";
  net.dns.say(name, test::kSrv, {{test::srv(name, 1, 1, 5064, "pbx.example.net")}});
  net.dns.say_by_udp(name, test::kSrv, {.flags = test::kTruncated});
  net.dns.say_addresses("pbx.example.net", {"192.0.2.1"});
  CHECK(words(net.look_up("example.net")) == "192.0.2.1:5064");
  CHECK(net.dns.tcp_asked[{name, test::kSrv}] == 1);
}

TEST_CASE("once no server has answered, the next lookup asks those that resolv.conf names by then") {
  const TemporaryFile conf;
  net::Loop loop;
  test::ScriptedDns dns(loop, "127.0.0.3");
  dns.say_addresses("pbx.example.net", {"192.0.2.1"});
  net::SipResolver::Options options;
  options.dns.resolv_conf = conf.path;
  options.dns.port = dns.at().port;
  net::SipResolver resolver(loop, options);
  const auto look_up = [&] {
    FoundTargets found;
    const net::SipLookup lookup(resolver, {"pbx.example.net", 5060}, SipTransport::udp,
                                [&](auto answer) { found = std::move(answer); });
    CHECK(loop.run_until([&] { return found.has_value(); }, kLookupPatience));
    return words(found);
  };
  std::ofstream(conf.path) << "nameserver 127.0.0.2\n";  // where nobody listens
  CHECK(look_up() == error_of(Errc::unavailable));
  CHECK(look_up() == error_of(Errc::unavailable));
  std::ofstream(conf.path) << "nameserver 127.0.0.3\n";
  CHECK(look_up() == "192.0.2.1:5060");
  std::ofstream(conf.path) << "nameserver 127.0.0.2\n";  // is not read as long as the server answers
  CHECK(look_up() == "192.0.2.1:5060");
}

TEST_CASE("a name without a dot is looked for in the search list of resolv.conf, a whole SRV name is not") {
  const TemporaryFile conf;
  net::Loop loop;
  test::ScriptedDns dns(loop);
  dns.say_addresses("pbx.example.net", {"192.0.2.1"});
  std::ofstream(conf.path) << "nameserver 127.0.0.1\nsearch example.net\n";
  net::SipResolver::Options options;
  options.dns.resolv_conf = conf.path;
  options.dns.port = dns.at().port;
  net::SipResolver resolver(loop, options);
  FoundTargets found;
  const net::SipLookup lookup(resolver, {"pbx", 0}, SipTransport::udp, [&](auto answer) { found = std::move(answer); });
  CHECK(loop.run_until([&] { return found.has_value(); }, kLookupPatience));
  CHECK(words(found) == "192.0.2.1:5060");
  CHECK(dns.udp_asked.contains({"_sip._udp.pbx", test::kSrv}));
  CHECK_FALSE(dns.udp_asked.contains({"_sip._udp.pbx.example.net", test::kSrv}));
}

TEST_CASE("names of the hosts file are found there, and DNS is asked for their SRV alone") {
  const TemporaryFile hosts;
  std::ofstream(hosts.path) << "192.0.2.44 pbx.in.hosts pbx\n";
  setenv("CARES_HOSTS", hosts.path.c_str(), 1);
  net::Loop loop;
  test::ScriptedDns dns(loop);
  net::SipResolver::Options options;
  options.dns.servers = {dns.at()};
  options.dns.hosts_of_environment = true;
  net::SipResolver resolver(loop, options);
  for (const char* name : {"pbx.in.hosts:5070", "pbx:5070", "pbx.in.hosts"}) {
    CAPTURE(name);
    FoundTargets found;
    const net::SipLookup lookup(resolver, *HostPort::parse(name), SipTransport::udp,
                                [&](auto answer) { found = std::move(answer); });
    CHECK_FALSE(found.has_value());  // though c-ares has it at once
    CHECK(loop.run_until([&] { return found.has_value(); }, kLookupPatience));
    CHECK(words(found) == (std::string(name).ends_with("5070") ? "192.0.2.44:5070" : "192.0.2.44:5060"));
    if (*found) CHECK((*found)->ttl == net::SipLookup::kMinTtl);
  }
  CHECK(dns.udp_asked.size() == 1);
  unsetenv("CARES_HOSTS");
}

TEST_CASE("many lookups at once each get their own answer") {
  Net net;
  constexpr std::size_t kMany = 64;
  std::vector<FoundTargets> found(kMany);
  std::vector<std::unique_ptr<net::SipLookup>> lookups;
  for (std::size_t i = 0; i < kMany; ++i) {
    const std::string name = "h" + std::to_string(i) + ".example.net";
    net.dns.say_addresses(name, {("192.0.2." + std::to_string(i)).c_str()});
    lookups.push_back(std::make_unique<net::SipLookup>(*net.resolver, HostPort{name, 0}, SipTransport::udp,
                                                       [&found, i](auto answer) { found[i] = std::move(answer); }));
  }
  CHECK(net.loop.run_until([&] { return std::ranges::all_of(found, &FoundTargets::has_value); }, kLookupPatience));
  for (std::size_t i = 0; i < kMany; ++i)
    CHECK(words(found[i]) == "192.0.2." + std::to_string(i) + ":5060");
}

TEST_CASE("a lookup that is dropped in flight calls nothing; others go on") {
  Net net;
  net.dns.keep_silent("_sip._udp.a.example.net", test::kSrv);
  net.dns.say_addresses("b.example.net", {"192.0.2.2"});
  int dropped_answers = 0;
  FoundTargets found;
  std::optional<net::SipLookup> dropped;
  dropped.emplace(*net.resolver, HostPort{"a.example.net", 0}, SipTransport::udp, [&](auto) { ++dropped_answers; });
  REQUIRE(net.loop.run_until([&] { return net.asked("_sip._udp.a.example.net", test::kSrv) == 1; }, kLookupPatience));
  net::SipLookup other(*net.resolver, HostPort{"b.example.net", 0}, SipTransport::udp,
                       [&](auto answer) { found = std::move(answer); });
  dropped.reset();
  CHECK(net.loop.run_until([&] { return found.has_value(); }, kLookupPatience));
  CHECK(words(found) == "192.0.2.2:5060");
  {
    const net::SipLookup literal(*net.resolver, {"192.0.2.1", 0}, SipTransport::udp, [&](auto) { ++dropped_answers; });
  }
  const net::SipLookup moved = std::move(other);  // over by now: moving and destroying it does nothing
  bool turned = false;
  net::Timer timer(net.loop, [&] { turned = true; });
  timer.arm_after(1ms);
  CHECK(net.loop.run_until([&] { return turned; }, kLookupPatience));
  CHECK(dropped_answers == 0);
}

TEST_CASE("once nobody waits, nothing keeps the loop alive") {
  net::Loop loop;
  net::SipResolver::Options options;
  options.dns.servers = {*Endpoint::parse("127.0.0.1:9")};  // whether somebody is there does not matter
  options.dns.timeout = kLong;
  options.give_up = kLong;
  net::SipResolver resolver(loop, options);
  {
    const net::SipLookup lookup(resolver, {"example.net", 0}, SipTransport::udp, [](auto) { CHECK(false); });
  }
  loop.run();  // returns: no handle is active
}

TEST_CASE("a lookup, or the resolver, may be destroyed by the answer") {
  for (const char* name : {"192.0.2.1", "pbx.example.net:5060", "nowhere.example.net"}) {
    for (const bool resolver_too : {false, true}) {
      CAPTURE(name);
      CAPTURE(resolver_too);
      Net net;
      net.dns.say_addresses("pbx.example.net", {"192.0.2.1"});
      net.dns.keep_silent("_sip._udp.silent.example.net", test::kSrv);
      int answers = 0;
      std::optional<net::SipLookup> first;
      std::optional<net::SipLookup> second;
      std::optional<net::SipLookup> silent;
      const auto end_all = [&](auto) {
        ++answers;
        first.reset();
        second.reset();
        if (resolver_too) net.resolver.reset();
      };
      silent.emplace(*net.resolver, HostPort{"silent.example.net", 0}, SipTransport::udp, [](auto) { CHECK(false); });
      first.emplace(*net.resolver, *HostPort::parse(name), SipTransport::udp, end_all);
      second.emplace(*net.resolver, *HostPort::parse(name), SipTransport::udp, end_all);
      CHECK(net.loop.run_until([&] { return answers > 0; }, kLookupPatience));
      bool turned = false;
      net::Timer timer(net.loop, [&] { turned = true; });
      timer.arm_after(5ms);
      CHECK(net.loop.run_until([&] { return turned; }, kLookupPatience));
      CHECK(answers == 1);
    }
  }
}

TEST_CASE("an answer may begin the next lookup") {
  Net net;
  net.dns.say_addresses("a.example.net", {"192.0.2.1"});
  net.dns.say_addresses("b.example.net", {"192.0.2.2"});
  FoundTargets found;
  std::optional<net::SipLookup> lookup;
  lookup.emplace(*net.resolver, HostPort{"a.example.net", 0}, SipTransport::udp, [&](auto) {
    lookup.emplace(*net.resolver, HostPort{"b.example.net", 0}, SipTransport::udp,
                   [&](auto answer) { found = std::move(answer); });
  });
  CHECK(net.loop.run_until([&] { return found.has_value(); }, kLookupPatience));
  CHECK(words(found) == "192.0.2.2:5060");
}

TEST_CASE("a resolver may go before its lookups") {
  net::Loop loop;
  std::optional<net::SipResolver> resolver;
  net::SipResolver::Options options;
  options.dns.servers = {*Endpoint::parse("127.0.0.1:9")};
  resolver.emplace(loop, options);
  const net::SipLookup literal(*resolver, {"192.0.2.1", 0}, SipTransport::udp, [](auto) { CHECK(false); });
  const net::SipLookup name(*resolver, {"example.net", 0}, SipTransport::udp, [](auto) { CHECK(false); });
  resolver.reset();
  loop.run();
}
