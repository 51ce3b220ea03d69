#include "tftp-proxy/core/manifest.hpp"

#include "tests/unit/provisioning/cnf_support.hpp"
#include "tftp-proxy/core/trust_list.hpp"

using namespace dw;
using namespace dw::provisioning;

namespace {

std::vector<std::string> names(std::string_view text) {
  std::vector<std::string> out;
  const auto manifest = parse_manifest(as_bytes(text));
  REQUIRE(manifest);
  for (const auto& part : manifest->parts)
    out.push_back(part.name);
  return out;
}

/// The shape of the header in front of Cisco's firmware: version 1.1, signer with 4, 5, 6, no name, no time.
Buffer signed_as_firmware(std::string_view body) {
  SignedHeader header;
  header.major = 1;
  header.minor = 1;
  header.subject = "CN=someSigner";
  header.issuer = "CN=someCA";
  header.serial = {1, 2, 3};
  header.hash = 1;
  header.modulus = 2;
  header.signature = Buffer(256, 0x5a);
  header.order = {3, 7, 12};
  header.signer_order = {4, 5, 6};
  Buffer octets;
  ByteWriter out(octets);
  write(out, header);
  header.pads = static_cast<std::uint8_t>((4 - octets.size() % 4) % 4);
  header.length = static_cast<std::uint16_t>(octets.size() + header.pads);
  octets.clear();
  write(out, header);
  out.text(body);
  return octets;
}

}  // namespace

TEST_CASE("which names are manifests") {
  CHECK(is_manifest_name("SCCP45.9-4-2SR4-3S.loads"));
  CHECK(is_manifest_name("CP7921G-1.4.6.3.LOADS"));
  CHECK(is_manifest_name("fw/term45.default.loads"));
  CHECK_FALSE(is_manifest_name("SCCP45.9-4-2SR4-3S"));
  CHECK_FALSE(is_manifest_name("a.loads/b"));
}

TEST_CASE("a 7945's manifest: comments, CR LF, blanks at the end") {
  CHECK(names(fixture("manifest_7945.body.loads")) ==
        std::vector<std::string>{"jar45sccp.9-4-2ES9.sbn", "cnu45.9-4-2ES9.sbn", "apps45.9-4-2ES9.sbn",
                                 "dsp45.9-4-2ES9.sbn", "cvm45sccp.9-4-2ES9.sbn"});
}

TEST_CASE("a 7960's manifest: two files and a version that is none") {
  CHECK(names(fixture("manifest_7960.body.loads")) == std::vector<std::string>{"P0030801SR02.bin", "P0030801SR02.sbn"});
}

TEST_CASE("a 7921's manifest: sizes, and files it can do without") {
  const std::string text = fixture("manifest_7921.body.LOADS");
  const auto manifest = parse_manifest(as_bytes(text));
  REQUIRE(manifest);
  REQUIRE(manifest->parts.size() == 4);
  CHECK(manifest->parts[2] == ManifestPart{"WLAN-1.4.6.3.SBN", 1'385'744, false});
  CHECK(manifest->parts[3] == ManifestPart{"GUI-1.4.6.3.SBN", 4'100'200, true});
}

TEST_CASE("the signature header in front is skipped") {
  for (const char* file : {"manifest_7945.body.loads", "manifest_7960.body.loads", "manifest_7921.body.LOADS"}) {
    const std::string body = fixture(file);
    const Buffer whole = signed_as_firmware(body);
    REQUIRE(is_signed(whole));
    const auto manifest = parse_manifest(whole);
    REQUIRE(manifest);
    CHECK(*manifest == *parse_manifest(as_bytes(body)));
    CHECK_FALSE(manifest->parts.empty());
  }
}

TEST_CASE("a header cut short is refused; every other prefix reads") {
  const Buffer whole = signed_as_firmware(fixture("manifest_7960.body.loads"));
  const std::size_t header = *signed_body_offset(whole);
  for (std::size_t n = 10; n < header; ++n)
    CHECK(parse_manifest(Bytes(whole).first(n)).error().code == Errc::truncated);
  for (std::size_t n = header; n <= whole.size(); ++n)
    CHECK(parse_manifest(Bytes(whole).first(n)));
}

TEST_CASE("what is no part") {
  CHECK(names("other.loads\nREADME.txt\nLA_VERSION=1.sbnx\n.sbn\n../up.sbn\n#x.sbn\n#? y.sbn\n\n \n").empty());
  CHECK(names("a.sbn\na.sbn\nA.sbn") == std::vector<std::string>{"a.sbn", "A.sbn"});
  CHECK(names("x.sb2 # old\ny.SBIN\tz\nz.bin #+") == std::vector<std::string>{"x.sb2", "y.SBIN", "z.bin"});
  CHECK(parse_manifest(as_bytes("z.bin #+"))->parts[0].optional);
  CHECK_FALSE(parse_manifest(as_bytes("z.bin 12x"))->parts[0].size);
}

TEST_CASE("bounds: 64 parts, 64 KiB") {
  std::string text;
  for (std::size_t i = 0; i < kMaxManifestParts; ++i)
    text += "part" + std::to_string(i) + ".sbn\n";
  CHECK(names(text).size() == kMaxManifestParts);
  CHECK(parse_manifest(as_bytes(text + "one-more.sbn")).error().code == Errc::exhausted);
  CHECK(parse_manifest(as_bytes(std::string(kMaxManifestOctets, '\n'))));
  CHECK(parse_manifest(as_bytes(std::string(kMaxManifestOctets + 1, '\n'))).error().code == Errc::too_long);
}

TEST_CASE("a manifest written is the manifest read") {
  const Manifest manifest{{{"a.sbn", std::nullopt, false}, {"b.SBN", 12, true}, {"c.bin", 0, false}}};
  CHECK(*parse_manifest(write_manifest(manifest)) == manifest);
  CHECK(to_string(manifest) == "manifest of 3: a.sbn b.SBN?(12) c.bin(0)");
}
