// Sessions of the simulated phone and server: beginnings, ends, keepalives, and the oddities that can be
// asked for.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/sccp_room.hpp"

using namespace dw;
using namespace dw::sim;
using namespace std::chrono_literals;
using Kind = PhoneEvent::Kind;

namespace {

ServerOptions guests(Dialect dialect = Dialect::chan_sccp) {
  ServerOptions options;
  options.dialect = dialect;
  options.guests_from = "1001";
  return options;
}

PhoneOptions phone_named(std::string device, unsigned version = 17) {
  PhoneOptions options;
  options.device = std::move(device);
  options.version = version;
  return options;
}

bool server_saw(const SccpRoom& room, ServerEvent::Kind kind) {
  return std::ranges::any_of(room.server_events, [&](const ServerEvent& e) { return e.kind == kind; });
}

std::vector<std::uint32_t> received(SccpRoom& room, int n) {
  std::vector<std::uint32_t> out;
  for (const SccpRecord& r : room.phone(n).traffic()) {
    if (!r.sent) out.push_back(r.frame.id);
  }
  return out;
}

}  // namespace

TEST_CASE("a stream comes out in the same frames however it is cut") {
  const SccpFrame one{0, id::kKeepAlive, {}}, two{17, id::kIpPort, {1, 2, 3}};
  Buffer stream = to_octets(one);
  const Buffer second = to_octets(two);
  stream.insert(stream.end(), second.begin(), second.end());
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    SccpFramer framer;
    std::vector<SccpFrame> frames;
    for (const Bytes part : {Bytes(stream).first(cut), Bytes(stream).subspan(cut)}) {
      framer.add(part);
      while (const auto frame = framer.next())
        frames.push_back(*frame);
    }
    REQUIRE(frames.size() == 2);
    CHECK(frames[0] == one);
    CHECK(frames[1] == two);
  }
}

TEST_CASE("a length that can't be breaks the stream") {
  const std::pair<Buffer, bool> cases[] = {
      {{3, 0, 0, 0}, true}, {{0xF9, 0x0F, 0, 0}, true}, {{0xF8, 0x0F, 0, 0}, false}};
  for (const auto& [octets, broken] : cases) {
    SccpFramer framer;
    framer.add(octets);
    CHECK(!framer.next());
    CHECK(framer.broken() == broken);
  }
}

TEST_CASE("unknown devices are rejected") {
  for (const Dialect dialect : {Dialect::cucm, Dialect::chan_sccp, Dialect::chan_skinny, Dialect::freeswitch}) {
    ServerOptions options;
    options.dialect = dialect;
    SccpRoom room(options);
    room.connect(room.add(phone_named("SEP001122334455")));
    CHECK(room.saw(0, Kind::rejected));
    CHECK_FALSE(room.saw(0, Kind::registered));
    CHECK_FALSE(room.up[0]);
  }
}

TEST_CASE("keepalives go at the interval of RegisterAck") {
  ServerOptions options = guests();
  options.keepalive = 25s;
  SccpRoom room(options);
  room.connect(room.add({}));
  room.advance(101s);
  CHECK(room.lengths(0, id::kKeepAlive, true).size() == 4);
  CHECK(room.lengths(0, id::kKeepAliveAck).size() == 4);
  CHECK(room.up[0]);
}

TEST_CASE("after three unanswered keepalives the phone gives up") {
  SccpRoom room(guests(Dialect::cucm));
  room.connect(room.add({}));
  room.server.options().answer_keepalives = false;
  room.advance(119s);
  CHECK_FALSE(room.saw(0, Kind::lost));
  room.advance(1s);
  CHECK(room.saw(0, Kind::lost));
  CHECK(room.server.registered() == 0);
}

TEST_CASE("a second session of a device") {
  SUBCASE("chan_sccp refuses it once and ends both") {
    SccpRoom room(guests());
    room.connect(room.add({}));
    room.connect(room.add({}));
    CHECK(room.saw(1, Kind::rejected));
    CHECK_FALSE(room.up[0]);
    CHECK_FALSE(room.up[1]);
    room.connect(1);
    CHECK(room.saw(1, Kind::registered));
  }
  SUBCASE("the others let it replace the first") {
    SccpRoom room(guests(Dialect::cucm));
    room.connect(room.add({}));
    room.connect(room.add({}));
    CHECK(room.saw(1, Kind::registered));
    CHECK_FALSE(room.up[0]);
    CHECK(room.server.registered() == 1);
  }
}

TEST_CASE("unregistering ends the session in the dialect's manner") {
  for (const Dialect dialect : {Dialect::cucm, Dialect::chan_sccp, Dialect::chan_skinny, Dialect::freeswitch}) {
    SccpRoom room(guests(dialect));
    room.connect(room.add({}));
    room.act(0, room.phone(0).unregister(room.now));
    CHECK(room.saw(0, Kind::unregistered));
    CHECK_FALSE(room.saw(0, Kind::lost));
    CHECK(room.lengths(0, id::kUnregisterAck).size() == (dialect == Dialect::chan_skinny ? 0 : 1));
    CHECK(room.server.registered() == 0);
  }
}

TEST_CASE("a phone may write octet by octet or all at once") {
  for (const Writes writes : {Writes::octet_by_octet, Writes::coalesced}) {
    SccpRoom room(guests());
    PhoneOptions options;
    options.writes = writes;
    room.connect(room.add(options));
    CHECK(room.saw(0, Kind::registered));
  }
}

TEST_CASE("chan_skinny ends a session whose header comes in pieces") {
  SccpRoom room(guests(Dialect::chan_skinny));
  PhoneOptions options;
  options.writes = Writes::octet_by_octet;
  room.connect(room.add(options));
  CHECK_FALSE(room.up[0]);
  CHECK(server_saw(room, ServerEvent::Kind::problem));
}

TEST_CASE("chan_skinny ends a session with a frame above its bound") {
  SccpRoom room(guests(Dialect::chan_skinny));
  PhoneOptions options;
  options.v3_capabilities = true;
  room.connect(room.add(options));
  CHECK_FALSE(room.up[0]);
}

TEST_CASE("an OpenReceiveChannel that comes twice is one channel, acknowledged twice") {
  ServerOptions options = guests();
  options.repeat_open = true;
  SccpRoom room(options);
  room.connect(room.add({}));
  room.act(0, room.phone(0).dial(room.now, "600"));
  CHECK(room.lengths(0, id::kOpenReceive).size() == 2);
  CHECK(room.lengths(0, id::kOpenReceiveAck, true).size() == 2);
  CHECK(room.lengths(0, id::kStartMedia).size() == 1);
  CHECK(room.phone(0).channels().size() == 1);
}

TEST_CASE("early media opens the caller's channel long before it may send") {
  ServerOptions options = guests();
  options.early_media = true;
  SccpRoom room(options);
  room.connect(room.add(phone_named("SEP000000000001")));
  room.connect(room.add(phone_named("SEP000000000002")));
  room.act(0, room.phone(0).dial(room.now, "1002"));
  CHECK(room.saw(0, Kind::receive_opened));
  CHECK_FALSE(room.saw(0, Kind::transmit_started));
  room.act(1, room.phone(1).answer(room.now));
  CHECK(room.saw(0, Kind::transmit_started));
  CHECK(room.lengths(0, id::kOpenReceive).size() == 1);
}

TEST_CASE("StartMediaTransmission may come before the channel was acknowledged") {
  ServerOptions options = guests();
  options.start_before_ack = true;
  SccpRoom room(options);
  room.connect(room.add({}));
  room.act(0, room.phone(0).dial(room.now, "600"));
  const auto ids = received(room, 0);
  const auto open = std::ranges::find(ids, id::kOpenReceive);
  REQUIRE(open != ids.end());
  CHECK(*(open + 1) == id::kStartMedia);
}

TEST_CASE("a refused channel ends the call") {
  SccpRoom room(guests());
  PhoneOptions options;
  options.open_status = 1;
  room.connect(room.add(options));
  room.act(0, room.phone(0).dial(room.now, "600"));
  CHECK(room.saw(0, Kind::ended));
  CHECK(room.server.legs() == 0);
}

TEST_CASE("the far phone's call ends when a phone is lost") {
  SccpRoom room(guests());
  room.connect(room.add(phone_named("SEP000000000001")));
  room.connect(room.add(phone_named("SEP000000000002")));
  room.act(0, room.phone(0).dial(room.now, "1002"));
  room.act(1, room.phone(1).answer(room.now));
  room.act(room.server.disconnected(room.now, 0));
  CHECK(room.saw(1, Kind::ended));
  CHECK(room.phone(1).channels().empty());
}

TEST_CASE("enbloc dialling, off-hook dialling, and a number that nobody has") {
  SccpRoom room(guests());
  PhoneOptions options;
  options.enbloc = true;
  room.connect(room.add(options));
  room.act(0, room.phone(0).dial(room.now, "600"));
  CHECK(room.saw(0, Kind::connected));
  room.act(0, room.phone(0).on_hook(room.now));
  room.connect(room.add(phone_named("SEP000000000002")));
  room.act(1, room.phone(1).off_hook(room.now));
  room.act(1, room.phone(1).dial(room.now, "600"));
  CHECK(room.saw(1, Kind::connected));
  room.act(1, room.phone(1).on_hook(room.now));
  room.act(1, room.phone(1).dial(room.now, "4711#"));
  CHECK(room.phone(1).calls().begin()->second == CallPhase::busy);
}

TEST_CASE("the server's list and tokens") {
  ServerOptions options = guests(Dialect::cucm);
  options.servers = {{"first", {IpAddress::v4(0xC6336414), 2000}}, {"second", {IpAddress::v4(0xC6336415), 2001}}};
  for (const unsigned version : {11U, 17U}) {
    SccpRoom room(options);
    room.connect(room.add(phone_named("SEP000000000001", version)));
    room.act(0, room.phone(0).ask_servers(room.now));
    CHECK(room.lengths(0, id::kServerRes).front() == (version < 17 ? 280 : 360));
    CHECK(room.events[0].back().text == "first=198.51.100.20:2000 second=198.51.100.21:2001");
    room.act(0, room.phone(0).ask_token(room.now));
    CHECK(room.saw(0, Kind::token));
  }
}

TEST_CASE("a reset closes the phone's session") {
  SccpRoom room(guests());
  room.connect(room.add({}));
  room.act(room.server.reset(room.now, "SEP001122334455", 2));
  CHECK(room.saw(0, Kind::reset));
  CHECK_FALSE(room.up[0]);
  CHECK(room.server.registered() == 0);
}

TEST_CASE("the phone says what it would trip over") {
  SccpPhone phone({});
  const TimePoint now{};
  (void)phone.connected(now);
  (void)phone.on_octets(now, to_octets({0, id::kRegisterAck, Body(20).u32(0, 30).u8(16, 17).take()}));
  CHECK(phone.problems().empty());
  SUBCASE("its own message") {
    (void)phone.on_octets(now, to_octets({0, id::kIpPort, Buffer(4)}));
  }
  SUBCASE("a header version that is none") {
    (void)phone.on_octets(now, to_octets({23, id::kKeepAliveAck, {}}));
  }
  SUBCASE("media to nowhere") {
    (void)phone.on_octets(now, to_octets({17, id::kStartMedia, write_start_media({}, AddressForm::wide, 132)}));
  }
  SUBCASE("a stream that is none") {
    (void)phone.on_octets(now, to_buffer("GET / HTTP/1.1\r\n"));
  }
  CHECK(phone.problems().size() == 1);
}
