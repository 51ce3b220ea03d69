#include <doctest/doctest.h>

#include "tftp-proxy/core/fetch_policy.hpp"

using namespace dw;
using namespace dw::provisioning;
using namespace std::chrono_literals;

TEST_CASE("cache classes") {
  for (const char* name :
       {"SCCP45.9-4-2SR4-3S.loads", "jar45sccp.9-4-2SR4-3.sbn", "B015-1-0-4-2.SBN", "P0030801SR02.sb2",
        "CP7905080003SCCP070409A.sbin", "P00405000700.bin", "x.zup", "CP7921G-1.4.6.3.LOADS"}) {
    CAPTURE(name);
    CHECK(cache_class(name, true) == CacheClass::firmware);
  }
  for (const char* name :
       {"ring1.raw", "Desktops/320x212x16/sky.png", "German_Germany/be-sccp.jar", "mk-sip.jar", "Germany/g3-tones.xml",
        "7960-tones.xml", "x/7921-kate.utf-8.xml", "x/7921-font.dat", "SCCP-dictionary.xml"}) {
    CAPTURE(name);
    CHECK(cache_class(name, true) == CacheClass::resource);
  }
  for (const char* name :
       {"SEP001122334455.cnf.xml", "XMLDefault.cnf.xml", "SIPDefault.cnf", "SIP001122334455.cnf", "gk001122334455",
        "dialplan.xml", "softkeys.xml", "Ringlist.xml", "DistinctiveRingList.xml", "RINGLIST.DAT",
        "Desktops/320x212x16/List.xml", "term45.default.loads", "TERM11.DEFAULT.LOADS", "OS79XX.TXT", "tzupdater.jar",
        "WLAN001122334455.xml", "SEP001122334455.cnf.xml.sgn"}) {
    CAPTURE(name);
    CHECK(cache_class(name, true) == CacheClass::live);
  }
  for (const char* name : {"CTLSEP001122334455.tlv", "ITLSEP001122334455.tlv", "ITLFile.tlv", "x/ctlfile.TLV"}) {
    CAPTURE(name);
    CHECK(cache_class(name, true) == CacheClass::never);
    CHECK(cache_class(name, false) == CacheClass::live);
  }
}

TEST_CASE("a missing config is believed missing for a moment only") {
  CHECK(negative_ttl("SEP001122334455.cnf.xml", 30s) == 2s);
  CHECK(negative_ttl("XMLDefault.cnf.xml", 30s) == 2s);
  CHECK(negative_ttl("SIP001122334455.cnf", 30s) == 2s);
  CHECK(negative_ttl("SIP45.9-4-2.loads", 30s) == 30s);
  CHECK(negative_ttl("ring.raw", 30s) == 30s);
  CHECK(negative_ttl("ITLFile.tlv", 30s) == 30s);
  CHECK(negative_ttl("SEP001122334455.cnf.xml", 1s) == 1s);
}

TEST_CASE("what an HTTP status says of a file") {
  const auto meaning = [](long status) { return judge_http(status).meaning; };
  CHECK(meaning(200) == HttpMeaning::found);
  CHECK(meaning(206) == HttpMeaning::found);
  CHECK(meaning(304) == HttpMeaning::unchanged);
  CHECK(meaning(404) == HttpMeaning::not_found);
  CHECK(meaning(410) == HttpMeaning::not_found);
  CHECK(meaning(401) == HttpMeaning::forbidden);
  CHECK(meaning(403) == HttpMeaning::forbidden);
  for (const long status : {100L, 204L, 300L, 301L, 302L, 307L, 308L, 400L, 405L, 429L, 500L, 502L, 503L, 504L, 0L})
    CHECK(meaning(status) == HttpMeaning::unavailable);
  CHECK(says_html("text/html"));
  CHECK(says_html("Text/HTML; charset=utf-8"));
  CHECK_FALSE(says_html("text/xml"));
  CHECK_FALSE(says_html(""));
}

TEST_CASE("a server that says text/html of every file: octets decide what is a page") {
  const auto page = [](std::string_view text, std::string_view name) {
    return is_html_page(as_bytes(text), true, name);
  };
  // Files as Twisted and PHP send them.
  CHECK(page("<?xml version=\"1.0\"?>\n<device><fullConfig>", "SEP001122334455.cnf.xml") == false);
  CHECK(page("<device>", "SEP001122334455.cnf.xml") == false);
  CHECK(page("proxy1_address: 198.51.100.10\n", "SIPDefault.cnf") == false);
  CHECK(page("P003-8-12-00", "OS79XX.TXT") == false);
  CHECK(page("Chime\tchime.raw\n", "RINGLIST.DAT") == false);
  CHECK(page("x", "CP7921G-1.4.6.3.LOADS") == false);
  CHECK(page(std::string_view("\x01\x00\x02", 3), "SCCP45.9-4-2SR3-1S.loads") == false);
  CHECK(page("\x01\x01", "jar45sccp.9-4-2.sbn") == false);
  CHECK(page("\x7f\x7f", "Ring1.raw") == false);
  // Pages.
  CHECK(page("<h1>Not Found</h1>", "SEP001122334455.cnf.xml") == true);
  CHECK(page("\n<Title>Error</Title>", "SIPDefault.cnf") == true);
  CHECK(page("<br />\n<b>Warning</b>: fopen", "SIPDefault.cnf") == true);
  CHECK(page("No such file", "dialplan.xml") == true);
  CHECK(page("No such file", "jar45sccp.9-4-2.sbn") == true);
  CHECK(page("<!DOCTYPE html>", "Ring1.raw") == true);
  // Not known yet.
  CHECK_FALSE(page("<h", "x.xml").has_value());
  CHECK_FALSE(page("<center", "x.xml").has_value());
  CHECK(page("<" + std::string(kHtmlProbe, 'x'), "x.xml") == false);
  // Where the server says something else, only what begins as a whole page is one.
  CHECK(is_html_page(as_bytes("<h1>Not Found</h1>"), false, "x.cnf") == false);
  CHECK(is_html_page(as_bytes("No such file"), false, "x.xml") == false);
  CHECK(is_html_page(as_bytes("<html>"), false, "x.xml") == true);
}

TEST_CASE("a body that is an HTML page") {
  const auto is = [](std::string_view text) { return begins_as_html(as_bytes(text)); };
  for (const char* page : {"<!DOCTYPE html><html>", "<!doctype HTML PUBLIC", "<html lang=en>", "\n\t <HTML>",
                           "\xef\xbb\xbf<!DOCTYPE html>", "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC",
                           "\xef\xbb\xbf\r\n<?xml?><html"}) {
    CAPTURE(page);
    CHECK(is(page) == true);
  }
  for (const char* file : {"<device>", "<?xml version=\"1.0\"?><device>", "\x01\x02\x03", "proxy1_address: x",
                           "<!DOCTYPE device>", "<htm>x", "<?xml version='1.0'?><!-- x --><device/>"}) {
    CAPTURE(file);
    CHECK(is(file) == false);
  }
  for (const char* start : {"", " ", "<", "<!doctype h", "\xef\xbb", "<?xml version=", "<?xml?>", "<htm"}) {
    CAPTURE(start);
    CHECK_FALSE(is(start).has_value());
  }
  CHECK(is(std::string(kHtmlProbe, ' ')) == false);
  CHECK(is("<?xml " + std::string(kHtmlProbe, 'x')) == false);
}

TEST_CASE("an origin that has never answered has no vote where another one answers") {
  Findings findings;
  findings.add({Errc::unavailable, "a: refused"}, false);
  CHECK(findings.verdict().code == Errc::unavailable);
  CHECK(findings.verdict().text == "a: refused");
  findings.add({Errc::not_found, "b: it has no such file"});
  CHECK(findings.verdict().code == Errc::not_found);
  CHECK(findings.verdict().text == "b: it has no such file");
  findings.add_unasked("c", "timed out", false);
  CHECK(findings.verdict().code == Errc::not_found);
  findings.add_unasked("d", "timed out");
  CHECK(findings.verdict().code == Errc::unavailable);
  Findings nobody;
  nobody.add_unasked("a", "refused", false);
  nobody.add({Errc::unavailable, "b: timed out"});
  CHECK(nobody.verdict().code == Errc::unavailable);
  CHECK(nobody.verdict().text == "b: timed out; a is down and was not asked (refused)");
}

TEST_CASE("several origins: an outage is never reported as a missing file") {
  Findings findings;
  CHECK(findings.verdict().code == Errc::unavailable);  // nobody to ask
  findings.add({Errc::not_found, "a: it has no such file"});
  CHECK(findings.verdict().code == Errc::not_found);
  findings.add({Errc::forbidden, "b: it refuses this file"});
  CHECK(findings.verdict().code == Errc::forbidden);
  findings.add_unasked("http://c/", "refused");
  CHECK(findings.verdict().code == Errc::unavailable);
  CHECK(findings.verdict().text ==
        "a: it has no such file; b: it refuses this file; http://c/ is down and was not asked (refused)");
  Findings outage;
  outage.add({Errc::unavailable, "a: timed out"});
  outage.add({Errc::not_found, "b: none"});
  CHECK(outage.verdict().code == Errc::unavailable);
  Findings large;
  large.add({Errc::too_long, "a: 1 GiB"});
  CHECK(large.verdict().code == Errc::too_long);
}
