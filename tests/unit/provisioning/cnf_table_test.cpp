// Each row of the rewrite table (cisco-provisioning §3.1, §3.2) under leave, rewrite and drop.
#include <pugixml.hpp>

#include "tests/unit/provisioning/cnf_support.hpp"

using namespace dw;
using namespace dw::provisioning;

namespace {

using O = RewriteOptions;
const std::string kCucm = "cucm_7965_sccp.cnf.xml";
const std::string kChan = "chan_sccp_7945.cnf.xml";
const std::string kSip = "usecallmanager_7961_sip.cnf.xml";
const std::string kDefault = "xmldefault.cnf.xml";
const std::string kWlan = "wlan.xml";
const std::string kGone = "(element is gone)";

struct Row {
  std::string file;
  std::string xpath;  // below the root
  Action O::*group;
  std::string left, rewritten, dropped;
};

std::string value_at(const std::string& xml, const std::string& xpath) {
  pugi::xml_document document;
  REQUIRE(document.load_buffer(xml.data(), xml.size()));
  const auto found = document.select_node(("/*/" + xpath).c_str());
  if (!found) return kGone;
  std::string value = found.node().child_value();
  for (const auto child : found.node().children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) value = child.value();
  }
  const auto first = value.find_first_not_of(" \t\r\n");
  return first == value.npos ? "" : value.substr(first, value.find_last_not_of(" \t\r\n") - first + 1);
}

const std::string kMember0 = "devicePool/callManagerGroup/members/member[@priority='0']";
const std::string kMember1 = "devicePool/callManagerGroup/members/member[@priority='1']";

const Row kRows[] = {
    {kCucm, kMember0 + "/callManager/processNodeName", &O::call_servers, "cucm-pub.corp.example", "192.0.2.1", ""},
    {kChan, kMember0 + "/callManager/processNodeName", &O::call_servers, "192.168.20.10", "192.0.2.1", ""},
    {kSip, kMember0 + "/callManager/processNodeName", &O::call_servers, "pbx.example.net", "192.0.2.1", ""},
    {kSip, kMember0 + "/callManager/ports/sipPort", &O::call_servers, "5070", "5060", "5070"},
    {kSip, kMember0 + "/callManager/ports/securedSipPort", &O::call_servers, "5071", "5071", "5071"},
    {kDefault, "callManagerGroup/members/member[@priority='0']/callManager/processNodeName", &O::call_servers,
     "10.20.0.11", "192.0.2.1", ""},
    {kCucm, kMember1 + "/callManager/processNodeName", &O::call_servers, "10.20.0.12", "10.20.0.12", "10.20.0.12"},
    {kCucm, kMember1 + "/callManager/processNodeName", &O::spare_call_servers, "10.20.0.12", "192.0.2.1", kGone},
    {kChan, kMember1 + "/callManager/processNodeName", &O::spare_call_servers, "192.168.20.11", "192.0.2.1", kGone},
    {kCucm, kMember0 + "/callManager/processNodeName", &O::spare_call_servers, "cucm-pub.corp.example",
     "cucm-pub.corp.example", "cucm-pub.corp.example"},
    {kCucm, "devicePool/srstInfo/srstOption", &O::srst, "Enable", "Enable", "Disable"},
    {kCucm, "devicePool/srstInfo/ipAddr1", &O::srst, "10.20.9.1", "192.0.2.1", ""},
    {kCucm, "devicePool/srstInfo/ipAddr2", &O::srst, "", "", ""},
    {kCucm, "devicePool/srstInfo/sipIpAddr1", &O::srst, "10.20.9.1", "192.0.2.1", ""},
    {kSip, "devicePool/srstInfo/sipPort1", &O::srst, "5070", "5060", "5070"},
    {kCucm, "devicePool/srstInfo/isSecure", &O::srst, "true", "true", "false"},
    {kCucm, "devicePool/dateTimeSetting/ntps/ntp/name", &O::ntp, "ntp1.corp.example", "192.0.2.1", ""},
    {kCucm, "TVS/members/member/address", &O::tvs, "10.20.0.11", "192.0.2.1", ""},
    {kCucm, "TVS/members/member/port", &O::tvs, "2445", "2445", "2445"},
    {kSip, "sipProfile/sipProxies/backupProxy", &O::backup_proxy, "pbx2.example.net", "192.0.2.1", ""},
    {kSip, "sipProfile/sipProxies/backupProxyPort", &O::backup_proxy, "5070", "5060", "5070"},
    {kSip, "sipProfile/sipProxies/emergencyProxy", &O::emergency_proxy, "e911.example.net", "192.0.2.1", ""},
    {kSip, "sipProfile/sipProxies/emergencyProxyPort", &O::emergency_proxy, "5080", "5060", "5080"},
    {kSip, "sipProfile/sipProxies/outboundProxy", &O::outbound_proxy, "edge.example.net", "192.0.2.1", ""},
    {kSip, "sipProfile/sipProxies/outboundProxyPort", &O::outbound_proxy, "5090", "5060", "5090"},
    {kSip, "sipProfile/natEnabled", &O::nat, "true", "true", "false"},
    {kSip, "sipProfile/natAddress", &O::nat, "203.0.113.9", "", ""},
    {kSip, "sipProfile/natReceivedProcessing", &O::nat, "true", "false", "false"},
    {kSip, "sipProfile/sipLines/line[1]/proxy", &O::line_proxy, "pbx.example.net", "USECALLMANAGER", ""},
    {kSip, "sipProfile/sipLines/line[1]/port", &O::line_proxy, "5070", "5060", "5070"},
    {kSip, "sipProfile/sipLines/line[2]/proxy", &O::line_proxy, "USECALLMANAGER", "USECALLMANAGER", "USECALLMANAGER"},
    {kSip, "transportLayerProtocol", &O::transport, "3", "1", ""},
    {kChan, "transportLayerProtocol", &O::transport, "4", "4", "4"},
    {kSip, "transportLayerProtocol", &O::security, "3", "1", "1"},
    {kSip, "deviceSecurityMode", &O::security, "3", "1", ""},
    {kCucm, "deviceSecurityMode", &O::security, "2", "1", ""},
    {kCucm, "capfList/capf/processNodeName", &O::capf, "10.20.0.11", "192.0.2.1", ""},
    {kCucm, "encrConfig", &O::capf, "true", "false", "false"},
    {kCucm, "vendorConfig/loadServer", &O::load_server, "10.20.0.40", "192.0.2.1", ""},
    {kCucm, "vendorConfig/ipv6LoadServer", &O::load_server, "2001:db8:20::40", "", ""},
    {kCucm, "loadInformation", &O::firmware, "SCCP45.9-4-2SR3-1S", "SCCP45.9-4-2SR3-1S", ""},
    {kCucm, "addOnModules/addOnModule/loadInformation", &O::firmware, "B015-1-0-4-2", "B015-1-0-4-2", ""},
    {kDefault, "loadInformation436", &O::firmware, "SCCP45.9-4-2SR3-1S", "SCCP45.9-4-2SR3-1S", ""},
    {kCucm, "authenticationURL", &O::urls, "http://10.20.0.11:8080/ccmcip/authenticate.jsp",
     "http://192.0.2.1:6970/ccmcip/authenticate.jsp", ""},
    {kCucm, "directoryURL", &O::urls, "http://10.20.0.11:8080/ccmcip/xmldirectory.jsp?a=1&b=2",
     "http://192.0.2.1:6970/ccmcip/xmldirectory.jsp?a=1&b=2", ""},
    {kChan, "authenticationURL", &O::urls, "http://192.168.20.10/auth.php?x=1&y=2",
     "http://192.0.2.1:6970/auth.php?x=1&y=2", ""},
    {kCucm, "servicesURL", &O::urls, "http://10.20.0.11:8080/ccmcip/getservicesmenu.jsp",
     "http://192.0.2.1:6970/ccmcip/getservicesmenu.jsp", ""},
    {kCucm, "informationURL", &O::urls, "http://10.20.0.11:8080/ccmcip/GetTelecasterHelpText.jsp",
     "http://192.0.2.1:6970/ccmcip/GetTelecasterHelpText.jsp", ""},
    {kCucm, "idleURL", &O::urls, "", "", ""},
    {kCucm, "phoneServices/phoneService[2]/url", &O::urls, "http://10.20.0.70/weather.xml",
     "http://192.0.2.1:6970/weather.xml", ""},
    {kCucm, "phoneServices/phoneService[1]/url", &O::urls, "Application:Cisco/MissedCalls",
     "Application:Cisco/MissedCalls", "Application:Cisco/MissedCalls"},
    {kCucm, "proxyServerURL", &O::urls, "10.20.0.60:3128", "192.0.2.1:6970", ""},
    {kCucm, "secureServicesURL", &O::secure_urls, "https://10.20.0.11:8443/ccmcip/getservicesmenu.jsp",
     "https://192.0.2.1:8443/ccmcip/getservicesmenu.jsp", ""},
    {kSip, "secureServicesURL", &O::secure_urls, "https://services.example.net/menu", "https://192.0.2.1/menu", ""},
    {kCucm, "secureMessagesURL", &O::secure_urls, "Application:Cisco/Voicemail", "Application:Cisco/Voicemail",
     "Application:Cisco/Voicemail"},
    {kWlan, "ProfileSettings/Profile1/NetworkSettings/TFTPServer1", &O::tftp_server, "10.20.0.11", "192.0.2.1", ""},
    {kWlan, "ProfileSettings/Profile1/NetworkSettings/TFTPServer2", &O::tftp_server, "10.20.0.12", "192.0.2.1", ""},
    {kWlan, "ProfileSettings/Profile2/NetworkSettings/TFTPServer1", &O::tftp_server, "0.0.0.0", "0.0.0.0", "0.0.0.0"},
};

/// Rows of the table whose rule is "leave": no group touches them.
const Row kNever[] = {
    {kCucm, kMember0 + "/callManager/name", nullptr, "cucm-pub", "", ""},
    {kCucm, kMember0 + "/callManager/ports/mgcpPorts/listen", nullptr, "2427", "", ""},
    {kCucm, "devicePool/callManagerGroup/tftpDefault", nullptr, "true", "", ""},
    {kCucm, "devicePool/connectionMonitorDuration", nullptr, "120", "", ""},
    {kCucm, "vpnGroup/addresses/url1", nullptr, "https://vpn.corp.example/phones", "", ""},
    {kCucm, "vendorConfig/logServer", nullptr, "10.20.0.50:514", "", ""},
    {kCucm, "vendorConfig/peerFirmwareSharing", nullptr, "1", "", ""},
    {kCucm, "userLocale/name", nullptr, "English_United_Kingdom", "", ""},
    {kCucm, "networkLocaleInfo/name", nullptr, "United_Kingdom", "", ""},
    {kCucm, "tzdata/tzupdater", nullptr, "tzupdater.jar", "", ""},
    {kCucm, "sshPassword", nullptr, "s3cret-ssh", "", ""},
    {kSip, "sipProfile/sipProxies/registerWithProxy", nullptr, "true", "", ""},
    {kSip, "sipProfile/voipControlPort", nullptr, "5060", "", ""},
    {kSip, "sipProfile/startMediaPort", nullptr, "16384", "", ""},
    {kSip, "sipProfile/sipStack/timerRegisterExpires", nullptr, "3600", "", ""},
    {kSip, "sipProfile/sipLines/line[1]/authPassword", nullptr, "hunter2-line", "", ""},
    {kSip, "sipProfile/sipLines/line[1]/messagesNumber", nullptr, "*97", "", ""},
    {kSip, "sipProfile/sipCallFeatures/callForwardURI", nullptr, "x-cisco-serviceuri-cfwdall", "", ""},
    {kSip, "sipProfile/dialTemplate", nullptr, "dialplan.xml", "", ""},
    {kSip, "sipProfile/preferredCodec", nullptr, "g722", "", ""},
    {kWlan, "TraceSettings/RemoteAddress", nullptr, "10.20.0.50", "", ""},
};

std::string under(const Row& row, Action action) {
  const std::string original = fixture(row.file);
  return value_at(text_of(rewrite_cnf(name_of(row.file), as_bytes(original), only(row.group, action)), original),
                  row.xpath);
}

}  // namespace

TEST_CASE("each row of the table, left, rewritten and dropped") {
  for (const Row& row : kRows) {
    CAPTURE(row.file);
    CAPTURE(row.xpath);
    CHECK(value_at(fixture(row.file), row.xpath) == row.left);
    CHECK(under(row, Action::leave) == row.left);
    CHECK(under(row, Action::rewrite) == row.rewritten);
    CHECK(under(row, Action::drop) == row.dropped);
  }
}

TEST_CASE("what the table leaves stays whatever the policy") {
  for (const Row& row : kNever) {
    CAPTURE(row.xpath);
    const std::string original = fixture(row.file);
    for (const Action action : {Action::leave, Action::rewrite, Action::drop}) {
      RewriteOptions options = edge_at();
      for (const RewriteGroup& group : rewrite_groups())
        options.*group.action = action;
      CHECK(value_at(text_of(rewrite_cnf(name_of(row.file), as_bytes(original), options), original), row.xpath) ==
            row.left);
    }
  }
}

TEST_CASE("with everything left nothing is edited") {
  for (const Case& c : kCases) {
    CAPTURE(c.fixture);
    const std::string original = fixture(c.fixture);
    const auto out = rewrite_cnf(c.asked_as, as_bytes(original), only(&O::urls, Action::leave));
    CHECK_FALSE(out.changed);
    CHECK(out.octets.empty());
    CHECK(out.edits.empty());
  }
}

TEST_CASE("ports follow the host to ours") {
  RewriteOptions options = only(&O::call_servers, Action::rewrite);
  options.sccp_port = 2001;
  options.sip_port = 5062;
  options.sips_port = 5063;
  const std::string cucm = text_of(rewritten_fixture(kCucm, options), "");
  CHECK(value_at(cucm, kMember0 + "/callManager/ports/ethernetPhonePort") == "2001");
  CHECK(value_at(cucm, kMember0 + "/callManager/ports/sipPort") == "5062");
  CHECK(value_at(cucm, kMember0 + "/callManager/ports/securedSipPort") == "5063");
  CHECK(value_at(cucm, kMember1 + "/callManager/ports/ethernetPhonePort") == "2000");
}

TEST_CASE("an IPv6 address goes where it fits, in brackets in a URL") {
  RewriteOptions options = edge_at("2001:db8::1");
  options.urls = Action::rewrite;
  const std::string cucm = text_of(rewritten_fixture(kCucm, options), "");
  CHECK(value_at(cucm, kMember0 + "/callManager/processNodeName") == "2001:db8::1");
  CHECK(value_at(cucm, "vendorConfig/ipv6LoadServer") == "2001:db8::1");
  CHECK(value_at(cucm, "phoneServices/phoneService[2]/url") == "http://[2001:db8::1]:6970/weather.xml");
  CHECK(value_at(cucm, "proxyServerURL") == "[2001:db8::1]:6970");
}

TEST_CASE("the IPv6 address of a call server, which a dual-stack phone may prefer, leads to us or is gone") {
  const std::string xml =
      "<device><devicePool><callManagerGroup><members><member priority='0'><callManager><ipv6Addr>2001:db8:5::12</ipv6Addr>"
      "<ports><ethernetPhonePort>2443</ethernetPhonePort></ports><processNodeName>198.51.100.10</processNodeName>"
      "</callManager></member></members></callManagerGroup></devicePool></device>";
  const std::string manager = kMember0 + "/callManager/";
  const auto value = [&](const std::string& text, const RewriteOptions& options, const std::string& element) {
    return value_at(text_of(rewrite_cnf("SEP001122334455.cnf.xml", as_bytes(text), options), text), manager + element);
  };
  CHECK(value(xml, edge_at(), "ipv6Addr") == "");
  CHECK(value(xml, edge_at(), "processNodeName") == "192.0.2.1");
  CHECK(value(xml, edge_at("2001:db8::1"), "ipv6Addr") == "2001:db8::1");
  RewriteOptions drop = edge_at();
  drop.call_servers = Action::drop;
  CHECK(value(xml, drop, "ipv6Addr") == "");
  // A server that has no other address is a server all the same.
  std::string only = xml;
  only.replace(only.find("198.51.100.10"), std::string("198.51.100.10").size(), "");
  CHECK(value(only, edge_at("2001:db8::1"), "ipv6Addr") == "2001:db8::1");
  CHECK(value(only, edge_at("2001:db8::1"), "ports/ethernetPhonePort") == "2000");
  CHECK(value(only, edge_at(), "ipv6Addr") == "");
}

TEST_CASE("a line without a call manager group gets the host itself") {
  const std::string xml =
      "<device><sipProfile><sipLines><line><proxy>pbx</proxy><port>5070</port></line></sipLines></"
      "sipProfile></device>";
  const auto out = rewrite_cnf("SEP001122334455.cnf.xml", as_bytes(xml), edge_at());
  CHECK(value_at(text_of(out, xml), "sipProfile/sipLines/line/proxy") == "192.0.2.1");
  CHECK(value_at(text_of(out, xml), "sipProfile/sipLines/line/port") == "5060");
}

TEST_CASE("USECALLMANAGER in a proxy names us already") {
  const std::string xml =
      "<device><sipProfile><sipProxies><backupProxy>USECALLMANAGER</backupProxy><backupProxyPort>5070</"
      "backupProxyPort>"
      "<outboundProxy>usecallmanager</outboundProxy></sipProxies></sipProfile></device>";
  for (const Action action : {Action::rewrite, Action::drop}) {
    RewriteOptions options = edge_at();
    for (const RewriteGroup& group : rewrite_groups())
      options.*group.action = action;
    CHECK_FALSE(rewrite_cnf("SEP001122334455.cnf.xml", as_bytes(xml), options).changed);
  }
}

TEST_CASE("flags are written the way the file writes them") {
  const std::string xml =
      "<device><sipProfile><natEnabled>0</natEnabled><natReceivedProcessing>1</natReceivedProcessing></"
      "sipProfile></device>";
  const std::string out =
      text_of(rewrite_cnf("SEP001122334455.cnf.xml", as_bytes(xml), only(&O::nat, Action::rewrite)), xml);
  CHECK(value_at(out, "sipProfile/natEnabled") == "1");
  CHECK(value_at(out, "sipProfile/natReceivedProcessing") == "0");
}

TEST_CASE("the member with the lowest priority that names a host is the one that stays") {
  const std::string xml =
      "<device><devicePool><callManagerGroup><members>"
      "<member priority=\"0\"><callManager><processNodeName></processNodeName></callManager></member>"
      "<member priority=\"2\"><callManager><processNodeName>two</processNodeName></callManager></member>"
      "<member priority=\"1\"><callManager><processNodeName>one</processNodeName></callManager></member>"
      "</members></callManagerGroup></devicePool></device>";
  const auto out = rewrite_cnf("SEP001122334455.cnf.xml", as_bytes(xml), edge_at());
  CHECK(text_of(out, xml) ==
        "<device><devicePool><callManagerGroup><members>"
        "<member "
        "priority=\"1\"><callManager><processNodeName>192.0.2.1</processNodeName></callManager></member>"
        "</members></callManagerGroup></devicePool></device>");
  REQUIRE(out.facts.call_servers.size() == 2);
  CHECK(out.facts.call_servers[0].host == "one");
}

TEST_CASE("members that name nobody are not touched: an empty list is fatal to some loads") {
  const std::string xml =
      "<device><devicePool><callManagerGroup><members>"
      "<member priority=\"0\"><callManager><processNodeName/></callManager></member>"
      "<member priority=\"1\"><callManager/></member></members></callManagerGroup></devicePool></device>";
  CHECK_FALSE(rewrite_cnf("SEP001122334455.cnf.xml", as_bytes(xml), edge_at()).changed);
}

TEST_CASE("the version stamp follows the original and the policy, and keeps its form") {
  const std::string path = "versionStamp";
  const auto stamp = [&](const std::string& xml, const RewriteOptions& options) {
    return value_at(text_of(rewrite_cnf("SEP001122334455.cnf.xml", as_bytes(xml), options), xml), path);
  };
  const std::string original = fixture(kChan);
  const std::string edge = stamp(original, edge_at());
  CHECK(edge != "{Mar 04 2019 17:05:09}");
  CHECK(edge.size() == std::string("{Mar 04 2019 17:05:09}").size());
  CHECK(edge.starts_with("{Mar "));
  CHECK(edge == stamp(original, edge_at()));
  CHECK(edge != stamp(original, edge_at("192.0.2.2")));
  std::string edited = original;
  edited.replace(edited.find("D.M.Y"), 5, "Y.M.D");
  CHECK(edge != stamp(edited, edge_at()));

  CHECK(stamp(original, only(&O::version_stamp, Action::rewrite)) == "{Mar 04 2019 17:05:09}");  // nothing else changed
  CHECK(stamp(original, only(&O::version_stamp, Action::drop)) == "");
  RewriteOptions left = edge_at();
  left.version_stamp = Action::leave;
  CHECK(stamp(original, left) == "{Mar 04 2019 17:05:09}");
  CHECK(stamp(fixture(kSip), edge_at()) != "9");
}
