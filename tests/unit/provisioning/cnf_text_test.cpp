#include "tests/unit/provisioning/cnf_support.hpp"

using namespace dw;
using namespace dw::provisioning;

namespace {

using O = RewriteOptions;
const std::string kFile = "sipdefault.cnf";

/// The line of a key, as it stands in the file.
std::string line_of(const std::string& text, const std::string& key) {
  const auto at = ("\n" + text).find("\n" + key + ":");
  REQUIRE_MESSAGE(at != std::string::npos, key);
  return text.substr(at, text.find('\n', at) - at);
}

struct TextRow {
  std::string key;
  Action O::*group;
  std::string left, rewritten, dropped;
};

const TextRow kTextRows[] = {
    {"proxy1_address", &O::call_servers, "proxy1_address: \"pbx.example.net\" ; registrar and proxy of line 1",
     "proxy1_address: \"192.0.2.1\" ; registrar and proxy of line 1",
     "proxy1_address: \"\" ; registrar and proxy of line 1"},
    {"proxy2_address", &O::call_servers, "proxy2_address: \"\"", "proxy2_address: \"\"", "proxy2_address: \"\""},
    {"proxy3_address", &O::call_servers, "proxy3_address: UNPROVISIONED", "proxy3_address: UNPROVISIONED",
     "proxy3_address: UNPROVISIONED"},
    {"proxy4_address", &O::call_servers, "proxy4_address: 10.20.0.14", "proxy4_address: 192.0.2.1",
     "proxy4_address: \"\""},
    {"proxy1_port", &O::call_servers, "proxy1_port: 5070", "proxy1_port: 5060", "proxy1_port: 5070"},
    {"proxy_emergency", &O::emergency_proxy, "proxy_emergency: \"e911.example.net\"", "proxy_emergency: \"192.0.2.1\"",
     "proxy_emergency: \"\""},
    {"proxy_emergency_port", &O::emergency_proxy, "proxy_emergency_port: \"5080\"", "proxy_emergency_port: \"5060\"",
     "proxy_emergency_port: \"5080\""},
    {"proxy_backup", &O::backup_proxy, "proxy_backup: \"pbx2.example.net\"", "proxy_backup: \"192.0.2.1\"",
     "proxy_backup: \"\""},
    {"proxy_backup_port", &O::backup_proxy, "proxy_backup_port: \"5070\"", "proxy_backup_port: \"5060\"",
     "proxy_backup_port: \"5070\""},
    {"outbound_proxy", &O::outbound_proxy, "outbound_proxy: edge.example.net\t# what the old router wanted",
     "outbound_proxy: 192.0.2.1\t# what the old router wanted", "outbound_proxy: \"\"\t# what the old router wanted"},
    {"outbound_proxy_port", &O::outbound_proxy, "outbound_proxy_port: \"5082\"", "outbound_proxy_port: \"5060\"",
     "outbound_proxy_port: \"5082\""},
    {"nat_enable", &O::nat, "nat_enable: 1", "nat_enable: 1", "nat_enable: 0"},
    {"nat_address", &O::nat, "nat_address: \"203.0.113.9\"", "nat_address: \"\"", "nat_address: \"\""},
    {"nat_received_processing", &O::nat, "nat_received_processing: \"1\"", "nat_received_processing: \"0\"",
     "nat_received_processing: \"0\""},
    {"dyn_tftp_addr", &O::tftp_server, "dyn_tftp_addr: \"10.20.0.11\"", "dyn_tftp_addr: \"192.0.2.1\"",
     "dyn_tftp_addr: \"\""},
    {"sntp_server", &O::ntp, "sntp_server: \"10.20.0.53\"", "sntp_server: \"192.0.2.1\"", "sntp_server: \"\""},
    {"image_version", &O::firmware, "image_version: P0S3-8-12-00", "image_version: P0S3-8-12-00",
     "image_version: \"\""},
    {"services_url", &O::urls, "services_url: \"http://10.20.0.11/services.xml\"",
     "services_url: \"http://192.0.2.1:6970/services.xml\"", "services_url: \"\""},
    {"directory_url", &O::urls, "directory_url: http://user:pw@10.20.0.11:8080/dir.xml",
     "directory_url: http://user:pw@192.0.2.1:6970/dir.xml", "directory_url: \"\""},
    {"logo_url", &O::urls, "logo_url: \"tftp://10.20.0.11/logo.bmp\"", "logo_url: \"tftp://192.0.2.1/logo.bmp\"",
     "logo_url: \"\""},
    {"http_proxy_addr", &O::urls, "http_proxy_addr: \"10.20.0.60\"", "http_proxy_addr: \"192.0.2.1\"",
     "http_proxy_addr: \"\""},
    {"http_proxy_port", &O::urls, "http_proxy_port: 3128", "http_proxy_port: 6970", "http_proxy_port: 3128"},
};

std::string rewritten(const std::string& text, const RewriteOptions& options) {
  return text_of(rewrite_cnf("SIPDefault.cnf", as_bytes(text), options), text);
}

}  // namespace

TEST_CASE("each key of the 79x0 table, left, rewritten and dropped") {
  const std::string original = fixture(kFile);
  for (const TextRow& row : kTextRows) {
    CAPTURE(row.key);
    CHECK(line_of(original, row.key) == row.left);
    CHECK(line_of(rewritten(original, only(row.group, Action::leave)), row.key) == row.left);
    CHECK(line_of(rewritten(original, only(row.group, Action::rewrite)), row.key) == row.rewritten);
    CHECK(line_of(rewritten(original, only(row.group, Action::drop)), row.key) == row.dropped);
  }
}

TEST_CASE("79x0 keys that no policy touches") {
  const std::string original = fixture(kFile);
  for (const Action action : {Action::rewrite, Action::drop}) {
    RewriteOptions options = edge_at();
    for (const RewriteGroup& group : rewrite_groups())
      options.*group.action = action;
    const std::string out = rewritten(original, options);
    for (const char* key :
         {"proxy_register", "voip_control_port", "start_media_port", "end_media_port", "dyn_dns_addr_1", "tftp_cfg_dir",
          "timer_register_expires", "messages_uri", "telnet_level", "phone_password", "sync"}) {
      CAPTURE(key);
      CHECK(line_of(out, key) == line_of(original, key));
    }
  }
}

TEST_CASE("a key is a key in either case, after blanks, and in every line where it stands") {
  const std::string text = "  Proxy1_Address : old.example\r\n\tproxy1_address:old2.example\rPROXY1_ADDRESS:\t'x'\n";
  CHECK(rewritten(text, edge_at()) ==
        "  Proxy1_Address : 192.0.2.1\r\n\tproxy1_address:192.0.2.1\rPROXY1_ADDRESS:\t192.0.2.1\n");
}

TEST_CASE("comments, unknown keys, and values nobody can delimit stay") {
  for (const char* text :
       {"# proxy1_address: 10.0.0.1\n", "; proxy1_address: 10.0.0.1\n", "proxy7_address: 10.0.0.1\n",
        "proxy_address: 10.0.0.1\n", "proxy1_address: \"10.0.0.1\n", "proxy1_address\n", "proxy1_address:\n",
        "proxy1_address: # 10.0.0.1\n", "line1_password: 10.0.0.1\n", "proxy1_port: five\n"}) {
    CAPTURE(text);
    CHECK_FALSE(rewrite_cnf("SIPDefault.cnf", as_bytes(text), edge_at()).changed);
  }
}

TEST_CASE("a byte order mark and the last line without an end") {
  CHECK(rewritten("\xef\xbb\xbfproxy1_address: a", edge_at()) == "\xef\xbb\xbfproxy1_address: 192.0.2.1");
}

TEST_CASE("text that is not text passes") {
  const std::string nul("proxy1_address: a\0b\n", 20);
  const auto with_nul = rewrite_cnf("SIPDefault.cnf", as_bytes(nul), edge_at());
  CHECK_FALSE(with_nul.changed);
  CHECK(has_note(with_nul, NoteCode::passed_malformed));
  CHECK(has_note(rewrite_cnf("SIPDefault.cnf", as_bytes("\xff\xfep"), edge_at()), NoteCode::passed_encoding));
}

TEST_CASE("what a 79x0 file says") {
  const auto facts = rewritten_fixture(kFile, edge_at()).facts;
  CHECK(facts.signalling == Signalling::sip);
  REQUIRE(facts.loads.size() == 1);
  CHECK(facts.loads[0] == LoadName{"P0S3-8-12-00", LoadName::Use::phone, 0});
  REQUIRE(facts.call_servers.size() == 2);
  CHECK(facts.call_servers[0] == CallServer{"pbx.example.net", 0, 0, 5070});
  CHECK(facts.call_servers[1] == CallServer{"10.20.0.14", 3, 0, 0});
  CHECK(facts.files == std::vector<std::string>{"dialplan.xml"});
}
