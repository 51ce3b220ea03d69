#include "nat/core/stun/stun.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

using namespace dw;
using namespace dw::nat;

namespace {

Buffer from_hex(const std::string& text) {
  Buffer out;
  std::string digits;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    digits += c;
    if (digits.size() == 2) {
      out.push_back(static_cast<std::uint8_t>(std::strtoul(digits.c_str(), nullptr, 16)));
      digits.clear();
    }
  }
  return out;
}

// RFC 5769 §2.1 to §2.3.
const std::string kRequest =
    "0001 0058 2112a442 b7e7a701bc34d686fa87dfae"
    "8022 0010 5354554e207465737420636c69656e74"          // SOFTWARE
    "0024 0004 6e0001ff"                                  // PRIORITY
    "8029 0008 932ff9b151263b36"                          // ICE-CONTROLLED
    "0006 0009 6576746a3a68367659 202020"                 // USERNAME
    "0008 0014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"  // MESSAGE-INTEGRITY
    "8028 0004 e57a3bcf";                                 // FINGERPRINT
const std::string kAnswer4 =
    "0101 003c 2112a442 b7e7a701bc34d686fa87dfae"
    "8022 000b 7465737420766563746f72 20"
    "0020 0008 0001a147e112a643"  // XOR-MAPPED-ADDRESS
    "0008 0014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "8028 0004 c07d4c96";
const std::string kAnswer6 =
    "0101 0048 2112a442 b7e7a701bc34d686fa87dfae"
    "8022 000b 7465737420766563746f72 20"
    "0020 0014 0002a147 0113a9faa5d3f179bc25f4b5bed2b9d9"
    "0008 0014 a382954e4be67bf11784c97c8292c275bfe3ed41"
    "8028 0004 c8fb0b4c";

StunMessage full() {
  StunMessage m;
  m.kind = StunMessage::Kind::success;
  m.id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  m.mapped = *Endpoint::parse("192.0.2.1:32853");
  m.xor_mapped = *Endpoint::parse("[2001:db8::7]:5060");
  m.response_origin = *Endpoint::parse("203.0.113.10:3478");
  m.other_address = *Endpoint::parse("203.0.113.11:3479");
  m.change = {true, false};
  m.response_port = 40000;
  m.error = {420, "Unknown"};
  m.unknown = {0x24, 0x7fff, 3};
  m.software = "abc";
  m.padding = 5;
  m.fingerprint = true;
  return m;
}

}  // namespace

TEST_CASE("stun: the vectors of RFC 5769") {
  const Buffer octets = from_hex(kRequest);
  const auto request = parse_stun(octets);
  REQUIRE(request);
  CHECK(request->is_binding(StunMessage::Kind::request));
  CHECK(request->software == "STUN test client");
  CHECK(request->fingerprint);
  CHECK(request->not_understood == std::vector<std::uint16_t>{0x24});

  const Buffer octets4 = from_hex(kAnswer4);
  const auto answer4 = parse_stun(octets4);
  REQUIRE(answer4);
  CHECK(answer4->is_binding(StunMessage::Kind::success));
  CHECK(answer4->reflexive()->to_string() == "192.0.2.1:32853");
  CHECK(answer4->software == "test vector");

  const auto answer6 = parse_stun(from_hex(kAnswer6));
  REQUIRE(answer6);
  CHECK(answer6->reflexive()->to_string() == "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
}

TEST_CASE("stun: what is written is read the same") {
  for (const auto kind : {StunMessage::Kind::request, StunMessage::Kind::indication, StunMessage::Kind::success,
                          StunMessage::Kind::error}) {
    for (const std::uint16_t method : std::initializer_list<std::uint16_t>{0x001, 0x003, 0x080, 0xfff}) {
      StunMessage m = full();
      m.kind = kind;
      m.method = method;
      const Buffer octets = to_octets(m);
      const auto read = parse_stun(octets);
      REQUIRE(read);
      CHECK(*read == m);
    }
  }
  StunMessage bare;
  CHECK(to_octets(bare).size() == kStunHeader);
  CHECK(*parse_stun(to_octets(bare)) == bare);
}

TEST_CASE("stun: every proper prefix is refused") {
  for (const Buffer& whole : {from_hex(kRequest), from_hex(kAnswer6), to_octets(full())}) {
    for (std::size_t size = 0; size < whole.size(); ++size)
      CHECK_FALSE(parse_stun(Bytes(whole).first(size)));
  }
}

TEST_CASE("stun: an octet changed anywhere is noticed, or the message has no fingerprint any more") {
  Buffer octets = from_hex(kAnswer4);
  for (std::size_t i = 0; i < octets.size(); ++i) {
    octets[i] ^= 0x10;
    const auto changed = parse_stun(octets);
    CHECK_FALSE((changed && changed->fingerprint));
    octets[i] ^= 0x10;
  }
}

TEST_CASE("stun: what makes no sense is refused") {
  const std::string header = "0001 0000 2112a442 000000000000000000000000";
  CHECK(parse_stun(from_hex(header)));
  CHECK_FALSE(parse_stun(from_hex("0001 0000 2112a443 000000000000000000000000")));  // no cookie
  CHECK_FALSE(parse_stun(from_hex("8001 0000 2112a442 000000000000000000000000")));  // RTP, perhaps
  const auto with = [](const std::string& attributes) {
    Buffer octets = from_hex("0001 0000 2112a442 000000000000000000000000" + attributes);
    octets[3] = static_cast<std::uint8_t>(octets.size() - kStunHeader);
    return parse_stun(octets).has_value();
  };
  CHECK(with("0003 0004 00000006"));
  CHECK_FALSE(with("0003 0003 00000600"));            // a CHANGE-REQUEST of three octets
  CHECK_FALSE(with("0003 0008 00000006"));            // longer than the message
  CHECK_FALSE(with("0001 0008 0003 1234 01020304"));  // a family that is none
  CHECK_FALSE(with("0001 0008 0002 1234 01020304"));  // IPv6 of four octets
  CHECK_FALSE(with("0009 0004 00000200"));            // class 2 is no error
  CHECK_FALSE(with("0009 0004 00000464"));            // number 100
  CHECK_FALSE(with("000a 0003 00240000"));            // half an attribute
  std::string many;
  for (std::size_t i = 0; i < kMaxStunAttributes; ++i)
    many += "8055 0000";
  CHECK(with(many));
  CHECK_FALSE(with(many + "8055 0000"));
  Buffer long_one(kMaxStunMessage + 4);
  CHECK(parse_stun(long_one).error().code == Errc::too_long);
}

TEST_CASE("stun: in words") {
  CHECK(to_string(*parse_stun(from_hex(kAnswer4))) == "binding success 192.0.2.1:32853");
}
