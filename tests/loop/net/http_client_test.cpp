#include "tests/loop/net/http_client_fixture.hpp"

using namespace dw;
using namespace std::chrono_literals;
using net::HttpClient;
using net::HttpHead;
using test::ScriptedOrigin;
using namespace dw::http_client_test;

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
