#include <fmt/format.h>

#include <set>

#include "sbc/admin/list_door.hpp"
#include "tests/loop/admin/api_box.hpp"

/// GET /api/phones, with any number of phones.
using namespace dw;
using namespace dw::admin;
using namespace dw::test;
using namespace std::chrono_literals;

namespace {

struct ListBox : Box {
  void add(unsigned count, phones::FileOutcome outcome = phones::FileOutcome::sent) {
    for (unsigned i = 0; i < count; ++i)
      inventory.on_file(step(fmt::format("SEP0011{:08X}.cnf.xml", next++), outcome));
  }
  void judge() {
    while (verdicts.judge(wall_now(), 1000) != 0) {
    }
  }
  std::vector<std::string> keys(const std::string& query) {
    std::vector<std::string> out;
    const json answer = get("/api/phones?" + query);
    for (const json& phone : answer["phones"])
      out.push_back(phone["key"]);
    return out;
  }
  std::string text(const std::string& query) {
    const auto got = ask("GET", "/api/phones?" + query);
    REQUIRE(loop.run_until([&] { return got->complete(); }, 60s));
    got->end(true);
    REQUIRE(got->status() == 200);
    return got->received();
  }
  unsigned next = 0;
};

}  // namespace

TEST_CASE("phone list: as many as requested, and the total") {
  ListBox box;
  box.add(605);
  CHECK(box.keys("limit=2").size() == 2);
  CHECK(box.keys("limit=0").empty());
  CHECK(box.keys("").size() == 500);
  CHECK(box.keys("limit=99999").size() == 605);
  CHECK(box.keys("limit=all").size() == 605);
  CHECK(box.get("/api/phones?limit=0")["total"] == 605);
  CHECK(box.get("/api/phones?limit=0")["matching"] == 605);
  CHECK(box.get("/api/phones?limit=0&q=00000001")["matching"] == 1);
}

TEST_CASE("phone list: of many phones, those requested are returned") {
  ListBox box;
  box.add(5);
  box.inventory.on_signalling(registered("SEP001100000003"));
  CHECK(box.keys("q=00003") == std::vector<std::string>{"SEP001100000003"});
  CHECK(box.keys("q=sep00%2000004") == std::vector<std::string>{"SEP001100000004"});
  CHECK(box.keys("q=192.0.2.7&show=registered") == std::vector<std::string>{"SEP001100000003"});
  CHECK(box.keys("q=nobody").empty());
  CHECK(box.keys("show=unregistered").size() == 4);
  CHECK(box.keys("show=attention").empty());
  CHECK(box.keys("sort=name").front() == "SEP001100000000");
  CHECK(box.keys("sort=-name").front() == "SEP001100000004");
}

TEST_CASE("phone list: an invalid query is refused") {
  ListBox box;
  for (const auto* target : {"/api/phones?show=all%20of%20them", "/api/phones?q=%zz", "/api/phones?colour=red",
                             "/api/phones?limit=nonsense"}) {
    CAPTURE(target);
    CHECK(box.ask("GET", target)->status() == 400);
  }
}

TEST_CASE("phone list: the cursor leads to each phone once, also while others come, change and go") {
  ListBox box;
  box.add(1500);
  std::set<std::string> seen;
  std::string cursor;
  for (unsigned page = 0;; ++page) {
    const json answer = box.get("/api/phones?sort=name&limit=100" + (cursor.empty() ? "" : "&cursor=" + cursor));
    for (const json& phone : answer["phones"])
      CHECK(seen.insert(phone["key"]).second);
    if (answer["next"].is_null()) break;
    cursor = answer["next"];
    box.inventory.forget(fmt::format("SEP0011{:08X}", 1400 + page));                    // not returned yet
    box.inventory.on_file(step("SEP001100000001.cnf.xml", phones::FileOutcome::sent));  // returned already
    box.inventory.on_file(step(fmt::format("SEP0001{:08X}.cnf.xml", page), phones::FileOutcome::sent));
  }
  for (unsigned i = 0; i < 1400; ++i)
    CHECK(seen.contains(fmt::format("SEP0011{:08X}", i)));
  CHECK_FALSE(seen.contains("SEP001100000578"));  // 1400: removed before its turn
}

TEST_CASE("phone list: a page starts at an offset, and the last page has no next") {
  ListBox box;
  box.add(25);
  CHECK(box.keys("sort=name&offset=20&limit=10") == std::vector<std::string>{"SEP001100000014", "SEP001100000015",
                                                                             "SEP001100000016", "SEP001100000017",
                                                                             "SEP001100000018"});
  CHECK(box.get("/api/phones?sort=name&offset=20&limit=5")["next"].is_null());
  CHECK(box.get("/api/phones?sort=name&offset=19&limit=5")["next"].is_string());
  CHECK(box.keys("offset=25").empty());
}

TEST_CASE("phone list: more phones than are kept at a time are all returned, in order, and in pieces") {
  ListBox box;
  box.inventory.configure({20'000, 8});
  const unsigned count = PhoneScan::kPlaces + 1500;
  box.add(count);
  const auto keys = box.keys("limit=all&sort=name");
  REQUIRE(keys.size() == count);
  CHECK(std::ranges::is_sorted(keys));
  CHECK(std::ranges::adjacent_find(keys) == keys.end());
  const auto last = box.keys(fmt::format("sort=-name&limit={}", PhoneScan::kPlaces + 10));
  CHECK(last.size() == PhoneScan::kPlaces + 10);
  CHECK(last.front() == fmt::format("SEP0011{:08X}", count - 1));
}

TEST_CASE("phone list: the loop has its turn between pieces, whatever the query") {
  ListBox box;
  box.inventory.configure({20'000, 8});
  box.add(3000);
  unsigned turns = 0;
  std::function<void()> count = [&] {
    ++turns;
    box.loop.post(count);
  };
  box.loop.post(count);
  CHECK(box.keys("limit=all").size() == 3000);
  CHECK(turns >= 3000 / ListDoor::kLookedAt + 3000 / ListDoor::kRows -
                     2);  // the first piece and the last are made within other turns
}

TEST_CASE("phone list: each row has the phone's state and reason, and phones with one cause are counted together") {
  ListBox box;
  box.add(3);
  phones::SignallingStep refused = registered("SEP0011000000AA");
  refused.event = phones::SignallingEvent::no_server;
  box.inventory.on_signalling(refused);
  refused.device = "SEP0011000000AB";
  box.inventory.on_signalling(refused);
  const json answer = box.get("/api/phones?sort=state");
  const json& first = answer["phones"][0];
  CHECK(first["state"] == "failed");
  CHECK(first["reason"] != "");
  CHECK(first["codes"][0] == "no_call_server");
  REQUIRE(answer["groups"].size() >= 1);
  CHECK(answer["groups"][0]["code"] == "no_call_server");
  CHECK(answer["groups"][0]["phones"] == 2);
  CHECK(answer["groups"][0]["title"] != "");
  for (const json& group : answer["groups"])
    CHECK(box.get("/api/phones?limit=all&cause=" + group["code"].get<std::string>())["phones"].size() ==
          group["phones"]);
  CHECK(box.keys("finding=no_call_server").size() == 2);
  CHECK(box.keys("state=failed").size() == 2);
}

TEST_CASE("phone list: as CSV, without anything that a spreadsheet would execute") {
  ListBox box;
  box.add(2);
  phones::SignallingStep s = registered("SEP0011000000AA");
  s.protocol = phones::Protocol::sip;
  s.aor = "=cmd|' /C calc'!A0";
  s.user_agent = "an \"agent\", with commas";
  box.inventory.on_signalling(s);
  const auto got = box.ask("GET", "/api/phones?format=csv&sort=name");
  CHECK(got->reply_header("Content-Type") == "text/csv; charset=utf-8; header=present");
  CHECK(got->reply_header("Content-Disposition").find("attachment") == 0);
  const std::string text = got->received();
  CHECK(text.starts_with("name,mac,address,"));
  CHECK(std::ranges::count(text, '\n') == 4);
  CHECK(text.find("\"an \\\"\"agent\\\"\", with commas\"") !=
        std::string::npos);  // as the story has it, its quotes doubled
  CHECK(text.find(",\"=cmd") == std::string::npos);
  CHECK(text.find(",\"'=cmd") != std::string::npos);
}

TEST_CASE("phone list: an answer that nobody reads ends with its connection") {
  ListBox box;
  box.add(700);
  const auto got = box.ask("GET", "/api/phones?limit=all");
  got->end(false);
  for (unsigned i = 0; i < 50; ++i)
    CHECK(box.keys("limit=1").size() == 1);
  const auto left = box.ask("GET", "/api/phones?limit=all");
  box.server.reset();  // in the middle of it
  left->end(false);
}
