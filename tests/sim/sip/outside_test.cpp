// An edge behind a router that maps nothing when asked: servers get the address where they see us.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

sip::ProxyOptions edge(bool learns = true) {
  sip::ProxyOptions o = Stand::options();
  o.learn_outside = learns;
  return o;
}
/// An answer as a server writes it that saw the request come from there (RFC 3581 §4).
SipText seen(const SipText& request, int status, const std::string& received, const std::string& rport) {
  SipText answer = sip_answer(request, status, "regtag");
  std::string via = answer.get("Via");
  const auto at = via.find(";rport");
  REQUIRE(at != std::string::npos);
  via.replace(at, 6, ";rport=" + rport + (received.empty() ? "" : ";received=" + received));
  return answer.set("Via", via);
}
/// REGISTER, refused once as with a digest; gives the Contact of the second one.
std::string registers_twice(Stand& s, const std::string& received, const std::string& rport) {
  s.phone(s.register_text());
  s.server(seen(s.to_central("REGISTER"), 401, received, rport));
  s.clear();
  s.phone(s.register_text().set("CSeq", "102 REGISTER"));
  return sip_host(sip_uri(s.to_central("REGISTER").get("Contact")));
}

}  // namespace

TEST_CASE("outside: the Contact after the first answer is where the server sees us") {
  Stand s(edge());
  CHECK(registers_twice(s, "198.51.100.7", "33333") == "198.51.100.7:33333");
  REQUIRE(s.proxy.parts().router.outside());
  CHECK(s.proxy.parts().router.outside()->seen == *Endpoint::parse("198.51.100.7:33333"));
  CHECK(s.proxy.parts().router.outside()->local == Endpoint{Stand::central(), 5060});
}

TEST_CASE("outside: Via says the same, and calls are taken that come there") {
  Stand s(edge());
  registers_twice(s, "198.51.100.7", "33333");
  CHECK(sip_sent_by(s.to_central("REGISTER")) == "198.51.100.7:33333");
  const std::string contact = s.accept_register();
  CHECK(sip_host(contact) == "198.51.100.7:33333");
  s.server(s.from_server("INVITE", contact));
  CHECK(s.all(false, "INVITE").size() == 1);
}

TEST_CASE("outside: a server that says no address means the one of our Via") {
  Stand s(edge());
  CHECK(registers_twice(s, "", "5060") == Stand::central().to_string());
}

TEST_CASE("outside: what is mapped or set counts more, and a hosted box learns nothing") {
  Stand mapped(edge());
  mapped.proxy.set_mapped({{sip::Transport::udp, {Stand::central(), 5060}, *Endpoint::parse("198.51.100.9:5064")}});
  CHECK(registers_twice(mapped, "198.51.100.7", "33333") == "198.51.100.9:5064");
  sip::ProxyOptions o = edge();
  o.central_advertise = IpAddress::parse("198.51.100.1").value();
  Stand reported(o);
  CHECK(registers_twice(reported, "198.51.100.7", "33333") == "198.51.100.1");
  Stand hosted(edge(false));
  CHECK(registers_twice(hosted, "198.51.100.7", "33333") == Stand::central().to_string());
  CHECK_FALSE(hosted.proxy.parts().router.outside());
}

TEST_CASE("outside: what makes no sense is not used") {
  for (const auto& [received, rport] : {std::pair{"198.51.100.7", "0"},
                                        {"198.51.100.7", "70000"},
                                        {"198.51.100.7", "x"},
                                        {"pbx.example.net", "5060"},
                                        {"0.0.0.0", "5060"},
                                        {"198.51.100.7:5", "5060"}}) {
    CAPTURE(received);
    CAPTURE(rport);
    Stand s(edge());
    CHECK(registers_twice(s, received, rport) == Stand::central().to_string());
  }
}

TEST_CASE("outside: an answer from elsewhere teaches nothing") {
  Stand s(edge());
  s.phone(s.register_text());
  const SipText forged = seen(s.to_central("REGISTER"), 401, "203.0.113.66", "6666");
  s.say(sip::Flow{sip::Transport::udp,
                  {Stand::central(), 5060},
                  *Endpoint::parse("203.0.113.66:5060"),
                  sip::ConnectionId::none},
        forged);
  CHECK_FALSE(s.proxy.parts().router.outside());
}

TEST_CASE("outside: a new address of the router is used from the next request on") {
  Stand s(edge());
  registers_twice(s, "198.51.100.7", "33333");
  s.server(seen(s.to_central("REGISTER"), 401, "198.51.100.8", "44444"));
  s.clear();
  s.phone(s.register_text().set("CSeq", "103 REGISTER"));
  CHECK(sip_host(sip_uri(s.to_central("REGISTER").get("Contact"))) == "198.51.100.8:44444");
}

TEST_CASE(
    "outside: what comes over a connection to a server of UDP is answered with where that server sees us by UDP") {
  Stand s(edge());
  registers_twice(s, "198.51.100.7", "33333");
  const std::string contact = s.accept_register();
  s.phone(s.from_phone("MESSAGE").with_body("text/plain", std::string(1300, 'x')));
  REQUIRE(s.connects.size() == 1);
  s.proxy.on_connected(s.now, s.connects[0].id, {Stand::central(), 45000});
  const sip::Flow by_tcp = s.sent.back().to;
  REQUIRE(by_tcp.transport == sip::Transport::tcp);
  s.say(by_tcp, seen(s.to_central("MESSAGE"), 200, "198.51.100.7", "45678"));  // the connection's own port
  // A server that keeps the connection may use it for what it begins.
  s.say(by_tcp,
        s.from_server("INVITE", contact).with_body("application/sdp", sip_sdp({Stand::server_address(), 30000})));
  s.phone(sip_answer(s.to_phone("INVITE"), 200, "phonetag")
              .add("Contact", "<sip:1001@192.168.1.50:5060>")
              .with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
  const std::string reported = sip_uri(s.to_central("INVITE", 200).get("Contact"));
  CHECK(sip_host(reported) == "198.51.100.7:33333");
  CHECK(reported.find("transport=tcp") == std::string::npos);
}

namespace {

SipText registers_again(Stand& s, unsigned cseq) {
  return s.register_text()
      .set("From", "<sip:1001@pbx.example.net>;tag=one")
      .set("CSeq", std::to_string(cseq) + " REGISTER");
}
SipText granted(const SipText& request, const std::string& received, const std::string& rport) {
  return seen(request, 200, received, rport).add("Contact", request.get("Contact") + ";expires=3600");
}

}  // namespace

TEST_CASE("outside: phones behind a router that may move register each minute, here until it has moved") {
  Stand s(edge());
  s.phone(registers_again(s, 101));
  s.server(granted(s.to_central("REGISTER"), "198.51.100.7", "33333"));
  CHECK(s.to_phone("REGISTER", 200).get("Expires") == "60");
  for (unsigned i = 0; i < 3; ++i) {
    s.advance(50s);
    s.clear();
    s.phone(registers_again(s, 102 + i));
    // The first one has what the server's answer taught us.
    if (i == 0) s.server(granted(s.to_central("REGISTER"), "198.51.100.7", "33333"));
    CHECK(s.count(true, "REGISTER") == (i == 0 ? 1 : 0));
    CHECK(s.to_phone("REGISTER", 200).get("Expires") == "60");
  }
  s.phone(s.from_phone("MESSAGE"));
  s.server(seen(s.to_central("MESSAGE"), 200, "198.51.100.8", "44444"));
  s.advance(50s);
  s.clear();
  s.phone(registers_again(s, 105));
  CHECK(sip_host(sip_uri(s.to_central("REGISTER").get("Contact"))) == "198.51.100.8:44444");
}

TEST_CASE("outside: likewise when a mapping is another one, and when the connection to a server of TCP is gone") {
  Stand mapped(edge());
  const auto external = [&](const char* at) {
    mapped.proxy.set_mapped({{sip::Transport::udp, {Stand::central(), 5060}, *Endpoint::parse(at)}});
  };
  external("198.51.100.7:5060");
  mapped.phone(registers_again(mapped, 101));
  mapped.server(granted(mapped.to_central("REGISTER"), "198.51.100.7", "5060"));
  mapped.clear();
  external("198.51.100.7:5060");
  mapped.phone(registers_again(mapped, 102));
  CHECK(mapped.count(true, "REGISTER") == 0);
  external("198.51.100.8:5060");
  mapped.phone(registers_again(mapped, 103));
  CHECK(sip_host(sip_uri(mapped.to_central("REGISTER").get("Contact"))) == "198.51.100.8");

  sip::ProxyOptions o = Stand::options(1, sip::Transport::tcp);
  o.learn_outside = true;
  Stand s(o);
  s.phone(registers_again(s, 101));
  REQUIRE(s.connects.size() == 1);
  s.proxy.on_connected(s.now, s.connects[0].id, {Stand::central(), 45000});
  sip::Flow by_tcp = s.sent.back().to;
  s.say(by_tcp, granted(s.to_central("REGISTER"), "198.51.100.7", "45678"));
  CHECK(s.to_phone("REGISTER", 200).get("Expires") == "60");
  s.phone(registers_again(s, 102));
  s.say(by_tcp, granted(s.to_central("REGISTER"), "198.51.100.7", "45678"));
  s.clear();
  s.phone(registers_again(s, 103));
  CHECK(s.count(true, "REGISTER") == 0);
  sip::Output out;
  s.proxy.on_connection_closed(s.now, s.connects[0].id, "connection reset", out);
  s.take(out);
  s.phone(registers_again(s, 104));
  CHECK(s.count(true, "REGISTER") == 1);
}

TEST_CASE("outside: where no router stands between, phones get what the server granted") {
  Stand s(edge());
  s.phone(registers_again(s, 101));
  s.server(granted(s.to_central("REGISTER"), Stand::central().to_string(), "5060"));
  CHECK(sip_param(s.to_phone("REGISTER", 200).get("Contact"), "expires") == "3600");
}
