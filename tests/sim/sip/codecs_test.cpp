// Which codecs either side is offered, where the settings say so.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

sip::ProxyOptions with_codecs(const std::vector<std::string>& to_phones, const std::vector<std::string>& to_central) {
  sip::ProxyOptions o = Stand::options();
  o.codecs_to_phones = sip::CodecRules::parse(to_phones).value();
  o.codecs_to_central = sip::CodecRules::parse(to_central).value();
  return o;
}

std::string three_codecs(const IpAddress& at, std::uint16_t port) {
  std::string sdp = sip_sdp({at, port});
  const std::string formats = "RTP/AVP 0 101";
  return sdp.replace(sdp.find(formats), formats.size(), "RTP/AVP 0 8 18 101");
}

std::string formats_of(const SipText& m) {
  const auto at = m.body.find("m=audio ");
  if (at == std::string::npos) return {};
  const auto formats = m.body.find("RTP/AVP ", at) + 8;
  return m.body.substr(formats, m.body.find("\r\n", formats) - formats);
}

}  // namespace

TEST_CASE("sip: each side is offered its own codecs, and an answer is passed as it is") {
  Stand s(with_codecs({"PCMA", "PCMU"}, {"-G729"}));
  const std::string contact = s.register_phone();
  const SipText invite =
      s.from_phone("INVITE").with_body("application/sdp", three_codecs(Stand::phone_address(), 16384));
  s.phone(invite);
  CHECK(formats_of(s.to_central("INVITE")) == "0 8 101");
  SipText ok = s.ok_of(s.to_central("INVITE"), "callee");
  ok.body = three_codecs(Stand::server_address(), 30000);
  s.server(ok);
  CHECK(formats_of(s.to_phone("INVITE", 200)) == "0 8 18 101");

  s.server(s.from_server("INVITE", contact).with_body("application/sdp", three_codecs(Stand::server_address(), 30002)));
  CHECK(formats_of(s.to_phone("INVITE", 0)) == "8 0 101");
}

TEST_CASE("sip: an offer in a 2xx is cut too, also when it comes again, and its answer is not") {
  Stand s(with_codecs({"PCMA"}, {"PCMU"}));
  s.register_phone();
  const SipText invite = s.from_phone("INVITE");
  s.phone(invite);
  SipText ok = s.ok_of(s.to_central("INVITE"), "callee");
  ok.body = three_codecs(Stand::server_address(), 30000);
  s.server(ok);
  CHECK(formats_of(s.to_phone("INVITE", 200)) == "8 101");
  s.server(ok);
  CHECK(formats_of(s.to_phone("INVITE", 200)) == "8 101");
  CHECK(s.count(false, "INVITE", 200) == 2);
  s.phone(s.within(invite, "ACK", s.to_phone("INVITE", 200))
              .with_body("application/sdp", three_codecs(Stand::phone_address(), 16384)));
  CHECK(formats_of(s.to_central("ACK")) == "0 8 18 101");
}

TEST_CASE("sip: an offer of which no codec is left is 488 to either side") {
  Stand s(with_codecs({"G722"}, {"-PCMU", "-PCMA", "-G729"}));
  const std::string contact = s.register_phone();
  s.phone(s.from_phone("INVITE").with_body("application/sdp", three_codecs(Stand::phone_address(), 16384)));
  CHECK(s.count(true, "INVITE") == 0);
  CHECK(s.count(false, "INVITE", 488) == 1);
  s.server(s.from_server("INVITE", contact).with_body("application/sdp", three_codecs(Stand::server_address(), 30000)));
  CHECK(s.count(false, "INVITE", 0) == 0);
  CHECK(s.count(true, "INVITE", 488) == 1);
  s.advance(5min);
  CHECK(s.broker.streams().empty());
}
