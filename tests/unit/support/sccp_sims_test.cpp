// The simulated phone and the simulated call server against each other: each version with each dialect.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include "tests/support/sccp_room.hpp"

using namespace dw;
using namespace dw::sim;
using Kind = PhoneEvent::Kind;

namespace {

constexpr Dialect kDialects[] = {Dialect::cucm, Dialect::chan_sccp, Dialect::chan_skinny, Dialect::freeswitch};
constexpr unsigned kVersions[] = {11, 17, 20, 22};

ServerOptions server_options(Dialect dialect) {
  ServerOptions options;
  options.dialect = dialect;
  options.devices = {{"SEP001122334451", "1001"}, {"SEP001122334452", "1002"}, {"SEP001122334453", "1003"}};
  return options;
}

PhoneOptions phone_options(unsigned n, unsigned version) {
  PhoneOptions options;
  options.device = fmt::format("SEP00112233445{}", n);
  options.station = IpAddress::v4(0xC0A80100 + n);
  options.version = version;
  return options;
}

// Two or three registered phones: 0 is 1001, 1 is 1002, 2 is 1003.
SccpRoom registered(ServerOptions options, unsigned version, int count = 2) {
  SccpRoom room(std::move(options));
  for (int i = 0; i < count; ++i)
    room.connect(room.add(phone_options(static_cast<unsigned>(i + 1), version)));
  return room;
}

void check_no_problems(const SccpRoom& room) {
  for (const auto& phone : room.phones) {
    for (const std::string& text : phone->problems())
      FAIL_CHECK("phone: ", text);
  }
  for (const std::string& text : room.server.problems())
    FAIL_CHECK("server: ", text);
}

void call(SccpRoom& room, int from, int to, std::string_view number) {
  room.act(from, room.phone(from).dial(room.now, number));
  room.act(to, room.phone(to).answer(room.now));
}

// Media stands between both: direct, each sends to where the other receives; else both to the server.
void check_talking(SccpRoom& room, int a, int b) {
  const auto* x = room.channel(a);
  const auto* y = room.channel(b);
  REQUIRE(x != nullptr);
  REQUIRE(y != nullptr);
  CHECK((x->receiving && x->transmitting && y->receiving && y->transmitting));
  if (room.server.options().direct) {
    CHECK(x->remote == Endpoint{room.phone(b).options().station, y->local_port});
    CHECK(y->remote == Endpoint{room.phone(a).options().station, x->local_port});
  } else {
    const auto route = room.server.rtp_route(x->remote.port);
    REQUIRE(route);
    CHECK(route->second == Endpoint{room.phone(b).options().station, y->local_port});
    CHECK(route->first == y->remote.port);
  }
}

template <class Body>
void each_pair(Body&& body) {
  for (const Dialect dialect : kDialects) {
    for (const unsigned version : kVersions) {
      for (const bool direct : {false, true}) {
        CAPTURE(to_string(dialect));
        CAPTURE(version);
        CAPTURE(direct);
        ServerOptions options = server_options(dialect);
        options.direct = direct;
        body(std::move(options), version);
      }
    }
  }
}

}  // namespace

TEST_CASE("a phone registers with each dialect at each version") {
  each_pair([](const ServerOptions& options, unsigned version) {
    SccpRoom room = registered(options, version);
    CHECK(room.saw(0, Kind::registered));
    CHECK(room.server.registered() == 2);
    const unsigned agreed = options.dialect == Dialect::freeswitch ? 11 : version;
    CHECK(room.phone(0).version() == agreed);
    check_no_problems(room);
  });
}

TEST_CASE("calls go both ways and end from both sides") {
  each_pair([](const ServerOptions& options, unsigned version) {
    SccpRoom room = registered(options, version);
    call(room, 0, 1, "1002");
    CHECK(room.saw(0, Kind::connected));
    CHECK(room.saw(1, Kind::connected));
    check_talking(room, 0, 1);
    room.act(0, room.phone(0).on_hook(room.now));
    CHECK(room.saw(1, Kind::ended));
    CHECK(room.server.legs() == 0);
    call(room, 1, 0, "1001");
    check_talking(room, 1, 0);
    room.act(0, room.phone(0).on_hook(room.now));
    CHECK(room.phone(0).channels().empty());
    CHECK(room.phone(1).channels().empty());
    CHECK(room.phone(1).calls().empty());
    check_no_problems(room);
  });
}

TEST_CASE("hold closes media, resume opens it again with the same ids and another port") {
  each_pair([](const ServerOptions& options, unsigned version) {
    SccpRoom room = registered(options, version);
    call(room, 0, 1, "1002");
    const SccpPhone::Channel before = *room.channel(0);
    room.act(0, room.phone(0).hold(room.now));
    CHECK(room.saw(0, Kind::held));
    CHECK(room.phone(0).channels().empty());
    room.act(0, room.phone(0).resume(room.now));
    check_talking(room, 0, 1);
    CHECK(room.channel(0)->ids.party == before.ids.party);
    CHECK(room.channel(0)->ids.call == before.ids.call);
    CHECK(room.channel(0)->local_port != before.local_port);
    check_no_problems(room);
  });
}

TEST_CASE("a consulted transfer joins the other two") {
  each_pair([](const ServerOptions& options, unsigned version) {
    SccpRoom room = registered(options, version, 3);
    call(room, 0, 1, "1002");
    room.act(1, room.phone(1).transfer(room.now));
    room.act(1, room.phone(1).dial(room.now, "1003"));
    room.act(2, room.phone(2).answer(room.now));
    check_talking(room, 1, 2);
    room.act(1, room.phone(1).transfer(room.now));
    CHECK(room.phone(1).calls().empty());
    CHECK(room.phone(1).channels().empty());
    check_talking(room, 0, 2);
    room.act(2, room.phone(2).on_hook(room.now));
    CHECK(room.server.legs() == 0);
    check_no_problems(room);
  });
}

TEST_CASE("a blind transfer joins them when the target answers") {
  each_pair([](const ServerOptions& options, unsigned version) {
    SccpRoom room = registered(options, version, 3);
    call(room, 0, 1, "1002");
    room.act(0, room.phone(0).transfer(room.now));
    room.act(0, room.phone(0).dial(room.now, "1003"));
    room.act(0, room.phone(0).transfer(room.now));
    CHECK(room.phone(0).calls().empty());
    room.act(2, room.phone(2).answer(room.now));
    check_talking(room, 1, 2);
    check_no_problems(room);
  });
}

TEST_CASE("the far leg is redirected without a stop when it was kept open") {
  ServerOptions options = server_options(Dialect::cucm);
  options.direct = options.keep_far_on_hold = true;
  SccpRoom room = registered(options, 17, 3);
  call(room, 0, 1, "1002");
  room.act(0, room.phone(0).transfer(room.now));
  room.act(0, room.phone(0).dial(room.now, "1003"));
  room.act(2, room.phone(2).answer(room.now));
  CHECK(room.channel(1)->transmitting);
  room.act(0, room.phone(0).transfer(room.now));
  check_talking(room, 1, 2);
  CHECK(room.lengths(1, id::kStopMedia).empty());
  CHECK(room.lengths(1, id::kStartMedia).size() == 2);
  CHECK(room.lengths(1, id::kOpenReceive).size() == 1);
}

TEST_CASE("both phones of a call may be given the same ids") {
  ServerOptions options = server_options(Dialect::cucm);
  options.shared_ids = true;
  SccpRoom room = registered(options, 17);
  call(room, 0, 1, "1002");
  check_talking(room, 0, 1);
  CHECK(room.channel(0)->ids == room.channel(1)->ids);
}
