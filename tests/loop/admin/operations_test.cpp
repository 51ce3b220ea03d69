#include <fmt/format.h>

#include "sbc/admin/operations.hpp"
#include "tests/loop/admin/api_box.hpp"

/// Actions on many phones at once.
using namespace dw;
using namespace dw::admin;
using namespace dw::test;
using namespace std::chrono_literals;

namespace {

struct ManyBox {
  net::Loop loop;
  phones::Inventory inventory;
  doctor::VerdictBook verdicts{inventory};
  std::vector<std::string> acted;
  std::vector<OnOutcome> waiting;  ///< phones that have not answered
  bool answers = true;
  unsigned outcome = 200;
  std::unique_ptr<AdminServer> server;

  ManyBox() {
    inventory.configure({20'000, 8});
    Sources sources;
    sources.inventory = &inventory;
    sources.verdicts = &verdicts;
    sources.status = [] { return Status{}; };
    sources.act = [this](const phones::Phone& phone, PhoneAction action, bool force, const OnOutcome& done) {
      const std::string key = phone.key();
      acted.push_back(fmt::format("{} {}{}", static_cast<int>(action), key, force ? " force" : ""));
      if (action == PhoneAction::forget) inventory.forget(key);
      if (!answers) return waiting.push_back(done);
      done({outcome, key + " said so"});
    };
    server = std::make_unique<AdminServer>(loop, AdminServer::Options{}, std::move(sources));
  }
  void add(unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      inventory.on_file(step(fmt::format("SEP0011{:08X}.cnf.xml", i), phones::FileOutcome::sent));
  }
  std::shared_ptr<FakeExchange> ask(const std::string& method, const std::string& target) {
    auto exchange = std::make_shared<FakeExchange>(method, target);
    exchange->over_unix(true);
    server->handle(exchange);
    REQUIRE(loop.run_until([&] { return exchange->complete(); }, 60s));
    return exchange;
  }
  json post(const std::string& target, unsigned status = 200) {
    const auto got = ask("POST", target);
    CAPTURE(target);
    CAPTURE(got->received());
    CHECK(got->status() == status);
    return json::parse(got->received());
  }
  json latest() { return json::parse(ask("GET", "/api/operations")->received())["operations"][0]; }
  void run(const json& counted) {
    post(fmt::format("/api/operations/{}/begin?phones={}", counted["id"].get<int>(), counted["phones"].get<int>()));
  }
  bool until(const std::string& state) {
    return loop.run_until([&] { return latest()["state"] == state; }, 60s);
  }
};

}  // namespace

TEST_CASE("operations: nothing is done before the count, and then only to the phones that were counted") {
  ManyBox box;
  box.add(4);
  const json counted = box.post("/api/operations?action=forget&q=0011&pace=50");
  CHECK(counted["state"] == "counted");
  CHECK(counted["phones"] == 4);
  CHECK(counted["filter"] == "q=0011");
  CHECK(box.acted.empty());
  box.inventory.on_file(step("SEP0011000000FF.cnf.xml", phones::FileOutcome::sent));  // matches, but was not counted
  box.run(counted);
  REQUIRE(box.until("done"));
  CHECK(box.acted ==
        std::vector<std::string>{"2 SEP001100000000", "2 SEP001100000001", "2 SEP001100000002", "2 SEP001100000003"});
  CHECK(box.inventory.find("SEP0011000000FF") != nullptr);
  CHECK(box.latest()["done"] == 4);
  CHECK(box.latest()["by"] == "control socket");
}

TEST_CASE("operations: a phone that no longer matches at its turn is skipped, and so is one that was removed") {
  ManyBox box;
  box.add(3);
  const json counted = box.post("/api/operations?action=restart&show=unregistered&pace=50");
  CHECK(counted["phones"] == 3);
  box.inventory.on_signalling(registered("SEP001100000001"));
  box.inventory.forget("SEP001100000002");
  box.run(counted);
  REQUIRE(box.until("done"));
  CHECK(box.acted == std::vector<std::string>{"0 SEP001100000000"});
  CHECK(box.latest()["skipped"] == 2);
}

TEST_CASE("operations: they start with the number that was counted, once, and soon after the count") {
  ManyBox box;
  box.add(3);
  const json counted = box.post("/api/operations?action=reset&q=0011");
  const std::string begin = fmt::format("/api/operations/{}/begin", counted["id"].get<int>());
  box.post(begin, 400);
  box.post(begin + "?phones=4", 409);
  box.post("/api/operations/999/begin?phones=3", 404);
  box.post("/api/operations/x/begin?phones=3", 404);
  CHECK(box.acted.empty());
  box.post(begin + "?phones=3");
  box.post(begin + "?phones=3", 409);
}

TEST_CASE("operations: an invalid filter is refused, and all phones must be asked for explicitly") {
  ManyBox box;
  box.add(3);
  for (const char* query : {"", "action=explode&q=x", "action=reset", "action=reset&colour=red",
                            "action=reset&q=x&pace=0", "action=reset&q=x&pace=51", "action=reset&state=bad",
                            "action=reset&q=x&force=yes", "action=reset&limit=3", "q=x"})
    box.post(std::string("/api/operations?") + query, 400);
  CHECK(box.post("/api/operations?action=reset&all=1")["phones"] == 3);
}

TEST_CASE("operations: they keep their pace, run one at a time, and stop at once") {
  ManyBox box;
  box.add(40);
  const json first = box.post("/api/operations?action=reset&q=0011&pace=50"),
             second = box.post("/api/operations?action=forget&q=0011");
  box.run(first);
  box.post(fmt::format("/api/operations/{}/begin?phones=40", second["id"].get<int>()), 409);
  const std::string stop = fmt::format("/api/operations/{}/stop", first["id"].get<int>());
  REQUIRE(box.loop.run_until([&] { return box.acted.size() >= 3; }, 60s));
  CHECK(box.acted.size() < 40);  // one phone per turn
  const json stopped = box.post(stop);
  CHECK(stopped["state"] == "stopped");
  CHECK(stopped["stopped_by"] == "control socket");
  const std::size_t then = box.acted.size();
  box.post(stop, 409);
  box.run(second);
  REQUIRE(box.loop.run_until([&] { return box.acted.size() > then; }, 60s));
  CHECK(box.acted.back() == "2 SEP001100000000");
}

TEST_CASE("operations: phones that do not answer limit how many are asked at a time") {
  ManyBox box;
  box.answers = false;
  box.add(Operations::kMaxAsked + 8);
  box.run(box.post("/api/operations?action=restart&q=0011&pace=50&force=1"));
  REQUIRE(box.loop.run_until([&] { return box.waiting.size() == Operations::kMaxAsked; }, 60s));
  CHECK(box.latest()["waiting"] == Operations::kMaxAsked);
  CHECK(box.acted.front() == "0 SEP001100000000 force");
  for (const OnOutcome& done : std::exchange(box.waiting, {}))
    done({504, "it did not answer"});
  REQUIRE(box.loop.run_until([&] { return box.waiting.size() == 8; }, 60s));
  for (const OnOutcome& done : std::exchange(box.waiting, {}))
    done({200, "done"});
  REQUIRE(box.until("done"));
  CHECK(box.latest()["refused"] == Operations::kMaxAsked);
  CHECK(box.latest()["done"] == 8);
  CHECK(box.latest()["errors"].size() == Operations::kErrors);
}

TEST_CASE("operations: finished ones make room for others, and a running one never does") {
  ManyBox box;
  box.add(2);
  box.answers = false;
  const json running = box.post("/api/operations?action=reset&q=0011");
  box.run(running);
  for (unsigned i = 0; i < 3 * Operations::kKept; ++i)
    box.post("/api/operations?action=reset&q=0011");
  const json all = json::parse(box.ask("GET", "/api/operations")->received())["operations"];
  CHECK(all.size() == Operations::kKept);
  CHECK(std::ranges::any_of(all, [&](const json& o) { return o["id"] == running["id"]; }));
  box.server.reset();
  for (const OnOutcome& done : box.waiting)
    done({200, "late"});  // after everything was destroyed
}
