#include "sbc/sip/watch.hpp"

#include "tests/unit/sip/sip_parts.hpp"

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;
using dw::sip::test::Parts;

namespace {

/// The request that was sent last, as a transaction.
Transaction& last_asked(Parts& p) {
  REQUIRE_FALSE(p.out.sends.empty());
  const std::string& octets = p.out.sends.back().octets;
  const auto begin = octets.find(";branch=") + 8;
  Transaction* const t = p.transactions.find_client(octets.substr(begin, octets.find_first_of(";\r", begin) - begin));
  REQUIRE(t);
  return *t;
}

}  // namespace

TEST_CASE(
    "sip watch: a server that leaves two pings unanswered in a row is asked at its next address, and then is down") {
  Parts p({.ping = 30s});
  p.watch.ping_servers(p.now, p.out);
  REQUIRE(p.out.sends.size() == 1);
  CHECK(p.out.sends[0].to.peer == Parts::server());
  CHECK(p.watch.next_ping() == p.now + 30s);
  p.watch.answered(p.now, last_asked(p), p.out);
  const auto silence = [&] {
    p.now = p.watch.next_ping();
    p.watch.ping_servers(p.now, p.out);
    p.watch.unanswered(p.now, last_asked(p), p.out);
  };
  silence();
  CHECK(p.servers[0].address()->peer == Parts::server());
  silence();
  CHECK(p.servers[0].address()->peer == Parts::server(1));
  CHECK(p.servers[0].up);
  CHECK(p.watch.next_ping() <= p.now + p.options.retry);
  CHECK(p.events(Event::Kind::server_down) == 0);
  silence();
  CHECK_FALSE(p.servers[0].up);
  CHECK(p.events(Event::Kind::server_down) == 1);
  p.watch.server_worked(p.now + 10s, 0, p.out);
  CHECK(p.events(Event::Kind::server_up) == 1);
}

TEST_CASE("sip watch: a server that never answered OPTIONS is not taken for dead by its silence") {
  Parts p({.ping = 30s});
  for (int i = 0; i < 5; ++i) {
    p.now = std::max(p.now, p.watch.next_ping());
    p.watch.ping_servers(p.now, p.out);
    p.watch.unanswered(p.now, last_asked(p), p.out);
  }
  CHECK(p.servers[0].up);
  CHECK(p.events(Event::Kind::server_down) == 0);
}

TEST_CASE("sip watch: nothing is due where servers are not to be asked, and whoever is suspected is asked at once") {
  Parts p({.ping = {}});
  CHECK(p.watch.next_ping() == TimePoint::max());
  p.watch.ping_servers(p.now, p.out);
  CHECK(p.out.sends.empty());
  p.options.ping = 30s;
  p.watch.ping_servers(p.now, p.out);
  p.now += 1s;
  p.watch.suspect(p.now, 0);
  CHECK(p.watch.next_ping() == p.now);
  p.watch.ping_servers(p.now, p.out);
  p.watch.suspect(p.now, 0);  // whoever says so again and again does not make us ask more often
  CHECK(p.watch.next_ping() > p.now);
}

TEST_CASE("sip watch: after silence the other port of a phone is asked, and the one that answers is used") {
  Parts p;
  Binding& b = p.bind("token", "1001");
  Reach reach = b.reach;
  reach.flow.peer.port = 40'000;
  p.bindings.moved(b, reach);
  p.watch.keep_alive(p.now, b, p.out);
  REQUIRE(p.out.sends.size() == 1);
  CHECK(p.out.sends[0].to.peer.port == 5060);  // on a LAN the Contact's port
  p.watch.unanswered(p.now, last_asked(p), p.out);
  CHECK(b.next_keepalive == p.now + 1s);
  p.now = b.next_keepalive;
  p.watch.keep_alive(p.now, b, p.out);
  CHECK(p.out.sends.back().to.peer.port == 40'000);
  p.watch.answered(p.now, last_asked(p), p.out);
  CHECK(b.reach.answers == Reach::Answers::at_source);
  CHECK(b.unanswered == 0);
}

TEST_CASE("sip watch: a phone that answers on neither port is reported once, and again when it is back") {
  Parts p;
  Binding& b = p.bind("token", "1001");
  for (int i = 0; i < 8; ++i) {
    p.now += 30s;
    p.watch.keep_alive(p.now, b, p.out);
    p.watch.unanswered(p.now, last_asked(p), p.out);
  }
  CHECK(p.events(Event::Kind::unreachable) == 1);
  p.watch.answered(p.now, last_asked(p), p.out);
  CHECK(p.events(Event::Kind::reachable) == 1);
}

TEST_CASE("sip watch: the lines of one phone share what keeps its port open") {
  Parts p;
  Binding &first = p.bind("one", "1001"), &second = p.bind("two", "1002");
  first.reach.answers = second.reach.answers = Reach::Answers::at_contact;
  p.watch.keep_alive(p.now, first, p.out);
  p.watch.keep_alive(p.now, second, p.out);
  CHECK(p.out.sends.size() == 1);
  p.watch.suspect(p.now, second, p.out.sends[0].to.peer);
  CHECK(second.next_keepalive == p.now);
  p.watch.keep_alive(p.now, second, p.out);
  CHECK(p.out.sends.size() == 2);
  p.watch.forget_old(p.now + 1h);
  p.watch.keep_alive(p.now + 1h, first, p.out);
  CHECK(p.out.sends.size() == 3);
}
