#include <doctest/doctest.h>

#include <cerrno>

#include "sbc/base/ids.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"

using namespace dw;
using namespace std::chrono_literals;

TEST_CASE("a device's name in every spelling is one value") {
  for (const char* text : {"SEP00112233AABB", "sep00112233aabb", "00112233aabb", "00:11:22:33:aa:BB",
                           "00-11-22-33-AA-BB", "SEP00:11:22:33:AA:BB", "0011.2233.aabb", "SEP0011.2233.AABB"}) {
    CAPTURE(text);
    const auto name = DeviceName::parse(text);
    REQUIRE(name.has_value());
    CHECK(name->str() == "SEP00112233AABB");
    CHECK(name->mac_digits() == "00112233AABB");
    CHECK(name->mac() == "00:11:22:33:AA:BB");
    CHECK_FALSE(name->empty());
  }
  for (const char* text : {"", "SEP", "SEP00112233AAB", "SEP00112233AABBC", "SEP00112233AABG", "SEPSEP00112233AABB",
                           "00.11.22.33.aa.bb", "00112.233.aabb", "0011.2233aabb", "001122 33aabb"}) {
    CAPTURE(text);
    CHECK_FALSE(DeviceName::parse(text).has_value());
  }
  CHECK(DeviceName().mac().empty());
  CHECK(DeviceName().mac_digits().empty());
}

TEST_CASE("names of stations that are no SEP names") {
  CHECK(DeviceName::station("sep00112233aabb").value() == DeviceName::parse("00:11:22:33:aa:bb").value());
  CHECK(DeviceName::station("ATA00112233aabb")->str() == "ATA00112233AABB");
  CHECK(DeviceName::station("VGC13c496217a01")->str() == "VGC13c496217a01");
  CHECK(DeviceName::station("cipc-Anna.1_x")->str() == "cipc-Anna.1_x");
  CHECK(DeviceName::station("00112233AABB")->str() == "00112233AABB");  // free text, no MAC
  for (const char* text : {"ATA00112233AABB", "VGC13c496217a01", "00112233AABB", "SEPTEMBER", "s"}) {
    CAPTURE(text);
    CHECK(DeviceName::station(text)->mac().empty());
    CHECK(DeviceName::station(text)->mac_digits().empty());
  }
  CHECK(DeviceName::station("SEP00112233AABB")->mac() == "00:11:22:33:AA:BB");
  for (const char* text : {"", "1234567890123456", "a b", "a/b", "a\n", "caf\xc3\xa9", "$(x)", "192.0.2.7", "::1"}) {
    CAPTURE(text);
    CHECK_FALSE(DeviceName::station(text).has_value());
  }
}

TEST_CASE("the device in a file's name") {
  for (const char* file :
       {"SEP00112233AABB.cnf.xml", "SEP00112233aabb.cnf.xml.sgn", "CTLSEP00112233AABB.tlv", "ITLSEP00112233AABB.tlv",
        "SIP00112233AABB.cnf", "WLAN00112233AABB.xml", "gk00112233aabb.txt", "ld00112233aabb", "ff00112233aabb",
        "dir/sub/SEP00112233AABB.cnf.xml"}) {
    CAPTURE(file);
    CHECK(DeviceName::in_file_name(file).str() == "SEP00112233AABB");
  }
  for (const auto& [file, device] : {std::pair("ATA00112233AABB.cnf.xml", "ATA00112233AABB"),
                                     {"ata00112233aabb", "ATA00112233AABB"},
                                     {"ATA2233AABBCC01.cnf.xml.sgn", "ATA2233AABBCC01"},
                                     {"CTLATA00112233AABB.tlv", "ATA00112233AABB"},
                                     {"VGC112233445500.cnf.xml", "VGC112233445500"},
                                     {"spa00112233AABB.xml", "SPA00112233AABB"},
                                     {"AN1122334455000.cnf.xml", "AN1122334455000"},
                                     {"CIPC-ANNA.cnf.xml", "CIPC-ANNA"},
                                     {"x/CSFanna.CNF.XML.enc.sgn", "CSFanna"},
                                     {"SIPPHONE.cnf.xml", "SIPPHONE"}}) {
    CAPTURE(file);
    CHECK(DeviceName::in_file_name(file).str() == device);
  }
  for (const char* file :
       {"", "XMLDefault.cnf.xml", "ATADefault.cnf.xml", "anna.xml", "CSFanna.cnf", "a b.cnf.xml", "1.2.3.4.cnf.xml",
        "sixteen-letters1.cnf.xml", "SEP.cnf.xml", "SEP00112233AABBC.cnf.xml", "SEP00112233AAB", "SIPDefault.cnf",
        "P00308000100.loads", "SEP00112233AABB/x.xml", "CTLFile.tlv", "xSEP00112233AABB.cnf.xml"}) {
    CAPTURE(file);
    CHECK(DeviceName::in_file_name(file).empty());
  }
}

TEST_CASE("every error code has its word") {
  for (const Errc code : {Errc::truncated, Errc::malformed, Errc::too_long, Errc::unsupported, Errc::forbidden,
                          Errc::not_found, Errc::unavailable, Errc::exhausted, Errc::invalid, Errc::system})
    CHECK(to_string(code) != "unknown");
  const Result<int> refused = fail(Errc::forbidden, "why", 3);
  CHECK(refused.error().code == Errc::forbidden);
  CHECK(refused.error().offset == 3);
  const Result<int> system = fail_errno(EADDRINUSE, "can't listen");
  CHECK(system.error().code == Errc::system);
  CHECK(system.error().text == "can't listen: Address already in use");
}

TEST_CASE("times for programs and for people") {
  CHECK(to_rfc3339(WallTime(0ms)) == "1970-01-01T00:00:00.000Z");
  CHECK(to_rfc3339(WallTime(1'795'378'761'042ms)) == "2026-11-22T20:19:21.042Z");
  CHECK(to_rfc3339(WallTime(951'782'400'000ms)) == "2000-02-29T00:00:00.000Z");
  CHECK(to_words(0ms) == "0 ms");
  CHECK(to_words(999ms) == "999 ms");
  CHECK(to_words(3249ms) == "3.2 s");
  CHECK(to_words(59'999ms) == "59.9 s");
  CHECK(to_words(250s) == "4 min 10 s");
  CHECK(to_words(2h + 5min + 59s) == "2 h 5 min");
  CHECK(to_words(76h) == "3 d 4 h");
}
