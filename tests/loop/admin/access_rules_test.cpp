#include <doctest/doctest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "sbc/admin/server.hpp"
#include "sbc/base/wire_tap.hpp"
#include "tests/support/fake_exchange.hpp"

/// Who may do what over TCP: every rule of SECURITY.md, against the AdminServer itself.
using namespace dw;
using namespace dw::admin;
using namespace std::chrono_literals;
using nlohmann::json;
using test::FakeExchange;

namespace {

const IpAddress kHere = IpAddress::v4(0x7f000001);
const IpAddress kElsewhere = IpAddress::v4(0xc0000207);
const std::string kPassword = "correct horse";
const std::string kRestarted = "SEP001122334455";

using Headers = std::map<std::string, std::string>;
using Answer = std::shared_ptr<FakeExchange>;

struct GuardedBox {
  net::Loop loop;
  phones::Inventory inventory;
  doctor::VerdictBook verdicts{inventory};
  std::vector<std::string> done;
  WireTap tap;
  std::unique_ptr<AdminServer> server;
  Credentials credentials;
  std::string token = new_token();
  std::vector<Answer> asked;

  explicit GuardedBox(bool password = true) {
    phones::FileStep step;
    step.at = wall_now();
    step.transport = "tftp";
    step.name = kRestarted + ".cnf.xml";
    step.peer = {kElsewhere, 52488};
    inventory.on_file(step);
    Sources sources;
    sources.status = [] { return Status{}; };
    sources.inventory = &inventory;
    sources.verdicts = &verdicts;
    sources.log = std::make_shared<LogRing>();
    sources.tap = &tap;
    sources.reload = [this] {
      done.emplace_back("reload");
      return ReloadOutcome{true, {}};
    };
    sources.act = [this](const phones::Phone& phone, PhoneAction action, bool force, const OnOutcome& on_outcome) {
      done.push_back(fmt::format("{} {} {}", static_cast<int>(action), phone.key(), force));
      on_outcome({200, "asked"});
    };
    sources.refresh = [this](const std::string& name, const OnOutcome& on_outcome) {
      done.push_back("refresh " + name);
      on_outcome({502, "no origin has it"});
    };
    server = std::make_unique<AdminServer>(loop, AdminServer::Options{}, std::move(sources));
    if (password) {
      net::ScryptCost cheap;
      cheap.n = net::kMinScryptN;
      credentials.password = hash_password(kPassword, cheap).value();
      credentials.token = net::sha256(as_bytes(token));
      server->use(credentials);
    }
  }

  ~GuardedBox() {
    for (const Answer& answer : asked)
      answer->end(false);
  }

  Answer ask(const std::string& method, const std::string& target, Headers headers = {},
             const IpAddress& from = kElsewhere, std::string body = {}) {
    headers.try_emplace("Host", "192.0.2.1:8079");
    auto exchange = std::make_shared<FakeExchange>(method, target, std::move(headers));
    exchange->from({from, 52488});
    exchange->with_body(std::move(body));
    asked.push_back(exchange);
    server->handle(exchange);
    REQUIRE(loop.run_until([&] { return exchange->answered(); }, 60s));
    return exchange;
  }
  /// Waits until the answers end; each is a long-running one.
  bool end(const std::vector<Answer>& answers) {
    return loop.run_until([&] { return std::ranges::all_of(answers, [](const Answer& a) { return a->aborted(); }); },
                          60s);
  }
  Answer login(const std::string& password, const IpAddress& from = kElsewhere, Headers headers = {}) {
    headers.try_emplace("Content-Type", "application/json");
    return ask("POST", "/api/login", std::move(headers), from, json{{"password", password}}.dump());
  }
  /// Cookie and X-CSRF-Token of a fresh session.
  Headers logged_in() {
    const Answer answer = login(kPassword);
    REQUIRE(answer->status() == 200);
    const std::string cookie = answer->reply_header("Set-Cookie");
    return {{"Cookie", "theme=dark; " + cookie.substr(0, cookie.find(';'))},
            {"X-CSRF-Token", json::parse(answer->received())["csrf"]}};
  }
  Headers with_token() const { return {{"Authorization", "Bearer " + token}}; }
};

Headers with(Headers headers, const std::string& name, const std::string& value) {
  headers[name] = value;
  return headers;
}

}  // namespace

TEST_CASE("access: without a password this machine reads, others see nothing, and nobody changes anything") {
  GuardedBox box(false);
  CHECK(box.ask("GET", "/api/status", {}, kHere)->status() == 200);
  CHECK(box.ask("GET", "/api/status")->status() == 403);
  CHECK(box.ask("GET", "/metrics")->status() == 403);
  for (const IpAddress& from : {kHere, kElsewhere}) {
    const Answer refused = box.ask("POST", "/api/phones/" + kRestarted + "/restart", {}, from);
    CHECK(refused->status() == 403);
    CHECK(refused->received().find("dropwire passwd") != std::string::npos);
    CHECK(box.login("anything at all", from)->status() == 403);
  }
  const json session = json::parse(box.ask("GET", "/api/session", {}, kHere)->received());
  CHECK(session["password_set"] == false);
  CHECK(session["required"] == false);
  CHECK(session["logged_in"] == false);
  CHECK(session["csrf"].is_null());
  CHECK(box.done.empty());
}

TEST_CASE("access: from elsewhere a login is needed for all but the page, health and logging in") {
  GuardedBox box;
  for (const char* open : {"/", "/healthz", "/api/session"})
    CHECK(box.ask("GET", open)->status() == 200);
  for (const char* closed : {"/api/status", "/api/phones", "/api/calls", "/metrics", "/api/log", "/api/nothing"}) {
    CAPTURE(closed);
    const Answer refused = box.ask("GET", closed);
    CHECK(refused->status() == 401);
    CHECK(refused->reply_header("WWW-Authenticate").starts_with("Bearer"));
    CHECK(refused->reply_header("Cache-Control") == "no-store");
  }
  const Headers session = box.logged_in();
  CHECK(box.ask("GET", "/api/phones", session)->status() == 200);
  CHECK(box.ask("GET", "/api/log", session)->status() == 200);
  CHECK(box.ask("GET", "/api/files/a.xml", session)->status() == 403);  // configs: the control socket alone
  const json state = json::parse(box.ask("GET", "/api/session", session)->received());
  CHECK(state["logged_in"] == true);
  CHECK(state["required"] == true);
  CHECK(state["csrf"] == session.at("X-CSRF-Token"));
}

TEST_CASE(
    "access: on this machine reading needs no login, unless a proxy forwarded the request; changes and the log do") {
  GuardedBox box;
  CHECK(box.ask("GET", "/api/status", {}, kHere)->status() == 200);
  CHECK(box.ask("GET", "/api/log", {}, kHere)->status() == 401);
  CHECK(box.ask("POST", "/api/reload", {}, kHere)->status() == 401);
  for (const char* name : {"X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"})
    CHECK(box.ask("GET", "/api/status", {{name, "203.0.113.9"}}, kHere)->status() == 401);
  CHECK(box.done.empty());
}

TEST_CASE("access: scripts and other sites can't read a session's cookie, and it is sent only once") {
  GuardedBox box;
  const Answer answer = box.login(kPassword);
  const std::string cookie = answer->reply_header("Set-Cookie");
  CHECK(cookie.starts_with("dropwire_session="));
  CHECK(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"));
  CHECK(cookie.find(';') == std::string_view("dropwire_session=").size() + 64);
  CHECK(answer->received().find(cookie.substr(17, 64)) == std::string::npos);
  CHECK(box.login(kPassword)->reply_header("Set-Cookie") != cookie);
}

TEST_CASE("access: a session's POST needs its CSRF token, and must come from our own page") {
  GuardedBox box;
  const Headers session = box.logged_in();
  const std::string restart = "/api/phones/" + kRestarted + "/restart";
  Headers without = session;
  without.erase("X-CSRF-Token");
  CHECK(box.ask("POST", restart, without)->status() == 403);
  CHECK(box.ask("POST", restart, with(session, "X-CSRF-Token", std::string(64, '0')))->status() == 403);
  CHECK(box.ask("POST", restart, with(session, "Origin", "http://evil.example"))->status() == 403);
  CHECK(box.ask("POST", restart, with(session, "Origin", "null"))->status() == 403);
  CHECK(box.ask("POST", restart, with(session, "Origin", "http://192.0.2.1:8080"))->status() == 403);
  for (const char* site : {"cross-site", "same-site"}) {
    CHECK(box.ask("POST", restart, with(session, "Sec-Fetch-Site", site))->status() == 403);
    CHECK(box.ask("GET", "/api/phones", with(session, "Sec-Fetch-Site", site))->status() == 403);
    CHECK(box.login(kPassword, kElsewhere, {{"Sec-Fetch-Site", site}})->status() == 403);
  }
  CHECK(box.ask("POST", restart, with(session, "Host", "rebound.example"))->status() == 421);
  CHECK(box.login(kPassword, kElsewhere, {{"Host", "rebound.example"}})->status() == 421);
  CHECK(box.login(kPassword, kElsewhere, {{"Origin", "http://evil.example"}})->status() == 403);
  CHECK(box.done.empty());
  CHECK(
      box.ask("POST", restart, with(with(session, "Origin", "http://192.0.2.1:8079"), "Sec-Fetch-Site", "same-origin"))
          ->status() == 200);
  CHECK(box.done == std::vector<std::string>{"0 " + kRestarted + " false"});
}

TEST_CASE("access: the token needs neither cookie nor CSRF token; a wrong one is refused even here") {
  GuardedBox box;
  CHECK(box.ask("GET", "/metrics", box.with_token())->status() == 200);
  CHECK(box.ask("POST", "/api/reload", box.with_token())->status() == 200);
  CHECK(box.ask("GET", "/api/status", {{"Authorization", "Bearer " + new_token()}}, kHere)->status() == 401);
  CHECK(box.ask("GET", "/api/status", {{"Authorization", "Bearer "}})->status() == 401);
  CHECK(box.ask("GET", "/api/status", {{"Authorization", "Basic " + box.token}})->status() == 401);
  CHECK(box.ask("GET", "/metrics")->status() == 401);
}

TEST_CASE("access: a login's body is bounded, and must be JSON by its type too") {
  GuardedBox box;
  CHECK(box.ask("POST", "/api/login", {}, kElsewhere, R"({"password": "correct horse"})")->status() == 415);
  const Headers type = {{"Content-Type", "application/json; charset=utf-8"}};
  for (const char* body :
       {"", "{", "[]", "\"correct horse\"", R"({"password": 7})", R"({"pass": "x"})", "{\"password\": \"\xff\"}"})
    CHECK(box.ask("POST", "/api/login", type, kElsewhere, body)->status() == 400);
  CHECK(box.ask("POST", "/api/login", type, kElsewhere, json{{"password", std::string(3000, 'x')}}.dump())->status() ==
        400);
  CHECK(box.ask("GET", "/api/login", type)->status() == 405);
  CHECK(box.ask("POST", "/api/login", type, kElsewhere, R"({"password": "correct horse"})")->status() == 200);
}

TEST_CASE("access: guessing is slowed down, for the source that guesses") {
  GuardedBox box;
  for (unsigned i = 0; i < LoginLimit::kFree; ++i)
    CHECK(box.login("wrong horse")->status() == 401);
  const Answer put_off = box.login(kPassword);  // not even the right one is checked
  CHECK(put_off->status() == 429);
  CHECK(put_off->reply_header("Retry-After") == "1");
  CHECK(box.login(kPassword, kHere)->status() == 200);
  const std::string metrics = box.ask("GET", "/metrics", {}, kHere)->received();
  CHECK(metrics.find("dropwire_admin_wrong_total 3\n") != std::string::npos);
  CHECK(metrics.find("dropwire_admin_put_off_total 1\n") != std::string::npos);
  CHECK(metrics.find("dropwire_admin_logins_total 1\n") != std::string::npos);
}

TEST_CASE("access: a source has one guess at a time, however many connections it has") {
  GuardedBox box;
  std::vector<Answer> guesses;
  for (unsigned i = 0; i < 12; ++i) {
    auto& guess = guesses.emplace_back(std::make_shared<FakeExchange>(
        "POST", "/api/login", Headers{{"Host", "192.0.2.1"}, {"Content-Type", "application/json"}}));
    guess->with_body(R"({"password": "wrong horse"})");
    box.server->handle(guess);
  }
  REQUIRE(box.loop.run_until(
      [&] { return std::ranges::all_of(guesses, [](const Answer& a) { return a->answered(); }); }, 60s));
  CHECK(std::ranges::count_if(guesses, [](const Answer& a) { return a->status() == 401; }) == 1);
  CHECK(std::ranges::count_if(guesses, [](const Answer& a) { return a->status() == 429; }) == 11);
}

TEST_CASE("access: logging out, and another password, end sessions") {
  GuardedBox box;
  const Headers first = box.logged_in(), second = box.logged_in();
  Headers forged = first;
  forged.erase("X-CSRF-Token");
  CHECK(box.ask("POST", "/api/logout", forged)->status() == 403);
  const Answer out = box.ask("POST", "/api/logout", first);
  CHECK(out->status() == 200);
  CHECK(out->reply_header("Set-Cookie").find("Max-Age=0") != std::string::npos);
  CHECK(box.ask("GET", "/api/phones", first)->status() == 401);
  CHECK(box.ask("GET", "/api/phones", second)->status() == 200);
  box.server->use(box.credentials);  // the same, read again
  CHECK(box.ask("GET", "/api/phones", second)->status() == 200);
  net::ScryptCost cheap;
  cheap.n = net::kMinScryptN;
  box.credentials.password = hash_password("another horse", cheap).value();
  box.server->use(box.credentials);
  CHECK(box.ask("GET", "/api/phones", second)->status() == 401);
  CHECK(box.login(kPassword)->status() == 401);
  CHECK(box.login("another horse")->status() == 200);
  box.server->use({});
  CHECK(box.ask("GET", "/api/phones", box.with_token())->status() == 401);
  CHECK(box.ask("GET", "/api/phones")->status() == 403);
}

TEST_CASE("actions: each reaches its phone, and its result is returned") {
  GuardedBox box;
  const auto post = [&](const std::string& target) { return box.ask("POST", target, box.with_token()); };
  const Answer restarted = post("/api/phones/" + kRestarted + "/restart");
  CHECK(restarted->status() == 200);
  CHECK(json::parse(restarted->received()) == json{{"done", true}, {"said", "asked"}});
  CHECK(post("/api/phones/00:11:22:33:44:55/reset?force=1")->status() == 200);
  CHECK(post("/api/phones/192.0.2.7/forget")->status() == 200);
  CHECK(post("/api/phones/SEP00112233445F/restart")->status() == 404);
  CHECK(post("/api/phones/%zz/restart")->status() == 400);
  CHECK(post("/api/phones/" + kRestarted + "/explode")->status() == 405);
  CHECK(post("/api/phones//restart")->status() == 405);
  const Answer refreshed = post("/api/files/Desktops/320x212x16/List.xml/refresh");
  CHECK(refreshed->status() == 502);
  CHECK(json::parse(refreshed->received())["error"] == "no origin has it");
  CHECK(post("/api/files/..%2fx/refresh")->status() == 400);
  const Answer read = box.ask("GET", "/api/phones/" + kRestarted + "/restart", box.with_token());
  CHECK(read->status() == 405);
  CHECK(read->reply_header("Allow") == "POST");
  CHECK(box.done == std::vector<std::string>{"0 " + kRestarted + " false", "1 " + kRestarted + " true",
                                             "2 " + kRestarted + " false", "refresh Desktops/320x212x16/List.xml"});
}

TEST_CASE("access: a long answer ends with the session that opened it, and others continue") {
  GuardedBox box;
  const std::string trace = "/api/phones/" + kRestarted + "/trace";
  const Headers first = box.logged_in(), second = box.logged_in();
  const Answer hers = box.ask("GET", "/api/events", first), her_trace = box.ask("GET", trace, first);
  const Answer local = box.ask("GET", "/api/events", {}, kHere),
               local_too = box.ask("GET", "/api/events", first, kHere);
  const Answer others = box.ask("GET", "/api/events", second), others_trace = box.ask("GET", trace, second);
  const Answer scripts = box.ask("GET", "/api/events", box.with_token());
  for (const Answer& a : {hers, local, local_too, others, scripts}) {
    CHECK(a->status() == 200);
    CHECK(a->received().find("event: hello") != std::string::npos);
  }
  CHECK(her_trace->status() == 200);
  CHECK(her_trace->reply_header("X-Frame-Options") == "DENY");
  CHECK(box.ask("POST", "/api/logout", first)->status() == 200);
  REQUIRE(box.end({hers, her_trace, local_too}));
  for (const Answer& a : {local, others, others_trace, scripts})
    CHECK_FALSE(a->aborted());

  net::ScryptCost cheap;
  cheap.n = net::kMinScryptN;
  box.credentials.password = hash_password("another horse", cheap).value();
  box.server->use(box.credentials);
  REQUIRE(box.end({others, others_trace}));
  CHECK_FALSE(local->aborted());
  CHECK_FALSE(scripts->aborted());
  box.credentials.token = net::sha256(as_bytes(new_token()));
  box.server->use(box.credentials);
  REQUIRE(box.end({scripts}));
  CHECK_FALSE(local->aborted());
}

TEST_CASE("access: after the logout nothing more is sent, even if the answer has not ended yet") {
  GuardedBox box;
  const Headers session = box.logged_in();
  const Answer trace = box.ask("GET", "/api/phones/" + kRestarted + "/trace", session);
  const auto message = [&](const std::string& call_id) {
    const std::string text =
        "REGISTER sip:pbx.example.net SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n"
        "To: <sip:a@h>\r\nCall-ID: " +
        call_id + "\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n";
    WireRecord record;
    record.protocol = WireRecord::Protocol::sip;
    record.local = {IpAddress::v4(0xc0000201), 5060};
    record.peer = {kElsewhere, 5060};
    record.phone = kElsewhere;
    record.device = kRestarted;
    record.octets = as_bytes(text);
    REQUIRE(box.tap.on());
    box.tap.tell(record);
  };
  message("before");
  CHECK(trace->received().find("Call-ID before") != std::string::npos);
  CHECK(box.ask("POST", "/api/logout", session)->status() == 200);
  message("after");
  CHECK(trace->aborted());
  CHECK(trace->received().find("after") == std::string::npos);
}
