#include "sbc/daemon/actions.hpp"

#include <filesystem>
#include <fstream>

#include "tests/loop/proxy/sip_town.hpp"
#include "tests/loop/store/temp_dir.hpp"

/// What a person asks of phones and files, and the words and statuses that come back: against real proxies on loopback.
using namespace dw;
using namespace dw::sim;
using admin::Outcome;
using admin::PhoneAction;

namespace {

const std::string kDevice = "SEP001122334401";

/// Asks and keeps what came of it.
struct Asking {
  Asking(net::Loop& l, std::vector<std::string> origins, const std::vector<phones::SignallingStep>& from)
      : loop(l), steps(from), pipeline(l, options(std::move(origins)), nullptr, {}), actions(inventory, pipeline) {}
  static provisioning::Pipeline::Options options(std::vector<std::string> origins) {
    provisioning::Pipeline::Options o;
    o.origins = std::move(origins);
    return o;
  }
  /// As the daemon does when steps are reported.
  const phones::Phone& known(const std::string& key) {
    for (; reported < steps.size(); ++reported)
      inventory.on_signalling(steps[reported]);
    const phones::Phone* phone = inventory.find(key);
    REQUIRE(phone);
    return *phone;
  }
  void act(const std::string& key, PhoneAction action, bool force = false) {
    outcome.reset();
    actions.act(known(key), action, force, [this](const Outcome& o) {
      CHECK_FALSE(outcome);
      outcome = o;
    });
  }
  Outcome refresh(const std::string& name) {
    outcome.reset();
    actions.refresh(name, [this](const Outcome& o) { outcome = o; });
    REQUIRE(loop.run_until([&] { return outcome.has_value(); }, 20s));
    return *outcome;
  }
  bool said(std::string_view words) const {
    CAPTURE(outcome->said);
    return outcome->said.find(words) != std::string::npos;
  }
  unsigned status() const { return outcome ? outcome->status : 0; }

  net::Loop& loop;
  const std::vector<phones::SignallingStep>& steps;
  std::size_t reported = 0;
  phones::Inventory inventory;
  provisioning::Pipeline pipeline;
  Actions actions;
  std::optional<Outcome> outcome;
};

std::string story_of(const phones::Phone& phone) {
  std::string out;
  for (const auto& entry : phones::story(phone))
    out += entry.step + ": " + entry.detail + "\n";
  return out;
}

phones::FileStep asked_for_config() {
  phones::FileStep step;
  step.at = wall_now();
  step.transport = "tftp";
  step.name = kDevice + ".cnf.xml";
  step.peer = {loopback(2), 50000};
  return step;
}

void register_by_udp(SipTown& town, SipEnd& phone) {
  phone.open_udp();
  phone.by_udp(town.at(), town.request("REGISTER", phone.udp(), false));
  REQUIRE(town.until([&] { return town.server.count("REGISTER", 0) == 1; }));
  town.server.by_udp(town.server.last_peer, town.granted());
  REQUIRE(town.until([&] { return phone.count("REGISTER", 200) == 1; }));
}

}  // namespace

TEST_CASE("actions: an SCCP phone is asked to restart or to reset, and its story says so") {
  for (const bool boot : {false, true}) {
    Town town;
    town.add_server();
    town.start();
    Asking ask(town.loop, {}, town.steps);
    ask.actions.use(town.proxy.get(), nullptr);
    TestPhone phone(town.loop, kDevice, 2);
    phone.connect(town.at());
    REQUIRE(town.until([&] { return phone.core.is_registered(); }));
    ask.act(kDevice, boot ? PhoneAction::reset : PhoneAction::restart);
    CHECK(ask.status() == 200);
    CHECK(ask.said(kDevice + " was asked to " + (boot ? "reset" : "restart")));
    REQUIRE(town.until([&] { return phone.saw(PhoneEvent::Kind::reset); }));
    const auto event = std::ranges::find(phone.events, PhoneEvent::Kind::reset, &PhoneEvent::kind);
    CHECK(event->value == (boot ? 1 : 2));
    CHECK(story_of(ask.known(kDevice)).find(boot ? "start over: reset" : "start over: restart") != std::string::npos);
  }
}

TEST_CASE(
    "actions: a phone in a call is left alone, unless a person insists; one that is registered is not forgotten") {
  Town town;
  town.add_server();
  town.start();
  Asking ask(town.loop, {}, town.steps);
  ask.actions.use(town.proxy.get(), nullptr);
  TestPhone phone(town.loop, kDevice, 2);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.core.is_registered(); }));
  phone.act(phone.core.dial(town.loop.now(), "600"));
  REQUIRE(town.until([&] { return phone.saw(PhoneEvent::Kind::transmit_started); }));
  ask.act(kDevice, PhoneAction::restart);
  CHECK(ask.status() == 409);
  CHECK(ask.said("is in a call"));
  ask.act(kDevice, PhoneAction::forget);
  CHECK(ask.status() == 409);
  CHECK(ask.said("is registered here now"));
  CHECK(ask.inventory.find(kDevice));
  CHECK_FALSE(phone.saw(PhoneEvent::Kind::reset));
  ask.act(kDevice, PhoneAction::restart, true);
  CHECK(ask.status() == 200);
  REQUIRE(town.until([&] { return phone.saw(PhoneEvent::Kind::reset); }));
  ask.act(kDevice, PhoneAction::forget, true);
  CHECK(ask.status() == 200);
  CHECK_FALSE(ask.inventory.find(kDevice));
}

TEST_CASE("actions: to a phone that is not registered nothing can be said, and it may be forgotten") {
  net::Loop loop;
  const std::vector<phones::SignallingStep> nothing;
  Asking ask(loop, {}, nothing);
  ask.inventory.on_file(asked_for_config());
  for (const PhoneAction action : {PhoneAction::restart, PhoneAction::reset}) {
    for (const bool force : {false, true}) {
      ask.act(kDevice, action, force);
      CHECK(ask.status() == 409);
      CHECK(ask.said("is not registered here now"));
    }
  }
  ask.act(kDevice, PhoneAction::forget);
  CHECK(ask.status() == 200);
  CHECK_FALSE(ask.inventory.find(kDevice));
}

TEST_CASE("actions: a phone whose protocol was switched off meanwhile gets an error, and is not lost") {
  Town town;
  town.add_server();
  town.start();
  Asking ask(town.loop, {}, town.steps);  // of neither proxy
  TestPhone phone(town.loop, kDevice, 2);
  phone.connect(town.at());
  REQUIRE(town.until([&] { return phone.core.is_registered(); }));
  ask.act(kDevice, PhoneAction::restart);
  CHECK(ask.status() == 409);
  CHECK(ask.said("SCCP is off"));
  ask.actions.use(town.proxy.get(), nullptr);
  phone.act(phone.core.unregister(town.loop.now()));
  REQUIRE(town.until([&] { return phone.closed && town.proxy->connections() == 0; }));
  ask.act(kDevice, PhoneAction::restart);
  CHECK(ask.status() == 409);
}

TEST_CASE("actions: a SIP phone is asked by NOTIFY, and what it answered is reported and in its story") {
  for (const int answer : {200, 489}) {
    SipTown town;
    town.start_udp();
    Asking ask(town.loop, {}, town.steps);
    ask.actions.use(nullptr, town.proxy.get());
    SipEnd phone(town.loop, 2);
    register_by_udp(town, phone);
    const std::string key = loopback(2).to_string();
    ask.act(key, PhoneAction::restart);
    CHECK_FALSE(ask.outcome);  // the phone is asked first
    REQUIRE(town.until([&] { return phone.count("NOTIFY", 0) == 1; }));
    phone.by_udp(town.at(), sip_answer(*phone.find("NOTIFY", 0), answer, "p"));
    REQUIRE(town.until([&] { return ask.outcome.has_value(); }));
    CHECK(ask.status() == (answer == 200 ? 200U : 502U));
    CHECK(ask.said(answer == 200 ? "took it" : "answered 489"));
    CHECK(story_of(ask.known(key)).find("restart, it answered " + std::to_string(answer)) != std::string::npos);
  }
}

TEST_CASE(
    "refresh: a file is fetched again and reported with its size and origin, in words that hold no control characters") {
  const test::TempDir dir;
  std::ofstream(dir.path() / "Ringlist.xml") << "<rings/>";
  net::Loop loop;
  const std::vector<phones::SignallingStep> nothing;
  Asking ask(loop, {"file://" + dir.path().string()}, nothing);
  CHECK(ask.refresh("Ringlist.xml").status == 200);
  CHECK(ask.said("Ringlist.xml was fetched again from file://"));
  CHECK(ask.said(": 8 bytes"));
  std::ofstream(dir.path() / "Ringlist.xml") << "<rings><a/></rings>";
  (void)ask.refresh("Ringlist.xml");
  CHECK(ask.said(": 19 bytes"));
  CHECK(ask.refresh("none\n.xml").status == 404);
  CHECK(ask.said("could not be fetched: "));
  CHECK(ask.outcome->said.find('\n') == std::string::npos);
}

TEST_CASE("refresh: an origin that is down is a bad gateway, and too many at once are refused") {
  net::Loop loop;
  const std::vector<phones::SignallingStep> nothing;
  Asking ask(loop, {"http://127.0.0.1:1/"}, nothing);
  std::vector<Outcome> all;
  for (std::size_t i = 0; i <= Actions::kMaxRefreshes; ++i)
    ask.actions.refresh("file" + std::to_string(i), [&](const Outcome& o) { all.push_back(o); });
  REQUIRE(all.size() == 1);  // the one too many, at once
  CHECK(all.front().status == 503);
  REQUIRE(loop.run_until([&] { return all.size() == Actions::kMaxRefreshes + 1; }, 20s));
  for (std::size_t i = 1; i < all.size(); ++i)
    CHECK(all[i].status == 502);
  CHECK(ask.refresh("Ringlist.xml").status == 502);  // there is room again, and it is known to be down
  CHECK(ask.said("what is kept of the file stays"));
}
