#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sbc/net/http_server.hpp"
#include "sbc/net/timer.hpp"
#include "tests/loop/net/stream_client.hpp"

using namespace dw;
using namespace std::chrono_literals;
using net::HttpBody;
using net::HttpExchange;
using net::HttpReply;
using net::HttpServer;
using test::StreamClient;

namespace {

constexpr Duration kPatience = 20s;
using ExchangePtr = std::shared_ptr<HttpExchange>;

HttpReply text_reply(std::string text, unsigned status = 200) {
  return {.status = status, .headers = {}, .text = std::move(text), .stream = {}};
}

/// `size` octets whose value follows from their place.
std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return out;
}

HttpReply streamed(std::uint64_t size, std::function<long(std::uint64_t, MutableBytes)> read) {
  return {.status = 200, .headers = {}, .text = {}, .stream = HttpBody{size, std::move(read)}};
}

/// Gives `text` up to `ready` octets, then waits.
HttpReply stream_of(const std::string& text, const std::size_t& ready) {
  return streamed(text.size(), [&text, &ready](std::uint64_t offset, MutableBytes into) {
    if (offset >= ready) return HttpBody::kWait;
    const std::size_t count = std::min(into.size(), ready - static_cast<std::size_t>(offset));
    std::memcpy(into.data(), text.data() + offset, count);
    return static_cast<long>(count);
  });
}

struct End {
  bool whole;
  std::uint64_t octets;
};

/// A loop, a server on a free port, and what it was asked.
struct Fixture {
  net::Loop loop;
  std::vector<ExchangePtr> asked;
  std::vector<End> ends;
  std::function<void(const ExchangePtr&)> answer = [](const ExchangePtr& e) {
    e->reply(text_reply("fine\n"));
  };
  std::unique_ptr<HttpServer> server;

  void start(HttpServer::Options options = {}, const char* address = "127.0.0.1") {
    if (options.unix_path.empty()) options.listen = Endpoint{*IpAddress::parse(address), 0};
    auto started = HttpServer::start(loop, options, [this](ExchangePtr exchange) {
      exchange->on_end([this](bool whole, std::uint64_t octets) { ends.push_back({whole, octets}); });
      asked.push_back(exchange);
      answer(exchange);
    });
    if (!started) FAIL(started.error().text);
    server = std::move(*started);
  }
  bool until(const std::function<bool()>& condition) { return loop.run_until(condition, kPatience); }
  bool read_until(StreamClient& client, const std::function<bool()>& condition) {
    return until([&] {
      client.read();
      return condition();
    });
  }
  bool read_to_body(StreamClient& client, std::string_view body) {
    return read_until(client, [&] { return client.body() == body; });
  }
  bool read_to_end(StreamClient& client) {
    return read_until(client, [&] { return client.ended(); });
  }
};

}  // namespace

TEST_CASE("the phone's request form is served, and the connection kept") {
  Fixture f;
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
  for (const char* request :
       {"GET /x HTTP/1.1\r\n\r\n", "GET /x HTTP/1.0\r\n\r\n", "GET /x HTTP/1.1\nHost:a\n\n"}) {
    CAPTURE(request);
    Fixture f;
    f.start();
    StreamClient client(f.server->local());
    client.send(request);
    REQUIRE(f.read_to_body(client, "fine\n"));
    CHECK(client.has(" 200 OK\r\n"));
    CHECK(client.has("Content-Length: 5\r\n"));
  }
}

TEST_CASE("the target is given as it was sent") {
  struct Row {
    const char* sent;
    const char* target;
    const char* query;
  };
  for (const Row& row : {Row{"/a%20b%2e%2E/c+d?x=%31&y", "/a%20b%2e%2E/c+d", "x=%31&y"},
                         Row{"/../../etc", "/../../etc", ""}, Row{"http://host:6970/x?y?z", "/x", "y?z"},
                         Row{"HTTP://host", "/", ""}, Row{"*", "*", ""}, Row{"/%", "/%", ""}}) {
    CAPTURE(row.sent);
    Fixture f;
    f.start();
    StreamClient client(f.server->local());
    client.send(std::string("GET ") + row.sent + " HTTP/1.1\r\nHost: h\r\nX-Probe: one\r\n\r\n");
    REQUIRE(f.until([&] { return f.asked.size() == 1; }));
    CHECK(f.asked[0]->target() == row.target);
    CHECK(f.asked[0]->query() == row.query);
  }
}

TEST_CASE("headers are found without regard to case while the exchange runs") {
  Fixture f;
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
    Fixture f;
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
  Fixture f;
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
  Fixture f;
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
  Fixture f;
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

TEST_CASE("a body streams while it still arrives, with its length told at once") {
  const std::string text = pattern(3 * HttpServer::kBlock + 17);
  std::size_t ready = 0;
  Fixture f;
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
  Fixture f;
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
  Fixture f;
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
  Fixture f;
  f.answer = [&](const ExchangePtr& e) {
    e->reply(streamed(1 << 20,
                      [](std::uint64_t, MutableBytes into) { return static_cast<long>(into.size()) + 1; }));
  };
  f.start();
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  REQUIRE(f.read_to_end(client));
  CHECK(client.body().empty());
}

TEST_CASE("a request's body is given whole; one that is too long never reaches the handler") {
  Fixture f;
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
  chunked.send("POST /x HTTP/1.1\r\nHost:h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
               std::string(1001, 'c') + "\r\n");
  REQUIRE(f.read_to_end(chunked));
  CHECK(f.asked.size() == 1);
}

TEST_CASE("what is no HTTP reaches no handler") {
  for (const char* request :
       {"\x16\x03\x01\x02", "GET\r\n\r\n", "GET /x HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n\r\n"}) {
    Fixture f;
    f.start({.idle_timeout = 50ms});
    StreamClient client(f.server->local());
    client.send(request);
    CHECK(f.read_to_end(client));
    CHECK(f.asked.empty());
  }
}

TEST_CASE("\"Connection: close\" closes after the answer") {
  Fixture f;
  f.start();
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\nConnection: close\r\n\r\n");
  REQUIRE(f.read_to_end(client));
  CHECK(client.body() == "fine\n");
  CHECK(f.until([&] { return f.server->stats().connections == 0; }));
}

TEST_CASE("one address may have so many connections, and others still get theirs") {
  Fixture f;
  f.start({.max_connections_per_address = 2}, "0.0.0.0");
  const std::uint16_t port = f.server->local().port;
  const Endpoint server{*IpAddress::parse("127.0.0.1"), port};
  StreamClient a(server);
  StreamClient b(server);
  StreamClient c(server);
  REQUIRE(f.read_to_end(c));
  CHECK(c.got().empty());
  a.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  CHECK(f.read_to_body(a, "fine\n"));
  a.close();
  REQUIRE(f.until([&] { return f.server->stats().connections == 1; }));
  StreamClient d(server);
  d.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  CHECK(f.read_to_body(d, "fine\n"));
}

TEST_CASE("beyond the total, connections wait for their turn") {
  Fixture f;
  f.start({.max_connections = 2, .max_connections_per_address = 10});
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
  Fixture f;
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
  Fixture f;
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
  Fixture f;
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
  Fixture f;
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
  Fixture f;
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
  Fixture f;
  f.start({}, "::1");
  StreamClient client(f.server->local());
  client.send("GET /x HTTP/1.1\r\nHost:h\r\n\r\n");
  CHECK(f.read_to_body(client, "fine\n"));
  CHECK(f.asked[0]->peer() == client.local());
  const auto second = HttpServer::start(f.loop, {.listen = f.server->local()}, [](ExchangePtr) {});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().text ==
        "can't listen on TCP " + f.server->local().to_string() + ": Address already in use");
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
    Fixture f;
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
  const auto endless =
      HttpServer::start(loop, {.unix_path = "/" + std::string(200, 'x')}, [](ExchangePtr) {});
  CHECK_FALSE(endless.has_value());
  rmdir(directory.c_str());
}

TEST_CASE("stop_accepting lets what runs go on") {
  Fixture f;
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
  Fixture f;
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
  Fixture f;
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

TEST_CASE("percent encoding of paths") {
  CHECK(net::percent_decoded("/a%20b%2eC%2Fd") == "/a b.C/d");
  CHECK(net::percent_decoded("%00") == std::string(1, '\0'));
  CHECK(net::percent_decoded("+") == "+");
  for (const char* broken : {"%", "%2", "a%2", "%zz", "%2g", "%%20"}) {
    CAPTURE(broken);
    CHECK_FALSE(net::percent_decoded(broken).has_value());
  }
  CHECK(net::percent_encoded_path("English_United_States/Phone ü%?#.xml") ==
        "English_United_States/Phone%20%C3%BC%25%3F%23.xml");
  CHECK(net::percent_decoded(net::percent_encoded_path("a\x01 b\"<>[]^`{|}~")) == "a\x01 b\"<>[]^`{|}~");
}
