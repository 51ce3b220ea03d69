#include "tftp-proxy/core/file_name.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::provisioning;

namespace {

std::string parsed(std::string_view raw) {
  const auto name = parse_file_name(raw);
  return name ? *name : "refused: " + std::string(to_string(name.error().code));
}

}  // namespace

TEST_CASE("names as phones send them") {
  CHECK(parsed("SEP001122334455.cnf.xml") == "SEP001122334455.cnf.xml");
  CHECK(parsed("./SIP001122334455.cnf") == "SIP001122334455.cnf");
  CHECK(parsed("/mk-sip.jar") == "mk-sip.jar");
  CHECK(parsed("/./SIPDefault.cnf") == "SIPDefault.cnf");
  CHECK(parsed("Desktops/320x212x16/List.xml") == "Desktops/320x212x16/List.xml");
  CHECK(parsed("English_United_States/be-sccp.jar") == "English_United_States/be-sccp.jar");
  CHECK(parsed("English_United_States\\be-sccp.jar") == "English_United_States/be-sccp.jar");
  CHECK(parsed("Desktops//320x212x16///List.xml") == "Desktops/320x212x16/List.xml");
  CHECK(parsed("a/./b") == "a/b");
  CHECK(parsed("Two words (1)+&'.raw") == "Two words (1)+&'.raw");
  CHECK(parsed("%n%s%x") == "%n%s%x");
  CHECK(parsed("a%20b") == "a%20b");
  CHECK(parsed("SEP001122334455.cnf.xml.enc.sgn") == "SEP001122334455.cnf.xml.enc.sgn");
  CHECK(parsed("/etc/passwd") == "etc/passwd");  // one strip: a key like any other, below the origin's root
  CHECK(parsed("a?x=1") == "a?x=1");
  CHECK(parsed("console.raw") == "console.raw");
  CHECK(parsed("com10.raw") == "com10.raw");
}

TEST_CASE("names nobody gets") {
  for (const char* raw : {"..",           "../x",          "../../etc/passwd",
                          "a/../b",       "a/..",          "..\\..\\x",
                          "....//",       "....//x",       ".../x",
                          ". ./x",        ".. /x",         "a/ .",
                          ".ssh/id",      "a/.git/config", "C:\\x",
                          "c:x",          "x:stream",      "TFTP:Desktops/x",
                          "http://evil/", "/\\host\\x",    "\\\\host\\x",
                          "/\\host/x",    "@evil/x",       "?x=1",
                          "#f",           "~root/x",       "/@evil/x",
                          "%2e%2e/x",     "%2E%2e/x",      "a%2fb",
                          "a%5Cb",        "a%00",          "a%0d%0ab",
                          "a%252e",       "a%ff",          "a%3ab",
                          "con",          "CON",           "con.raw",
                          "a/nul",        "LPT1",          "com1.txt",
                          "aux .x",       "conin$",        "a\r\nb",
                          "a\nb",         "\x1b[31m",      "a\x7f",
                          "caf\xc3\xa9",  "\xff",          "a\tb"})
    CHECK_MESSAGE(parsed(raw) == "refused: forbidden", raw);
  CHECK(parsed(std::string_view("a\0b", 3)) == "refused: forbidden");
  for (const char* raw : {"", "/", "./", ".", "a/", "a\\", "/./"})
    CHECK_MESSAGE(parsed(raw) == "refused: malformed", raw);
}

TEST_CASE("255 octets and no more, as sent") {
  CHECK(parsed(std::string(255, 'a')) == std::string(255, 'a'));
  for (const std::size_t size : {256U, 500U, 1400U, 65000U})
    CHECK(parsed(std::string(size, 'a')) == "refused: too_long");
  CHECK(parsed("./" + std::string(254, 'a')) == "refused: too_long");
}

TEST_CASE("a refusal's text is escaped and short") {
  const auto error = parse_file_name("\x1b[31m" + std::string(240, 'a')).error();
  CHECK(error.text.contains("\\x1b"));
  CHECK(error.text.size() < 300);
  CHECK_FALSE(error.text.contains('\x1b'));
}

TEST_CASE("parsing a parsed name changes nothing") {
  for (const char* raw : {"./SIP001122334455.cnf", "/a//b/./c", "a\\b", "%n"}) {
    const auto once = parse_file_name(raw);
    REQUIRE(once);
    CHECK(parsed(*once) == *once);
  }
}

TEST_CASE("a name in a URL stays a path") {
  CHECK(url_path("Desktops/320x212x16/List.xml") == "Desktops/320x212x16/List.xml");
  CHECK(url_path("a?x=1#f@b c%n") == "a%3Fx%3D1%23f%40b%20c%25n");
  CHECK(url_path("\r\n\xff") == "%0D%0A%FF");
}

TEST_CASE("the base name") {
  CHECK(base_name("a/b/c.xml") == "c.xml");
  CHECK(base_name("c.xml") == "c.xml");
  CHECK(base_name("").empty());
}
