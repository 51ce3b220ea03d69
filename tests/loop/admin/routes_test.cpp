#include "sbc/admin/routes.hpp"

#include <fmt/format.h>

#include <fstream>
#include <set>

#include "tests/loop/admin/api_box.hpp"

/// Each path of the API, requested by each kind of caller.
using namespace dw;
using namespace dw::admin;
using namespace dw::test;
using namespace std::chrono_literals;

namespace {

const std::string kFull = "the whole horse", kReads = "only looking";
using Fields = std::map<std::string, std::string>;

struct RoutesBox : Box {
  std::string token = new_token(), reader_token = new_token();
  Fields full, reader;

  RoutesBox() {
    net::ScryptCost cheap;
    cheap.n = net::kMinScryptN;
    Credentials credentials;
    credentials.password = hash_password(kFull, cheap).value();
    credentials.token = net::sha256(as_bytes(token));
    credentials.reader_password = hash_password(kReads, cheap).value();
    credentials.reader_token = net::sha256(as_bytes(reader_token));
    server->use(credentials);
    full = logged_in({{"password", kFull}});
    reader = logged_in({{"password", kReads}, {"account", "reader"}});
  }
  ~RoutesBox() {
    for (const auto& exchange : asked)
      exchange->end(false);
  }
  std::shared_ptr<FakeExchange> ask_as(const std::string& method, const std::string& path, Fields fields,
                                       const std::string& from, const std::string& body = {}, bool over_unix = false) {
    fields.try_emplace("Host", "192.0.2.1:8079");
    auto exchange = std::make_shared<FakeExchange>(method, path, std::move(fields));
    exchange->over_unix(over_unix);
    exchange->from({IpAddress::parse(from).value(), 52488});
    exchange->with_body(body);
    asked.push_back(exchange);
    server->handle(exchange);
    REQUIRE(loop.run_until([&] { return exchange->answered(); }, 60s));
    return exchange;
  }
  Fields logged_in(const json& body) {
    const auto answer = ask_as("POST", "/api/login", {{"Content-Type", "application/json"}}, "192.0.2.7", body.dump());
    REQUIRE(answer->status() == 200);
    const std::string cookie = answer->reply_header("Set-Cookie");
    return {{"Cookie", cookie.substr(0, cookie.find(';'))}, {"X-CSRF-Token", json::parse(answer->received())["csrf"]}};
  }
  std::vector<std::shared_ptr<FakeExchange>> asked;
};

std::string with_names(std::string_view path) {
  std::string out(path);
  if (const auto open = out.find('{'); open != out.npos) out.replace(open, out.find('}') + 1 - open, kDevice);
  return out;
}

}  // namespace

TEST_CASE("routes: each is answered only for callers that meet its need") {
  RoutesBox box;
  struct Caller {
    const char* name;
    Fields fields;
    const char* from;
    bool over_unix;
    std::set<Need> may;
  };
  const auto bearer = [](const std::string& token) { return Fields{{"Authorization", "Bearer " + token}}; };
  const std::set<Need> nothing = {Need::nothing}, here = {Need::nothing, Need::read},
                       reads = {Need::nothing, Need::read, Need::login},
                       all = {Need::nothing, Need::read, Need::login, Need::act},
                       socket = {Need::nothing, Need::read, Need::login, Need::act, Need::socket};
  const std::vector<Caller> callers = {
      {"nobody elsewhere", {}, "192.0.2.7", false, nothing},
      {"nobody here", {}, "127.0.0.1", false, here},
      {"nobody here, by a proxy", {{"X-Forwarded-For", "203.0.113.9"}}, "127.0.0.1", false, nothing},
      {"a wrong token", bearer(new_token()), "192.0.2.7", false, nothing},
      {"the reader's session", box.reader, "192.0.2.7", false, reads},
      {"the reader's session here", box.reader, "127.0.0.1", false, reads},
      {"the reader's token", bearer(box.reader_token), "192.0.2.7", false, reads},
      {"the operator's session", box.full, "192.0.2.7", false, all},
      {"the operator's token", bearer(box.token), "192.0.2.7", false, all},
      {"the control socket", {}, "192.0.2.7", true, socket},
  };
  for (const Route& route : routes()) {
    if (route.path == "/api/login" || route.path == "/api/logout")
      continue;  // they have their own rules, and end the session in use
    for (const Caller& caller : callers) {
      const unsigned reloads = box.reloads;
      const auto answer = box.ask_as(std::string(route.method), with_names(route.path), caller.fields, caller.from, {},
                                     caller.over_unix);
      INFO(fmt::format("{} {} by {}: {}", route.method, route.path, caller.name, answer->status()));
      const bool refused = answer->status() == 401 || answer->status() == 403;
      CHECK(refused == !caller.may.contains(route.need));
      CHECK(answer->status() != 405);
      if (refused) CHECK(box.reloads == reloads);
      answer->end(false);
    }
  }
}

TEST_CASE("routes: every change needs the operator, except logging in and out") {
  for (const Route& route : routes()) {
    CAPTURE(route.path);
    if (route.method == "POST" && route.path != "/api/login" && route.path != "/api/logout")
      CHECK(route.need == Need::act);
    CHECK(find_route(route.method, with_names(route.path)).route == &route);
  }
}

TEST_CASE("routes: an unknown path is not answered, and only callers that may read learn that") {
  RoutesBox box;
  for (const char* path : {"/api/phonesx", "/api/phones/", "/api", "/api/reload/now", "/metrics/"}) {
    CAPTURE(path);
    CHECK(box.ask_as("GET", path, box.reader, "192.0.2.7")->status() == 404);
    CHECK(box.ask_as("GET", path, {}, "192.0.2.7")->status() == 401);
    CHECK(box.ask_as("POST", path, box.full, "192.0.2.7")->status() == 405);
  }
  CHECK(box.ask_as("DELETE", "/api/phones", box.full, "192.0.2.7")->status() == 405);
  CHECK(box.ask_as("GET", "/api/reload", box.full, "192.0.2.7")->reply_header("Allow") == "POST");
  CHECK(box.ask_as("PUT", "/api/log", box.full, "192.0.2.7")->reply_header("Allow") == "GET, HEAD, POST");
}

TEST_CASE("access: the reader sees, changes nothing, and logs in and out as the operator does") {
  RoutesBox box;
  const json state = json::parse(box.ask_as("GET", "/api/session", box.reader, "192.0.2.7")->received());
  CHECK(state["logged_in"] == true);
  CHECK(state["account"] == "reader");
  CHECK(state["reader_set"] == true);
  const auto refused = box.ask_as("POST", "/api/reload", box.reader, "192.0.2.7");
  CHECK(refused->status() == 403);
  CHECK(refused->received().find("only reads") != std::string::npos);
  CHECK(box.reloads == 0);
  const Fields type = {{"Content-Type", "application/json"}};
  CHECK(box.ask_as("POST", "/api/login", type, "192.0.2.8", json{{"password", kReads}}.dump())->status() == 401);
  CHECK(box.ask_as("POST", "/api/login", type, "192.0.2.8", json{{"password", kFull}, {"account", "reader"}}.dump())
            ->status() == 401);
  CHECK(box.ask_as("POST", "/api/logout", box.reader, "192.0.2.7")->status() == 200);
  CHECK(box.ask_as("GET", "/api/phones", box.reader, "192.0.2.7")->status() == 401);
  CHECK(box.ask_as("GET", "/api/phones", box.full, "192.0.2.7")->status() == 200);
}

TEST_CASE("access: a new password of the reader ends only the reader's sessions") {
  RoutesBox box;
  net::ScryptCost cheap;
  cheap.n = net::kMinScryptN;
  Credentials credentials;
  credentials.password = hash_password("another horse", cheap).value();
  credentials.reader_token = net::sha256(as_bytes(box.reader_token));
  box.server->use(credentials);
  CHECK(box.ask_as("GET", "/api/phones", box.reader, "192.0.2.7")->status() == 401);
  CHECK(box.ask_as("GET", "/api/phones", box.full, "192.0.2.7")->status() == 401);
  CHECK(box.ask_as("GET", "/api/phones", {{"Authorization", "Bearer " + box.reader_token}}, "192.0.2.7")->status() ==
        200);
  CHECK(box.ask_as("POST", "/api/login", {{"Content-Type", "application/json"}}, "192.0.2.7",
                   json{{"password", kReads}, {"account", "reader"}}.dump())
            ->status() == 403);
}
