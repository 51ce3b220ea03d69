#include "tests/loop/tftp_proxy/origin_fixture.hpp"

using namespace dw;
using namespace dw::test;

namespace {

struct Asked {
  explicit Asked(ScriptedOrigin::Script script, Origin::Options o = {})
      : server(std::move(script)), origin(make_http_origin(loop, parse_origin(server.url("/")).value(), o)) {}
  Fetched get(OriginRequest request) { return fetch(loop, *origin, request); }
  Fetched get(const std::string& name) { return get(OriginRequest{name, {}, {}}); }

  net::Loop loop;
  ScriptedOrigin server;
  std::unique_ptr<Origin> origin;
};

}  // namespace

TEST_CASE("a file over HTTP with what the origin says of it") {
  const std::string body = some_octets(100'000);
  Asked a([&](ScriptedOrigin::Peer& peer, const std::string&) {
    peer.send(http_ok(body, "ETag: \"v1\"\r\nLast-Modified: Sun, 22 Nov 2026 10:00:00 GMT\r\n"));
  });
  const Fetched f = a.get("apps.sbn");
  CHECK(f.complete());
  CHECK(f.octets == body);
  CHECK(f.meta.size == body.size());
  CHECK(f.meta.etag == "\"v1\"");
  CHECK(f.meta.last_modified == "Sun, 22 Nov 2026 10:00:00 GMT");
  CHECK(f.meta.origin == a.server.url("/"));
}

TEST_CASE("names stay inside the path of the origin, whatever is in them") {
  Asked a([](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(http_ok("x")); });
  for (const char* name : {"@evil/x", "a?b=c", "a#b", "//evil/x", "http://evil/", "a b%41"})
    CHECK(a.get(name).complete());
  std::vector<std::string> paths;
  for (const std::string& head : a.server.requests())
    paths.push_back(path_of(head));
  CHECK(paths ==
        std::vector<std::string>{"/%40evil/x", "/a%3Fb%3Dc", "/a%23b", "/evil/x", "/http%3A//evil/", "/a%20b%2541"});
}

TEST_CASE("files that strangers wait for hold up nobody who is known") {
  std::vector<ScriptedOrigin::Peer> held;  // never answered
  Asked a([&](ScriptedOrigin::Peer& peer, const std::string& head) {
    if (path_of(head).starts_with("/stranger")) return held.push_back(std::move(peer));
    peer.send(http_ok("file"));
  });
  std::vector<std::unique_ptr<OriginFetch>> waiting;
  for (int i = 0; i < 40; ++i)
    waiting.push_back(a.origin->fetch({"stranger" + std::to_string(i), {}, {}, true}, {}));
  REQUIRE(a.loop.run_until([&] { return a.server.requests().size() == 4; }, 20s));
  CHECK(a.get("known").complete());
  CHECK(a.server.requests().size() == 5);
}

TEST_CASE("statuses") {
  Shared<int> status;
  Shared<std::string> more;
  Asked a([&](ScriptedOrigin::Peer& peer, const std::string&) {
    peer.send(http_status(status.get(), "<html>sorry", more.get()));
  });
  const auto error = [&](int s) {
    status = s;
    return a.get("SEP001122334455.cnf.xml").error();
  };
  CHECK(error(404) == Errc::not_found);
  CHECK(error(410) == Errc::not_found);
  CHECK(error(401) == Errc::forbidden);
  CHECK(error(403) == Errc::forbidden);
  CHECK(error(429) == Errc::unavailable);
  CHECK(error(500) == Errc::unavailable);
  CHECK(error(503) == Errc::unavailable);
  CHECK(error(304) == Errc::unavailable);  // it was not asked for
  more = "Location: " + a.server.url("/elsewhere") + "\r\n";
  const std::size_t before = a.server.requests().size();
  CHECK(error(302) == Errc::unavailable);
  CHECK(a.server.requests().size() == before + 1);
}

TEST_CASE("an HTML page is no file, however it is dressed") {
  Shared<std::string> answer;
  Asked a([&](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(answer.get()); });
  answer = http_ok("anything", "Content-Type: text/html; charset=utf-8\r\n");
  CHECK(a.get("f.xml").error() == Errc::not_found);
  answer = http_ok("\n <!DOCTYPE html><html>", "Content-Type: application/xml\r\n");
  const Fetched f = a.get("f.xml");
  CHECK(f.error() == Errc::not_found);
  CHECK_FALSE(f.found);
  CHECK(a.get("f.html").complete());
  answer = http_ok("<ht");
  CHECK(a.get("f.xml").octets == "<ht");
  answer = http_ok("");
  CHECK(a.get("f.xml").complete());
}

TEST_CASE("validators are sent, and 304 is unchanged") {
  Asked a([](ScriptedOrigin::Peer& peer, const std::string&) { peer.send("HTTP/1.1 304 Not Modified\r\n\r\n"); });
  const Fetched f = a.get({"f", "\"v1\"", "Sun, 22 Nov 2026 10:00:00 GMT"});
  CHECK(f.unchanged());
  const std::string head = a.server.requests().at(0);
  CHECK(head.find("\r\nIf-None-Match: \"v1\"\r\n") != std::string::npos);
  CHECK(head.find("\r\nIf-Modified-Since: Sun, 22 Nov 2026 10:00:00 GMT\r\n") != std::string::npos);
}

TEST_CASE("a body that breaks off is taken up where it was, when the file is the same") {
  const std::string body = some_octets(50'000);
  int request = 0;
  Asked a([&](ScriptedOrigin::Peer& peer, const std::string&) {
    if (++request == 1) {
      const std::string whole = http_ok(body, "ETag: \"v1\"\r\n");
      peer.send(whole.substr(0, whole.size() - 30'000));
    } else {
      peer.send(
          "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 20000-49999/50000\r\n"
          "Content-Length: 30000\r\n\r\n" +
          body.substr(20'000));
    }
  });
  const Fetched f = a.get("apps.sbn");
  CHECK(f.complete());
  CHECK(f.octets == body);
  REQUIRE(a.server.requests().size() == 2);
  CHECK(a.server.requests()[1].find("\r\nRange: bytes=20000-\r\n") != std::string::npos);
  CHECK(a.server.requests()[1].find("\r\nIf-Range: \"v1\"\r\n") != std::string::npos);
}

TEST_CASE("an origin without ranges sends all again, and it is joined at the right octet") {
  const std::string body = some_octets(50'000);
  int request = 0;
  Asked a([&](ScriptedOrigin::Peer& peer, const std::string&) {
    const std::string whole = http_ok(body, "Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT\r\n");
    peer.send(++request == 1 ? whole.substr(0, whole.size() - 7) : whole);
  });
  const Fetched f = a.get("apps.sbn");
  CHECK(f.complete());
  CHECK(f.octets == body);
}

TEST_CASE("a body that breaks off and is another file by now, or has no validator, or never ends, fails") {
  const std::string body = some_octets(1000);
  int request = 0;
  Shared<bool> validator(true);
  Asked a([&](ScriptedOrigin::Peer& peer, const std::string&) {
    const std::string whole =
        http_ok(body, validator.get() ? "ETag: \"v" + std::to_string(++request) + "\"\r\n" : std::string());
    peer.send(whole.substr(0, whole.size() - 500));
  });
  Fetched f = a.get("f.sbn");
  CHECK(f.error() == Errc::unavailable);
  CHECK(f.octets == body.substr(0, 500));
  CHECK(a.server.requests().size() == 2);
  validator = false;
  f = a.get("f.sbn");
  CHECK(f.error() == Errc::unavailable);
  CHECK(a.server.requests().size() == 3);
  Asked again([&](ScriptedOrigin::Peer& peer, const std::string& head) {
    const std::string whole = http_ok(body, "ETag: \"same\"\r\n");
    (void)head;
    peer.send(whole.substr(0, whole.size() - 500));
  });
  f = again.get("f.sbn");
  CHECK(f.error() == Errc::unavailable);
  CHECK(f.octets == body.substr(0, 500));
  CHECK(again.server.requests().size() == 3);  // the first and two more
}

TEST_CASE("a body whose end can't be distinguished from a cut is refused; a chunked one is taken") {
  Shared<std::string> answer("HTTP/1.0 200 OK\r\n\r\nhalf a fi");
  Asked a([&](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(answer.get()); });
  CHECK(a.get("f").error() == Errc::unavailable);
  answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  const Fetched f = a.get("f");
  CHECK(f.complete());
  CHECK(f.octets == "abcde");
  CHECK_FALSE(f.meta.size);
  answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\n";
  CHECK(a.get("f").error() == Errc::unavailable);
}

TEST_CASE("a file beyond the bound, announced or not") {
  Origin::Options options;
  options.max_file = 1000;
  Shared<std::string> answer(http_ok(std::string(1001, 'x')));
  Asked a([&](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(answer.get()); }, options);
  Fetched f = a.get("f");
  CHECK(f.error() == Errc::too_long);
  CHECK_FALSE(f.found);
  std::string endless = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i)
    endless += "10\r\n0123456789abcdef\r\n";
  answer = endless;
  f = a.get("f");
  CHECK(f.error() == Errc::too_long);
  CHECK(f.octets.size() <= 1000);
}

TEST_CASE("nobody listens") {
  net::Loop loop;
  const auto origin = make_http_origin(loop, parse_origin("http://127.0.0.1:1/").value(), {});
  const Fetched f = fetch(loop, *origin, {"f", {}, {}});
  CHECK(f.error() == Errc::unavailable);
  CHECK_FALSE(f.reached);
}

TEST_CASE("an HTTP fetch may be dropped in any of its callbacks") {
  for (const int where : {0, 1, 2}) {
    Asked a([](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(http_ok(some_octets(200'000))); });
    std::unique_ptr<OriginFetch> running;
    int calls = 0;
    const auto step = [&](int at) {
      CHECK(at <= where);
      if (at == where) {
        ++calls;
        running.reset();
      }
    };
    OriginCallbacks c;
    c.on_found = [&](ContentMeta, const std::string&) { step(0); };
    c.on_octets = [&](Bytes) { step(1); };
    c.on_end = [&](OriginEnd) { step(2); };
    running = a.origin->fetch({"f", {}, {}}, std::move(c));
    REQUIRE(a.loop.run_until([&] { return calls == 1; }, 10s));
    CHECK(fetch(a.loop, *a.origin, {"f", {}, {}}).complete());
    CHECK(calls == 1);
  }
}
