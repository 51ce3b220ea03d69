#include "conf/load.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace dw;
using namespace dw::conf;

namespace {

/// A disk of a few files in memory.
struct Disk {
  std::map<std::string, std::string> files;

  FileSource source() const {
    return {[this](const std::string& path) -> Result<std::string> {
              const auto it = files.find(path);
              if (it == files.end()) return fail(Errc::not_found, "there is no such file");
              return it->second;
            },
            [this](const std::string& directory) {
              std::vector<std::string> out;
              for (const auto& [path, text] : files) {
                if (path.starts_with(directory + "/") && path.ends_with(".toml")) out.push_back(path);
              }
              return out;
            }};
  }
  Loaded load(std::vector<std::string> overrides = {}) const {
    return conf::load({"d/dropwire.toml", std::move(overrides), {}}, source());
  }
};

Loaded load_text(const std::string& text, std::vector<std::string> overrides = {}) {
  return Disk{{{"d/dropwire.toml", text}}}.load(std::move(overrides));
}

/// The errors alone, one a line.
std::string errors(const Loaded& loaded) {
  std::string out;
  for (const Problem& p : loaded.problems) {
    if (p.severity == Problem::Severity::error) out += p.to_string() + "\n";
  }
  return out;
}

std::string from(const Loaded& loaded, std::string_view name) {
  for (const Resolved& r : loaded.resolved) {
    if (r.name == name) return r.from;
  }
  return "absent";
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the contract's example loads as it stands, central beside [central.*]") {
  const Loaded loaded = load_text(R"(
mode    = "edge"
central = "pbx.example.net"      # fills in
[access]
listen    = ["0.0.0.0"]
advertise = "auto"
tftp.port = 69
http.port = 6970
sccp.port = 2000
sip.port  = 5060
[central.provisioning]
origins = ["http://pbx.example.net:6970/", "tftp://pbx.example.net/"]
[central.sccp]
servers = ["pbx.example.net:2000"]
[central.sip]
servers = ["udp:pbx.example.net:5060"]
[central.media]
advertise = "auto"
[media]
ports = "20000-29999"
[cache]
dir = "/var/cache/dropwire"
size = "2GiB"
[state]
dir = "/var/lib/dropwire"
[admin]
listen = "127.0.0.1:8079"
socket = "/run/dropwire/control.sock"
)");
  CHECK(errors(loaded) == "");
  REQUIRE(loaded.ok());
  const Config& c = loaded.config;
  CHECK(c.mode == Mode::edge);
  CHECK(c.central.host == "pbx.example.net");
  CHECK(c.access.tftp.port == 69);
  CHECK(c.central.provisioning.origins.size() == 2);
  CHECK(c.central.sccp.servers == std::vector<HostPort>{{"pbx.example.net", 2000}});
  CHECK(c.central.sip.servers == std::vector<SipServer>{{SipTransport::udp, {"pbx.example.net", 5060}}});
  CHECK(c.media.ports == PortRange{20000, 29999});
  CHECK(c.cache.size == 2ULL << 30);
  CHECK(from(loaded, "cache.size") == "d/dropwire.toml:23");
}

TEST_CASE("central fills in only what is not given, and brackets IPv6") {
  Loaded loaded = load_text("central = \"2001:db8::1\"\ncentral.sccp.servers = [\"other\"]\n");
  CHECK(errors(loaded) == "");
  CHECK(loaded.config.central.provisioning.origins ==
        std::vector<std::string>{"http://[2001:db8::1]:6970/", "tftp://[2001:db8::1]/"});
  CHECK(loaded.config.central.sccp.servers == std::vector<HostPort>{{"other", 2000}});
  CHECK(loaded.config.central.sip.servers == std::vector<SipServer>{{SipTransport::udp, {"2001:db8::1", 5060}}});
  CHECK(loaded.config.central.sip.ports_by_config);
  CHECK_FALSE(load_text("central = \"a\"\ncentral.sip.servers = [\"udp:a:5060\"]").config.central.sip.ports_by_config);
  CHECK(from(loaded, "central.provisioning.origins") == "central");
  CHECK(from(loaded, "central.sccp.servers") == "d/dropwire.toml:2");
  CHECK(load_text("central = \"[2001:db8::1]\"").config.central.host == "2001:db8::1");
  CHECK(load_text("central = \"a\"", {"central=b"}).config.central.provisioning.origins.front() == "http://b:6970/");
}

TEST_CASE("a SIP server has its domains in one entry") {
  CHECK(errors(load_text("central.sip.servers = [\"udp:a:5060 t1\", \"udp:a:5160 t1 t2\"]")) == "");
  CHECK(errors(load_text("central.sip.servers = [\"udp:a:5060 t1\", \"udp:a:5060 t2\"]")).find("more than once") !=
        std::string::npos);
  std::string many = "central.sip.servers = [";
  for (int i = 0; i < 17; ++i)
    many += "\"udp:h" + std::to_string(i) + "\", ";
  CHECK(errors(load_text(many + "]")).find("17 servers") != std::string::npos);
}

TEST_CASE("`central` is found only as a key at the top") {
  CHECK(errors(load_text("access.advertise = \"auto\" # central = 3\n[central.sccp]\nservers = [\n\"a\"]\n")) == "");
  CHECK(errors(load_text("state.dir = '''\ncentral = \"x\"\n'''\ncentral = \"y\"\n[central.sip]\n")) == "");
  CHECK(load_text("\xef\xbb\xbf  central=\"y\"\n[central.sip]\nservers=['tcp:h']").config.central.host == "y");
  // Twice is a mistake, and is reported by its own name.
  const std::string twice = errors(load_text("central = \"a\"\ncentral = \"b\"\n"));
  CHECK(contains(twice, "d/dropwire.toml:2:"));
  CHECK(contains(twice, "central"));
  CHECK_FALSE(contains(twice, "dwcn"));
  // Nor does a mistake that toml++ takes for one of its own end the program.
  CHECK(contains(errors(load_text("[!x]\n")), "d/dropwire.toml:1:"));
}

TEST_CASE("every mistake is reported, with its place and a hint, in the order of the file") {
  const Loaded loaded = load_text(R"(mode = "egde"
access.tftp.prot = 69
access.http.port = 70000
[cache]
size = 5
negative = "30"
[acess]
listen = ["0.0.0.0"]
[admin]
listen = "8079"
)",
                                  {"nonsense", "tftp.port=69", "cache.enable=yes"});
  CHECK_FALSE(loaded.ok());
  const std::string all = errors(loaded);
  CAPTURE(all);
  CHECK(contains(all, "d/dropwire.toml:1:8: error: mode can't be \"egde\"\n  hint: allowed: \"edge\" or \"hosted\""));
  CHECK(contains(all,
                 "d/dropwire.toml:2:13: error: there is no setting access.tftp.prot\n"
                 "  hint: did you mean access.tftp.port?"));
  CHECK(contains(all, "d/dropwire.toml:3:20: error: access.http.port is out of range: 70000"));
  CHECK(contains(all,
                 "d/dropwire.toml:5:8: error: cache.size is a size, not the number 5\n"
                 "  hint: a size has a unit: \"5B\""));
  CHECK(contains(all, "d/dropwire.toml:6:12: error: cache.negative is a duration, not the text \"30\""));
  CHECK(contains(all, "error: there is no setting acess\n  hint: did you mean [access]?"));
  CHECK_FALSE(contains(all, "acess.listen"));  // its table is reported once
  CHECK(contains(all, "d/dropwire.toml:10:10: error: admin.listen: "));
  CHECK(contains(all, "--set nonsense: error: not of the form KEY=VALUE"));
  CHECK(contains(all, "did you mean access.tftp.port?"));
  CHECK(contains(all, "--set cache.enable=yes: error: cache.enable is true or false, not the text \"yes\""));
  CHECK(loaded.problems.size() == 10);
  CHECK(std::ranges::is_sorted(loaded.problems.begin(), loaded.problems.begin() + 7, {}, &Problem::line));
}

TEST_CASE("a file that is not TOML is reported with its place, and the others are read all the same") {
  const Disk disk{{{"d/dropwire.toml", "mode = \"edge\"\nport = = 3\n"}, {"d/conf.d/a.toml", "cache.enable = 1\n"}}};
  const std::string all = errors(disk.load());
  CHECK(contains(all, "d/dropwire.toml:2:"));
  CHECK(contains(all, "not TOML"));
  CHECK(contains(all, "d/conf.d/a.toml:1:16: error: cache.enable"));
}

TEST_CASE("characters beyond ASCII: fine in strings and comments, reported with their place elsewhere") {
  CHECK(errors(load_text("# ä\nstate.dir = \"/ä\" # ü\ncache.dir = '''\nö'''\n")) == "");
  CHECK(load_text("state.dir = \"/ä\"").config.state.dir == "/ä");
  CHECK(contains(errors(load_text("mode = \"edge\"\n  central = “pbx”\n")),
                 "d/dropwire.toml:2:13: error: not TOML: a character beyond plain ASCII"));
  CHECK(contains(errors(load_text("ä = 1")), "d/dropwire.toml:1:1: "));
  CHECK(contains(errors(load_text("state.dir = \"\"\"\\\n  ä\"\"\"")), "d/dropwire.toml:2:3: "));
  CHECK(load_text("state.dir = \"\"\"a\"\"\"\"\"\ncentral = \"h\"\n[central.sip]").config.central.host == "h");
}

TEST_CASE("drop-ins win over the file in name order, the command line over all") {
  const Disk disk{{{"d/dropwire.toml", "access.tftp.port = 1\naccess.http.port = 1000\nlog.level = \"warn\""},
                   {"d/conf.d/20.toml", "[access]\ntftp.port = 3"},
                   {"d/conf.d/10.toml", "access.tftp.port = 2\naccess.http.port = 2001"}}};
  const Loaded loaded = disk.load({"log.level=debug", "log.level=\"error\""});
  CHECK(errors(loaded) == "");
  CHECK(loaded.config.access.tftp.port == 3);
  CHECK(loaded.config.access.http.port == 2001);
  CHECK(loaded.config.log.level == "error");
  CHECK(from(loaded, "access.tftp.port") == "d/conf.d/20.toml:2");
  CHECK(from(loaded, "log.level") == "--set");
  CHECK(loaded.files == std::vector<std::string>{"d/dropwire.toml", "d/conf.d/10.toml", "d/conf.d/20.toml"});
}

TEST_CASE("the mode picks defaults wherever it is given, and nothing else") {
  CHECK(load_text("cache.memory = \"1MiB\"\nmode = \"hosted\"").config.cache.memory == 1 << 20);
  CHECK(load_text("mode = \"hosted\"").config.cache.memory == default_config(Mode::hosted).cache.memory);
  CHECK(load_text("mode = \"hosted\"", {"mode=edge"}).config.cache.memory == default_config(Mode::edge).cache.memory);
  CHECK(default_config(Mode::hosted).cache.memory != default_config(Mode::edge).cache.memory);
}

TEST_CASE("while nothing is configured only this machine is listened to, unless addresses are given") {
  const std::vector<IpAddress> local = {*IpAddress::parse("127.0.0.1")}, all = {*IpAddress::parse("0.0.0.0")};
  const Loaded bare = load_text("mode = \"hosted\"");
  CHECK(errors(bare) == "");
  CHECK(bare.config.access.listen == local);
  CHECK(from(bare, "access.listen") == "not configured");
  CHECK(load_text("central = \"\"").config.access.listen == local);
  for (const char* enough : {"central=pbx", "central.provisioning.origins=file:///srv", "central.sccp.servers=pbx",
                             "central.sip.servers=udp:pbx", "access.listen=0.0.0.0"}) {
    CAPTURE(enough);
    CHECK(load_text("", {enough}).config.access.listen == all);
  }
}

TEST_CASE("without a file: the default one may be missing, a named one not") {
  const Disk nothing;
  const Loaded loaded = conf::load({"", {}, {"/c/one", "/s", "/r"}}, nothing.source());
  CHECK(errors(loaded) == "");
  CHECK(loaded.config.cache.dir == "/c/one");
  CHECK(loaded.config.state.dir == "/s");
  CHECK(loaded.config.admin.socket == "/r/control.sock");
  CHECK(from(loaded, "cache.dir") == "$CACHE_DIRECTORY");
  CHECK(contains(errors(nothing.load()), "d/dropwire.toml: error: can't be read: there is no such file"));
}

TEST_CASE("on the command line quotes are not needed and lists are separated by commas") {
  const Loaded loaded =
      load_text("", {"access.listen=127.0.0.1, [::1]", "central.provisioning.origins=[\"http://a:1\", 'tftp://b']",
                     "cache.dir=true", "access.advertise=192.0.2.9", "access.tftp.unproven_rate=2.5",
                     "central.sip.servers=tcp:[::1],udp:name", "cache.negative=500ms", "media.dscp=34",
                     "central.sccp.source_addresses=192.0.2.1,192.0.2.2",
                     "access.sip.scanners=sipcli, friendly-scanner", "central.sip.trusted=192.0.2.3"});
  CHECK(errors(loaded) == "");
  CHECK(loaded.config.access.listen ==
        std::vector<IpAddress>{*IpAddress::parse("127.0.0.1"), *IpAddress::parse("::1")});
  CHECK(loaded.config.central.provisioning.origins == std::vector<std::string>{"http://a:1/", "tftp://b/"});
  CHECK(loaded.config.cache.dir == "true");
  CHECK(loaded.config.access.advertise == *IpAddress::parse("192.0.2.9"));
  CHECK(loaded.config.access.tftp.unproven_rate == doctest::Approx(2.5));
  CHECK(loaded.config.central.sip.servers ==
        std::vector<SipServer>{{SipTransport::tcp, {"::1", 5060}}, {SipTransport::udp, {"name", 0}}});
  CHECK(loaded.config.cache.negative == std::chrono::milliseconds(500));
  CHECK(loaded.config.media.dscp == 34);
  CHECK(loaded.config.central.sccp.source_addresses.size() == 2);
  CHECK(loaded.config.access.sip.scanners == std::vector<std::string>{"sipcli", "friendly-scanner"});
  CHECK(loaded.config.central.sip.trusted == std::vector<IpAddress>{*IpAddress::parse("192.0.2.3")});
  CHECK(load_text("", {"media.dscp=auto"}).config.media.dscp == std::nullopt);
}

TEST_CASE("what no value shows alone") {
  CHECK(contains(errors(load_text("access.sip.port = 2000")), "access.sccp.port and access.sip.port are both 2000"));
  CHECK(errors(load_text("access.sip.port = 0\naccess.sccp.port = 0")) == "");
  CHECK(contains(errors(load_text("access.sip.register_expires = \"24s\"")), "end of their registration"));
  CHECK(errors(load_text("access.sip.register_expires = \"25s\"")) == "");
  CHECK(errors(load_text("access.sip.port = 2000\naccess.sip.enable = false")) == "");
  CHECK(contains(errors(load_text("access.tftp.port = 5060")),
                 "d/dropwire.toml:1:20: error: access.tftp.port and access.sip.port are both 5060"));
  CHECK(errors(load_text("access.tftp.port = 5060\naccess.sip.enable = false")) == "");
  CHECK(errors(load_text("access.tftp.port = 0\naccess.sip.port = 0")) == "");
  CHECK(
      contains(errors(load_text("admin.listen = \"0.0.0.0:5060\"")), "admin.listen and access.sip.port are both 5060"));
  CHECK(contains(errors(load_text("access.listen = [\"0.0.0.0\", \"192.0.2.1\"]")), "already takes in 192.0.2.1"));
  CHECK(errors(load_text("access.listen = [\"0.0.0.0\", \"::\"]")) == "");
  CHECK(contains(errors(load_text("access.listen = [\"::1\", \"::1\"]")), "twice"));
  CHECK(contains(errors(load_text("admin.listen = \"0.0.0.0:6970\"")),
                 "admin.listen and access.http.port are both 6970"));
  CHECK(errors(load_text("access.listen = [\"192.0.2.1\"]\nadmin.listen = \"127.0.0.1:6970\"")) == "");
  CHECK(contains(errors(load_text("admin.listen = \"0.0.0.0:2000\"")),
                 "admin.listen and access.sccp.port are both 2000"));
  CHECK(errors(load_text("admin.listen = \"0.0.0.0:2000\"\naccess.sccp.enable = false")) == "");
  const Loaded empty = load_text("");
  CHECK(empty.ok());
  REQUIRE(empty.problems.size() == 1);
  CHECK(contains(empty.problems[0].to_string(), "warning: files have no origin"));
  for (const char* wrong : {"central = \"http://pbx.example.net/\"", "mode = \"egde\"",
                            "admin.listen = \"0.0.0.0:6970\""}) {  // what is wrong stands alone
    const Loaded loaded = load_text(wrong);
    CHECK_FALSE(loaded.ok());
    CHECK(std::ranges::none_of(loaded.problems, [](const Problem& p) { return contains(p.text, "no place where"); }));
  }
}

TEST_CASE("ports for media that the system gives away too, or that are too few, are doubtful") {
  const auto warnings = [](const std::string& ports) {
    std::string all;
    const Loaded loaded = load_text("central = \"h\"\nmedia.ports = \"" + ports + "\"\n");
    CHECK(loaded.ok());
    for (const Problem& problem : loaded.problems)
      all += problem.to_string() + "\n";
    return all;
  };
  CHECK(warnings("20000-32767") == "");
  CHECK(contains(warnings("20000-32768"), "d/dropwire.toml:2:15: warning: media.ports 20000-32768 reach into"));
  CHECK(contains(warnings("60999-65535"), "reach into 32768-60999"));
  CHECK(warnings("61000-65535") == "");
  CHECK(warnings("20000-20003") == "");
  CHECK(contains(warnings("20001-20004"), "too few for one stream"));
  CHECK(contains(warnings("20000-20002"), "too few for one stream"));
}

TEST_CASE("a SIP port within those for media is doubtful") {
  const auto warned = [](const std::string& text) {
    const Loaded loaded = load_text("central = \"h\"\n" + text);
    CHECK(loaded.ok());
    return !loaded.problems.empty() && contains(loaded.problems[0].to_string(), "is within media.ports 20000-29999");
  };
  CHECK(warned("access.sip.port = 20000"));
  CHECK(warned("access.sip.port = 29999"));
  CHECK_FALSE(warned("access.sip.port = 30000"));
  CHECK_FALSE(warned("access.sip.port = 20000\naccess.sip.enable = false"));
}

TEST_CASE("a hosted Dropwire starts no calls for strangers, one in the house does") {
  CHECK(default_config(Mode::edge).access.sip.unregistered_calls);
  CHECK_FALSE(default_config(Mode::hosted).access.sip.unregistered_calls);
}

TEST_CASE("media stays in the house where Dropwire does, and comes through a hosted one") {
  CHECK(default_config(Mode::edge).media.local);
  CHECK_FALSE(default_config(Mode::hosted).media.local);
}

TEST_CASE("bounds: the file, a line, the list, the problems") {
  CHECK(contains(errors(load_text(std::string(kMaxFileOctets + 1, '\n'))), "too long"));
  CHECK(contains(errors(load_text("\n" + std::string(5000, 'a') + " = 1\n")),
                 "d/dropwire.toml:2:1: error: a line of more"));
  std::string many;
  for (int i = 0; i < 300; ++i)
    many += "k" + std::to_string(i) + " = 1\n";
  const Loaded loaded = load_text(many);
  CHECK(loaded.problems.size() == kMaxProblems + 1);
  CHECK(loaded.problems.back().text == "100 more problems are not shown");
  std::string list = "access.listen = [";
  for (int i = 0; i < 100; ++i)
    list += "\"10.0.0." + std::to_string(i) + "\",";
  CHECK(contains(errors(load_text(list + "]")), "too many"));
}

TEST_CASE("a password in an origin is never shown") {
  const Loaded loaded =
      load_text("central.provisioning.origins = [\"https://me:secret@h/\", \"tftp://me:secret@h/\"]\n");
  CHECK(contains(errors(loaded), "TFTP has no user"));
  CHECK_FALSE(contains(errors(loaded), "secret"));
  const Loaded fine = load_text("central.provisioning.origins = [\"https://me:secret@h/\"]\n");
  REQUIRE(fine.ok());
  CHECK(fine.config.central.provisioning.origins.front() == "https://me:secret@h/");
  for (const Resolved& r : fine.resolved)
    CHECK_FALSE(contains(r.value, "secret"));
}

TEST_CASE("load: what the page has changed wins over the files, and the command line over it") {
  Disk disk{
      {{"d/dropwire.toml", "central = \"old.example.net\"\nstate.dir = \"/state\"\n[nat]\nport_mapping = \"on\"\n"},
       {"d/conf.d/later.toml", "central = \"later.example.net\"\n"},
       {"/state/page.toml", to_toml({"page.example.net", "off"})}}};
  const Loaded loaded = disk.load();
  CHECK(loaded.ok());
  CHECK(loaded.config.central.host == "page.example.net");
  CHECK(loaded.config.nat.port_mapping == "off");
  CHECK(loaded.config.central.sccp.servers.front().host == "page.example.net");
  CHECK(from(loaded, "central") == "/state/page.toml:2");
  CHECK(loaded.page == PageSettings{"page.example.net", "off"});
  CHECK(std::ranges::find(loaded.files, "/state/page.toml") != loaded.files.end());
  CHECK(disk.load({"central=typed.example.net"}).config.central.host == "typed.example.net");
  disk.files["/other/page.toml"] = to_toml({"other.example.net", {}});
  CHECK(disk.load({"state.dir=/other"}).config.central.host == "other.example.net");
}

TEST_CASE("load: a page file that is no good is left out with a warning, and keeps no box from starting") {
  for (const char* text : {"central = ", "central = \"a b\"", "central = 7", "admin.listen = \"0.0.0.0:80\"",
                           "[admin]\nlisten = \"0.0.0.0:80\"", "nonsense = 1", "nat.port_mapping = \"maybe\"",
                           "central = \"good.example.net\"\nmode = \"hosted\""}) {
    CAPTURE(text);
    const Loaded loaded = Disk{
        {{"d/dropwire.toml", "central = \"pbx.example.net\"\nstate.dir = \"/state\"\n"},
         {"/state/page.toml",
          text}}}.load();
    CHECK(loaded.ok());
    CHECK(loaded.config.central.host == "pbx.example.net");
    CHECK(loaded.page == PageSettings{});
    CHECK(std::ranges::any_of(loaded.problems, [](const Problem& p) {
      return p.where == "/state/page.toml" && p.severity == Problem::Severity::warning;
    }));
  }
}

TEST_CASE("load: a URL as central is explained with the host in it") {
  const std::string reported = errors(load_text("central = \"http://pbx.example.net:6970/\"\n"));
  CHECK(contains(reported, "central is a host, not a URL"));
  CHECK(contains(reported, "write central = \"pbx.example.net\""));
}
