#include <doctest/doctest.h>

#include "tests/unit/provisioning/tftp_desk.hpp"

namespace dw::tftp {
using namespace test;

namespace {

Bytes octets(std::initializer_list<std::uint8_t> list, Buffer& keep) {
  keep = list;
  return keep;
}

}  // namespace

TEST_CASE("an RRQ of a 7940, octet by octet") {
  // Frame of the capture that cisco-provisioning §2.2 describes: opcode, name, mode, no options.
  const Buffer wire = to_buffer(std::string("\0\1CTLSEP001122334455.tlv\0octet\0", 31));
  REQUIRE(wire.size() + 42 == 73);  // with Ethernet, IP and UDP headers
  const auto packet = parse_packet(wire);
  REQUIRE(packet);
  const auto& request = std::get<Request>(*packet);
  CHECK_FALSE(request.write);
  CHECK(request.file == "CTLSEP001122334455.tlv");
  CHECK(request.mode == "octet");
  CHECK(request.options.empty());
  CHECK(packet_of(*packet) == wire);
}

TEST_CASE("each packet survives the round trip") {
  const std::string pairs = options_of("blksize=1428 tsize=0");
  const Buffer body = octets_of_size(512);
  for (const Packet& packet : std::initializer_list<Packet>{
           Request{false, "a", "octet", as_bytes(pairs)}, Request{true, "b", "netascii", {}}, Data{65535, body},
           Data{1, {}}, Ack{0}, Ack{65535}, ErrorMessage{ErrorCode::file_not_found, "File not found"},
           Oack{as_bytes(pairs)}}) {
    const Buffer wire = packet_of(packet);
    const auto again = parse_packet(wire);
    REQUIRE(again);
    CHECK(to_string(*again) == to_string(packet));
    CHECK(packet_of(*again) == wire);
  }
}

TEST_CASE("hand-checked octets") {
  CHECK(packet_of(Ack{0x1234}) == Buffer{0, 4, 0x12, 0x34});
  CHECK(packet_of(Data{1, as_bytes("x")}) == Buffer{0, 3, 0, 1, 'x'});
  CHECK(packet_of(ErrorMessage{ErrorCode::unknown_tid, "no"}) == Buffer{0, 5, 0, 5, 'n', 'o', 0});
  CHECK(rrq("f", "blksize=8") == to_buffer(std::string("\0\1f\0octet\0blksize\0008\0", 20)));
}

TEST_CASE("every proper prefix of a request without options is refused (case 3, case 4)") {
  const Buffer wire = rrq("SEP001122334455.cnf.xml");
  for (std::size_t n = 0; n < wire.size(); ++n) {
    const Buffer prefix(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(n));
    const auto packet = parse_packet(prefix);
    REQUIRE_FALSE(packet);
    CHECK(packet.error().code == Errc::truncated);
  }
}

TEST_CASE("prefixes of the short packets are refused") {
  Buffer keep;
  CHECK_FALSE(parse_packet(octets({}, keep)));
  CHECK_FALSE(parse_packet(octets({0}, keep)));
  for (const std::uint8_t opcode : Buffer{3, 4, 5}) {
    CHECK_FALSE(parse_packet(octets({0, opcode}, keep)));
    CHECK_FALSE(parse_packet(octets({0, opcode, 1}, keep)));
    CHECK(parse_packet(octets({0, opcode, 1, 2}, keep)));
  }
}

TEST_CASE("case 2: opcodes that are none") {
  Buffer keep;
  for (const auto& wire : {Buffer{0, 0, 0, 0}, Buffer{0, 7, 0, 0}, Buffer{0xff, 0xff, 0, 0}, Buffer{1, 1, 'a', 0}}) {
    const auto packet = parse_packet(wire);
    REQUIRE_FALSE(packet);
    CHECK(packet.error().code == Errc::unsupported);
    CHECK_FALSE(parse_opcode(wire));
  }
}

TEST_CASE("CVE-2019-11365: an oversize ERROR text is cut") {
  const std::string text(60000, 'A');
  const Buffer wire = packet_of(ErrorMessage{ErrorCode::not_defined, text});
  CHECK(std::get<ErrorMessage>(*parse_packet(wire)).text.size() == kMaxErrorText);
}

TEST_CASE("an ERROR text may lack its NUL, and ends at the first") {
  const Buffer without = {0, 5, 0, 0, 'h', 'i'};
  CHECK(std::get<ErrorMessage>(*parse_packet(without)).text == "hi");
  const Buffer twice = {0, 5, 0, 0, 'h', 0, 'i', 0};
  CHECK(std::get<ErrorMessage>(*parse_packet(twice)).text == "h");
}

TEST_CASE("CVE-2018-10387 and kin: what the log shows is escaped") {
  const Buffer wire = rrq("%n%s%x\r\n\x1b[2J\"");
  CHECK(to_string(*parse_packet(wire)) == R"(RRQ "%n%s%x\x0d\x0a\x1b[2J\"" octet)");
}

TEST_CASE("case 9, case 10, case 11: modes") {
  CHECK(parse_mode("octet") == Mode::octet);
  CHECK(parse_mode("OCTET") == Mode::octet);
  CHECK(parse_mode("OcTeT") == Mode::octet);
  CHECK(parse_mode("NetASCII") == Mode::netascii);
  CHECK_FALSE(parse_mode("mail"));
  CHECK_FALSE(parse_mode(""));
  CHECK_FALSE(parse_mode("octet "));
  CHECK_FALSE(parse_mode(std::string(400, 'o')));
}

TEST_CASE("case 13, case 14: an option without value, a value without NUL") {
  for (const std::string_view tail :
       {std::string_view("blksize\0", 8), std::string_view("blksize", 7), std::string_view("blksize\0001428", 12)}) {
    OptionWalk walk(as_bytes(tail));
    CHECK_FALSE(walk.next());
    CHECK_FALSE(walk.next());
  }
  const std::string two("tsize\0000\0blksize\0", 16);
  OptionWalk walk(as_bytes(two));
  const auto first = walk.next();
  REQUIRE(first);
  CHECK(first->name == "tsize");
  CHECK(first->value == "0");
  CHECK_FALSE(walk.next());
}

TEST_CASE("codes have names") {
  CHECK(to_string(ErrorCode::option_refused) == "option refused");
  CHECK(to_string(static_cast<ErrorCode>(9)) == "unknown code");
  CHECK(to_string(static_cast<ErrorCode>(0xffff)) == "unknown code");
}

}  // namespace dw::tftp
