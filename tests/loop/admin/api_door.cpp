#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "sbc/admin/server.hpp"
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
  CHECK(has(talk(loop, *at, "POST /api/reload HTTP/1.0\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"),
            " 403 "));
}

TEST_CASE("admin: pages that listen leave half of the connections to those that ask, also after a reload") {
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
