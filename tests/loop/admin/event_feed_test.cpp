#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "sbc/admin/event_feed.hpp"
#include "sbc/admin/server.hpp"
#include "sbc/doctor/findings.hpp"
#include "tests/loop/net/stream_client.hpp"

using namespace dw;
using namespace dw::admin;
using namespace std::chrono_literals;
using test::StreamClient;

namespace {

constexpr Duration kPatience = 20s;
const Endpoint kPhone{IpAddress::v4(0xc0000207), 52488};

phones::FileStep asked(const std::string& name, WallTime at = wall_now()) {
  phones::FileStep step;
  step.at = at;
  step.name = name;
  step.peer = kPhone;
  step.transport = "tftp";
  step.outcome = phones::FileOutcome::sent;
  step.octets = step.size = 4000;
  return step;
}

/// A feed with nothing but an HTTP server before it.
struct Feed {
  explicit Feed(const EventFeed::Options& how = {}, net::HttpServer::Options http = {}) : events(loop, sources, how) {
    sources.inventory = &inventory;
    sources.verdicts = &verdicts;
    sources.status = [this] { return status; };
    sources.calls = [this] { return calls; };
    sources.doctor = [this](const auto& done) { done(found); };
    http.listen = Endpoint{*IpAddress::parse("127.0.0.1"), 0};
    auto started = net::HttpServer::start(
        loop, http, [this](const auto& exchange) { events.listen(exchange, {}, [this] { return may_listen; }); });
    REQUIRE(started);
    server = std::move(*started);
  }
  bool reads(StreamClient& client, std::string_view text) {
    return loop.run_until(
        [&] {
          client.read();
          return client.has(text);
        },
        kPatience);
  }

  net::Loop loop;
  phones::Inventory inventory;
  doctor::VerdictBook verdicts{inventory};
  Status status;
  std::vector<phones::Call> calls;
  std::vector<doctor::Finding> found;
  bool may_listen = true;
  Sources sources;
  EventFeed events;
  std::unique_ptr<net::HttpServer> server;
};

constexpr std::string_view kAsk = "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n";

EventFeed::Options fast() {
  EventFeed::Options options;
  options.every = 5ms;
  options.ask_doctor = 20ms;
  return options;
}

}  // namespace

TEST_CASE("events: a listener gets an event for a phone that appears meanwhile, in chunks") {
  Feed f(fast());
  StreamClient page(f.server->local());
  page.send(kAsk);
  REQUIRE(f.reads(page, "event: hello\n"));
  CHECK(page.head().find("text/event-stream") != std::string_view::npos);
  CHECK(page.head().find("chunked") != std::string_view::npos);
  CHECK(page.head().find("Content-Length") == std::string_view::npos);
  CHECK(page.has("retry: 2000\n"));
  f.inventory.on_file(asked("SEP001122334455.cnf.xml"));
  REQUIRE(f.reads(page, "event: phones\n"));
  CHECK(f.reads(page, R"(data: {"total":1,"keys":["SEP001122334455"],"more":false})"));
  f.calls.emplace_back();
  CHECK(f.reads(page, "event: calls\n"));
  f.status.central = "pbx.example.net";
  CHECK(f.reads(page, "event: status\n"));
  f.found.push_back({"origin_down", doctor::Severity::error, "seen", "means", "do"});
  CHECK(f.reads(page, "event: doctor\n"));
  CHECK(f.reads(page, "event: files\n"));
}

TEST_CASE("events: an HTTP/1.0 client gets the stream as it is") {
  Feed f(fast());
  StreamClient page(f.server->local());
  page.send("GET /api/events HTTP/1.0\r\nHost: localhost\r\n\r\n");
  REQUIRE(f.reads(page, "event: hello\n"));
  CHECK(page.body().starts_with("retry: 2000\nevent: hello\ndata: {"));
}

TEST_CASE("events: a comment is sent when there is no event") {
  auto options = fast();
  options.heartbeat = 10ms;
  Feed f(options);
  StreamClient page(f.server->local());
  page.send(kAsk);
  CHECK(f.reads(page, ": still here\n\n"));
}

TEST_CASE("events: a stream ends properly after its time, and its page may connect again") {
  auto options = fast();
  options.longest = 30ms;
  Feed f(options);
  StreamClient page(f.server->local());
  page.send(kAsk);
  REQUIRE(f.reads(page, "\r\n0\r\n\r\n"));  // the last chunk, RFC 9112 §7.1
  CHECK(f.events.listeners() == 0);
  page.forget();
  page.send(kAsk);
  CHECK(f.reads(page, "event: hello\n"));
}

TEST_CASE("events: a stream ends properly once its page may no longer listen, without the events that came then") {
  Feed f(fast());
  StreamClient page(f.server->local());
  page.send(kAsk);
  REQUIRE(f.reads(page, "event: hello\n"));
  f.may_listen = false;
  f.status.central = "pbx.example.net";
  REQUIRE(f.reads(page, "\r\n0\r\n\r\n"));
  CHECK_FALSE(page.has("event: status\n"));
  CHECK(f.events.listeners() == 0);
}

TEST_CASE("events: the number of listeners is limited, one more gets 503, and a place that is left is free again") {
  auto options = fast();
  options.max_listeners = 2;
  options.heartbeat = 10ms;
  Feed f(options);
  auto a = std::make_unique<StreamClient>(f.server->local());
  StreamClient b(f.server->local()), c(f.server->local()), d(f.server->local());
  a->send(kAsk);
  b.send(kAsk);
  REQUIRE(f.reads(*a, "event: hello\n"));
  REQUIRE(f.reads(b, "event: hello\n"));
  c.send(kAsk);
  REQUIRE(f.reads(c, " 503 "));
  CHECK(f.reads(c, "Retry-After: 30"));
  a->close();
  REQUIRE(f.loop.run_until([&] { return f.events.listeners() == 1; }, kPatience));
  d.send(kAsk);
  CHECK(f.reads(d, "event: hello\n"));
}

TEST_CASE("events: a listener that reads nothing is disconnected, and costs no more than what it has not read") {
  auto options = fast();
  options.every = 1ms;
  net::HttpServer::Options http;
  http.idle_timeout = 300ms;
  Feed f(options, http);
  StreamClient page(f.server->local(), 2048);
  page.send(kAsk);
  REQUIRE(f.reads(page, "event: hello\n"));
  unsigned number = 0;
  CHECK(f.loop.run_until(
      [&] {
        for (int i = 0; i < 70; ++i)
          f.inventory.on_file(asked(fmt::format("SEP{:012X}.cnf.xml", ++number)));
        return f.events.listeners() == 0;
      },
      kPatience));
  CHECK(f.server->stats().cut_slow == 1);
}

TEST_CASE("events: what a listener has not read is merged, and phones beyond the bound are 'more'") {
  Changes all;
  for (unsigned i = 0; i < 2 * Changes::kMaxPhones; ++i) {
    Changes one;
    one.phones = {fmt::format("SEP{:012X}", i % (Changes::kMaxPhones + (i < 64 ? 0 : 1)))};
    one.status = i == 3;
    all.merge(one);
  }
  CHECK(all.phones.size() == Changes::kMaxPhones);
  CHECK(all.many);
  CHECK(all.status);
  CHECK_FALSE(all.calls);
}

TEST_CASE("changes: the state at the first look is no change; each later change is reported once") {
  phones::Inventory inventory;
  doctor::VerdictBook verdicts{inventory};
  Sources sources;
  sources.inventory = &inventory;
  sources.verdicts = &verdicts;
  ChangeWatch watch(sources);
  const TimePoint start = Clock::now();
  const WallTime wall = wall_now();
  inventory.on_file(asked("SEP001122334455.cnf.xml", wall));
  watch.look(start);
  CHECK_FALSE(watch.look(start + 10s).any());
  inventory.on_file(asked("SEP001122334466.cnf.xml", wall));
  const Changes changes = watch.look(start + 20s);
  CHECK(changes.phones == std::vector<std::string>{"SEP001122334466"});
  CHECK_FALSE(watch.look(start + 30s).any());
}

TEST_CASE("changes: a finding that appears with time alone is reported") {
  phones::Inventory inventory;
  doctor::VerdictBook verdicts{inventory};
  Sources sources;
  sources.inventory = &inventory;
  sources.verdicts = &verdicts;
  ChangeWatch watch(sources);
  const TimePoint start = Clock::now();
  const WallTime wall = wall_now();
  for (const auto* name : {"CTLSEP001122337941.tlv", "ITLSEP001122337941.tlv", "SEP001122337941.cnf.xml.sgn"}) {
    auto step = asked(name, wall);
    step.outcome = phones::FileOutcome::not_found;
    inventory.on_file(step);
  }
  verdicts.judge(wall, 10);
  watch.look(start);
  const auto before = doctor::findings(*inventory.find("SEP001122337941"), wall);
  const auto later = wall + 5min;
  const auto after = doctor::findings(*inventory.find("SEP001122337941"), later);
  REQUIRE(before.size() != after.size());
  verdicts.judge(later, 10);
  CHECK(watch.look(start + 10s).phones == std::vector<std::string>{"SEP001122337941"});
}

TEST_CASE("changes: a server that goes or comes changes the phones that need it, once") {
  phones::Inventory inventory;
  doctor::VerdictBook verdicts{inventory};
  Sources sources;
  sources.inventory = &inventory;
  sources.verdicts = &verdicts;
  ChangeWatch watch(sources);
  const TimePoint start = Clock::now();
  const WallTime wall = wall_now();
  phones::SignallingStep step;
  step.at = wall;
  step.device = "SEP001122337941";
  step.protocol = phones::Protocol::sccp;
  step.event = phones::SignallingEvent::no_server;
  step.peer = kPhone;
  inventory.on_signalling(step);
  verdicts.judge(wall, 10);
  watch.look(start);
  CHECK_FALSE(watch.look(start + 10s).any());
  doctor::BoxCauses causes;
  TimePoint now = start + 20s;
  for (const char* cause : {"call_server_down", ""}) {
    causes.sccp = cause;
    verdicts.set_causes(causes);
    verdicts.judge(wall, 10);
    CHECK(watch.look(now).phones == std::vector<std::string>{"SEP001122337941"});
    CHECK_FALSE(watch.look(now + 10s).any());
    now += 20s;
  }
}

TEST_CASE("changes: a status in which only clocks moved has not changed, but what they cause has") {
  Status status;
  status.started = wall_now();
  status.router.facts.active = true;
  status.router.facts.wanted = 2;
  const TimePoint start = Clock::now();
  const auto mapping = [&](std::uint16_t port, TimePoint expires) {
    nat::portmap::Granted g;
    g.wanted.internal = port;
    g.external = {IpAddress::v4(0xcb007165), port};
    g.lifetime = expires == TimePoint::max() ? Duration{} : Duration(1h);
    g.expires = expires;
    return g;
  };
  status.router.facts.granted = {mapping(5060, start + 1h), mapping(20000, TimePoint::max())};
  status.call_servers = {{"backup:2000", false, 0, "refused", {}}};
  status.origins = {{"http://pbx.example.net:6970/", false, "refused", {}, {}}};
  status.bans = {{IpAddress::v4(0xcb007163), "30 REGISTERs without an account", 3, {}}};
  Sources sources;
  std::chrono::seconds passed{0};
  sources.status = [&] {
    Status s = status;
    s.now = status.started + passed;
    s.router.now = start + passed;
    // As the daemon computes them: from now, sometimes a millisecond off, and "now" during a try.
    const auto off = std::chrono::milliseconds(passed.count() % 3);
    s.call_servers.front().next_try = s.now + off;
    s.origins.front().next_try = s.now + off;
    s.bans.front().until = status.started + 10min + off;
    return s;
  };
  ChangeWatch watch(sources);
  const auto changed = [&] {
    passed += 5s;
    return watch.look(start + passed).status;
  };
  CHECK(changed());  // the first look
  CHECK_FALSE(changed());
  CHECK_FALSE(changed());
  status.router.facts.granted.front().expires += 30min;  // renewed
  CHECK_FALSE(changed());
  status.router.facts.granted.pop_back();
  CHECK(changed());
  CHECK_FALSE(changed());
  status.bans.front().offences = 4;
  CHECK(changed());
  status.call_servers.front().up = true;
  CHECK(changed());
  status.origins.front().last_error = "timed out";
  CHECK(changed());
  CHECK_FALSE(changed());
}
