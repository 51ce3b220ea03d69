#include "tftp-proxy/core/device_file.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tftp-proxy/core/phone_list.hpp"

using namespace dw;
using namespace dw::provisioning;

TEST_CASE("however a device's config is spelled, it is that device's") {
  for (const char* name : {"SEP001122334455.cnf.xml",
                           "sep001122334455.CNF.XML",
                           "SEP001122334455.cnf.xml.sgn",
                           "SEP001122334455.cnf.xml.enc.sgn",
                           "SEP001122334455.cnf.xml.gz",
                           "SEP001122334455",
                           "SEP001122334455.cnf",
                           "SIP001122334455.cnf",
                           "sip001122334455.cnf",
                           "CTLSEP001122334455.tlv",
                           "ITLSEP001122334455.tlv",
                           "WLAN001122334455.xml",
                           "gk001122334455",
                           "ld001122334455",
                           "ff001122334455",
                           "FF001122334455.cfg",
                           "folder/SEP001122334455.cnf.xml",
                           "SEP001122334455/dialplan.xml",
                           "SEP001122334455.cnf.xml/x",
                           "a\\SEP001122334455.cnf.xml",
                           "SEP00112233445%35.cnf.xml",
                           "SEP00112233445%2535.cnf.xml",
                           "SEP00112233445%25252535.cnf.xml",
                           "%53EP001122334455.cnf.xml",
                           "SEP001122334455%2Ecnf.xml",
                           "SEP001122334455.%63nf.xml",
                           "SEP001122334455-features.xml",
                           "SEP001122334455_1.cnf.xml",
                           "SEP001122334455 .cnf.xml",
                           "001122334455.cfg",
                           "001122334455-phone.cfg",
                           "ATA001122334455.cnf.xml",
                           "ata001122334455",
                           "spa001122334455.xml",
                           "x/001122334455.xml",
                           "dialplan-001122334455.xml",
                           "SEP001122334455;x.cnf.xml"}) {
    CAPTURE(name);
    CHECK(device_of_file(name) == "SEP001122334455");
  }
  CHECK(device_of_file("SEPAABBCCDDEEFF.cnf.xml") == device_of_file("sepaabbccddeeff.cnf.xml"));
  CHECK(device_of_file("AN0A1B2C3D4E001.cnf.xml") == "AN0A1B2C3D4E001");
  CHECK(device_of_file("front-desk.cnf.xml.sgn") == "FRONT-DESK");
  CHECK(device_of_file("SEP0011223344556.cnf.xml") == "SEP0011223344556");  // no MAC, a config all the same
}

TEST_CASE("what all phones may have is no device's") {
  for (const char* name : {"XMLDefault.cnf.xml",
                           "xmldefault.CNF.xml",
                           "XMLDefault.cnf.xml.sgn",
                           "SEPDefault.cnf",
                           "SIPDefault.cnf",
                           "dialplan.xml",
                           "OS79XX.TXT",
                           "Ringlist.xml",
                           "DistinctiveRingList.xml",
                           "CTLFile.tlv",
                           "ITLFile.tlv",
                           "SCCP45.9-4-2SR4-3S.loads",
                           "jar45sccp.9-4-2ES26.sbn",
                           "apps45.9-4-2ES26.sbn",
                           "P00308010200.bin",
                           "ATA030203SCCP051201A.zup",
                           "Chirp1.raw",
                           "Desktops/320x212x16/IMG202401011200.png",
                           "Desktops/320x212x16/List.xml",
                           "German_Germany/be-sccp.jar",
                           "mk-sip.jar",
                           "softkeys.xml",
                           "gkdefault.cfg",
                           "d41d8cd98f00b204e9800998ecf8427e.xml",
                           "",
                           "/",
                           "%",
                           "%zz",
                           ".cnf.xml"}) {
    CAPTURE(name);
    CHECK(device_of_file(name) == "");
  }
}

TEST_CASE("one key for a device, whatever it is called where") {
  for (const char* name : {"SEP001122334455", "sep001122334455", "001122334455", "00:11:22:33:44:55",
                           "00-11-22-33-44-55", "0011.2233.4455", "ATA001122334455"})
    CHECK(device_key(name) == "SEP001122334455");
  CHECK(device_key("AN0A1B2C3D4E001") == "AN0A1B2C3D4E001");
  CHECK(device_key("front-desk") == "FRONT-DESK");
}

TEST_CASE("a list of phones: names and MACs in any form, CSV, comments, another system's line ends") {
  const auto list = parse_phone_list(
      "\xef\xbb\xbfname;mac;line\r\n"
      "Anna;00:11:22:33:44:01;1001\r\n"
      "\"Bert\", \"0011.2233.4402\", 1002\n"
      "# all of the branch\n"
      "\n"
      "  SEP001122334403  # in the hall\n"
      "sep001122334404\n"
      "00-11-22-33-44-05\n"
      "ATA001122334406\n"
      "front-desk");
  REQUIRE(list);
  CHECK(*list == PhoneList{"SEP001122334401", "SEP001122334402", "SEP001122334403", "SEP001122334404",
                           "SEP001122334405", "SEP001122334406", "FRONT-DESK"});
  CHECK(parse_phone_list("").value().empty());
}

TEST_CASE("a bad line of a list is reported by its number, and bounds have their texts") {
  const auto bad = parse_phone_list("SEP001122334401\n# fine\nnot a phone\n");
  REQUIRE_FALSE(bad);
  CHECK(bad.error().offset == 3);
  CHECK(bad.error().text.starts_with("line 3 names no phone: \"not a phone\""));
  CHECK(parse_phone_list("name,mac\nAnna,1001\n").error().offset == 2);  // one head, not two
  CHECK(parse_phone_list(std::string("\x01\xff,\n") + "\x02").error().offset == 2);
  CHECK(parse_phone_list(std::string(kMaxPhoneListOctets + 1, '\n')).error().code == Errc::too_long);
  std::string many;
  for (std::size_t i = 0; i <= kMaxListed; ++i)
    many += "phone" + std::to_string(i) + "\n";
  CHECK(parse_phone_list(many).error().offset == kMaxListed + 1);
}
