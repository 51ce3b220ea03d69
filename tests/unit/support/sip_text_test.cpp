#include "tests/support/sip_text.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::sim;

namespace {

constexpr std::string_view kInvite =
    "INVITE sip:2@b SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1, SIP/2.0/UDP [2001:db8::1];branch=z\r\n"
    "l: 2\r\nTo: \"a;b, c\" <sip:2@b;x=1>;tag=t\r\nSubject: one\r\n two\r\n\r\nhi";

}  // namespace

TEST_CASE("the tests' SIP reader: compact names, folded lines and lists are found by their long names") {
  const auto m = SipText::read(kInvite);
  REQUIRE(m);
  CHECK(m->get("Subject") == "one two");
  CHECK(m->values("Via").size() == 2);
  CHECK(m->values("To").size() == 1);
  CHECK(sip_branch(*m) == "z9hG4bK1");
  CHECK(sip_sent_by(*m) == "192.0.2.1:5070");
  CHECK(sip_display(m->get("To")) == "\"a;b, c\"");
  CHECK(sip_tag(m->get("To")) == "t");
  CHECK(sip_uri_param(sip_uri(m->get("To")), "x") == "1");
  CHECK(sip_endpoint("[2001:db8::1]")->port == 5060);
}

TEST_CASE("the tests' SIP reader: what it writes has the Content-Length that is true, in its place") {
  auto m = SipText::read(kInvite);
  REQUIRE(m);
  m->body = "longer";
  CHECK(m->str().find("\r\nl: 6\r\nTo: ") != std::string::npos);
  m->drop("Content-Length");
  CHECK(m->str().find("\r\nContent-Length: 6\r\n\r\nlonger") != std::string::npos);
}

TEST_CASE("the tests' SIP reader says what it can't read") {
  std::string why;
  CHECK_FALSE(SipText::read("INVITE sip:2@b SIP/2.0\r\nVia: x\r\n", &why));
  CHECK(why == "no empty line after the headers");
  CHECK_FALSE(SipText::read("INVITE sip:2@b SIP/2.0\r\nVia\r\n\r\n", &why));
  CHECK(why == "a header without a name: Via");
  CHECK_FALSE(SipText::read("INVITE sip:2@b\r\nVia: x\r\n\r\n", &why));
  CHECK(why == "an invalid start line: INVITE sip:2@b");
  CHECK_FALSE(SipText::read("INVITE sip:2@b SIP/2.0\r\nContent-Length: 1\r\n\r\n", &why));
  CHECK(why == "Content-Length 1 and 0 octets of body");
}

TEST_CASE("the tests' SIP stream: messages come out whole, whatever the pieces, and empty lines are pings") {
  const std::string both = "\r\n\r\n" + std::string(kInvite) + "\r\n" + std::string(kInvite);
  for (std::size_t piece = 1; piece < both.size(); piece += 7) {
    SipStream stream;
    int messages = 0;
    for (std::size_t at = 0; at < both.size(); at += piece) {
      stream.push(std::string_view(both).substr(at, piece));
      while (const auto message = stream.next()) {
        CHECK(*message == kInvite);
        ++messages;
      }
    }
    CHECK(messages == 2);
    CHECK(stream.pings() == 3);
    CHECK_FALSE(stream.broken());
  }
  SipStream stream;
  stream.push("OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n");
  CHECK_FALSE(stream.next());
  CHECK(stream.broken());
}

TEST_CASE("the tests' SIP reader: a URI in its parts, its headers unescaped") {
  const auto uri = SipUri::read("sip:1@192.0.2.1:5070;transport=tcp?Replaces=a%40b%3Bto-tag%3D1");
  REQUIRE(uri);
  CHECK(uri->user == "1");
  CHECK(uri->port_or_default() == 5070);
  CHECK(uri->header("replaces") == "a@b;to-tag=1");
  CHECK(uri->without_headers() == "sip:1@192.0.2.1:5070;transport=tcp");
  CHECK(SipUri::read("sips:[2001:db8::1]")->host == "2001:db8::1");
  CHECK_FALSE(SipUri::read("tel:1"));
  CHECK_FALSE(SipUri::read("sip:a:0"));
}
