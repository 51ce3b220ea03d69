#include <doctest/doctest.h>

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
       {Row{"http://pbx.example.net:6970/", "http://pbx.example.net:6970/",
            "http://pbx.example.net:6970/a%20b/c"},
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
                           "http://pbx/#f",
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

TEST_CASE("no name leaves the origin's host or path") {
  const OriginUrl url = parse_origin("http://pbx/dir/").value();
  CHECK(url.file_url("@evil/x") == "http://pbx:80/dir/%40evil/x");
  CHECK(url.file_url("?x=1") == "http://pbx:80/dir/%3Fx%3D1");
  CHECK(url.file_url("#f") == "http://pbx:80/dir/%23f");
  CHECK(url.file_url("//evil/x") == "http://pbx:80/dir/evil/x");
  CHECK(url.file_url("http://evil/") == "http://pbx:80/dir/http%3A//evil/");
  CHECK(url.file_url("a\r\nb") == "http://pbx:80/dir/a%0D%0Ab");
}
