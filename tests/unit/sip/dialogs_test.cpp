#include "sbc/sip/dialogs.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;

namespace {

struct DialogsCase {
  Dialogs all{100, 1};
  TimePoint now{1h};
  std::string text;
  Message m;

  /// A request, or with `status` a response, of one call.
  const Message& read(const std::string& method, const std::string& from_tag, const std::string& to_tag,
                      unsigned status = 0, const std::string& lines = {}) {
    text = (status == 0 ? method + " sip:x@y SIP/2.0" : "SIP/2.0 " + std::to_string(status) + " Text") +
           "\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\nFrom: <sip:a@b>" +
           (from_tag.empty() ? "" : ";tag=" + from_tag) + "\r\nTo: <sip:c@d>" +
           (to_tag.empty() ? "" : ";tag=" + to_tag) + "\r\nCall-ID: call\r\nCSeq: 1 " + method + "\r\n" + lines +
           "Content-Length: 0\r\n\r\n";
    REQUIRE(m.parse(as_bytes(text)));
    return m;
  }
  DialogSet& call(Side initiator = Side::access, const std::string& tag = "a") {
    DialogSet& set = *all.begin("call", tag, initiator);
    set.method = Method::invite;
    return set;
  }
};

}  // namespace

TEST_CASE("sip dialogs: a request of either end finds its dialog, and who sent it; a foreign tag finds none") {
  DialogsCase c;
  DialogSet& set = c.call();
  set.add("b");
  const auto mine = c.all.match(c.read("BYE", "a", "b"), Side::access);
  CHECK(mine.set == &set);
  CHECK(mine.from_initiator);
  CHECK(mine.dialog == set.find("b"));
  const auto theirs = c.all.match(c.read("BYE", "b", "a"), Side::central);
  CHECK(theirs.set == &set);
  CHECK_FALSE(theirs.from_initiator);
  CHECK_FALSE(c.all.match(c.read("BYE", "x", "y"), Side::access).set);
  CHECK_FALSE(c.all.match(c.read("BYE", "a", "b"), Side::central).set);  // the initiator is on the other side
  const auto again = Dialogs::match_in(set, c.read("BYE", "b", "a"), Side::central);
  CHECK(again.dialog == set.find("b"));
}

TEST_CASE("sip dialogs: two sets of the same names: the sender's own, then one that goes on") {
  DialogsCase c;
  DialogSet &first = c.call(Side::central), &second = c.call(Side::central);
  first.add("b");
  second.add("b");
  const Message& bye = c.read("BYE", "b", "a");
  CHECK(c.all.match(bye, Side::access, [&](const DialogSet& set) { return &set == &second; }).set == &second);
  CHECK(c.all.match(bye, Side::access, [&](const DialogSet& set) { return &set == &first; }).set == &first);
  first.over = true;
  CHECK(c.all.match(bye, Side::access).set == &second);
  CHECK_FALSE(c.all.is_answered_elsewhere(second));
  first.connected = true;
  CHECK(c.all.is_answered_elsewhere(second));
}

TEST_CASE("sip dialogs: the 2xx says the route set for good, an early one only until then") {
  DialogsCase c;
  DialogSet& set = c.call();
  set.note(c.read("INVITE", "a", "", 0, "Contact: <sip:a@192.0.2.1>\r\nRecord-Route: <sip:p0;lr>\r\n"), Side::access,
           true);
  CHECK(set.initiator_party.target == "sip:a@192.0.2.1");
  CHECK(set.initiator_party.routes == "Route: <sip:p0;lr>\r\n");
  const auto answer = [&](unsigned status, const std::string& host, bool begins = true) {
    const std::string lines = "Contact: <sip:b@" + host + ">\r\nRecord-Route: <sip:" + host + ";lr>\r\n";
    set.note(c.read("INVITE", "a", "b", status, lines), Side::access, begins);
    return set.find("b")->responder;
  };
  CHECK(answer(180, "early").routes == "Route: <sip:early;lr>\r\n");
  CHECK(answer(183, "later").routes == "Route: <sip:early;lr>\r\n");
  CHECK(answer(200, "final").routes == "Route: <sip:final;lr>\r\n");
  CHECK(answer(200, "again").routes == "Route: <sip:final;lr>\r\n");
  // A response within the dialog moves the target alone.
  CHECK(answer(200, "moved", false).routes == "Route: <sip:final;lr>\r\n");
  CHECK(set.find("b")->responder.target == "sip:b@moved");
}

TEST_CASE("sip dialogs: a request within a dialog moves its sender; a NOTIFY may be the first of its dialog") {
  DialogsCase c;
  DialogSet& set = c.call();
  set.add("b");
  set.refresh_target(c.read("UPDATE", "a", "b", 0, "Contact: <sip:a@192.0.2.9>\r\n"), true, set.find("b"));
  CHECK(set.initiator_party.target == "sip:a@192.0.2.9");
  set.refresh_target(c.read("INFO", "a", "b", 0, "Contact: <sip:a@192.0.2.10>\r\n"), true, set.find("b"));
  CHECK(set.initiator_party.target == "sip:a@192.0.2.9");  // INFO refreshes nothing
  set.refresh_target(c.read("NOTIFY", "n", "a", 0, "Contact: <sip:n@192.0.2.11>\r\nRecord-Route: <sip:p;lr>\r\n"),
                     false, nullptr);
  REQUIRE(set.find("n"));
  CHECK(set.find("n")->responder.target == "sip:n@192.0.2.11");
  CHECK(set.find("n")->routes == DialogSet::Routes::fixed);
}

TEST_CASE("sip dialogs: of too many responders an early one goes first, and never the one that the call is with") {
  DialogsCase c;
  DialogSet& set = c.call();
  for (std::size_t i = 0; i < DialogSet::kMaxDialogs; ++i)
    set.add("t" + std::to_string(i)).confirmed = i != 3;
  set.taken = "t0";
  set.add("new");
  CHECK(set.dialogs.size() == DialogSet::kMaxDialogs);
  CHECK_FALSE(set.find("t3"));
  set.find("new")->confirmed = true;
  set.add("newer");
  CHECK(set.find("t0"));
  CHECK_FALSE(set.find("t1"));
}

TEST_CASE("sip dialogs: strangers have half, a source a part, and emergency calls a little more") {
  Dialogs all(100, 1);
  const IpAddress source = IpAddress::v4(0x01020304);
  std::size_t begun = 0;
  while (DialogSet* const set = all.begin_for(source, Standing::stranger, "c" + std::to_string(begun), "a", false)) {
    CHECK(set->counts_for);
    ++begun;
  }
  CHECK(begun == 16);
  CHECK(all.begin_for(source, Standing::stranger, "help", "a", true));
  all.forget(*all.by_id(1));
  CHECK(all.begin_for(source, Standing::stranger, "again", "a", false));
  while (all.size() < all.max())
    REQUIRE(all.begin("x" + std::to_string(all.size()), "a", Side::central));
  CHECK_FALSE(all.begin("one more", "a", Side::central));
  CHECK(all.begin("help again", "a", Side::access, true));
}

TEST_CASE("sip dialogs: a set is forgotten at its time, and counts as a call no more") {
  DialogsCase c;
  DialogSet& set = c.call();
  c.all.count_call(set, 1);
  c.all.set_until(set, c.now + 10s);
  CHECK(c.all.calls() == 1);
  CHECK(c.all.next_deadline() == c.now + 10s);
  CHECK_FALSE(c.all.pop_due(c.now + 9s));
  REQUIRE(c.all.pop_due(c.now + 10s) == &set);
  c.all.forget(set);
  CHECK(c.all.calls() == 0);
  CHECK(c.all.size() == 0);
  CHECK_FALSE(c.all.find("call", "a", Side::access, 0, {}));
}
