// Every element of the configuration files that people published (fixture: path, the group that decides, why), walked.
#include <set>
#include <sstream>
#include <vector>

#include "tests/unit/provisioning/cnf_support.hpp"

using namespace dw;
using namespace dw::provisioning;

namespace {

struct Element {
  std::string path, group, why;
};

std::vector<Element> published_elements() {
  std::vector<Element> out;
  std::istringstream lines(fixture("cnf_elements.csv"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto first = line.find(','), second = line.find(',', first + 1);
    REQUIRE_MESSAGE(second != line.npos, line);
    out.push_back({line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  REQUIRE(out.size() > 400);
  return out;
}

bool ends(const std::string& path, std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [&](const char* n) { return path.ends_with(n); });
}

bool is_wlan(const Element& e) {
  return e.path.starts_with("ProfileSettings") || e.path.starts_with("WavelinkSettings") ||
         e.path.starts_with("TraceSettings");
}

/// What such an element may hold, so that its rule has something to do.
std::string value_for(const Element& e) {
  if (ends(e.path, {"natEnabled", "natReceivedProcessing", "encrConfig", "isSecure"})) return "true";
  if (ends(e.path, {"srstOption"})) return "Enable";
  if (ends(e.path, {"deviceSecurityMode", "transportLayerProtocol"})) return "3";
  if (e.group == "urls" || e.group == "secure_urls")
    return ends(e.path, {"portalDefaultServer", "ldapServers", "presenceServerPri"}) ? "198.51.100.77"
                                                                                     : "http://198.51.100.77/x?y=1";
  return "198.51.100.77";
}

std::string file_with(const Element& e) {
  std::string open, close;
  std::istringstream parts(e.path);
  for (std::string part; std::getline(parts, part, '/');) {
    open += "<" + part + ">";
    close.insert(0, "</" + part + ">");
  }
  const std::string root = is_wlan(e) ? "Cisco7921PhoneConfig" : "device";
  const std::string protocol = is_wlan(e) || e.path == "deviceProtocol" ? "" : "<deviceProtocol>SIP</deviceProtocol>";
  return "<" + root + ">" + protocol + open + value_for(e) + close + "</" + root + ">";
}

std::string through(const Element& e, const RewriteOptions& options) {
  const std::string file = file_with(e);
  const Rewritten out =
      rewrite_cnf(is_wlan(e) ? "WLAN001122334455.xml" : "SEP001122334455.cnf.xml", as_bytes(file), options);
  for (const Note& note : out.notes)
    CHECK_FALSE_MESSAGE(is_passed(note.code), e.path, ": ", note.text);
  return text_of(out, file);
}

RewriteOptions all(Action action) {
  RewriteOptions options = edge_at();
  for (const RewriteGroup& g : rewrite_groups())
    options.*g.action = action;
  return options;
}

}  // namespace

TEST_CASE("each element of the published files is left, or falls under the group that the table says") {
  for (const Element& e : published_elements()) {
    CAPTURE(e.path);
    const std::string file = file_with(e);
    CHECK(through(e, all(Action::leave)) == file);
    if (e.group == "-") {
      CHECK(through(e, all(Action::drop)).contains(value_for(e)));
      CHECK(through(e, all(Action::rewrite)).contains(value_for(e)));
      continue;
    }
    const auto group = std::ranges::find(rewrite_groups(), e.group, &RewriteGroup::name);
    REQUIRE(group != rewrite_groups().end());
    CHECK(through(e, only(group->action, Action::drop)) != file);
    RewriteOptions others = all(Action::drop);
    others.*group->action = Action::leave;
    if (e.path != "transportLayerProtocol" && e.path != "versionStamp")
      CHECK(through(e, others) == file);  // security: no TLS
  }
}

TEST_CASE("no element that names a host keeps it by default, but for those whose reason stands in the table") {
  const std::set<std::string> http = {"ntp", "urls"};  // left by default: no call goes there
  for (const Element& e : published_elements()) {
    CAPTURE(e.path);
    if (e.group == "-") {
      if (ends(e.path, {"Server", "Server1", "Server2", "Servers", "Addr", "Address", "Address1", "Proxy", "URL",
                        "url1", "Host", "NodeName"}))
        CHECK(e.why != "a feature of the phone; no host in it");
      continue;
    }
    if (http.contains(e.group) || e.group == "firmware" || e.group == "version_stamp") continue;
    for (const RewriteOptions& options : {RewriteOptions::edge(), RewriteOptions::hosted()}) {
      RewriteOptions here = options;
      here.host = "192.0.2.1";
      CHECK_FALSE(through(e, here).contains("198.51.100.77"));
    }
  }
}

TEST_CASE("what a device's settings may say, those of its profile and of the enterprise may say for it") {
  const auto file = [](const char* where, const char* host) {
    return std::string("<device><") + where + "><loadServer>" + host + "</loadServer></" + where + "></device>";
  };
  for (const char* where : {"vendorConfig", "commonConfig", "enterpriseConfig"}) {
    const std::string original = file(where, "198.51.100.77");
    const Rewritten out = rewrite_cnf("SEP001122334455.cnf.xml", as_bytes(original), edge_at());
    CHECK(text_of(out, original) == file(where, "192.0.2.1"));
  }
}
