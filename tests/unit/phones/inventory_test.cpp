#include "sbc/phones/inventory.hpp"

#include <doctest/doctest.h>

#include <set>

#include "sbc/phones/boots.hpp"
#include "sbc/phones/model.hpp"
#include "sbc/phones/text.hpp"
#include "tests/unit/phones/replay.hpp"

using namespace dw;
using namespace dw::test;

TEST_CASE("a file without a MAC belongs to the one phone at that address") {
  Replay r;
  r.boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml", "dialplan.xml"});
  CHECK(r.inventory.size() == 1);
  CHECK(r.phone().steps.size() == 3);
  r.wait(2h).boot({"Analog1.raw"});
  CHECK(r.inventory.size() == 2);
  CHECK(r.phone(r.address).steps.size() == 1);
}

TEST_CASE("behind one NAT a file without a MAC belongs to nobody in particular") {
  Replay r;
  r.boot({"CTLSEP<MAC>.tlv!"});
  r.mac = "AABBCCDDEEFF";
  r.boot({"CTLSEP<MAC>.tlv!", "dialplan.xml"});
  CHECK(r.inventory.size() == 3);
  CHECK(r.phone(r.address).device.empty());
  CHECK(r.phone(r.address).steps.size() == 1);
  CHECK(r.phone(r.address).key() == r.address);
  r.boot({"SEP<MAC>.cnf.xml"});
  CHECK(r.phone(r.address).steps.size() == 1);  // not adopted: it may be the other's
}

TEST_CASE("what the boot loader asked becomes the phone's own when it says its name") {
  Replay r;
  r.boot({"term45.default.loads"}).boot(kParts45);
  CHECK(r.phone(r.address).model == "7945");
  r.boot({"CTLSEP<MAC>.tlv!"});
  CHECK(r.inventory.size() == 1);
  CHECK(r.phone().steps.size() == 7);
  CHECK(r.phone().model == "7945");
  CHECK(r.phone().proven);
  CHECK(r.inventory.removals() == 1);
  CHECK(boots_of(r.phone()).size() == 2);
}

TEST_CASE("a boot loader of another model is somebody else") {
  Replay r;
  r.boot(kBootE).wait(90min).boot({"term45.default.loads"}).wait(10min).boot({"CTLSEP<MAC>.tlv!"});
  CHECK(r.inventory.size() == 2);
  CHECK(r.phone(r.address).model == "7945");
}

TEST_CASE("found by any spelling of its name") {
  Replay r;
  r.mac = "AABBCCDDEEFF";
  r.boot({"sep<MAC>.cnf.xml"});
  for (const char* key : {"SEPAABBCCDDEEFF", "sepaabbccddeeff", "aa:bb:cc:dd:ee:ff", "AABBCCDDEEFF"})
    CHECK(r.inventory.find(key) != nullptr);
  CHECK(r.inventory.find("SEPAABBCCDDEEF0") == nullptr);
  CHECK(r.inventory.find("") == nullptr);
}

TEST_CASE("steps are kept in the order they were asked, not in which they ended") {
  Replay r;
  FileStep late = r.step("RINGLIST.DAT", FileOutcome::sent);
  r.wait(1s);
  r.boot({"SIP<MAC>.cnf", "dialplan.xml"});
  r.inventory.on_file(late);
  r.boot({"SIP<MAC>.cnf"});
  const Phone& phone = r.phone();
  REQUIRE(phone.steps.size() == 4);
  CHECK(phone.steps[0].name == "RINGLIST.DAT");
  CHECK(phone.steps[0].id == 3);
  CHECK(phone.next_step == 5);
}

TEST_CASE("phones and steps are bounded, strangers go before phones that took a file") {
  Replay r({.max_phones = 10, .max_steps = 5});
  for (int i = 0; i < 8; ++i) {
    r.mac = std::to_string(100'000'000'000 + i);
    r.boot({"SEP<MAC>.cnf.xml"});
  }
  for (int i = 0; i < 1000; ++i) {
    r.mac = std::to_string(200'000'000'000 + i);
    r.boot({"SEP<MAC>.cnf.xml!"});
    REQUIRE(r.inventory.size() <= 10);
  }
  for (int i = 0; i < 8; ++i)
    CHECK(r.inventory.find("SEP" + std::to_string(100'000'000'000 + i)) != nullptr);
  CHECK(r.inventory.find("SEP200000000999") != nullptr);
  CHECK(r.inventory.find("SEP200000000000") == nullptr);
  CHECK(r.inventory.removals() == 998);
  for (int i = 0; i < 20; ++i)
    r.boot({"SEP<MAC>.cnf.xml"});
  CHECK(r.phone("SEP" + r.mac).steps.size() == 5);
}

TEST_CASE("among phones that took a file the one not seen for longest goes") {
  Replay r({.max_phones = 3, .max_steps = 5});
  for (const int i : {0, 1, 2, 0, 3}) {
    r.mac = std::to_string(100'000'000'000 + i);
    r.boot({"SEP<MAC>.cnf.xml"});
  }
  CHECK(r.inventory.find("SEP100000000000") != nullptr);
  CHECK(r.inventory.find("SEP100000000001") == nullptr);
  std::string order;
  r.inventory.for_each([&](const Phone& p) { order += p.device.str().back(); });
  CHECK(order == "302");
}

TEST_CASE("what changed is reported once, and a restored phone goes on where it was") {
  Replay r;
  r.boot({"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml"});
  CHECK(r.inventory.take_unsaved() == std::vector{kDevice});
  CHECK(r.inventory.take_unsaved().empty());
  Replay other;
  other.inventory.restore(r.phone());
  CHECK(other.inventory.take_unsaved().empty());
  other.inventory.restore(r.phone());
  CHECK(other.inventory.size() == 1);
  other.now = r.now;
  other.boot({"dialplan.xml"});
  const Phone& phone = other.phone();
  REQUIRE(phone.steps.size() == 3);
  CHECK(phone.steps.back().id == 3);
  CHECK(phone.steps.front() == r.phone().steps.front());
}

TEST_CASE("a person who fetches a file by the control socket is no phone") {
  Replay r;
  r.transport = "control";
  r.boot({"SEP<MAC>.cnf.xml"});
  CHECK(r.inventory.size() == 0);
}

TEST_CASE("the story is in plain words, and remote text can't break out of it") {
  Replay r;
  r.boot({"CTLSEP<MAC>.tlv!"});
  FileStep s = r.step("SEP<MAC>.cnf.xml", FileOutcome::sent);
  s.detail = "from http://pbx/ \x1b[31m\xff caf\xc3\xa9";
  s.octets = 1'234'567;
  r.tell(s);
  r.boot({"evil\n\"name\"!"});
  r.inventory.on_note(DeviceName::parse(kDevice).value(), ip(r.address), r.now, Note::rewritten, "");
  const auto lines = story(r.phone());
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].step == "boot");
  CHECK(lines[0].detail == "began to ask for its files, from 192.0.2.7");
  CHECK(lines[1].step == "lists");
  CHECK(lines[1].detail == "asked for CTLSEP001122334455.tlv by TFTP: not found");
  CHECK(lines[2].step == "config");
  CHECK(lines[2].detail ==
        "fetched SEP001122334455.cnf.xml (1,234,567 bytes by TFTP in 50 ms): from http://pbx/ ?[31m? "
        "caf\xc3\xa9");
  CHECK(lines[3].step == "extras");
  CHECK(lines[3].detail.find('\n') == std::string::npos);
  CHECK(lines[4].step == "note");
  CHECK(lines[4].detail == "the config now names this box");
}

TEST_CASE("each outcome has its sentence") {
  Replay r;
  for (const auto outcome :
       {FileOutcome::unconfirmed, FileOutcome::not_admitted, FileOutcome::refused, FileOutcome::unavailable,
        FileOutcome::no_ack, FileOutcome::stalled, FileOutcome::aborted, FileOutcome::superseded})
    r.file("SEP<MAC>.cnf.xml", outcome);
  r.transport = "http";
  r.file("SEP<MAC>.cnf.xml", FileOutcome::aborted);
  std::set<std::string> sentences;
  for (const StoryEntry& entry : story(r.phone()))
    CHECK(sentences.insert(entry.detail).second);
  CHECK(sentences.size() == 10);
}

TEST_CASE("printable keeps good UTF-8 and nothing else") {
  CHECK(printable("a → b", 100) == "a → b");
  CHECK(printable("a → b", 4) == "a ");
  CHECK(printable("\xe2\x86", 10) == "??");
  CHECK(printable("\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80", 20) == "?????????");
  CHECK(printable(std::string_view("\0\t\x7f", 3), 10) == "???");
}

TEST_CASE("kinds of files by name") {
  const std::vector<std::pair<std::string, FileKind>> all = {
      {"CTLSEP001122334455.tlv", FileKind::ctl},
      {"ITLFile.tlv", FileKind::itl},
      {"sep001122334455.CNF.xml", FileKind::config},
      {"SEP001122334455.cnf.xml.sgn", FileKind::config_signed},
      {"SEP001122334455.cnf.xml.enc.sgn", FileKind::config_encrypted},
      {"XMLDefault.cnf.xml", FileKind::config_default},
      {"SIPDefault.cnf", FileKind::sip_default},
      {"SIP001122334455.cnf", FileKind::sip_config},
      {"OS79XX.TXT", FileKind::os_name},
      {"WLANDefault.xml", FileKind::wlan},
      {"gk001122334455", FileKind::profile},
      {"lddefault.cfg", FileKind::profile},
      {"SCCP45.9-4-2SR4-3S.loads", FileKind::loads},
      {"CP7921G-1.4.6.3.LOADS", FileKind::loads},
      {"term45.default.loads", FileKind::recovery_loads},
      {"CP7905080003SCCP070409A.sbin", FileKind::firmware},
      {"TNUX-1.4.6.3.SBN", FileKind::firmware},
      {"English_United_States/be-sccp.jar.sgn", FileKind::locale},
      {"United_States/g3-tones.xml", FileKind::locale},
      {"tzupdater.jar", FileKind::other},
      {"RINGLIST.DAT", FileKind::ring_list},
      {"Ringlist-wb.xml", FileKind::ring_list},
      {"Analog1.raw", FileKind::ring},
      {"Desktops/320x212x16/List.xml", FileKind::wallpaper},
      {"Desktops/320x212x16/fish.png", FileKind::wallpaper},
      {"dialplan.xml", FileKind::other},
      {"", FileKind::other},
      {"/", FileKind::other}};
  for (const auto& [name, kind] : all) {
    CAPTURE(name);
    CHECK(kind_of(name) == kind);
  }
}

TEST_CASE("models by what is asked") {
  CHECK(models_asking("term65.default.loads").to_string() == "7965");
  CHECK(models_asking("x/be-sip.jar").to_string() == "7945/7965");
  CHECK(models_asking("Desktops/320x216x16/List.xml").to_string() == "7975");
  CHECK(models_asking("gk001122334455").to_string() == "7912");
  CHECK(models_asking("dialplan.xml").empty());
  CHECK(models_asking("term").empty());
  CHECK(models_of_load("SIP41.8-5-4S.loads").to_string() == "7941/7961");
  CHECK(models_of_load("P0S3-8-12-00.loads").to_string() == "7940/7960");
  CHECK(models_of_load("CP7925G-1.4.6.3.LOADS").to_string() == "7925");
  CHECK(models_of_load("cmterm_7920.4.0-03-02.bin").to_string() == "7920");
  CHECK(models_of_load("SIP").empty());
  CHECK(models_in_user_agent("Cisco-CP7965G/9.4").to_string() == "7965");
  CHECK(models_in_user_agent("x CP-7975G").to_string() == "7975");
  CHECK(models_in_user_agent("curl/7.88").empty());
  CHECK(can_use_http("SCCP45.9-4-2SR4-3S"));
  CHECK(can_use_http("SIP75.10-1-1S"));
  CHECK(!can_use_http("SCCP45.9-3-1SR2S"));
  CHECK(!can_use_http("SCCP41.8-5-4S"));
  CHECK(!can_use_http("P0030801SR02"));
  CHECK(!can_use_http("SCCP45"));
}

TEST_CASE("what a phone asks narrows its model, and it knows better than its config") {
  Replay r;
  r.inventory.on_config(DeviceName::parse(kDevice).value(), ip(r.address), r.now,
                        {.load = "SCCP42.9-4-2S", .protocol = Protocol::sccp, .follow_ups = {}});
  CHECK(r.phone().model == "7942/7962");
  FileStep s = r.step("SEP<MAC>.cnf.xml", FileOutcome::sent);
  s.user_agent = "CP-7962G";
  r.tell(s);
  CHECK(r.phone().model == "7962");
  r.boot({"x/be-sccp.jar"});
  CHECK(r.phone().model == "7945/7965");
}

TEST_CASE("other bounds: what is above them goes at once, strangers first") {
  Replay r;
  for (int i = 0; i < 6; ++i)
    r.wait(1s).boot({"SEP<MAC>.cnf.xml", "dialplan.xml", "softkeys.xml"});
  REQUIRE(r.phone().steps.size() > 4);
  const auto newest = r.phone().steps.back().id;
  (void)r.inventory.take_unsaved();
  r.inventory.configure({.max_phones = 10, .max_steps = 4});
  CHECK(r.phone().steps.size() == 4);
  CHECK(r.phone().steps.back().id == newest);
  CHECK(r.inventory.take_unsaved().size() == 1);
  FileStep stranger = r.step("SEPAABBCCDDEEFF.cnf.xml", FileOutcome::not_found);
  r.tell(stranger);
  REQUIRE(r.inventory.size() == 2);
  r.inventory.configure({.max_phones = 1, .max_steps = 4});
  CHECK(r.inventory.size() == 1);
  CHECK(r.inventory.find(kDevice) != nullptr);
  r.inventory.configure({.max_phones = 100, .max_steps = 100});
  r.boot({"SEP<MAC>.cnf.xml"});
  CHECK(r.phone().steps.size() == 5);
}
