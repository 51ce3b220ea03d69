#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "sbc/admin/server.hpp"
#include "tests/support/fake_exchange.hpp"

using namespace dw;
using namespace dw::admin;
using nlohmann::json;
using test::FakeExchange;

namespace {

const std::string kDevice = "SEP001122334455";

phones::FileStep step(std::string name, phones::FileOutcome outcome) {
  phones::FileStep s;
  s.at = wall_now();
  s.name = std::move(name);
  s.peer = {IpAddress::v4(0xc0000207), 52488};
  s.transport = "tftp";
  s.outcome = outcome;
  s.octets = s.size = outcome == phones::FileOutcome::sent ? 4000 : 0;
  return s;
}

phones::SignallingStep registered(const std::string& device) {
  phones::SignallingStep s;
  s.at = wall_now();
  s.device = device;
  s.protocol = phones::Protocol::sccp;
  s.event = phones::SignallingEvent::registered;
  s.peer = {IpAddress::v4(0xc0000207), 49152};
  s.server = "pbx.example.net:2000";
  s.version = 17;
  return s;
}

phones::Call call(const std::string& device) {
  phones::Call c;
  c.device = device;
  c.protocol = phones::Protocol::sccp;
  c.reference = 77;
  c.line = 1;
  c.way = phones::Call::Way::outgoing;
  c.state = "connected";
  c.far_number = "10\xff";
  c.far_name = "Anna";
  c.since = wall_now() - std::chrono::seconds(185);
  c.duration = std::chrono::seconds(185);
  auto& stream = c.streams.emplace_back();
  stream.phone = Endpoint::parse("203.0.113.7:16390").value();
  stream.phone_facing = Endpoint::parse("192.0.2.1:20000").value();
  stream.central_facing = Endpoint::parse("10.0.0.5:20002").value();
  stream.codec = "PCMU";
  stream.media.strangers = 3;
  stream.media.from_phone.packets = 9240;
  stream.media.from_phone.lost = 10;
  stream.media.from_phone.jitter = std::chrono::microseconds(1'312);
  stream.media.from_phone.last = Clock::now();
  return c;
}

struct Box {
  net::Loop loop;
  phones::Inventory inventory;
  Status status;
  std::vector<phones::Finding> doctor;
  std::vector<phones::Call> calls;
  ReloadOutcome reload{true, {}};
  unsigned reloads = 0;
  std::map<std::string, provisioning::ContentPtr> files;
  std::shared_ptr<LogRing> log = std::make_shared<LogRing>();
  std::unique_ptr<AdminServer> server;

  Box() {
    status.version = "0.1.0";
    status.mode = "edge";
    status.central = "pbx.example.net";
    status.started = wall_now() - std::chrono::seconds(90);
    status.now = wall_now();
    status.services = {{"tftp", true, {{IpAddress::v4(0xc0000201), 69}}, ""}, {"sip", false, {}, ""}};
    status.call_servers = {{"pbx.example.net:2000", true, 41, "", {}},
                           {"backup:2000", false, 0, "refused", wall_now()},
                           {"pbx.example.net:5060", true, 7, "", {}, phones::Protocol::sip, "udp"}};
    status.media = {12, 2500};
    status.origins = {{"http://pbx.example.net:6970/", false, "refused", {}, wall_now()}};
    Sources sources;
    sources.status = [this] { return status; };
    sources.inventory = &inventory;
    sources.doctor = [this](const auto& done) { done(doctor); };
    sources.calls = [this] { return calls; };
    sources.files = [] {
      FilesReport report;
      report.cached.push_back(
          {"Ringlist.xml", 1200, "\"r\"", "", "http://pbx.example.net:6970/", wall_now()});
      return report;
    };
    sources.open_file = [this](const std::string& name) {
      const auto found = files.find(name);
      return found == files.end() ? provisioning::Content::failure({Errc::not_found, "no origin has it", 0})
                                  : found->second;
    };
    sources.reload = [this] {
      ++reloads;
      return reload;
    };
    sources.log = log;
    sources.metrics = {[](MetricsText& out) { out.counter("dropwire_test_total", "A test.", 7); }};
    AdminServer::Options options;
    options.host_names = {"dropwire.lan"};
    server = std::make_unique<AdminServer>(loop, options, std::move(sources));
  }

  std::shared_ptr<FakeExchange> ask(std::string method, std::string target, bool over_unix = false,
                                    std::string host = "127.0.0.1:8079") {
    auto exchange = std::make_shared<FakeExchange>(
        std::move(method), std::move(target), std::map<std::string, std::string>{{"Host", std::move(host)}});
    exchange->over_unix(over_unix);
    exchange->from({IpAddress::v4(0x7f000001), 52488});
    server->handle(exchange);
    return exchange;
  }
  json get(const std::string& target) {
    const auto got = ask("GET", target);
    REQUIRE(got->status() == 200);
    CHECK(got->reply_header("Content-Type") == "application/json");
    return json::parse(got->received());
  }
};

}  // namespace

TEST_CASE("admin api: health is 200 only when every enabled listener is up") {
  Box box;
  CHECK(box.ask("GET", "/healthz")->status() == 200);
  box.status.services.push_back({"http", true, {}, "Address already in use"});
  const auto got = box.ask("GET", "/healthz");
  CHECK(got->status() == 503);
  CHECK(got->received() == "not ready: http does not listen: Address already in use\n");
  box.status.services.pop_back();
  box.status.draining = true;
  CHECK(box.ask("GET", "/healthz")->status() == 503);
}

TEST_CASE("admin api: status") {
  Box box;
  const json got = box.get("/api/status");
  CHECK(got["mode"] == "edge");
  CHECK(got["configured"] == true);
  box.status.configured = false;
  CHECK(box.get("/api/status")["configured"] == false);
  CHECK(got["ready"] == true);
  CHECK(got["uptime_seconds"] == 90);
  CHECK(got["services"][0]["addresses"][0] == "192.0.2.1:69");
  CHECK(got["services"][0]["up"] == true);
  CHECK(got["services"][1]["enabled"] == false);
  CHECK(got["origins"][0]["last_answer"].is_null());
  CHECK(got["origins"][0]["next_try"].get<std::string>().ends_with("Z"));
  CHECK(got["call_servers"][0]["name"] == "pbx.example.net:2000");
  CHECK(got["call_servers"][0]["up"] == true);
  CHECK(got["call_servers"][0]["phones"] == 41);
  CHECK(got["call_servers"][0]["next_try"].is_null());
  CHECK(got["call_servers"][1]["last_error"] == "refused");
  CHECK(got["call_servers"][1]["protocol"] == "sccp");
  CHECK(got["call_servers"][1]["transport"] == "tcp");
  CHECK(got["call_servers"][2]["protocol"] == "sip");
  CHECK(got["call_servers"][2]["transport"] == "udp");
  CHECK(got["media"] == json{{"streams", 12}, {"capacity", 2500}});
  CHECK(got["bans"].empty());
  CHECK(got["bans_total"] == 0);
}

TEST_CASE("admin api: bans, no more of them than fit") {
  Box box;
  const WallTime until = wall_now() + std::chrono::minutes(5);
  for (std::uint32_t i = 0; i < 300; ++i)
    box.status.bans.push_back({IpAddress::v4(0xcb007100 + i), "INVITE without a registration\xff", 4, until});
  box.status.bans_total = 1000;
  json got = box.get("/api/status");
  CHECK(got["bans"].size() == Status::kMaxBans);
  CHECK(got["bans_total"] == 1000);
  CHECK(got["bans"][7]["source"] == "203.0.113.7");
  CHECK(got["bans"][7]["reason"] == "INVITE without a registration\xef\xbf\xbd");
  CHECK(got["bans"][7]["offences"] == 4);
  CHECK(got["bans"][7]["until"] == to_rfc3339(until));
}

TEST_CASE("admin api: phones, one phone, and none") {
  Box box;
  CHECK(box.get("/api/phones")["phones"].empty());
  CHECK(box.ask("GET", "/api/phones/" + kDevice)->status() == 404);
  box.inventory.on_file(step("CTL" + kDevice + ".tlv", phones::FileOutcome::not_found));
  box.inventory.on_file(step(kDevice + ".cnf.xml", phones::FileOutcome::sent));
  const json list = box.get("/api/phones");
  CHECK(list["total"] == 1);
  CHECK(list["phones"][0]["device"] == kDevice);
  CHECK(list["phones"][0]["mac"] == "00:11:22:33:44:55");
  CHECK(list["phones"][0]["address"] == "192.0.2.7");
  CHECK(list["phones"][0].contains("findings_count"));
  CHECK_FALSE(list["phones"][0].contains("story"));
  for (const std::string& key :
       std::vector<std::string>{kDevice, "00:11:22:33:44:55", "00%3a11%3a22%3a33%3a44%3a55"}) {
    CAPTURE(key);
    const json one = box.get("/api/phones/" + key);
    CHECK(one["device"] == kDevice);
    CHECK(one["registered"] == false);
    CHECK(one["story"].size() >= 2);
    for (const auto& entry : one["story"]) {
      CHECK(entry["at"].get<std::string>().ends_with("Z"));
      CHECK(entry.contains("step"));
      CHECK(entry.contains("detail"));
    }
    CHECK(one["findings"].is_array());
  }
  CHECK(box.ask("GET", "/api/phones/%zz")->status() == 400);
}

TEST_CASE("admin api: a phone that is registered, and its calls") {
  Box box;
  phones::SignallingStep s = registered(kDevice);
  box.inventory.on_signalling(s);
  s.event = phones::SignallingEvent::lines;
  s.lines = {"1001"};
  box.inventory.on_signalling(s);
  box.calls = {call(kDevice), call("SEPAABBCCDDEEFF")};
  json one = box.get("/api/phones/" + kDevice);
  CHECK(one["registered"] == true);
  CHECK(one["server"] == "pbx.example.net:2000");
  CHECK(one["protocol_version"] == 17);
  CHECK(one["lines"] == json{"1001"});
  CHECK(one["story"][0]["step"] == "registration");
  REQUIRE(one["calls"].size() == 1);
  CHECK(one["calls"][0]["device"] == kDevice);
  s.event = phones::SignallingEvent::phone_lost;
  box.inventory.on_signalling(s);
  one = box.get("/api/phones/" + kDevice);
  CHECK(one["registered"] == false);
  CHECK(one["server"] == "");
  CHECK(one["protocol_version"].is_null());
}

TEST_CASE("admin api: calls with the four ends of each stream and what passed") {
  Box box;
  box.calls = {call(kDevice)};
  const json got = box.get("/api/calls");
  CHECK(got["total"] == 1);
  const json& one = got["calls"][0];
  CHECK(one["protocol"] == "sccp");
  CHECK(one["reference"] == 77);
  CHECK(one["line"] == 1);
  CHECK(one["way"] == "outgoing");
  CHECK(one["state"] == "connected");
  CHECK(one["far_number"] == "10\xef\xbf\xbd");
  CHECK(one["far_name"] == "Anna");
  CHECK(one["since"].get<std::string>().ends_with("Z"));
  CHECK(one["duration_s"] == 185);
  const json& stream = one["streams"][0];
  CHECK(stream["codec"] == "PCMU");
  CHECK(stream["direct"] == false);
  CHECK(stream["phone"] == "203.0.113.7:16390");
  CHECK(stream["phone_facing"] == "192.0.2.1:20000");
  CHECK(stream["central_facing"] == "10.0.0.5:20002");
  CHECK(stream["far_end"] == "");
  CHECK(stream["strangers"] == 3);
  CHECK(stream["from_phone"]["packets"] == 9240);
  CHECK(stream["from_phone"]["lost"] == 10);
  CHECK(stream["from_phone"]["loss_percent"] == doctest::Approx(0.11));
  CHECK(stream["from_phone"]["jitter_ms"] == doctest::Approx(1.3));
  CHECK(stream["from_phone"]["last_packet"].get<std::string>().ends_with("Z"));
  CHECK(stream["from_central"]["last_packet"].is_null());
  CHECK(stream["from_central"]["loss_percent"] == 0);
  box.calls.assign(20, call(kDevice));
  CHECK(box.get("/api/calls?limit=7")["calls"].size() == 7);
  CHECK(box.get("/api/calls?limit=7")["total"] == 20);
}

TEST_CASE("admin api: SIP phones with their lines, with and without a name, and their calls") {
  Box box;
  phones::SignallingStep s = registered(kDevice);
  s.protocol = phones::Protocol::sip;
  s.server = "pbx.example.net:5060";
  s.version = 0;
  s.transport = "tcp";
  s.user_agent = "Cisco-CP7975G/9.3.1";
  s.aor = "1001";
  box.inventory.on_signalling(s);
  s.aor = "1002";
  box.inventory.on_signalling(s);
  json one = box.get("/api/phones/" + kDevice);
  CHECK(one["protocol"] == "sip");
  CHECK(one["transport"] == "tcp");
  CHECK(one["user_agent"] == "Cisco-CP7975G/9.3.1");
  CHECK(one["model"] == "7975");
  CHECK(one["protocol_version"].is_null());
  CHECK(one["lines"] == json{"1001", "1002"});
  CHECK(box.get("/api/phones")["phones"][0]["transport"] == "tcp");
  s.device.clear();
  s.peer = Endpoint::parse("192.0.2.8:5060").value();
  s.user_agent = "Example Phone/1.0";
  s.aor = "2001";
  box.inventory.on_signalling(s);

  phones::Call named = call(kDevice);
  named.protocol = phones::Protocol::sip;
  named.peer = Endpoint::parse("192.0.2.7:49152").value();
  named.reference = named.line = 0;
  named.call_id = "1f7c@192.0.2.7";
  named.own_number = "1002";
  phones::Call nameless = named;
  nameless.device.clear();
  nameless.peer = s.peer;
  nameless.own_number = "2001";
  box.calls = {named, nameless, call("SEPAABBCCDDEEFF")};
  one = box.get("/api/phones/" + kDevice);
  REQUIRE(one["calls"].size() == 1);
  CHECK(one["calls"][0]["own_number"] == "1002");
  CHECK(one["calls"][0]["call_id"] == "1f7c@192.0.2.7");
  CHECK(one["calls"][0]["reference"].is_null());
  CHECK(one["calls"][0]["line"].is_null());
  one = box.get("/api/phones/192.0.2.8");
  CHECK(one["device"] == "");
  CHECK(one["registered"] == true);
  REQUIRE(one["calls"].size() == 1);
  CHECK(one["calls"][0]["address"] == "192.0.2.8");
  CHECK(one["calls"][0]["device"] == "");
  // A call that names no phone leads to it by its address.
  CHECK(box.get("/api/phones/192.0.2.7")["device"] == kDevice);
  CHECK(box.ask("GET", "/api/phones/192.0.2.9")->status() == 404);
  CHECK(box.get("/api/calls")["total"] == 3);
}

TEST_CASE("admin api: a call server that takes one phone from an address is this box's trouble") {
  Box box;
  box.inventory.on_signalling(registered(kDevice));
  CHECK(box.get("/api/doctor")["healthy"] == true);
  phones::SignallingStep s = registered("SEPAABBCCDDEEFF");
  s.event = phones::SignallingEvent::refused;
  s.detail = "Cross device";
  box.inventory.on_signalling(s);
  const json got = box.get("/api/doctor");
  CHECK(got["healthy"] == false);
  CHECK(got["findings"][0]["code"] == "server_refuses_shared_address");
}

TEST_CASE("admin api: status tells what the router maps, and how long for") {
  Box box;
  CHECK(box.get("/api/status")["router"]["active"] == false);
  CHECK(box.get("/api/status")["router"]["gateway"].is_null());
  CHECK(box.get("/api/status")["router"]["mappings"] == json::array());

  auto& router = box.status.router;
  auto& facts = router.facts;
  router.now = Clock::now();
  facts.active = true;
  facts.gateway = IpAddress::v4(0xc0a80101);
  facts.ours = IpAddress::v4(0xc0a8010a);
  facts.external = IpAddress::v4(0xcb007165);
  facts.protocol = nat::portmap::Protocol::pcp;
  facts.wanted = 3;
  facts.reboots = 2;
  facts.last_error = "no more room";
  using nat::portmap::Transport;
  using std::chrono::seconds;
  facts.granted = {{{Transport::udp, 5060, false}, {facts.external, 15060}, seconds(3600), router.now + seconds(3011)},
                   {{Transport::tcp, 5060, false}, {facts.external, 5060}, Duration{}, TimePoint::max()}};
  const json got = box.get("/api/status")["router"];
  CHECK(got["active"] == true);
  CHECK(got["gateway"] == "192.168.1.1");
  CHECK(got["protocol"] == "PCP");
  CHECK(got["external_address"] == "203.0.113.101");
  CHECK(got["double_nat"] == false);
  CHECK(got["ports_wanted"] == 3);
  CHECK(got["restarts"] == 2);
  CHECK(got["last_error"] == "no more room");
  CHECK(got["summary"] == nat::portmap::in_words(facts));
  CHECK(got["mappings"] == json::array({{{"transport", "udp"},
                                         {"internal", "192.168.1.10:5060"},
                                         {"external", "203.0.113.101:15060"},
                                         {"lifetime_s", 3600},
                                         {"left_s", 3011}},
                                        {{"transport", "tcp"},
                                         {"internal", "192.168.1.10:5060"},
                                         {"external", "203.0.113.101:5060"},
                                         {"lifetime_s", 0},
                                         {"left_s", nullptr}}}));
}

TEST_CASE("admin api: at most so many phones as asked") {
  Box box;
  for (int i = 0; i < 5; ++i)
    box.inventory.on_file(step("SEP00112233445" + std::to_string(i) + ".cnf.xml", phones::FileOutcome::sent));
  const json got = box.get("/api/phones?limit=2");
  CHECK(got["total"] == 5);
  CHECK(got["phones"].size() == 2);
  CHECK(box.get("/api/phones?limit=nonsense")["phones"].size() == 5);
  for (int i = 0; i < 600; ++i)
    box.inventory.on_file(step(fmt::format("SEP0011223{:05}.cnf.xml", i), phones::FileOutcome::sent));
  CHECK(box.get("/api/phones")["phones"].size() == 500);
  CHECK(box.get("/api/phones?limit=99999")["phones"].size() == 605);  // as many as there may be, and not as if none was given
}

TEST_CASE("admin api: remote text that is not UTF-8 still gives JSON") {
  Box box;
  box.status.central = "\xff\xfe";
  CHECK(box.get("/api/status")["central"] == "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("admin api: calls, doctor, files") {
  Box box;
  CHECK(box.get("/api/calls") == json{{"total", 0}, {"calls", json::array()}});
  CHECK(box.get("/api/doctor")["healthy"] == true);
  box.doctor.push_back({"origin_down", phones::Severity::error, "refused", "no files", "start it"});
  const json doctor = box.get("/api/doctor");
  CHECK(doctor["healthy"] == false);
  CHECK(doctor["findings"][0]["code"] == "origin_down");
  CHECK(doctor["findings"][0]["do"] == "start it");
  const json files = box.get("/api/files");
  CHECK(files["cached"][0]["name"] == "Ringlist.xml");
  CHECK(files["missing"].empty());
}

TEST_CASE("admin api: a missing file is listed until a phone gets it") {
  Box box;
  const auto ask = [&](const std::string& name, phones::FileOutcome outcome, int second) {
    auto s = step(name, outcome);
    s.at = WallTime(std::chrono::seconds(1'800'000'000 + second));
    box.inventory.on_file(s);
  };
  ask(kDevice + ".cnf.xml", phones::FileOutcome::not_found, 0);
  ask("CTL" + kDevice + ".tlv", phones::FileOutcome::not_found, 1);
  ask(kDevice + ".cnf.xml", phones::FileOutcome::not_found, 2);
  json missing = box.get("/api/files")["missing"];
  REQUIRE(missing.size() == 2);
  CHECK(missing[0]["name"] == kDevice + ".cnf.xml");
  CHECK(missing[0]["times"] == 2);
  CHECK(missing[0]["optional"] == false);
  CHECK(missing[1]["optional"] == true);
  ask(kDevice + ".cnf.xml", phones::FileOutcome::sent, 3);
  missing = box.get("/api/files")["missing"];
  REQUIRE(missing.size() == 1);
  CHECK(missing[0]["name"] == "CTL" + kDevice + ".tlv");
}

TEST_CASE("admin api: metrics of every part in one text") {
  Box box;
  const auto got = box.ask("GET", "/metrics");
  CHECK(got->status() == 200);
  CHECK(got->reply_header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(got->received().find("dropwire_test_total 7\n") != std::string::npos);
}

TEST_CASE("admin api: over TCP nothing secret is told and nothing is changed") {
  Box box;
  box.files["SEP001122334455.cnf.xml"] = provisioning::Content::of(to_buffer("secret"), {});
  CHECK(box.ask("GET", "/api/files/SEP001122334455.cnf.xml")->status() == 403);
  CHECK(box.ask("GET", "/api/log")->status() == 403);
  CHECK(box.ask("POST", "/api/reload")->status() == 403);
  CHECK(box.ask("POST", "/api/status")->status() == 405);
  CHECK(box.ask("DELETE", "/api/phones")->status() == 405);
  CHECK(box.ask("GET", "/api/nothing")->status() == 404);
  CHECK(box.ask("GET", "/api/phonesX")->status() == 404);
  CHECK(box.reloads == 0);
}

TEST_CASE("admin api: a host name that is not this box's is refused, so no page can rebind to it") {
  Box box;
  for (const std::string_view host : {"127.0.0.1", "127.0.0.1:8079", "localhost:8079", "LOCALHOST",
                                      "[::1]:8079", "192.0.2.1:8079", "dropwire.lan:8079", ""}) {
    CAPTURE(host);
    CHECK(box.ask("GET", "/api/status", false, std::string(host))->status() == 200);
  }
  for (const std::string_view host : {"evil.example", "evil.example:8079", "192.0.2.9",
                                      "localhost.evil.example", "127.0.0.1.evil.example", "a b", "[::1"}) {
    CAPTURE(host);
    CHECK(box.ask("GET", "/api/status", false, std::string(host))->status() == 421);
    CHECK(box.ask("GET", "/", false, std::string(host))->status() == 421);
  }
  CHECK(box.ask("GET", "/healthz", false, "evil.example")->status() == 200);  // a balancer's; says nothing
  CHECK(box.ask("GET", "/api/status", true, "evil.example")->status() == 200);
}

TEST_CASE("admin api: every answer has the headers that keep a browser out") {
  Box box;
  for (const std::string_view target : {"/", "/api/status", "/api/nothing", "/metrics"}) {
    const auto got = box.ask("GET", std::string(target));
    CHECK(got->reply_header("X-Content-Type-Options") == "nosniff");
    CHECK(got->reply_header("X-Frame-Options") == "DENY");
    CHECK(got->reply_header("Cache-Control") == "no-store");
    CHECK(got->reply_header("Content-Security-Policy").starts_with("default-src 'none'"));
  }
}

TEST_CASE("control socket: reload says whether the settings were taken") {
  Box box;
  CHECK(box.ask("GET", "/api/reload", true)->status() == 405);
  auto got = box.ask("POST", "/api/reload", true);
  CHECK(got->status() == 200);
  CHECK(json::parse(got->received())["taken"] == true);
  box.reload = {false, {"dropwire.toml:3:1: error: no such setting"}};
  got = box.ask("POST", "/api/reload", true);
  CHECK(got->status() == 422);
  CHECK(json::parse(got->received())["problems"][0] == "dropwire.toml:3:1: error: no such setting");
  CHECK(box.reloads == 2);
}

TEST_CASE("control socket: a file as a phone would get it, while it arrives") {
  Box box;
  auto content = std::make_shared<provisioning::Content>();
  box.files["a.xml"] = content;
  const auto got = box.ask("GET", "/api/files/a.xml", true);
  CHECK_FALSE(got->answered());
  provisioning::ContentMeta meta;
  meta.size = 4;
  content->begin(meta);
  CHECK(got->status() == 200);
  CHECK(got->told_length() == 4);
  content->append(as_bytes("octe"));
  CHECK(got->received() == "oct");
  content->finish();
  CHECK(got->received() == "octe");
  got->end(true);
  CHECK(content->subscribers() == 0);
  CHECK(box.ask("GET", "/api/files/b.xml", true)->status() == 404);
  CHECK(box.ask("GET", "/api/files/..%2fb.xml", true)->status() == 400);
  CHECK(box.ask("HEAD", "/api/status", true)->status() == 200);
}

TEST_CASE("control socket: a file that breaks off cuts the connection") {
  Box box;
  auto content = std::make_shared<provisioning::Content>();
  box.files["a.xml"] = content;
  const auto got = box.ask("GET", "/api/files/a.xml", true);
  provisioning::ContentMeta meta;
  meta.size = 4;
  content->begin(meta);
  content->fail({Errc::unavailable, "gone", 0});
  CHECK(got->aborted());
}

TEST_CASE("control socket: log lines, and only the new ones") {
  Box box;
  spdlog::logger logger("test", box.log);
  logger.warn("event=one");
  logger.info("event=two {}", std::string(5000, 'x'));
  json got = json::parse(box.ask("GET", "/api/log", true)->received());
  REQUIRE(got["lines"].size() == 2);
  CHECK(got["lines"][0]["text"] == "event=one");
  CHECK(got["lines"][0]["level"] == "warning");
  CHECK(got["lines"][1]["text"].get<std::string>().size() == LogRing::kMaxLine);
  CHECK(got["next"] == 2);
  got = json::parse(box.ask("GET", "/api/log?after=2", true)->received());
  CHECK(got["lines"].empty());
  CHECK(got["next"] == 2);
  for (std::size_t i = 0; i < LogRing::kMaxLines + 10; ++i)
    logger.info("line");
  CHECK(box.log->lines().size() == LogRing::kMaxLines);
  CHECK(box.log->lines().front().number == 13);
}

TEST_CASE("admin API: of many phones those are told that are asked for") {
  Box box;
  for (int i = 0; i < 5; ++i)
    box.inventory.on_file(step(fmt::format("SEP00112233000{}.cnf.xml", i), phones::FileOutcome::sent));
  box.inventory.on_signalling(registered("SEP001122330003"));
  const auto keys = [&](const std::string& query) {
    std::vector<std::string> out;
    const json answer = box.get("/api/phones" + query);
    for (const json& phone : answer["phones"])
      out.push_back(phone["key"]);
    CHECK(answer["total"] == 5);
    CHECK(answer["matching"] >= out.size());
    return out;
  };
  CHECK(keys("").size() == 5);
  CHECK(keys("?limit=2").size() == 2);
  CHECK(keys("?q=330003") == std::vector<std::string>{"SEP001122330003"});
  CHECK(keys("?q=sep00%200004") == std::vector<std::string>{"SEP001122330004"});
  CHECK(keys("?q=192.0.2.7&show=registered") == std::vector<std::string>{"SEP001122330003"});
  CHECK(keys("?q=nobody").empty());
  CHECK(keys("?show=unregistered").size() == 4);
  CHECK(keys("?show=attention").empty());
}

TEST_CASE("admin API: a list that is asked for wrongly is refused") {
  Box box;
  for (const auto* target : {"/api/phones?show=all%20of%20them", "/api/phones?q=%zz"}) {
    CAPTURE(target);
    CHECK(box.ask("GET", target)->status() == 400);
  }
  CHECK(box.ask("GET", "/api/phones?q=" + std::string(101, 'x'))->status() == 400);
}

TEST_CASE("admin API: how to connect phones of every kind, with this box's address") {
  Box box;
  box.status.phone_addresses = {"192.0.2.1"};
  const json answer = box.get("/api/connect");
  CHECK(answer["addresses"] == json::parse(R"(["192.0.2.1"])"));
  CHECK(answer["families"].size() == 5);
  for (const json& family : answer["families"]) {
    CHECK_FALSE(family["models"].empty());
    CHECK(family["connect"].dump().find("192.0.2.1") != std::string::npos);
    CHECK(family["connect"].dump().find("{address}") == std::string::npos);
  }
  box.status.phone_addresses = {"192.0.2.1", "198.51.100.1"};
  CHECK(box.get("/api/connect")["families"][0]["connect"].dump().find("this box's address") != std::string::npos);
}
