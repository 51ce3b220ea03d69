// How a phone, all phones and the box stand: one of four states, a summary never better than its worst part.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>

#include "sbc/doctor/box_verdict.hpp"
#include "tests/unit/doctor/box_facts.hpp"
#include "tests/unit/doctor/found.hpp"

using namespace dw;
using namespace dw::test;

namespace {

void judge_all(VerdictBook& verdicts, WallTime now) {
  while (verdicts.judge(now, 100) > 0) {
  }
}

/// What the book says, counted one by one.
VerdictBook::Counts recount(const Inventory& inventory, const VerdictBook& verdicts) {
  VerdictBook::Counts out;
  inventory.for_each([&](const Phone& phone) {
    const PhoneVerdict& v = verdicts.of(phone);
    if (v.counts) ++out.states.at(static_cast<std::size_t>(v.state));
    if (v.needs_attention()) ++out.attention;
    for (const auto code : v.codes)
      ++out.codes[code];
    if (!v.cause.empty()) ++out.causes[v.cause];
  });
  return out;
}

bool same(const VerdictBook::Counts& a, const VerdictBook::Counts& b) {
  return a.states == b.states && a.attention == b.attention && a.codes == b.codes && a.causes == b.causes;
}

/// The box of box_facts.hpp, all of it tried, before phones of `inventory`.
struct Stands {
  BoxFacts box = healthy_box();
  Inventory inventory;
  VerdictBook verdicts{inventory};
  std::vector<Finding> found;
  Stands() {
    for (OriginState& origin : box.own->origins)
      origin.last_answer = kNow;
    for (CallServer& server : box.own->call_servers)
      server.last_answer = kNow;
    Replay r;
    r.boot(kBootB);
    SignallingStep s;
    s.at = r.now;
    s.device = kDevice;
    s.protocol = Protocol::sccp;
    s.event = SignallingEvent::registered;
    s.peer = {ip("192.0.2.7"), 50'001};
    for (const std::string& name : kBootB) {
      const bool missing = name.ends_with('!');
      inventory.on_file(r.step(missing ? name.substr(0, name.size() - 1) : name,
                               missing ? FileOutcome::not_found : FileOutcome::sent));
    }
    inventory.on_signalling(s);
    judge_all(verdicts, r.now);
  }
  Verdict verdict() {
    verdicts.catch_up();
    found = box_findings(box, kNow);
    return verdict_of_box(
        {false, box.own->configured, box.own->services, box.own->origins, box.own->call_servers, found, &verdicts},
        kNow);
  }
};

}  // namespace

TEST_CASE("verdict: a phone that was never registered is not known, and not well") {
  Replay r;
  r.boot(kBootB);
  r.wait(10min);
  const PhoneVerdict v = verdict_of(r.phone(), r.now, {});
  CHECK(v.state == State::not_known);
  CHECK_FALSE(v.needs_attention());
  CHECK(reason(r.phone(), v) == "not registered yet");
  BoxCauses files_only;
  files_only.sccp_served = files_only.sip_served = false;
  CHECK(verdict_of(r.phone(), r.now, files_only).state == State::ok);
}

TEST_CASE("verdict: a registered phone without findings is well; one that is gone is not known") {
  Line r = registered_line();
  CHECK(verdict_of(r.phone(), r.now, {}).state == State::ok);
  r.says(Event::phone_lost);
  r.wait(10min);
  const PhoneVerdict v = verdict_of(r.phone(), r.now, {});
  CHECK(v.state == State::not_known);
  CHECK(v.codes == std::vector<std::string_view>{"registration_lost"});
  CHECK(reason(r.phone(), v) == "was registered, and is gone");
}

TEST_CASE("verdict: a phone without a call server has failed, whoever has the fault, and names the box's finding") {
  Line r = registered_line();
  r.says(Event::phone_lost).says(Event::no_server, "Connection refused");
  CHECK(verdict_of(r.phone(), r.now, {}).state == State::failed);
  CHECK(verdict_of(r.phone(), r.now, {}).needs_attention());
  BoxCauses causes;
  causes.sccp = "call_server_down";
  const PhoneVerdict v = verdict_of(r.phone(), r.now, causes);
  CHECK(v.state == State::failed);
  CHECK_FALSE(v.needs_attention());
  CHECK(v.cause == "call_server_down");
  CHECK_FALSE(reason(r.phone(), v).empty());
}

TEST_CASE("verdicts are counted as phones change, go and come, whatever happens in between") {
  Inventory inventory({40, 64});
  VerdictBook verdicts(inventory);
  WallTime now = kNow;
  std::uint32_t seed = 7;
  const auto random = [&](std::uint32_t below) { return (seed = seed * 1664525 + 1013904223) / 256 % below; };
  for (int turn = 0; turn < 3000; ++turn) {
    const std::string device = fmt::format("SEP{:012X}", random(60));
    const Endpoint peer{IpAddress::v4(0x0a000000 + random(60)), 50'000};
    switch (random(6)) {
      case 0: {
        FileStep s;
        s.at = now;
        s.name = random(2) != 0 ? device + ".cnf.xml" : device + ".cnf.xml.sgn";
        s.peer = peer;
        s.transport = "tftp";
        s.outcome = random(2) != 0 ? FileOutcome::sent : FileOutcome::not_found;
        inventory.on_file(s);
        break;
      }
      case 1:
      case 2: {
        SignallingStep s;
        s.at = now;
        s.device = device;
        s.protocol = Protocol::sccp;
        s.event =
            std::array{SignallingEvent::registered, SignallingEvent::no_server, SignallingEvent::refused}.at(random(3));
        s.peer = peer;
        inventory.on_signalling(s);
        break;
      }
      case 3:
        inventory.forget(device);
        break;
      case 4: {
        BoxCauses causes;
        causes.sccp = random(2) != 0 ? "call_server_down" : "";
        verdicts.set_causes(causes);
        break;
      }
      default:
        verdicts.judge(now, random(20));
        now += std::chrono::seconds(random(60));
    }
    verdicts.catch_up();
    CHECK(same(verdicts.counts(), recount(inventory, verdicts)));
  }
  judge_all(verdicts, now);
  CHECK(verdicts.waiting() == 0);
  std::size_t attention = 0;
  inventory.for_each([&](const Phone& phone) {
    const PhoneVerdict fresh = verdict_of(phone, now, verdicts.causes());
    attention += fresh.needs_attention() ? 1 : 0;
  });
  CHECK(verdicts.counts().attention == attention);
}

TEST_CASE("verdicts: ten thousand phones that are restored wait, are judged a few at a time, and then all count") {
  Inventory inventory({20'000, 8});
  VerdictBook verdicts(inventory);
  constexpr std::uint64_t kPhones = 10'000;
  for (std::uint64_t i = 0; i < kPhones; ++i) {
    Phone phone;
    phone.device = *DeviceName::parse(fmt::format("SEP{:012X}", i + 1));
    phone.proven = true;
    phone.first_seen = phone.last_seen = kNow - 1h;
    Step step;
    step.at = kNow - 1h;
    step.kind = FileKind::config_signed;
    step.name = phone.device.str() + ".cnf.xml.sgn";
    step.outcome = FileOutcome::not_found;
    phone.steps.push_back(step);
    inventory.restore(phone);
  }
  verdicts.catch_up();
  CHECK(verdicts.waiting() == kPhones);
  CHECK(verdicts.judge(kNow, 5) == 5);
  CHECK(verdicts.counts().attention == 5);
  judge_all(verdicts, kNow);
  CHECK(verdicts.waiting() == 0);
  CHECK(verdicts.counts().attention == kPhones);
  CHECK(verdicts.counts().codes.at("trust_list_present") == kPhones);
  CHECK(verdicts.judge(kNow + 1s, 5) == 0);
}

TEST_CASE(
    "verdicts: silence is judged from time to time, soon for phones that were seen lately, and changes the revision") {
  Replay r;
  VerdictBook verdicts(r.inventory);
  r.boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml.sgn!"});
  judge_all(verdicts, r.now);
  CHECK(verdicts.counts().attention == 0);  // the plain one may come at once
  const std::uint64_t before = verdicts.revision();
  r.wait(11s);
  CHECK(verdicts.judge(r.now, 10) == 1);
  CHECK(verdicts.counts().attention == 1);
  CHECK(verdicts.revision() > before);
  r.wait(1h);
  judge_all(verdicts, r.now);
  r.wait(11s);
  CHECK(verdicts.judge(r.now, 10) == 0);  // a phone that nobody saw for an hour
}

TEST_CASE("verdicts: who comes and goes between two looks is never judged, and leaves nothing behind") {
  Inventory inventory({40, 8});
  VerdictBook verdicts(inventory);
  Replay r;
  for (unsigned i = 0; i < 1000; ++i)
    inventory.on_file(r.step(fmt::format("SEP{:012X}.cnf.xml", i), FileOutcome::not_found));
  verdicts.catch_up();
  CHECK(verdicts.waiting() == 40);
  for (unsigned i = 0; i < 1000; ++i)
    inventory.on_file(r.step(fmt::format("SEP{:012X}.cnf.xml", 1000 + i), FileOutcome::not_found));
  CHECK(inventory.take_unjudged().gone.size() == 40);
}

TEST_CASE("verdicts: a phone that is forgotten and comes again starts without the verdict that it had") {
  Replay r;
  VerdictBook verdicts(r.inventory);
  r.boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml.sgn!"});
  judge_all(verdicts, r.now + 1min);
  CHECK(verdicts.of(r.phone()).needs_attention());
  const std::uint64_t first = verdicts.revision_of(r.phone());
  REQUIRE(r.inventory.forget(kDevice));
  r.got("SEP<MAC>.cnf.xml");
  CHECK_FALSE(verdicts.of(r.phone()).needs_attention());
  CHECK(verdicts.revision_of(r.phone()) == 0);
  verdicts.catch_up();
  CHECK(verdicts.counts().attention == 0);
  judge_all(verdicts, r.now);
  CHECK(verdicts.revision_of(r.phone()) > first);
}

TEST_CASE("verdict of the box: well when all was tried and found well") {
  Stands s;
  const Verdict v = s.verdict();
  for (const Part& part : v.parts) {
    CAPTURE(part.words);
    CHECK(part.state == State::ok);
  }
  CHECK(v.state == State::ok);
  CHECK(v.words == "All well");
}

TEST_CASE("verdict of the box: never better than its worst part, and what nobody tried is not known") {
  struct {
    const char* name;
    std::function<void(Stands&)> with;
    State state;
    const char* words;
  } const kBoxes[] = {
      {"no origin was asked yet",
       [](Stands& s) {
         for (OriginState& o : s.box.own->origins)
           o.last_answer.reset();
       },
       State::not_known, "No file was asked for yet"},
      {"no call server was tried yet",
       [](Stands& s) {
         for (CallServer& c : s.box.own->call_servers)
           c.last_answer.reset();
       },
       State::not_known, "The telephone server was not tried yet"},
      {"one that was just asked for the first time",
       [](Stands& s) {
         for (CallServer& c : s.box.own->call_servers)
           c.last_answer.reset(), c.since = kNow - 3s;
       },
       State::not_known, "The telephone server was not tried yet"},
      {"no phone", [](Stands& s) { s.inventory.forget(kDevice); }, State::not_known, "No phone has come yet"},
      {"a phone that waits to be judged",
       [](Stands& s) {
         BoxCauses causes;
         causes.sip = "sip_server_down";
         s.verdicts.set_causes(causes);
       },
       State::not_known, "1 phone is being examined"},
      {"a listener that is down", [](Stands& s) { s.box.own->services[0].addresses.clear(); }, State::failed,
       "TFTP does not listen"},
      {"one of two servers is down", [](Stands& s) { s.box.own->call_servers[1].up = false; }, State::trouble, nullptr},
      {"no file server answers",
       [](Stands& s) {
         for (OriginState& o : s.box.own->origins)
           o.healthy = false;
       },
       State::failed, nullptr},
      {"a second file server that never answered is not needed",
       [](Stands& s) {
         s.box.own->origins[1].healthy = s.box.own->origins[1].has_answered = false;
         s.box.own->origins[1].last_answer.reset();
       },
       State::ok, "All well"},
      {"not configured", [](Stands& s) { s.box.own->configured = false; }, State::failed, "Not configured"},
  };
  for (const auto& [name, with, state, words] : kBoxes) {
    CAPTURE(name);
    Stands s;
    with(s);
    const Verdict v = s.verdict();
    CHECK(v.state == state);
    if (words != nullptr) CHECK(v.words == words);
    for (const Part& part : v.parts)
      CHECK(v.state >= part.state);
    for (const Finding& f : s.found)
      CHECK(v.state >= state_of(f.severity));
  }
}

TEST_CASE("verdict of the box: a phone with a fault of its own is the box's state too, and counted in words") {
  Stands s;
  SignallingStep refused;
  refused.at = kNow;
  refused.device = "SEP00112233AAAA";
  refused.protocol = Protocol::sccp;
  refused.event = SignallingEvent::refused;
  refused.peer = {ip("192.0.2.8"), 50'000};
  s.inventory.on_signalling(refused);
  judge_all(s.verdicts, kNow);
  const Verdict v = s.verdict();
  CHECK(v.state == State::failed);
  CHECK(v.words == "1 phone needs attention");
}
