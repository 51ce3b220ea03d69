#include "tests/unit/doctor/failing.hpp"

using namespace dw;
using namespace dw::test;
using namespace dw::failing;

TEST_CASE("1: the CTL three times and nothing else") {
  Replay r;
  r.none("CTLSEP<MAC>.tlv").wait(4s).none("CTLSEP<MAC>.tlv").wait(4s);
  CHECK(!worries(r));
  r.none("CTLSEP<MAC>.tlv");
  expect(r, "answers_not_arriving", Severity::error);
  r.wait(50s).none("CTLSEP<MAC>.tlv").wait(3h);
  expect(r, "answers_not_arriving", Severity::error);
  heals(r);
}

TEST_CASE("1: three tries, then it goes on: a slow start, no more") {
  Replay r;
  r.none("CTLSEP<MAC>.tlv").none("CTLSEP<MAC>.tlv").boot(kBootB);
  CHECK(!worries(r));
}

TEST_CASE("2: data that is never acknowledged") {
  Replay r;
  r.boot(kLists);
  SUBCASE("given up") {
    r.file("SEP<MAC>.cnf.xml", FileOutcome::no_ack);
  }
  SUBCASE("the phone asks again from the same port") {
    for (int i = 0; i < 2; ++i) {
      FileStep s = r.step("SEP<MAC>.cnf.xml", FileOutcome::superseded);
      s.retransmissions = 3;
      r.tell(s);
    }
  }
  expect(r, "data_not_acknowledged", Severity::error);
  r.got("SEP<MAC>.cnf.xml");
  CHECK(!worries(r));
}

TEST_CASE("2: a slow origin that makes the phone ask again is no NAT") {
  Replay r;
  r.boot(kLists);
  for (int i = 0; i < 3; ++i)
    r.file("SEP<MAC>.cnf.xml", FileOutcome::superseded);
  CHECK(!worries(r));
  r.file("SEP<MAC>.cnf.xml", FileOutcome::unavailable);
  CHECK(codes_of(r) == "origin_unavailable");
  heals(r);
}

TEST_CASE("3 and 4: transfers that stop") {
  Replay r;
  r.boot(kLists).boot({"SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads"});
  r.tell(stalled(r, kParts45[2], 700));
  expect(r, "transfer_breaks", Severity::warning);
  SUBCASE("each time at the same block") {
    r.tell(stalled(r, kParts45[2], 700));
    expect(r, "stalls_at_same_block", Severity::error);
  }
  SUBCASE("somewhere else the next time") {
    r.tell(stalled(r, kParts45[2], 1811));
    CHECK(codes_of(r).find("stalls_at_same_block") == std::string::npos);
    expect(r, "transfer_breaks", Severity::warning);
  }
  SUBCASE("and then it goes through") {
    r.got(kParts45[2]);
    CHECK(!worries(r));
  }
  SUBCASE("the boot after it does not hide it while it is young") {
    r.wait(5s).boot(kLists);
    expect(r, "transfer_breaks", Severity::warning);
  }
  heals(r);
}

TEST_CASE("5: the phone breaks a firmware file off") {
  Replay r;
  r.boot(kLists).boot({"SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads"});
  FileStep s = r.step(kParts45[0], FileOutcome::aborted);
  s.last_block = 17;
  for (const int code : {0, 3}) {
    s.error_code = static_cast<std::uint16_t>(code);
    r.tell(s);
    expect(r, "phone_refused_file", Severity::error);
  }
  heals(r);
}

TEST_CASE("5: a client that looks for the size only is no phone in trouble") {
  Replay r;
  r.boot(kLists);
  FileStep s = r.step("SEP<MAC>.cnf.xml", FileOutcome::aborted);
  s.error_code = 0;
  r.tell(s);
  CHECK(!worries(r));
}

TEST_CASE("11: a load for another family") {
  Replay r;
  r.boot({"English_United_States/be-sccp.jar"}).boot(kLists);
  r.boot({"SEP<MAC>.cnf.xml!", "XMLDefault.cnf.xml", "SCCP42.9-4-2SR3-1S.loads"});
  expect(r, "load_for_other_model", Severity::error);
  CHECK(r.phone().model == "7945/7965");
  r.wait(40s).boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR3-1S.loads"});
  CHECK(!worries(r));
}

TEST_CASE("13: the manifest is missing") {
  Replay r;
  r.boot(kLists).boot({"SEP<MAC>.cnf.xml", "SCCP45.9-9-9S.loads!"});
  expect(r, "load_missing", Severity::warning);
  heals(r);
}

TEST_CASE("14: a part of the load is missing") {
  Replay r;
  r.boot(kLists).boot({"SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads", kParts45[0], kParts45[1] + "!"});
  expect(r, "firmware_part_missing", Severity::error);
  CHECK(found_in(r).front().seen.find(kParts45[1]) != std::string::npos);
  heals(r);
}

TEST_CASE("15: stuck in the boot loader") {
  Replay r;
  SUBCASE("the manifest is missing") {
    r.boot({"term65.default.loads!"});
  }
  SUBCASE("the manifest is refused") {
    for (int i = 0; i < 3; ++i)
      r.boot({"term65.default.loads"}).wait(45s);
  }
  expect(r, "recovery_loop", Severity::error, r.address);
  r.boot(kBootB);
  CHECK(!worries(r));
}

TEST_CASE("20: TFTP only although the firmware could do HTTP: only worth knowing") {
  Replay r;
  SUBCASE("by its load") {
    r.inventory.on_config(DeviceName::parse(kDevice).value(), ip(r.address), r.now,
                          {.load = "SCCP41.9-4-2SR3-1S", .follow_ups = {}});
    r.boot(kBootB);
  }
  SUBCASE("by what it did before") {
    r.transport = "http";
    r.boot(kBootB).wait(10min);
    r.transport = "tftp";
    r.boot(kBootB);
  }
  expect(r, "http_not_used", Severity::info);
  r.transport = "http";
  r.wait(1h).boot(kBootB);
  CHECK(codes_of(r) == "");
}

TEST_CASE("22 and 23: language files") {
  Replay r;
  r.boot(kLists).boot({"SEP<MAC>.cnf.xml", "German_Germany/mk-sccp.jar!"});
  expect(r, "locale_missing", Severity::warning);
  heals(r);
  r.wait(1h).boot(kLists).boot({"SEP<MAC>.cnf.xml", "mk-sccp.jar!"});
  expect(r, "locale_unnamed", Severity::info);
}

TEST_CASE("29: many at once") {
  Replay r;
  for (int i = 0; i < 12; ++i) {
    r.mac = std::to_string(100'000'000'000 + i);
    r.address = "192.0.2." + std::to_string(10 + i);
    CHECK(of_site(r, r.now).empty() == (i < 8));
    r.boot(kLists);
  }
  CHECK(of_site(r, r.now).front().code == "many_boot_at_once");
  r.wait(10min);
  CHECK(of_site(r, r.now).empty());
}

TEST_CASE("30: SIP firmware on a 7960, and only an XML config") {
  Replay r;
  r.boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml!", "P0S3-8-12-00.loads", "SIPDefault.cnf", "SIP<MAC>.cnf!"});
  expect(r, "sip_text_config_missing", Severity::error);
  r.wait(1h).boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml!", "SIPDefault.cnf", "SIP<MAC>.cnf"}).wait(90s);
  CHECK(!worries(r));
}

TEST_CASE("33: one name from two addresses") {
  Replay r;
  for (int i = 0; i < 4; ++i) {
    r.address = i % 2 == 0 ? "192.0.2.7" : "192.0.2.8";
    r.boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml"});
  }
  expect(r, "two_addresses", Severity::warning);
  r.wait(20min);
  heals(r);
}

TEST_CASE("33: a phone that got a new address is fine") {
  Replay r;
  r.boot(kBootB).wait(1min);
  r.address = "192.0.2.99";
  r.boot(kBootB).wait(20s);
  CHECK(!worries(r));
}

TEST_CASE("35 and malformed XML: notes of the pipeline") {
  Replay r;
  const DeviceName device = DeviceName::parse(kDevice).value();
  r.boot(kLists);
  SUBCASE("signed") {
    r.inventory.on_note(device, ip(r.address), r.now, Note::signed_passed, "SEP.cnf.xml.sgn");
    r.got("SEP<MAC>.cnf.xml.sgn");
    expect(r, "signed_config_passed", Severity::warning);
  }
  SUBCASE("malformed") {
    r.inventory.on_note(device, ip(r.address), r.now, Note::malformed_passed, "line 7: mismatched tag");
    r.got("SEP<MAC>.cnf.xml");
    expect(r, "config_malformed", Severity::error);
    CHECK(found_in(r).front().seen.find("line 7") != std::string::npos);
  }
  heals(r);
  CHECK(codes_of(r) == "");
}

TEST_CASE("36: the same firmware at every boot") {
  Replay r;
  for (int i = 0; i < 2; ++i) {
    r.wait(60s).boot(kLists).boot({"SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads"}).boot(kParts45);
    CHECK(worries(r) == (i > 0));
  }
  expect(r, "firmware_every_boot", Severity::warning);
  heals(r);
}

TEST_CASE("36: a download that broke off is begun again, rightly") {
  Replay r;
  r.boot(kLists).boot({"SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads", kParts45[0]});
  r.tell(stalled(r, kParts45[1], 5));
  r.wait(90s).boot(kLists).boot({"SEP<MAC>.cnf.xml", "SCCP45.9-4-2SR4-3S.loads"}).boot(kParts45);
  CHECK(codes_of(r).find("firmware_every_boot") == std::string::npos);
}

TEST_CASE("our side: origins that can't be had, requests that are refused") {
  Replay r;
  r.boot(kLists).file("SEP<MAC>.cnf.xml", FileOutcome::unavailable);
  expect(r, "origin_unavailable", Severity::error);
  heals(r);
  r.boot(kLists).file("SEP<MAC>.cnf.xml", FileOutcome::refused);
  expect(r, "request_refused", Severity::warning);
  r.boot(kLists).file("SEP<MAC>.cnf.xml", FileOutcome::forbidden);
  expect(r, "origin_refuses", Severity::error);
  heals(r);
}

TEST_CASE("a phone that is not admitted: one finding with what to do, however it goes on, until it has its config") {
  Replay r;
  r.boot(kLists).file("SEP<MAC>.cnf.xml", FileOutcome::not_admitted).got("XMLDefault.cnf.xml").wait(60s);
  expect(r, "not_admitted", Severity::warning);
  CHECK(codes_of(r) == "not_admitted");
  CHECK(found_in(r)[0].seen == "asked for SEP001122334455.cnf.xml from 192.0.2.7");
  for (int i = 0; i < 6; ++i)
    r.wait(60s).file("SEP<MAC>.cnf.xml", FileOutcome::not_admitted);
  CHECK(codes_of(r) == "not_admitted");
  r.wait(10s).got("SEP<MAC>.cnf.xml");
  CHECK(codes_of(r) == "");
}

TEST_CASE("who is not admitted moves no phone, and fills no story") {
  Replay r;
  r.boot({"SEP<MAC>.cnf.xml"}).wait(1h);
  const WallTime seen = r.phone().last_seen;
  r.address = "203.0.113.9";
  for (int i = 0; i < 100; ++i)
    r.file("SEP<MAC>.cnf.xml", FileOutcome::not_admitted);
  CHECK(r.phone().address == ip("192.0.2.7"));
  CHECK(r.phone().last_seen == seen);
  CHECK(r.phone().steps.size() == 2);
  CHECK(found_in(r)[0].seen == "asked for SEP001122334455.cnf.xml from 203.0.113.9");
  r.address = "192.0.2.7";
  r.got("SEP<MAC>.cnf.xml");
  CHECK(codes_of(r) == "");
}

TEST_CASE("the gravest comes first, and every code has its words in the table") {
  Replay r;
  r.boot(kLists).boot({"SEP<MAC>.cnf.xml", "German_Germany/be-sccp.jar!", "SCCP42.9-4-2S.loads!"});
  const auto found = found_in(r);
  REQUIRE(found.size() == 3);
  CHECK(found[0].severity == Severity::error);
  CHECK(found[1].severity == Severity::warning);
  std::set<std::string_view> codes;
  for (const FindingKind& kind : finding_kinds()) {
    CHECK(codes.insert(kind.code).second);
    CHECK(!kind.title.empty());
    CHECK(!kind.means.empty());
    CHECK(kind.code.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == kind.code.npos);
  }
  for (const Finding& f : found)
    CHECK(codes.contains(f.code));
}

TEST_CASE("a phone that is not known has no findings") {
  CHECK(findings(Phone{}, WallTime{}).empty());
}
