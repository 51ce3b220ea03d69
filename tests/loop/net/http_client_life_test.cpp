#include "tests/loop/net/http_client_fixture.hpp"

// Connections that are used again, and transfers that are dropped.
using namespace dw;
using namespace std::chrono_literals;
using net::HttpClient;
using net::HttpHead;
using test::ScriptedOrigin;
using namespace dw::http_client_test;

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
