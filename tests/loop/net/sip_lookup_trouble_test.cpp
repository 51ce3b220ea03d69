#include "tests/loop/net/sip_lookup_fixture.hpp"

// Servers that do not answer or answer nonsense, and lookups that end before their answer.
using namespace dw;
using namespace std::chrono_literals;
using net::SipTransport;
using namespace dw::sip_lookup_test;

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
