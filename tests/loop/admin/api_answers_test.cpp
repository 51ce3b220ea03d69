#include "tests/loop/admin/api_box.hpp"

using namespace dw;
using namespace dw::admin;
using namespace dw::test;

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
  CHECK(got["call_servers"][0]["state"] == "up");
  CHECK(got["call_servers"][0]["last_answer"].get<std::string>().ends_with("Z"));
  CHECK(got["call_servers"][1]["state"] == "down");
  CHECK(got["call_servers"][2]["state"] == "untried");
  CHECK(got["call_servers"][2]["up"] == false);
  CHECK(got["call_servers"][0]["phones"] == 41);
  CHECK(got["call_servers"][0]["next_try"].is_null());
  CHECK(got["call_servers"][1]["last_error"] == "refused");
  CHECK(got["call_servers"][1]["protocol"] == "sccp");
  CHECK(got["call_servers"][1]["transport"] == "tcp");
  CHECK(got["call_servers"][2]["protocol"] == "sip");
  CHECK(got["call_servers"][2]["transport"] == "udp");
  CHECK(got["media"] ==
        json{{"streams", 12},
             {"capacity", 2500},
             {"fast_path", {{"state", "on"}, {"why", ""}, {"streams", 10}, {"interfaces", {"eth0: attached"}}}}});
  CHECK(got["bans"].empty());
  CHECK(got["bans_total"] == 0);
}

TEST_CASE("admin api: bans, at most as many as fit") {
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

TEST_CASE("admin api: status has the router's mappings, and their lifetimes") {
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

TEST_CASE("admin api: calls, doctor, files") {
  Box box;
  CHECK(box.get("/api/calls") == json{{"total", 0}, {"calls", json::array()}});
  CHECK(box.get("/api/doctor")["healthy"] == true);
  box.doctor.push_back({"origin_down", doctor::Severity::error, "refused", "no files", "start it"});
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
  ask("CTL" + kDevice + ".tlv", phones::FileOutcome::not_found, 1);  // withheld on purpose: phones work without it
  ask("Ringlist.xml", phones::FileOutcome::not_found, 1);
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
  CHECK(missing[0]["name"] == "Ringlist.xml");
}

TEST_CASE("admin api: metrics of every part in one text") {
  Box box;
  const auto got = box.ask("GET", "/metrics");
  CHECK(got->status() == 200);
  CHECK(got->reply_header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(got->received().find("dropwire_test_total 7\n") != std::string::npos);
}

TEST_CASE("admin api: over TCP nothing secret is sent and nothing can be changed") {
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
  for (const std::string_view host : {"127.0.0.1", "127.0.0.1:8079", "localhost:8079", "LOCALHOST", "[::1]:8079",
                                      "192.0.2.1:8079", "dropwire.lan:8079", ""}) {
    CAPTURE(host);
    CHECK(box.ask("GET", "/api/status", false, std::string(host))->status() == 200);
  }
  for (const std::string_view host : {"evil.example", "evil.example:8079", "192.0.2.9", "localhost.evil.example",
                                      "127.0.0.1.evil.example", "a b", "[::1"}) {
    CAPTURE(host);
    CHECK(box.ask("GET", "/api/status", false, std::string(host))->status() == 421);
    CHECK(box.ask("GET", "/", false, std::string(host))->status() == 421);
  }
  CHECK(box.ask("GET", "/healthz", false, "evil.example")->status() == 200);  // for load balancers; reveals nothing
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

TEST_CASE("control socket: reload says whether the settings were applied") {
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
  CHECK(got->announced_length() == 4);
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
