#include <doctest/doctest.h>

#include <string>

#include "tftp-proxy/core/http_semantics.hpp"

using namespace dw;
using namespace dw::provisioning;

namespace {

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
const Validators kAsKept{"\"abc\"", std::string(kDate)};

Selection get_range(std::string_view range, std::uint64_t size = 1000) {
  SelectionFields fields;
  fields.range = range;
  return select_octets(true, fields, kAsKept, size);
}

bool is(const Selection& s, unsigned status, std::uint64_t first, std::uint64_t count) {
  return s.status == status && s.first == first && s.count == count;
}

unsigned status_with(SelectionFields fields) {
  return select_octets(true, fields, kAsKept, 1000).status;
}

}  // namespace

TEST_CASE("http target: origin-form, absolute-form, query and escapes") {
  CHECK(name_in_target("/SEP001122334455.cnf.xml") == "SEP001122334455.cnf.xml");
  CHECK(name_in_target("/Desktops/320x212x16/List.xml") == "Desktops/320x212x16/List.xml");
  CHECK(name_in_target("http://192.0.2.1:6970/XMLDefault.cnf.xml") == "XMLDefault.cnf.xml");
  CHECK(name_in_target("/Ringlist.xml?locale=English&name=SEP001122334455") == "Ringlist.xml");
  CHECK(name_in_target("/a%20b%2Exml") == "a b.xml");
  CHECK(name_in_target("/be-sccp.jar") == "be-sccp.jar");
}

TEST_CASE("http target: what is no name is refused before anybody looks for it") {
  CHECK_FALSE(name_in_target("/../etc/passwd"));
  CHECK_FALSE(name_in_target("/%2e%2e/etc/passwd"));
  CHECK_FALSE(name_in_target("/..%2fetc%2fpasswd"));
  CHECK_FALSE(name_in_target("/a%00b"));
  CHECK_FALSE(name_in_target("/a%0d%0ab"));
  CHECK_FALSE(name_in_target("/"));
  CHECK_FALSE(name_in_target(""));
  CHECK_FALSE(name_in_target("http://192.0.2.1"));
  for (const std::string_view broken : {"/a%", "/a%2", "/a%zz", "/%%41"})
    CHECK(name_in_target(broken).error().code == Errc::malformed);
  CHECK(name_in_target("/" + std::string(kMaxTarget, 'a')).error().code == Errc::too_long);
}

TEST_CASE("http target: an escape is decoded once") {
  CHECK(name_in_target("/a%2541b") == "a%41b");
}

TEST_CASE("http range: the forms of RFC 9110 section 14.1.2") {
  CHECK(is(get_range("bytes=0-499"), 206, 0, 500));
  CHECK(is(get_range("bytes=500-"), 206, 500, 500));
  CHECK(is(get_range("bytes=-1"), 206, 999, 1));
  CHECK(is(get_range("bytes=-5000"), 206, 0, 1000));
  CHECK(is(get_range("bytes=999-5000"), 206, 999, 1));
  CHECK(is(get_range("BYTES=0-0"), 206, 0, 1));
  CHECK(is(get_range("bytes=0-18446744073709551615"), 206, 0, 1000));
  CHECK(is(get_range("bytes=0-99999999999999999999999"), 206, 0, 1000));
}

TEST_CASE("http range: beyond the end") {
  CHECK(get_range("bytes=1000-").status == 416);
  CHECK(get_range("bytes=99999999999999999999999-").status == 416);
  CHECK(get_range("bytes=-0").status == 416);
  CHECK(get_range("bytes=0-", 0).status == 416);
  CHECK(get_range("bytes=-5", 0).status == 416);
}

TEST_CASE("http range: what makes no sense is ignored, and so are several ranges") {
  for (const std::string_view range : {"", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=1-2,4-5",
                                       "lines=0-1", "bytes=0x0-1", "bytes=1 - 2", "bytes=+1-2"}) {
    CAPTURE(range);
    CHECK(is(get_range(range), 200, 0, 1000));
  }
}

TEST_CASE("http range: counts for GET only") {
  SelectionFields fields;
  fields.range = "bytes=0-1";
  CHECK(is(select_octets(false, fields, kAsKept, 1000), 200, 0, 1000));
}

TEST_CASE("http conditions: If-None-Match compares weakly, in lists, and goes before If-Modified-Since") {
  CHECK(status_with({.if_none_match = "\"abc\""}) == 304);
  CHECK(status_with({.if_none_match = "W/\"abc\""}) == 304);
  CHECK(status_with({.if_none_match = "*"}) == 304);
  CHECK(status_with({.if_none_match = "\"x\", W/\"y\" ,\"abc\""}) == 304);
  CHECK(status_with({.if_none_match = "\"x\""}) == 200);
  CHECK(status_with({.if_none_match = "abc"}) == 200);
  CHECK(status_with({.if_none_match = "\"abc"}) == 200);
  CHECK(status_with({.if_none_match = "\"x\"", .if_modified_since = kDate}) == 200);
}

TEST_CASE("http conditions: If-Modified-Since") {
  CHECK(status_with({.if_modified_since = kDate}) == 304);
  CHECK(status_with({.if_modified_since = "Sun, 06 Nov 1994 08:49:38 GMT"}) == 304);
  CHECK(status_with({.if_modified_since = "Sun, 06 Nov 1994 08:49:36 GMT"}) == 200);
  CHECK(status_with({.if_modified_since = "yesterday"}) == 200);
}

TEST_CASE("http conditions: If-Match compares strongly; If-Unmodified-Since") {
  CHECK(status_with({.if_match = "\"abc\""}) == 200);
  CHECK(status_with({.if_match = "*"}) == 200);
  CHECK(status_with({.if_match = "W/\"abc\""}) == 412);
  CHECK(status_with({.if_match = "\"x\""}) == 412);
  CHECK(status_with({.if_unmodified_since = "Sun, 06 Nov 1994 08:49:36 GMT"}) == 412);
  CHECK(status_with({.if_unmodified_since = kDate}) == 200);
}

TEST_CASE("http conditions: If-Range lets a range through only for the very same state") {
  CHECK(status_with({.if_range = "\"abc\"", .range = "bytes=0-1"}) == 206);
  CHECK(status_with({.if_range = kDate, .range = "bytes=0-1"}) == 206);
  CHECK(status_with({.if_range = "\"x\"", .range = "bytes=0-1"}) == 200);
  CHECK(status_with({.if_range = "W/\"abc\"", .range = "bytes=0-1"}) == 200);
  CHECK(status_with({.if_range = "Sun, 06 Nov 1994 08:49:38 GMT", .range = "bytes=0-1"}) == 200);
  CHECK(status_with({.if_range = "nonsense", .range = "bytes=0-1"}) == 200);
}

TEST_CASE("http conditions: a file without validators meets none") {
  const Validators none;
  CHECK(select_octets(true, {.if_none_match = "\"abc\""}, none, 1).status == 200);
  CHECK(select_octets(true, {.if_modified_since = kDate}, none, 1).status == 200);
  CHECK(select_octets(true, {.if_range = "\"\"", .range = "bytes=0-0"}, none, 1).status == 200);
}

TEST_CASE("http date: all three forms are one instant") {
  const auto fixed = parse_http_date(kDate);
  REQUIRE(fixed);
  CHECK(fixed->time_since_epoch().count() == 784111777);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == fixed);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == fixed);
  CHECK(parse_http_date("Sunday, 06-Nov-26 08:49:37 GMT")->time_since_epoch().count() == 1793954977);
}

TEST_CASE("http date: every proper prefix and impossible days are refused") {
  for (const std::string_view whole : {kDate, std::string_view("Sunday, 06-Nov-94 08:49:37 GMT")}) {
    for (std::size_t n = 0; n < whole.size(); ++n)
      CHECK_FALSE(parse_http_date(whole.substr(0, n)));
  }
  CHECK_FALSE(parse_http_date("Sun, 31 Feb 1994 08:49:37 GMT"));
  CHECK_FALSE(parse_http_date("Sun, 06 Nov 1994 24:49:37 GMT"));
  CHECK_FALSE(parse_http_date("Sun, 06 Nov 1994 08:49:37 CET"));
  CHECK_FALSE(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT+1"));
  CHECK_FALSE(parse_http_date("Sun, 06 Foo 1994 08:49:37 GMT"));
}

TEST_CASE("http: what an entity tag is") {
  CHECK(is_entity_tag("\"\""));
  CHECK(is_entity_tag("W/\"1-2\""));
  CHECK_FALSE(is_entity_tag(""));
  CHECK_FALSE(is_entity_tag("\"a b\""));
  CHECK_FALSE(is_entity_tag("\"a\"b"));
  CHECK_FALSE(is_entity_tag("w/\"a\""));
  CHECK_FALSE(is_entity_tag("\"a\r\nX: 1\""));
}

TEST_CASE("http: content types by name, whatever the case") {
  CHECK(content_type_of("SEP001122334455.cnf.xml", {}) == "text/xml");
  CHECK(content_type_of("RINGLIST.XML", {}) == "text/xml");
  CHECK(content_type_of("Desktops/320x212x16/a.png", {}) == "image/png");
  CHECK(content_type_of("SIPDefault.cnf", {}) == "text/plain");
  CHECK(content_type_of("apps45.9-4-2SR4-3.sbn", {}) == "application/octet-stream");
  CHECK(content_type_of("SEP001122334455.cnf.xml.sgn", {}) == "application/octet-stream");
  CHECK(content_type_of("menu.php", as_bytes("<CiscoIPPhoneMenu><Title/></CiscoIPPhoneMenu>")) == "text/xml");
  CHECK(content_type_of("menu.php", as_bytes("<?xml version=\"1.0\"?><a/>")) == "text/xml");
  CHECK(content_type_of("menu.php", as_bytes("hello")) == "application/octet-stream");
}
