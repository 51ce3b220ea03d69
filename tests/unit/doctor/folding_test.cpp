// One cause is one finding, and advice is for the place where the box stands.
#include <doctest/doctest.h>

#include "sbc/doctor/box.hpp"
#include "sbc/doctor/finding_kind.hpp"
#include "sbc/doctor/folding.hpp"
#include "sbc/doctor/keys.hpp"
#include "tests/unit/doctor/box_facts.hpp"
#include "tests/unit/doctor/found.hpp"

using namespace dw;
using namespace dw::test;

namespace {

std::string order_of(const std::vector<Finding>& list) {
  std::string out;
  for (const Finding& f : list)
    out += (out.empty() ? "" : " ") + std::string(f.code) + (f.cause.empty() ? "" : "<" + std::string(f.cause));
  return out;
}

/// A box whose central server is gone: all that it asks fails.
BoxFacts lonely_box() {
  BoxFacts box = healthy_box();
  for (CallServer& server : box.own->call_servers) {
    server.up = false;
    server.since = kNow - 100s;
    server.last_error = "no answer";
  }
  for (OriginState& origin : box.own->origins) {
    origin.healthy = false;
    origin.last_error = "Connection refused";
  }
  return box;
}

}  // namespace

TEST_CASE("folding: what another finding explains stands behind it, causes in the order of what hangs on them") {
  std::vector<Finding> list = {
      {"boot_loop", Severity::error, "", "", ""},        {"ringtones_missing", Severity::info, "", "", ""},
      {"http_not_used", Severity::warning, "", "", ""},  {"sip_wrong_password", Severity::error, "", "", ""},
      {"keepalive_missed", Severity::error, "", "", ""}, {"registration_flapping", Severity::warning, "", "", ""}};
  order_by_cause(list);
  CHECK(
      order_of(list) ==
      "sip_wrong_password boot_loop<sip_wrong_password registration_flapping keepalive_missed<registration_flapping http_not_used "
      "ringtones_missing");
}

TEST_CASE("folding: nothing gets lost, whatever is found together") {
  for (const FindingKind& a : finding_kinds()) {
    for (const FindingKind& b : finding_kinds()) {
      std::vector<Finding> list = {
          {a.code, a.worst, "a", "", ""}, {b.code, b.worst, "b", "", ""}, {a.code, a.worst, "c", "", ""}};
      order_by_cause(list);
      CHECK(list.size() == 3);
      fold(list);
      std::size_t all = list.size();
      for (const Finding& f : list)
        all += f.follows.size();
      CHECK(all == 3);
    }
  }
}

TEST_CASE("folding: a name that can't be resolved explains its own servers and no others") {
  std::vector<Finding> list = {{"sip_server_down", Severity::error, "", "", ""},
                               {"origin_down", Severity::error, "", "", ""},
                               {"dns_fails", Severity::error, "", "", ""}};
  list[0].about = "udp pbx.example.net:5060";
  list[1].about = "http://files.example.net:6970/";
  list[2].about = "pbx.example.net";
  order_by_cause(list);
  CHECK(order_of(list) == "origin_down dns_fails sip_server_down<dns_fails");
}

TEST_CASE("a central server that is gone is one finding, in words for a customer, with all that follows under it") {
  const auto found = box_findings(lonely_box(), kNow);
  REQUIRE(order_of(found) == "central_unreachable");
  CHECK(found[0].follows.size() == 6);
  CHECK(found[0].remedy.find("tell your operator") != std::string::npos);
  CHECK(found[0].remedy.find("pbx:2000") != std::string::npos);
  BoxFacts hosted = lonely_box();
  hosted.hosted = true;
  CHECK(box_findings(hosted, kNow)[0].remedy.find("operator") == std::string::npos);  // who reads it is the operator
}

TEST_CASE("a central server of which one part answers is not gone") {
  BoxFacts box = lonely_box();
  box.own->call_servers[2].up = true;
  box.own->call_servers[2].last_answer = kNow;
  CHECK(order_of(box_findings(box, kNow)).find("central_unreachable") == std::string::npos);
  box = lonely_box();
  box.own->origins[0] = {"http://pbx:6970/", true, "", kNow - 5s, {}};
  CHECK(order_of(box_findings(box, kNow)).find("central_unreachable") == std::string::npos);
  box.own->origins[0].last_answer = kNow - 1h;  // before they went
  CHECK(order_of(box_findings(box, kNow)) == "central_unreachable");
}

TEST_CASE("a phone whose file no file server gave blames the box's finding while the box has it") {
  BoxCauses causes;
  Replay r;
  r.file("SEP<MAC>.cnf.xml", FileOutcome::unavailable);
  CHECK(worries(r, kDevice, causes));
  causes.files = "origin_down";
  CHECK_FALSE(worries(r, kDevice, causes));
  const auto found = found_in(r, kDevice, causes);
  REQUIRE_FALSE(found.empty());
  CHECK(found[0].code == "origin_unavailable");
  CHECK(found[0].cause == "origin_down");
  CHECK(found[0].of_box);
}

TEST_CASE("advice for the other place is left out, and no mark is left in any text") {
  CHECK(for_place("a<edge> b</>.<hosted> c</>", Place::edge) == "a b.");
  CHECK(for_place("a<edge> b</>.<hosted> c</>", Place::hosted) == "a. c");
  CHECK(for_place("a<edge> b</>.<hosted> c</>", Place::not_known) == "a b. c");
  for (const FindingKind& kind : finding_kinds()) {
    CAPTURE(kind.code);
    for (const Place place : {Place::edge, Place::hosted, Place::not_known}) {
      for (const std::string_view text : {kind.means, kind.remedy})
        CHECK(for_place(text, place).find("</>") == std::string::npos);
    }
    if (kind.about == About::phone) CHECK(for_place(kind.remedy, Place::edge).find("an edge box") == std::string::npos);
  }
}
