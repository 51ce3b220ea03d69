#include <doctest/doctest.h>

#include "tftp-proxy/core/fetch_policy.hpp"

using namespace dw;
using namespace dw::provisioning;
using namespace std::chrono_literals;

TEST_CASE("cache classes") {
  for (const char* name :
       {"SCCP45.9-4-2SR4-3S.loads", "jar45sccp.9-4-2SR4-3.sbn", "B015-1-0-4-2.SBN", "P0030801SR02.sb2",
        "CP7905080003SCCP070409A.sbin", "P00405000700.bin", "x.zup", "CP7921G-1.4.6.3.LOADS", "ring1.raw",
        "Desktops/320x212x16/sky.png", "German_Germany/be-sccp.jar", "mk-sip.jar", "Germany/g3-tones.xml",
        "7960-tones.xml", "x/7921-kate.utf-8.xml", "x/7921-font.dat", "SCCP-dictionary.xml"}) {
    CAPTURE(name);
    CHECK(cache_class(name, true) == CacheClass::immutable);
  }
  for (const char* name :
       {"SEP001122334455.cnf.xml", "XMLDefault.cnf.xml", "SIPDefault.cnf", "SIP001122334455.cnf",
        "gk001122334455", "dialplan.xml", "softkeys.xml", "Ringlist.xml", "DistinctiveRingList.xml",
        "RINGLIST.DAT", "Desktops/320x212x16/List.xml", "term45.default.loads", "TERM11.DEFAULT.LOADS",
        "OS79XX.TXT", "tzupdater.jar", "WLAN001122334455.xml", "SEP001122334455.cnf.xml.sgn"}) {
    CAPTURE(name);
    CHECK(cache_class(name, true) == CacheClass::live);
  }
  for (const char* name :
       {"CTLSEP001122334455.tlv", "ITLSEP001122334455.tlv", "ITLFile.tlv", "x/ctlfile.TLV"}) {
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
  const auto meaning = [](long status, const char* type = "application/octet-stream") {
    return judge_http(status, type, "SEP001122334455.cnf.xml").meaning;
  };
  CHECK(meaning(200) == HttpMeaning::found);
  CHECK(meaning(206) == HttpMeaning::found);
  CHECK(meaning(304) == HttpMeaning::unchanged);
  CHECK(meaning(404) == HttpMeaning::not_found);
  CHECK(meaning(410) == HttpMeaning::not_found);
  CHECK(meaning(401) == HttpMeaning::forbidden);
  CHECK(meaning(403) == HttpMeaning::forbidden);
  for (const long status :
       {100L, 204L, 300L, 301L, 302L, 307L, 308L, 400L, 405L, 429L, 500L, 502L, 503L, 504L, 0L})
    CHECK(meaning(status) == HttpMeaning::unavailable);
  CHECK(meaning(200, "text/html") == HttpMeaning::not_found);
  CHECK(meaning(200, "Text/HTML; charset=utf-8") == HttpMeaning::not_found);
  CHECK(meaning(200, "text/xml") == HttpMeaning::found);
  CHECK(meaning(404, "text/html") == HttpMeaning::not_found);
  CHECK(meaning(503, "text/html") == HttpMeaning::unavailable);
  CHECK(judge_http(200, "text/html", "help.HTM").meaning == HttpMeaning::found);
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

TEST_CASE("several origins: an outage is never told as a missing file") {
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
