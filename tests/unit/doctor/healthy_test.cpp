// The request lists of cisco-provisioning §2.1, A to K, as healthy phones go through them: nothing to worry
// about.
#include <doctest/doctest.h>

#include "tests/unit/doctor/found.hpp"

using namespace dw;
using namespace dw::test;

namespace {

/// Looked at after each file and for a while after: no moment may show a worry.
void must_be_calm(Replay& r, const std::vector<std::string>& names, const std::string& key = kDevice) {
  for (const std::string& name : names) {
    r.boot({name});
    CAPTURE(name);
    CHECK_MESSAGE(!worries(r, key), codes_of(r, key));
  }
  for (const auto pause : {3s, 20s, 40s, 200s, 7200s}) {
    r.wait(pause);
    CAPTURE(pause.count());
    CHECK_MESSAGE(!worries(r, key), codes_of(r, key));
  }
}

}  // namespace

TEST_CASE("A: 79x1..79x5 with SIP, TFTP") {
  Replay r;
  r.inventory.on_config(DeviceName::parse(kDevice).value(), ip(r.address), r.now,
                        {.load = "SIP42.9-3-1SR4-1S", .protocol = Protocol::sip, .follow_ups = {"dialplan.xml"}});
  must_be_calm(r, kBootA);
  CHECK(codes_of(r) == "");
  CHECK(r.phone().model == "7942/7962");
  CHECK(r.phone().protocol == Protocol::sip);
  CHECK(r.phone().firmware == "SIP42.9-3-1SR4-1S");
}

TEST_CASE("B: 7961 with SCCP 9.4, HTTP") {
  Replay r;
  r.transport = "http";
  must_be_calm(r, kBootB);
  CHECK(r.phone().model == "7941/7942/7961/7962");
  CHECK(r.phone().protocol == Protocol::sccp);
  CHECK(r.phone().uses_http);
}

TEST_CASE("B with each file tried by HTTP, then TFTP") {
  Replay r;
  for (const std::string& name : kBootB) {
    if (name.ends_with('!')) {
      r.transport = "http";
      r.boot({name});
    }
    r.transport = "tftp";
    r.boot({name});
    CHECK_MESSAGE(!worries(r), codes_of(r));
  }
}

TEST_CASE("C: an upgrade, and the boot after it") {
  Replay r;
  r.boot({"CTLSEP<MAC>.tlv!", "ITLSEP<MAC>.tlv!", "ITLFile.tlv!", "SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads"});
  r.between = 40s;
  must_be_calm(r, kParts45);
  r.between = 200ms;
  must_be_calm(r, kBootB);
  CHECK(r.phone().firmware == "SCCP45.9-4-2SR4-3S");
}

TEST_CASE("D: a phone whose lists are ours to sign: .sgn files are there and fetched") {
  Replay r;
  r.transport = "http";
  must_be_calm(r, {"CTLSEP<MAC>.tlv", "ITLSEP<MAC>.tlv", "SEP<MAC>.cnf.xml.sgn", "dialplan.xml.sgn"});
}

TEST_CASE("E: 7940/60 with SCCP") {
  Replay r;
  must_be_calm(r, kBootE);
  CHECK(r.phone().model == "7940/7960");
  CHECK(r.phone().protocol == Protocol::sccp);
}

TEST_CASE("F: 7960 with SIP 8-12, without an XML config") {
  for (const std::string xml : {"SEP<MAC>.cnf.xml!", "SEP<MAC>.cnf.xml"}) {
    Replay r;
    r.boot({"CTLSEP<MAC>.tlv!", xml, "P0S3-8-12-00.loads"});
    for (const auto pause : {4s, 10s, 10s}) {
      r.wait(pause);
      CHECK_MESSAGE(!worries(r), codes_of(r));
    }
    must_be_calm(r, {"SIPDefault.cnf", "SIP<MAC>.cnf", "RINGLIST.DAT", "dialplan.xml"});
    CHECK(r.phone().model == "7940/7960");
    CHECK(r.phone().protocol == Protocol::sip);
    CHECK(r.phone().firmware == "P0S3-8-12-00");
  }
}

TEST_CASE("G: the universal loader's OS79XX.TXT") {
  Replay r;
  must_be_calm(r, {"CTLSEP<MAC>.tlv!", "OS79XX.TXT", "SEP<MAC>.cnf.xml!", "SIPDefault.cnf", "SIP<MAC>.cnf"});
}

TEST_CASE("H: 7921") {
  Replay r;
  must_be_calm(r, kBootH);
  CHECK(r.phone().model == "7921/7925/7926");
}

TEST_CASE("I: 7912 with its binary profile, polled each hour") {
  Replay r;
  must_be_calm(r, {"SEP<MAC>.cnf.xml!", "XMLDefault.cnf.xml!", "gk<MAC>"});
  for (int hour = 0; hour < 30; ++hour)
    must_be_calm(r, {"gk<MAC>"});
  CHECK(r.phone().model == "7912");
}

TEST_CASE("J: recovery after a factory reset, then a boot with an upgrade, then a boot") {
  Replay r;
  r.boot({"term65.default.loads"});
  r.between = 30s;
  must_be_calm(r, kParts45, r.address);
  CHECK(r.phone(r.address).model == "7965");
  r.between = 200ms;
  r.wait(-2h);
  must_be_calm(r, {"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml!", "XMLDefault.cnf.xml"});
  CHECK(r.phone().model == "7965");
  must_be_calm(r, kBootB);
}

TEST_CASE("K: no config of its own, the default is taken: worth knowing, no worry") {
  Replay r;
  must_be_calm(r, {"CTLSEP<MAC>.tlv!", "ITLSEP<MAC>.tlv!", "ITLFile.tlv!", "SEP<MAC>.cnf.xml!", "XMLDefault.cnf.xml"});
  CHECK(codes_of(r) == "default_config_used");
}

TEST_CASE("restarting a phone by hand some times is no loop") {
  Replay r;
  r.transport = "http";
  for (int i = 0; i < 3; ++i)
    must_be_calm(r, kBootB);
  for (int i = 0; i < 3; ++i) {
    r.boot(kBootB);
    CHECK_MESSAGE(!worries(r), codes_of(r));
    r.wait(60s);
  }
}
