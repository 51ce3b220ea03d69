// Whatever is in a body, and however it is wrapped: the address of one side does not reach the other, or the
// message goes no further.

#include "sbc/sip/sdp.hpp"
#include "tests/sim/sip/odd_bodies.hpp"
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;
using namespace std::string_literals;

namespace {

constexpr std::string_view kPhone = "192.168.1.50";

/// Whether `text` has the phone's address.
bool reveals(std::string_view text) {
  return text.find(kPhone) != text.npos;
}

/// The same of what chance has made: not as part of a longer number, nor as a Call-ID's second half.
bool reveals_by_chance(std::string_view text) {
  const auto is_digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  for (std::size_t at = text.find(kPhone); at != text.npos; at = text.find(kPhone, at + 1)) {
    if (is_digit(at - 1) || is_digit(at + kPhone.size())) continue;
    const std::string_view word = text.substr(0, at).substr(text.find_last_of("<>\"' \t\r\n;,=&()", at) + 1);
    if (!word.ends_with('@') || word.size() == 1 || word.contains(':')) return true;
  }
  return false;
}

sip::ProxyOptions patient() {
  sip::ProxyOptions o = Stand::options();
  o.guard.message_rate = o.guard.registered_message_rate = 1e6;
  return o;
}

/// Sends it as an offer. How it went: 0 to the server, else the status that the phone got.
int offer(Stand& s, const Body& body) {
  s.phone(with(s.from_phone("INVITE"), body));
  if (s.count(true, "INVITE") != 0) return 0;
  return s.to_phone("INVITE").status();
}

/// All calls are over, and the phone has registered once more. Returns our Contact at the server.
std::string end_all(Stand& s) {
  s.clear();
  s.advance(5min);
  const std::string contact = s.register_phone();
  s.clear();
  return contact;
}

}  // namespace

TEST_CASE("sip: no body that a phone sends takes its address to the server") {
  Stand s(patient());
  s.register_phone();
  std::uint64_t seed = 20261130;
  for (const Body& odd : odd_bodies(std::string(kPhone))) {
    CAPTURE(odd.name);
    for (int variant = 0; variant < 20; ++variant) {
      const Body body = variant == 0 ? odd : mutated(odd, seed);
      CAPTURE(body.text);
      for (const std::string method : {"INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE", "PUBLISH"}) {
        // Not in what people write to each other.
        if ((method != "INVITE" && method != "OPTIONS") && body.type.starts_with("text/")) continue;
        CAPTURE(method);
        if (variant != 0 && method != "INVITE") continue;
        s.phone(with(s.from_phone(method), body));
        for (const auto& sent : s.sent)
          if (s.is_central(sent.to))
            CHECK_FALSE((variant == 0 ? reveals(sent.m.str()) : reveals_by_chance(sent.m.str())));
        CHECK(s.sent.size() > 0);
        s.clear();
      }
    }
    end_all(s);
  }
  CHECK(s.broker.streams().empty());
}

TEST_CASE("sip: no answer, ACK or request within a call of a phone takes its address to the server") {
  Stand s(patient());
  std::string contact = s.register_phone();
  for (const Body& odd : odd_bodies(std::string(kPhone))) {
    CAPTURE(odd.name);
    const auto check = [&] {
      for (const auto& sent : s.sent) {
        const bool written = odd.type.starts_with("text/") && odd.name != "two types";
        const bool by_person = written && sent.m.method() != "INVITE" && sent.m.method() != "ACK" &&
                               sent.m.method() != "UPDATE" && sent.m.method() != "OPTIONS";
        if (s.is_central(sent.to) && !by_person) CHECK_FALSE(reveals(sent.m.str()));
      }
    };
    // Its answers to a call of the server: ringing, taken, refused.
    for (const int status : {183, 200, 488}) {
      CAPTURE(status);
      s.server(
          s.from_server("INVITE", contact).with_body("application/sdp", sip_sdp({Stand::server_address(), 30000})));
      SipText answer = sip_answer(s.to_phone("INVITE", 0), status, "phonetag");
      answer.add("Contact", "<sip:1001@192.168.1.50:5060>");
      s.phone(with(answer, odd));
      check();
      contact = end_all(s);
    }
    // Its ACK with the answer to the server's offer, and requests and their answers within a call.
    const SipText first = s.from_phone("INVITE");
    s.phone(first);
    s.server(s.ok_of(s.to_central("INVITE"), "callee"));
    const SipText ok = s.to_phone("INVITE", 200);
    s.phone(with(s.within(first, "ACK", ok), odd));
    CHECK(s.count(true, "ACK") == 1);
    check();
    for (const std::string method : {"INVITE", "UPDATE", "INFO", "NOTIFY", "REFER", "BYE"}) {
      CAPTURE(method);
      s.clear();
      s.phone(with(s.within(first, method, ok, method == "BYE" ? 90U : 10U), odd));
      check();
    }
    end_all(s);
    const auto call = s.call_up();
    s.server(s.back(call.invite, "OPTIONS", "callee", 3));
    s.phone(with(sip_answer(s.to_phone("OPTIONS", 0), 200, ""), odd));
    check();
    CHECK(s.count(true, "OPTIONS", 200) == 1);
    contact = end_all(s);
  }
}

TEST_CASE("sip: what phones and servers read passes, with our address in it") {
  Stand s;
  s.register_phone();
  const std::vector<std::string> read = {"plain",
                                         "LF",
                                         "CR",
                                         "CR CR LF",
                                         "a stray blank line",
                                         "leading blank lines",
                                         "a byte order mark",
                                         "NULs at the end",
                                         "a line without =",
                                         "a port above 65535",
                                         "41 m-lines",
                                         "4 kB of attributes",
                                         "Content-Encoding identity",
                                         "e identity",
                                         "no type",
                                         "two equal types",
                                         "application / sdp",
                                         "nested b",
                                         "nested e",
                                         "no closing delimiter",
                                         "a quoted boundary",
                                         "a preamble",
                                         "multipart/alternative",
                                         "a part with a compact type",
                                         "m= of TCP/MSRP",
                                         "m= of UDP/BFCP",
                                         "many c= for the m-line",
                                         "c= is a name"};
  std::size_t seen = 0;
  for (const Body& body : odd_bodies(std::string(kPhone))) {
    const bool expected = std::ranges::any_of(
        read, [&](const std::string& name) { return name == body.name || "type " + name == body.name; });
    if (!expected) continue;
    ++seen;
    CAPTURE(body.name);
    REQUIRE(offer(s, body) == 0);
    const SipText there = s.to_central("INVITE");
    CAPTURE(there.body);
    CHECK(there.body.find("IN IP4 203.0.113.10") != std::string::npos);
    if (body.name != "a preamble") CHECK(there.body.find(" 16384 ") == std::string::npos);
    CHECK_FALSE(reveals(there.body));
    end_all(s);
  }
  CHECK(seen == read.size());
}

TEST_CASE("sip: a phone's offer that can't be read is 488, one in an encoding 415 with what would be read") {
  Stand s;
  std::string contact = s.register_phone();
  std::size_t seen = 0;
  for (const Body& body : odd_bodies(std::string(kPhone))) {
    const bool encoded = body.name == "Content-Encoding gzip" || body.name == "e deflate" ||
                         body.name == "a part in gzip" || body.name == "base64 is said";
    const bool unread = body.name == "a NUL in the middle" || body.name == "an m-line cut short" ||
                        body.name == "40 kB" || body.name == "two types" || body.name == "no delimiter" ||
                        body.name == "no boundary" || body.name == "nested h" || body.name == "ten parts" ||
                        body.name == "a boundary that reveals";
    if (!encoded && !unread) continue;
    ++seen;
    CAPTURE(body.name);
    CHECK(offer(s, body) == (encoded ? 415 : 488));
    CHECK(s.reported(sip::Event::Kind::dropped) == 1);
    if (encoded) CHECK(s.to_phone("INVITE", 415).get("Accept-Encoding") == "identity");
    s.clear();
    // The other way the server's own gateway to phones is at fault.
    if (body.name != "a boundary that reveals") {
      s.server(with(s.from_server("INVITE", contact), body));
      CHECK(s.count(false, "INVITE") == 0);
      CHECK(s.to_central("INVITE").status() == (encoded ? 415 : 502));
    }
    contact = end_all(s);
    CHECK(s.proxy.parts().dialogs.calls() == 0);
  }
  CHECK(seen == 13);
}

TEST_CASE("sip: a 2xx whose body can't be read is 502 to the caller, and the callee is let go") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  const SipText there = s.to_central("INVITE");
  SipText ok = s.ok_of(there, "callee");
  ok.add("Record-Route", "<sip:198.51.100.7;lr>");
  ok.body = "v=0\r\nm=audio\r\n";
  s.server(ok);
  CHECK(s.count(false, "INVITE", 200) == 0);
  CHECK(s.count(false, "INVITE", 502) == 1);
  REQUIRE(s.count(true, "ACK") == 1);
  REQUIRE(s.count(true, "BYE") == 1);
  const SipText ack = s.to_central("ACK"), bye = s.to_central("BYE");
  for (const SipText* m : {&ack, &bye}) {
    CHECK(m->uri() == "sip:2001@203.0.113.20:5070;x=callee");
    CHECK(m->get("Route") == "<sip:198.51.100.7;lr>");
    CHECK(m->get("Call-ID") == invite.get("Call-ID"));
    CHECK(m->get("From") == there.get("From"));
    CHECK(m->get("To") == ok.get("To"));
    CHECK(sip_branch(*m) != sip_branch(there));
  }
  CHECK(ack.cseq() == there.cseq());
  CHECK(bye.cseq() == there.cseq() + 1);
  // Its 2xx comes again, as the ACK was lost; BYE is sent again by itself.
  s.server(ok);
  CHECK(s.count(true, "ACK") == 2);
  CHECK(s.count(true, "BYE") == 1);
  s.advance(600ms);
  CHECK(s.count(true, "BYE") == 2);
  s.server(sip_answer(s.to_central("BYE"), 200, ""));
  s.phone(sip_hop(invite, "ACK", s.to_phone("INVITE", 502).get("To")));
  // Another branch answers too: nobody would hang up.
  s.server(s.ok_of(there, "other"));
  CHECK(s.count(true, "ACK") == 3);
  CHECK(s.count(false, "INVITE", 200) == 0);
  CHECK(sip_tag(s.to_central("BYE").get("To")) == "other");
  s.server(sip_answer(s.to_central("BYE"), 200, ""));
  s.advance(5min);
  CHECK(s.proxy.parts().transactions.size() == 0);
  CHECK(s.proxy.parts().dialogs.size() == 0);
  CHECK(s.broker.streams().empty());
}

TEST_CASE("sip: a phone's 2xx that can't be read is 502 to the server, and the phone is let go") {
  Stand s;
  const std::string contact = s.register_phone();
  s.server(s.from_server("INVITE", contact).with_body("application/sdp", sip_sdp({Stand::server_address(), 30000})));
  const SipText there = s.to_phone("INVITE", 0);
  SipText ok = sip_answer(there, 200, "phonetag");
  ok.add("Contact", "<sip:1001@192.168.1.50:5060>").with_body("application/sdp", "v=0\r\nm=audio\r\n");
  s.phone(ok);
  CHECK(s.count(true, "INVITE", 502) == 1);
  CHECK(s.to_phone("ACK").uri() == "sip:1001@192.168.1.50:5060");
  CHECK(s.to_phone("BYE").cseq() == there.cseq() + 1);
  s.phone(sip_answer(s.to_phone("BYE"), 200, ""));
  s.server(sip_hop(s.from_server("INVITE", contact), "ACK", "x"));
  s.advance(5min);
  CHECK(s.proxy.parts().dialogs.size() == 0);
  CHECK(s.broker.streams().empty());
}

TEST_CASE("sip: an answer to a re-INVITE that can't be read is 502, and the call goes on") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  SipText again = s.within(call.phone_invite, "INVITE", call.phone_ok, 1);
  s.phone(again.with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}, 2)));
  SipText ok = sip_answer(s.to_central("INVITE"), 200, "callee");
  ok.add("Contact", "<sip:2001@203.0.113.20:5070>").with_body("application/sdp", "v=0\r\nm=audio\r\n");
  s.server(ok);
  CHECK(s.count(false, "INVITE", 502) == 1);
  CHECK(s.count(true, "ACK") == 1);
  CHECK(s.count(true, "BYE") == 0);
  CHECK(s.proxy.parts().dialogs.calls() == 1);
  CHECK(s.broker.streams().begin()->second.far_end == Endpoint{Stand::server_address(), 30000});
}

TEST_CASE("sip: an ACK, a ringing or a refusal goes without the body that can't be read") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  const SipText there = s.to_central("INVITE");
  SipText ringing = sip_answer(there, 183, "callee");
  ringing.add("Content-Disposition", "session").with_body("application/sdp", "v=0\r\nm=audio\r\n");
  s.server(ringing);
  const SipText here = s.to_phone("INVITE", 183);
  CHECK(here.body.empty());
  CHECK_FALSE(here.has("Content-Type"));
  CHECK_FALSE(here.has("Content-Disposition"));
  s.server(s.ok_of(there, "callee"));
  s.phone(s.within(invite, "ACK", s.to_phone("INVITE", 200)).with_body("application/sdp", "v=0\r\nm=audio\r\n"));
  CHECK(s.to_central("ACK").body.empty());
  CHECK_FALSE(s.to_central("ACK").has("Content-Type"));
}

TEST_CASE("sip: the SDP of what is no offer says our address and port 0, and moves no media") {
  Stand s;
  const std::string contact = s.register_phone();
  s.server(s.from_server("OPTIONS", contact));
  s.phone(sip_answer(s.to_phone("OPTIONS", 0), 200, "phonetag")
              .with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
  const SipText outside = s.to_central("OPTIONS", 200);
  CHECK(outside.body.find("m=audio 0 ") != std::string::npos);
  CHECK(outside.body.find("c=IN IP4 203.0.113.10") != std::string::npos);
  CHECK(s.broker.opened == 0);
  const auto call = s.call_up();
  const std::size_t opened = s.broker.opened;
  s.server(s.back(call.invite, "OPTIONS", "callee", 3));
  s.phone(sip_answer(s.to_phone("OPTIONS", 0), 200, "")
              .with_body("application/sdp", sip_sdp({Stand::phone_address(), 4444})));
  CHECK(s.to_central("OPTIONS", 200).body.find("m=audio 0 ") != std::string::npos);
  CHECK(s.broker.opened == opened);
  CHECK(s.broker.streams().begin()->second.stated == Endpoint{Stand::phone_address(), 16384});
}

TEST_CASE("sip: text that names the phone names us, but for the IDs of calls and parts") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("PUBLISH").with_body(
      "application/xml",
      "<a><part>cid:1a2b@192.168.1.50</part><callid>0011aabb-7@192.168.1.50</callid><uri>sip:1001@192.168.1.50:5060</uri>"
      "<ip>192.168.1.50</ip><other>192.168.1.5</other><other>192.168.1.501</other></a>"));
  CHECK(
      s.to_central("PUBLISH").body ==
      "<a><part>cid:1a2b@192.168.1.50</part><callid>0011aabb-7@192.168.1.50</callid><uri>sip:1001@203.0.113.10:5060</uri>"
      "<ip>203.0.113.10</ip><other>192.168.1.5</other><other>192.168.1.501</other></a>");
  // What a person writes is not ours to change.
  s.phone(s.from_phone("MESSAGE").with_body("text/plain", "I am at 192.168.1.50"));
  CHECK(s.to_central("MESSAGE").body == "I am at 192.168.1.50");
}

TEST_CASE("sip: a far end that is named is looked up, and its audio goes there once it is found") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  SipText ok = s.ok_of(s.to_central("INVITE"), "callee");
  ok.body = replaced(ok.body, "203.0.113.20", "media.example.net") + "a=rtcp:31001\r\n";
  s.server(ok);
  CHECK(s.to_phone("INVITE", 200).body.find("media.example.net") == std::string::npos);
  REQUIRE(s.lookups == std::vector<std::string>{"media.example.net"});
  const auto far_end = [&] { return s.broker.streams().begin()->second.far_end; };
  CHECK_FALSE(far_end());
  sip::Output out;
  s.proxy.on_addresses(s.now, "media.example.net", {*IpAddress::parse("2001:db8::7"), IpAddress::v4(0xC6336409)}, out);
  CHECK(far_end() == Endpoint{IpAddress::v4(0xC6336409), 30000});
  CHECK(s.broker.streams().begin()->second.far_end_rtcp == Endpoint{IpAddress::v4(0xC6336409), 31001});
  // Nobody waits for it any more, and nobody ever did for another.
  s.proxy.on_addresses(s.now, "media.example.net", {IpAddress::v4(1)}, out);
  s.proxy.on_addresses(s.now, "other.example.net", {IpAddress::v4(1)}, out);
  CHECK(far_end() == Endpoint{IpAddress::v4(0xC6336409), 30000});
}

TEST_CASE("sip: a far end that can't be found is reported") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
  SipText ok = s.ok_of(s.to_central("INVITE"), "callee");
  ok.body = replaced(ok.body, "203.0.113.20", "media.example.net");
  s.server(ok);
  sip::Output out;
  s.proxy.on_addresses(s.now, "media.example.net", {}, out);
  s.take(out);
  CHECK(s.reported(sip::Event::Kind::no_media) == 1);
}
