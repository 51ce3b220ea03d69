// Several PBXs and tenants behind one box: which domain, server and port are a phone's says its own config.
#include <map>

#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

/// Phones that write our address for their domain, and what their configs say of them.
struct Tenants : Stand {
  Tenants() : Tenants(tenant_options()) {}
  explicit Tenants(sip::ProxyOptions o) : Stand(std::move(o)) {
    proxy.set_homes([this](std::string_view device, std::string_view user, const IpAddress& at) {
      const auto line = homes.find(std::string(device) + " " + std::string(user));
      if (line != homes.end()) return line->second;
      const auto phone = homes.find(device.empty() ? at.to_string() : std::string(device));
      return phone != homes.end() ? phone->second : sip::Home{};
    });
  }
  static sip::ProxyOptions tenant_options(unsigned servers = 1) {
    sip::ProxyOptions o = options(servers);
    o.central_domain.clear();
    return o;
  }
  static sip::ProxyOptions two_pbxs() {
    sip::ProxyOptions o = tenant_options(2);
    o.servers[0].domains = {"t1.example.net"};
    o.servers[1].domains = {"t2.example.net"};
    return o;
  }
  static std::string device(unsigned last) { return "SEP0011223344" + std::to_string(last % 90 + 10); }
  SipText ours(SipText m) const {
    for (auto& [name, value] : m.fields) {
      for (std::size_t at = 0; (at = value.find("pbx.example.net", at)) != std::string::npos;)
        value.replace(at, 15, "192.168.1.2");
    }
    const auto at = m.first.find("pbx.example.net");
    if (at != std::string::npos) m.first.replace(at, 15, "192.168.1.2");
    return m;
  }
  /// The REGISTER as the server got it.
  SipText registers(unsigned last, std::string_view user = "100") {
    say(phone_flow(last), ours(register_text(last, user)));
    return to_central("REGISTER");
  }
  std::string registered(unsigned last, std::string_view user = "100", unsigned n = 0) {
    const SipText got = registers(last, user);
    SipText ok = sip_answer(got, 200, "regtag");
    ok.add("Contact", got.get("Contact") + ";expires=3600");
    server(ok, n);
    advance(1ms);
    clear();
    return sip_uri(got.get("Contact"));
  }
  sip::Flow sent_to(std::string_view method) const { return all(true, method).back().to; }
  std::map<std::string, sip::Home, std::less<>> homes;
};

}  // namespace

TEST_CASE("two tenants of one PBX: each phone registers with the domain of its own config, and its calls carry that") {
  Tenants s;
  s.homes[Tenants::device(50)] = {"t1.example.net", 5060};
  s.homes[Tenants::device(51)] = {"t2.example.net", 5060};
  for (const auto& [last, domain] : {std::pair(50U, std::string("t1.example.net")), {51U, "t2.example.net"}}) {
    CAPTURE(domain);
    SipText sent = s.ours(s.register_text(last, "100"));
    sent.add("Authorization",
             "Digest username=\"100\",realm=\"pbx\",uri=\"sip:192.168.1.2\",response=\"00\",nonce=\"1\"");
    s.say(s.phone_flow(last), sent);
    const SipText got = s.to_central("REGISTER");
    CHECK(got.first == "REGISTER sip:" + domain + " SIP/2.0");
    CHECK(got.get("To") == "<sip:100@" + domain + ">");
    CHECK(sip_uri(got.get("From")) == "sip:100@" + domain);
    CHECK(got.get("Authorization") == sent.get("Authorization"));  // the digest is over the phone's own uri
    SipText ok = sip_answer(got, 200, "r");
    ok.add("Contact", got.get("Contact") + ";expires=3600");
    s.server(ok);
    const SipText back = s.to_phone("REGISTER", 200);
    CHECK(back.get("To").starts_with("<sip:100@192.168.1.2>"));
    s.advance(1ms);
    s.clear();
    SipText invite = s.ours(s.from_phone("INVITE", "200", last)).set("From", "<sip:100@192.168.1.2>;tag=p");
    invite.with_body("application/sdp", sip_sdp({s.phone_address(last), 16384}));
    s.say(s.phone_flow(last), invite);
    const SipText there = s.to_central("INVITE");
    CHECK(there.first == "INVITE sip:200@" + domain + " SIP/2.0");
    CHECK(sip_uri(there.get("From")) == "sip:100@" + domain);
    CHECK(sip_uri(there.get("To")) == "sip:200@" + domain);
    SipText answer = s.ok_of(there, "callee").add("P-Asserted-Identity", "<sip:200@" + domain + ">");
    s.server(answer);
    const SipText heard = s.to_phone("INVITE", 200);
    CHECK(sip_uri(heard.get("To")) == "sip:200@192.168.1.2");
    CHECK(heard.get("P-Asserted-Identity") == "<sip:200@192.168.1.2>");
    s.say(s.phone_flow(last), s.within(invite, "ACK", heard));
    CHECK(sip_uri(s.to_central("ACK").get("From")) == "sip:100@" + domain);
    // In the dialog too: what the phone names here is the domain there.
    SipText refer = s.within(invite, "REFER", heard, 1).add("Refer-To", "<sip:300@192.168.1.2>");
    s.say(s.phone_flow(last), refer);
    CHECK(s.to_central("REFER").get("Refer-To") == "<sip:300@" + domain + ">");
    s.server(s.back(there, "BYE", "callee", 9));
    CHECK(sip_uri(s.to_phone("BYE", -1).get("From")) == "sip:200@192.168.1.2");
    s.clear();
  }
}

TEST_CASE(
    "a call from the server shows a tenant's phone its own server's address for its own domain, and no other tenant's") {
  Tenants s;
  s.homes[Tenants::device(50)] = {"t1.example.net", 5060};
  const std::string contact = s.registered(50);
  SipText invite = s.from_server("INVITE", contact)
                       .set("From", "<sip:200@t1.example.net>;tag=f")
                       .set("To", "<sip:100@t1.example.net>");
  invite.add("Remote-Party-ID", "<sip:9@t2.example.net>");
  s.server(invite);
  const SipText got = s.to_phone("INVITE");
  CHECK(sip_uri(got.get("From")) == "sip:200@192.168.1.2");
  CHECK(sip_uri(got.get("To")) == "sip:100@192.168.1.2");
  CHECK(got.get("Remote-Party-ID") == "<sip:9@t2.example.net>");
}

TEST_CASE("the same extension of two tenants is two lines: neither's registrations nor limits are the other's") {
  auto o = Tenants::tenant_options();
  o.call_limits.calls_per_phone = 1;
  Tenants s(o);
  s.homes[Tenants::device(50)] = {"t1.example.net", 5060};
  s.homes[Tenants::device(51)] = {"t2.example.net", 5060};
  s.registered(50);
  s.registered(51);
  CHECK(s.proxy.bindings().size() == 2);
  for (const unsigned last : {50U, 51U}) {
    s.say(s.phone_flow(last), s.ours(s.from_phone("INVITE", "200", last)).set("From", "<sip:100@192.168.1.2>;tag=p"));
    CHECK(s.count(true, "INVITE") == last - 49);
  }
  // Contact: * of one leaves the other's.
  SipText all =
      s.ours(s.register_text(50, "100", 0)).set("Contact", "*").set("Expires", "0").set("CSeq", "102 REGISTER");
  s.say(s.phone_flow(50), all);
  s.server(sip_answer(s.to_central("REGISTER"), 200, "r"));
  CHECK(s.proxy.bindings().size() == 1);
}

TEST_CASE("a server that loses the token: the tenant that the To names is called") {
  Tenants s;
  s.homes[Tenants::device(50)] = {"t1.example.net", 5060};
  s.homes[Tenants::device(51)] = {"t2.example.net", 5060};
  for (const unsigned last : {50U, 51U}) {
    const SipText got = s.registers(last);
    SipText ok = sip_answer(got, 200, "r");
    std::string bare = got.get("Contact");
    const auto token = bare.find(";dw=");
    bare.erase(token, bare.find('>') - token);
    s.server(ok.add("Contact", bare + ";expires=3600"));
    s.advance(1ms);
    s.clear();
  }
  const auto call = [&](const std::string& domain) {
    s.server(s.from_server("INVITE", "sip:100@203.0.113.10:5060").set("To", "<sip:100@" + domain + ">"));
    const auto sent = s.all(false, "INVITE");
    const std::string where = sent.empty() ? "" : sent.back().to.peer.address.to_string();
    s.clear();
    return where;
  };
  CHECK(call("t1.example.net") == s.phone_address(50).to_string());
  CHECK(call("t2.example.net") == s.phone_address(51).to_string());
  CHECK(call("t3.example.net").empty());
}

TEST_CASE("two PBXs: each phone registers at its own, stays there when it is down, and is not sent to the other") {
  Tenants s(Tenants::two_pbxs());
  s.homes[Tenants::device(50)] = {"t1.example.net", 5060};
  s.homes[Tenants::device(51)] = {"t2.example.net", 5060};
  s.registers(50);
  CHECK(s.sent_to("REGISTER").peer.address == Stand::server_address(0));
  s.server(sip_answer(s.to_central("REGISTER"), 404, "r"));
  s.clear();
  s.registered(51, "100", 1);
  const SipText invite = s.ours(s.from_phone("INVITE", "200", 51)).set("From", "<sip:100@192.168.1.2>;tag=p");
  s.say(s.phone_flow(51), invite);
  CHECK(s.sent_to("INVITE").peer.address == Stand::server_address(1));
  s.advance(40s);
  CHECK(s.to_phone("INVITE").status() == 503);
  const auto reported = std::ranges::find(s.events, sip::Event::Kind::no_server, &sip::Event::kind);
  REQUIRE(reported != s.events.end());
  CHECK(reported->text.starts_with(Stand::server_address(1).to_string()));
  for (const auto& sent : s.all(true, "INVITE"))
    CHECK(sent.to.peer.address == Stand::server_address(1));
}

TEST_CASE("a cluster for one domain: the other of its servers takes over") {
  auto o = Tenants::two_pbxs();
  o.servers[0].domains = o.servers[1].domains = {"t1.example.net", "t2.example.net"};
  Tenants s(o);
  s.homes[Tenants::device(50)] = {"t2.example.net", 5060};
  s.registers(50);
  s.advance(5s);
  CHECK(s.sent_to("REGISTER").peer.address == Stand::server_address(1));
  CHECK(s.to_central("REGISTER").first == "REGISTER sip:t2.example.net SIP/2.0");
}

TEST_CASE("a softphone that writes its domain itself goes to that domain's server") {
  Tenants s(Tenants::two_pbxs());
  SipText m = s.register_text(50, "100");
  m.first = "REGISTER sip:t2.example.net SIP/2.0";
  m.set("To", "<sip:100@t2.example.net>").set("From", "<sip:100@t2.example.net>;tag=x");
  s.say(s.phone_flow(50), m);
  CHECK(s.sent_to("REGISTER").peer.address == Stand::server_address(1));
  CHECK(s.to_central("REGISTER").get("To") == "<sip:100@t2.example.net>");
}

TEST_CASE("two lines of one phone at two tenants: the line's user says which") {
  Tenants s;
  s.homes[Tenants::device(50)] = {"t1.example.net", 5060};
  s.homes[Tenants::device(50) + " 300"] = {"t2.example.net", 5060};
  CHECK(s.registers(50, "100").get("To") == "<sip:100@t1.example.net>");
  s.clear();
  CHECK(s.registers(50, "300").get("To") == "<sip:300@t2.example.net>");
}

TEST_CASE("a phone whose config was never seen has the first server's host for its domain, as before") {
  Tenants s;
  CHECK(s.registers(50).get("To") == "<sip:100@203.0.113.20>");
}

TEST_CASE(
    "central.sip.domain says what a call server's address is called, but a listed domain is what the config says") {
  auto o = Tenants::two_pbxs();
  o.central_domain = "pbx.example.net";
  Tenants s(o);
  s.homes[Tenants::device(50)] = {"203.0.113.20", 5060};
  s.homes[Tenants::device(51)] = {"t2.example.net", 5060};
  CHECK(s.registers(50).get("To") == "<sip:100@pbx.example.net>");
  s.clear();
  CHECK(s.registers(51).get("To") == "<sip:100@t2.example.net>");
}

TEST_CASE("a phone whose config names another domain leaves nothing at the old one") {
  Tenants s;
  s.homes[Tenants::device(50)] = {"t1.example.net", 5060};
  const std::string old = s.registered(50);
  s.homes[Tenants::device(50)] = {"t2.example.net", 5060};
  s.registered(50);
  CHECK(s.proxy.bindings().size() == 1);
  s.server(s.from_server("INVITE", old).set("To", "<sip:100@t1.example.net>"));
  CHECK(s.count(false, "INVITE") == 0);
}

TEST_CASE("a line that is registered stays in its domain when its config is not known any more") {
  Tenants s;
  s.homes[Tenants::device(50)] = {"t1.example.net", 5060};
  s.registered(50);
  s.homes.clear();
  CHECK(s.registers(50).get("To") == "<sip:100@t1.example.net>");
  CHECK(s.proxy.bindings().size() == 1);
}

TEST_CASE("an IPv6 literal in the config stands in brackets") {
  Tenants s;
  s.homes[Tenants::device(50)] = {"2001:db8::5", 5060};
  CHECK(s.registers(50).first == "REGISTER sip:[2001:db8::5] SIP/2.0");
}
