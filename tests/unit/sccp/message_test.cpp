#include "sbc/sccp/message.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/support/sccp_vectors.hpp"

using namespace dw;
using namespace dw::sccp;

namespace {

const Endpoint kOurs{IpAddress::v4(0xcb00710a), 20002};

StandIns ours_everywhere() {
  StandIns all;
  for (std::size_t role = 0; role < kAddressRoles; ++role)
    all[static_cast<AddressRole>(role)] = kOurs;
  return all;
}

/// `frame` views the vector's octets.
Message message_of(const test::SccpVector& v, unsigned negotiated) {
  const Frame frame = parse_frame(v.octets).value();
  return {frame, messages().find(frame.id), negotiated};
}

}  // namespace

TEST_CASE("each vector's address is where Wireshark finds it") {
  std::size_t seen = 0;
  for (const auto& v : test::sccp_vectors()) {
    if (v.negotiated == 0) continue;
    CAPTURE(v.name);
    const Message message = message_of(v, v.negotiated);
    CHECK(message.type().from == (v.by_phone ? Direction::from_phone : Direction::from_server));
    REQUIRE(message.layout().count != 0);
    CHECK(message.layout().fields[0].form == (v.tagged ? AddressForm::tagged : AddressForm::flat));
    CHECK_FALSE(message.layout().conflict);
    CHECK(message.address() == v.address);
    ++seen;
  }
  CHECK(seen >= 41);
}

TEST_CASE("the length decides against the version, and says so") {
  const auto v = test::sccp_vector_named("S17");
  const Message message = message_of(v, 11);
  REQUIRE(message.layout().count == 1);
  CHECK(message.layout().fields[0].form == AddressForm::tagged);
  CHECK(message.layout().conflict);
}

TEST_CASE("messages that are too short for an address have none") {
  for (const char* name : {"O4", "O11", "A0", "A11", "KA", "KAK", "CR", "SM", "IP", "TR"}) {
    CAPTURE(name);
    const auto v = test::sccp_vector_named(name);
    CHECK(message_of(v, 11).layout().empty());
  }
}

TEST_CASE("a message with an address, or that makes us act, comes from one side") {
  CHECK_FALSE(messages().find(number(MessageId::start_media_transmission)).may_come(Direction::from_phone));
  CHECK_FALSE(messages().find(number(MessageId::reset)).may_come(Direction::from_phone));
  CHECK_FALSE(messages().find(number(MessageId::register_req)).may_come(Direction::from_server));
  for (const Direction side : {Direction::from_phone, Direction::from_server}) {
    CHECK(messages().find(number(MessageId::call_state)).may_come(side));
    CHECK(messages().find(0x0161).may_come(side));
  }
}

TEST_CASE("a written address reads back, and nothing else moved") {
  for (const auto& v : test::sccp_vectors()) {
    if (v.negotiated == 0) continue;
    CAPTURE(v.name);
    const Message message = message_of(v, v.negotiated);
    const Bytes before = message.frame().payload;
    Buffer payload(before.begin(), before.end());
    const AddressField& field = message.layout().fields[0];
    REQUIRE(write_field(payload, field, kOurs));
    CHECK(read_field(payload, field).address == kOurs.address);
    if (field.port != kNone) CHECK(read_field(payload, field).port == kOurs.port);
    const std::size_t size = field.form == AddressForm::tagged ? 20 : 4;
    for (std::size_t i = 0; i < payload.size(); ++i) {
      const bool address = i >= field.address && i < field.address + size;
      const bool port = field.port != kNone && i >= field.port && i < field.port + 4U;
      const bool rtcp = field.rtcp_port != kNone && i >= field.rtcp_port && i < field.rtcp_port + 4U;
      if (!address && !port && !rtcp) CHECK(payload[i] == before[i]);
    }
  }
}

TEST_CASE("PortRes has RTCP on the next port") {
  const auto v = test::sccp_vector_named("P19");
  const Message message = message_of(v, 19);
  Buffer payload(message.frame().payload.begin(), message.frame().payload.end());
  REQUIRE(write_field(payload, message.layout().fields[0], kOurs));
  CHECK(read_u32(payload, 36) == 20003);
}

TEST_CASE("a flat field holds no IPv6, and is blank when that was to stand in it") {
  const auto v = test::sccp_vector_named("S11");
  const Message message = message_of(v, 11);
  Buffer payload(message.frame().payload.begin(), message.frame().payload.end());
  const Endpoint v6{*IpAddress::parse("2001:db8::1"), 1};
  CHECK_FALSE(write_field(payload, message.layout().fields[0], v6));
  CHECK(std::ranges::equal(payload, message.frame().payload));
  StandIns ours;
  ours[AddressRole::media_remote] = v6;
  CHECK(replace_addresses(payload, message.layout(), ours));
  CHECK(read_field(payload, message.layout().fields[0]) == Endpoint{IpAddress::v4(0), 0});
}

TEST_CASE("an address that the payload does not hold all of becomes zeroes") {
  const auto v = test::sccp_vector_named("OA11");
  for (std::size_t octets = 5; octets < 12; ++octets) {
    CAPTURE(octets);
    const Bytes whole = Bytes(v.octets).subspan(kHeaderOctets);
    Buffer payload(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(octets));
    const auto layout = address_layout(messages().find(number(MessageId::open_receive_channel_ack)), payload, 11);
    CHECK(replace_addresses(payload, layout, ours_everywhere()));
    CHECK(std::ranges::all_of(Bytes(payload).subspan(4), [](std::uint8_t o) { return o == 0; }));
  }
}

TEST_CASE("hold says 0.0.0.0, and stays as it came") {
  auto v = test::sccp_vector_named("S17");
  std::fill_n(v.octets.begin() + kHeaderOctets + 12, 4, std::uint8_t{0});
  const Message message = message_of(v, 17);
  Buffer payload(message.frame().payload.begin(), message.frame().payload.end());
  CHECK_FALSE(replace_addresses(payload, message.layout(), ours_everywhere()));
  CHECK(std::ranges::equal(payload, message.frame().payload));
}

TEST_CASE("every field lies inside the payload, for every row, version and length") {
  std::mt19937 random(1717);
  for (const MessageType& type : messages().rows()) {
    for (std::size_t octets = 0; octets <= 400; octets += 1) {
      Buffer payload(octets);
      for (auto& o : payload)
        o = static_cast<std::uint8_t>(random() % 3);
      for (const unsigned version : {0U, 3U, 11U, 15U, 17U, 22U}) {
        for (const AddressField& field : address_layout(type, payload, version)) {
          Buffer copy = payload;
          const Endpoint value{field.form == AddressForm::v6 ? *IpAddress::parse("2001:db8::1") : IpAddress::v4(1), 7};
          REQUIRE(write_field(copy, field, value));
          REQUIRE(copy.size() == payload.size());
        }
      }
    }
  }
}

TEST_CASE("a draft reads back as the message that it is, in both forms") {
  for (const std::size_t octets : {116U, 132U}) {
    CAPTURE(octets);
    Draft draft(MessageId::start_media_transmission, octets, octets == 132 ? 17 : 11);
    REQUIRE(draft.set_address(kOurs));
    draft.set(ChannelIds{1, 2, 3}).set(Field::codec, 4);
    test::SccpVector v;
    draft.write(v.octets, 17);
    const Message message = message_of(v, octets == 132 ? 17 : 11);
    CHECK(message.is(MessageId::start_media_transmission));
    CHECK(message.address() == kOurs);
    CHECK(message.ids().conference == 1);
    CHECK(message.ids().party == 2);
    CHECK(message.ids().call == 3);
    CHECK(message.read(Field::codec) == 4);
    CHECK(message.layout().tagged == (octets == 132));
  }
}

TEST_CASE("a draft's text ends with a NUL where the payload ends") {
  test::SccpVector v;
  Draft(MessageId::register_reject, 8).set(Field::text, std::string_view("refused here")).write(v.octets, 0);
  CHECK(message_of(v, 0).text(Field::text, 8) == "refused");
}

TEST_CASE("every row is found by its id, and ids without one have no name and no field") {
  for (const MessageType& type : messages().rows())
    CHECK(&messages().find(type.id) == &type);
  for (const std::uint32_t id : {0x00abU, 0x0161U, 0x017fU, 0x0180U, 0x8002U, 0xffffffffU}) {
    CHECK(messages().find(id).name == "unknown");
    CHECK(messages().find(id).addresses().empty());
  }
}
