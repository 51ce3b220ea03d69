#include "sbc/base/difference.hpp"

#include <doctest/doctest.h>

#include "sbc/base/base64.hpp"

using namespace dw;

TEST_CASE("difference: field by field, whatever the order and the case of names") {
  const std::string_view sent =
      "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.50:5060\r\nContact: "
      "<sip:p@192.168.1.50>\r\nMax-Forwards: 70\r\n"
      "\r\nv=0\r\nc=IN IP4 192.168.1.50\r\n";
  CHECK(differences_of(sent, sent).empty());
  const auto seen = differences_of(sent,
                                   "OPTIONS sip:a SIP/2.0\r\ncontact: <sip:p@203.0.113.7>\r\nVIA: "
                                   "SIP/2.0/UDP 192.168.1.50:5060\r\nX-Added: \x01yes\r\n"
                                   "\r\nv=0\r\nc=IN IP4 203.0.113.7\r\n");
  REQUIRE(seen.size() == 4);
  CHECK(seen[0] == Difference{"Contact", "<sip:p@192.168.1.50>", "<sip:p@203.0.113.7>"});
  CHECK(seen[1] == Difference{"Max-Forwards", "70", ""});
  CHECK(seen[2] == Difference{"SDP c=", "IN IP4 192.168.1.50", "IN IP4 203.0.113.7"});
  CHECK(seen[3].field == "X-Added");
  CHECK(seen[3].received.find('\x01') == std::string::npos);
}

TEST_CASE("difference: fields that come twice, and bounds") {
  CHECK(differences_of("a\nb: 1\nb: 2\n", "a\nb: 1\nb: 2\n").empty());
  CHECK(differences_of("a\nb: 1\nb: 2\n", "a\nb: 1\n") == std::vector<Difference>{{"b", "2", ""}});
  std::string many = "a\n";
  for (int i = 0; i < 1000; ++i)
    many += "x" + std::to_string(i) + ": " + std::string(500, 'v') + "\n";
  const auto seen = differences_of("a\n", many);
  CHECK(seen.size() == kMaxDifferences);
  CHECK(seen[0].received.size() <= kMaxShownValue);
}

TEST_CASE("base64: RFC 4648 §10, and what is none") {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    CHECK(to_base64(as_bytes(plain)) == coded);
    CHECK(as_text(*from_base64(coded)) == plain);
  }
  for (const auto bad : {"Z", "Zg=", "Zg=a", "=g==", "Zg==Zg==", "Zm9v!Zm9", "Z===", "Zm 9"})
    CHECK_FALSE(from_base64(bad));
}
