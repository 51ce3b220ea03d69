// Whole calls through one Dropwire and through two behind each other, for every protocol version and every
// server's manners. What each side must see comes from the simulated phone's and server's own tables.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/sim/sccp/proxied_room.hpp"

using namespace dw;
using namespace dw::sim;
using namespace std::chrono_literals;
using Kind = PhoneEvent::Kind;

namespace {

constexpr Dialect kDialects[] = {Dialect::cucm, Dialect::chan_sccp, Dialect::chan_skinny, Dialect::freeswitch};
constexpr unsigned kVersions[] = {3, 11, 17, 20, 22};

ServerOptions two_phones(Dialect dialect) {
  ServerOptions options;
  options.dialect = dialect;
  options.guests_from = "1001";
  options.direct = true;
  return options;
}

PhoneOptions phone_named(const char* device, unsigned version) {
  PhoneOptions options;
  options.device = device;
  options.version = version;
  return options;
}

/// The octets of a message that a proxy may change: of an address, its type, and its port.
struct Span {
  std::size_t begin, end;
};
std::vector<Span> may_change(const SccpFrame& f) {
  const std::size_t size = f.body.size();
  switch (f.id) {
    case id::kRegister:
      return {{0, 16}, {24, 28}, {72, 88}};
    case id::kAlarm:
      return {{88, 92}};
    case id::kOpenReceiveAck:
      return {{4, size >= 36 ? 28U : 12U}};
    case id::kStartMediaAck:
      return {{12, size >= 40 ? 36U : 20U}};
    case id::kStartMedia:
      return {{8, size >= 132 ? 32U : 16U}};
    case id::kOpenReceive:
      return {{100, 128}};
    default:
      return {};
  }
}

/// Each frame that one end sent came out at the other, as long, and equal but for addresses.
void check_passed(const std::vector<SccpRecord>& sent, const std::vector<SccpRecord>& received, int connection,
                  bool received_by_server) {
  std::vector<const SccpFrame*> in, out;
  for (const auto& r : sent) {
    if (r.sent && (received_by_server || r.connection == connection)) in.push_back(&r.frame);
  }
  for (const auto& r : received) {
    if (!r.sent && (!received_by_server || r.connection == connection)) out.push_back(&r.frame);
  }
  REQUIRE(in.size() == out.size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    CAPTURE(to_string(*in[i]));
    REQUIRE(in[i]->id == out[i]->id);
    REQUIRE(in[i]->version == out[i]->version);
    REQUIRE(in[i]->body.size() == out[i]->body.size());
    const auto spans = may_change(*in[i]);
    for (std::size_t at = 0; at < in[i]->body.size(); ++at) {
      if (std::ranges::any_of(spans, [at](Span s) { return at >= s.begin && at < s.end; })) continue;
      CAPTURE(at);
      REQUIRE(in[i]->body[at] == out[i]->body[at]);
    }
  }
}

void check_clean(ProxiedRoom& room) {
  for (std::size_t n = 0; n < room.phones.size(); ++n) {
    CHECK(room.phones[n]->problems() == std::vector<std::string>{});
    check_passed(room.phones[n]->traffic(), room.server.traffic(), static_cast<int>(n), true);
    check_passed(room.server.traffic(), room.phones[n]->traffic(), static_cast<int>(n), false);
  }
  CHECK(room.server.problems() == std::vector<std::string>{});
}

/// Every address that the server got for media is the last Dropwire's, every one that a phone got
/// the first's.
void check_media_addresses(ProxiedRoom& room) {
  const IpAddress central = room.hops.back()->central_side;
  for (const ServerEvent& e : room.server_events) {
    if (e.kind == ServerEvent::Kind::receiving) CHECK(e.remote.address == central);
    if (e.kind == ServerEvent::Kind::registered) CHECK(e.station == central);
  }
  for (const auto& events : room.events) {
    for (const PhoneEvent& e : events) {
      if (e.kind == Kind::transmit_started) CHECK(e.remote.address == room.hops.front()->phone_side);
    }
  }
}

bool talking(ProxiedRoom& room, int n) {
  const auto* channel = room.channel(n);
  return channel && channel->receiving && channel->transmitting;
}

}  // namespace

TEST_CASE("two phones register, call, hold, resume and hang up, through one Dropwire and through two") {
  for (const int hops : {1, 2}) {
    for (const Dialect dialect : kDialects) {
      for (const unsigned version : kVersions) {
        CAPTURE(hops);
        CAPTURE(to_string(dialect));
        CAPTURE(version);
        ProxiedRoom room(two_phones(dialect), hops);
        const int a = room.add(phone_named("SEP001122334401", version));
        const int b = room.add(phone_named("SEP001122334402", version));
        room.connect(a);
        room.connect(b);
        REQUIRE(room.phone(a).is_registered());
        REQUIRE(room.phone(b).is_registered());
        room.act(a, room.phone(a).dial(room.now, "1002"));
        REQUIRE(room.saw(b, Kind::ringing));
        room.act(b, room.phone(b).answer(room.now));
        REQUIRE(talking(room, a));
        REQUIRE(talking(room, b));
        CHECK(room.streams() == 2 * static_cast<std::size_t>(hops));
        room.act(a, room.phone(a).hold(room.now));
        CHECK(!talking(room, a));
        room.advance(7s);
        room.act(a, room.phone(a).resume(room.now));
        CHECK(talking(room, a));
        CHECK(talking(room, b));
        room.act(b, room.phone(b).on_hook(room.now));
        CHECK(room.streams() == 0);
        CHECK(room.reported(sccp::SessionEvent::Kind::call_over).size() == 2 * static_cast<std::size_t>(hops));
        check_media_addresses(room);
        room.act(a, room.phone(a).unregister(room.now));
        CHECK(room.saw(a, Kind::unregistered));
        check_clean(room);
      }
    }
  }
}

TEST_CASE("a consulted transfer leaves two phones talking and no stream of the third's") {
  for (const Dialect dialect : kDialects) {
    for (const unsigned version : {11U, 22U}) {
      CAPTURE(to_string(dialect));
      CAPTURE(version);
      ProxiedRoom room(two_phones(dialect), 1);
      const int a = room.add(phone_named("SEP001122334401", version));
      const int b = room.add(phone_named("SEP001122334402", version));
      const int c = room.add(phone_named("SEP001122334403", version));
      for (const int n : {a, b, c})
        room.connect(n);
      room.act(a, room.phone(a).dial(room.now, "1002"));
      room.act(b, room.phone(b).answer(room.now));
      room.act(b, room.phone(b).transfer(room.now));
      room.act(b, room.phone(b).dial(room.now, "1003"));
      room.act(c, room.phone(c).answer(room.now));
      room.act(b, room.phone(b).transfer(room.now));
      CHECK(talking(room, a));
      CHECK(talking(room, c));
      CHECK(room.streams() == 2);
      room.act(a, room.phone(a).on_hook(room.now));
      CHECK(room.streams() == 0);
      check_media_addresses(room);
      check_clean(room);
    }
  }
}

TEST_CASE("octets may come one by one, or all at once") {
  for (const std::size_t split : {1U, 7U, 0U}) {
    for (const Writes writes : {Writes::octet_by_octet, Writes::coalesced}) {
      ProxiedRoom room(two_phones(Dialect::chan_sccp), 1);
      room.split = split;
      PhoneOptions options = phone_named("SEP001122334401", 20);
      options.writes = writes;
      const int a = room.add(options);
      const int b = room.add(phone_named("SEP001122334402", 20));
      room.connect(a);
      room.connect(b);
      room.act(a, room.phone(a).dial(room.now, "1002"));
      room.act(b, room.phone(b).answer(room.now));
      CHECK(talking(room, a));
      room.act(a, room.phone(a).on_hook(room.now));
      CHECK(room.streams() == 0);
      check_clean(room);
    }
  }
}
