// What the relay learns from a call's descriptions: who may send, and what payload types are.
#include <algorithm>

#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

const FakeBroker::Stream& only_stream(const Stand& s) {
  REQUIRE(s.broker.streams().size() == 1);
  return s.broker.streams().begin()->second;
}
std::string audio_described(std::string_view session, std::string_view own, std::string_view more,
                            std::string_view payload_types = "0 96 101") {
  return "v=0\r\no=- 1 1 IN IP4 10.0.0.7\r\ns=-\r\nc=IN IP4 " + std::string(session) +
         "\r\nt=0 0\r\nm=audio 30000 RTP/AVP " + std::string(payload_types) + "\r\n" +
         (own.empty() ? "" : "c=IN IP4 " + std::string(own) + "\r\n") + std::string(more);
}

}  // namespace

TEST_CASE("sip: each address that the central side's description names may send, of either kind of c=") {
  Stand s;
  s.register_phone();
  const SipText invite = s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}));
  s.phone(invite);
  CHECK(only_stream(s).sources.named.empty());
  CHECK_FALSE(only_stream(s).sources.first_comer);
  SipText ok = s.ok_of(s.to_central("INVITE"), "callee");
  s.server(ok.with_body("application/sdp", audio_described("10.0.0.41", "10.0.0.42", "")));
  CHECK(only_stream(s).far_end == Endpoint{*IpAddress::parse("10.0.0.42"), 30000});
  CHECK(only_stream(s).sources.named == std::vector{*IpAddress::parse("10.0.0.42"), *IpAddress::parse("10.0.0.41")});
}

TEST_CASE("sip: every server that is configured may send, trusted addresses too") {
  sip::ProxyOptions options = Stand::options(2);
  options.trusted = {*IpAddress::parse("10.9.9.9")};
  Stand s(options);
  s.register_phone();
  s.phone(s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
  const auto& others = only_stream(s).request.other_servers;
  for (const IpAddress& address : {*IpAddress::parse("10.9.9.9"), Stand::server_address(0), Stand::server_address(1)})
    CHECK(std::ranges::find(others, address) != others.end());
}

TEST_CASE("sip: the relay knows what either side's payload types are, in packets toward it") {
  Stand s;
  s.register_phone();
  const std::string offer =
      audio_described(Stand::phone_address().to_string(), "",
                      "a=rtpmap:0 PCMU/8000\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n");
  s.phone(s.from_phone("INVITE").with_body("application/sdp", offer));
  CHECK(only_stream(s).to_phone == MediaFormats{{0, 8'000, MediaFormat::Kind::media},
                                                {96, 48'000, MediaFormat::Kind::media},
                                                {101, 8'000, MediaFormat::Kind::event}});
  CHECK(only_stream(s).to_central.empty());
  SipText ok = s.ok_of(s.to_central("INVITE"), "callee");
  s.server(ok.with_body("application/sdp",
                        audio_described("10.0.0.41", "",
                                        "a=rtpmap:101 Telephone-Event/8000\r\na=rtpmap:98 CN/16000\r\n"
                                        "a=rtpmap:100 X-NSE/8000\r\na=rtpmap:128 x/8000\r\na=rtpmap:99\r\n",
                                        "101 98 100 128 99")));
  CHECK(only_stream(s).to_central == MediaFormats{{101, 8'000, MediaFormat::Kind::event},
                                                  {98, 16'000, MediaFormat::Kind::comfort_noise},
                                                  {100, 8'000, MediaFormat::Kind::nse}});
}

TEST_CASE("sip: RTCP goes where either side's a=rtcp says, and is the port after RTP's without one") {
  Stand s;
  s.register_phone();
  const std::string phone = Stand::phone_address().to_string();
  s.phone(s.from_phone("INVITE").with_body("application/sdp", audio_described(phone, "", "a=rtcp:30009\r\n")));
  CHECK(only_stream(s).stated_rtcp == Endpoint{Stand::phone_address(), 30009});
  SipText ok = s.ok_of(s.to_central("INVITE"), "callee");
  s.server(ok.with_body("application/sdp", audio_described("10.0.0.41", "", "a=rtcp:30777 IN IP4 10.0.0.44\r\n")));
  CHECK(only_stream(s).far_end_rtcp == Endpoint{*IpAddress::parse("10.0.0.44"), 30777});
  Stand plain;
  plain.register_phone();
  plain.call_up();
  CHECK_FALSE(only_stream(plain).stated_rtcp);
  CHECK_FALSE(only_stream(plain).far_end_rtcp);
}

TEST_CASE("sip: a router's port for RTCP goes to the central side, in offers and answers, never to the phone") {
  Stand s;
  s.register_phone();
  const auto up = s.call_up();
  CHECK(up.invite.body.find("a=rtcp") == std::string::npos);
  const MediaId id = s.broker.streams().begin()->first;
  const Endpoint outside = *Endpoint::parse("198.51.100.7:40000");
  s.broker.set_central(id, outside, Endpoint{outside.address, 50001});
  s.phone(s.within(up.phone_invite, "INVITE", up.phone_ok, 1)
              .with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384}, 2)));
  const std::string offer = s.to_central("INVITE").body;
  CHECK(offer.find("m=audio 40000 ") != std::string::npos);
  CHECK(offer.find("c=IN IP4 198.51.100.7") != std::string::npos);
  CHECK(offer.find("a=rtcp:50001") != std::string::npos);
  s.server(s.ok_of(s.to_central("INVITE"), "callee"));
  CHECK(s.to_phone("INVITE", 200).body.find("a=rtcp") == std::string::npos);
}

TEST_CASE("sip: another address of the router is in the next offer, under another version") {
  Stand s;
  s.register_phone();
  const auto up = s.call_up();
  const std::string sdp = sip_sdp({Stand::phone_address(), 16384});  // word for word as before
  s.broker.set_central(s.broker.streams().begin()->first, *Endpoint::parse("198.51.100.8:20002"));
  s.phone(s.within(up.phone_invite, "INVITE", up.phone_ok, 1).with_body("application/sdp", sdp));
  const auto version = [](const std::string& body) {
    const auto read = sip::parse_sdp(body);
    REQUIRE(read);
    return read->version;
  };
  const std::string offer = s.to_central("INVITE").body;
  CHECK(offer.find("c=IN IP4 198.51.100.8") != std::string::npos);
  CHECK(version(offer).value() > version(up.invite.body).value());
}
