#include "sbc/trace/pcapng.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <string>

#include "sbc/base/byte_reader.hpp"

using namespace dw;
using trace::PcapngWriter;

namespace {

Endpoint at(const char* text) {
  return *Endpoint::parse(text);
}

std::string hex(Bytes octets) {
  std::string out;
  for (std::size_t i = 0; i < octets.size(); ++i)
    out += fmt::format("{}{:02x}", i == 0 ? "" : i % 16 == 0 ? "\n" : " ", octets[i]);
  return out;
}

}  // namespace

TEST_CASE("the head: a section and two named interfaces, octet by octet") {
  Buffer out;
  PcapngWriter::begin(out, "dropwire");
  CHECK(hex(out) ==
        // section: magic, 1.0, length not given, "dropwire"
        "0a 0d 0d 0a 2c 00 00 00 4d 3c 2b 1a 01 00 00 00\n"
        "ff ff ff ff ff ff ff ff 04 00 08 00 64 72 6f 70\n"
        "77 69 72 65 00 00 00 00 2c 00 00 00 01 00 00 00\n"
        // interface: link type 101, no limit, "phone side"
        "28 00 00 00 65 00 00 00 00 00 00 00 02 00 0a 00\n"
        "70 68 6f 6e 65 20 73 69 64 65 00 00 00 00 00 00\n"
        "28 00 00 00 01 00 00 00 28 00 00 00 65 00 00 00\n"
        // the other: "central side"
        "00 00 00 00 02 00 0c 00 63 65 6e 74 72 61 6c 20\n"
        "73 69 64 65 00 00 00 00 28 00 00 00");
}

TEST_CASE("a datagram: IPv4 and UDP around it, with right checksums and a comment") {
  PcapngWriter writer;
  Buffer out;
  const Bytes said = as_bytes("abc");
  writer.packet(out, {PcapngWriter::Interface::central, 0x0006123456789abc, at("192.0.2.1:69"), at("192.0.2.7:1024"),
                      false, said, "note"});
  CHECK(hex(out) ==
        "06 00 00 00 4c 00 00 00 01 00 00 00 34 12 06 00\n"
        "bc 9a 78 56 1f 00 00 00 1f 00 00 00 45 00 00 1f\n"
        "00 00 00 00 40 11 f6 c5 c0 00 02 01 c0 00 02 07\n"
        "00 45 04 00 00 0b b3 27 61 62 63 00 01 00 04 00\n"
        "6e 6f 74 65 00 00 00 00 4c 00 00 00");
}

TEST_CASE("a stream: sequence numbers go on in each direction, long pieces are cut") {
  PcapngWriter writer;
  const auto numbers = [&](const char* from, const char* to, std::size_t octets) {
    Buffer out;
    const Buffer said(octets, 'x');
    writer.packet(out, {PcapngWriter::Interface::phone, 0, at(from), at(to), true, said, {}});
    std::vector<std::pair<std::uint32_t, std::uint32_t>> all;
    for (Bytes left = out; !left.empty();) {
      ByteReader length(left.subspan(4));
      const std::uint32_t total = length.u32le("length");
      ByteReader tcp(left.subspan(28 + 20 + 4));
      const std::uint32_t sequence = tcp.u32be("sequence");
      all.emplace_back(sequence, tcp.u32be("answered"));
      left = left.subspan(total);
    }
    return all;
  };
  using All = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  CHECK(numbers("10.0.0.1:2000", "10.0.0.7:5000", 10) == All{{1, 1}});
  CHECK(numbers("10.0.0.7:5000", "10.0.0.1:2000", 20) == All{{1, 11}});
  CHECK(numbers("10.0.0.1:2000", "10.0.0.7:5000", 20'000) == All{{11, 21}, {16'395, 21}});
  CHECK(numbers("10.0.0.1:2000", "10.0.0.8:5000", 1) == All{{1, 1}});
  CHECK(numbers("10.0.0.7:5000", "10.0.0.1:2000", 1) == All{{21, 20'011}});
}

TEST_CASE("IPv6, and what can't be a packet") {
  PcapngWriter writer;
  Buffer out;
  writer.packet(
      out,
      {PcapngWriter::Interface::phone, 0, at("[2001:db8::1]:69"), at("[2001:db8::2]:70"), false, as_bytes("x"), {}});
  ByteReader reader(Bytes(out).subspan(28));
  CHECK(reader.u32be("ip") == 0x60000000);
  CHECK(reader.u16be("length") == 9);
  CHECK(reader.u16be("next") == 0x1140);
  out.clear();
  writer.packet(
      out, {PcapngWriter::Interface::phone, 0, at("[2001:db8::1]:69"), at("192.0.2.1:70"), false, as_bytes("x"), {}});
  CHECK(out.empty());
  const Buffer long_one(PcapngWriter::kMaxUdp + 1);
  writer.packet(out, {PcapngWriter::Interface::phone, 0, at("192.0.2.2:69"), at("192.0.2.1:70"), false, long_one, {}});
  CHECK(out.empty());
  writer.packet(out, {PcapngWriter::Interface::phone, 0, {}, {}, false, as_bytes("x"), {}});
  CHECK(out.empty());
}

TEST_CASE("whole blocks: every beginning of a capture has its own") {
  Buffer out;
  PcapngWriter::begin(out, "dropwire");
  const std::size_t head = out.size();
  PcapngWriter writer;
  writer.packet(
      out, {PcapngWriter::Interface::phone, 0, at("192.0.2.1:69"), at("192.0.2.7:1024"), false, as_bytes("abc"), {}});
  for (std::size_t n = 0; n <= out.size(); ++n) {
    const std::size_t whole = trace::whole_blocks(Bytes(out).first(n));
    CHECK(whole <= n);
    CHECK(whole == (n < 44 ? 0 : n < 84 ? 44 : n < head ? 84 : n < out.size() ? head : out.size()));
  }
}

TEST_CASE("a connection that goes on keeps its sequence numbers, however many others come and go") {
  trace::PcapngWriter writer;
  const Endpoint server = *Endpoint::parse("10.0.0.1:2000"), phone = *Endpoint::parse("10.0.0.7:50000");
  const Buffer three = {1, 2, 3};
  const auto sequence = [&](const Endpoint& from) {
    Buffer out;
    writer.packet(out, {.from = from, .to = server, .tcp = true, .octets = three, .comment = {}});
    ByteReader reader(out);
    reader.skip(28 + 20 + 4, "block, IPv4, ports");
    return reader.u32be("sequence number");
  };
  CHECK(sequence(phone) == 1);
  for (unsigned i = 0; i < 2000; ++i) {
    const Endpoint other{phone.address, static_cast<std::uint16_t>(1024 + i)};
    CHECK(sequence(other) == 1);
    if (i % 100 == 0) CHECK(sequence(phone) == 4 + 3 * (i / 100));
  }
}
