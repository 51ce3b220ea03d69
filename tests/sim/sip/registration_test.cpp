// REGISTER: what the server sees of a phone, what the phone gets back, and what is bound (sip-sbc §2.8).
#include <random>
#include <set>

#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;
using Kind = sip::Event::Kind;

namespace {

/// What the server answers: `contacts` with `expires` each.
SipText granted(const SipText& there, const std::string& expires) {
  SipText ok = sip_answer(there, 200, "r");
  for (const auto& contact : there.all("Contact"))
    ok.add("Contact", expires.empty() ? contact : contact + ";expires=" + expires);
  return ok;
}

}  // namespace

TEST_CASE("sip: a phone's Contact comes back octet for octet, with what was granted") {
  Stand s;
  SipText reg = s.register_text();
  const std::string contact =
      "<sip:1001@192.168.1.50:5060;transport=udp>;+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-"
      "001122334455>\""
      ";+u.sip!devicename.ccm.cisco.com=\"SEP001122334455\";+u.sip!model.ccm.cisco.com=\"435\"";
  s.phone(reg.set("Contact", contact).set("Expires", "3600"));
  const SipText there = s.to_central("REGISTER");
  CHECK(there.get("Contact").starts_with("<sip:1001@203.0.113.10;dw="));
  CHECK(there.get("Contact").substr(there.get("Contact").find('>')) == contact.substr(contact.find('>')));
  CHECK(sip_uri_param(sip_uri(there.get("Contact")), "dw")->size() == 13);
  for (const char* name : {"To", "From", "Call-ID", "CSeq", "Expires"})
    CHECK(there.get(name) == reg.get(name));
  SipText ok = granted(there, "120");
  ok.add("Contact", "<sip:1001@203.0.113.99:5060>;expires=77");  // somebody else's
  ok.add("Date", "Mon, 23 Nov 2026 10:00:00 GMT").add("Supported", "X-cisco-sis-5.1.0").add("Expires", "3600");
  s.server(ok.with_body("text/plain", "body"));
  const SipText here = s.to_phone("REGISTER", 200);
  CHECK(here.all("Contact") == std::vector<std::string>{contact + ";expires=120"});
  CHECK(here.get("Date") == ok.get("Date"));
  CHECK(here.get("Supported") == ok.get("Supported"));
  CHECK(here.body == "body");
  CHECK(here.get("To") == ok.get("To"));
  CHECK(here.has("Expires"));
  CHECK(s.reported(Kind::registered) == 1);
}

TEST_CASE("sip: how long a registration is valid, and never less than 25 s for phones") {
  struct Row {
    const char *contact, *header;
    const char* reported;
    Duration alive;
  };
  for (const Row& row : {Row{"60", "", "60", 60s}, Row{"", "90", "90", 90s}, Row{"", "", "3600", 3600s},
                         Row{"60", "90", "60", 60s}, Row{"10", "", "25", 10s}, Row{"", "5", "25", 5s}}) {
    CAPTURE(row.contact);
    CAPTURE(row.header);
    Stand s;
    s.phone(s.register_text());
    SipText ok = granted(s.to_central("REGISTER"), row.contact);
    if (*row.header != 0) ok.add("Expires", row.header);
    s.server(ok);
    const SipText here = s.to_phone("REGISTER", 200);
    CHECK(sip_param(here.get("Contact"), "expires") == row.reported);
    s.advance(row.alive + 9s);  // some grace
    CHECK(s.proxy.bindings().size() == 1);
    s.advance(2s);
    CHECK(s.proxy.bindings().size() == 0);
    CHECK(s.reported(Kind::expired) == 1);
  }
}

TEST_CASE("sip: nothing is bound before the server's 200, and 401 passes as it is") {
  Stand s;
  const SipText reg = s.register_text();
  s.phone(reg);
  CHECK(s.proxy.bindings().size() == 0);
  const std::string challenge = "Digest realm=\"pbx\",nonce=\"abc\",algorithm=MD5";
  s.server(sip_answer(s.to_central("REGISTER"), 100, ""));
  s.server(sip_answer(s.to_central("REGISTER"), 401, "r").add("WWW-Authenticate", challenge));
  CHECK(s.proxy.bindings().size() == 0);
  CHECK(s.count(false, "REGISTER") == 1);  // no provisional answer (sip-sbc §0)
  CHECK(s.to_phone("REGISTER", 401).get("WWW-Authenticate") == challenge);
  SipText again = s.register_text();
  const std::string digest =
      "Digest username=\"1001\",realm=\"pbx\",uri=\"sip:192.168.1.2\",response=\"00\",nonce=\"abc\"";
  s.phone(again.set("CSeq", "102 REGISTER").add("Authorization", digest));
  CHECK(s.to_central("REGISTER").get("Authorization") == digest);
  s.server(granted(s.to_central("REGISTER"), "60"));
  CHECK(s.proxy.bindings().size() == 1);
}

TEST_CASE("sip: a heartbeat to a standby server never unregisters") {
  Stand s;
  s.register_phone();
  SipText beat = s.register_text();
  const std::string contact = beat.get("Contact") + ";expires=0;cisco-keep-alive";
  s.phone(beat.set("Contact", contact).set("CSeq", "103 REGISTER"));
  const SipText there = s.to_central("REGISTER");
  CHECK(there.get("Contact").ends_with(";expires=0;cisco-keep-alive"));
  SipText ok = sip_answer(there, 200, "r");
  s.server(ok.add("Contact", there.get("Contact")));
  CHECK(s.count(false, "REGISTER", 200) == 1);
  CHECK(s.to_phone("REGISTER", 200).get("Contact") == contact);
  CHECK(s.proxy.bindings().size() == 1);
}

TEST_CASE("sip: expires=0 and Contact: * unregister once the server agrees") {
  for (const bool star : {false, true}) {
    CAPTURE(star);
    Stand s;
    s.register_phone();
    SipText reg = s.register_text().set("Expires", "0").set("CSeq", "103 REGISTER");
    if (star) reg.set("Contact", "*");
    s.phone(reg);
    CHECK(s.proxy.bindings().size() == 1);
    if (star) CHECK(s.to_central("REGISTER").get("Contact") == "*");
    s.server(sip_answer(s.to_central("REGISTER"), 200, "r"));
    CHECK(s.proxy.bindings().size() == 0);
    CHECK(s.reported(Kind::unregistered) == 1);
    CHECK_FALSE(s.to_phone("REGISTER", 200).has("Contact"));
  }
}

TEST_CASE("sip: 423 passes, and the new Call-ID that phones take then makes no second binding") {
  Stand s;
  const std::string before = s.register_phone();
  SipText reg = s.register_text().set("Call-ID", "new@phone").set("CSeq", "101 REGISTER");
  s.phone(reg);
  s.server(sip_answer(s.to_central("REGISTER"), 423, "r").add("Min-Expires", "1800"));
  CHECK(s.to_phone("REGISTER", 423).get("Min-Expires") == "1800");
  s.phone(s.register_text().set("Call-ID", "newer@phone"));
  CHECK(sip_uri(s.to_central("REGISTER").get("Contact")) == before);
  s.server(granted(s.to_central("REGISTER"), "1800"));
  CHECK(s.proxy.bindings().size() == 1);
}

TEST_CASE("sip: six lines of one phone are six bindings, found each by its token") {
  Stand s;
  std::set<std::string> contacts;
  for (int line = 1; line <= 6; ++line)
    contacts.insert(s.register_phone(50, std::to_string(1000 + line)));
  CHECK(contacts.size() == 6);
  CHECK(s.proxy.bindings().size() == 6);
  for (const auto& contact : contacts) {
    s.server(s.from_server("MESSAGE", contact));
    CHECK(s.to_phone("MESSAGE").uri() == "sip:" + sip_user(contact) + "@192.168.1.50:5060;transport=udp");
  }
}

TEST_CASE("sip: phones behind one router with the same private address do not mix") {
  Stand s;
  // Two sites' phones would be two sources; here one carrier's router has both.
  std::vector<std::string> contacts;
  for (const unsigned last : {1U, 2U}) {
    sip::Flow flow = Stand::phone_flow();
    flow.peer = {IpAddress::v4(0xC6336407U), static_cast<std::uint16_t>(40000 + last)};
    SipText reg = s.register_text(50, "100" + std::to_string(last));
    s.say(flow, reg.set("Contact", "<sip:100" + std::to_string(last) + "@192.168.1.50:5060>"));
    contacts.push_back(s.accept_register());
  }
  CHECK(s.proxy.bindings().size() == 2);
  for (const unsigned i : {0U, 1U}) {
    s.server(s.from_server("MESSAGE", contacts[i]));
    CHECK(s.all(false, "MESSAGE").back().to.peer.port == 40001 + i);
  }
}

TEST_CASE("sip: a phone that registers from elsewhere has moved once the server says so, not before") {
  Stand s;
  const std::string contact = s.register_phone(50);
  SipText reg = s.register_text(50);
  s.say(Stand::phone_flow(77), reg);
  s.server(s.from_server("MESSAGE", contact));
  CHECK(s.all(false, "MESSAGE").back().to.peer.address == Stand::phone_address(50));
  s.server(granted(s.to_central("REGISTER"), "60"));
  CHECK(s.reported(Kind::moved) == 1);
  s.server(s.from_server("MESSAGE", contact));
  CHECK(s.all(false, "MESSAGE").back().to.peer.address == Stand::phone_address(77));
}

TEST_CASE("sip: bindings of an earlier run are reached at once") {
  Stand s;
  const std::string contact = s.register_phone();
  std::vector<sip::Binding> kept;
  s.proxy.bindings().for_each([&](const sip::Binding& b) { kept.push_back(b); });
  REQUIRE(kept.size() == 1);
  Stand after;
  sip::Output restored;
  after.proxy.restore(kept[0], after.now, restored);
  after.server(after.from_server("INVITE", contact));
  CHECK(after.to_phone("INVITE").uri() == "sip:1001@192.168.1.50:5060;transport=udp");
  // The same phone again: the token that the server has stays good.
  after.phone(after.register_text());
  CHECK(sip_uri(after.to_central("REGISTER").get("Contact")) == contact);
  SUBCASE("not when its time was over") {
    Stand late;
    kept[0].expires_at = late.now;
    late.proxy.restore(kept[0], late.now, restored);
    CHECK(late.proxy.bindings().size() == 0);
  }
}

TEST_CASE("sip: our address as host becomes the central domain, and comes back as it was written") {
  Stand s;
  SipText reg = s.register_text();
  reg.first = "REGISTER sip:192.168.1.2 SIP/2.0";
  reg.set("From", "<sip:1001@192.168.1.2>;tag=a").set("To", "<sip:1001@192.168.1.2:5060>");
  s.phone(reg);
  const SipText there = s.to_central("REGISTER");
  CHECK(there.uri() == "sip:pbx.example.net");
  CHECK(there.get("From") == "<sip:1001@pbx.example.net>;tag=a");
  CHECK(there.get("To") == "<sip:1001@pbx.example.net>");
  s.server(granted(there, "60"));
  CHECK(s.to_phone("REGISTER", 200).get("From") == reg.get("From"));
  CHECK(s.to_phone("REGISTER", 200).get("To") == reg.get("To") + ";tag=r");
  SipText invite = s.from_phone("INVITE");
  invite.first = "INVITE sip:2001@192.168.1.2 SIP/2.0";
  invite.set("From", "<sip:1001@192.168.1.2>;tag=p").set("To", "<sip:2001@192.168.1.2>");
  s.phone(invite);
  const SipText i = s.to_central("INVITE");
  CHECK(i.uri() == "sip:2001@pbx.example.net");
  CHECK(i.get("From") == "<sip:1001@pbx.example.net>;tag=p");
  SipText ok = s.ok_of(i, "callee");
  s.server(ok.add("Remote-Party-ID", "<sip:2001@pbx.example.net>;party=called"));
  const SipText here = s.to_phone("INVITE", 200);
  CHECK(here.get("From") == invite.get("From"));
  CHECK(here.get("To") == invite.get("To") + ";tag=callee");
  CHECK(here.get("Remote-Party-ID") == "<sip:2001@192.168.1.2>;party=called");
  s.phone(s.within(invite, "ACK", here));
  CHECK(s.to_central("ACK").get("To") == "<sip:2001@pbx.example.net>;tag=callee");
  // A request back: the phone must see its dialog's own URIs.
  SipText bye = s.back(i, "BYE", "callee", 1);
  s.server(bye);
  CHECK(s.to_phone("BYE").get("To") == invite.get("From"));
  CHECK(s.to_phone("BYE").get("From") == "<sip:2001@192.168.1.2>;tag=callee");
  s.phone(sip_answer(s.to_phone("BYE"), 200, ""));
  CHECK(s.to_central("BYE", 200).get("From") == bye.get("From"));
  CHECK(s.to_central("BYE", 200).get("To") == bye.get("To"));
}

TEST_CASE("sip: 2,000 phones at once: the server gets no more REGISTERs a second than it is meant to") {
  auto o = Stand::options();
  o.register_rate = 200;
  o.guard.message_rate = 100;
  Stand s(o);
  std::vector<TimePoint> seen;
  std::size_t put_off = 0, registered = 0, challenged_waited = 0;
  struct Phone {
    unsigned n;
    bool challenged = false;
  };
  std::multimap<TimePoint, Phone> due;
  std::mt19937 rng(7);
  for (unsigned n = 0; n < 2000; ++n)
    due.emplace(s.now + std::chrono::milliseconds(rng() % 500), Phone{n});
  const TimePoint limit = s.now + 20min;
  while (!due.empty() && s.now < limit) {
    auto [at, phone] = *due.begin();
    due.erase(due.begin());
    if (at > s.now) s.advance(at - s.now);
    sip::Flow flow = Stand::phone_flow();
    flow.peer.address = IpAddress::v4(0xC0A80000U + 1000 + phone.n);
    const std::string ip = flow.peer.address.to_string(), user = std::to_string(10000 + phone.n);
    SipText reg = s.request("REGISTER", "sip:pbx.example.net", ip + ":5060");
    reg.add("From", "<sip:" + user + "@pbx.example.net>;tag=a").add("To", "<sip:" + user + "@pbx.example.net>");
    reg.add("Call-ID", user).add("CSeq", (phone.challenged ? "2" : "1") + std::string(" REGISTER"));
    reg.add("Contact", "<sip:" + user + "@" + ip + ":5060>").add("Expires", "3600");
    if (phone.challenged) reg.add("Authorization", "Digest username=\"" + user + "\"");
    s.clear();
    s.say(flow, reg);
    if (s.count(true, "REGISTER") == 0) {
      ++put_off;
      challenged_waited += phone.challenged ? 1U : 0U;
      const auto after = std::chrono::seconds(std::stoi(s.to_phone("REGISTER", 503).get("Retry-After")));
      due.emplace(s.now + after, phone);
      continue;
    }
    seen.push_back(s.now);
    const SipText there = s.to_central("REGISTER");
    if (!phone.challenged) {
      s.server(sip_answer(there, 401, "r").add("WWW-Authenticate", "Digest realm=\"pbx\",nonce=\"n\""));
      due.emplace(s.now + 20ms, Phone{phone.n, true});
    } else {
      s.server(granted(there, "3600"));
      ++registered;
    }
  }
  CHECK(registered == 2000);
  CHECK(put_off > 0);
  CHECK(challenged_waited * 20 < put_off);  // who was challenged goes first
  std::size_t most = 0;
  for (std::size_t begin = 0, i = 0; i < seen.size(); ++i) {
    while (seen[i] - seen[begin] >= 1s)
      ++begin;
    most = std::max(most, i - begin + 1);
  }
  MESSAGE("2,000 phones in " << (seen.back() - seen.front()) / 1s << " s, at most " << most << " a second, " << put_off
                             << " put off");
  CHECK(most <= 200);
}
