#include <doctest/doctest.h>

#include <set>

#include "sbc/net/http_places.hpp"
#include "tests/loop/net/http_fixture.hpp"

using namespace dw;
using namespace dw::test;
using namespace std::chrono_literals;

namespace {

const std::string kAsk = "GET /x HTTP/1.1\r\nHost:h\r\n\r\n";

IpAddress loopback_guest(unsigned n) {
  return IpAddress::v4(0x7f000000U + n);
}

/// A service on one address or two, and clients of many addresses.
struct CrowdedService {
  explicit CrowdedService(const ConnectionBudget::Options& options)
      : places(options, [this](TimePoint, const IpAddress& source) {
          return known.contains(source) ? Standing::proven : Standing::stranger;
        }) {
    f.start({.places = &places}, "0.0.0.0");
    at = {*IpAddress::parse("127.0.0.1"), f.server->local().port};
  }
  ~CrowdedService() { f.server.reset(); }

  StreamClient& come(const IpAddress& from, std::string_view says = {}) {
    clients.push_back(std::make_unique<StreamClient>(from.is_v6() ? v6 : at, 0, from));
    if (!says.empty()) clients.back()->send(says);
    f.loop.run_until([] { return false; }, 1ms);
    return *clients.back();
  }
  bool is_served(StreamClient& client) {
    client.send(kAsk);
    f.read_until(client, [&] { return client.body() == "fine\n" || client.ended(); });
    return client.body() == "fine\n";
  }
  std::size_t open() {
    return static_cast<std::size_t>(std::ranges::count_if(clients, [](auto& client) {
      client->read();
      return !client->ended();
    }));
  }
  bool until_open(std::size_t count) {
    return f.until([&] {
      return open() == count && f.server->stats().connections + (other ? other->stats().connections : 0) == count;
    });
  }

  std::set<IpAddress> known;
  net::HttpPlaces places;
  HttpFixture f;
  std::unique_ptr<HttpServer> other;
  Endpoint at, v6;
  std::vector<std::unique_ptr<StreamClient>> clients;
};

}  // namespace

TEST_CASE("http places: the connections of one address are limited, and others still get theirs") {
  CrowdedService s({.total = 100, .per_source = 2});
  for (int i = 0; i < 20; ++i)
    s.come(loopback_guest(2));
  CHECK(s.until_open(2));
  CHECK(s.is_served(s.come(loopback_guest(3))));
  CHECK(s.is_served(*s.clients.front()));
}

TEST_CASE("http places: idle connections of strangers make room for requests, and a known source has its share") {
  CrowdedService s({.total = 20, .per_source = 20});
  const IpAddress home = loopback_guest(9);
  s.known.insert(home);
  for (unsigned n = 0; n < 40; ++n)
    s.come(loopback_guest(2 + n % 2), "GET /x HTTP/1.1\r\n");  // never whole
  REQUIRE(s.until_open(10));
  for (unsigned n = 20; n < 28; ++n)  // then each has one
    CHECK(s.is_served(s.come(loopback_guest(n))));
  for (unsigned n = 0; n < 10; ++n)
    CHECK(s.is_served(s.come(home)));
  CHECK(s.f.server->stats().connections == 20);
  CHECK(s.f.server->stats().cut_for_others > 0);
}

TEST_CASE(
    "http places: 200 idle connections of one IPv6 /64 hold what one source may, at all addresses of the service together") {
  CrowdedService s({.total = 16, .per_source = 6});
  auto more = HttpServer::start(s.f.loop, {.listen = Endpoint{*IpAddress::parse("::1"), 0}, .places = &s.places},
                                [](ExchangePtr e) { e->reply(text_reply("fine\n")); });
  REQUIRE(more);
  s.other = std::move(*more);
  s.v6 = s.other->local();
  for (int i = 0; i < 200; ++i)
    s.come(*IpAddress::parse("::1"));
  REQUIRE(s.until_open(6));
  s.come(loopback_guest(2));
  s.come(loopback_guest(3));
  REQUIRE(s.until_open(8));  // strangers have half
  CHECK(s.is_served(s.come(loopback_guest(4))));
  CHECK(s.until_open(8));
  CHECK(s.other->stats().connections == 5);  // it was one of those many
  s.other.reset();
}

TEST_CASE(
    "http places: a request in the works is not idle, and goes for a source with fewer once nothing idle is left") {
  CrowdedService s({.total = 6, .per_source = 6});
  s.f.answer = [](const ExchangePtr& e) {
    if (e->peer().address != loopback_guest(2)) e->reply(text_reply("fine\n"));
  };
  s.come(loopback_guest(2), kAsk);
  REQUIRE(s.f.until([&] { return s.f.asked.size() == 1; }));
  StreamClient& waits = *s.clients.back();
  s.come(loopback_guest(2));
  s.come(loopback_guest(2));
  REQUIRE(s.until_open(3));  // that is what strangers have
  CHECK(s.is_served(s.come(loopback_guest(3))));
  REQUIRE(s.until_open(3));
  s.f.asked[0]->reply(text_reply("late\n"));
  CHECK(s.f.read_to_body(waits, "late\n"));
}

TEST_CASE("http places: a source with many running requests loses one to a source with fewer") {
  CrowdedService s({.total = 6, .per_source = 6});
  s.f.answer = [](const ExchangePtr& e) {
    if (e->peer().address != loopback_guest(2)) e->reply(text_reply("fine\n"));
  };
  for (std::size_t i = 1; i <= 3; ++i) {
    s.come(loopback_guest(2), kAsk);
    REQUIRE(s.f.until([&] { return s.f.asked.size() == i; }));
  }
  CHECK(s.is_served(s.come(loopback_guest(3))));
  CHECK(s.f.read_to_end(*s.clients.front()));
  CHECK(s.until_open(3));
  REQUIRE(s.f.until([&] { return !s.f.ends.empty(); }));
}

TEST_CASE("http places: a connection with a login stays, whoever comes") {
  CrowdedService s({.total = 8, .per_source = 8});
  s.f.answer = [](const ExchangePtr& e) {
    if (e->peer().address == loopback_guest(9)) e->settle_connection();
    e->reply(text_reply("fine\n"));
  };
  StreamClient& operator_ = s.come(loopback_guest(9));
  REQUIRE(s.is_served(operator_));
  for (unsigned n = 0; n < 60; ++n)
    s.come(loopback_guest(20 + n % 5));
  CHECK(s.until_open(5));  // strangers' half, and this one
  operator_.forget();
  CHECK(s.is_served(operator_));
}

TEST_CASE("http places: a renewed server counts those that the old one still has") {
  CrowdedService s({.total = 8, .per_source = 2});
  s.come(loopback_guest(2));
  REQUIRE(s.until_open(1));
  auto renewed = s.f.server->renew({.places = &s.places});
  REQUIRE(renewed);
  s.other = std::exchange(s.f.server, std::move(*renewed));
  s.come(loopback_guest(2));
  s.come(loopback_guest(2));
  CHECK(s.until_open(2));
  s.clients.front()->close();
  REQUIRE(s.f.until([&] { return s.other->stats().connections == 0; }));
  s.other.reset();
  CHECK(s.is_served(s.come(loopback_guest(2))));
}
