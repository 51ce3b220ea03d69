#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "sbc/net/http_server.hpp"
#include "sbc/net/timer.hpp"
#include "tests/loop/net/http_fixture.hpp"
#include "tests/loop/net/stream_client.hpp"

using namespace dw;
using namespace dw::test;
using namespace std::chrono_literals;

TEST_CASE("the phone's request form is served, and the connection kept") {
  HttpFixture f;
  f.start();
  StreamClient phone(f.server->local());
  for (int turn = 0; turn < 2; ++turn) {
    phone.forget();
    phone.send("GET /CTLSEP001122334455.tlv HTTP/1.1\r\nHost:127.0.0.1:6970\r\n\r\n");
    REQUIRE(f.read_to_body(phone, "fine\n"));
    CHECK(phone.head().starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(phone.has("Content-Length: 5\r\n"));
    CHECK_FALSE(phone.has("Transfer-Encoding"));
    CHECK_FALSE(phone.ended());
  }
  REQUIRE(f.until([&] { return f.ends.size() == 2; }));
  CHECK(f.asked[0]->method() == "GET");
  CHECK(f.asked[0]->target() == "/CTLSEP001122334455.tlv");
  CHECK(f.asked[0]->peer() == phone.local());
  CHECK(f.asked[0]->local() == f.server->local());
  CHECK_FALSE(f.asked[0]->over_unix());
  CHECK(f.ends[1].whole);
  CHECK(f.ends[1].octets == 5);
  CHECK(f.server->stats().requests == 2);
  CHECK(f.server->stats().octets_sent == 10);
  CHECK(f.server->stats().connections == 1);
}

TEST_CASE("tolerated: no Host, HTTP/1.0, bare LF") {
  for (const char* request : {"GET /x HTTP/1.1\r\n\r\n", "GET /x HTTP/1.0\r\n\r\n", "GET /x HTTP/1.1\nHost:a\n\n"}) {
    CAPTURE(request);
    HttpFixture f;
    f.start();
    StreamClient client(f.server->local());
    client.send(request);
    REQUIRE(f.read_to_body(client, "fine\n"));
    CHECK(client.has(" 200 OK\r\n"));
    CHECK(client.has("Content-Length: 5\r\n"));
  }
}

TEST_CASE("the target is passed on as it was sent") {
  struct Row {
    const char* sent;
    const char* target;
    const char* query;
  };
  for (const Row& row : {Row{"/a%20b%2e%2E/c+d?x=%31&y", "/a%20b%2e%2E/c+d", "x=%31&y"},
                         Row{"/../../etc", "/../../etc", ""}, Row{"http://host:6970/x?y?z", "/x", "y?z"},
                         Row{"HTTP://host", "/", ""}, Row{"*", "*", ""}, Row{"/%", "/%", ""}}) {
    CAPTURE(row.sent);
    HttpFixture f;
    f.start();
    StreamClient client(f.server->local());
    client.send(std::string("GET ") + row.sent + " HTTP/1.1\r\nHost: h\r\nX-Probe: one\r\n\r\n");
    REQUIRE(f.until([&] { return f.asked.size() == 1; }));
    CHECK(f.asked[0]->target() == row.target);
    CHECK(f.asked[0]->query() == row.query);
  }
}

TEST_CASE("headers are found without regard to case while the exchange runs") {
  HttpFixture f;
  f.answer = [](const ExchangePtr&) {};
  f.start();
  StreamClient client(f.server->local());
  client.send("GET / HTTP/1.1\r\nhost:h\r\nif-none-MATCH:  \"abc\" \r\n\r\n");
  REQUIRE(f.until([&] { return f.asked.size() == 1; }));
  CHECK(f.asked[0]->header("If-None-Match") == "\"abc\"");
  CHECK(f.asked[0]->header("Range").empty());
  f.asked[0]->reply(text_reply("x"));
  REQUIRE(f.until([&] { return f.ends.size() == 1; }));
  CHECK(f.asked[0]->header("If-None-Match").empty());
}

TEST_CASE("HEAD has the length and no body") {
  const std::string text = pattern(100'000);
  const std::size_t ready = 0;  // not one octet may be asked for
  for (const bool streamed : {false, true}) {
    HttpFixture f;
    f.answer = [&](const ExchangePtr& e) { e->reply(streamed ? stream_of(text, ready) : text_reply(text)); };
    f.start();
    StreamClient client(f.server->local());
    client.send("HEAD /x HTTP/1.1\r\nHost:h\r\nConnection: close\r\n\r\n");
    REQUIRE(f.read_to_end(client));
    CHECK(client.has("Content-Length: 100000\r\n"));
    CHECK(client.body().empty());
    REQUIRE(f.ends.size() == 1);
    CHECK(f.ends[0].whole);
    CHECK(f.ends[0].octets == 0);
  }
}

TEST_CASE("304 has no body, and the connection goes on") {
  HttpFixture f;
  f.answer = [](const ExchangePtr& e) {
    e->reply({.status = 304, .headers = {{"ETag", "\"1\""}}, .text = {}, .stream = {}});
  };
  f.start();
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\nGET /y HTTP/1.1\r\nHost:h\r\nConnection: close\r\n\r\n");
  REQUIRE(f.read_to_end(client));
  CHECK(f.asked.size() == 2);
  CHECK(client.got().starts_with("HTTP/1.1 304 "));
  CHECK(client.has("ETag: \"1\"\r\n"));
  CHECK(client.body().starts_with("HTTP/1.1 304 "));
}

TEST_CASE("headers of the reply are sent; one with a line end in it is left out") {
  HttpFixture f;
  f.answer = [](const ExchangePtr& e) {
    e->reply({.status = 404,
              .headers = {{"Content-Type", "text/plain"}, {"ETag", "a\r\nX-Injected: 1"}},
              .text = "no such file\n",
              .stream = {}});
  };
  f.start();
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.read_to_body(client, "no such file\n"));
  CHECK(client.head().starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(client.has("Content-Type: text/plain\r\n"));
  CHECK_FALSE(client.has("X-Injected"));
}

TEST_CASE("an answer may come later") {
  HttpFixture f;
  f.answer = [](const ExchangePtr&) {};
  f.start();
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.until([&] { return f.asked.size() == 1; }));
  net::Timer later(f.loop, [&] {
    f.asked[0]->reply(text_reply("late"));
    f.asked[0]->reply(text_reply("ignored"));
  });
  later.arm_after(1ms);
  REQUIRE(f.read_to_body(client, "late"));
  CHECK(f.asked.size() == 1);
}

TEST_CASE("a body is streamed while it still arrives, with its length sent at once") {
  const std::string text = pattern(3 * HttpServer::kBlock + 17);
  std::size_t ready = 0;
  HttpFixture f;
  f.answer = [&](const ExchangePtr& e) { e->reply(stream_of(text, ready)); };
  f.start();
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.read_until(client, [&] { return client.has("\r\n\r\n"); }));
  CHECK(client.has("Content-Length: " + std::to_string(text.size()) + "\r\n"));
  CHECK(client.body().empty());
  for (const std::size_t more : {std::size_t{1}, std::size_t{2}, HttpServer::kBlock + 3, text.size()}) {
    ready = more;
    f.asked[0]->wake();
    REQUIRE(f.read_to_body(client, std::string_view(text).substr(0, more)));
    CHECK(f.ends.empty() == (more != text.size()));
  }
  REQUIRE(f.until([&] { return f.ends.size() == 1; }));
  CHECK(f.ends[0].whole);
  CHECK(f.ends[0].octets == text.size());
}

TEST_CASE("a wake from inside the reader is not lost") {
  HttpFixture f;
  int calls = 0;
  f.answer = [&](const ExchangePtr& e) {
    e->reply(streamed(1, [&calls, e](std::uint64_t, MutableBytes into) {
      if (++calls < 5) {
        e->wake();
        return HttpBody::kWait;
      }
      into[0] = 'x';
      return 1L;
    }));
  };
  f.start();
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  CHECK(f.read_to_body(client, "x"));
  CHECK(calls == 5);
}

TEST_CASE("a body that can't be completed cuts the connection short of its length") {
  const std::string text = pattern(200'000);
  HttpFixture f;
  f.answer = [&](const ExchangePtr& e) {
    e->reply(streamed(text.size(), [&text](std::uint64_t offset, MutableBytes into) -> long {
      if (offset >= 100'000) return HttpBody::kAbort;
      const std::size_t count = std::min<std::size_t>(into.size(), 50'000);
      std::memcpy(into.data(), text.data() + offset, count);
      return static_cast<long>(count);
    }));
  };
  f.start();
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.read_to_end(client));
  CHECK(client.has("Content-Length: 200000\r\n"));
  CHECK(client.body() == std::string_view(text).substr(0, client.body().size()));
  CHECK(client.body().size() <= 100'000);
  REQUIRE(f.ends.size() == 1);
  CHECK_FALSE(f.ends[0].whole);
  CHECK(f.ends[0].octets == 100'000);
}

TEST_CASE("a reader that claims more than it was given room for is cut off") {
  HttpFixture f;
  f.answer = [&](const ExchangePtr& e) {
    e->reply(streamed(1 << 20, [](std::uint64_t, MutableBytes into) { return static_cast<long>(into.size()) + 1; }));
  };
  f.start();
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.read_to_end(client));
  CHECK(client.body().empty());
}

TEST_CASE("a request's body is given whole; one that is too long never reaches the handler") {
  HttpFixture f;
  f.start({.max_body = 1000});
  StreamClient fits(f.server->local());
  fits.send("POST /x HTTP/1.1\r\nHost:h\r\nContent-Length: 1000\r\n\r\n" + std::string(400, 'a'));
  f.loop.run_until([] { return false; }, 5ms);
  CHECK(f.asked.empty());
  fits.send(std::string(600, 'b'));
  REQUIRE(f.read_to_body(fits, "fine\n"));
  CHECK(f.asked[0]->method() == "POST");
  CHECK(f.asked[0]->body() == std::string(400, 'a') + std::string(600, 'b'));

  StreamClient announced(f.server->local());
  announced.send("POST /x HTTP/1.1\r\nHost:h\r\nContent-Length: 1001\r\n\r\n");
  REQUIRE(f.read_until(announced, [&] { return announced.has("\r\n\r\n"); }));
  CHECK(announced.head().starts_with("HTTP/1.1 413 "));

  StreamClient chunked(f.server->local());
  chunked.send("POST /x HTTP/1.1\r\nHost:h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'c') +
               "\r\n");
  REQUIRE(f.read_to_end(chunked));
  CHECK(f.asked.size() == 1);
}

TEST_CASE("a request that is not HTTP reaches no handler") {
  for (const char* request : {"\x16\x03\x01\x02", "GET\r\n\r\n", "GET /x HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n\r\n"}) {
    HttpFixture f;
    f.start({.idle_timeout = 50ms});
    StreamClient client(f.server->local());
    client.send(request);
    CHECK(f.read_to_end(client));
    CHECK(f.asked.empty());
  }
}

TEST_CASE("\"Connection: close\" closes after the answer") {
  HttpFixture f;
  f.start();
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\nConnection: close\r\n\r\n");
  REQUIRE(f.read_to_end(client));
  CHECK(client.body() == "fine\n");
  CHECK(f.until([&] { return f.server->stats().connections == 0; }));
}
