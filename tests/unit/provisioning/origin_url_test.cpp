#include <doctest/doctest.h>

#include <algorithm>

#include "tftp-proxy/core/origin_url.hpp"

using namespace dw;
using namespace dw::provisioning;

TEST_CASE("origins as people write them") {
  struct Row {
    const char* text;
    const char* label;
    const char* file;  // file_url("a b/c")
  };
  for (const Row& row :
       {Row{"http://pbx.example.net:6970/", "http://pbx.example.net:6970/", "http://pbx.example.net:6970/a%20b/c"},
        Row{"HTTP://pbx", "http://pbx/", "http://pbx:80/a%20b/c"},
        Row{"https://pbx/tftp/x%20y", "https://pbx/tftp/x%20y/", "https://pbx:443/tftp/x%20y/a%20b/c"},
        Row{"http://[2001:db8::1]:6970/", "http://[2001:db8::1]:6970/", "http://[2001:db8::1]:6970/a%20b/c"},
        Row{"http://me:se%40cret@pbx/", "http://pbx/", "http://me:se%40cret@pbx:80/a%20b/c"}}) {
    CAPTURE(row.text);
    const auto url = parse_origin(row.text);
    REQUIRE(url);
    CHECK(url->label() == row.label);
    CHECK(url->file_url("a b/c") == row.file);
  }
}

TEST_CASE("tftp and directory origins") {
  auto url = parse_origin("tftp://pbx");
  REQUIRE(url);
  CHECK(url->scheme == OriginUrl::Scheme::tftp);
  CHECK(url->port == 69);
  CHECK(url->path.empty());
  CHECK(url->label() == "tftp://pbx/");
  url = parse_origin("tftp://192.0.2.1:6969/phones/x%20y;mode=octet");
  REQUIRE(url);
  CHECK(url->port == 6969);
  CHECK(url->path == "phones/x y/");
  CHECK(url->label() == "tftp://192.0.2.1:6969/phones/x%20y/");
  url = parse_origin("file:///srv/tftp%20files/");
  REQUIRE(url);
  CHECK(url->scheme == OriginUrl::Scheme::file);
  CHECK(url->path == "/srv/tftp files");
  CHECK(url->label() == "file:///srv/tftp%20files");
  url = parse_origin("file:///");
  REQUIRE(url);
  CHECK(url->path == "/");
}

TEST_CASE("what is no origin is refused with a sentence") {
  for (const char* text : {"",
                           "pbx",
                           "pbx:6970",
                           "ftp://pbx/",
                           "http://",
                           "http:///x",
                           "http://pbx/?q=1",
                           "http://pbx/#",
                           "http://pbx/#a b",
                           "http://pbx/#*.raw,",
                           "http://pbx/#*.raw?x",
                           "http://pbx/{name}",
                           "http://pbx/{file",
                           "http://pbx/file}",
                           "http://pbx/{mac}.xml",
                           "http://{mac}/{file}",
                           "http://pbx?mac={mac}",
                           "tftp://pbx/x?file={file}",
                           "file:///srv/{base}",
                           "http://pbx/../{file}",
                           "http://pbx:0x50/",
                           "http://pbx:99999/",
                           "http://a b/",
                           "http://pbx/%zz",
                           "http://pbx/%00",
                           "http://pbx/../x",
                           "http://pbx/a/./b",
                           "http://pbx/%2e%2e/",
                           "tftp://u:p@pbx/",
                           "tftp://pbx/;mode=netascii",
                           "file://srv/tftp",
                           "file:///a/../b",
                           "http://pbx\r\nHost: evil/",
                           "http://a@b@c/",
                           "http://p\xc3\xa4x/"}) {
    CAPTURE(text);
    const auto url = parse_origin(text);
    REQUIRE_FALSE(url);
    CHECK(url.error().code == Errc::invalid);
    CHECK_FALSE(url.error().text.empty());
  }
  CHECK_FALSE(parse_origin("http://" + std::string(2000, 'a') + "/"));
}

TEST_CASE("a password is in no label and in no error") {
  CHECK(parse_origin("https://user:hunter2@pbx:8443/x")->label() == "https://pbx:8443/x/");
  const auto bad = parse_origin("https://user:hunter2@pbx:99999/");
  REQUIRE_FALSE(bad);
  CHECK(bad.error().text.find("hunter2") == std::string::npos);
}

TEST_CASE("origins with placeholders and patterns") {
  const auto url = parse_origin("https://me:se%40cret@pbx/prov/get.php?token=abc&mac={mac}&file={file}&b={base}");
  REQUIRE(url);
  CHECK(url->label() == "https://pbx/prov/get.php?token=…&mac={mac}&file={file}&b={base}");
  CHECK(
      url->file_url("SEP001122334455.cnf.xml") ==
      "https://me:se%40cret@pbx:443/prov/get.php?token=abc&mac=001122334455&file=SEP001122334455.cnf.xml&b=SEP001122334455.cnf.xml");
  CHECK(url->file_url("Desktops/a b.png").ends_with("&mac=&file=Desktops%2Fa%20b.png&b=a%20b.png"));
  CHECK(parse_origin("http://pbx?file={file}")->file_url("a") == "http://pbx:80/?file=a");
  const auto path = parse_origin("http://pbx/languages/{file}#*.jar,*-tones.xml");
  REQUIRE(path);
  CHECK(path->label() == "http://pbx/languages/{file}#*.jar,*-tones.xml");
  CHECK(path->file_url("English_United_States/be-sip.jar") ==
        "http://pbx:80/languages/English_United_States/be-sip.jar");
  CHECK(path->covers("English_United_States/be-sip.JAR"));
  CHECK(path->covers("g3-tones.xml"));
  CHECK_FALSE(path->covers("g3-tones.xml.sgn"));
  CHECK_FALSE(path->covers("SEP001122334455.cnf.xml"));
  const auto own = parse_origin("http://pbx/{mac}/{base}");
  REQUIRE(own);
  CHECK(own->covers("SEPaabbccddeeff.cnf.xml"));
  CHECK(own->file_url("x/SEPaabbccddeeff.cnf.xml") == "http://pbx:80/aabbccddeeff/SEPaabbccddeeff.cnf.xml");
  CHECK_FALSE(own->covers("ringlist.xml"));
  CHECK_FALSE(own->covers("XMLDefault.cnf.xml"));
  const auto tftp = parse_origin("tftp://pbx/ring%20tones/{base}#*.raw");
  REQUIRE(tftp);
  CHECK(tftp->remote_name("x/a b.raw") == "ring tones/a b.raw");
  CHECK(tftp->label() == "tftp://pbx/ring tones/{base}#*.raw");
  CHECK(parse_origin("tftp://pbx/a/")->remote_name("b") == "a/b");
  const auto folder = parse_origin("file:///srv/rings#*.raw");
  REQUIRE(folder);
  CHECK(folder->path == "/srv/rings");
  CHECK(folder->covers("a.raw"));
  CHECK_FALSE(folder->covers("a.png"));
}

TEST_CASE("patterns match whole names") {
  const auto fits = [](const char* pattern, const char* name) {
    return parse_origin(std::string("http://pbx/#") + pattern)->covers(name);
  };
  CHECK(fits("*", ""));
  CHECK(fits("a*b*c", "aXbYc"));
  CHECK(fits("a*b*c", "abbc"));
  CHECK_FALSE(fits("a*b*c", "acb"));
  CHECK_FALSE(fits("a*a", "a"));
  CHECK(fits("SEP*.cnf.xml", "sep001122334455.CNF.XML"));
  CHECK_FALSE(fits("*.raw", "a.raw.sgn"));
}

TEST_CASE("no name leaves its place in an origin with placeholders") {
  const OriginUrl url = parse_origin("http://pbx/dir/{base}?file={file}").value();
  for (const char* name :
       {"@evil/x", "?x=1", "#f", "a&mac=0", "{mac}", "http://evil/", "a\r\nb", "%2e%2e/x", "a=b;c"}) {
    CAPTURE(name);
    const std::string out = url.file_url(name);
    CHECK(out.starts_with("http://pbx:80/dir/"));
    const std::string tail = out.substr(std::string("http://pbx:80/dir/").size());
    CHECK(std::count(tail.begin(), tail.end(), '?') == 1);
    CHECK(std::count(tail.begin(), tail.end(), '/') == 0);
    CHECK(tail.find_first_of("&#@;\r\n{") == std::string::npos);
  }
}

TEST_CASE("no name leaves the origin's host or path") {
  const OriginUrl url = parse_origin("http://pbx/dir/").value();
  CHECK(url.file_url("@evil/x") == "http://pbx:80/dir/%40evil/x");
  CHECK(url.file_url("?x=1") == "http://pbx:80/dir/%3Fx%3D1");
  CHECK(url.file_url("#f") == "http://pbx:80/dir/%23f");
  CHECK(url.file_url("//evil/x") == "http://pbx:80/dir/evil/x");
  CHECK(url.file_url("http://evil/") == "http://pbx:80/dir/http%3A//evil/");
  CHECK(url.file_url("a\r\nb") == "http://pbx:80/dir/a%0D%0Ab");
}
