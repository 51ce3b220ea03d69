#include "tests/unit/provisioning/cnf_rewritten.hpp"

// Files that are passed on unchanged, and the notes that say why.
using namespace dw;
using namespace dw::provisioning;
using namespace dw::cnf_rewrite_test;

TEST_CASE("what is signed or encrypted passes byte for byte") {
  SignedHeader header;
  header.signer_order = {4};
  header.order = {3, 7, 12};
  Buffer octets;
  ByteWriter out(octets);
  write(out, header);
  octets[8] = static_cast<std::uint8_t>(octets.size() >> 8);
  octets[9] = static_cast<std::uint8_t>(octets.size());
  out.text(fixture("cucm_7965_sccp.cnf.xml"));
  REQUIRE(is_signed(octets));
  for (const char* name : {"SEP001122334455.cnf.xml", "SEP001122334455.cnf.xml.sgn"}) {
    const auto rewritten = rewrite_cnf(name, octets, edge_at());
    CHECK_FALSE(rewritten.changed);
    REQUIRE(rewritten.notes.size() == 1);
    CHECK(rewritten.notes[0].code == NoteCode::passed_signed);
    CHECK(is_passed(rewritten.notes[0].code));
  }
  const auto encrypted = rewrite_cnf("SEP001122334455.cnf.xml.enc.sgn", octets, edge_at());
  REQUIRE(encrypted.notes.size() == 1);
  CHECK(encrypted.notes[0].code == NoteCode::passed_encrypted);
}

TEST_CASE("what is malformed passes byte for byte") {
  for (const std::string xml :
       {"", " ", "<device>", "<device></devices>", "not xml", "<html><body>404</body></html>", "<device/><device/>",
        "<!DOCTYPE html><html></html>", "<device><a></device></a>", "<device><a b=></a></device>"}) {
    CAPTURE(xml);
    const auto out = rewrite_xml_text(xml);
    CHECK_FALSE(out.changed);
    CHECK(has_note(out, NoteCode::passed_malformed));
  }
  // The slip of a published sample: TVS is closed by a second opening tag.
  std::string slip = fixture("cucm_7965_sccp.cnf.xml");
  slip.replace(slip.find("</TVS>"), 6, "<TVS>");
  CHECK(has_note(rewrite_xml_text(slip), NoteCode::passed_malformed));
  CHECK(has_note(rewrite_xml_text(std::string("<device>\0</device>", 18)), NoteCode::passed_malformed));
}

TEST_CASE("what a lenient reader takes and a phone throws away passes, and the note says where it breaks") {
  const std::string start =
      "<?xml version=\"1.0\"?>\n<device>\n<versionStamp>1</versionStamp><devicePool><callManagerGroup><members><member><callManager>"
      "<processNodeName>198.51.100.10</processNodeName></callManager></member></members></callManagerGroup></devicePool>\n";
  const auto note_of = [&](const std::string& xml) {
    CAPTURE(xml);
    const auto out = rewrite_xml_text(xml);
    CHECK_FALSE(out.changed);
    CHECK(has_note(out, NoteCode::passed_malformed));
    return out.notes.empty() ? std::string() : out.notes[0].text;
  };
  CHECK(note_of(start + "<phoneLabel>Smith & Sons</phoneLabel></device>").find("line 4, column 19: a bare \"&\"") !=
        std::string::npos);
  CHECK(note_of(start + "<directoryURL>http://x/d.php?a=1&b=2</directoryURL></device>").find("a bare \"&\"") !=
        std::string::npos);
  CHECK(note_of(start + "<phoneLabel>a &copy; b</phoneLabel></device>").find("a bare \"&\"") != std::string::npos);
  CHECK(note_of(start + "<phoneLabel>M\xfcller</phoneLabel></device>")
            .find("line 4, column 14: an octet that is not UTF-8") != std::string::npos);
  CHECK(note_of(start + "<phoneLabel>\x01</phoneLabel></device>").find("a control character") != std::string::npos);
  CHECK(note_of(start + "<line button=\"1\" button=\"2\"/></device>").find("an attribute that stands twice") !=
        std::string::npos);
  CHECK(note_of(start + "</device>\ntrailing").find("text behind the end") != std::string::npos);
  // What is fine stays fine: entities, character references, CDATA, an encoding that is declared, blanks behind the
  // end.
  for (const std::string end :
       {"<phoneLabel>a &amp; b &#38; &lt;</phoneLabel></device>", "<phoneLabel><![CDATA[a & b]]></phoneLabel></device>",
        "<phoneLabel>M\xc3\xbcller</phoneLabel></device>\n\n"})
    CHECK(rewrite_xml_text(start + end).changed);
  for (const char* encoding : {"ISO-8859-1", "windows-1252"}) {
    std::string declared = start + "<phoneLabel>M\xfcller</phoneLabel></device>";
    declared.replace(0, declared.find('\n'), "<?xml version=\"1.0\" encoding=\"" + std::string(encoding) + "\"?>");
    CHECK(rewrite_xml_text(declared).changed);
  }
}

TEST_CASE("encodings that are not a superset of ASCII pass") {
  const std::string xml = "<device><versionStamp>1</versionStamp></device>";
  for (const auto* bom : {"\xff\xfe", "\xfe\xff"})
    CHECK(has_note(rewrite_xml_text(bom + xml), NoteCode::passed_encoding));
  std::string wide;
  for (const char c : xml)
    (wide += c) += '\0';
  CHECK(has_note(rewrite_xml_text(wide), NoteCode::passed_encoding));
  for (const auto* name : {"UTF-16", "UTF-7", "IBM037", "Shift_JIS"})
    CHECK(has_note(rewrite_xml_text("<?xml version='1.0' encoding='" + std::string(name) + "'?>" +
                                    with_server("<processNodeName>a</processNodeName>")),
                   NoteCode::passed_encoding));
  for (const auto* name : {"utf-8", "UTF-8", "ISO-8859-15", "windows-1252", "US-ASCII"})
    CHECK(rewrite_xml_text("<?xml version='1.0' encoding='" + std::string(name) + "'?>" +
                           with_server("<processNodeName>a</processNodeName>"))
              .changed);
}
