// The SCCP proxy on real sockets: which server, who is hung up on, and what of a call outlives its connection.
#include "sbc/proxy/sccp_proxy.hpp"

#include <algorithm>

#include "tests/loop/proxy/town.hpp"

using namespace dw;
using namespace dw::sim;
using Step = phones::SignallingEvent;

TEST_CASE("a phone registers through the proxy, calls the echo, and says good-bye") {
  Town town;
  TestServer& server = town.add_server();
  town.start();
  TestPhone phone(town.loop, "SEP001122334401", 2);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.core.is_registered(); }));
  CHECK(town.proxy->registered() == 1);
  CHECK(town.proxy->servers().front().phones == 1);
  phone.act(phone.core.dial(town.loop.now(), "600"));
  REQUIRE(town.until([&] { return phone.saw(PhoneEvent::Kind::transmit_started); }));
  const auto calls = town.proxy->calls();
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].device == "SEP001122334401");
  REQUIRE(calls[0].streams.size() == 1);
  CHECK(calls[0].streams[0].ports.phone_facing.address == loopback(40));
  phone.act(phone.core.on_hook(town.loop.now()));
  REQUIRE(town.until([&] { return !town.calls.empty(); }));
  CHECK(town.broker.streams().empty());
  phone.act(phone.core.unregister(town.loop.now()));
  REQUIRE(town.until([&] { return phone.closed && town.proxy->connections() == 0; }));
  CHECK(server.connections() == 0);
  CHECK(town.reported(Step::connected));
  CHECK(town.reported(Step::registered));
  CHECK(town.reported(Step::unregistered));
  CHECK_FALSE(town.reported(Step::phone_lost));
  CHECK_FALSE(town.reported(Step::server_lost));
}

TEST_CASE("the next server is taken when the first can't be had, and the first again once it can") {
  Town town;
  TestServer& first = town.add_server();
  TestServer& second = town.add_server();
  proxy::SccpProxy::Options options;
  options.retry = 50ms;
  town.start(options);
  first.die();
  TestPhone a(town.loop, "SEP001122334401", 2);
  a.connect(town.at());
  REQUIRE(town.until([&] { return a.core.is_registered(); }));
  CHECK(second.connections() == 1);
  CHECK_FALSE(town.proxy->servers()[0].up);
  CHECK(town.steps.back().server == second.name().to_string());

  first.open();
  TestPhone b(town.loop, "SEP001122334402", 3);
  REQUIRE(town.until([&] { return town.proxy->servers()[0].up; }));
  b.connect(town.at());
  REQUIRE(town.until([&] { return b.core.is_registered(); }));
  CHECK(b.core.is_registered());
  CHECK(town.until([&] { return first.connections() == 1; }));  // a probe may not have hung up yet
  CHECK(town.proxy->servers()[0].up);
}

TEST_CASE("a phone goes first to the server that its own config names") {
  Town town;
  TestServer& first = town.add_server();
  TestServer& second = town.add_server();
  town.homes["SEP001122334402"] = second.name();
  town.start();
  TestPhone a(town.loop, "SEP001122334401", 2), b(town.loop, "SEP001122334402", 3);
  a.connect(town.at());
  b.connect(town.at());
  REQUIRE(town.until([&] { return a.core.is_registered() && b.core.is_registered(); }));
  CHECK(first.connections() == 1);
  CHECK(second.connections() == 1);
}

TEST_CASE("the only server was down: it is probed until it is back, and phones that wait have it in turn") {
  Town town;
  TestServer& server = town.add_server();
  proxy::SccpProxy::Options options;
  options.retry = 50ms;
  town.start(options);
  server.die();
  TestPhone early(town.loop, "SEP001122334401", 2);
  early.connect(town.at());
  REQUIRE(town.until([&] { return early.closed; }));
  CHECK_FALSE(town.proxy->servers()[0].up);
  server.open();
  REQUIRE(town.until([&] { return town.proxy->servers()[0].up; }));  // though no phone came
  CHECK(town.proxy->servers()[0].last_answer);
  std::vector<std::unique_ptr<TestPhone>> phones;
  for (unsigned i = 0; i < 80; ++i) {  // more than may go at once
    phones.push_back(std::make_unique<TestPhone>(town.loop, fmt::format("SEP0011223355{:02X}", i), 2));
    phones.back()->connect(town.at());
  }
  REQUIRE(town.until([&] { return town.proxy->registered() == phones.size(); }));
}

TEST_CASE("a phone's own attempt tries a server that is down, however long its next probe is away") {
  Town town;
  TestServer& server = town.add_server();
  proxy::SccpProxy::Options options;
  options.retry = 1h;
  town.start(options);
  server.die();
  TestPhone early(town.loop, "SEP001122334401", 2);
  early.connect(town.at());
  REQUIRE(town.until([&] { return early.closed; }));
  server.open();
  TestPhone late(town.loop, "SEP001122334402", 2);
  late.connect(town.at());
  REQUIRE(town.until([&] { return late.core.is_registered(); }));
}

TEST_CASE("no server at all: the phone is let go, and its story says why") {
  Town town;
  TestServer& server = town.add_server();
  town.start();
  server.die();
  TestPhone phone(town.loop, "SEP001122334401", 2);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.closed && town.proxy->connections() == 0; }));
  REQUIRE(town.reported(Step::no_server));
  CHECK(town.steps.back().detail.find("refused") != std::string::npos);
  CHECK(town.steps.back().device == "SEP001122334401");
}

TEST_CASE("when the server's side dies the phone is hung up on, with media that nobody was heard on") {
  Town town;
  TestServer& server = town.add_server();
  town.start();
  TestPhone phone(town.loop, "SEP001122334401", 2);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.core.is_registered(); }));
  phone.act(phone.core.dial(town.loop.now(), "600"));
  REQUIRE(town.until([&] { return town.broker.streams().size() == 1; }));
  server.die();
  REQUIRE(town.until([&] { return phone.closed && town.proxy->connections() == 0; }));
  CAPTURE(town.steps.back().detail);
  CHECK_FALSE(phone.clean);  // a reset for a reset
  CHECK(town.broker.streams().empty());
  CHECK(town.reported(Step::server_lost));
}

TEST_CASE("when the phone's side dies the server hears so at once") {
  Town town;
  TestServer& server = town.add_server();
  town.start();
  for (const bool reset : {true, false}) {
    TestPhone phone(town.loop, "SEP001122334401", 2);
    phone.connect(town.at());
    REQUIRE(town.until([&] { return phone.core.is_registered(); }));
    if (reset)
      phone.stream.reset();
    else
      phone.stream = {};
    REQUIRE(town.until([&] { return server.connections() == 0 && town.proxy->connections() == 0; }));
  }
  CHECK(town.reported(Step::phone_lost));
}

namespace {

/// Both sides of all streams were heard just now.
void everybody_talks(Town& town) {
  for (const auto& [id, stream] : town.broker.streams())
    town.broker.reports[id].from_phone.heard = town.broker.reports[id].from_central.heard = town.loop.now();
}

}  // namespace

TEST_CASE("a call whose server died goes on as preserved, and the phone that registers elsewhere does not cut it") {
  Town town;
  TestServer& first = town.add_server();
  TestServer& second = town.add_server();
  town.start();
  TestPhone phone(town.loop, "SEP001122334401", 2);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.core.is_registered(); }));
  phone.act(phone.core.dial(town.loop.now(), "600"));
  REQUIRE(town.until([&] { return phone.saw(PhoneEvent::Kind::transmit_started); }));
  everybody_talks(town);
  first.die();
  REQUIRE(town.until([&] { return phone.closed && town.proxy->connections() == 0; }));
  CHECK(town.reported(Step::call_preserved));
  CHECK(town.calls.empty());
  CHECK(town.proxy->running() == 1);  // a program that is to stop waits for it
  const auto preserved = [&] {
    const auto calls = town.proxy->calls();
    return calls.size() == 1 && calls[0].state == "preserved" && calls[0].device == "SEP001122334401" &&
           calls[0].streams.size() == 1;
  };
  CHECK(preserved());
  TestPhone back(town.loop, "SEP001122334401", 2);
  back.connect(town.at());
  REQUIRE(town.until([&] { return back.core.is_registered(); }));
  CHECK(second.connections() == 1);
  CHECK(preserved());
  CHECK(town.broker.streams().size() == 1);
  town.proxy.reset();
  CHECK(town.broker.streams().empty());
}

TEST_CASE("when a call finds no ports, those of calls that have long been silent are given up for the next one") {
  Town town;
  town.add_server();
  proxy::SccpProxy::Options options;
  options.session.media_idle = 50ms;
  town.start(options);
  TestPhone silent(town.loop, "SEP001122334401", 2), refused(town.loop, "SEP001122334402", 3),
      next(town.loop, "SEP001122334403", 4);
  for (TestPhone* phone : {&silent, &refused, &next}) {
    phone->connect(town.at());
    REQUIRE(town.until([&] { return phone->core.is_registered(); }));
  }
  silent.act(silent.core.dial(town.loop.now(), "600"));
  REQUIRE(town.until([&] { return town.reported(Step::media_silent); }));
  CHECK(town.broker.streams().size() == 1);
  town.broker.limit = 1;
  refused.act(refused.core.dial(town.loop.now(), "600"));
  REQUIRE(town.until([&] { return town.broker.streams().empty(); }));
  CHECK(town.steps.back().device == "SEP001122334401");
  CHECK(town.steps.back().event == Step::media_silent);
  next.act(next.core.dial(town.loop.now(), "600"));
  CHECK(town.until([&] { return town.broker.streams().size() == 1; }));
}

TEST_CASE("a phone's own lost connection, and one that a newer takes the place of, preserve its call") {
  for (const bool superseded : {false, true}) {
    CAPTURE(superseded);
    Town town;
    town.add_server();
    town.start();
    TestPhone phone(town.loop, "SEP001122334401", 2), back(town.loop, "SEP001122334401", 2);
    phone.connect(town.at());
    REQUIRE(town.until([&] { return phone.core.is_registered(); }));
    phone.act(phone.core.dial(town.loop.now(), "600"));
    REQUIRE(town.until([&] { return phone.saw(PhoneEvent::Kind::transmit_started); }));
    everybody_talks(town);
    if (!superseded) phone.stream.reset();
    back.connect(town.at());
    REQUIRE(town.until([&] { return back.core.is_registered(); }));
    CHECK(town.reported(Step::call_preserved));
    CHECK(town.proxy->preserved_calls() == 1);
    CHECK(town.broker.streams().size() == 1);
  }
}

TEST_CASE("a phone that roams in a call has its audio follow it to where it registers") {
  Town town;
  town.add_server();
  town.start();
  TestPhone phone(town.loop, "SEP001122334401", 2), roamed(town.loop, "SEP001122334401", 3);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.core.is_registered(); }));
  phone.act(phone.core.dial(town.loop.now(), "600"));
  REQUIRE(town.until([&] { return phone.saw(PhoneEvent::Kind::transmit_started); }));
  everybody_talks(town);
  phone.stream.reset();
  REQUIRE(town.until([&] { return town.proxy->connections() == 0; }));
  roamed.connect(town.at());
  REQUIRE(town.until([&] { return roamed.core.is_registered(); }));
  REQUIRE(town.broker.streams().size() == 1);
  CHECK(town.broker.streams().begin()->second.request.phone == roamed.core.options().station);
}

TEST_CASE("each phone may come from an address of its own") {
  Town town;
  TestServer& server = town.add_server();
  proxy::SccpProxy::Options options;
  options.source_addresses = {loopback(71), loopback(72)};
  town.start(options);
  TestPhone a(town.loop, "SEP001122334401", 2), b(town.loop, "SEP001122334402", 3);
  a.connect(town.at());
  b.connect(town.at());
  REQUIRE(town.until([&] { return a.core.is_registered() && b.core.is_registered(); }));
  std::ranges::sort(server.peers);
  CHECK(server.peers == std::vector<IpAddress>{loopback(71), loopback(72)});
}

TEST_CASE("what is not SCCP, and what says nothing a phone says, is hung up on and reaches no server") {
  Town town;
  TestServer& server = town.add_server();
  town.start();
  for (const char* text : {"GET / HTTP/1.1\r\nHost: dropwire\r\n\r\n", "\x16\x03\x01\x02\x01\x01\x01\x01\x01"}) {
    TestPhone stranger(town.loop, "SEP001122334401", 2);
    bool ended = false;
    auto made = net::TcpStream::connect(town.loop, town.at(), {},
                                        {[] {}, [](Bytes) {}, [&](bool, std::string_view) { ended = true; }});
    REQUIRE(made);
    made->send(to_buffer(text));
    CHECK(town.until([&] { return ended; }));
  }
  CHECK(town.until([&] { return town.proxy->connections() == 0; }));
  CHECK(server.peers.empty());
}

TEST_CASE("draining hangs up on phones without a call, and on the others when theirs is over") {
  Town town;
  town.add_server();
  town.start();
  const Endpoint at = town.at();
  TestPhone idle(town.loop, "SEP001122334401", 2), busy(town.loop, "SEP001122334402", 3);
  idle.connect(at);
  busy.connect(at);
  REQUIRE(town.until([&] { return idle.core.is_registered() && busy.core.is_registered(); }));
  busy.act(busy.core.dial(town.loop.now(), "600"));
  REQUIRE(town.until([&] { return busy.saw(PhoneEvent::Kind::transmit_started); }));
  town.proxy->drain();
  REQUIRE(town.until([&] { return idle.closed; }));
  CHECK_FALSE(busy.closed);
  busy.act(busy.core.on_hook(town.loop.now()));
  REQUIRE(town.until([&] { return busy.closed && town.proxy->connections() == 0; }));
  TestPhone late(town.loop, "SEP001122334403", 4);
  late.connect(at);
  CHECK(town.until([&] { return late.closed; }));
}

TEST_CASE("other settings while a phone is registered: it stays with its server, the next one goes to the new one") {
  Town town;
  TestServer& first = town.add_server();
  town.start();
  TestPhone a(town.loop, "SEP001122334401", 2);
  a.connect(town.at());
  REQUIRE(town.until([&] { return a.core.is_registered(); }));
  TestServer& second = town.add_server();
  proxy::SccpProxy::Options options;
  options.listen = {loopback(40)};
  options.servers = {second.name()};
  options.registrations_per_minute = 30;
  town.proxy->configure(options);
  CHECK_FALSE(town.proxy->servers()[0].configured);
  CHECK(town.proxy->servers()[0].phones == 1);
  TestPhone b(town.loop, "SEP001122334402", 3);
  b.connect(town.at());
  REQUIRE(town.until([&] { return b.core.is_registered(); }));
  CHECK(first.connections() == 1);
  CHECK(second.connections() == 1);
  CHECK(a.core.is_registered());
  CHECK_FALSE(a.closed);
  a.act(a.core.dial(town.loop.now(), "600"));
  REQUIRE(town.until([&] { return a.saw(PhoneEvent::Kind::transmit_started); }));
  CHECK(town.proxy->running() == 1);
}

TEST_CASE("more addresses to listen on are all had, or none") {
  Town town;
  (void)town.add_server();
  town.start();
  REQUIRE(town.proxy->local().size() == 1);
  CHECK_FALSE(town.proxy->listen_also({loopback(41), *IpAddress::parse("192.0.2.1")}));
  CHECK(town.proxy->local().size() == 1);
  REQUIRE(town.proxy->listen_also({loopback(41)}));
  REQUIRE(town.proxy->local().size() == 2);
  TestPhone a(town.loop, "SEP001122334401", 2);
  a.connect(town.proxy->local().back());
  CHECK(town.until([&] { return a.core.is_registered(); }));
  town.proxy->keep_listeners(1);
  CHECK(town.proxy->local().size() == 1);
}

TEST_CASE("whom access.networks keeps out has its SCCP connection closed, and is in no story") {
  Town town;
  town.add_server();
  town.start();
  net::AccessGate gate({*IpNetwork::parse("192.0.2.0/24")});
  town.proxy->set_gate(gate);
  bool closed = false;
  auto made =
      net::TcpStream::connect(town.loop, town.at(), {}, {{}, {}, [&](bool, std::string_view) { closed = true; }});
  REQUIRE(made);
  REQUIRE(town.until([&] { return closed; }));
  CHECK(gate.refusals(net::Door::sccp) == 1);
  CHECK(town.steps.empty());
}
