#include "tftp-proxy/core/trust_list.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::provisioning;

namespace {

Buffer from_hex(std::string_view hex) {
  Buffer out;
  int high = -1;
  for (const char c : hex) {
    const auto digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) continue;
    if (high < 0) {
      high = static_cast<int>(digit);
    } else {
      out.push_back(static_cast<std::uint8_t>(high * 16 + static_cast<int>(digit)));
      high = -1;
    }
  }
  return out;
}

// A .sgn header by hand, 64-octet key (modulus 0), for "a.sgn".
const Buffer kSgn = from_hex(
    "01 0002 0100"                                      // 0   version 1.0
    "02 0002 0080"                                      // 5   header length 128
    "03 0017"                                           // 10  signer, 23 octets
    "  04 0005 434e3d5400"                              //     subject "CN=T"
    "  06 0005 434e3d4300"                              //     issuer "CN=C"
    "  05 0004 0a0b0c0d"                                //     serial
    "07 000f 08 0001 01 09 0008 0a 0001 00 0b 0001 00"  // 36  SHA-1, RSA, 64 octets
    "0c 0040"                                           // 54  signature
    "  00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    "  00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    "0e 0006 612e73676e00");  // 121 file name "a.sgn", ends at 130

/// The same with the right length: 130 + 7 octets of time + pads to a multiple of 4.
Buffer sgn_fixture() {
  Buffer out = kSgn;
  const Buffer tail = from_hex("0f 0004 5f5e1000 0d0d0d");
  out.insert(out.end(), tail.begin(), tail.end());
  out[9] = static_cast<std::uint8_t>(out.size());
  return out;
}

// The two records of a list: a SAST with everything, a TFTP server with a DNS name and a hash.
const Buffer kRecords = from_hex(
    "01 0002 0039"                // 57 octets
    "  03 0005 434e3d5300"        // subject "CN=S"
    "  04 0002 0000"              // SAST
    "  05 0005 434e3d5300"        // issuer
    "  06 0002 0102"              // serial
    "  07 0003 300100"            // public key
    "  08 0002 abcd"              // signature
    "  09 0005 3003020100"        // certificate
    "  0a 0004 c0000201"          // address
    "01 0002 0021"                // 33 octets
    "  02 0004 746e3100"          // DNS name
    "  03 0005 434e3d5400"        // subject "CN=T"
    "  04 0002 0003"              // TFTP
    "  0b 0001 ff  0c 0001 01");  // hash

Buffer list_fixture() {
  Buffer out = sgn_fixture();
  out.insert(out.end(), kRecords.begin(), kRecords.end());
  return out;
}

Buffer written(const auto& value) {
  Buffer out;
  ByteWriter writer(out);
  write(writer, value);
  return out;
}

}  // namespace

TEST_CASE("a signed header, field by field") {
  const Buffer octets = sgn_fixture();
  REQUIRE(octets.size() % 4 == 0);
  const auto header = parse_signed_header(octets);
  REQUIRE_MESSAGE(header, header.error().text);
  CHECK(header->major == 1);
  CHECK(header->minor == 0);
  CHECK(header->length == octets.size());
  CHECK_FALSE(header->signer_version);
  CHECK(header->subject == "CN=T");
  CHECK(header->issuer == "CN=C");
  CHECK(header->serial == from_hex("0a0b0c0d"));
  CHECK(header->hash == 1);
  CHECK(header->algorithm == 0);
  CHECK(header->modulus == 0);
  CHECK(header->signature.size() == 64);
  CHECK(header->file_name == "a.sgn");
  CHECK(header->time == 0x5f5e1000);
  CHECK(header->pads == 3);
  CHECK_FALSE(header->encrypted());
  CHECK(to_string(*header) == "signed header 1.0 of 140 octets by \"CN=T\" for \"a.sgn\"");
}

TEST_CASE("a header written is the header read, also with Cisco's order and unknown tags") {
  const Buffer octets = sgn_fixture();
  CHECK(written(*parse_signed_header(octets)) == octets);
  SignedHeader header = *parse_signed_header(octets);
  header.signer_order = {4, 5, 6};
  header.signer_version = 0x0101;
  header.others = {{16, {1, 2}}, {99, {}}};
  header.order = {28, 3, 7, 12, 16, 99, 15};
  header.file_name.reset();
  header.pads = 0;
  header.length = static_cast<std::uint16_t>(written(header).size());
  const auto again = parse_signed_header(written(header));
  REQUIRE(again);
  CHECK(*again == header);
  CHECK(again->encrypted());
  CHECK(to_string(*again).ends_with(", encrypted"));
}

TEST_CASE("every proper prefix of a header is refused") {
  const Buffer octets = sgn_fixture();
  for (std::size_t n = 0; n < octets.size(); ++n) {
    const Buffer prefix(octets.begin(), octets.begin() + static_cast<long>(n));
    CHECK_FALSE(parse_signed_header(prefix));
    CHECK(is_signed(prefix) == (n >= 10));
    if (n >= 11) CHECK(parse_signed_header(prefix).error().code == Errc::truncated);
  }
}

TEST_CASE("every prefix whose length field says so is refused or complete") {
  for (std::size_t n = 10; n < sgn_fixture().size(); ++n) {
    Buffer prefix = sgn_fixture();
    prefix.resize(n);
    prefix[9] = static_cast<std::uint8_t>(n);
    const auto header = parse_signed_header(prefix);
    // Whole only where a field ends: after the signature, the name, the time and among the pads.
    CHECK(header.has_value() == (n == 121 || n == 130 || n >= 137));
  }
}

TEST_CASE("headers that make no sense") {
  const auto refused = [](std::size_t at, std::uint8_t value) {
    Buffer octets = sgn_fixture();
    octets[at] = value;
    const auto header = parse_signed_header(octets);
    REQUIRE_FALSE(header);
    return header.error().code;
  };
  CHECK(refused(0, '<') == Errc::malformed);
  CHECK(refused(2, 3) == Errc::malformed);
  CHECK(refused(3, 7) == Errc::unsupported);
  CHECK(refused(5, 3) == Errc::malformed);
  CHECK(refused(9, 9) == Errc::malformed);     // shorter than the first two fields
  CHECK(refused(9, 255) == Errc::truncated);   // longer than the file
  CHECK(refused(12, 22) == Errc::truncated);   // signer cut
  CHECK(refused(20, 'x') == Errc::truncated);  // subject without its NUL
  CHECK(refused(18, 0) == Errc::malformed);    // NUL in the middle
  CHECK(refused(21, 4) == Errc::malformed);    // subject twice
  CHECK(refused(21, 9) == Errc::malformed);    // a stranger in the signer
  CHECK(refused(38, 14) == Errc::malformed);   // signature info of another length
  CHECK(refused(43, 1) == Errc::malformed);    // algorithm info of another tag
  CHECK(refused(121, 12) == Errc::malformed);  // signature twice
  CHECK(refused(121, 13) == Errc::malformed);  // a pad in the middle
}

TEST_CASE("bounds of a header") {
  SignedHeader header = *parse_signed_header(sgn_fixture());
  const auto code = [](SignedHeader h) {
    h.length = static_cast<std::uint16_t>(written(h).size());
    const auto parsed = parse_signed_header(written(h));
    return parsed ? "" : std::string(to_string(parsed.error().code));
  };
  CHECK(code(header).empty());
  for (const auto& [size, expected] : {std::pair{kMaxSignature, ""}, std::pair{kMaxSignature + 1, "too_long"}}) {
    SignedHeader big = header;
    big.signature.assign(size, 1);
    CHECK(code(big) == expected);
  }
  for (const auto& [size, expected] : {std::pair{kMaxSignerName, ""}, std::pair{kMaxSignerName + 1, "too_long"}}) {
    SignedHeader big = header;
    big.subject.assign(size, 'x');
    CHECK(code(big) == expected);
  }
  for (const auto& [size, expected] : {std::pair{kMaxSerial, ""}, std::pair{kMaxSerial + 1, "too_long"}}) {
    SignedHeader big = header;
    big.serial.assign(size, 1);
    CHECK(code(big) == expected);
  }
  for (const auto& [size, expected] : {std::pair{kMaxSignedName, ""}, std::pair{kMaxSignedName + 1, "too_long"}}) {
    SignedHeader big = header;
    big.file_name = std::string(size, 'x');
    CHECK(code(big) == expected);
  }
  SignedHeader many = header;
  for (std::uint8_t tag = 30; many.order.size() < kMaxTlvs; ++tag)
    many.others.push_back({tag, {}}), many.order.push_back(tag);
  CHECK(code(many).empty());
  many.others.push_back({90, {}}), many.order.push_back(90);
  CHECK(code(many) == "exhausted");
}

TEST_CASE("what begins with a header, and what does not") {
  CHECK(is_signed(sgn_fixture()));
  CHECK(is_signed(from_hex("01 0002 0200 02 0002 0200")));
  for (const char* hex :
       {"", "01", "01 0002 0100 02 0002 0009", "01 0002 0300 02 0002 0100", "3c3f786d6c2076657273696f6e"})
    CHECK_FALSE(is_signed(from_hex(hex)));
  CHECK(*signed_body_offset(list_fixture()) == 140);
}

TEST_CASE("names of signed, encrypted and trust list files") {
  CHECK(is_signed_name("SEP001122334455.cnf.xml.sgn"));
  CHECK(is_signed_name("SEP001122334455.cnf.xml.ENC.SGN"));
  CHECK_FALSE(is_signed_name("SEP001122334455.cnf.xml"));
  CHECK(is_encrypted_name("SEP001122334455.cnf.xml.enc.sgn"));
  CHECK_FALSE(is_encrypted_name("SEP001122334455.cnf.xml.sgn"));
  for (const char* name : {"CTLSEP001122334455.tlv", "ITLSEP001122334455.tlv", "ITLFile.tlv", "CTLFile.tlv",
                           "itlfile.TLV", "x/ITLFile.tlv"})
    CHECK(is_trust_list_name(name));
  for (const char* name : {"SEP001122334455.cnf.xml", "CTLSEP001122334455.xml", "x.tlv", "ITL/x.tlv"})
    CHECK_FALSE(is_trust_list_name(name));
}

TEST_CASE("a trust list, record by record") {
  const auto list = parse_trust_list(list_fixture());
  REQUIRE_MESSAGE(list, list.error().text);
  REQUIRE(list->records.size() == 2);
  const TrustRecord& sast = list->records[0];
  CHECK(sast.subject == "CN=S");
  CHECK(sast.issuer == "CN=S");
  CHECK(sast.role == TrustRole::sast);
  CHECK(sast.serial == from_hex("0102"));
  CHECK(sast.public_key == from_hex("300100"));
  CHECK(sast.signature == from_hex("abcd"));
  CHECK(sast.certificate == from_hex("3003020100"));
  CHECK(sast.others == std::vector<Tlv>{{10, from_hex("c0000201")}});
  CHECK(list->records[1].role == TrustRole::tftp);
  CHECK(list->has_tftp_role());
  CHECK(to_string(*list).ends_with("2 records: SAST \"CN=S\" TFTP \"CN=T\""));
  CHECK(written(*list) == list_fixture());
}

TEST_CASE("a list without a TFTP role leaves files unsigned") {
  TrustList list = *parse_trust_list(list_fixture());
  list.records.pop_back();
  CHECK_FALSE(parse_trust_list(written(list))->has_tftp_role());
  list.records[0].role = TrustRole::ccm_tftp;
  CHECK(parse_trust_list(written(list))->has_tftp_role());
  list.records[0].role = static_cast<TrustRole>(999);
  CHECK(to_string(parse_trust_list(written(list))->records[0].role) == "unknown");
}

TEST_CASE("every proper prefix of a list is refused, but for those that end with a record") {
  const Buffer whole = list_fixture();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto list = parse_trust_list(Bytes(whole).first(n));
    CHECK(list.has_value() == (n == 140 || n == 140 + 57));
  }
}

TEST_CASE("records that make no sense, and bounds of a list") {
  const auto code = [](const TrustList& list) {
    const auto parsed = parse_trust_list(written(list));
    return parsed ? "" : std::string(to_string(parsed.error().code));
  };
  const TrustList list = *parse_trust_list(list_fixture());
  TrustList many = list;
  many.records.resize(kMaxTrustRecords, list.records[1]);
  CHECK(code(many).empty());
  many.records.push_back(list.records[1]);
  CHECK(code(many) == "exhausted");
  TrustList twice = list;
  twice.records[0].order.push_back(4);
  CHECK(code(twice) == "malformed");
  TrustList nameless = list;
  nameless.records[0].order.erase(nameless.records[0].order.begin());
  CHECK(code(nameless) == "truncated");
  TrustList serial = list;
  serial.records[0].serial.assign(kMaxSerial + 1, 1);
  CHECK(code(serial) == "too_long");
  Buffer zero = list_fixture();
  zero[144] = 4;  // a record shorter than its own head
  CHECK(parse_trust_list(zero).error().code == Errc::malformed);
  CHECK(parse_trust_list(Buffer(kMaxTrustListOctets + 1)).error().code == Errc::too_long);
}
