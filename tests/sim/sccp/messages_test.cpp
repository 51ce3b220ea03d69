// No message passes with an address that it came with: not those of the table, in either layout and of any length, and
// not one that the table alone knows.
#include "tests/sim/sccp/line.hpp"
#include "tests/support/sccp_vectors.hpp"

using namespace dw;
using namespace dw::sim;
using sccp::AddressRole;
using sccp::Direction;
using sccp::FormBy;
using sccp::MessageType;

namespace {

constexpr std::array<std::uint8_t, 4> kSecret{192, 168, 77, 45};
const IpAddress kSecretAddress = IpAddress::v4(0xc0a84d2d);
const IpAddress kSecretV6 = *IpAddress::parse("2001:db8:c0a8:4d2d:c0a8:4d2d:c0a8:4d2d");

/// A payload with a secret address in every place that the row has, also in those that are cut off.
Buffer with_secrets(const MessageType& type, std::size_t octets, unsigned version) {
  Buffer payload(octets);
  const auto layout = sccp::address_layout(type, payload, version);
  for (const sccp::AddressField& field : layout)
    sccp::write_field(payload, field, {field.form == sccp::AddressForm::v6 ? kSecretV6 : kSecretAddress, 16384});
  if (layout.cut_from != sccp::kNone) {
    for (std::size_t i = layout.cut_from; i < octets; ++i)
      payload[i] = kSecret[i % 4];
  }
  constexpr std::string_view kName = "SEP001122334455";
  const bool names = type.id == id::kRegister || type.id == 0x0029 || type.id == 0x8000;
  if (names && octets >= 16) std::ranges::copy(kName, payload.begin());
  return payload;
}

/// Three octets of it one after the other are found by chance in nothing that we write.
bool has_secret(const std::vector<SccpFrame>& frames) {
  return std::ranges::any_of(frames, [](const SccpFrame& frame) {
    for (std::size_t turn = 0; turn < 4; ++turn) {
      const std::array<std::uint8_t, 3> three{kSecret[turn], kSecret[(turn + 1) % 4], kSecret[(turn + 2) % 4]};
      if (!std::ranges::search(frame.body, three).empty()) return true;
    }
    return false;
  });
}

struct Passed {
  std::size_t flat = 0, tagged = 0;  // messages that left with a whole address field
};

/// Says the message, of each length, from the side that says it.
Passed say_all(const MessageType& type, const sccp::MessageTable& table, unsigned version) {
  Passed passed;
  for (std::size_t octets = 0; octets <= 400; ++octets) {
    Line line(kPublic, {}, table);
    line.register_phone(version, version);
    const Buffer payload = with_secrets(type, octets, version);
    const auto said = frame(type.id, payload, version < 10 ? 0 : version);
    const bool by_phone = type.from == Direction::from_phone;
    by_phone ? line.phone(said) : line.server(said);
    const auto& left = by_phone ? line.to_server : line.to_phone;
    CAPTURE(type.name);
    CAPTURE(octets);
    REQUIRE_FALSE(has_secret(line.to_phone));
    REQUIRE_FALSE(has_secret(line.to_server));
    const auto layout = sccp::address_layout(type, payload, version);
    if (left.empty() || left.back().id != type.id || layout.count == 0) continue;
    CHECK(left.back().body.size() == octets);
    ++(layout.tagged ? passed.tagged : passed.flat);
  }
  return passed;
}

/// The addresses that the fixtures use, three octets of each.
bool has_fixture_address(const std::vector<SccpFrame>& frames, const IpAddress& own) {
  std::vector<Buffer> addresses = {{192, 0, 2, 45}, {198, 51, 100, 20}, {198, 51, 100, 21}, {0x20, 0x01, 0x0d, 0xb8}};
  addresses.emplace_back(own.octets().begin(), own.octets().end());
  return std::ranges::any_of(frames, [&](const SccpFrame& frame) {
    return std::ranges::any_of(addresses, [&](const Buffer& address) {
      return !std::ranges::search(frame.body, Bytes(address).first(3)).empty();
    });
  });
}

/// Says the first `octets` of a fixture's payload, with zeroes behind it when it has fewer. Whether it left.
bool say_fixture(const test::SccpVector& v, std::size_t octets) {
  const auto said = sccp::parse_frame(v.octets).value();
  Buffer payload(said.payload.begin(), said.payload.end());
  payload.resize(octets);
  Line line;
  const bool registers = said.id == id::kRegister || said.id == 0x0029 || said.id == 0x8000;
  if (!registers) line.register_phone(v.negotiated, v.negotiated);
  const Buffer whole = frame(said.id, payload, said.version);
  v.by_phone ? line.phone(whole) : line.server(whole);
  CAPTURE(v.name);
  CAPTURE(octets);
  CHECK_FALSE(has_fixture_address(line.to_phone, v.address.address));
  CHECK_FALSE(has_fixture_address(line.to_server, v.address.address));
  const auto& left = v.by_phone ? line.to_server : line.to_phone;
  return !left.empty() && left.back().id == said.id && left.back().body.size() == octets;
}

MessageType unheard_of(Direction from, AddressRole role) {
  MessageType type;
  type.id = 0x0161;
  type.name = "UnheardOf";
  type.from = from;
  type.places[0] = {role, sccp::AddressForm::flat, 8, 12};
  type.place_count = 1;
  type.form_by = FormBy::length;
  type.tagged_octets = 32;
  return type;
}

}  // namespace

TEST_CASE("no message of the table leaves with the address that it came with, in either layout") {
  for (const MessageType& type : sccp::messages().rows()) {
    if (type.addresses().empty()) continue;
    CAPTURE(type.name);
    const Passed old = say_all(type, sccp::messages(), 11);
    const Passed newer = say_all(type, sccp::messages(), 17);
    if (!type.never.empty()) {
      CHECK(old.flat + old.tagged + newer.flat + newer.tagged == 0);
      continue;
    }
    CHECK(old.flat != 0);
    if (type.form_by != FormBy::none) CHECK(newer.tagged != 0);
  }
}

// The fixtures say where the addresses are, whatever the table says.
TEST_CASE(
    "no fixture leaves with its addresses, nor cut off or longer, and each message that has some has its fixtures") {
  constexpr std::size_t kLonger = 40;
  const auto fixtures = test::sccp_vectors();
  for (const MessageType& type : sccp::messages().rows()) {
    if (type.addresses().empty() || !type.never.empty()) continue;
    CAPTURE(type.name);
    bool flat = false, tagged = type.form_by == FormBy::none;
    for (const auto& v : fixtures) {
      const std::size_t whole = v.octets.size() - sccp::kHeaderOctets;
      if (v.negotiated == 0 || sccp::parse_frame(v.octets).value().id != type.id) continue;
      const bool left = say_fixture(v, whole);
      const bool is_flat = !v.tagged;
      (is_flat ? flat : tagged) |= left;
      // A flat one that is longer may be a tagged one, and a tagged one that is cut off a flat one. What is counted
      // from the end is elsewhere then.
      if (type.form_by == FormBy::from_end) continue;
      for (std::size_t octets = is_flat ? 0 : whole + 1; octets < (is_flat ? whole : whole + kLonger); ++octets)
        say_fixture(v, octets);
    }
    CHECK(flat);
    CHECK(tagged);
  }
}

TEST_CASE("a message that has a row and no handler leaves with what stands in for its address, or blank") {
  for (const Direction from : {Direction::from_phone, Direction::from_server}) {
    for (std::size_t role = 0; role < sccp::kAddressRoles; ++role) {
      CAPTURE(role);
      std::vector<MessageType> rows(sccp::messages().rows().begin(), sccp::messages().rows().end());
      const MessageType type = unheard_of(from, static_cast<AddressRole>(role));
      rows.insert(std::ranges::upper_bound(rows, type.id, {}, &MessageType::id), type);
      const sccp::MessageTable table(rows);
      const Passed passed = say_all(type, table, 17);
      CHECK(passed.flat != 0);
      CHECK(passed.tagged != 0);
      // From the side that does not say it, it does not pass at all; nor before registration.
      Line line(kPublic, {}, table);
      line.register_phone();
      const auto said = frame(type.id, with_secrets(type, 32, 17), 17);
      from == Direction::from_phone ? line.server(said) : line.phone(said);
      CHECK(line.to_phone.empty());
      CHECK(line.to_server.empty());
      CHECK(line.counters.dropped == 1);
      Line early(kPublic, {}, table);
      early.phone(said);
      CHECK(early.to_server.empty());
      CHECK(early.ended);
    }
  }
}

TEST_CASE("a message without a handler is rewritten by its role, as its ids name the channel") {
  std::vector<MessageType> rows(sccp::messages().rows().begin(), sccp::messages().rows().end());
  MessageType type = unheard_of(Direction::from_phone, AddressRole::media_local);
  type.fields[static_cast<std::size_t>(sccp::Field::party)] = 4;
  rows.insert(std::ranges::upper_bound(rows, type.id, {}, &MessageType::id), type);
  const sccp::MessageTable table(rows);
  Line line(kPublic, {}, table);
  line.register_phone();
  open_receive(line);
  Buffer payload = with_secrets(type, 32, 17);
  REQUIRE(sccp::write_u32(payload, 4, kIds.party));
  line.phone(frame(type.id, payload, 17));
  const auto& body = line.last_to_server().body;
  const auto layout = sccp::address_layout(type, body, 17);
  CHECK(sccp::read_field(body, layout.fields[0]) == line.broker.streams().begin()->second.ports.central_facing);
}
