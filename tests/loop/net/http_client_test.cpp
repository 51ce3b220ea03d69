#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sbc/net/http_client.hpp"
#include "tests/loop/net/scripted_origin.hpp"

using namespace dw;
using namespace std::chrono_literals;
using net::HttpClient;
using net::HttpHead;
using test::ScriptedOrigin;

namespace {

constexpr Duration kPatience = 20s;

/// What one transfer reported.
struct Fetched {
  std::optional<HttpHead> head;
  std::string body;
  std::optional<Result<void>> end;

  HttpClient::Callbacks callbacks() {
    return {.on_head =
                [this](const HttpHead& h) {
                  CHECK_FALSE(head.has_value());
                  head = h;
                },
            .on_octets =
                [this](Bytes octets) {
                  CHECK(head.has_value());
                  CHECK_FALSE(end.has_value());
                  body += as_text(octets);
                },
            .on_end =
                [this](Result<void> r) {
                  CHECK_FALSE(end.has_value());
                  end = std::move(r);
                }};
  }
  bool fine() const { return end && end->has_value(); }
  bool failed_with(Errc code) const { return end && !end->has_value() && end->error().code == code; }
};

Fetched fetch(const HttpClient::Request& request, const HttpClient::Options& options = {}) {
  net::Loop loop;
  HttpClient client(loop, options);
  Fetched fetched;
  const auto transfer = client.get(request, fetched.callbacks());
  CHECK_FALSE(fetched.end.has_value());
  loop.run_until([&] { return fetched.end.has_value(); }, kPatience);
  return fetched;
}

/// An origin that says one thing and hangs up.
Fetched fetch_from(const std::string& answer, HttpClient::Request request = {}) {
  ScriptedOrigin origin([&](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(answer); });
  request.url = origin.url();
  return fetch(request);
}

}  // namespace

TEST_CASE("a file, its length and the origin's headers for it") {
  const Fetched fetched = fetch_from(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"a-1\"\r\nLast-Modified:Sun, 22 Nov 2026 20:19:21 "
      "GMT\r\n"
      "content-type: text/xml \r\nX-Other: 1\r\n\r\nhello");
  REQUIRE(fetched.fine());
  CHECK(fetched.body == "hello");
  CHECK(fetched.head->status == 200);
  CHECK(fetched.head->length == 5);
  CHECK(fetched.head->etag == "\"a-1\"");
  CHECK(fetched.head->last_modified == "Sun, 22 Nov 2026 20:19:21 GMT");
  CHECK(fetched.head->content_type == "text/xml");
}

TEST_CASE(
    "the request asks for no compression, follows the caller's headers and range, and sends the path as it "
    "is") {
  ScriptedOrigin origin([](ScriptedOrigin::Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\n\r\nlo");
  });
  setenv("http_proxy", "http://127.0.0.1:1/", 1);
  HttpClient::Request request{.url = origin.url("/a/../b%20c")};
  request.headers = {"If-Range: \"a-1\""};
  request.from = 3;
  const Fetched fetched = fetch(request);
  unsetenv("http_proxy");
  REQUIRE(fetched.fine());
  CHECK(fetched.head->status == 206);
  CHECK(fetched.body == "lo");
  const std::string head = origin.requests().at(0);
  CHECK(head.starts_with("GET /a/../b%20c HTTP/1.1\r\n"));
  CHECK(head.find("Range: bytes=3-\r\n") != head.npos);
  CHECK(head.find("If-Range: \"a-1\"\r\n") != head.npos);
  CHECK(head.find("User-Agent: Dropwire/") != head.npos);
  CHECK(head.find("Accept-Encoding: identity\r\n") != head.npos);
}

TEST_CASE("a body with an encoding that was not requested is decoded, and one that breaks off fails") {
  // "hello hello hello\n" by gzip
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x5c\x00\x3b\x7c\x8a\xdf"
      "\x12\x00\x00\x00",
      29);
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 29\r\n\r\n";
  const Fetched fetched = fetch_from(head + packed);
  REQUIRE(fetched.fine());
  CHECK(fetched.body == "hello hello hello\n");
  CHECK_FALSE(fetched.head->length);
  CHECK(fetched.head->packed);
  CHECK_FALSE(fetch_from(head + packed.substr(0, 20)).fine());
  const Fetched plain = fetch_from("HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nok");
  REQUIRE(plain.fine());
  CHECK(plain.head->length == 2);
}

TEST_CASE("404, 304 and 503 are answers, not errors") {
  Fetched fetched = fetch_from("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n");
  CHECK(fetched.fine());
  CHECK(fetched.head->status == 404);
  CHECK(fetched.body == "no\n");
  fetched = fetch_from("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n");
  CHECK(fetched.fine());
  CHECK(fetched.head->status == 304);
  CHECK(fetched.body.empty());
  fetched = fetch_from("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
  CHECK(fetched.fine());
  CHECK(fetched.head->status == 503);
}

TEST_CASE("a user and a password in the URL: as the server asks, by Digest or by Basic; a refusal is reported once") {
  std::string challenge, wanted;
  ScriptedOrigin origin([&](ScriptedOrigin::Peer& peer, const std::string& head) {
    const auto at = head.find("Authorization: ");
    const std::string said = at == head.npos ? "" : head.substr(at + 15, head.find("\r\n", at) - at - 15);
    if (!wanted.empty() && said.starts_with(wanted))
      return peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfile");
    peer.send("HTTP/1.1 401 No\r\nWWW-Authenticate: " + challenge + "\r\nContent-Length: 6\r\n\r\ndenied");
  });
  HttpClient::Request request;
  request.url = origin.url();
  request.url.insert(std::string("http://").size(), "prov:secret@");
  const std::string digest = R"(Digest realm="pbx", qop="auth", nonce="5f1c0e6f2d4a1", opaque="8c41")";
  SUBCASE("Digest") {
    challenge = digest, wanted = R"(Digest username="prov", realm="pbx", nonce="5f1c0e6f2d4a1")";
    const Fetched fetched = fetch(request);
    CHECK(fetched.fine());
    CHECK(fetched.head->status == 200);
    CHECK(fetched.body == "file");
    CHECK(origin.requests().at(0).find("Authorization") == std::string::npos);
    for (const std::string& head : origin.requests())
      CHECK(head.find("secret") == std::string::npos);
  }
  SUBCASE("Basic") {
    challenge = R"(Basic realm="pbx")", wanted = "Basic cHJvdjpzZWNyZXQ=";
    const Fetched fetched = fetch(request);
    CHECK(fetched.fine());
    CHECK(fetched.body == "file");
  }
  SUBCASE("a wrong password") {
    challenge = digest;
    const Fetched fetched = fetch(request);
    CHECK(fetched.fine());
    CHECK(fetched.head->status == 401);
    CHECK(fetched.body.empty());
  }
  SUBCASE("none in the URL") {
    challenge = digest;
    const Fetched fetched =
        fetch_from("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 2\r\n\r\nno");
    CHECK(fetched.fine());
    CHECK(fetched.head->status == 401);
  }
}

TEST_CASE("a redirect is reported, never followed") {
  ScriptedOrigin origin([](ScriptedOrigin::Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
  });
  const Fetched fetched = fetch({.url = origin.url()});
  CHECK(fetched.fine());
  CHECK(fetched.head->status == 302);
  CHECK(origin.requests().size() == 1);
}

TEST_CASE("an interim answer is not the answer") {
  const Fetched fetched = fetch_from(
      "HTTP/1.1 103 Early Hints\r\nContent-Length: 99\r\nETag: \"0\"\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  CHECK(fetched.fine());
  CHECK(fetched.head->status == 200);
  CHECK(fetched.head->etag.empty());
  CHECK(fetched.body == "ok");
}

TEST_CASE("a body that ends short of its length is an error") {
  Fetched fetched = fetch_from("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  CHECK(fetched.failed_with(Errc::unavailable));
  CHECK(fetched.body == "hello");
  fetched = fetch_from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  CHECK(fetched.failed_with(Errc::unavailable));
  fetched = fetch_from("HTTP/1.1 200 OK\r\nContent-Len");
  CHECK(fetched.failed_with(Errc::unavailable));
  fetched = fetch_from("");
  CHECK(fetched.failed_with(Errc::unavailable));
  CHECK_FALSE(fetched.head.has_value());
}

TEST_CASE("chunked bodies have no length; trailers are not a second head") {
  const Fetched fetched = fetch_from(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
      "5\r\nhello\r\n1\r\n!\r\n0\r\nETag: \"late\"\r\n\r\n");
  CHECK(fetched.fine());
  CHECK(fetched.body == "hello!");
  CHECK_FALSE(fetched.head->length.has_value());
  CHECK(fetched.head->etag.empty());
}

TEST_CASE("an answer that is not HTTP is an error") {
  CHECK(fetch_from("220 mail.example ESMTP\r\n").failed_with(Errc::unavailable));
  CHECK(fetch_from("<html>HTTP/0.9</html>").failed_with(Errc::unavailable));
}

TEST_CASE("header values are bounded and plain") {
  const Fetched fetched = fetch_from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"" + std::string(2000, 'x') +
                                     "\"\r\nContent-Type: a\x01\x62\r\nLast-Modified: \x7f\r\n\r\n");
  REQUIRE(fetched.head.has_value());
  CHECK(fetched.head->etag.empty());
  CHECK(fetched.head->content_type.empty());
  CHECK(fetched.head->last_modified.empty());
}

TEST_CASE("too long: by its announced length, or while it comes") {
  Fetched fetched = fetch_from("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!", {.max_octets = 5});
  CHECK(fetched.failed_with(Errc::too_long));
  CHECK(fetched.body.empty());
  fetched = fetch_from("HTTP/1.1 200 OK\r\n\r\nhello!", {.max_octets = 5});
  CHECK(fetched.failed_with(Errc::too_long));
  fetched = fetch_from("HTTP/1.1 200 OK\r\n\r\nhello", {.max_octets = 5});
  CHECK(fetched.fine());
  CHECK(fetched.body == "hello");
}

TEST_CASE("a transfer from an origin that stalls is aborted") {
  ScriptedOrigin origin([](ScriptedOrigin::Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    peer.wait_for_close();
  });
  const Fetched fetched = fetch({.url = origin.url(), .stall_timeout = 1s});
  CHECK(fetched.failed_with(Errc::unavailable));
  CHECK(fetched.body == "hello");
}

TEST_CASE("a request that is never answered is aborted") {
  ScriptedOrigin origin([](ScriptedOrigin::Peer& peer, const std::string&) { peer.wait_for_close(); });
  const Fetched fetched = fetch({.url = origin.url(), .stall_timeout = 1s});
  CHECK(fetched.failed_with(Errc::unavailable));
  CHECK_FALSE(fetched.head.has_value());
}

TEST_CASE("refused connections, unknown schemes and broken URLs fail in words") {
  std::string nobody;
  {
    const ScriptedOrigin origin([](ScriptedOrigin::Peer&, const std::string&) {});
    nobody = origin.url();
  }
  for (const std::string& url : {nobody, std::string("ftp://127.0.0.1/x"), std::string("file:///etc/passwd"),
                                 std::string("http://[::1"), std::string()}) {
    CAPTURE(url);
    const Fetched fetched = fetch({.url = url});
    CHECK(fetched.failed_with(Errc::unavailable));
    if (fetched.end && !fetched.end->has_value()) CHECK_FALSE(fetched.end->error().text.empty());
  }
}

TEST_CASE("an untrusted certificate is refused") {
  // The origin speaks no TLS at all: enough to see that https is spoken, and fails, before any request.
  ScriptedOrigin origin([](ScriptedOrigin::Peer& peer, const std::string&) { peer.send("HTTP/1.1 200 OK\r\n\r\n"); });
  std::string url = origin.url();
  url.replace(0, 4, "https");
  net::Loop loop;
  HttpClient client(loop, {});
  Fetched fetched;
  auto transfer = client.get({.url = url, .connect_timeout = 500ms}, fetched.callbacks());
  CHECK(loop.run_until([&] { return fetched.end.has_value(); }, kPatience));
  CHECK(fetched.failed_with(Errc::unavailable));
  CHECK(origin.requests().empty());
}

TEST_CASE("octets are passed on as the origin sends them") {
  std::atomic<bool> go_on = false;
  ScriptedOrigin origin([&](ScriptedOrigin::Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    while (!go_on)
      std::this_thread::yield();
    peer.send("world");
  });
  net::Loop loop;
  HttpClient client(loop, {});
  Fetched fetched;
  const auto transfer = client.get({.url = origin.url()}, fetched.callbacks());
  CHECK(loop.run_until([&] { return fetched.body == "hello"; }, kPatience));
  CHECK_FALSE(fetched.end.has_value());
  go_on = true;
  CHECK(loop.run_until([&] { return fetched.end.has_value(); }, kPatience));
  CHECK(fetched.body == "helloworld");
}

TEST_CASE("a connection is used again") {
  int connections = 0;
  ScriptedOrigin origin([&, last = static_cast<ScriptedOrigin::Peer*>(nullptr)](auto& peer, const auto&) mutable {
    connections += last == nullptr ? 1 : 0;
    last = &peer;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    peer.keep();
  });
  net::Loop loop;
  {
    HttpClient client(loop, {});
    for (int i = 0; i < 3; ++i) {
      Fetched fetched;
      const auto transfer = client.get({.url = origin.url()}, fetched.callbacks());
      REQUIRE(loop.run_until([&] { return fetched.end.has_value(); }, kPatience));
      CHECK(fetched.fine());
    }
  }
  CHECK(origin.requests().size() == 3);
  CHECK(connections == 1);
}

TEST_CASE("beyond max_connections, gets wait for their turn and none times out for it") {
  ScriptedOrigin origin([](ScriptedOrigin::Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
  });
  net::Loop loop;
  HttpClient client(loop, {.max_connections = 1, .max_per_host = 1});
  std::array<Fetched, 20> fetched;
  std::vector<std::unique_ptr<HttpClient::Transfer>> transfers;
  for (auto& t : fetched)
    transfers.push_back(client.get({.url = origin.url()}, t.callbacks()));
  CHECK(loop.run_until([&] { return std::ranges::all_of(fetched, [](const Fetched& t) { return t.end.has_value(); }); },
                       kPatience));
  for (const auto& t : fetched) {
    CHECK(t.fine());
    CHECK(t.body == "ok");
  }
}

TEST_CASE("a transfer dropped before, between or in callbacks reports nothing more") {
  ScriptedOrigin origin([](ScriptedOrigin::Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x'));
  });
  enum class Drop { at_once, in_head, in_octets, in_end };
  for (const Drop drop : {Drop::at_once, Drop::in_head, Drop::in_octets, Drop::in_end}) {
    net::Loop loop;
    HttpClient client(loop, {});
    std::unique_ptr<HttpClient::Transfer> transfer;
    int heads = 0;
    int octets = 0;
    int ends = 0;
    transfer = client.get({.url = origin.url()}, {.on_head =
                                                      [&](const HttpHead&) {
                                                        ++heads;
                                                        if (drop == Drop::in_head) transfer.reset();
                                                      },
                                                  .on_octets =
                                                      [&](Bytes) {
                                                        ++octets;
                                                        if (drop == Drop::in_octets) transfer.reset();
                                                      },
                                                  .on_end =
                                                      [&](Result<void>) {
                                                        ++ends;
                                                        if (drop == Drop::in_end) transfer.reset();
                                                      }});
    if (drop == Drop::at_once) transfer.reset();
    Fetched other;  // shows that the loop had time enough, and that the client continues
    const auto second = client.get({.url = origin.url()}, other.callbacks());
    REQUIRE(loop.run_until([&] { return other.end.has_value() && (transfer == nullptr || ends != 0); }, kPatience));
    CHECK(other.fine());
    CHECK(heads == (drop == Drop::at_once ? 0 : 1));
    CHECK((octets == 0) == (drop == Drop::at_once || drop == Drop::in_head));
    if (drop == Drop::in_octets) CHECK(octets == 1);
    CHECK(ends == (drop == Drop::in_end ? 1 : 0));
  }
}

TEST_CASE("a callback may get more, and may drop another's transfer") {
  ScriptedOrigin origin([](ScriptedOrigin::Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  net::Loop loop;
  HttpClient client(loop, {});
  Fetched second;
  Fetched third;
  Fetched victim;
  std::unique_ptr<HttpClient::Transfer> b;
  std::unique_ptr<HttpClient::Transfer> c;
  std::unique_ptr<HttpClient::Transfer> v;
  const auto a =
      client.get({.url = origin.url()},
                 {.on_head = [&](const HttpHead&) { b = client.get({.url = origin.url()}, second.callbacks()); },
                  .on_octets =
                      [&](Bytes) {
                        v = client.get({.url = origin.url()}, victim.callbacks());
                        v.reset();
                      },
                  .on_end = [&](Result<void>) { c = client.get({.url = origin.url()}, third.callbacks()); }});
  CHECK(loop.run_until([&] { return second.end.has_value() && third.end.has_value(); }, kPatience));
  CHECK(second.fine());
  CHECK(third.fine());
  CHECK_FALSE(victim.end.has_value());
}

TEST_CASE("the client may be dropped in any callback, and before its transfers") {
  ScriptedOrigin origin([](ScriptedOrigin::Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  for (int where = 0; where < 4; ++where) {
    net::Loop loop;
    auto client = std::make_unique<HttpClient>(loop, HttpClient::Options{});
    std::string order;
    const auto note = [&](int place) {
      order += static_cast<char>('0' + place);
      if (place == where) client.reset();
    };
    const auto transfer = client->get({.url = origin.url()}, {.on_head = [&](const HttpHead&) { note(0); },
                                                              .on_octets = [&](Bytes) { note(1); },
                                                              .on_end = [&](Result<void>) { note(2); }});
    if (where == 3) client.reset();
    CHECK(loop.run_until([&] { return client == nullptr; }, kPatience));
    loop.run();
    CHECK(order == std::string("012").substr(0, where == 3 ? 0 : static_cast<std::size_t>(where) + 1));
  }
}
