// What the simulations put on the wire, against the figures of sccp.md §1.5 and §8.
#include <doctest/doctest.h>

#include <initializer_list>

#include "tests/support/sccp_room.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

struct Lengths {
  Dialect dialect;
  unsigned version;
  std::size_t ack, open, open_ack, start, start_ack, close, stop;  // 0: not sent
  std::uint32_t media_header, phone_header;
};

constexpr Lengths kLengths[] = {
    {Dialect::cucm, 11, 20, 68, 20, 84, 0, 8, 8, 0, 0},
    {Dialect::cucm, 17, 20, 128, 36, 132, 40, 16, 16, 17, 17},
    {Dialect::cucm, 20, 20, 132, 36, 132, 40, 16, 16, 20, 20},
    {Dialect::cucm, 22, 20, 168, 36, 168, 40, 16, 16, 22, 22},
    {Dialect::chan_sccp, 11, 20, 108, 20, 116, 0, 16, 16, 11, 0},
    {Dialect::chan_sccp, 17, 20, 128, 36, 132, 40, 16, 16, 17, 17},
    {Dialect::chan_sccp, 20, 20, 128, 36, 132, 40, 16, 16, 20, 20},
    {Dialect::chan_sccp, 22, 20, 168, 36, 168, 40, 16, 16, 22, 22},
    {Dialect::chan_skinny, 11, 20, 168, 20, 116, 0, 16, 20, 0, 0},
    {Dialect::chan_skinny, 17, 20, 168, 36, 132, 40, 16, 20, 0, 0},
    {Dialect::chan_skinny, 22, 20, 168, 36, 132, 40, 16, 20, 0, 0},
    {Dialect::freeswitch, 11, 20, 92, 20, 40, 0, 12, 12, 0, 0},
    {Dialect::freeswitch, 20, 20, 92, 20, 40, 0, 12, 12, 0, 0},
};

SccpRoom echo_call(ServerOptions options, PhoneOptions phone) {
  options.guests_from = "1001";
  SccpRoom room(std::move(options));
  room.connect(room.add(std::move(phone)));
  room.act(0, room.phone(0).dial(room.now, "600"));
  room.act(0, room.phone(0).on_hook(room.now));
  return room;
}

SccpFrame first(SccpRoom& room, std::uint32_t message) {
  for (const SccpRecord& r : room.phone(0).traffic()) {
    if (r.frame.id == message) return r.frame;
  }
  return {};
}

void check_length(SccpRoom& room, std::uint32_t message, bool sent, std::size_t size) {
  const auto lengths = room.lengths(0, message, sent);
  CAPTURE(message);
  REQUIRE(lengths.size() == (size == 0 ? 0 : 1));
  if (size != 0) CHECK(lengths.front() == size);
}

Buffer octets(std::initializer_list<std::uint32_t> words) {  // as the page prints them: four octets a word
  Buffer out;
  for (const std::uint32_t w : words) {
    for (const unsigned shift : {24U, 16U, 8U, 0U})
      out.push_back(static_cast<std::uint8_t>(w >> shift));
  }
  return out;
}

constexpr ChannelIds kIds{0x01000011, 0x01000102, 0x01000011};

}  // namespace

TEST_CASE("each dialect has its lengths and header versions") {
  for (const Lengths& l : kLengths) {
    CAPTURE(to_string(l.dialect));
    CAPTURE(l.version);
    ServerOptions options;
    options.dialect = l.dialect;
    PhoneOptions phone;
    phone.version = l.version;
    SccpRoom room = echo_call(options, phone);
    check_length(room, id::kRegisterAck, false, l.ack);
    check_length(room, id::kOpenReceive, false, l.open);
    check_length(room, id::kOpenReceiveAck, true, l.open_ack);
    check_length(room, id::kStartMedia, false, l.start);
    check_length(room, id::kStartMediaAck, true, l.start_ack);
    check_length(room, id::kCloseReceive, false, l.close);
    check_length(room, id::kStopMedia, false, l.stop);
    CHECK(first(room, id::kStartMedia).version == l.media_header);
    CHECK(first(room, id::kOpenReceiveAck).version == l.phone_header);
    CHECK(first(room, id::kRegisterAck).version == 0);
    CHECK(first(room, id::kRegister).version == 0);
    CHECK(room.phone(0).problems().empty());
    CHECK(room.server.problems().empty());
  }
}

TEST_CASE("Register is as long as each model's") {
  const std::pair<unsigned, std::size_t> sizes[] = {{11, 68}, {17, 124}, {20, 172}, {22, 172}};
  for (const auto& [version, size] : sizes) {
    PhoneOptions phone;
    phone.version = version;
    SccpRoom room = echo_call({}, phone);
    check_length(room, id::kRegister, true, size);
    check_length(room, version < 17 ? id::kCapabilitiesRes : id::kUpdateCapabilities, true, version < 17 ? 292 : 1840);
    CHECK(room.lengths(0, id::kEnhancedAlarm, true).size() == (version >= 20 ? 1 : 0));
  }
}

TEST_CASE("short forms: RegisterAck of 12 octets, OpenReceiveChannelAck of 16") {
  ServerOptions options;
  options.dialect = Dialect::cucm;
  options.short_register_ack = true;
  PhoneOptions phone;
  phone.version = 11;
  phone.short_open_ack = true;
  SccpRoom room = echo_call(options, phone);
  check_length(room, id::kRegisterAck, false, 12);
  check_length(room, id::kOpenReceiveAck, true, 16);
  CHECK(room.lengths(0, id::kStartMedia).size() == 1);
}

TEST_CASE("statistics are not a multiple of four octets from version 18") {
  PhoneOptions phone;
  phone.version = 22;
  SccpRoom room = echo_call({}, phone);
  const auto lengths = room.lengths(0, id::kStatisticsRes, true);
  REQUIRE(lengths.size() == 1);
  CHECK(lengths.front() % 4 != 0);
}

TEST_CASE("the page's vectors come out octet for octet") {
  const Endpoint phone{IpAddress::v4(0xC000022D), 18432}, far{IpAddress::v4(0xC6336414), 24576};
  // OA11, OA17
  CHECK(to_octets({0, id::kOpenReceiveAck, write_open_ack({kIds, 0, phone}, AddressForm::flat, 20)}) ==
        octets({0x18000000, 0, 0x22000000, 0, 0xc000022d, 0x00480000, 0x02010001, 0x11000001}));
  CHECK(to_octets({17, id::kOpenReceiveAck, write_open_ack({kIds, 0, phone}, AddressForm::wide, 36)}) ==
        octets({0x28000000, 0x11000000, 0x22000000, 0, 0, 0xc000022d, 0, 0, 0, 0x00480000, 0x02010001, 0x11000001}));
  // SA11, SA17
  CHECK(to_octets({0, id::kStartMediaAck, write_start_ack({kIds, 0, phone}, AddressForm::flat)}) ==
        octets({0x1c000000, 0, 0x54010000, 0x11000001, 0x02010001, 0x11000001, 0xc000022d, 0x00480000, 0}));
  CHECK(to_octets({17, id::kStartMediaAck, write_start_ack({kIds, 0, phone}, AddressForm::wide)}) ==
        octets({0x2c000000, 0x11000000, 0x54010000, 0x11000001, 0x02010001, 0x11000001, 0, 0xc000022d, 0, 0, 0,
                0x00480000, 0}));
  // S11, S17
  CHECK(to_octets({0, id::kStartMedia, write_start_media({kIds, 20, 4, far}, AddressForm::flat, 112)}) ==
        octets({0x74000000, 0,          0x8a000000, 0x11000001, 0x02010001, 0xc6336414, 0x00600000, 0x14000000,
                0x04000000, 0xb8000000, 0,          0,          0,          0x11000001, 0,          0,
                0,          0,          0,          0,          0,          0,          0,          0,
                0,          0,          0,          0,          0x65000000, 0x0a000000, 0}));
  CHECK(to_octets({17, id::kStartMedia, write_start_media({kIds, 20, 4, far}, AddressForm::wide, 132)}) ==
        octets({0x88000000, 0x11000000, 0x8a000000, 0x11000001, 0x02010001, 0,          0xc6336414, 0, 0,
                0,          0x00600000, 0x14000000, 0x04000000, 0xb8000000, 0,          0,          0, 0x11000001,
                0,          0,          0,          0,          0,          0,          0,          0, 0,
                0,          0,          0,          0,          0,          0x65000000, 0x0a000000, 0, 0}));
  // O17
  const Endpoint source{IpAddress::v4(0xC6336414), 4000};
  CHECK(to_octets({17, id::kOpenReceive, write_open_receive({kIds, 20, 4, source}, AddressForm::wide, 128)}) ==
        octets({0x84000000, 0x11000000, 0x05010000, 0x11000001, 0x02010001, 0x14000000, 0x04000000, 0,          0,
                0x11000001, 0,          0,          0,          0,          0,          0,          0,          0,
                0,          0,          0,          0,          0,          0,          0x65000000, 0x0a000000, 0,
                0,          0,          0xc6336414, 0,          0,          0,          0xa00f0000, 0}));
  // CR
  CHECK(to_octets({0, id::kCloseReceive, write_close(kIds, 16)}) ==
        octets({0x14000000, 0, 0x06010000, 0x11000001, 0x02010001, 0x11000001, 0}));
}
