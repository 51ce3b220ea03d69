#include "tftp-proxy/core/cnf_homes.hpp"
#include "tests/unit/provisioning/cnf_support.hpp"

using namespace dw;
using namespace dw::provisioning;

namespace {

struct LineText {
  std::string user, proxy, port = "5060";
};

/// A SIP phone's config: its call servers by priority, and its lines.
std::string sip_config(const std::vector<std::string>& servers, const std::vector<LineText>& lines,
                       const std::string& port = "5060") {
  std::string out =
      "<device><deviceProtocol>SIP</deviceProtocol><versionStamp>1234</versionStamp><devicePool><callManagerGroup><members>";
  for (std::size_t i = 0; i < servers.size(); ++i)
    out += "<member priority=\"" + std::to_string(i) + "\"><callManager><ports><sipPort>" + port +
           "</sipPort></ports><processNodeName>" + servers[i] + "</processNodeName></callManager></member>";
  out += "</members></callManagerGroup></devicePool><sipProfile><sipLines>";
  for (std::size_t i = 0; i < lines.size(); ++i)
    out += "<line button=\"" + std::to_string(i + 1) + "\"><featureID>9</featureID><proxy>" + lines[i].proxy +
           "</proxy><port>" + lines[i].port + "</port><name>" + lines[i].user + "</name></line>";
  return out + "</sipLines></sipProfile></device>";
}

RewriteOptions knowing(std::vector<std::string> hosts, bool only = false) {
  RewriteOptions options = edge_at();
  options.central_hosts = std::move(hosts);
  options.central_hosts_only = only;
  return options;
}

Rewritten xml(const std::string& text, const RewriteOptions& options = edge_at()) {
  return rewrite_cnf("SEP001122334455.cnf.xml", as_bytes(text), options);
}
Rewritten plain(const std::string& text, const RewriteOptions& options = edge_at()) {
  return rewrite_cnf("SIP001122334455.cnf", as_bytes(text), options);
}
std::vector<CnfHome> homes(const Rewritten& own, const Rewritten& defaults = {}) {
  return homes_of(own.facts, defaults.facts);
}
std::string after(const Rewritten& out, const std::string& original) {
  return text_of(out, original);
}
using Homes = std::vector<CnfHome>;

}  // namespace

TEST_CASE("the homes of an XML config: its first call server, and lines that have one of their own") {
  CHECK(homes(xml(sip_config({"T1.example.net"}, {{"100", "t1.example.net"}}))) == Homes{{"", "t1.example.net", 5060}});
  CHECK(homes(xml(sip_config({"pbx", "spare"}, {{"100", "USECALLMANAGER"}}, "5160"))) == Homes{{"", "pbx", 5160}});
  CHECK(homes(xml(sip_config({"t1"}, {{"100", "USECALLMANAGER"}, {"200", "t2", "5160"}, {"300", "t1"}}))) ==
        Homes{{"", "t1", 5060}, {"200", "t2", 5160}});
  CHECK(homes(xml(sip_config({}, {{"100", "t1", "5160"}, {"200", "t2"}}))) ==
        Homes{{"", "t1", 5160}, {"200", "t2", 5060}});
  CHECK(homes(xml(sip_config({"t1"}, {{"100", ""}, {"100", "t2"}}))) ==
        Homes{{"", "t1", 5060}});  // one user twice: the first counts
  CHECK(homes(xml(sip_config({}, {{"100", "USECALLMANAGER"}}))).empty());
  CHECK(homes(xml("<device/>")).empty());
}

TEST_CASE("the homes of a 7960: SIPDefault.cnf says what its own file does not") {
  const Rewritten defaults = plain("proxy1_address: \"PBX.example.net\"\nproxy1_port:\"5160\"\n");
  CHECK(homes(plain("line1_name: \"2112\"\n"), defaults) == Homes{{"", "pbx.example.net", 5160}});
  CHECK(homes(plain("line1_name: 1\nproxy1_address: own\n"), defaults) == Homes{{"", "own", 5160}});
  CHECK(homes(plain("line1_name: 1\nline2_name: 2\nproxy2_port: 5070\nproxy2_address: t2\nline3_name: UNPROVISIONED\n"),
              defaults) == Homes{{"", "pbx.example.net", 5160}, {"2", "t2", 5070}});
  CHECK(homes(plain("proxy2_address: UNPROVISIONED\nline2_name: 2\n"), defaults) ==
        Homes{{"", "pbx.example.net", 5160}});
  CHECK(homes(plain("line1_name: 1\n")).empty());
}

TEST_CASE("a second line at another provider is left as it is, port and all, and a note says so") {
  const std::string original =
      sip_config({"pbx.example.net"}, {{"100", "USECALLMANAGER"}, {"200", "sip.provider.example", "5070"}});
  const auto out = xml(original, knowing({"pbx.example.net"}));
  const std::string text = after(out, original);
  CHECK(text.find("<proxy>sip.provider.example</proxy><port>5070</port>") != std::string::npos);
  CHECK(text.find("<processNodeName>192.0.2.1</processNodeName>") != std::string::npos);
  REQUIRE(has_note(out, NoteCode::left_alone));
  const auto note = *std::ranges::find(out.notes, NoteCode::left_alone, &Note::code);
  CHECK(note.text == "the SIP server of line 2, sip.provider.example, is not in the settings");
  CHECK(original.substr(note.offset, 20) == "sip.provider.example");
  CHECK(homes(out) == Homes{{"", "pbx.example.net", 5060}});
  // And of a 7960.
  const std::string old =
      "proxy1_address: pbx.example.net\nproxy2_address: \"sip.provider.example\"\nproxy2_port: 5070\nline2_name: 2\n";
  const auto lines = plain(old, knowing({"pbx.example.net"}));
  CHECK(after(lines, old) ==
        "proxy1_address: 192.0.2.1\nproxy2_address: \"sip.provider.example\"\nproxy2_port: 5070\nline2_name: 2\n");
  CHECK(has_note(lines, NoteCode::left_alone));
  CHECK(homes(lines) == Homes{{"", "pbx.example.net", 0}});
}

TEST_CASE(
    "what the settings know is rewritten, by whatever name: a server, an address, a domain, or the file's own servers") {
  for (const char* const known :
       {"pbx2.example.net", "PBX3.example.net", "192.0.2.77", "2001:db8:0::5", "t9.tenants.example.net", "spare"}) {
    CAPTURE(known);
    const std::string original =
        sip_config({"pbx.example.net", "spare"}, {{"100", "USECALLMANAGER"}, {"200", known, "5070"}});
    const auto out =
        xml(original,
            knowing({"pbx2.example.net", "pbx3.example.net", "192.0.2.77", "2001:db8::5", "*.tenants.example.net"}));
    CHECK(after(out, original)
              .find("<line button=\"2\"><featureID>9</featureID><proxy>USECALLMANAGER</proxy><port>5060</port>") !=
          std::string::npos);
    CHECK_FALSE(has_note(out, NoteCode::left_alone));
  }
}

TEST_CASE(
    "without domains in the settings a config's own call server is the central side's, and its first line's, whatever they are called") {
  const std::string original =
      sip_config({"t1.example.net"}, {{"100", "other.example.net"}, {"101", "other.example.net"}});
  const auto out = xml(original, knowing({"192.0.2.77"}));
  CHECK_FALSE(has_note(out, NoteCode::left_alone));
  CHECK(after(out, original).find("example.net") == std::string::npos);
  const auto text = plain("proxy1_address: t1\nproxy2_address: t1\n", knowing({"192.0.2.77"}));
  CHECK_FALSE(has_note(text, NoteCode::left_alone));
}

TEST_CASE("with domains in the settings a config that names nothing of them is left alone, and said so") {
  const std::string original =
      sip_config({"outside.example"}, {{"100", "USECALLMANAGER"}, {"200", "t1.example.net"}}, "5070");
  const auto out = xml(original, knowing({"pbx.example.net", "t1.example.net"}, true));
  const std::string text = after(out, original);
  CHECK(text.find("<sipPort>5070</sipPort></ports><processNodeName>outside.example</processNodeName>") !=
        std::string::npos);
  CHECK(text.find("<proxy>USECALLMANAGER</proxy>") != std::string::npos);
  CHECK(text.find("<proxy>192.0.2.1</proxy>") != std::string::npos);  // not the group, which is somebody else's
  const auto note = std::ranges::find(out.notes, NoteCode::left_alone, &Note::code);
  REQUIRE(note != out.notes.end());
  CHECK(note->text == "its SIP server, outside.example, is not in the settings");
  CHECK(homes(out) == Homes{{"", "t1.example.net", 5060}});
  const std::string old = "proxy1_address: outside.example\nproxy1_port: 5070\n";
  const auto lines = plain(old, knowing({"t1.example.net"}, true));
  CHECK(after(lines, old) == old);
  CHECK(has_note(lines, NoteCode::left_alone));
  CHECK(homes(lines).empty());
}

TEST_CASE("of several call servers the one that the settings know is taken, whichever comes first") {
  const std::string original = sip_config({"outside.example", "t1.example.net"}, {{"100", "USECALLMANAGER"}});
  const auto out = xml(original, knowing({"t1.example.net"}, true));
  const std::string text = after(out, original);
  CHECK(text.find("outside.example") == std::string::npos);
  CHECK(text.find("<processNodeName>192.0.2.1</processNodeName>") != std::string::npos);
  CHECK_FALSE(has_note(out, NoteCode::left_alone));
}

TEST_CASE("an SCCP phone's call servers are what they were: domains are SIP's") {
  std::string original = sip_config({"outside.example"}, {});
  original.replace(original.find("SIP"), 3, "SCCP");
  const auto out = xml(original, knowing({"t1.example.net"}, true));
  CHECK(after(out, original).find("outside.example") == std::string::npos);
}

TEST_CASE("rewriting twice is rewriting once where a line was left alone, and the stamp says that it was") {
  const std::string original = sip_config({"pbx"}, {{"100", "USECALLMANAGER"}, {"200", "provider"}});
  const auto stamp = [](const std::string& text) { return text.substr(text.find("<versionStamp>") + 14, 4); };
  const std::string left = after(xml(original, knowing({"pbx"})), original), moved = after(xml(original), original);
  CHECK(after(xml(left, knowing({"pbx", "192.0.2.1"})), left) == left);
  CHECK(stamp(left) != stamp(moved));
}

TEST_CASE(
    "an edge behind a hosted box leaves alone what that left alone, though the line before it names no server any more") {
  const std::string original = sip_config({"pbx"}, {{"100", "pbx.example.net"}, {"200", "provider"}});
  const std::string hosted = after(xml(original, knowing({"pbx", "192.0.2.1"})), original);
  CHECK(hosted.find("<proxy>USECALLMANAGER</proxy>") != std::string::npos);
  CHECK(hosted.find("<proxy>provider</proxy>") != std::string::npos);
  const auto edge = xml(hosted, knowing({"192.0.2.1"}));
  CHECK(after(edge, hosted).find("<proxy>provider</proxy>") != std::string::npos);
  CHECK(has_note(edge, NoteCode::left_alone));
}
