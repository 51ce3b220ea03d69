// Header fields and URIs of phones that the other side must not see, must see, or must not be refused for.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;
using Kind = sip::Event::Kind;

namespace {

SipText with_uri(SipText m, const std::string& uri) {
  m.first = m.method() + " " + uri + " SIP/2.0";
  return m;
}

}  // namespace

TEST_CASE("sip: how a phone reaches us is no affair of the server's, and the other way round") {
  Stand s;
  s.register_phone();
  SipText invite =
      with_uri(s.from_phone("INVITE"), "sip:600@192.168.1.2;transport=tcp;user=phone;maddr=192.168.1.2;ttl=1");
  invite.set("From", "<sip:1001@192.168.1.2;transport=tcp>;tag=p")
      .set("To", "<sip:600@192.168.1.2:5060;Transport=TCP;x>");
  s.phone(invite.with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
  const SipText there = s.to_central("INVITE");
  CHECK(there.uri() == "sip:600@pbx.example.net;user=phone");
  CHECK(there.get("From") == "<sip:1001@pbx.example.net>;tag=p");
  CHECK(there.get("To") == "<sip:600@pbx.example.net;x>");
  s.server(s.ok_of(there, "callee"));
  const SipText here = s.to_phone("INVITE", 200);
  CHECK(here.get("From") == invite.get("From"));
  CHECK(here.get("To") == invite.get("To") + ";tag=callee");
  s.phone(s.within(invite, "ACK", here));
  CHECK(s.to_central("ACK").get("To") == "<sip:600@pbx.example.net;x>;tag=callee");
  SipText refer = s.within(invite, "REFER", here, 1);
  s.phone(refer.add("Refer-To", "<sip:700@192.168.1.2;transport=tcp?Replaces=a%40b%3Bto-tag%3Dc>"));
  CHECK(s.to_central("REFER").get("Refer-To") == "<sip:700@pbx.example.net?Replaces=a%40b%3Bto-tag%3Dc>");
  // The domain by its name, and back.
  s.phone(with_uri(s.from_phone("MESSAGE"), "sip:600@pbx.example.net;transport=udp"));
  CHECK(s.to_central("MESSAGE").uri() == "sip:600@pbx.example.net");
  s.phone(with_uri(s.from_phone("MESSAGE"), "sip:600@elsewhere.example;transport=tls"));
  CHECK(s.to_central("MESSAGE").uri() == "sip:600@elsewhere.example;transport=tls");  // that is between others
}

TEST_CASE("sip: no sips: is promised where no TLS is") {
  Stand s;
  s.register_phone();
  SipText m = with_uri(s.from_phone("INVITE"), "sips:600@192.168.1.2");
  s.phone(m.set("Contact", "<sips:1001@192.168.1.50:5060>"));
  CHECK(s.to_central("INVITE").uri() == "sip:600@pbx.example.net");
  CHECK(sip_uri(s.to_central("INVITE").get("Contact")).starts_with("sip:1001@203.0.113.10;dw="));
  SipText ok = s.ok_of(s.to_central("INVITE"), "callee");
  s.server(ok.set("Contact", "<sips:2001@203.0.113.20>"));
  CHECK(sip_uri(s.to_phone("INVITE", 200).get("Contact")) == "sip:2001@192.168.1.2");
}

TEST_CASE("sip: tel: and urn: go to the server, what nobody routes is 416") {
  Stand s;
  s.register_phone();
  for (const std::string uri : {"tel:+15551234;phone-context=example.net", "TEL:911", "urn:service:sos"}) {
    CAPTURE(uri);
    s.clear();
    SipText invite = with_uri(s.from_phone("INVITE"), uri);
    invite.set("To", "<" + uri + ">");
    s.phone(invite.with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
    CHECK(s.to_central("INVITE").uri() == uri);
    CHECK(s.to_central("INVITE").get("To") == "<" + uri + ">");
    s.server(s.ok_of(s.to_central("INVITE"), "callee"));
    s.phone(s.within(invite, "ACK", s.to_phone("INVITE", 200)));
    CHECK(s.count(true, "ACK") == 1);
    s.phone(s.within(invite, "BYE", s.to_phone("INVITE", 200), 1));
    s.server(sip_answer(s.to_central("BYE"), 200, ""));
    // Asked for what it can, not us.
    s.phone(with_uri(s.from_phone("OPTIONS"), uri));
    CHECK(s.count(true, "OPTIONS") == 1);
  }
  s.phone(with_uri(s.from_phone("INVITE"), "http://pbx.example.net/600"));
  CHECK(s.count(false, "INVITE", 416) == 1);
}

TEST_CASE("sip: names as phones write them: UTF-8, @ and colons without quotes pass as they are") {
  Stand s;
  s.register_phone();
  for (const char* const name : {"Zo\xc3\xab M\xc3\xbcller", "me@home", "Line: 1 (desk)", "\"Zo\xc3\xab, \\\"Z\\\"\"",
                                 "O'Neil / [2]", "\xff\xfe"}) {
    CAPTURE(name);
    SipText m = s.from_phone("MESSAGE");
    const std::string from = std::string(name) + " <sip:1001@pbx.example.net>;tag=a";
    s.phone(m.set("From", from).set("Contact", std::string(name) + " <sip:1001@192.168.1.50>"));
    CHECK(s.to_central("MESSAGE").get("From") == from);
    CHECK(s.to_central("MESSAGE").get("Contact").starts_with(std::string(name) + " <sip:1001@203.0.113.10;dw="));
    s.clear();
  }
  for (const char* const name : {"Bell, Alexander", "a;b", "a\"b", "a\\", "a>b", "a\x01"}) {
    CAPTURE(name);
    s.phone(s.from_phone("MESSAGE").set("From", std::string(name) + " <sip:1001@pbx.example.net>;tag=a"));
    CHECK(s.count(true, "MESSAGE") == 0);
  }
}

TEST_CASE("sip: a nonce that has grown old is no wrong password, in any spelling") {
  for (const char* const stale :
       {"stale=true", "stale=TRUE", "STALE = \"True\"", "stale=false", "opaque=\"stale=true\""}) {
    CAPTURE(stale);
    Stand s;
    for (unsigned i = 0; i < 4; ++i) {
      s.phone(s.register_text()
                  .set("CSeq", std::to_string(101 + i) + " REGISTER")
                  .add("Authorization", "Digest nonce=\"o\""));
      SipText no = sip_answer(s.to_central("REGISTER"), 401, "r");
      s.server(
          no.add("WWW-Authenticate", "Digest realm=\"pbx\", nonce=\"n\"")
              .add("WWW-Authenticate", std::string("Digest realm=\"pbx\", algorithm=SHA-256, nonce=\"m\", ") + stale));
    }
    const std::string text = stale;
    CHECK((s.reported(Kind::bad_password) == 0) ==
          (text.find("alse") == text.npos && text.find("opaque") == text.npos));
  }
}

TEST_CASE("sip: no phone is asked for a digest over a body that we change, unless the server takes no other") {
  struct Row {
    const char *offered, *reported;
    std::size_t events;
  };
  for (const Row& row :
       {Row{"qop=\"auth,auth-int\"", "qop=\"auth\"", 0}, Row{"qop=\"Auth-Int , auth\"", "qop=\"auth\"", 0},
        Row{"qop=\"auth\"", "qop=\"auth\"", 0}, Row{"qop=\"auth-int\"", "qop=\"auth-int\"", 1},
        Row{"QOP = \"x,auth-int,auth\"", "QOP = \"x,auth\"", 0}}) {
    CAPTURE(row.offered);
    Stand s;
    s.register_phone();
    s.phone(s.from_phone("INVITE"));
    SipText no = sip_answer(s.to_central("INVITE"), 407, "x");
    const std::string begin = "Digest realm=\"pbx\", nonce=\"qop=\\\"auth-int\\\"\", ", end = ", algorithm=MD5";
    s.server(no.add("Proxy-Authenticate", begin + row.offered + end));
    CHECK(s.to_phone("INVITE", 407).get("Proxy-Authenticate") == begin + row.reported + end);
    CHECK(s.reported(Kind::auth_int) == row.events);
  }
}

TEST_CASE("sip: what only a trusted proxy may say is taken out of what phones send") {
  const char* const fields[] = {"P-Asserted-Identity", "p-asserted-identity", "P-Charge-Info",
                                "History-Info",        "HISTORY-INFO",        "Path",
                                "P-Charging-Vector",   "P-Served-User",       "P-Called-Party-ID",
                                "P-Associated-URI",    "X-Authenticated-User"};
  for (const bool trust : {false, true}) {
    CAPTURE(trust);
    auto o = Stand::options();
    o.identity.trust = trust;
    o.identity.remove = {"x-authenticated-user", "Contact", "Via"};
    Stand s(o);
    const std::string contact = s.register_phone();
    for (const char* const method : {"INVITE", "MESSAGE", "REGISTER", "SUBSCRIBE"}) {
      for (const char* const name : fields) {
        CAPTURE(method);
        CAPTURE(name);
        s.clear();
        SipText m = std::string_view(method) == "REGISTER" ? s.register_text().set("CSeq", "200 REGISTER")
                                                           : s.from_phone(method);
        m.add(name, "\"CEO\" <sip:100@pbx.example.net>,\r\n <sip:100@192.168.1.2>")
            .add(std::string(name) + " ", "<sip:1>");
        m.add("Subject", "it stays");
        s.phone(m);
        REQUIRE(s.count(true, method) == 1);
        const bool passes = trust && std::string_view(name) != "X-Authenticated-User";
        CHECK(s.to_central(method).has(name) == passes);
        CHECK(s.to_central(method).has("Subject"));
        CHECK(s.to_central(method).has("Contact"));
      }
    }
    // Answers too.
    s.server(s.from_server("INVITE", contact).with_body("application/sdp", sip_sdp({Stand::server_address(), 30000})));
    const SipText invite = s.to_phone("INVITE", 0);
    for (const int status : {180, 200}) {
      SipText answer = sip_answer(invite, status, "p");
      s.phone(answer.add("Contact", "<sip:1001@192.168.1.50>").add("P-Asserted-Identity", "<sip:100@x>"));
      CHECK(s.to_central("INVITE", status).has("P-Asserted-Identity") == trust);
    }
  }
}

TEST_CASE("sip: more of it than can be taken out goes nowhere") {
  Stand s;
  const std::string contact = s.register_phone();
  SipText m = s.from_phone("MESSAGE");
  s.server(s.from_server("MESSAGE", contact));
  SipText answer = sip_answer(s.to_phone("MESSAGE"), 200, "p");
  for (int i = 0; i < 120; ++i) {
    m.add("P-Asserted-Identity", "<sip:100@x>");
    answer.add("P-Asserted-Identity", "<sip:100@x>");
  }
  s.clear();
  s.phone(m);
  CHECK(s.count(true, "MESSAGE", 0) == 0);
  CHECK(s.to_phone("MESSAGE").status() >= 500);
  s.phone(answer);
  CHECK(s.to_central("MESSAGE").status() == 500);
  CHECK_FALSE(s.to_central("MESSAGE").has("P-Asserted-Identity"));
}

TEST_CASE("sip: a phone may say of itself what it may not say of others, and ask for privacy") {
  Stand s;
  s.register_phone();
  struct Row {
    const char *name, *value;
    bool passes;
  };
  for (const Row& row : {
           Row{"Remote-Party-ID",
               "\"Phone\" <sip:1001@192.168.1.2>;party=calling;id-type=subscriber;privacy=full;screen=yes", true},
           Row{"Remote-Party-ID", "\"CEO\" <sip:100@192.168.1.2>;party=calling;screen=yes", false},
           Row{"Remote-Party-ID", "<sip:1001@192.168.1.2>, <sip:100@192.168.1.2>", false},
           Row{"Remote-Party-ID", "nonsense", false},
           Row{"Diversion", "<sip:1001@192.168.1.2>;reason=unconditional", true},
           Row{"Diversion", "<sip:100@192.168.1.2>;reason=unconditional", false},
           Row{"Diversion", "<tel:+1100>;reason=unconditional", false},
           Row{"Privacy", "id", true},
           Row{"P-Preferred-Identity", "<sip:1001@192.168.1.2>", true},
           Row{"P-Access-Network-Info", "IEEE-802.11", true},
           Row{"P-Access-Network-Info", "3GPP-E-UTRAN-FDD;Network-Provided", false},
           Row{"P-Early-Media", "supported", true},
           Row{"Identity", "eyJhbGciOiJFUzI1NiJ9;info=<https://cert.example.net>", true},
       }) {
    CAPTURE(row.name);
    CAPTURE(row.value);
    s.clear();
    s.phone(s.from_phone("INVITE").add(row.name, row.value));
    CHECK(s.to_central("INVITE").has(row.name) == row.passes);
  }
}

TEST_CASE("sip: a field that is not allowed is not allowed by way of Refer-To or a redirection either") {
  Stand s;
  const std::string contact = s.register_phone();
  const auto call = s.call_up();
  SipText refer = s.within(call.phone_invite, "REFER", call.phone_ok, 1);
  s.phone(refer.add("Refer-To",
                    "<sip:700@192.168.1.2?Replaces=x%40y&P-Asserted-Identity=%3Csip:100%3E&%50ath=z&Subject=s>"));
  CHECK(s.to_central("REFER").get("Refer-To") == "<sip:700@pbx.example.net?Replaces=x%40y&Subject=s>");
  s.server(s.from_server("INVITE", contact));
  SipText moved = sip_answer(s.to_phone("INVITE", 0), 302, "p");
  s.phone(moved.add("Contact", "<sip:800@192.168.1.2?Route=%3Csip:x%3E>")
              .add("Diversion", "<sip:1001@192.168.1.2>;reason=unconditional"));
  CHECK(s.to_central("INVITE", 302).get("Contact") == "<sip:800@pbx.example.net>");
  CHECK(s.to_central("INVITE", 302).has("Diversion"));
}

TEST_CASE("sip: who calls and wants no phone to know is known to none") {
  Stand s;
  const std::string contact = s.register_phone();
  for (const char* const privacy : {"", "none", "header;ID", "id", "user"}) {
    CAPTURE(privacy);
    s.clear();
    SipText m = s.from_server("MESSAGE", contact).add("P-Asserted-Identity", "<sip:2001@pbx.example.net>");
    if (*privacy != 0) m.add("Privacy", privacy);
    s.server(m);
    const std::string text = privacy;
    CHECK(s.to_phone("MESSAGE").has("P-Asserted-Identity") == (text != "id" && text != "header;ID"));
  }
}

TEST_CASE("sip: Routes of a registered phone to our servers are kept, ours is taken out, others go nowhere") {
  Stand s;
  s.register_phone();
  SipText m = s.from_phone("MESSAGE");
  m.add("Route", "<sip:192.168.1.2;lr>, <sip:203.0.113.20;lr;x=1>").add("Route", "<sip:198.51.100.3;lr>");
  m.add("Route", "<sip:203.0.113.20>");  // no loose router
  s.phone(m);
  CHECK(s.to_central("MESSAGE").all("Route") == std::vector<std::string>{"<sip:203.0.113.20;lr;x=1>"});
  auto o = Stand::options();
  o.unregistered_calls = true;
  Stand open(o);
  open.phone(open.from_phone("MESSAGE").add("Route", "<sip:203.0.113.20;lr>"));
  CHECK_FALSE(open.to_central("MESSAGE").has("Route"));
}

TEST_CASE("sip: keepalives of any kind are no abuse") {
  using namespace std::string_literals;
  Stand s;
  sip::Flow stranger = Stand::phone_flow(99);
  for (const std::string& octets :
       {""s, "\0"s, "\0\0\0\0"s, "\r\n"s, "\r\n\r\n\r\n\r\n"s, "jaK"s, "jaK\0"s, "jaK\r\n\r\n"s, " "s,
        std::string(64, '\0'), "\x80\x00\x12\x34\x00\x00\x00\x01\x00\x00\x00\x02"s + std::string(160, 'x'),
        "\x16\xfe\xfd"s + std::string(60, 'y'), "\x00\x01\x00\x00\x21\x12\xa4\x42"s + "abcdefghijkl",
        "\x10\x00"s + std::string(20, 'z')}) {
    CAPTURE(octets);
    for (int i = 0; i < 12; ++i)
      s.say(stranger, octets);
  }
  CHECK(s.reported(Kind::abuse) == 0);
  CHECK(s.proxy.parts().counters.malformed == 0);
  CHECK(s.proxy.sources().guard().bans(s.now).empty());
  CHECK(s.sent.empty());
}
