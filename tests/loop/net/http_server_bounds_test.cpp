#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "sbc/net/http_server.hpp"
#include "tests/loop/net/http_fixture.hpp"
#include "tests/loop/net/stream_client.hpp"

using namespace dw;
using namespace dw::test;
using namespace std::chrono_literals;

TEST_CASE("beyond the total, connections wait for their turn") {
  HttpFixture f;
  f.start({.max_connections = 2});
  StreamClient a(f.server->local());
  StreamClient b(f.server->local());
  StreamClient c(f.server->local());
  REQUIRE(f.until([&] { return f.server->stats().connections == 2; }));
  c.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  f.loop.run_until([] { return false; }, 20ms);
  CHECK(f.asked.empty());
  a.close();
  CHECK(f.read_to_body(c, "fine\n"));
}

TEST_CASE("a connection that sends no request, or one letter by letter, is cut") {
  HttpFixture f;
  f.start({.idle_timeout = 60ms});
  StreamClient silent(f.server->local());
  StreamClient trickle(f.server->local());
  StreamClient served(f.server->local());
  served.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  const std::string request = "GET /" + std::string(4000, 'a');
  std::size_t sent = 0;
  CHECK(f.until([&] {
    if (sent < request.size()) trickle.send(request.substr(sent++, 1));
    silent.read();
    trickle.read();
    served.read();
    return silent.ended() && trickle.ended() && served.ended();
  }));
  CHECK(served.body() == "fine\n");
  CHECK(f.server->stats().cut_idle == 3);
  CHECK(f.server->stats().cut_slow == 0);
  CHECK(f.asked.size() == 1);
}

TEST_CASE("a reader that takes nothing is cut; one that takes enough is not") {
  const std::string text = pattern(8 << 20);
  const std::size_t ready = text.size();
  HttpFixture f;
  f.answer = [&](const ExchangePtr& e) { e->reply(stream_of(text, ready)); };
  f.start({.idle_timeout = 100ms, .min_octets_per_second = 100'000});
  StreamClient stuck(f.server->local(), 8192);
  StreamClient steady(f.server->local(), 65536);
  stuck.send("GET /stuck HTTP/1.1\r\nHost:h\r\n\r\n");
  steady.send("GET /steady HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.until([&] {
    steady.read(20'000);
    return f.server->stats().cut_slow == 1;
  }));
  CHECK_FALSE(steady.ended());
  REQUIRE(f.until([&] {
    steady.read();
    return steady.body().size() == text.size() && f.ends.size() == 2;
  }));
  CHECK(f.ends[0].whole == false);
  CHECK(f.ends[0].octets < text.size());
  CHECK(f.ends[1].whole);
}

TEST_CASE("waiting for our own side is not held against the reader") {
  const std::string text = pattern(10);
  std::size_t ready = 0;
  HttpFixture f;
  f.answer = [&](const ExchangePtr& e) { e->reply(stream_of(text, ready)); };
  f.start({.idle_timeout = 20ms});
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  f.loop.run_until([] { return false; }, 200ms);  // ten times the limit
  client.read();
  CHECK_FALSE(client.ended());
  ready = text.size();
  REQUIRE(f.asked.size() == 1);
  f.asked[0]->wake();
  CHECK(f.read_to_body(client, text));
}

TEST_CASE("a client that resets while its answer is awaited is noticed, and the late answer ignored") {
  HttpFixture f;
  f.answer = [](const ExchangePtr&) {};
  f.start({.idle_timeout = 40ms});
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.until([&] { return f.asked.size() == 1; }));
  client.reset();
  REQUIRE(f.until([&] { return f.ends.size() == 1; }));
  CHECK_FALSE(f.ends[0].whole);
  CHECK(f.ends[0].octets == 0);
  f.asked[0]->reply(text_reply("too late"));
  f.asked[0]->wake();
  CHECK(f.until([&] { return f.server->stats().connections == 0; }));
}

TEST_CASE("many connections stream at once, each its whole file") {
  const std::string text = pattern(1 << 20);
  const std::size_t ready = text.size();
  constexpr std::size_t kClients = 30;
  HttpFixture f;
  f.answer = [&](const ExchangePtr& e) { e->reply(stream_of(text, ready)); };
  f.start();
  std::vector<StreamClient> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.emplace_back(f.server->local());
    clients.back().send("GET /x HTTP/1.1\r\nHost:h\r\nConnection: close\r\n\r\n");
  }
  CHECK(f.until([&] {
    std::size_t ended = 0;
    for (auto& client : clients) {
      client.read();
      ended += client.ended() ? 1 : 0;
    }
    return ended == kClients;
  }));
  for (const auto& client : clients)
    CHECK(client.body() == text);
  CHECK(f.server->stats().octets_sent == kClients * text.size());
}

TEST_CASE("IPv6, and a port that is taken") {
  HttpFixture f;
  f.start({}, "::1");
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  CHECK(f.read_to_body(client, "fine\n"));
  CHECK(f.asked[0]->peer() == client.local());
  const auto second = HttpServer::start(f.loop, {.listen = f.server->local()}, [](ExchangePtr) {});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().text == "can't listen on TCP " + f.server->local().to_string() + ": Address already in use");
}

TEST_CASE("the control socket: its mode, a dead one replaced, a live one respected, gone at the end") {
  std::string directory = "/tmp/dropwire-http-XXXXXX";
  REQUIRE(mkdtemp(directory.data()) != nullptr);
  const std::string path = directory + "/control.sock";
  {
    const net::Descriptor dead(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(bind(dead.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  {
    HttpFixture f;
    f.start({.unix_path = path});
    struct stat about {};
    REQUIRE(stat(path.c_str(), &about) == 0);
    CHECK((about.st_mode & 07777) == 0660);
    StreamClient client(path);
    client.send("GET /api/status HTTP/1.1\r\nHost:h\r\n\r\n");
    REQUIRE(f.read_to_body(client, "fine\n"));
    CHECK(f.asked[0]->over_unix());
    CHECK_FALSE(f.asked[0]->peer().address);
    const auto second = HttpServer::start(f.loop, {.unix_path = path}, [](ExchangePtr) {});
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().text == "can't listen on " + path + ": another process listens there");
  }
  CHECK(access(path.c_str(), F_OK) != 0);
  net::Loop loop;
  const auto nowhere = HttpServer::start(loop, {.unix_path = directory + "/no/such"}, [](ExchangePtr) {});
  CHECK_FALSE(nowhere.has_value());
  const auto endless = HttpServer::start(loop, {.unix_path = "/" + std::string(200, 'x')}, [](ExchangePtr) {});
  CHECK_FALSE(endless.has_value());
  rmdir(directory.c_str());
}

TEST_CASE("stop_accepting lets what runs go on") {
  HttpFixture f;
  f.answer = [](const ExchangePtr&) {};
  f.start();
  const Endpoint where = f.server->local();
  StreamClient client(where);
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.until([&] { return f.asked.size() == 1; }));
  f.server->stop_accepting();
  CHECK_FALSE(StreamClient(where).connected());
  f.asked[0]->reply(text_reply("still served"));
  CHECK(f.read_to_body(client, "still served"));
}

TEST_CASE("the server may go while exchanges wait; nobody is called any more") {
  const std::string text = pattern(10);
  const std::size_t ready = 0;
  HttpFixture f;
  f.answer = [&](const ExchangePtr& e) {
    if (e->target() == "/stream") e->reply(stream_of(text, ready));
  };
  f.start();
  StreamClient waiting(f.server->local());
  StreamClient streaming(f.server->local());
  waiting.send("GET /wait HTTP/1.1\r\nHost:h\r\n\r\n");
  streaming.send("GET /stream HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.read_until(streaming, [&] { return f.asked.size() == 2 && streaming.has("\r\n\r\n"); }));
  f.server.reset();
  for (const auto& exchange : f.asked) {
    exchange->reply(text_reply("x"));
    exchange->wake();
    CHECK(exchange->header("Host").empty());
  }
  waiting.read();
  CHECK(waiting.ended());
  CHECK(f.ends.empty());
  f.loop.run();
}

TEST_CASE("an exchange that its own callbacks hold is let go at the end") {
  HttpFixture f;
  std::weak_ptr<HttpExchange> watched;
  f.answer = [&](const ExchangePtr& e) {
    watched = e;
    e->on_end([e](bool, std::uint64_t) {});
    e->reply(streamed(1, [e](std::uint64_t, MutableBytes into) {
      into[0] = 'x';
      return 1L;
    }));
    f.asked.clear();
  };
  f.start();
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.read_to_body(client, "x"));
  CHECK(f.until([&] { return watched.expired(); }));
}

TEST_CASE("an answer without an end waits as long as it likes, while its reader is there") {
  HttpFixture f;
  std::string ready = "one";
  std::size_t given = 0;
  f.answer = [&](const ExchangePtr& e) {
    e->reply(streamed(HttpBody::kUnknownSize, [&](std::uint64_t, MutableBytes into) {
      if (given == ready.size()) return HttpBody::kWait;
      const std::size_t count = std::min(into.size(), ready.size() - given);
      std::memcpy(into.data(), ready.data() + given, count);
      given += count;
      return static_cast<long>(count);
    }));
  };
  f.start({.idle_timeout = 40ms});
  StreamClient reader(f.server->local());
  reader.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.read_until(reader, [&] { return reader.has("one"); }));
  CHECK(reader.head().find("chunked") != std::string_view::npos);
  f.loop.run_until([] { return false; }, 200ms);  // five times the idle time
  ready += "two";
  f.asked.front()->wake();
  CHECK(f.read_until(reader, [&] { return reader.has("two"); }));
  CHECK(f.ends.empty());
  reader.reset();
  REQUIRE(f.until([&] { return f.ends.size() == 1; }));
  CHECK_FALSE(f.ends[0].whole);
}

TEST_CASE("a waiting answer whose reader acknowledges nothing is cut") {
  HttpFixture f;
  std::size_t given = 0;
  constexpr std::size_t kSome = 60'000;  // more than the client's kernel takes, less than ours holds
  f.answer = [&](const ExchangePtr& e) {
    e->reply(streamed(HttpBody::kUnknownSize, [&](std::uint64_t, MutableBytes into) {
      const std::size_t count = std::min(into.size(), kSome - given);
      given += count;
      return count == 0 ? HttpBody::kWait : static_cast<long>(count);
    }));
  };
  f.start({.idle_timeout = 100ms});
  StreamClient reader(f.server->local(), 2048);
  reader.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.until([&] { return f.ends.size() == 1; }));
  CHECK_FALSE(f.ends[0].whole);
  CHECK(f.server->stats().cut_slow == 1);
}

TEST_CASE("other limits on the very same socket: who is connected stays, and new ones get the new limits") {
  HttpFixture f;
  f.start({.max_connections = 1});
  const Endpoint at = f.server->local();
  StreamClient a(at);
  a.send("GET /a HTTP/1.1\r\nHost:h\r\n");
  REQUIRE(f.until([&] { return f.server->stats().connections == 1; }));
  auto renewed = f.server->renew({.max_connections = 10});
  REQUIRE(renewed);
  CHECK((*renewed)->local() == at);
  StreamClient b(at);
  StreamClient c(at);
  b.send("GET /b HTTP/1.1\r\nHost:h\r\n\r\n");
  c.send("GET /c HTTP/1.1\r\nHost:h\r\n\r\n");
  CHECK(f.read_to_body(b, "fine\n"));
  CHECK(f.read_to_body(c, "fine\n"));
  a.send("\r\n");
  CHECK(f.read_to_body(a, "fine\n"));
  CHECK(f.server->stats().requests == 1);
  a.close();
  CHECK(f.until([&] { return f.server->stats().connections == 0; }));
  f.server = std::move(*renewed);  // the old one can be destroyed
  StreamClient d(at);
  d.send("GET /d HTTP/1.1\r\nHost:h\r\n\r\n");
  CHECK(f.read_to_body(d, "fine\n"));
}

TEST_CASE("a server may be renewed while it answers, over a Unix socket too") {
  HttpFixture f;
  std::unique_ptr<HttpServer> old;
  f.answer = [&](const ExchangePtr& e) {
    if (!old) {
      auto renewed = f.server->renew({.max_connections = 5});
      REQUIRE(renewed);
      old = std::exchange(f.server, std::move(*renewed));
    }
    e->reply(text_reply("fine\n"));
  };
  f.start({.max_connections = 2});
  const Endpoint at = f.server->local();
  for (int i = 0; i < 3; ++i) {
    StreamClient client(at);
    client.send("GET / HTTP/1.1\r\nHost:h\r\n\r\n");
    CHECK(f.read_to_body(client, "fine\n"));
  }
  CHECK(old->stats().requests == 1);
  CHECK(f.server->stats().requests == 2);
}

TEST_CASE("a body of unknown size goes out as it comes, in chunks, and ends when its reader says so") {
  HttpFixture f;
  std::string ready = "abc";
  bool over = false;
  ExchangePtr exchange;
  f.answer = [&](const ExchangePtr& e) {
    exchange = e;
    e->reply(streamed(HttpBody::kUnknownSize, [&](std::uint64_t, MutableBytes into) -> long {
      if (ready.empty()) return over ? HttpBody::kEnd : HttpBody::kWait;
      std::ranges::copy(as_bytes(ready), into.begin());
      return static_cast<long>(std::exchange(ready, {}).size());
    }));
  };
  f.start();
  StreamClient client(f.server->local());
  client.send("GET / HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.read_until(client, [&] { return client.got().find("\r\n3\r\nabc\r\n") != std::string::npos; }));
  CHECK(client.got().find("Content-Length") == std::string::npos);
  ready = "de";
  exchange->wake();
  REQUIRE(f.read_until(client, [&] { return client.got().ends_with("2\r\nde\r\n"); }));
  over = true;
  exchange->wake();
  REQUIRE(f.read_until(client, [&] { return client.got().ends_with("0\r\n\r\n"); }));
  REQUIRE(f.until([&] { return f.ends.size() == 1; }));
  CHECK(f.ends[0].whole);
}

TEST_CASE("a reader of an endless body that goes away ends it") {
  HttpFixture f;
  f.answer = [&](const ExchangePtr& e) {
    e->reply(streamed(HttpBody::kUnknownSize, [](std::uint64_t, MutableBytes) -> long { return HttpBody::kWait; }));
  };
  f.start();
  {
    StreamClient client(f.server->local());
    client.send("GET / HTTP/1.1\r\nHost:h\r\n\r\n");
    REQUIRE(f.until([&] { return f.asked.size() == 1; }));
  }
  CHECK(f.until([&] { return f.ends.size() == 1; }));
}
