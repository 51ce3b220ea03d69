#include "sbc/sip/rewriter.hpp"

#include <doctest/doctest.h>

#include <string>

#include "sbc/sip/identifiers.hpp"
#include "sbc/sip/via_check.hpp"

using namespace dw;
using namespace dw::sip;

namespace {

constexpr std::uint32_t kRewriterUs = 0xC0A80102, kRewriterPhone = 0xC0A80132;  // 192.168.1.2, 192.168.1.50

struct RewriterCase {
  ProxyOptions options;
  Servers servers{{{Transport::udp, {"203.0.113.20", 0}, {}, false}}, 100};
  Bindings bindings{100, 1};
  Rewriter rewriter{options, servers, bindings};
  Hop hop;
  ReturnPath back;
  std::string text;  ///< of the message that was rewritten
  Message m;

  RewriterCase() {
    const Flow phone{
        Transport::udp, {IpAddress::v4(kRewriterUs), 5060}, {IpAddress::v4(kRewriterPhone), 5060}, ConnectionId::none};
    hop.side = Side::central;
    hop.us = "203.0.113.10";
    hop.domain = "pbx.example.net";
    hop.phone = phone;
    hop.contact = ";dw=tokentoken123";
    hop.flow = {
        Transport::udp, {IpAddress::v4(0xCB00710A), 5060}, {IpAddress::v4(0xCB007114), 5060}, ConnectionId::none};
  }
  void to_phone() {
    hop.side = Side::access;
    hop.us = "192.168.1.2";
    hop.contact = {};
    hop.maps_host = true;
    hop.flow = hop.phone;
  }
  const Message& read(std::string octets) {
    text = std::move(octets);
    REQUIRE(m.parse(as_bytes(text)));
    return m;
  }
  std::string request(std::string octets, const Rewriter::Request& how = {.branch = "z9hG4bKours"}) {
    read(std::move(octets));
    Edits edits(m);
    rewriter.edit_request(m, hop, how, back, edits);
    REQUIRE(edits.ok());
    std::string out;
    edits.write(out);
    return out;
  }
  std::string response(std::string octets) {
    read(std::move(octets));
    Edits edits(m);
    rewriter.edit_response(m, hop, back, edits);
    rewriter.edit_contact(m, hop, edits);
    std::string out;
    edits.write(out);
    return out;
  }
};

std::string rewriter_invite(const std::string& lines = {}) {
  return "INVITE sip:2001@192.168.1.2;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.50;branch=z9hG4bKphone\r\n" +
         lines +
         "From: <sip:1001@192.168.1.2>;tag=a\r\nTo: <sip:2001@192.168.1.2>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
         "Max-Forwards: 70\r\nContact: <sip:1001@192.168.1.50:5060>;video\r\nContent-Length: 0\r\n\r\n";
}
bool rewritten_has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("sip rewriter: a phone's request names us and the central domain, and nothing of the phone's network") {
  RewriterCase c;
  const std::string sent = c.request(rewriter_invite("Record-Route: <sip:192.168.1.9;lr>\r\nX-Other: stays\r\n"));
  CHECK(
      sent.starts_with("INVITE sip:2001@pbx.example.net;user=phone SIP/2.0\r\n"
                       "Via: SIP/2.0/UDP 203.0.113.10;branch=z9hG4bKours;rport;dw="));
  CHECK(rewritten_has(sent, "From: <sip:1001@pbx.example.net>;tag=a\r\nTo: <sip:2001@pbx.example.net>\r\n"));
  CHECK(rewritten_has(sent, "Contact: <sip:1001@203.0.113.10;dw=tokentoken123>;video\r\n"));
  CHECK(rewritten_has(sent, "Max-Forwards: 69\r\n"));
  CHECK(rewritten_has(sent, "X-Other: stays\r\n"));
  CHECK_FALSE(rewritten_has(sent, "192.168."));
  Message m;
  REQUIRE(m.parse(as_bytes(sent)));
  CHECK(is_unaltered(m) == true);
}

TEST_CASE("sip rewriter: the answer shows the phone its own Vias, Record-Route, From and To again") {
  RewriterCase c;
  c.request(rewriter_invite("Record-Route: <sip:192.168.1.9;lr>\r\n"));
  c.back.vias = "Via: SIP/2.0/UDP 192.168.1.50;branch=z9hG4bKphone\r\n";
  c.to_phone();
  const auto answer = [&](unsigned status) {
    return c.response(
        "SIP/2.0 " + std::to_string(status) +
        " Text\r\nVia: SIP/2.0/UDP 203.0.113.10;branch=z9hG4bKours\r\nRecord-Route: <sip:203.0.113.20;lr>\r\n"
        "From: <sip:1001@pbx.example.net>;tag=a\r\nTo: <sip:2001@pbx.example.net>;tag=b\r\nCall-ID: c\r\n"
        "CSeq: 1 INVITE\r\nContact: <sip:2001@203.0.113.20:5070>\r\nContent-Length: 0\r\n\r\n");
  };
  const std::string ok = answer(200);
  CHECK(ok.starts_with(
      "SIP/2.0 200 Text\r\nVia: SIP/2.0/UDP 192.168.1.50;branch=z9hG4bKphone\r\nRecord-Route: <sip:192.168.1.9;lr>\r\n"));
  CHECK(rewritten_has(ok, "From: <sip:1001@192.168.1.2>;tag=a\r\nTo: <sip:2001@192.168.1.2>;tag=b\r\n"));
  CHECK(rewritten_has(ok, "Contact: <sip:2001@192.168.1.2>\r\n"));
  CHECK_FALSE(rewritten_has(ok, "203.0.113"));
  CHECK_FALSE(rewritten_has(answer(486), "Record-Route"));
  // What redirects names whom it means; but a phone that went to a server of ours past us would be nobody there.
  CHECK(rewritten_has(answer(302), "Contact: <sip:2001@192.168.1.2>"));
}

TEST_CASE("sip rewriter: a target and routes of the dialog take the place of what the request had") {
  RewriterCase c;
  const std::string sent = c.request(
      rewriter_invite("Route: <sip:192.168.1.2;lr>\r\n"),
      {.branch = "z9hG4bKours", .target = "sip:2001@198.51.100.7:5071", .routes = "Route: <sip:198.51.100.1;lr>\r\n"});
  CHECK(sent.starts_with("INVITE sip:2001@198.51.100.7:5071 SIP/2.0\r\n"));
  CHECK(rewritten_has(sent, "Route: <sip:198.51.100.1;lr>\r\n"));
  CHECK_FALSE(rewritten_has(sent, "Route: <sip:192.168.1.2;lr>"));
}

TEST_CASE("sip rewriter: of a phone's routes those to our servers stay, if it is registered") {
  RewriterCase c;
  const std::string routes = "Route: <sip:192.168.1.2;lr>,<sip:203.0.113.20;lr>\r\nRoute: <sip:198.51.100.9;lr>\r\n";
  for (const bool registered : {false, true}) {
    const std::string sent = c.request(rewriter_invite(routes), {.branch = "z9hG4bKours", .keeps_routes = registered});
    CHECK(rewritten_has(sent, "Route: <sip:203.0.113.20;lr>\r\n") == registered);
    CHECK_FALSE(rewritten_has(sent, "198.51.100.9"));
    CHECK_FALSE(rewritten_has(sent, "Route: <sip:192.168.1.2"));
  }
}

TEST_CASE(
    "sip rewriter: the Contact of a REGISTER has the token, a longer time where refreshes are answered here, and Path") {
  RewriterCase c;
  c.hop.contact = {};
  c.options.path = true;
  Registering r;
  RegisterContact contact;
  contact.user = "1001";
  contact.token = "abcdefghijklm";
  contact.expires = 120;
  r.contacts.push_back(contact);
  const auto sent = [&] {
    return c.request(
        "REGISTER sip:192.168.1.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.50;branch=z9hG4bKphone\r\n"
        "From: <sip:1001@192.168.1.2>;tag=a\r\nTo: <sip:1001@192.168.1.2>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n"
        "Max-Forwards: 70\r\nContact: <sip:1001@192.168.1.50>;expires=120;q=1\r\nContent-Length: 0\r\n\r\n",
        {.branch = "z9hG4bKours", .registering = &r});
  };
  CHECK(rewritten_has(sent(), "Contact: <sip:1001@203.0.113.10;dw=abcdefghijklm>;expires=120;q=1\r\n"));
  CHECK(rewritten_has(sent(), "Path: <sip:abcdefghijklm@203.0.113.10;lr>\r\n"));
  c.options.register_expires = std::chrono::seconds(60);
  CHECK(rewritten_has(sent(), ";expires=3600;q=1\r\n"));
}

TEST_CASE("sip rewriter: auth-int goes where the server takes another digest too, and is counted where it does not") {
  RewriterCase c;
  const auto challenge = [&](const std::string& qop) {
    c.read(
        "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP 203.0.113.10;branch=z9hG4bKours\r\nFrom: <sip:a@b>;tag=a\r\n"
        "To: <sip:a@b>;tag=b\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nWWW-Authenticate: Digest realm=\"r\",nonce=\"n\",qop=\"" +
        qop + "\"\r\nContent-Length: 0\r\n\r\n");
    Edits edits(c.m);
    const unsigned left = c.rewriter.edit_challenges(c.m, edits);
    std::string out;
    edits.write(out);
    return std::pair{left, out};
  };
  CHECK(challenge("auth,auth-int").first == 0);
  CHECK_FALSE(rewritten_has(challenge("auth,auth-int").second, "auth-int"));
  CHECK(challenge("auth-int").first == 1);
  CHECK(rewritten_has(challenge("auth-int").second, "qop=\"auth-int\""));
}

TEST_CASE("sip identifiers: a request that comes back as it left loops, one with another Request-URI does not") {
  std::uint64_t next = 1;
  Identifiers ids([&next] { return next++ * 0x9E3779B97F4A7C15; });
  RewriterCase c;
  const std::string branch = ids.branch_for(c.read(rewriter_invite()), Side::central);
  CHECK(branch != ids.branch_for(c.m, Side::central));
  const auto again = [&](const std::string& uri) {
    return "INVITE " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKother\r\n" +
           "Via: SIP/2.0/UDP 203.0.113.10;branch=" + branch +
           "\r\nFrom: <sip:1001@b>;tag=a\r\nTo: <sip:2001@b>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
  };
  c.read(again("sip:2001@192.168.1.2;user=phone"));
  CHECK(ids.is_loop(c.m, Side::central));
  CHECK_FALSE(ids.is_loop(c.m, Side::access));
  c.read(again("sip:2002@192.168.1.2"));
  CHECK_FALSE(ids.is_loop(c.m, Side::central));
  CHECK(ids.tag_for(c.m) == ids.tag_for(c.m));
}

TEST_CASE("sip via check: a changed sent-by or Contact shows, and what no Dropwire sent says nothing") {
  RewriterCase c;
  const auto arrives = [&](const std::string& via, const std::string& contact) {
    c.read("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP " + via +
           "\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContact: <sip:a@" + contact +
           ">\r\nContent-Length: 0\r\n\r\n");
    return is_unaltered(c.m);
  };
  const std::string check = ";branch=z9hG4bKa;dw=" + via_check("10.0.0.1", "10.0.0.1:5060");
  CHECK(arrives("10.0.0.1" + check, "10.0.0.1:5060") == true);
  CHECK(arrives("203.0.113.9" + check, "10.0.0.1:5060") == false);
  CHECK(arrives("10.0.0.1" + check, "203.0.113.9:5060") == false);
  CHECK_FALSE(arrives("10.0.0.1;branch=z9hG4bKa", "10.0.0.1:5060"));
}
