#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "sbc/admin/server.hpp"
#include "tests/loop/net/stream_client.hpp"
#include "tests/support/fake_exchange.hpp"
#include "tests/support/http_talk.hpp"

using namespace dw;
using namespace dw::admin;
using test::FakeExchange;
using test::talk;

namespace {

struct Folder {
  Folder() { path = mkdtemp(pattern); }
  ~Folder() { std::filesystem::remove_all(path); }
  char pattern[32] = "/tmp/dropwire-admin-XXXXXX";
  std::string path;
};

Sources sources() {
  Sources s;
  s.status = [] { return Status{}; };
  s.log = std::make_shared<LogRing>();
  s.reload = [] { return ReloadOutcome{true, {}}; };
  s.open_file = [](const std::string&) { return provisioning::Content::of(Buffer(300'000, 'x'), {}); };
  return s;
}

bool has(const std::string& answer, std::string_view text) {
  return answer.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("admin over TCP: the page, and nothing secret") {
  net::Loop loop;
  AdminServer server(loop, {}, sources());
  const auto at = server.listen({*IpAddress::parse("127.0.0.1"), 0});
  REQUIRE(at);
  const std::string page = talk(loop, *at, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n");
  CHECK(has(page, " 200 OK\r\n"));
  CHECK(has(page, "Content-Security-Policy: default-src 'none'; script-src 'sha256-"));
  CHECK(has(page, "<!doctype html>"));
  CHECK(page.ends_with("</html>\n"));
  CHECK(has(talk(loop, *at, "GET /api/log HTTP/1.0\r\nHost: localhost\r\n\r\n"), " 403 "));
  CHECK(has(talk(loop, *at, "GET /api/files/a HTTP/1.0\r\nHost: localhost\r\n\r\n"), " 403 "));
  CHECK(has(talk(loop, *at, "GET /api/status HTTP/1.0\r\nHost: evil.example\r\n\r\n"), " 421 "));
  CHECK(has(talk(loop, *at, "POST /api/reload HTTP/1.0\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"), " 403 "));
}

TEST_CASE("admin: pages that listen leave half of the connections to other requests, also after a reload") {
  net::Loop loop;
  AdminServer::Options options;
  options.max_connections = 4;
  AdminServer server(loop, options, sources());
  std::vector<std::shared_ptr<FakeExchange>> all;
  const auto listen = [&] {
    auto& asked = all.emplace_back(std::make_shared<FakeExchange>("GET", "/api/events"));
    asked->over_unix(true);
    server.handle(asked);
    return asked->status();
  };
  CHECK(listen() == 200);
  CHECK(listen() == 200);
  CHECK(listen() == 503);
  options.max_connections = 6;
  REQUIRE(server.configure(options));
  CHECK(listen() == 200);
  CHECK(listen() == 503);
  for (const auto& asked : all)
    asked->end(true);
}

TEST_CASE("admin over the control socket: files, log and reload") {
  net::Loop loop;
  Folder folder;
  const std::string path = folder.path + "/control.sock";
  AdminServer server(loop, {}, sources());
  REQUIRE(server.listen_on_socket(path));
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::others_all) ==
        std::filesystem::perms::none);
  CHECK(has(talk(loop, path, "GET /api/log HTTP/1.0\r\n\r\n"), " 200 "));
  CHECK(has(talk(loop, path, "POST /api/reload HTTP/1.0\r\nContent-Length: 0\r\n\r\n"), "\"taken\": true"));
  const std::string file = talk(loop, path, "GET /api/files/a.sbn HTTP/1.0\r\n\r\n");
  CHECK(file.size() - (file.find("\r\n\r\n") + 4) == 300'000);
}

TEST_CASE("admin over TCP: idle connections block nobody, and a client that used the token keeps its connection") {
  net::Loop loop;
  AdminServer::Options options;
  options.max_connections = 16;
  AdminServer server(loop, options, sources());
  const std::string token = new_token();
  Credentials credentials;
  credentials.token = net::sha256(as_bytes(token));
  server.use(credentials);
  const auto listens = server.listen({*IpAddress::parse("0.0.0.0"), 0});
  REQUIRE(listens);
  const Endpoint at{*IpAddress::parse("127.0.0.1"), listens->port};
  const auto from = [](unsigned n) { return IpAddress::v4(0x7f000000U + n); };
  const auto asks = [&](test::StreamClient& client, const std::string& head) {
    client.forget();
    client.send(head + "Host: localhost\r\n\r\n");
    loop.run_until(
        [&] {
          client.read();
          return client.ended() || client.has("}") || client.has("</html>");
        },
        std::chrono::seconds(20));
    return client.has(" 200 OK\r\n");
  };
  const std::string session = "GET /api/log HTTP/1.1\r\nAuthorization: Bearer " + token + "\r\n";
  test::StreamClient logged_in(at, 0, from(9));
  REQUIRE(asks(logged_in, session));
  std::vector<std::unique_ptr<test::StreamClient>> idle;
  for (unsigned n = 0; n < 200; ++n) {
    idle.push_back(std::make_unique<test::StreamClient>(at, 0, from(20 + n % 4)));
    loop.run_until([] { return false; }, std::chrono::milliseconds(1));
  }
  for (unsigned n = 0; n < 4; ++n) {
    test::StreamClient visitor(at, 0, from(50 + n));
    CHECK(asks(visitor, "GET / HTTP/1.1\r\n"));
  }
  CHECK(asks(logged_in, session));
  CHECK(has(talk(loop, at, "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n"),
            "dropwire_table_bound{table=\"admin_connections\"} 16\n"));
}

TEST_CASE("admin: an address with a login has a share of the connections, for as long as a session may last") {
  net::Loop loop;
  Access access(loop);
  const std::string token = new_token();
  Credentials credentials;
  credentials.token = net::sha256(as_bytes(token));
  access.use(credentials);
  const IpAddress operator_ = IpAddress::v4(0xcb007109);
  CHECK(access.standing(Clock::now(), operator_) == Standing::stranger);
  CHECK(access.standing(Clock::now(), *IpAddress::parse("::1")) == Standing::proven);
  for (const bool right : {false, true}) {
    FakeExchange asked("GET", "/api/log", {{"Authorization", "Bearer " + (right ? token : new_token())}});
    asked.from({operator_, 40000});
    CHECK(access.admits(asked, Need::login) == right);
    CHECK(asked.settled() == right);
    CHECK((access.standing(Clock::now(), operator_) == Standing::registered) == right);
  }
  CHECK(access.standing(Clock::now() + Sessions::kLongest, operator_) == Standing::stranger);
}
