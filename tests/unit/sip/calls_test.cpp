#include "sbc/sip/calls.hpp"

#include "tests/unit/sip/sip_parts.hpp"

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;
using dw::sip::test::Parts;

namespace {

DialogSet& new_call(Parts& p, const std::string& tag = "a") {
  DialogSet& set = *p.dialogs.begin("c", tag, Side::access);
  set.method = Method::invite;
  set.own_number = "1001";
  set.reach.flow = Parts::phone();
  p.calls.begin(p.now, set);
  return set;
}

}  // namespace

TEST_CASE("sip calls: a call is counted while it runs, reported when it is answered and once when it is over") {
  Parts p;
  DialogSet& set = new_call(p);
  CHECK(p.dialogs.calls() == 1);
  REQUIRE(p.calls.running(p.now).size() == 1);
  CHECK(p.calls.running(p.now)[0].state == "calling");
  p.calls.up(p.now, set, p.out);
  p.calls.up(p.now, set, p.out);
  CHECK(p.events(Event::Kind::call_up) == 1);
  CHECK(p.counters.calls == 1);
  p.now += 10s;
  CHECK(p.calls.running(p.now)[0].duration == 10s);
  p.calls.end(p.now, set, p.out, "why");
  p.calls.end(p.now, set, p.out);
  CHECK(p.events(Event::Kind::call_over) == 1);
  CHECK(p.out.events.back().text == "why");
  CHECK(p.dialogs.calls() == 0);
  CHECK(p.calls.running(p.now).empty());
}

TEST_CASE("sip calls: of two dialogs that were answered, the call ends with the last one") {
  Parts p;
  DialogSet& set = new_call(p);
  set.add("b").confirmed = true;
  set.add("c").confirmed = true;
  set.taken = "b";
  p.calls.end_dialog(p.now, set, "b", p.out);
  CHECK_FALSE(set.over);
  CHECK(set.taken == "c");
  p.calls.end_dialog(p.now, set, "c", p.out);
  CHECK(set.over);
}

TEST_CASE("sip calls: one that is challenged and comes again is the same attempt") {
  Parts p({.call_limits = {.attempts_per_phone = 2}});
  const std::string invite = Parts::request("INVITE", "sip:2001@192.168.1.2");
  const auto attempt = [&](const DialogSet* again) {
    return p.calls.attempt(p.now, p.read(invite), Parts::phone(), nullptr, again, {});
  };
  REQUIRE(attempt(nullptr) == CallLimits::Verdict::passes);
  DialogSet& set = new_call(p);
  p.calls.end_try(p.now, set);
  for (int i = 0; i < 20; ++i)
    CHECK(attempt(&set) == CallLimits::Verdict::passes);
  CHECK(p.calls.refused() == 0);
}

TEST_CASE("sip calls: a session that is not refreshed ends; one without any sign of life after a day") {
  Parts p;
  DialogSet& set = new_call(p);
  p.calls.up(p.now, set, p.out);
  Transaction t;
  t.method = Method::invite;
  Calls::note_life(p.now, set, t, p.read(Parts::response(200, "INVITE", "Session-Expires: 90;refresher=uac\r\n")));
  REQUIRE(set.session_until == p.now + 90s + kTransactionTimeout);
  p.calls.look_at(p.now + 100s, set, p.out);
  CHECK_FALSE(set.over);
  p.calls.look_at(*set.session_until + 1s, set, p.out);
  CHECK(set.over);
  DialogSet& other = new_call(p, "other");
  p.calls.up(p.now, other, p.out);
  p.calls.look_at(p.now + 23h, other, p.out);
  CHECK_FALSE(other.over);
  p.calls.look_at(p.now + 25h, other, p.out);
  CHECK(other.over);
}

TEST_CASE("sip calls: what a request that reached nobody began ends with it, and so does what its BYE was to end") {
  Parts p;
  DialogSet& set = new_call(p);
  Transaction t;
  t.method = Method::invite;
  t.from_side = Side::access;
  t.dialogs = set.id;
  p.calls.unreached(p.now, t, {}, p.out);
  CHECK(set.over);
  DialogSet& other = new_call(p, "other");
  other.add("b").confirmed = true;
  t.dialogs = other.id;
  t.method = Method::info;
  p.calls.unreached(p.now, t, {}, p.out);
  CHECK_FALSE(other.over);
  t.method = Method::bye;
  p.calls.unreached(p.now, t, "b", p.out);
  CHECK(other.over);
}
