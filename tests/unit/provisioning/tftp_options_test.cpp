#include <doctest/doctest.h>

#include <fmt/format.h>

#include "tests/unit/provisioning/tftp_desk.hpp"

namespace dw::tftp {
using namespace test;

namespace {

/// What is agreed to for these options, as "OACK …", or "no OACK".
std::string oack_for(std::string_view options, std::optional<std::uint64_t> size = 1000,
                     std::string_view mode = "octet", const TermLimits& limits = {}) {
  const std::string pairs = options_of(options);
  Terms terms(Request{false, "f", mode, as_bytes(pairs)}, *parse_mode(mode), limits);
  terms.set_size(size);
  if (terms.oack().empty()) return "no OACK";
  return to_string(*parse_packet(terms.oack()));
}

Terms terms_for(std::string_view options) {
  const std::string pairs = options_of(options);
  return Terms(Request{false, "f", "octet", as_bytes(pairs)}, Mode::octet, {});
}

}  // namespace

TEST_CASE("options are agreed to in one OACK") {
  CHECK(oack_for("blksize=1024 timeout=3 windowsize=4 tsize=0") ==
        "OACK blksize=1024 timeout=3 windowsize=4 tsize=1000");
  const Terms terms = terms_for("blksize=1024 timeout=3 windowsize=4 tsize=0");
  CHECK(terms.blksize() == 1024);
  CHECK(terms.windowsize() == 4);
  CHECK(terms.timeout() == std::uint8_t{3});
}

TEST_CASE("an unknown option is left out; when nothing is left there is no OACK") {
  CHECK(oack_for("") == "no OACK");
  CHECK(oack_for("multicast= foo=bar") == "no OACK");
  CHECK(oack_for("foo=bar blksize=600") == "OACK blksize=600");
  CHECK(oack_for("utimeout=99999999999999999999 rollover=1 blksize2=1024") == "no OACK");  // CVE-2011-2199
}

TEST_CASE("case 15: foo_blksize_bar is not blksize") {
  CHECK(oack_for("foo_blksize_bar=1000") == "no OACK");
  CHECK(oack_for("blksize_=1000 _blksize=1000 blksiz=1000") == "no OACK");
}

TEST_CASE("names in any case, echoed as the client spells them") {
  CHECK(oack_for("BlkSize=600 TSIZE=0 WindowSize=2 TimeOut=9") == "OACK BlkSize=600 WindowSize=2 TimeOut=9 TSIZE=1000");
}

TEST_CASE("case 16: 200 unknown options in one request") {
  std::string options;
  for (int i = 0; i < 200; ++i)
    options += fmt::format("{}x{}=1", i == 0 ? "" : " ", i);
  CHECK(oack_for(options) == "no OACK");
}

TEST_CASE("case 18: blksize out of range or not a number is left out") {
  for (const char* value :
       {"7", "0", "-1", "65465", "99999999999999999999", "abc", "1428x", "+512", " 512", "0x200", "1428abc", ""}) {
    CAPTURE(value);
    const std::string pairs = std::string("blksize") + '\0' + value + '\0';
    const Terms terms(Request{false, "f", "octet", as_bytes(pairs)}, Mode::octet, {});
    CHECK(terms.oack().empty());
    CHECK(terms.blksize() == 512);
  }
  CHECK(oack_for("blksize=8") == "OACK blksize=8");
}

TEST_CASE("case 20: blksize 65464 is lowered, never raised") {
  CHECK(oack_for("blksize=65464") == "OACK blksize=1428");
  CHECK(oack_for("blksize=1429") == "OACK blksize=1428");
  CHECK(oack_for("blksize=1427") == "OACK blksize=1427");
  CHECK(oack_for("blksize=65464", 1, "octet", {65464, 16}) == "OACK blksize=65464");
}

TEST_CASE("case 21: of an option given twice the first counts") {
  CHECK(oack_for("blksize=600 blksize=700") == "OACK blksize=600");
  CHECK(oack_for("blksize=7 blksize=700") == "no OACK");
  CHECK(terms_for("blksize=600 blksize=700").repeated_option());
  CHECK_FALSE(terms_for("blksize=600 tsize=0").repeated_option());
}

TEST_CASE("case 22, case 23: tsize is sent when it is known") {
  CHECK(oack_for("tsize=0", 0) == "OACK tsize=0");
  CHECK(oack_for("tsize=0", 18446744073709551615U) == "OACK tsize=18446744073709551615");
  CHECK(oack_for("tsize=0", std::nullopt) == "no OACK");
  CHECK(oack_for("tsize=0 blksize=600", std::nullopt) == "OACK blksize=600");
  CHECK(oack_for("tsize=x") == "no OACK");
}

TEST_CASE("case 24, case 25: timeout") {
  CHECK(oack_for("timeout=0") == "no OACK");
  CHECK(oack_for("timeout=256") == "no OACK");
  CHECK(oack_for("timeout=1") == "OACK timeout=1");
  CHECK(oack_for("timeout=255") == "OACK timeout=255");
}

TEST_CASE("case 26, case 27: windowsize") {
  CHECK(oack_for("windowsize=0") == "no OACK");
  CHECK(oack_for("windowsize=65536") == "no OACK");
  CHECK(oack_for("windowsize=65535") == "OACK windowsize=16");
  CHECK(oack_for("windowsize=16", 1, "octet", {1428, 1}) == "OACK windowsize=1");
}

TEST_CASE("netascii: no tsize, no windowsize") {
  CHECK(oack_for("tsize=0 windowsize=16 blksize=600", 1000, "netascii") == "OACK blksize=600");
}

TEST_CASE("the longest OACK fits (CVE-2021-41054)") {
  const std::string pairs = options_of("blksize=65464 timeout=255 windowsize=65535 tsize=0");
  Terms terms(Request{false, "f", "octet", as_bytes(pairs)}, Mode::octet, {65464, 65535});
  terms.set_size(18446744073709551615U);
  CHECK(terms.oack().size() == Terms::kMaxOack);
}

}  // namespace dw::tftp
