#include "tests/unit/provisioning/cnf_rewritten.hpp"

using namespace dw;
using namespace dw::provisioning;
using namespace dw::cnf_rewrite_test;

TEST_CASE("names that are configs, and names that are not") {
  CHECK(cnf_kind("SEP001122334455.cnf.xml") == CnfKind::device_xml);
  CHECK(cnf_kind("sep00aabbccddee.CNF.XML") == CnfKind::device_xml);
  CHECK(cnf_kind("phones/SEP001122334455.cnf.xml") == CnfKind::device_xml);
  CHECK(cnf_kind("SEP001122334455.cnf.xml.sgn") == CnfKind::device_xml);
  CHECK(cnf_kind("SEP001122334455.cnf.xml.enc.sgn") == CnfKind::device_xml);
  CHECK(cnf_kind("ATA001122334455.cnf.xml") == CnfKind::device_xml);
  CHECK(cnf_kind("VGC112233445500.cnf.xml") == CnfKind::device_xml);
  CHECK(cnf_kind("CIPC-ANNA.cnf.xml") == CnfKind::device_xml);
  CHECK(cnf_kind("ATADefault.cnf.xml") == CnfKind::default_xml);
  CHECK(cnf_kind("XMLDefault.cnf.xml") == CnfKind::default_xml);
  CHECK(cnf_kind("SIPDefault.cnf") == CnfKind::text_79x0);
  CHECK(cnf_kind("SIP001122334455.cnf") == CnfKind::text_79x0);
  CHECK(cnf_kind("WLAN001122334455.xml") == CnfKind::wlan_xml);
  CHECK(cnf_kind("WLANDefault.xml") == CnfKind::wlan_xml);
  for (const char* name :
       {"", "SEP00112233445.cnf.xml", "SEP0011223344556.cnf.xml", "SEP00112233445G.cnf.xml", "dialplan.xml",
        "CTLSEP001122334455.tlv", "SEP001122334455.cnf.xml.bak", "SIP45.9-4-2SR3-1S.loads", ".sgn",
        "SEP001122334455.cnf", "gk001122334455", "XMLDefault.cnf.xml/x"})
    CHECK_MESSAGE(cnf_kind(name) == CnfKind::none, name);
}

TEST_CASE("octets outside the edits are those of the original, in every policy") {
  for (const Case& c : kCases) {
    for (const RewriteOptions& options : policies()) {
      CAPTURE(c.fixture);
      const std::string original = fixture(c.fixture);
      const auto out = rewrite_cnf(c.asked_as, as_bytes(original), options);
      REQUIRE(out.changed);
      std::string rebuilt;
      std::size_t at = 0;
      for (const Edit& edit : out.edits) {
        REQUIRE(edit.offset >= at);
        rebuilt += original.substr(at, edit.offset - at) + edit.text;
        at = edit.offset + edit.length;
        const std::string gone = original.substr(edit.offset, edit.length);
        if (!gone.starts_with("<member")) {  // a value: no markup, no line end, never grown over a neighbour
          CHECK(gone.find_first_of("<>\r\n\"") == gone.npos);
        }
      }
      rebuilt += original.substr(at);
      CHECK(as_text(out.octets) == rebuilt);
    }
  }
}

TEST_CASE("what edge mode makes of a CUCM file, edit by edit") {
  const std::string original = fixture("cucm_7965_sccp.cnf.xml");
  const auto out = rewrite_cnf("SEP001122334455.cnf.xml", as_bytes(original), edge_at());
  std::vector<std::pair<std::string, std::string>> seen;
  for (const Edit& edit : out.edits)
    seen.emplace_back(original.substr(edit.offset, std::min<std::size_t>(edit.length, 24)), edit.text);
  REQUIRE(seen.size() == 17);
  const std::string stamp = seen[9].second;
  CHECK(seen == std::vector<std::pair<std::string, std::string>>{
                    {"<member  priority=\"1\">\n<", ""},
                    {"cucm-pub.corp.example", "192.0.2.1"},
                    {"Enable", "Disable"},
                    {"10.20.9.1", ""},
                    {"10.20.9.1", ""},
                    {"true", "false"},
                    {"10.20.0.11", ""},
                    {"10.20.0.40", "192.0.2.1"},
                    {"2001:db8:20::40", ""},
                    {"1511956274-6d2a6a1e-58a8", stamp},
                    {"2", "1"},
                    {"https://10.20.0.11:8443/", ""},
                    {"https://10.20.0.11:8443/", ""},
                    {"https://10.20.0.11:8443/", ""},
                    {"https://10.20.0.11:8443/", ""},
                    {"10.20.0.11", ""},
                    {"true", "false"},
                });
}

TEST_CASE("CR LF and a byte order mark change nothing in what is edited") {
  const auto plain = rewritten_fixture("cucm_7965_sccp.cnf.xml", edge_at());
  const auto crlf = rewritten_fixture("cucm_7965_sccp.crlf.cnf.xml", edge_at());
  REQUIRE(plain.edits.size() == crlf.edits.size());
  CHECK(crlf.octets[0] == 0xef);
  CHECK(std::ranges::count(crlf.octets, '\r') == std::ranges::count(crlf.octets, '\n'));
}

TEST_CASE("a file in Latin-1 keeps its octets") {
  const std::string original = fixture("chan_sccp_7945.cnf.xml");
  const auto out = rewritten_fixture("chan_sccp_7945.cnf.xml", edge_at());
  REQUIRE(out.changed);
  CHECK(std::string(as_text(out.octets))
            .contains("Gr\xfc\xdf"
                      "e aus K\xf6ln"));
  CHECK(std::string(as_text(out.octets)).contains("<!-- the old box was 192.168.20.9 -->"));
  CHECK(std::string(as_text(out.octets)).contains("\n\t\t\t\t\t\t\t192.0.2.1\n"));
  CHECK_FALSE(std::string(as_text(out.octets)).contains("spare </member> box"));
}

TEST_CASE("rewriting a rewritten file changes nothing") {
  for (const Case& c : kCases) {
    for (const RewriteOptions& options : policies()) {
      CAPTURE(c.fixture);
      const auto once = rewrite_cnf(c.asked_as, as_bytes(fixture(c.fixture)), options);
      REQUIRE(once.changed);
      const auto twice = rewrite_cnf(c.asked_as, once.octets, options);
      CHECK_FALSE(twice.changed);
      CHECK(twice.edits.empty());
    }
  }
}

TEST_CASE("after rewriting no central host is left where a phone would go by itself") {
  const std::string out = text_of(rewritten_fixture("usecallmanager_7961_sip.cnf.xml", edge_at()), "");
  for (const char* host :
       {"pbx.example.net", "pbx2.example.net", "e911.example.net", "edge.example.net", "files.example.net"})
    CHECK_MESSAGE(!out.contains(host), host);
}

TEST_CASE("every prefix is either passed on or rewritten whole") {
  for (const Case& c : kCases) {
    const std::string original = fixture(c.fixture);
    for (std::size_t n = 0; n < original.size(); ++n) {
      const std::string prefix = original.substr(0, n);
      const auto out = rewrite_cnf(c.asked_as, as_bytes(prefix), edge_at());
      if (!std::string(c.fixture).ends_with(".xml")) continue;
      const bool whole = original.find_first_not_of(" \t\r\n", n) == original.npos;
      CHECK(out.changed == whole);
      if (!whole) CHECK(has_note(out, NoteCode::passed_malformed));
    }
  }
}

TEST_CASE("secrets never reach notes or facts") {
  for (const Case& c : kCases) {
    for (const RewriteOptions& options : policies()) {
      const std::string original = fixture(c.fixture);
      for (const std::string& input : {original, original.substr(0, original.size() / 2), original + "<"}) {
        const auto out = rewrite_cnf(c.asked_as, as_bytes(input), options);
        std::string reported;
        for (const Note& note : out.notes)
          reported += note.what + " " + note.text + "\n";
        for (const auto& file : out.facts.files)
          reported += file + "\n";
        for (const char* secret : {"s3cret", "letmein", "hunter", "2580#", "*2468", "user:pw"})
          CHECK_MESSAGE(!reported.contains(secret), reported);
      }
    }
  }
}

TEST_CASE("the notes say what was done and where") {
  const std::string original = fixture("usecallmanager_7961_sip.cnf.xml");
  const auto out = rewritten_fixture("usecallmanager_7961_sip.cnf.xml", edge_at());
  const auto note = std::ranges::find(out.notes, std::string("sipProfile/sipProxies/outboundProxy"), &Note::what);
  REQUIRE(note != out.notes.end());
  CHECK(note->code == NoteCode::dropped);
  CHECK(note->text == "\"edge.example.net\" was taken out");
  CHECK(original.substr(note->offset, 4) == "edge");
  CHECK(has_note(out, NoteCode::emergency_route));
  CHECK(has_note(rewritten_fixture("cucm_7965_sccp.cnf.xml", edge_at()), NoteCode::vpn_present));
  CHECK(has_note(rewritten_fixture("cucm_7965_sccp.cnf.xml", edge_at()), NoteCode::removed));
  for (const Note& n : out.notes)
    CHECK_FALSE(is_passed(n.code));
}

TEST_CASE("the forms a value can have") {
  const auto edited = [](const std::string& element) {
    const std::string xml = with_server(element);
    const std::string out = text_of(rewrite_xml_text(xml), xml);
    const auto start = out.find("<callManager>") + 13;
    return out.substr(start, out.find("</callManager>") - start);
  };
  CHECK(edited("<processNodeName>a</processNodeName>") == "<processNodeName>192.0.2.1</processNodeName>");
  CHECK(edited("<processNodeName\n x = '>' >a</processNodeName\n>") ==
        "<processNodeName\n x = '>' >192.0.2.1</processNodeName\n>");
  CHECK(edited("<processNodeName> a\t\r\n</processNodeName>") == "<processNodeName> 192.0.2.1\t\r\n</processNodeName>");
  CHECK(edited("<processNodeName><![CDATA[a]]></processNodeName>") ==
        "<processNodeName><![CDATA[192.0.2.1]]></processNodeName>");
  CHECK(edited("<processNodeName> <!-- a --> a <?p a?></processNodeName>") ==
        "<processNodeName> <!-- a --> 192.0.2.1 <?p a?></processNodeName>");
  CHECK(edited("<processNodeName>1&#48;.0.0.1&amp;</processNodeName>") ==
        "<processNodeName>192.0.2.1</processNodeName>");
  CHECK(edited("<processNodeName/>") == "<processNodeName/>");
  CHECK(edited("<processNodeName></processNodeName>") == "<processNodeName></processNodeName>");
  CHECK(edited("<processNodeName><![CDATA[]]> </processNodeName>") ==
        "<processNodeName><![CDATA[]]> </processNodeName>");
  CHECK(edited("<processNodeName>a</processNodeName><processNodeName>b</processNodeName>") ==
        "<processNodeName>192.0.2.1</processNodeName><processNodeName>192.0.2.1</processNodeName>");
}

TEST_CASE("a value that is not one piece of text gives the whole file up") {
  for (const char* element :
       {"<processNodeName>a<!-- -->b</processNodeName>", "<processNodeName>a<b/></processNodeName>",
        "<processNodeName>a<![CDATA[b]]></processNodeName>"}) {
    CAPTURE(element);
    std::string xml = with_server("<processNodeName>x</processNodeName>" + std::string(element));
    xml.insert(xml.find("</device>"), "<encrConfig>true</encrConfig>");
    const auto out = rewrite_xml_text(xml);
    CHECK_FALSE(out.changed);
    CHECK(out.edits.empty());
    REQUIRE(out.notes.size() == 1);
    CHECK(out.notes[0].code == NoteCode::passed_unexpected);
  }
}

TEST_CASE("repeated elements are all edited") {
  const std::string xml =
      "<device><devicePool><srstInfo><ipAddr1>a</ipAddr1><ipAddr1>b</ipAddr1><port1>1</port1><port1>2</"
      "port1></srstInfo>"
      "<srstInfo><ipAddr1>c</ipAddr1></srstInfo></devicePool></device>";
  const auto out = rewrite_xml_text(xml, only(&O::srst, Action::rewrite));
  CHECK(text_of(out, xml) ==
        "<device><devicePool><srstInfo><ipAddr1>192.0.2.1</ipAddr1><ipAddr1>192.0.2.1</ipAddr1><port1>2000</"
        "port1>"
        "<port1>2000</port1></srstInfo><srstInfo><ipAddr1>192.0.2.1</ipAddr1></srstInfo></devicePool></"
        "device>");
}

TEST_CASE("names are case-sensitive, as the phone's are") {
  const std::string xml = "<device><EncrConfig>true</EncrConfig><LoadInformation>x</LoadInformation></device>";
  CHECK_FALSE(rewrite_xml_text(xml).changed);
}

TEST_CASE("without a usable address nothing is rewritten") {
  const std::string xml = with_server("<processNodeName>a</processNodeName>");
  for (const char* host : {"", "192.0.2.1<", "a b", "a\"b", "&amp;"})
    CHECK(has_note(rewrite_xml_text(xml, edge_at(host)), NoteCode::passed_unexpected));
  CHECK(rewrite_xml_text(xml, edge_at("")).facts.call_servers.size() == 1);  // but what it says is read
}

TEST_CASE("sizes: a phone takes 550,001 octets") {
  std::string xml = with_server("<processNodeName>a</processNodeName>");
  xml.insert(xml.find("</device>"), "<!--" + std::string(kMaxCnfOctets - xml.size() - 7, '-') + "-->");
  std::ranges::replace(xml, '-', 'x');
  xml.replace(xml.find("<!xx"), 4, "<!--");
  xml.replace(xml.find("xx>"), 3, "-->");
  REQUIRE(xml.size() == kMaxCnfOctets);
  const auto grown = rewrite_xml_text(xml);
  CHECK(grown.changed);
  CHECK(has_note(grown, NoteCode::too_long));
  const auto passed = rewrite_xml_text(xml + "\n");
  CHECK_FALSE(passed.changed);
  CHECK(has_note(passed, NoteCode::too_long));
}

TEST_CASE("hostile shapes stay cheap: entities, depth, thousands of the same") {
  const auto passes_or_not = [](const std::string& xml) { return rewrite_xml_text(xml).changed; };
  CHECK_FALSE(passes_or_not("<!DOCTYPE d [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]><device>&c;</device>"));
  std::string deep, closing;
  for (int i = 0; i < 60'000; ++i)
    deep += "<a>", closing += "</a>";
  CHECK_FALSE(passes_or_not("<device>" + deep + closing + "</device>"));
  const std::string member = "<member><callManager><processNodeName>x</processNodeName></callManager></member>";
  std::string members = "<member>" + deep.substr(0, 90'000) + closing.substr(0, 120'000) + "</member>";
  while (members.size() < 500'000)
    members += member;
  const auto out = rewrite_xml_text("<device><devicePool><callManagerGroup><members>" + members +
                                    "</members></callManagerGroup></devicePool></device>");
  REQUIRE(out.changed);
  CHECK(as_text(out.octets).contains("192.0.2.1"));
  CHECK(out.octets.size() < 300);
  CHECK(out.notes.size() == kMaxNotes);
  std::string addresses;
  while (addresses.size() < 500'000)
    addresses += "<ipAddr1>x</ipAddr1>";
  CHECK(rewrite_xml_text(
            "<device><devicePool><srstInfo>" + addresses + "<port1>1</port1></srstInfo></devicePool></device>",
            only(&O::srst, Action::rewrite))
            .changed);
  std::string loads;
  while (loads.size() < 500'000)
    loads += "<loadInformation7>x</loadInformation7>";
  CHECK(rewrite_xml_text("<Default>" + loads + "</Default>").facts.loads.size() <= 128);
}

TEST_CASE("what a file says, for prefetching and diagnosis") {
  const auto cucm = rewritten_fixture("cucm_7965_sccp.cnf.xml", edge_at()).facts;
  CHECK(cucm.signalling == Signalling::sccp);
  CHECK(cucm.encrypted_config);
  CHECK(cucm.loads == std::vector<LoadName>{{"SCCP45.9-4-2SR3-1S", LoadName::Use::phone, 0},
                                            {"B015-1-0-4-2", LoadName::Use::add_on, 0}});
  REQUIRE(cucm.call_servers.size() == 2);
  CHECK(cucm.call_servers[0] == CallServer{"cucm-pub.corp.example", 0, 2000, 5060});
  CHECK(cucm.call_servers[1] == CallServer{"10.20.0.12", 1, 2000, 5060});
  CHECK(cucm.files == std::vector<std::string>{"DefaultFP.xml", "tzupdater.jar", "English_United_Kingdom/be-sccp.jar",
                                               "United_Kingdom/g3-tones.xml"});
  const auto sip = rewritten_fixture("usecallmanager_7961_sip.cnf.xml", edge_at()).facts;
  CHECK(sip.signalling == Signalling::sip);
  CHECK_FALSE(sip.encrypted_config);
  CHECK(sip.files == std::vector<std::string>{"dialplan.xml", "softkeys.xml", "English_New_Zealand/mk-sip.jar",
                                              "New_Zealand/g3-tones.xml"});
  const auto fallback = rewritten_fixture("xmldefault.cnf.xml", edge_at()).facts;
  CHECK(fallback.loads == std::vector<LoadName>{{"P0030801SR02", LoadName::Use::model_default, 7},
                                                {"SCCP45.9-4-2SR3-1S", LoadName::Use::model_default, 436}});
}

TEST_CASE("locale files by family") {
  const auto files = [](const std::string& load) {
    return rewrite_xml_text("<device><loadInformation>" + load +
                            "</loadInformation><userLocale><name>U</name></userLocale><networkLocale>N</"
                            "networkLocale></device>")
        .facts.files;
  };
  CHECK(files("SCCP11.9-4-2SR3-1S") == std::vector<std::string>{"U/tc-sccp.jar", "N/g3-tones.xml"});
  CHECK(files("SCCP75.9-4-2SR3-1S") == std::vector<std::string>{"U/td-sccp.jar", "N/g3-tones.xml"});
  CHECK(files("P0030801SR02") == std::vector<std::string>{"N/7960-tones.xml", "U/7960-font.xml", "U/7960-kate.xml",
                                                          "U/7960-dictionary.xml", "U/SCCP-dictionary.xml"});
  CHECK(files("CP7921G-1.4.6.3") ==
        std::vector<std::string>{"U/7921-dictionary.xml", "U/7921-kate.utf-8.xml", "U/7921-font.dat"});
  CHECK(files("apps37sccp.1-4-5-7").empty());
}

TEST_CASE("every group has a name of its own and a sentence") {
  std::vector<std::string_view> names;
  for (const RewriteGroup& group : rewrite_groups()) {
    names.push_back(group.name);
    CHECK_FALSE(group.meaning.empty());
  }
  CHECK(names.size() == 19);
  std::ranges::sort(names);
  CHECK(std::ranges::adjacent_find(names) == names.end());
}
