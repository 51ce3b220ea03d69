// Calls at once and attempts a minute, of a phone and of an address: what is refused, and what never is.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/sim/sccp/proxied_room.hpp"

using namespace dw;
using namespace dw::sim;
using namespace std::chrono_literals;
using Reported = sccp::SessionEvent::Kind;

namespace {

constexpr Dialect kManners[] = {Dialect::cucm, Dialect::chan_sccp, Dialect::chan_skinny, Dialect::freeswitch};

ServerOptions three_lines(Dialect dialect) {
  ServerOptions options;
  options.dialect = dialect;
  options.guests_from = "1001";
  return options;
}

/// A caller and the called, registered; what the caller may do is set.
struct House {
  House(CallLimits::Options limits, bool enbloc, Dialect dialect = Dialect::cucm) : room(three_lines(dialect), 1) {
    room.hop(0).limits.configure(limits);
    room.hop(0).options.emergency = {"1002"};
    for (const char* device : {"SEP001122334401", "SEP001122334402", "SEP001122334403"}) {
      PhoneOptions options;
      options.device = device;
      options.enbloc = enbloc;
      room.connect(room.add(options));
    }
  }
  void call(std::string_view number) { room.act(0, room.phone(0).dial(room.now, number)); }
  std::size_t rung(int n) const {
    return static_cast<std::size_t>(
        std::ranges::count(room.events.at(static_cast<std::size_t>(n)), PhoneEvent::Kind::ringing, &PhoneEvent::kind));
  }
  void hang_up() { room.act(0, room.phone(0).on_hook(room.now)); }
  std::size_t notices() const {
    return static_cast<std::size_t>(std::ranges::count_if(room.phones.front()->traffic(), [](const SccpRecord& r) {
      return !r.sent && r.frame.id == 0x0114 && text_at(r.frame.body, 4, 32) == "Too many calls";
    }));
  }
  ProxiedRoom room;
};

}  // namespace

TEST_CASE("sccp limits: attempts a minute: the call ends at the server and at the phone, which shows why") {
  for (const Dialect dialect : kManners) {
    for (const bool enbloc : {false, true}) {
      CAPTURE(to_string(dialect));
      CAPTURE(enbloc);
      House house({.attempts_per_phone = 2}, enbloc, dialect);
      for (int i = 0; i < 2; ++i) {
        house.call("1003");
        house.hang_up();
      }
      REQUIRE(house.rung(2) == 2);
      CHECK(house.notices() == 0);
      house.call("1003");
      CHECK(house.notices() == 1);
      CHECK(house.room.phone(0).calls().empty());
      CHECK(house.room.phone(2).calls().empty());
      CHECK(house.room.session(0).calls(house.room.now).empty());
      REQUIRE(house.room.reported(Reported::call_refused).size() == 1);
      CHECK(house.room.reported(Reported::call_refused).front().text == "access.sccp.call_attempts_per_phone");
      CHECK(house.room.hop(0).counters.calls_refused == 1);
      house.room.advance(31s);
      house.call("1003");
      CHECK(house.room.reported(Reported::call_refused).size() == 1);
      CHECK(house.room.phone(0).calls().size() == 1);
      CHECK(house.room.phone(0).problems() == std::vector<std::string>{});
      CHECK(house.room.server.problems() == std::vector<std::string>{});
    }
  }
}

TEST_CASE("sccp limits: an attempt that is refused as one number is never seen by the server") {
  House house({.attempts_per_phone = 1}, true);
  house.call("1003");
  house.hang_up();
  house.call("1003");
  CHECK(house.rung(2) == 1);
}

TEST_CASE("sccp limits: calls at once: a call that is over makes room, and one whose connection is lost") {
  for (const bool enbloc : {false, true}) {
    CAPTURE(enbloc);
    House house({.calls_per_phone = 1}, enbloc);
    house.call("1003");
    house.room.act(2, house.room.phone(2).answer(house.room.now));
    house.room.act(0, house.room.phone(0).hold(house.room.now));
    house.call("1003");
    REQUIRE(house.room.reported(Reported::call_refused).size() == 1);
    CHECK(house.room.reported(Reported::call_refused).front().text == "access.sccp.calls_per_phone");
    CHECK(house.room.phone(0).calls().size() == 1);  // the one on hold
    house.room.act(2, house.room.phone(2).on_hook(house.room.now));
    house.call("1003");
    CHECK(house.room.reported(Reported::call_refused).size() == 1);
    house.room.lose(0);
    house.room.connect(0);
    house.call("1003");
    CHECK(house.room.reported(Reported::call_refused).size() == 1);
  }
}

TEST_CASE("sccp limits: calls for help are never refused, and calls to the phone are not its own") {
  for (const Dialect dialect : kManners) {
    for (const bool enbloc : {false, true}) {
      CAPTURE(to_string(dialect));
      CAPTURE(enbloc);
      House house({.calls_per_phone = 1, .calls_per_source = 1, .attempts_per_phone = 1, .attempts_per_source = 1},
                  enbloc, dialect);
      house.call("1003");
      house.room.act(2, house.room.phone(2).answer(house.room.now));
      house.room.act(0, house.room.phone(0).hold(house.room.now));
      house.call("1002");
      CHECK(house.rung(1) == 1);
      CHECK(house.room.reported(Reported::call_refused).empty());
      house.hang_up();
      house.room.act(1, house.room.phone(1).dial(house.room.now, "1001"));  // another phone, another limit
      CHECK(house.rung(0) == 1);
      CHECK(house.room.reported(Reported::call_refused).empty());
    }
  }
}

TEST_CASE("sccp limits: all phones of one address together") {
  House house({.attempts_per_source = 1}, false);
  house.room.public_address = *IpAddress::parse("198.51.100.7");
  for (const int n : {0, 1}) {
    house.room.lose(n);
    house.room.connect(n);
    house.room.act(n, house.room.phone(n).dial(house.room.now, "1003"));
  }
  REQUIRE(house.room.reported(Reported::call_refused).size() == 1);
  CHECK(house.room.reported(Reported::call_refused).front().text == "access.sccp.call_attempts_per_source");
}

TEST_CASE("sccp limits: a server that says Proceed before the number is waited for, as it may be a call for help") {
  for (const char* number : {"1002", "1003"}) {
    CAPTURE(number);
    FakeBroker broker;
    sccp::SessionOptions options;
    options.emergency = {"1002"};
    sccp::SessionCounters counters;
    CallLimits limits({.calls_per_phone = 1}, 1);
    const TimePoint now{1h};
    sccp::Session session(options, broker, counters, {{IpAddress::v4(0xC0A80132U), 50000}, {}, {}}, now, &limits);
    sccp::Output out;
    const auto phone = [&](std::uint32_t message, Buffer body) {
      session.on_phone(now, to_octets({0, message, std::move(body)}), out);
    };
    const auto server = [&](std::uint32_t message, Buffer body) {
      session.on_server(now, to_octets({0, message, std::move(body)}), out);
    };
    const auto state = [&](std::uint32_t value, std::uint32_t call) {
      server(id::kCallState, Body(12).u32(0, value).u32(4, 1).u32(8, call).take());
    };
    const auto dialled = [&](std::string_view digits, std::uint32_t call) {
      server(id::kDialedNumber, Body(32).text(0, 24, digits).u32(24, 1).u32(28, call).take());
    };
    phone(id::kRegister, Body(128).text(0, 16, "SEP001122334455").u32(28, 115).u8(40, 17).take());
    session.on_server_connected(now, {}, out);
    session.on_admitted(now, out);
    server(id::kRegisterAck, Body(20).u32(0, 30).u32(12, 30).u8(16, 17).take());
    state(1, 5);
    state(12, 5);
    dialled("1003", 5);
    out.clear();
    state(1, 6);
    state(12, 6);
    CHECK(out.to_server.empty());
    dialled(number, 6);
    const bool help = std::string_view(number) == "1002";
    CHECK(out.to_server == (help ? Buffer{} : to_octets({0, id::kOnHook, Body(8).u32(0, 1).u32(4, 6).take()})));
  }
}
