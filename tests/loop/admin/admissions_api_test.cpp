#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "sbc/admin/server.hpp"
#include "tests/support/fake_exchange.hpp"

using namespace dw;
using namespace dw::admin;
using namespace std::chrono_literals;
using nlohmann::json;
using test::FakeExchange;

namespace {

const IpAddress kPhoneHome = IpAddress::v4(0xc6336407);

struct AdmissionBox {
  net::Loop loop;
  provisioning::Admissions admissions;
  std::string token = new_token();
  std::unique_ptr<AdminServer> server;

  AdmissionBox() {
    admissions.set_phones(provisioning::Admissions::Phones::known);
    Sources sources;
    sources.admissions = &admissions;
    server = std::make_unique<AdminServer>(loop, AdminServer::Options{}, std::move(sources));
    Credentials credentials;
    credentials.token = net::sha256(as_bytes(token));
    server->use(credentials);
  }
  std::shared_ptr<FakeExchange> ask(const std::string& method, const std::string& target, bool with_token = true,
                                    std::map<std::string, std::string> headers = {}) {
    headers["Host"] = "127.0.0.1:8079";
    if (with_token) headers["Authorization"] = "Bearer " + token;
    auto exchange = std::make_shared<FakeExchange>(method, target, std::move(headers));
    exchange->from({IpAddress::v4(0x7f000001), 52488});
    server->handle(exchange);
    return exchange;
  }
  bool asks(const std::string& file) { return admissions.admits(loop.now(), wall_now(), kPhoneHome, file); }
  json state() { return json::parse(ask("GET", "/api/admissions")->received()); }
};

}  // namespace

TEST_CASE("api: one phone is admitted for a while, is listed, and can be removed") {
  AdmissionBox box;
  CHECK_FALSE(box.asks("SEP001122334455.cnf.xml"));
  const auto answer = box.ask("POST", "/api/admissions/00%3A11%3A22%3A33%3A44%3A55/admit?for_s=600");
  CHECK(answer->status() == 200);
  CHECK(
      json::parse(answer->received())["said"].get<std::string>().starts_with("SEP001122334455 gets its files within"));
  CHECK(box.asks("SEP001122334455.cnf.xml"));
  CHECK(box.admissions.taken(box.loop.now(), wall_now(), kPhoneHome, "SEP001122334455.cnf.xml"));
  const json state = box.state();
  CHECK(state["phones"] == "known");
  CHECK(state["total"] == 1);
  CHECK(state["windows"][0]["device"] == "SEP001122334455");
  CHECK(state["admitted"][0]["device"] == "SEP001122334455");
  CHECK(state["admitted"][0]["source"] == "198.51.100.7");
  CHECK(state["admitted"][0]["by"] == "operator");
  CHECK(state["refused"][0]["times"] == 1);
  CHECK(box.ask("POST", "/api/admissions/SEP001122334455/forget")->status() == 200);
  CHECK(box.ask("POST", "/api/admissions/SEP001122334455/forget")->status() == 404);
  CHECK_FALSE(box.asks("SEP001122334455.cnf.xml"));
}

TEST_CASE("api: any phone is admitted for a quarter of an hour, or for the given time, until that is closed") {
  AdmissionBox box;
  CHECK(box.ask("POST", "/api/admissions/open")->status() == 200);
  const auto windows = box.admissions.windows(box.loop.now());
  REQUIRE(windows.size() == 1);
  CHECK(windows[0].device.empty());
  CHECK(windows[0].until - box.loop.now() <= 15min);
  CHECK(windows[0].until - box.loop.now() > 14min);
  CHECK(box.asks("SEP001122334455.cnf.xml"));
  CHECK(box.ask("POST", "/api/admissions/close")->status() == 200);
  CHECK(box.state()["windows"].empty());
  CHECK_FALSE(box.asks("SEP001122334455.cnf.xml"));
}

TEST_CASE("api: an account that may not change anything can't admit, and an invalid device or time is refused") {
  AdmissionBox box;
  for (const char* target : {"/api/admissions/SEP001122334455/admit", "/api/admissions/SEP001122334455/forget",
                             "/api/admissions/open", "/api/admissions/close"}) {
    CAPTURE(target);
    CHECK(box.ask("POST", target, false)->status() == 401);
    CHECK(box.ask("POST", target, true, {{"Sec-Fetch-Site", "cross-site"}})->status() == 403);
    CHECK(box.ask("GET", target)->status() == 405);
  }
  CHECK(box.admissions.windows(box.loop.now()).empty());
  CHECK(box.ask("GET", "/api/admissions", false)->status() == 200);  // this machine reads
  for (const char* target :
       {"/api/admissions/no%20phone/admit", "/api/admissions/%zz/admit",
        "/api/admissions/SEP001122334455/admit?for_s=0", "/api/admissions/SEP001122334455/admit?for_s=x",
        "/api/admissions/SEP001122334455/admit?for_s=99999999", "/api/admissions/open?for_s=999999"})
    CHECK(box.ask("POST", target)->status() == 400);
  for (const char* target :
       {"/api/admissions", "/api/admissions/", "/api/admissions//admit", "/api/admissions/SEP001122334455/x"})
    CHECK(box.ask("POST", target)->status() == 405);
  CHECK(box.admissions.windows(box.loop.now()).empty());
}
