#pragma once
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sbc/admin/server.hpp"
#include "tests/support/fake_exchange.hpp"

namespace dw::test {

using namespace admin;
using nlohmann::json;

inline const std::string kDevice = "SEP001122334455";

inline phones::FileStep step(std::string name, phones::FileOutcome outcome) {
  phones::FileStep s;
  s.at = wall_now();
  s.name = std::move(name);
  s.peer = {IpAddress::v4(0xc0000207), 52488};
  s.transport = "tftp";
  s.outcome = outcome;
  s.octets = s.size = outcome == phones::FileOutcome::sent ? 4000 : 0;
  return s;
}

inline phones::SignallingStep registered(const std::string& device) {
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

inline phones::Call call(const std::string& device) {
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
  stream.media.phone = Endpoint::parse("203.0.113.7:16390").value();
  stream.ports.phone_facing = Endpoint::parse("192.0.2.1:20000").value();
  stream.ports.central_facing = Endpoint::parse("10.0.0.5:20002").value();
  stream.codec = "PCMU";
  stream.media.strangers = 3;
  stream.media.from_phone.packets = stream.media.from_phone.audio = 9240;
  stream.media.from_phone.delivered = 9238;
  stream.media.from_phone.dropped = 2;
  stream.media.from_phone.lost = 10;
  stream.media.from_phone.jitter = std::chrono::microseconds(1'312);
  stream.media.from_phone.last = Clock::now();
  return c;
}

/// An admin side with everything behind it made up.
struct Box {
  net::Loop loop;
  phones::Inventory inventory;
  doctor::VerdictBook verdicts{inventory};
  Status status;
  std::vector<doctor::Finding> doctor;
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
    status.call_servers[0].last_answer = status.now;
    status.media = {12, 2500};
    status.media.fast_path = {doctor::FastPathState::State::on, "", 10, {"eth0: attached"}};
    status.origins = {{"http://pbx.example.net:6970/", false, "refused", {}, wall_now()}};
    Sources sources;
    sources.status = [this] { return status; };
    sources.inventory = &inventory;
    sources.verdicts = &verdicts;
    sources.doctor = [this](const auto& done) { done(doctor); };
    sources.calls = [this] { return calls; };
    sources.files = [] {
      FilesReport report;
      report.cached.push_back({"Ringlist.xml", 1200, "\"r\"", "", "http://pbx.example.net:6970/", wall_now()});
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
    auto exchange = std::make_shared<FakeExchange>(std::move(method), std::move(target),
                                                   std::map<std::string, std::string>{{"Host", std::move(host)}});
    exchange->over_unix(over_unix);
    exchange->from({IpAddress::v4(0x7f000001), 52488});
    server->handle(exchange);
    return exchange;
  }
  json get(const std::string& target) {
    const auto got = ask("GET", target);
    REQUIRE(loop.run_until([&] { return got->complete(); }, std::chrono::seconds(60)));
    got->end(true);
    REQUIRE(got->status() == 200);
    CHECK(got->reply_header("Content-Type") == "application/json");
    return json::parse(got->received());
  }
};

}  // namespace dw::test
