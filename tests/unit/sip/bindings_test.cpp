#include "sbc/sip/bindings.hpp"

#include <doctest/doctest.h>

#include <string>

#include "sbc/sip/register.hpp"

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;

namespace {

struct BindingsCase {
  Bindings all{100, 1};
  TimePoint now{1h};

  /// A phone at 192.168.1.`last`, registered as `user`.
  Binding make(const std::string& token, const std::string& user, unsigned last = 50, std::uint16_t port = 5060) const {
    Binding b;
    b.token = token;
    b.user = user;
    b.aor = user + "@pbx.example.net";
    b.contact_uri = "sip:" + user + "@192.168.1." + std::to_string(last) + ":" + std::to_string(port);
    b.contact = "<" + b.contact_uri + ">";
    b.reach.flow = {Transport::udp, {}, {IpAddress::v4(0xC0A80100U + last), port}, ConnectionId::none};
    b.reach.stated = b.reach.flow.peer.address;
    b.expires_at = now + 1h;
    b.key = binding_key(b.aor, {}, b.contact_uri, b.reach.flow.peer.address);
    return b;
  }
  Binding& add(const std::string& token, const std::string& user, unsigned last = 50, std::uint16_t port = 5060) {
    return *all.add(make(token, user, last, port));
  }
};

}  // namespace

TEST_CASE("sip bindings: one is found by token, key, id, AOR and source, and by none of them once it is removed") {
  BindingsCase c;
  Binding& b = c.add("one", "1001");
  const std::string key = b.key;
  const auto id = b.id;
  CHECK(c.all.by_token("one") == &b);
  CHECK(c.all.by_key(key) == &b);
  CHECK(c.all.by_id(id) == &b);
  CHECK(c.all.by_aor("1001@pbx.example.net").size() == 1);
  CHECK(c.all.knows_source(b.reach.flow.peer.address));
  CHECK(c.all.is_user_at(b.reach.flow, "1001"));
  c.all.remove(b);
  CHECK_FALSE(c.all.by_token("one"));
  CHECK_FALSE(c.all.by_key(key));
  CHECK_FALSE(c.all.by_id(id));
  CHECK(c.all.by_aor("1001@pbx.example.net").empty());
  CHECK_FALSE(c.all.knows_source(IpAddress::v4(0xC0A80132)));
  CHECK(c.all.size() == 0);
  CHECK_FALSE(c.all.next_deadline());
}

TEST_CASE("sip bindings: a phone that moves is found where it is now, and nobody where it was") {
  BindingsCase c;
  Binding& b = c.add("one", "1001");
  Reach reach = b.reach;
  reach.flow.peer.address = IpAddress::v4(0xC0A80133);
  c.all.moved(b, reach);
  CHECK(c.all.knows_source(IpAddress::v4(0xC0A80133)));
  CHECK_FALSE(c.all.knows_source(IpAddress::v4(0xC0A80132)));
}

TEST_CASE("sip bindings: a user is one phone's alone only where nobody else has it at that server") {
  BindingsCase c;
  Binding& first = c.add("one", "1001", 50);
  CHECK(c.all.only_by_user("1001", 0) == &first);
  CHECK_FALSE(c.all.only_by_user("1001", 1));
  Binding& second = c.add("two", "1001", 51);
  CHECK_FALSE(c.all.only_by_user("1001", 0));
  second.server = 1;
  CHECK(c.all.only_by_user("1001", 0) == &first);
  CHECK(c.all.only_by_user("1001", 1) == &second);
}

TEST_CASE(
    "sip bindings: of several phones at one address the Contact says which one speaks, else the user at its port") {
  BindingsCase c;
  Binding& first = c.add("one", "1001", 50, 5060);
  Binding& second = c.add("two", "1002", 50, 5070);
  PhoneWords says;
  says.user = "1002";
  CHECK(c.all.of_phone(second.reach.flow, says) == &second);
  says.contact_uri = first.contact_uri;
  says.user = "1001";
  CHECK(c.all.of_phone(first.reach.flow, says) == &first);
  Flow elsewhere = first.reach.flow;
  elsewhere.peer.address = IpAddress::v4(0xC0A80140);
  CHECK_FALSE(c.all.of_phone(elsewhere, says));
}

TEST_CASE("sip bindings: of an AOR with kMaxPerAor the one that expires first makes room, and a source has a quarter") {
  BindingsCase c;
  for (unsigned i = 0; i < Bindings::kMaxPerAor; ++i) {
    Binding b = c.make("token" + std::to_string(i), "1001", 50 + i);
    b.expires_at = c.now + 1h - std::chrono::minutes(i == 7 ? 30 : 0);
    REQUIRE(c.all.add(std::move(b)));
  }
  REQUIRE(c.all.too_many("1001@pbx.example.net"));
  CHECK(c.all.too_many("1001@pbx.example.net")->token == "token7");
  CHECK_FALSE(c.all.too_many("1002@pbx.example.net"));
  std::size_t added = 0;
  for (unsigned i = 0; i < 100 && c.all.has_room(IpAddress::v4(0xC0A801C8)); ++i) {
    if (!c.all.add(c.make("more" + std::to_string(i), "2" + std::to_string(i), 200))) break;
    ++added;
  }
  CHECK(added == Bindings::kLeastPerSource);
  CHECK(c.all.has_room(IpAddress::v4(0xC0A801C9)));
}

TEST_CASE("sip bindings: expiry and keepalive come due in order, and what changed is reported once") {
  BindingsCase c;
  Binding& b = c.add("one", "1001");
  b.next_keepalive = c.now + 10s;
  c.all.arm(b);
  CHECK(c.all.next_deadline() == c.now + 10s);
  CHECK_FALSE(c.all.pop_due(c.now + 9s));
  CHECK(c.all.pop_due(c.now + 10s) == &b);
  b.next_keepalive = TimePoint::max();
  c.all.arm(b);
  CHECK(c.all.next_deadline() == b.expires_at);
  CHECK(c.all.take_changed() == std::vector<std::string>{"one"});
  CHECK(c.all.take_changed().empty());
  c.all.rename(b, "two", b.key, {});
  CHECK(c.all.by_token("two") == &b);
  CHECK_FALSE(c.all.by_token("one"));
  CHECK(c.all.take_changed().size() == 2);
}

TEST_CASE("sip bindings: when a connection ends its phones are not reached until they register again") {
  BindingsCase c;
  Binding b = c.make("one", "1001");
  b.reach.flow.transport = Transport::tcp;
  b.reach.flow.connection = ConnectionId{5};
  REQUIRE(c.all.add(std::move(b)));
  Binding& other = c.add("two", "1002");
  CHECK(c.all.uses(ConnectionId{5}, IpAddress::v4(0xC0A80132)));
  const auto lost = c.all.connection_closed(ConnectionId{5});
  REQUIRE(lost.size() == 1);
  CHECK(lost[0]->token == "one");
  CHECK(lost[0]->stale_connection);
  CHECK_FALSE(other.stale_connection);
}
