#include <doctest/doctest.h>

#include <array>

#include "sbc/base/byte_reader.hpp"
#include "sbc/base/byte_writer.hpp"

using namespace dw;

TEST_CASE("what the writer wrote the reader reads, in each order and width") {
  Buffer out;
  ByteWriter writer(out);
  writer.u8(0x01);
  writer.u16be(0x0203);
  writer.u32be(0x04050607);
  writer.u16le(0x0809);
  writer.u32le(0x0a0b0c0d);
  writer.text_nul("octet");
  writer.text("ab");
  writer.octets(std::array<std::uint8_t, 2>{0xfe, 0xff});
  CHECK(out ==
        Buffer{1, 2, 3, 4, 5, 6, 7, 9, 8, 0x0d, 0x0c, 0x0b, 0x0a, 'o', 'c', 't', 'e', 't', 0, 'a', 'b', 0xfe, 0xff});

  ByteReader reader(out);
  CHECK(reader.u8("a") == 0x01);
  CHECK(reader.u16be("b") == 0x0203);
  CHECK(reader.u32be("c") == 0x04050607);
  CHECK(reader.u16le("d") == 0x0809);
  CHECK(reader.u32le("e") == 0x0a0b0c0d);
  CHECK(reader.text_to_nul(5, "f") == "octet");
  CHECK(as_text(reader.take(2, "g")) == "ab");
  CHECK_FALSE(reader.at_end());
  CHECK(reader.rest().size() == 2);
  CHECK(reader.at_end());
  CHECK(reader.ok());
}

TEST_CASE("the high bits survive") {
  const Buffer octets(8, 0xff);
  ByteReader reader(octets);
  CHECK(reader.u32be("a") == 0xffffffff);
  CHECK(reader.u16le("b") == 0xffff);
  CHECK(reader.u16be("c") == 0xffff);
}

TEST_CASE("the first failure sticks, with its field and offset") {
  const Buffer octets{0, 4, 0xff};
  ByteReader reader(octets);
  CHECK(reader.u16be("opcode") == 4);
  CHECK(reader.u16be("block") == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.u8("later") == 0);  // one octet is left, but the reader is frozen
  CHECK(reader.rest().empty());
  CHECK(reader.remaining() == 0);
  CHECK(reader.text_to_nul(10, "later").empty());
  reader.refuse(Errc::malformed, "later");
  CHECK(reader.error().code == Errc::truncated);
  CHECK(reader.error().text == "block is truncated");
  CHECK(reader.error().offset == 2);
}

TEST_CASE("every read of an empty reader fails and gives zero") {
  const auto fails = [](auto read) {
    ByteReader reader({});
    read(reader);
    return !reader.ok() && reader.error().offset == 0;
  };
  CHECK(fails([](ByteReader& r) { CHECK(r.u8("x") == 0); }));
  CHECK(fails([](ByteReader& r) { CHECK(r.u16be("x") == 0); }));
  CHECK(fails([](ByteReader& r) { CHECK(r.u16le("x") == 0); }));
  CHECK(fails([](ByteReader& r) { CHECK(r.u32be("x") == 0); }));
  CHECK(fails([](ByteReader& r) { CHECK(r.u32le("x") == 0); }));
  CHECK(fails([](ByteReader& r) { CHECK(r.take(1, "x").empty()); }));
  CHECK(fails([](ByteReader& r) { r.skip(1, "x"); }));
  CHECK(fails([](ByteReader& r) { CHECK(r.text_to_nul(1, "x").empty()); }));
  ByteReader none({});
  CHECK(none.take(0, "x").empty());
  CHECK(none.ok());
  CHECK(none.at_end());
}

TEST_CASE("a length near the end of size_t does not wrap") {
  const Buffer octets(4, 0);
  ByteReader reader(octets);
  reader.u8("a");
  CHECK(reader.take(~std::size_t{0}, "huge").empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("text to NUL: at its bound, beyond it, without a NUL") {
  const Buffer octets = to_buffer(std::string_view("abc\0de", 6));
  ByteReader fits(octets);
  CHECK(fits.text_to_nul(3, "name") == "abc");
  CHECK(fits.offset() == 4);
  CHECK(fits.text_to_nul(3, "mode").empty());
  CHECK(fits.error().code == Errc::truncated);

  ByteReader long_one(octets);
  CHECK(long_one.text_to_nul(2, "name").empty());
  CHECK(long_one.error().code == Errc::too_long);
  CHECK(long_one.error().text == "name is too_long");
}

TEST_CASE("a parser's own refusal") {
  const Buffer octets{9};
  ByteReader reader(octets);
  reader.u8("opcode");
  reader.refuse(Errc::unsupported, "opcode");
  CHECK(reader.error().code == Errc::unsupported);
  CHECK(reader.error().offset == 1);
}
