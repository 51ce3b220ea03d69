// Where the two ends of a dialog are: the address of a server's name that it runs over, and the phone that began it.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

/// One name with two addresses, and a trusted peer that is no server's.
struct Cluster {
  explicit Cluster(sip::Transport transport = sip::Transport::udp) : s(options(transport)) { know(2); }
  static sip::ProxyOptions options(sip::Transport transport) {
    sip::ProxyOptions o = Stand::options(1, transport);
    o.trusted = {Stand::server_address(5)};
    return o;
  }
  void know(unsigned count, unsigned first = 0) {
    std::vector<sip::Servers::Address> all;
    for (unsigned n = first; n < first + count; ++n)
      all.push_back({{Stand::server_address(n), 5060}, {Stand::central(), 5060}});
    s.proxy.set_server_addresses(0, all);
  }
  /// The last one of that method, and where it went.
  IpAddress went_to(std::string_view method) {
    const auto all = s.all(true, method);
    REQUIRE(!all.empty());
    return all.back().to.peer.address;
  }
  /// A call of `n` to the phone. Gives the INVITE and the phone's answer as `n` has it.
  std::pair<SipText, SipText> call_from(unsigned n, const std::string& contact) {
    SipText invite = s.from_server("INVITE", contact, n);
    s.server(invite, n);
    at_phone = s.to_phone("INVITE", 0);
    s.phone(sip_answer(at_phone, 200, "p").add("Contact", "<sip:1001@192.168.1.50:5060>"));
    const SipText ok = s.to_central("INVITE", 200);
    s.server(s.within(invite, "ACK", ok), n);
    return {invite, ok};
  }
  SipText of_phone(std::string_view method, unsigned cseq) {
    SipText m = s.request(method, sip_uri(at_phone.get("Contact")), "192.168.1.50:5060");
    m.add("From", at_phone.get("To") + ";tag=p")
        .add("To", at_phone.get("From"))
        .add("Call-ID", at_phone.get("Call-ID"));
    return m.add("CSeq", std::to_string(cseq) + " " + std::string(method));
  }
  Stand s;
  SipText at_phone;
};

}  // namespace

TEST_CASE("sip: a dialog stays with the address of its server's name that began it, and with a trusted peer") {
  for (const unsigned n : {0U, 1U, 5U}) {
    CAPTURE(n);
    Cluster c;
    const std::string contact = c.s.register_phone();
    c.call_from(n, contact);
    unsigned cseq = 1;
    for (const char* method : {"INFO", "INVITE", "ACK", "BYE"}) {
      SipText m = c.of_phone(method, std::string_view(method) == "ACK" ? cseq - 1 : cseq);
      ++cseq;
      c.s.phone(m);
      CHECK(c.went_to(method) == Stand::server_address(n));
      if (m.method() == "ACK") continue;
      CHECK(c.s.all(true, method).back().to.peer.port == 5060);
      SipText ok = sip_answer(c.s.to_central(method, 0), 200, "");
      ok.add("Contact", "<sip:2001@" + Stand::server_address(n).to_string() + ">");
      c.s.server(ok, n);
      CHECK(c.s.count(false, method, 200) == 1);
    }
  }
}

TEST_CASE(
    "sip: a server behind a router is reached at its configured port, another process of it where it says it listens") {
  struct Sender {
    std::uint16_t source;
    const char* sent_by;
    std::uint16_t wanted;
  };
  for (const Sender& sender : {Sender{40001, "10.9.9.9:5060", 5060}, Sender{40002, "203.0.113.21:5080", 5080},
                               Sender{5080, "203.0.113.21:5080", 5080}}) {
    CAPTURE(sender.source);
    Cluster c;
    auto options = Cluster::options(sip::Transport::udp);
    options.trusted.push_back(Stand::server_address(1));  // it sends from other ports than it listens at
    REQUIRE(c.s.proxy.configure(options));
    const std::string contact = c.s.register_phone();
    sip::Flow from = Stand::server_flow(1);
    from.peer.port = sender.source;
    SipText invite = c.s.from_server("INVITE", contact, 1);
    invite.set("Via", "SIP/2.0/UDP " + std::string(sender.sent_by) + ";branch=" + c.s.new_branch());
    c.s.say(from, invite);
    c.at_phone = c.s.to_phone("INVITE", 0);
    c.s.phone(sip_answer(c.at_phone, 200, "p").add("Contact", "<sip:1001@192.168.1.50:5060>"));
    c.s.phone(c.of_phone("BYE", 1));
    CHECK(c.s.all(true, "BYE").back().to.peer == Endpoint{Stand::server_address(1), sender.wanted});
  }
}

TEST_CASE("sip: a dialog that a phone began stays where its INVITE went, though the name has others first now") {
  Cluster c;
  c.s.register_phone();
  const auto call = c.s.call_up();
  c.know(2, 1);  // the first one's gone out of the name
  c.s.phone(c.s.within(call.phone_invite, "INFO", call.phone_ok, 1));
  CHECK(c.went_to("INFO") == Stand::server_address(0));
  c.s.server(sip_answer(c.s.to_central("INFO", 0), 200, ""));
  c.s.server(c.s.back(call.phone_invite, "BYE", "callee", 50));  // it is the central side's still
  CHECK(c.s.count(false, "BYE", 0) == 1);
  c.s.phone(sip_answer(c.s.to_phone("BYE", 0), 200, ""));
  c.s.advance(5min);
  c.s.clear();
  c.s.server(c.s.from_server("OPTIONS", "sip:203.0.113.10"));  // and nobody's once its dialogs are over
  CHECK(c.s.count(true, "OPTIONS") == 0);
}

TEST_CASE("sip: a dialog whose address is silent goes on over the next one of its server's name") {
  Cluster c;
  const std::string contact = c.s.register_phone();
  c.call_from(1, contact);
  c.s.phone(c.of_phone("INFO", 1));
  CHECK(c.went_to("INFO") == Stand::server_address(1));
  c.s.advance(4s);
  CHECK(c.went_to("INFO") == Stand::server_address(0));
  const SipText there = c.s.to_central("INFO", 0);
  c.s.server(sip_answer(there, 200, ""), 0);
  CHECK(c.s.count(false, "INFO", 200) == 1);
  c.s.phone(c.of_phone("BYE", 2));
  CHECK(c.went_to("BYE") == Stand::server_address(0));
}

TEST_CASE("sip: over TCP a dialog goes back to the node that called, and on to the next when it takes no connection") {
  Cluster c(sip::Transport::tcp);
  c.s.phone(c.s.register_text());
  const sip::Flow first = c.s.sent.at(0).to;
  SipText ok = sip_answer(c.s.to_central("REGISTER"), 200, "r");
  c.s.say(first, ok.add("Contact", c.s.to_central("REGISTER").get("Contact") + ";expires=3600"));
  const std::string contact = sip_uri(c.s.to_central("REGISTER").get("Contact"));
  sip::Flow in{sip::Transport::tcp, {Stand::central(), 5060}, {Stand::server_address(1), 40000}, {}};
  in.connection = c.s.proxy.on_accepted(c.s.now, in.peer, in.local);
  SipText invite = c.s.from_server("INVITE", contact, 1);
  c.s.say(in, invite.set("Via", "SIP/2.0/TCP 203.0.113.21:5060;branch=" + c.s.new_branch()));
  c.at_phone = c.s.to_phone("INVITE", 0);
  c.s.phone(sip_answer(c.at_phone, 200, "p").add("Contact", "<sip:1001@192.168.1.50:5060>"));
  c.s.phone(c.of_phone("BYE", 1));
  const auto to = c.s.all(true, "BYE").back().to;
  CHECK(to.peer == Endpoint{Stand::server_address(1), 5060});
  sip::Output out;
  c.s.proxy.on_connection_closed(c.s.now, to.connection, "refused", out);
  c.s.take(out);
  CHECK(c.went_to("BYE") == Stand::server_address(0));
}

TEST_CASE("sip: another address of the central side may answer, a stranger may not") {
  for (const unsigned n : {1U, 5U, 9U}) {
    CAPTURE(n);
    Cluster c;
    c.s.register_phone();
    const SipText invite = c.s.from_phone("INVITE");
    c.s.phone(invite);
    SipText ok = c.s.ok_of(c.s.to_central("INVITE"), "callee", n);
    c.s.server(ok, n);
    CHECK(c.s.count(false, "INVITE", 200) == (n == 9 ? 0 : 1));
    if (n == 9) continue;
    // It says that it is there, so that is where the dialog is.
    c.s.phone(c.s.within(invite, "ACK", c.s.to_phone("INVITE", 200)));
    CHECK(c.went_to("ACK") == Stand::server_address(n));
  }
}

namespace {

SipText anonymous_call(Stand& s, const std::string& sent_by, const std::string& contact) {
  SipText m = s.request("INVITE", "sip:600@192.168.1.2", sent_by);
  m.add("From", "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=" + s.new_branch())
      .add("To", "<sip:600@192.168.1.2>");
  m.add("Call-ID", s.new_branch()).add("CSeq", "1 INVITE");
  if (!contact.empty()) m.add("Contact", "<" + contact + ">");
  return m;
}

}  // namespace

TEST_CASE(
    "sip: of two phones at one public address an anonymous caller is known by its Contact, else by its own flow") {
  for (const bool swapped : {false, true}) {
    Stand s;
    const auto at = [](std::uint16_t port) { return Stand::phone_flow(60, port); };
    const auto enrol = [&](unsigned user, std::uint16_t port) {
      SipText m = s.register_text(60, std::to_string(user));
      const std::string contact = "<sip:" + std::to_string(user) + "@10.0.0." + std::to_string(user) + ":5060>";
      m.set("Via", "SIP/2.0/UDP 10.0.0." + std::to_string(user) + ":5060;rport;branch=" + s.new_branch());
      s.say(at(port), m.set("Contact", contact));
      s.accept_register();
    };
    enrol(swapped ? 1002 : 1001, swapped ? 5062 : 5060);
    enrol(swapped ? 1001 : 1002, swapped ? 5060 : 5062);
    struct Caller {
      std::uint16_t from;
      const char* contact;
      std::uint16_t bye;  ///< where the server's BYE must go
    };
    const Caller callers[] = {
        {40000, "sip:1002@10.0.0.1002:5060", 5062},
        {40001, "sip:1001@10.0.0.99:5060", 40001},
        {5062, "sip:anonymous@10.0.0.77", 5062},
        {40002, "sip:x@10.0.0.5:5070", 40002},
    };
    for (const Caller& caller : callers) {
      CAPTURE(caller.from);
      SipText invite = anonymous_call(s, "10.0.0.5:" + std::to_string(caller.from) + ";rport", caller.contact);
      s.say(at(caller.from), invite);
      const SipText there = s.to_central("INVITE", 0);
      s.server(s.ok_of(there, "callee"));
      s.server(s.back(there, "BYE", "callee", 5));
      CHECK(s.all(false, "BYE", 0).back().to.peer.port == caller.bye);
    }
    // One of them, by its very Contact from another port: its own binding.
    SipText invite = anonymous_call(s, "10.0.0.1:40009;rport", "sip:1001@10.0.0.1001:5060");
    s.say(at(40009), invite);
    CHECK(sip_uri_param(sip_uri(s.to_central("INVITE", 0).get("Contact")), "dw").value_or("none") != "none");
  }
}

TEST_CASE("sip: a call without audio for long is said to be, goes on, and comes back; its BYE passes") {
  sip::ProxyOptions o = Stand::options();
  o.media_idle = 5min;
  Stand s(o);
  s.register_phone();
  const auto call = s.call_up();
  CHECK(s.proxy.parts().dialogs.calls() == 1);
  s.advance(20min);
  REQUIRE(s.reported(sip::Event::Kind::media_silent) == 1);
  CHECK(s.proxy.parts().dialogs.calls() == 0);
  CHECK(s.broker.streams().size() == 1);
  s.broker.reports[s.broker.streams().begin()->first].from_phone.heard = s.now;
  s.advance(1min);
  CHECK(s.reported(sip::Event::Kind::media_silent) == 2);
  CHECK(s.proxy.parts().dialogs.calls() == 1);
  s.advance(3h);
  s.phone(s.within(call.phone_invite, "BYE", call.phone_ok, 1));
  CHECK(s.count(true, "BYE") == 1);
  s.server(sip_answer(s.to_central("BYE"), 200, ""));
  s.advance(5min);
  CHECK(s.proxy.parts().dialogs.size() == 0);
  CHECK(s.proxy.parts().dialogs.calls() == 0);
}

TEST_CASE(
    "sip: when there are no ports left, the call that was silent for longest gives its own, and can still be ended") {
  sip::ProxyOptions o = Stand::options();
  o.media_idle = 5min;
  Stand s(o);
  s.broker.limit = 2;
  s.register_phone();
  const auto first = s.call_up();
  s.advance(10min);
  const auto second = s.call_up();
  s.advance(1min);
  const auto third = s.call_up();
  CHECK(s.broker.streams().size() == 2);
  s.phone(s.from_phone("INVITE").with_body("application/sdp", sip_sdp({Stand::phone_address(), 16384})));
  CHECK(s.count(false, "INVITE", 500) == 1);  // the others are not silent
  s.clear();
  s.advance(1min);
  for (const auto& event : s.events)
    CHECK(event.text.find("again") == std::string::npos);  // nothing came of the one that gave its ports
  s.phone(s.within(first.phone_invite, "BYE", first.phone_ok, 1));
  CHECK(s.count(true, "BYE") == 1);
}

TEST_CASE("sip: a call that has no relayed media lives by its dialog, for a day without a sign of it") {
  sip::ProxyOptions o = Stand::options();
  o.media_idle = 10s;
  Stand s(o);
  s.register_phone();
  const SipText invite = s.from_phone("INVITE").with_body(
      "application/sdp",
      "v=0\r\no=- 1 1 IN IP4 192.168.1.50\r\ns=-\r\nc=IN IP4 192.168.1.50\r\nt=0 0\r\nm=message 4040 TCP/MSRP *\r\n");
  s.phone(invite);
  SipText ok = sip_answer(s.to_central("INVITE"), 200, "callee").add("Contact", "<sip:2001@203.0.113.20>");
  std::string refreshed;
  SUBCASE("by nothing else") {}
  SUBCASE("by its session timer") {
    refreshed = "600;refresher=uas";
  }
  if (!refreshed.empty()) ok.add("x", refreshed);
  s.server(ok);
  const SipText here = s.to_phone("INVITE", 200);
  s.phone(s.within(invite, "ACK", here));
  unsigned cseq = 1;
  for (int i = 0; i < 5; ++i) {
    s.advance(9min);
    if (refreshed.empty()) continue;
    s.phone(s.within(invite, "UPDATE", here, cseq++));
    s.server(sip_answer(s.to_central("UPDATE", 0), 200, "").add("Session-Expires", refreshed));
  }
  CHECK(s.reported(sip::Event::Kind::media_silent) == 0);
  CHECK(s.proxy.parts().dialogs.calls() == 1);
  s.advance(11min);
  CHECK(s.proxy.parts().dialogs.calls() == (refreshed.empty() ? 1 : 0));
  if (!refreshed.empty()) {
    CHECK(s.events.back().text.find("not refreshed") != std::string::npos);
    return;
  }
  s.advance(20h);
  s.phone(s.within(invite, "INFO", here, cseq++));
  s.server(sip_answer(s.to_central("INFO", 0), 200, ""));
  s.advance(23h);
  CHECK(s.proxy.parts().dialogs.calls() == 1);
  s.advance(2h);
  CHECK(s.proxy.parts().dialogs.calls() == 0);
}
