#include "tests/unit/doctor/failing.hpp"

// Phones that do not get their configuration, or can't use it.
using namespace dw;
using namespace dw::test;
using namespace dw::failing;

TEST_CASE("6: only the signed config is asked") {
  Replay r;
  r.boot({"CTLSEP<MAC>.tlv!", "ITLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml.sgn!"}).wait(6s);
  expect(r, "trust_list_present", Severity::error);
  CHECK(found_in(r).front().remedy.find("Security Configuration, then Trust List") != std::string::npos);
  CHECK(found_in(r).front().remedy.find("* * #") != std::string::npos);
  heals(r);
}

TEST_CASE("6: the keys are those of the model") {
  Replay r;
  r.boot(kBootE).wait(1h).boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml.sgn!"}).wait(6s);
  expect(r, "trust_list_present", Severity::error);
  CHECK(found_in(r).front().remedy.find("keep no ITL") != std::string::npos);
}

TEST_CASE("6: the signed one and then the plain one is a phone that got its config") {
  Replay r;
  r.boot(kLists).boot({"SEP<MAC>.cnf.xml.sgn!"});
  CHECK(!worries(r));
  r.got("SEP<MAC>.cnf.xml").wait(60s);
  CHECK(!worries(r));
}

TEST_CASE("7: only the encrypted config is asked") {
  Replay r;
  r.boot({"CTLSEP<MAC>.tlv!", "ITLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml.enc.sgn!", "SEP<MAC>.cnf.xml.sgn!"}).wait(6s);
  expect(r, "trust_list_encrypted", Severity::error);
  CHECK(codes_of(r) == "trust_list_encrypted");
  heals(r);
}

TEST_CASE("8: the same files over and over") {
  Replay r;
  r.transport = "http";
  for (int i = 0; i < 4; ++i)
    r.boot(kBootB).wait(90s);
  expect(r, "boot_loop", Severity::error);
  SUBCASE("it ends by itself when the phone has been quiet") {
    r.wait(10min);
    CHECK(!worries(r));
  }
}

TEST_CASE("8 and 9: over and over, and never what the config names") {
  Replay r;
  const DeviceName device = DeviceName::parse(kDevice).value();
  for (int i = 0; i < 4; ++i) {
    r.boot(kLists);
    r.inventory.on_config(device, ip(r.address), r.now,
                          {.load = "", .protocol = Protocol::sip, .follow_ups = {"dial.xml"}});
    r.got("SEP<MAC>.cnf.xml").wait(15s);
  }
  expect(r, "config_rejected", Severity::error);
}

TEST_CASE("9: config fetched, what it names never asked") {
  Replay r;
  const DeviceName device = DeviceName::parse(kDevice).value();
  const auto boot = [&](Protocol protocol) {
    r.boot(kLists);
    r.inventory.on_config(device, ip(r.address), r.now, {.load = "", .protocol = protocol, .follow_ups = {"dial.xml"}});
    r.got("SEP<MAC>.cnf.xml");
  };
  boot(Protocol::sip);
  r.wait(30s);
  CHECK(!worries(r));
  r.wait(60s);
  expect(r, "config_rejected", Severity::warning);
  boot(Protocol::sip);
  r.got("DIAL.XML").wait(90s);
  CHECK(!worries(r));
  boot(Protocol::sccp);
  r.wait(90s);
  CHECK(!worries(r));
}

TEST_CASE("10: no config, no default") {
  Replay r;
  SUBCASE("both asked") {
    r.boot(kLists).boot({"SEP<MAC>.cnf.xml!", "XMLDefault.cnf.xml!"}).wait(6s);
  }
  SUBCASE("only the first") {
    r.boot(kLists).boot({"SEP<MAC>.cnf.xml!"}).wait(40s);
  }
  expect(r, "unknown_device", Severity::error);
  heals(r);
}

TEST_CASE("10: a config of nearly the same name is mentioned, unless it is another phone's") {
  const std::string near = "SEP001122334454.cnf.xml";
  const auto device = DeviceName::parse(kDevice).value();
  Replay r;
  const auto boot = [&](const std::vector<std::string>& files) {
    r.wait(40s).boot(kLists).boot({"SEP<MAC>.cnf.xml!"});
    r.inventory.on_near_configs(device, ip(r.address), r.now, files);
    r.inventory.on_near_configs(device, ip(r.address), r.now, files);  // it asked by HTTP and by TFTP
    r.boot({"XMLDefault.cnf.xml!"}).wait(6s);
    const Finding f = found_in(r).front();
    REQUIRE(f.code == "unknown_device");
    return f;
  };
  const std::string alone = "SEP001122334455.cnf.xml does not exist";
  const Finding plain = boot({});
  CHECK(plain.seen == alone);
  const Finding reported = boot({near});
  CHECK(reported.seen == alone + "; " + near + " does, and no phone of that name was seen here");
  CHECK(reported.remedy.starts_with("Compare the MAC on the phone's label: if SEP001122334454 "));
  CHECK(reported.remedy.ends_with(plain.remedy));
  CHECK(std::ranges::count_if(r.phone().steps, &Step::is_note) == 1);
  CHECK(boot({"SEP00112233445.cnf.xml"}).seen.find("SEP00112233445.cnf.xml does") != std::string::npos);
  CHECK(boot({near, "SEP001122334456.cnf.xml"}).seen == alone);  // nobody knows which
  CHECK(boot({}).seen == alone);                                 // it is gone since
  r.mac = "001122334454";
  r.address = "192.0.2.8";
  r.boot(kBootB);
  r.mac = kMac;
  r.address = "192.0.2.7";
  CHECK(boot({near}).seen == alone);
  CHECK(boot({near, "SEP001122334456.cnf.xml"}).seen.find("SEP001122334456.cnf.xml does") != std::string::npos);
  heals(r);
}

TEST_CASE("10: the default again and again is a phone that can't register with it") {
  Replay r;
  for (int i = 0; i < 4; ++i)
    r.boot(kLists).boot({"SEP<MAC>.cnf.xml!", "XMLDefault.cnf.xml"}).wait(60s);
  expect(r, "default_config_used", Severity::warning);
}
