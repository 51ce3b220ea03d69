// Offers and answers (RFC 3264): which descriptions move the media, and what is again as it was when an offer is
// refused, whatever carried it.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

std::string sdp_of_far(std::uint16_t port, unsigned version = 1, std::string_view direction = "sendrecv") {
  return sip_sdp({Stand::server_address(), port}, version, direction);
}
std::string sdp_of_phone(std::uint16_t port, unsigned version = 1, std::string_view direction = "sendrecv") {
  return sip_sdp({Stand::phone_address(), port}, version, direction);
}
std::string fax(const IpAddress& at, std::uint16_t port) {
  std::string sdp = sip_sdp({at, port}, 2);
  sdp.replace(sdp.find("m=audio"), sdp.find("\r\n", sdp.find("m=audio")) - sdp.find("m=audio"),
              "m=image " + std::to_string(port) + " udptl t38");
  return sdp;
}

struct Media {
  std::uint16_t far = 0, phone = 0;
  bool opaque = false;
  friend bool operator==(const Media&, const Media&) = default;
};
Media media(Stand& s) {
  REQUIRE(s.broker.streams().size() == 1);
  const auto& stream = s.broker.streams().begin()->second;
  return {stream.far_end ? stream.far_end->port : std::uint16_t{0},
          stream.stated ? stream.stated->port : std::uint16_t{0}, stream.opaque};
}
std::string state(Stand& s) {
  return s.proxy.parts().calls.running(s.now).at(0).state;
}

SipText update_of_far(Stand& s, const Stand::Up& call, unsigned cseq, const std::string& sdp,
                      const char* method = "UPDATE") {
  return s.back(call.phone_invite, method, "callee", cseq).with_body("application/sdp", sdp);
}

}  // namespace

TEST_CASE("sip: an offer of the far end that is refused leaves the media as they were, whatever carried it") {
  for (const char* method : {"INVITE", "UPDATE", "PRACK"}) {
    for (const int status : {491, 488, 500, 401}) {
      INFO(method, " ", status);
      Stand s;
      s.register_phone();
      const auto call = s.call_up();
      const Media before = media(s);
      CHECK(before.far == 30000);
      s.server(update_of_far(s, call, 50, sdp_of_far(40000, 2, "sendonly"), method));
      s.phone(sip_answer(s.to_phone(method, 0), status, ""));
      CHECK(s.count(true, method, status) == 1);
      CHECK(media(s) == before);
      CHECK(state(s) == "connected");
      s.server(update_of_far(s, call, 51, fax(Stand::server_address(), 40002), method));
      CHECK(media(s).opaque);
      s.phone(sip_answer(s.to_phone(method, 0), status, ""));
      CHECK(media(s) == before);
    }
  }
}

TEST_CASE("sip: an offer of the phone that is refused leaves the media as they were, whatever carried it") {
  for (const char* method : {"INVITE", "UPDATE", "PRACK"}) {
    INFO(method);
    Stand s;
    s.register_phone();
    const auto call = s.call_up();
    const Media before = media(s);
    CHECK(before.phone == 16384);
    s.phone(s.within(call.phone_invite, method, call.phone_ok, 1)
                .with_body("application/sdp", sdp_of_phone(17000, 2, "inactive")));
    CHECK(media(s).phone == 17000);
    CHECK(state(s) == "on hold");
    s.server(sip_answer(s.to_central(method, 0), 491, ""));
    CHECK(media(s) == before);
    CHECK(state(s) == "connected");
  }
}

TEST_CASE("sip: an offer that is accepted stays, whatever carried it, and what is refused later goes back to it") {
  for (const char* method : {"INVITE", "UPDATE", "PRACK"}) {
    INFO(method);
    Stand s;
    s.register_phone();
    const auto call = s.call_up();
    s.server(update_of_far(s, call, 50, sdp_of_far(40000, 2), method));
    s.phone(sip_answer(s.to_phone(method, 0), 200, "").with_body("application/sdp", sdp_of_phone(17000, 2)));
    const Media moved{40000, 17000, false};
    CHECK(media(s) == moved);
    s.server(update_of_far(s, call, 51, sdp_of_far(41000, 3), method));
    s.phone(sip_answer(s.to_phone(method, 0), 488, ""));
    CHECK(media(s) == moved);
  }
}

TEST_CASE("sip: an UPDATE that nobody answers leaves the media as they were") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  s.server(update_of_far(s, call, 50, sdp_of_far(40000, 2)));
  CHECK(media(s).far == 40000);
  s.advance(33s);
  CHECK(media(s).far == 30000);
}

TEST_CASE("sip: offers that cross are both refused: each side is as it was, and the call is not on hold") {
  for (const bool phone_first : {true, false}) {
    for (const bool phone_hears_first : {true, false}) {
      CAPTURE(phone_first);
      CAPTURE(phone_hears_first);
      Stand s;
      s.register_phone();
      const auto call = s.call_up();
      const Media before = media(s);
      const auto of_phone = [&] {
        s.phone(s.within(call.phone_invite, "INVITE", call.phone_ok, 1)
                    .with_body("application/sdp", sdp_of_phone(17000, 2, "sendonly")));
      };
      const auto of_far = [&] { s.server(update_of_far(s, call, 50, sdp_of_far(40000, 2, "sendonly"), "INVITE")); };
      phone_first ? of_phone() : of_far();
      phone_first ? of_far() : of_phone();
      const SipText at_server = s.to_central("INVITE", 0), at_phone = s.to_phone("INVITE", 0);
      const auto to_phone = [&] { s.server(sip_answer(at_server, 491, "")); };
      phone_hears_first ? to_phone() : s.phone(sip_answer(at_phone, 491, ""));
      phone_hears_first ? s.phone(sip_answer(at_phone, 491, "")) : to_phone();
      CHECK(media(s) == before);
      CHECK(state(s) == "connected");
      // One of them tries again.
      s.phone(s.within(call.phone_invite, "INVITE", call.phone_ok, 2)
                  .with_body("application/sdp", sdp_of_phone(17000, 3, "sendonly")));
      s.server(s.ok_of(s.to_central("INVITE", 0), "callee"));
      CHECK(state(s) == "on hold");
      CHECK(media(s) == Media{30000, 17000, false});
    }
  }
}

TEST_CASE("sip: an offer in a 200 is answered in the ACK; an ACK without an answer leaves the media as they were") {
  Stand s;
  s.register_phone();
  const auto call = s.call_up();
  const Media before = media(s);
  s.phone(s.within(call.phone_invite, "INVITE", call.phone_ok, 1));
  SipText ok = s.ok_of(s.to_central("INVITE", 0), "callee", 0, 40000);
  s.server(ok);
  CHECK(media(s).far == 40000);
  SipText ack = s.within(call.phone_invite, "ACK", call.phone_ok, 1);
  SUBCASE("answered") {
    s.phone(ack.with_body("application/sdp", sdp_of_phone(17000, 2)));
    CHECK(media(s) == Media{40000, 17000, false});
    s.server(ok);  // it comes again, and so does its ACK
    s.phone(ack);
    CHECK(media(s) == Media{40000, 17000, false});
  }
  SUBCASE("not answered") {
    s.phone(ack);
    CHECK(media(s) == before);
  }
}

TEST_CASE("sip: a late offer and its answer begin a call's media") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE");
  s.phone(invite);
  s.server(s.ok_of(s.to_central("INVITE"), "callee"));
  const SipText ok = s.to_phone("INVITE", 200);
  CHECK(sip_media(ok.body)->address == Stand::access());
  s.phone(s.within(invite, "ACK", ok).with_body("application/sdp", sdp_of_phone(16384)));
  CHECK(media(s) == Media{30000, 16384, false});
  CHECK(sip_media(s.to_central("ACK").body)->address == Stand::central());
}

TEST_CASE("sip: an offer in a reliable 183 is answered in PRACK, and the next PRACK may offer again") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE");
  s.phone(invite);
  const SipText there = s.to_central("INVITE");
  SipText progress = s.ok_of(there, "callee");
  progress.first = "SIP/2.0 183 Session Progress";
  progress.add("Require", "100rel").add("RSeq", "1");
  s.server(progress);
  const SipText here = s.to_phone("INVITE", 183);
  s.phone(s.within(invite, "PRACK", here, 1).with_body("application/sdp", sdp_of_phone(16384)));
  CHECK(media(s) == Media{30000, 16384, false});
  s.server(sip_answer(s.to_central("PRACK", 0), 200, ""));
  s.phone(s.within(invite, "PRACK", here, 2).with_body("application/sdp", sdp_of_phone(17000, 2)));
  CHECK(media(s).phone == 17000);
  s.server(sip_answer(s.to_central("PRACK", 0), 488, ""));
  CHECK(media(s) == Media{30000, 16384, false});
}

TEST_CASE("sip: an answer that comes again after the media were moved moves nothing back") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE").with_body("application/sdp", sdp_of_phone(16384));
  s.phone(invite);
  const SipText there = s.to_central("INVITE");
  SipText progress = s.ok_of(there, "callee");
  progress.first = "SIP/2.0 183 Session Progress";
  progress.add("Require", "100rel").add("RSeq", "1");
  s.server(progress);
  s.server(s.back(invite, "UPDATE", "callee", 5).with_body("application/sdp", sdp_of_far(40000, 2)));
  s.phone(sip_answer(s.to_phone("UPDATE", 0), 200, "").with_body("application/sdp", sdp_of_phone(16384, 2)));
  CHECK(media(s).far == 40000);
  s.server(progress);  // as its PRACK was lost
  CHECK(media(s).far == 40000);
  s.server(s.ok_of(there, "callee"));  // says once more what its 183 said (RFC 6337 §3.1.1)
  CHECK(media(s).far == 40000);
  CHECK(sip_media(s.to_phone("INVITE", 200).body)->address == Stand::access());
  s.phone(
      s.within(invite, "INVITE", s.to_phone("INVITE", 200), 3).with_body("application/sdp", sdp_of_phone(16384, 3)));
  s.server(s.ok_of(s.to_central("INVITE", 0), "callee", 0, 42000));
  s.server(s.ok_of(there, "callee"));
  CHECK(media(s).far == 42000);
}

TEST_CASE("sip: an unreliable 183 is no last word: what the 200 says applies") {
  Stand s;
  s.register_phone();
  s.phone(s.from_phone("INVITE").with_body("application/sdp", sdp_of_phone(16384)));
  const SipText there = s.to_central("INVITE");
  for (const unsigned port : {30000U, 31000U, 30000U}) {
    SipText progress = s.ok_of(there, "callee", 0, port);
    progress.first = "SIP/2.0 183 Session Progress";
    s.server(progress);
    CHECK(media(s).far == port);
  }
  s.server(s.ok_of(there, "callee", 0, 32000));
  CHECK(media(s).far == 32000);
}

TEST_CASE("sip: of several that rang with audio, the call's is that of who answers, though it says nothing more") {
  for (const bool described : {true, false}) {
    CAPTURE(described);
    Stand s;
    s.register_phone();
    s.phone(s.from_phone("INVITE").with_body("application/sdp", sdp_of_phone(16384)));
    const SipText there = s.to_central("INVITE");
    for (const char* tag : {"a", "b"}) {
      SipText progress = s.ok_of(there, tag, 0, tag[0] == 'a' ? 30000 : 31000);
      progress.first = "SIP/2.0 183 Session Progress";
      progress.add("Require", "100rel").add("RSeq", "1");
      s.server(progress);
    }
    CHECK(media(s).far == 31000);
    SipText ok = s.ok_of(there, "a");
    if (!described) ok.drop("Content-Type").body.clear();
    s.server(ok);
    CHECK(media(s).far == 30000);
  }
}

TEST_CASE("sip: a description that is no offer and no answer touches no media, and has no address") {
  for (const char* method : {"OPTIONS", "MESSAGE", "INFO", "NOTIFY"}) {
    INFO(method);
    Stand s;
    s.register_phone();
    const auto call = s.call_up();
    const Media before = media(s);
    s.phone(s.within(call.phone_invite, method, call.phone_ok, 1).with_body("application/sdp", sdp_of_phone(17000, 2)));
    CHECK(s.to_central(method, 0).body.find("192.168.") == std::string::npos);
    s.server(sip_answer(s.to_central(method, 0), 200, "").with_body("application/sdp", sdp_of_far(0, 2)));
    CHECK(media(s) == before);
    s.server(update_of_far(s, call, 50, sdp_of_far(40000, 2), method));
    CHECK(s.to_phone(method, 0).body.find("203.0.113.20") == std::string::npos);
    s.phone(sip_answer(s.to_phone(method, 0), 200, "").with_body("application/sdp", sdp_of_phone(17000, 2)));
    CHECK(s.to_central(method, 200).body.find("192.168.") == std::string::npos);
    CHECK(media(s) == before);
    CHECK(state(s) == "connected");
  }
}
