#include "sbc/sccp/address_fields.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "sbc/sccp/message_id.hpp"
#include "tests/unit/sccp/vectors.hpp"

using namespace dw;
using namespace dw::sccp;

namespace {

struct Row {
  const char* name;
  unsigned negotiated;
  AddressForm form;
  const char* address;
  std::uint16_t port;
};

// What Wireshark reads from each vector; N1 is one that it misreads.
const Row kRows[] = {
    {"R11", 11, AddressForm::flat, "192.0.2.45", 0},
    {"R17", 17, AddressForm::flat, "192.0.2.45", 0},
    {"T11", 11, AddressForm::flat, "192.0.2.45", 0},
    {"AL", 17, AddressForm::flat, "192.0.2.45", 0},
    {"O15", 15, AddressForm::flat, "198.51.100.20", 4000},
    {"O17", 17, AddressForm::tagged, "198.51.100.20", 4000},
    {"O22", 22, AddressForm::tagged, "198.51.100.20", 4000},
    {"OA4", 5, AddressForm::flat, "10.102.10.209", 16384},
    {"OA11", 11, AddressForm::flat, "192.0.2.45", 18432},
    {"OA17", 17, AddressForm::tagged, "192.0.2.45", 18432},
    {"OA17-6", 17, AddressForm::tagged, "2001:db8::45", 18432},
    {"S4", 5, AddressForm::flat, "10.102.219.27", 60186},
    {"S11", 11, AddressForm::flat, "198.51.100.20", 24576},
    {"S17", 17, AddressForm::tagged, "198.51.100.20", 24576},
    {"S22", 22, AddressForm::tagged, "198.51.100.20", 24576},
    {"S17-SRTP", 17, AddressForm::tagged, "198.51.100.20", 24576},
    {"SA11", 11, AddressForm::flat, "192.0.2.45", 18432},
    {"SA17", 17, AddressForm::tagged, "192.0.2.45", 18432},
    {"P19", 19, AddressForm::tagged, "192.0.2.45", 18432},
    {"MF17", 17, AddressForm::tagged, "198.51.100.20", 24576},
    {"N1", 17, AddressForm::tagged, "198.51.100.20", 24576},
};

}  // namespace

TEST_CASE("each vector's address is where Wireshark finds it") {
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    const auto v = test::vector_named(row.name);
    const auto frame = parse_frame(v.octets);
    REQUIRE(frame);
    const auto layout = address_layout(*frame, v.direction, row.negotiated);
    REQUIRE(layout);
    const AddressField& field = *layout->begin();
    CHECK(field.form == row.form);
    CHECK_FALSE(layout->conflict);
    const Endpoint read = read_field(frame->payload, field);
    CHECK(read.address.to_string() == row.address);
    CHECK(read.port == row.port);
  }
}

TEST_CASE("the length decides against the version, and says so") {
  const auto v = test::vector_named("S17");
  const auto frame = parse_frame(v.octets);
  const auto layout = address_layout(*frame, v.direction, 11);
  REQUIRE(layout);
  CHECK(layout->begin()->form == AddressForm::tagged);
  CHECK(layout->conflict);
}

TEST_CASE("messages that are too short for an address have none") {
  for (const char* name : {"O4", "O11", "A0", "A11", "KA", "KAK", "CR", "SM", "IP", "TR"}) {
    CAPTURE(name);
    const auto v = test::vector_named(name);
    CHECK_FALSE(address_layout(*parse_frame(v.octets), v.direction, 11));
  }
}

TEST_CASE("the same id from the other side carries nothing") {
  const auto v = test::vector_named("S17");
  CHECK_FALSE(address_layout(*parse_frame(v.octets), Direction::from_phone, 17));
}

TEST_CASE("a written address reads back, and nothing else moved") {
  const Endpoint ours{IpAddress::v4(0xcb00710a), 20002};
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    const auto v = test::vector_named(row.name);
    const auto frame = parse_frame(v.octets);
    const auto layout = address_layout(*frame, v.direction, row.negotiated);
    Buffer payload(frame->payload.begin(), frame->payload.end());
    const AddressField& field = *layout->begin();
    REQUIRE(write_field(payload, field, ours));
    CHECK(read_field(payload, field).address == ours.address);
    if (field.port != AddressField::kNone) CHECK(read_field(payload, field).port == ours.port);
    const std::size_t size = field.form == AddressForm::tagged ? 20 : 4;
    for (std::size_t i = 0; i < payload.size(); ++i) {
      const bool address = i >= field.address && i < field.address + size;
      const bool port = field.port != AddressField::kNone && i >= field.port && i < field.port + 4U;
      const bool rtcp = field.rtcp_port != AddressField::kNone && i >= field.rtcp_port && i < field.rtcp_port + 4U;
      if (!address && !port && !rtcp) CHECK(payload[i] == frame->payload[i]);
    }
  }
}

TEST_CASE("PortRes has RTCP on the next port") {
  const auto v = test::vector_named("P19");
  const auto frame = parse_frame(v.octets);
  const auto layout = address_layout(*frame, v.direction, 19);
  Buffer payload(frame->payload.begin(), frame->payload.end());
  REQUIRE(write_field(payload, *layout->begin(), {IpAddress::v4(0xcb00710a), 20002}));
  CHECK(read_u32(payload, 36) == 20003);
}

TEST_CASE("a flat field holds no IPv6") {
  const auto v = test::vector_named("S11");
  const auto frame = parse_frame(v.octets);
  const auto layout = address_layout(*frame, v.direction, 11);
  Buffer payload(frame->payload.begin(), frame->payload.end());
  CHECK_FALSE(write_field(payload, *layout->begin(), {*IpAddress::parse("2001:db8::1"), 1}));
  CHECK(std::ranges::equal(payload, frame->payload));
}

TEST_CASE("every field lies inside the payload, for every id, version and length") {
  std::mt19937 random(1717);
  for (std::uint32_t id = 0; id <= 0x16f; ++id) {
    for (std::size_t octets = 0; octets <= 200; octets += 4) {
      Buffer payload(octets);
      for (auto& o : payload)
        o = static_cast<std::uint8_t>(random() % 3);
      const Frame frame{0, id, payload, {}};
      for (const unsigned version : {0U, 3U, 11U, 15U, 17U, 22U}) {
        for (const Direction direction : {Direction::from_phone, Direction::from_server}) {
          const auto layout = address_layout(frame, direction, version);
          if (!layout) continue;
          for (const AddressField& field : *layout) {
            Buffer copy = payload;
            const Endpoint value{field.form == AddressForm::v6 ? *IpAddress::parse("2001:db8::1") : IpAddress::v4(1),
                                 7};
            CHECK(write_field(copy, field, value));
            CHECK(copy.size() == payload.size());
          }
        }
      }
    }
  }
}
