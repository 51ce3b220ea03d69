#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "sbc/admin/server.hpp"
#include "tests/support/fake_exchange.hpp"

/// Claiming a box and changing its settings: how AdminServer answers each caller.
using namespace dw;
using namespace dw::admin;
using namespace std::chrono_literals;
using nlohmann::json;
using test::FakeExchange;

namespace {

const IpAddress kOnSofa = IpAddress::parse("192.168.1.30").value();
const IpAddress kOutdoors = IpAddress::parse("203.0.113.9").value();
const std::string kCodeOfBox = "K7Q4M2XD", kChosen = "correct horse battery";

struct NewBox {
  net::Loop loop;
  phones::Inventory inventory;
  doctor::VerdictBook verdicts{inventory};
  Claim claim;
  PageSettings now;
  std::vector<PageChange> changes;
  std::vector<std::string> tried;
  Outcome outcome{200, "saved"};
  bool asking = false;
  std::unique_ptr<AdminServer> server;
  std::vector<std::shared_ptr<FakeExchange>> asked;

  NewBox() {
    claim.open(Clock::now(), kCodeOfBox);
    Sources sources;
    sources.status = [] { return Status{}; };
    sources.inventory = &inventory;
    sources.verdicts = &verdicts;
    Setup setup;
    setup.claim = &claim;
    setup.settings = [this] { return now; };
    setup.addresses = [] { return std::vector<std::string>{"http://192.168.1.20:8079/"}; };
    setup.change = [this](const PageChange& change, const OnOutcome& done) {
      changes.push_back(change);
      if (outcome.done()) {
        if (change.central) now.central.value = *change.central;
        if (change.password) {
          Credentials credentials;
          credentials.password = change.password;
          server->use(credentials);
          claim.close();
        }
      }
      done(outcome);
    };
    setup.try_central = [this](const std::string& host, const auto& done) {
      tried.push_back(host);
      if (asking) return false;
      doctor::NetworkFacts facts;
      facts.measured_at = wall_now();
      done(facts);
      return true;
    };
    setup.restart = [] { return Outcome{409, "no service manager"}; };
    sources.setup = std::move(setup);
    AdminServer::Options options;
    options.host_names = {"dropwire.local"};
    server = std::make_unique<AdminServer>(loop, options, std::move(sources));
  }
  ~NewBox() {
    for (const auto& one : asked)
      one->end(false);
  }

  using Headers = std::map<std::string, std::string>;
  std::shared_ptr<FakeExchange> ask(const std::string& method, const std::string& target, const json& body = {},
                                    const IpAddress& from = kOnSofa, Headers headers = {}, bool unix_socket = false) {
    headers.try_emplace("Host", "dropwire.local:8079");
    if (!body.is_null()) headers.try_emplace("Content-Type", "application/json");
    auto exchange = std::make_shared<FakeExchange>(method, target, std::move(headers));
    exchange->from({from, 52488});
    exchange->over_unix(unix_socket);
    if (!body.is_null()) exchange->with_body(body.dump());
    asked.push_back(exchange);
    server->handle(exchange);
    REQUIRE(loop.run_until([&] { return exchange->answered(); }, 60s));
    return exchange;
  }
  std::shared_ptr<FakeExchange> claims(const std::string& code, const std::string& password = kChosen,
                                       const std::string& central = "pbx.example.net", const IpAddress& from = kOnSofa,
                                       Headers headers = {}) {
    return ask("POST", "/api/claim", {{"code", code}, {"password", password}, {"central", central}}, from,
               std::move(headers));
  }
  /// Cookie and X-CSRF-Token from the answer of a login.
  static Headers session(const FakeExchange& answer) {
    const std::string cookie = answer.reply_header("Set-Cookie");
    return {{"Cookie", cookie.substr(0, cookie.find(';'))}, {"X-CSRF-Token", json::parse(answer.received())["csrf"]}};
  }
};

}  // namespace

TEST_CASE("setup: with the code somebody on the network claims the box, is logged in, and nobody can claim it again") {
  NewBox box;
  CHECK(json::parse(box.ask("GET", "/api/session")->received())["claim_open"] == true);
  const auto taken = box.claims("k7q4-m2xd");
  REQUIRE(taken->status() == 200);
  REQUIRE(box.changes.size() == 1);
  CHECK(box.changes[0].central == "pbx.example.net");
  CHECK(is_password(kChosen, box.changes[0].password.value()));
  CHECK(box.ask("GET", "/api/phones", {}, kOnSofa, NewBox::session(*taken))->status() == 200);
  CHECK(json::parse(box.ask("GET", "/api/session")->received())["claim_open"] == false);
  CHECK(box.claims("K7Q4M2XD")->status() == 403);
  CHECK(box.changes.size() == 1);
}

TEST_CASE("setup: an unclaimed box serves its network the page and the claim, and nothing else") {
  NewBox box;
  for (const char* open : {"/", "/healthz", "/api/session"})
    CHECK(box.ask("GET", open)->status() != 403);
  for (const char* closed :
       {"/api/status", "/api/phones", "/api/connect", "/api/events", "/metrics", "/api/settings", "/api/claim"}) {
    CAPTURE(closed);
    CHECK(box.ask("GET", closed)->status() == 403);
  }
  for (const char* closed :
       {"/api/settings", "/api/settings/try", "/api/settings/password", "/api/restart", "/api/reload"}) {
    CAPTURE(closed);
    CHECK(box.ask("POST", closed, {{"central", "pbx.example.net"}})->status() == 403);
  }
  CHECK(box.changes.empty());
  CHECK(box.tried.empty());
}

TEST_CASE("setup: the code is sent only over the control socket") {
  NewBox box;
  const json state = json::parse(box.ask("GET", "/api/claim", {}, {}, {}, true)->received());
  CHECK(state["code"] == "K7Q4-M2XD");
  CHECK(state["addresses"][0] == "http://192.168.1.20:8079/");
  for (const IpAddress& from : {kOnSofa, IpAddress::v4(0x7f000001)}) {
    const auto refused = box.ask("GET", "/api/claim", {}, from, {{"Host", "127.0.0.1"}});
    CHECK(refused->status() == 403);
    CHECK(refused->received().find("K7Q4") == std::string::npos);
  }
  box.claim.close();
  CHECK(json::parse(box.ask("GET", "/api/claim", {}, {}, {}, true)->received())["code"].is_null());
}

TEST_CASE("setup: wrong codes are refused and slowed down, and do not end the claim") {
  NewBox box;
  for (unsigned i = 0; i < LoginLimit::kFree; ++i)
    CHECK(box.claims("22222222")->status() == 401);
  const auto put_off = box.claims(kCodeOfBox);
  CHECK(put_off->status() == 429);
  CHECK(put_off->reply_header("Retry-After") == "1");
  CHECK(box.claims(kCodeOfBox, kChosen, "pbx.example.net", IpAddress::parse("192.168.1.31").value())->status() == 200);
}

TEST_CASE("setup: a stranger, another site, another name, a proxy or a form can't claim a box, even with the code") {
  NewBox box;
  const auto with = [&](const IpAddress& from, NewBox::Headers headers) {
    return box.claims(kCodeOfBox, kChosen, "pbx.example.net", from, std::move(headers))->status();
  };
  CHECK(with(kOutdoors, {}) == 403);
  CHECK(with(kOnSofa, {{"Origin", "http://evil.example"}}) == 403);
  CHECK(with(kOnSofa, {{"Sec-Fetch-Site", "cross-site"}}) == 403);
  CHECK(with(kOnSofa, {{"Host", "evil.example:8079"}}) == 421);  // DNS rebinding
  CHECK(with(kOnSofa, {{"X-Forwarded-For", "203.0.113.9"}}) == 403);
  CHECK(with(kOnSofa, {{"Content-Type", "text/plain"}}) == 415);
  CHECK(box.changes.empty());
  CHECK(with(kOnSofa, {{"Origin", "http://dropwire.local:8079"}, {"Sec-Fetch-Site", "same-origin"}}) == 200);
}

TEST_CASE("setup: a poor password, a server without a name and settings that are refused leave the box unclaimed") {
  NewBox box;
  CHECK(box.claims(kCodeOfBox, "short")->status() == 400);
  CHECK(box.claims(kCodeOfBox, kChosen, "")->status() == 400);
  CHECK(box.claims(kCodeOfBox, kChosen, "pbx example net")->status() == 400);
  box.outcome = {422, "it was not taken: port 69 is in use"};
  const auto refused = box.claims(kCodeOfBox);
  CHECK(refused->status() == 422);
  CHECK(refused->received().find("port 69") != std::string::npos);
  CHECK(refused->reply_header("Set-Cookie").empty());
  box.outcome = {200, "saved"};
  box.now.central.value = "pbx.example.net";  // set at the installation, so it may be left empty
  CHECK(box.claims(kCodeOfBox, kChosen, "")->status() == 200);
  CHECK_FALSE(box.changes.back().central.has_value());
}

TEST_CASE("setup: whoever has the code may try a server, one at a time") {
  NewBox box;
  CHECK(box.ask("POST", "/api/claim/try", {{"code", "22222222"}, {"central", "pbx.example.net"}})->status() == 401);
  CHECK(box.tried.empty());
  const auto answer =
      box.ask("POST", "/api/claim/try", {{"code", kCodeOfBox}, {"central", " http://pbx.example.net:6970/ "}});
  CHECK(answer->status() == 200);
  CHECK(box.tried == std::vector<std::string>{"pbx.example.net"});
  CHECK(json::parse(answer->received())["central"] == "pbx.example.net");
  box.asking = true;
  CHECK(box.ask("POST", "/api/claim/try", {{"code", kCodeOfBox}, {"central", "pbx.example.net"}})->status() == 429);
}

TEST_CASE("setup: later changes need the login, and a new password needs the old one") {
  NewBox box;
  const auto session = NewBox::session(*box.claims(kCodeOfBox));
  const auto post = [&](const char* target, const json& body) {
    return box.ask("POST", target, body, kOnSofa, session);
  };
  CHECK(box.ask("POST", "/api/settings", {{"router_ports", false}})->status() == 401);
  CHECK(post("/api/settings", {{"router_ports", false}, {"central", "other.example.net"}})->status() == 200);
  CHECK(box.changes.back().router_ports == false);
  CHECK(box.changes.back().central == "other.example.net");
  for (const json& bad : {json::object(), json{{"central", ""}}, json{{"central", 7}}, json{{"router_ports", "no"}},
                          json{{"admin.listen", "0.0.0.0:80"}}, json::array()}) {
    CAPTURE(bad.dump());
    CHECK(post("/api/settings", bad)->status() == 400);
  }
  const json state = json::parse(box.ask("GET", "/api/settings", {}, kOnSofa, session)->received());
  CHECK(state["central"]["value"] == "other.example.net");
  CHECK(post("/api/restart", json::object())->status() == 409);
  const std::size_t before = box.changes.size();
  CHECK(post("/api/settings/password", {{"old", "wrong password"}, {"new", "another horse"}})->status() == 401);
  CHECK(box.changes.size() == before);
  const auto changed = post("/api/settings/password", {{"old", kChosen}, {"new", "another horse"}});
  CHECK(changed->status() == 200);
  CHECK(is_password("another horse", box.changes.back().password.value()));
  CHECK(box.ask("GET", "/api/settings", {}, kOnSofa, session)->status() ==
        401);  // sessions of the old password are over
  CHECK(box.ask("GET", "/api/settings", {}, kOnSofa, NewBox::session(*changed))->status() == 200);
}

TEST_CASE("setup: the host that somebody entered, also from a URL") {
  CHECK(central_host("pbx.example.net").value() == "pbx.example.net");
  CHECK(central_host("  http://pbx.example.net:6970/x?y ").value() == "pbx.example.net");
  CHECK(central_host("https://user:word@192.0.2.1/").value() == "192.0.2.1");
  CHECK(central_host("pbx.example.net/").value() == "pbx.example.net");
  CHECK(central_host("2001:db8::1").value() == "2001:db8::1");
  CHECK(central_host("http://[2001:db8::1]:6970/").value() == "2001:db8::1");
  CHECK(central_host(" ").value().empty());
  for (const char* bad : {"pbx.example.net:5060", "http://", "pbx\"\nmode", "a b", "http://a b/"}) {
    CAPTURE(bad);
    CHECK_FALSE(central_host(bad).has_value());
  }
}
