#include "tftp-proxy/core/line_password.hpp"

#include <doctest/doctest.h>

#include "tests/unit/provisioning/cnf_support.hpp"

using namespace dw;
using namespace dw::provisioning;
using enum PasswordDoubt::Why;

namespace {

std::optional<PasswordDoubt::Why> why(std::string_view spelt, Spelling spelling = Spelling::xml) {
  const auto doubt = doubt_of(1, spelt, spelling);
  return doubt ? std::optional(doubt->why) : std::nullopt;
}
std::string in_lines(const std::string& lines) {
  return "<device><deviceProtocol>SIP</deviceProtocol><sipProfile><sipLines>" + lines +
         "</sipLines></sipProfile></device>";
}
std::vector<PasswordDoubt> doubts(const std::string& xml) {
  return rewrite_cnf("SEP001122334455.cnf.xml", as_bytes(xml), {}).facts.passwords;
}

}  // namespace

TEST_CASE("a line's password: its length, counted in characters as the phone reads them") {
  CHECK_FALSE(why(std::string(30, 'x')));
  CHECK(why(std::string(31, 'x')) == too_long);
  CHECK_FALSE(why(std::string(29, 'x') + "&amp;"));
  CHECK(why(std::string(30, 'x') + "&amp;") == too_long);
  std::string umlauts;
  for (int i = 0; i < 30; ++i)
    umlauts += "\xc3\xa4";
  CHECK_FALSE(why(umlauts));
  CHECK(why(std::string(31, 'x'), Spelling::text) == too_long);
  CHECK(to_string(*doubt_of(2, std::string(34, 'x'), Spelling::xml)) ==
        "that of line 2 has 34 characters, and a phone takes 30");
}

TEST_CASE("a line's password: characters that XML wants escaped") {
  for (const std::string_view good : {"secret", "a&amp;b", "a&lt;b", "a&#38;b", "a&#x26;b", "a'b\"c>d", "a;b"})
    CHECK_FALSE(why(good));
  for (const std::string_view bare : {"a&b", "a&", "&", "a&b;c", "a&amp", "a&amp;b&c", "&&amp;"})
    CHECK(why(bare) == bare_markup);
  CHECK(why("a&amp;amp;b") == escaped_twice);
  CHECK(why("a&amp;lt;b") == escaped_twice);
  CHECK_FALSE(why("a&b<c", Spelling::cdata));
  CHECK(why("a&amp;b", Spelling::cdata) == escaped_twice);
  CHECK_FALSE(why("a&b<c", Spelling::text));
  CHECK(why("a&amp;b", Spelling::text) == escaped_text);
}

TEST_CASE("passwords in a phone's XML: by line, and none where all is well") {
  const std::string good =
      "<line button=\"1\"><authPassword>s3cret</authPassword></line><line button=\"2\"><authPassword/></line>"
      "<line><proxy/></line>";
  CHECK(doubts(in_lines(good)).empty());
  const auto found = doubts(in_lines(good + "<line button=\"7\"><authPassword> a&b </authPassword></line>" +
                                     "<line><authPassword><![CDATA[a&b]]></authPassword></line>" +
                                     "<line><authPassword><![CDATA[a&amp;b]]></authPassword></line>"));
  CHECK(found == std::vector<PasswordDoubt>{{7, bare_markup, 3}, {6, escaped_twice, 7}});
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += "<line><authPassword>&</authPassword></line>";
  CHECK(doubts(in_lines(many)).size() == CnfFacts::kMaxLines);
}

TEST_CASE("XML that breaks in a password") {
  for (const std::string bad : {"a<b", "a<1", "<", "a<b>c", "a<!b"}) {
    CAPTURE(bad);
    const auto found = doubts(in_lines("<line><authPassword>" + bad + "</authPassword></line>"));
    REQUIRE(found.size() == 1);
    CHECK(found[0].why == bare_markup);
    CHECK(found[0].line == 0);
    CHECK(to_string(found[0]).starts_with("that of a line has & or <"));
  }
  const std::string good = "<line><authPassword>secret</authPassword></line>";
  CHECK(doubts(in_lines(good + "<line><name>a<b</name></line>")).empty());
  CHECK(doubts(in_lines("<line><name>a<b</name></line>" + good)).empty());
  CHECK(doubts(in_lines(good).substr(0, 100)).empty());
}

TEST_CASE("passwords in a text file") {
  const auto of = [](const std::string& text) {
    return rewrite_cnf("SIP001122334455.cnf", as_bytes(text), {}).facts.passwords;
  };
  CHECK(of("line1_password: \"a&b<c\"\nline2_password: s3cret ; ours\nphone_password: \"a&amp;b\"\n").empty());
  CHECK(of("line1_password: x\nline3_password: \"a&amp;b\"\n") == std::vector<PasswordDoubt>{{3, escaped_text, 7}});
}
