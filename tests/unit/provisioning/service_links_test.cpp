// Where phones' services are, and the links in Cisco's XML objects.
#include <fmt/format.h>

#include "tests/unit/provisioning/cnf_support.hpp"
#include "tftp-proxy/core/cnf_policy.hpp"
#include "tftp-proxy/core/service_links.hpp"

using namespace dw;
using namespace dw::provisioning;

namespace {

/// Sixteen digits that depend on each octet; no secret, so that expected URLs can stand here.
std::string plain_signature(std::string_view text) {
  std::uint64_t sum = 0xcbf29ce484222325U;
  for (const char c : text)
    sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return fmt::format("{:016x}", sum);
}

std::string leads_to(const std::string& place, const std::string& rest) {
  return "/~" + plain_signature(place) + "~" + place + rest;
}

RewriteOptions moving() {
  RewriteOptions options = only(&RewriteOptions::urls, Action::rewrite);
  options.sign_place = plain_signature;
  return options;
}

/// The object with its links moved as the door does it.
std::string moved_object(const std::string& name) {
  const std::string original = fixture("services/" + name);
  const RewriteOptions options = moving();
  const ServicePlace here{false, "pbx.example.net", 80};
  auto edits = link_edits(as_bytes(original), [&](std::string_view link) -> std::optional<std::string> {
    if (link.starts_with('/')) return place_path(here, options.sign_place) + std::string(link);
    return link_to(link, options);
  });
  const auto out = splice(as_bytes(original), edits);
  REQUIRE(out);
  return std::string(as_text(*out));
}

/// The original with `from` replaced, each as often as it is there.
std::string with(std::string text, const std::vector<std::pair<std::string, std::string>>& changes) {
  for (const auto& [from, to] : changes) {
    const auto at = text.find(from);
    REQUIRE_MESSAGE(at != text.npos, from);
    text.replace(at, from.size(), to);
  }
  return text;
}

const std::string kPbx = "http~pbx.example.net~80";
const std::string kBox = "http://192.0.2.1:6970";

}  // namespace

TEST_CASE("a URL of a config leads to our door, and says there where it led before") {
  const RewriteOptions o = moving();
  CHECK(link_to("http://pbx.example.net/cisco/menu.php?l=2&a=b", o) ==
        kBox + leads_to(kPbx, "/cisco/menu.php?l=2&a=b"));
  CHECK(link_to("http://198.51.100.10:8080/services.php", o) ==
        kBox + leads_to("http~198.51.100.10~8080", "/services.php"));
  CHECK(link_to("http://pbx.example.net?name=#DEVICENAME#", o) == kBox + leads_to(kPbx, "/?name=#DEVICENAME#"));
  CHECK(link_to("https://u:p@[2001:db8::7]/x", o) ==
        "http://u:p@192.0.2.1:6970" + leads_to("https~2001:db8::7~443", "/x"));
  CHECK_FALSE(link_to("tftp://pbx/x", o));
  CHECK_FALSE(link_to("Application:Cisco/Directories", o));
  CHECK_FALSE(link_to("http://", o));
  CHECK_FALSE(link_to(kBox + "/x", o));
}

TEST_CASE("services of one host at two ports, and of two hosts, keep apart") {
  const RewriteOptions o = moving();
  const std::string text =
      "services_url: \"http://198.51.100.10:8080/services.php\"\ndirectory_url: http://198.51.100.11/services.php\n";
  const auto out = rewrite_cnf("SIPDefault.cnf", as_bytes(text), o);
  CHECK(text_of(out, text) == "services_url: \"" + kBox + leads_to("http~198.51.100.10~8080", "/services.php") +
                                  "\"\ndirectory_url: " + kBox + leads_to("http~198.51.100.11~80", "/services.php") +
                                  "\n");
  const std::string again = text_of(out, text);
  CHECK_FALSE(rewrite_cnf("SIPDefault.cnf", as_bytes(again), o).changed);
}

TEST_CASE("a path of ours gives its place back, and nobody can make one") {
  const ServicePlace places[] = {
      {false, "pbx.example.net", 80}, {true, "10.0.0.1", 8443}, {false, "2001:db8::7", 65535}, {false, "a_b-c", 1}};
  for (const ServicePlace& place : places) {
    const std::string path = place_path(place, plain_signature) + "/a/b";
    const auto parsed = parse_placed_path(path, plain_signature);
    REQUIRE(parsed);
    CHECK(parsed->place == place);
    CHECK(parsed->rest == "/a/b");
    for (std::size_t size = 0; size + 4 < path.size(); ++size)
      CHECK_FALSE(parse_placed_path(path.substr(0, size), plain_signature));
    std::string forged = path;
    forged[2] = forged[2] == '0' ? '1' : '0';
    CHECK_FALSE(parse_placed_path(forged, plain_signature));
    CHECK_FALSE(parse_placed_path(path, [](std::string_view) { return std::string("0123456789abcdef"); }));
  }
  for (const std::string bad :
       {"http~a b~80", "http~~80", "http~h~0", "http~h~65536", "ftp~h~21", "http~h~80~", "http~h", "http~u@h~80"})
    CHECK_FALSE(parse_placed_path(leads_to(bad, "/"), plain_signature));
}

TEST_CASE("links in Cisco's XML objects are moved, and text that phones show is not") {
  CHECK(moved_object("menu.xml") ==
        with(fixture("services/menu.xml"),
             {{"<URL>http://pbx.example.net/weather.php", "<URL>" + kBox + leads_to(kPbx, "/weather.php")},
              {"<URL>/local.php", "<URL>" + leads_to(kPbx, "/local.php")}}));
  CHECK(moved_object("directory.xml") ==
        with(fixture("services/directory.xml"),
             {{"http://pbx.example.net:8080/dir.php", kBox + leads_to("http~pbx.example.net~8080", "/dir.php")}}));
  CHECK(moved_object("input.xml") == with(fixture("services/input.xml"), {{"HTTP://pbx.example.net/search.php",
                                                                           kBox + leads_to(kPbx, "/search.php")}}));
  CHECK(moved_object("text.xml") ==
        with(fixture("services/text.xml"),
             {{"https://pbx.example.net/lost.php", kBox + leads_to("https~pbx.example.net~443", "/lost.php")}}));
  CHECK(moved_object("execute.xml") == with(fixture("services/execute.xml"),
                                            {{"http://pbx.example.net/play.php", kBox + leads_to(kPbx, "/play.php")}}));
  CHECK(moved_object("image.xml") ==
        with(fixture("services/image.xml"),
             {{"http://[2001:db8::7]:8088/door.png", kBox + leads_to("http~2001:db8::7~8088", "/door.png")}}));
  CHECK(moved_object("icon_menu.xml") ==
        with(fixture("services/icon_menu.xml"),
             {{"http://pbx.example.net/free.png", kBox + leads_to(kPbx, "/free.png")},
              {"http://pbx.example.net/one.php", kBox + leads_to(kPbx, "/one.php")},
              {"http://pbx.example.net/down.php", kBox + leads_to(kPbx, "/down.php")}}));
}

TEST_CASE("an object that is cut anywhere loses no octet and moves no text") {
  for (const char* name : {"menu.xml", "directory.xml", "text.xml", "execute.xml"}) {
    const std::string whole = fixture(std::string("services/") + name);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::string part = whole.substr(0, size);
      for (const Edit& e : link_edits(as_bytes(part), [](std::string_view) { return std::optional<std::string>("x"); }))
        CHECK(e.offset + e.length <= size);
    }
  }
}

TEST_CASE("a page is one of Cisco's objects by its root element") {
  CHECK(is_phone_object(as_bytes("<CiscoIPPhoneText/>")));
  CHECK(is_phone_object(as_bytes("\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n<CiscoIPPhoneMenu>")));
  CHECK_FALSE(is_phone_object(as_bytes("<html><CiscoIPPhoneText/></html>")));
  CHECK_FALSE(is_phone_object(as_bytes("<?xml <CiscoIPPhoneText/>")));
  CHECK_FALSE(is_phone_object({}));
}

TEST_CASE("the URL of a Refresh header is found") {
  const auto in = [](std::string_view value) {
    const auto at = url_in_refresh(value);
    return at ? std::string(value.substr(at->first, at->second)) : "-";
  };
  CHECK(in("30; url=http://pbx/next.php?a=b") == "http://pbx/next.php?a=b");
  CHECK(in("0;URL=/x ") == "/x");
  CHECK(in("30") == "-");
  CHECK(in("30; url=") == "-");
  CHECK(in("") == "-");
}

TEST_CASE("what a phone asks of a service has no way up and nothing that is not printable") {
  CHECK(is_service_target("/a/b.php", "l=2&name=SEP001122334455&x=%26"));
  CHECK(is_service_target("/", ""));
  for (const char* path :
       {"", "a", "/../x", "/a/..", "/a/%2e%2e/b", "/%252e%252e/b", "/a\\b", "/a%0d%0ab", "/a b", "/a%5c..", "/%zz"})
    CHECK_FALSE_MESSAGE(is_service_target(path, ""), path);
  CHECK_FALSE(is_service_target("/a", "x\r\ny"));
  CHECK_FALSE(is_service_target("/a", std::string(kMaxServiceTarget, 'x')));
}

TEST_CASE("the devices and the configs that a request of a service names are seen, however they are spelt") {
  using Names = std::vector<std::string>;
  CHECK(devices_named("/menu.php", "l=2&name=SEP001122334455&locale=English_United_States") ==
        Names{"SEP001122334455"});
  CHECK(devices_named("/SEP001122334455/menu.php", "name=%53EP001122334466") ==
        Names{"SEP001122334455", "SEP001122334466"});
  CHECK(devices_named("/menu.php", "l=2").empty());
  CHECK_FALSE(names_config("/menu.php", "name=SEP001122334455"));
  for (const char* path : {"/SEP001122334455.cnf.xml", "/x/XMLDefault.cnf.xml", "/SEP001122334455%2ecnf.xml",
                           "/%2553EP001122334455.cnf.xml", "/CTLSEP001122334455.tlv", "/x/SEP001122334455.cnf.xml;a=b"})
    CHECK_MESSAGE(names_config(path, ""), path);
  CHECK(names_config("/prov.php", "mac=1&file=SEP001122334455.cnf.xml"));
  CHECK(names_config("/prov.php", "file=/tftpboot/ITLFile.tlv"));
}
