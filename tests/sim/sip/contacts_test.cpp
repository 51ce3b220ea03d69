// The Contacts of a REGISTER: which is which at the server, what its answer means, and what the phone reads of it
// (RFC 3261 §10, RFC 5626 §6).
#include <map>

#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;
using Kind = sip::Event::Kind;

namespace {

constexpr const char* kInstance = ";+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-0000c0ffee01>\"";

/// A registrar that keeps to RFC 3261 §10.3: one contact after the other, known by its URI.
struct Registrar {
  std::map<std::string, std::string> has;  // URI, Contact

  SipText answer(const SipText& there) {
    for (const auto& contact : there.all("Contact")) {
      const std::string expires = sip_param(contact, "expires").value_or(there.get("Expires"));
      if (expires == "0")
        has.erase(sip_uri(contact));
      else
        has[sip_uri(contact)] = contact;
    }
    SipText ok = sip_answer(there, 200, "r");
    for (const auto& [uri, contact] : has)
      ok.add("Contact", sip_param(contact, "expires") ? contact : contact + ";expires=300");
    return ok;
  }
};

/// A REGISTER of the phone with these Contacts, in this order.
SipText registers_with(Stand& s, const std::vector<std::string>& contacts, unsigned cseq = 101,
                       const std::string& call_id = "reg@phone") {
  SipText m = s.register_text().set("Call-ID", call_id).set("CSeq", std::to_string(cseq) + " REGISTER").drop("Contact");
  for (const auto& contact : contacts)
    m.add("Contact", contact);
  return m.set("Expires", "300");
}

bool rings_at(Stand& s, const std::string& uri, const std::string& contact) {
  s.clear();
  s.server(s.from_server("MESSAGE", uri));
  return s.count(false, "MESSAGE", 0) == 1 && s.to_phone("MESSAGE").uri() == sip_uri(contact);
}

}  // namespace

TEST_CASE("sip: a new Contact and the old one with expires=0 in one REGISTER: the new one stays, in either order") {
  for (const char* const reg_id : {";reg-id=1", ""}) {
    for (const bool old_first : {false, true}) {
      CAPTURE(reg_id);
      CAPTURE(old_first);
      Stand s;
      Registrar registrar;
      const std::string params = kInstance + std::string(reg_id);
      const std::string old = "<sip:1001@192.168.1.5:5060;ob>" + params;
      const std::string fresh = "<sip:1001@192.168.1.50:5062;ob>" + params;
      s.phone(registers_with(s, {old}));
      s.server(registrar.answer(s.to_central("REGISTER")));
      s.advance(1ms);
      s.clear();
      s.phone(old_first ? registers_with(s, {old + ";expires=0", fresh}, 102)
                        : registers_with(s, {fresh, old + ";expires=0"}, 102));
      s.server(registrar.answer(s.to_central("REGISTER")));
      REQUIRE(registrar.has.size() == 1);
      CHECK(s.to_phone("REGISTER", 200).all("Contact") == std::vector<std::string>{fresh + ";expires=300"});
      CHECK(s.reported(Kind::unregistered) == 0);
      CHECK(s.proxy.bindings().size() == 1);
      CHECK(rings_at(s, registrar.has.begin()->first, fresh));
      CHECK(s.all(false, "MESSAGE").back().to.peer.port == 5062);  // not where the old one was
      // And once more: it keeps its name.
      s.phone(registers_with(s, {fresh}, 103));
      s.server(registrar.answer(s.to_central("REGISTER")));
      CHECK(registrar.has.size() == 1);
      CHECK(rings_at(s, registrar.has.begin()->first, fresh));
    }
  }
}

TEST_CASE("sip: two Contacts of one phone are two at the server, and each goes by itself") {
  Stand s;
  Registrar registrar;
  const std::string a = "<sip:1001@192.168.1.50:5060>" + std::string(kInstance);
  const std::string b = "<sip:1001@192.168.1.50:5070>" + std::string(kInstance);
  s.phone(registers_with(s, {a, b}));
  s.server(registrar.answer(s.to_central("REGISTER")));
  REQUIRE(registrar.has.size() == 2);
  CHECK(s.to_phone("REGISTER", 200).all("Contact").size() == 2);
  std::map<std::string, std::string> names;
  for (const auto& [uri, contact] : registrar.has) {
    for (const auto& mine : {a, b}) {
      if (rings_at(s, uri, mine)) names[mine] = uri;
    }
  }
  REQUIRE(names.size() == 2);
  // The other way round they keep their names.
  s.phone(registers_with(s, {b, a}, 102));
  s.server(registrar.answer(s.to_central("REGISTER")));
  CHECK(registrar.has.size() == 2);
  CHECK(rings_at(s, names[a], a));
  s.phone(registers_with(s, {a + ";expires=0"}, 103));
  s.server(registrar.answer(s.to_central("REGISTER")));
  CHECK(registrar.has.size() == 1);
  CHECK(rings_at(s, names[b], b));
  CHECK(s.proxy.bindings().size() == 1);
}

TEST_CASE("sip: what takes a phone's place takes its name at the server, what only resembles it has its own") {
  struct Row {
    const char* what;
    std::string before, after;
    std::size_t left;
    bool other_call_id = false;
  };
  const std::string i = kInstance;
  std::string upper = i;
  upper.replace(upper.find("urn:"), std::string::npos, "URN:UUID:00000000-0000-0000-0000-0000C0FFEE01>\"");
  for (const Row& row : {
           Row{"another port of the same instance", "<sip:1001@192.168.1.50:49200;transport=tcp>" + i,
               "<sip:1001@192.168.1.50:49300;transport=tcp>" + i, 1},
           Row{"another transport", "<sip:1001@192.168.1.50:5060>" + i,
               "<sip:1001@192.168.1.50:5060;transport=tcp>" + i, 1},
           Row{"an instance in the other case", "<sip:1001@192.168.1.50:5060>" + i,
               "<sip:1001@192.168.1.51:5060>" + upper, 1},
           Row{"the same reg-id", "<sip:1001@192.168.1.50:5060>" + i + ";reg-id=1",
               "<sip:1001@192.168.1.50:5062>" + i + ";reg-id=1", 1},
           Row{"another reg-id", "<sip:1001@192.168.1.50:5060>" + i + ";reg-id=1",
               "<sip:1001@192.168.1.50:5062>" + i + ";reg-id=2", 2},
           Row{"another phone", "<sip:1001@192.168.1.50:5060>" + i,
               "<sip:1001@192.168.1.50:5062>;+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-0000c0ffee02>\"", 2},
           Row{"no instance, another URI", "<sip:1001@192.168.1.50:5060>", "<sip:1001@192.168.1.50:5062>", 2},
           Row{"no instance, the same URI", "<sip:1001@192.168.1.50:5060>", "<SIP:1001@192.168.1.50:5060>", 1, true},
       }) {
    CAPTURE(row.what);
    Stand s;
    Registrar registrar;
    s.phone(registers_with(s, {row.before}));
    s.server(registrar.answer(s.to_central("REGISTER")));
    s.phone(registers_with(s, {row.after}, 102, row.other_call_id ? "other@phone" : "reg@phone"));
    s.server(registrar.answer(s.to_central("REGISTER")));
    CHECK(registrar.has.size() == row.left);
    CHECK(s.proxy.bindings().size() == row.left);
    bool found = false;
    for (const auto& [uri, contact] : registrar.has)
      found = rings_at(s, uri, row.after) || found;
    CHECK(found);
  }
}

TEST_CASE("sip: a phone without an instance that comes from elsewhere keeps its name when its Call-ID is the same") {
  for (const bool same_call : {true, false}) {
    CAPTURE(same_call);
    Stand s;
    Registrar registrar;
    const std::string contact = "<sip:1001@10.0.0.5:5060>";
    s.phone(registers_with(s, {contact}));
    s.server(registrar.answer(s.to_central("REGISTER")));
    s.say(Stand::phone_flow(77), registers_with(s, {contact}, 102, same_call ? "reg@phone" : "other@phone"));
    s.server(registrar.answer(s.to_central("REGISTER")));
    CHECK(registrar.has.size() == (same_call ? 1 : 2));
    CHECK(s.reported(Kind::moved) == (same_call ? 1 : 0));
  }
}

TEST_CASE("sip: a Contact that goes is known by its URI; with a reg-id by that") {
  const std::string old = "<sip:1001@192.168.1.5:5060>" + std::string(kInstance);
  const std::string fresh = "<sip:1001@192.168.1.50:5060>" + std::string(kInstance);
  for (const char* const reg_id : {"", ";reg-id=1"}) {
    CAPTURE(reg_id);
    Stand s;
    Registrar registrar;
    for (const auto& contact : {old, fresh}) {
      s.phone(registers_with(s, {contact + reg_id}));
      s.server(registrar.answer(s.to_central("REGISTER")));
    }
    REQUIRE(registrar.has.size() == 1);
    s.phone(registers_with(s, {old + reg_id + ";expires=0"}, 103));
    s.server(registrar.answer(s.to_central("REGISTER")));
    CHECK(registrar.has.size() == (*reg_id == 0 ? 1 : 0));
    CHECK(s.proxy.bindings().size() == registrar.has.size());
  }
}

TEST_CASE("sip: two TCP flows of one phone live side by side, a new one of the same reg-id ends the old one") {
  Stand s;
  Registrar registrar;
  std::vector<sip::ConnectionId> flows;
  const auto registers_over = [&](unsigned reg_id) {
    const Endpoint peer{Stand::phone_address(), static_cast<std::uint16_t>(40000 + flows.size())};
    const Endpoint local{Stand::access(), 5060};
    flows.push_back(s.proxy.on_accepted(s.now, peer, local));
    SipText reg = registers_with(
        s, {"<sip:1001@" + peer.to_string() + ";transport=tcp>" + kInstance + ";reg-id=" + std::to_string(reg_id)},
        101 + static_cast<unsigned>(flows.size()), "flow" + std::to_string(reg_id));
    s.say({sip::Transport::tcp, local, peer, flows.back()}, reg);
    s.server(registrar.answer(s.to_central("REGISTER")));
  };
  registers_over(1);
  registers_over(2);
  CHECK(registrar.has.size() == 2);
  CHECK(s.proxy.bindings().size() == 2);
  CHECK(s.closes.empty());
  registers_over(1);
  CHECK(registrar.has.size() == 2);
  CHECK(s.closes == std::vector<sip::ConnectionId>{flows[0]});
}

TEST_CASE("sip: a Contact's names outlive a restart, whatever its case and order") {
  Stand s;
  Registrar registrar;
  const std::string a = "<sip:1001@192.168.1.50:5060>;reg-id=1" + std::string(kInstance);
  const std::string b = "<sip:1001@192.168.1.50:5070>;reg-id=2" + std::string(kInstance);
  for (const auto& contact : {a, b}) {
    s.phone(registers_with(s, {contact}));
    s.server(registrar.answer(s.to_central("REGISTER")));
  }
  Stand after;
  s.proxy.bindings().for_each([&](sip::Binding kept) {
    sip::Output out;
    kept.key.clear();
    kept.group.clear();
    sip::name_binding(kept);
    after.proxy.restore(kept, after.now, out);
  });
  REQUIRE(after.proxy.bindings().size() == 2);
  for (const auto& contact : {b, a}) {
    after.phone(registers_with(after, {contact}, 200));
    after.server(registrar.answer(after.to_central("REGISTER")));
  }
  CHECK(registrar.has.size() == 2);
  CHECK(after.proxy.bindings().size() == 2);
}

TEST_CASE("sip: a 200 without Contact and Expires grants what was asked, wherever that stands") {
  struct Row {
    const char *parameter, *header, *reported;
  };
  for (const Row& row :
       {Row{"", "60", "60"}, Row{";expires=60", "", "60"}, Row{";expires=60", "1800", "60"}, Row{"", "", "3600"},
        Row{"", "soon", "3600"}, Row{";expires=soon", "60", "3600"}, Row{"", "99999999999", "4294967295"}}) {
    CAPTURE(row.parameter);
    CAPTURE(row.header);
    Stand s;
    SipText reg = registers_with(s, {"<sip:1001@192.168.1.50:5060>" + std::string(row.parameter)});
    s.phone(*row.header == 0 ? reg.drop("Expires") : reg.set("Expires", row.header));
    s.server(sip_answer(s.to_central("REGISTER"), 200, "r"));
    const SipText here = s.to_phone("REGISTER", 200);
    CHECK(sip_param(here.get("Contact"), "expires") == row.reported);
    CHECK(here.get("Expires") == row.reported);
    CHECK(s.proxy.bindings().size() == 1);
  }
}

TEST_CASE("sip: a 200 that lists others alone binds nothing, ends what was bound, and the phone hears so") {
  Stand s;
  s.register_phone();
  s.phone(s.register_text().set("CSeq", "102 REGISTER"));
  SipText ok = sip_answer(s.to_central("REGISTER"), 200, "r");
  s.server(ok.add("Contact", "<sip:1001@203.0.113.99:5060>;expires=77, <sip:1001@203.0.113.10:5060;dw=another>")
               .add("Expires", "3600"));
  CHECK(s.proxy.bindings().size() == 0);
  CHECK(s.reported(Kind::unregistered) == 1);
  CHECK(s.reported(Kind::refused) == 1);
  CHECK_FALSE(s.to_phone("REGISTER", 200).has("Contact"));
  CHECK(s.to_phone("REGISTER", 200).get("Expires") == "0");
}

TEST_CASE("sip: a Contact is found in the answer in any form, and among others'") {
  const char* const rows[] = {"\"Phone, upstairs\" <%s>;q=0.5;expires=90", "<%s>;EXPIRES=90", "<%s> ; expires = \"90\"",
                              "<sip:x@192.0.2.1>;expires=5, <%s>;expires=90", "%n;expires=90"};
  for (const std::string row : rows) {
    CAPTURE(row);
    Stand s;
    s.phone(registers_with(s, {"<sip:1001@192.168.1.50:5060>"}));
    const SipText there = s.to_central("REGISTER");
    std::string contact = row;
    const std::string uri = sip_uri(there.get("Contact"));
    if (const auto at = contact.find("%s"); at != std::string::npos) contact.replace(at, 2, uri);
    // A server that leaves out what it does not know.
    if (const auto at = contact.find("%n"); at != std::string::npos)
      contact.replace(at, 2, "<" + uri.substr(0, uri.find(';')) + ">");
    s.server(sip_answer(there, 200, "r").add("Contact", contact).add("Contact", "<sip:1001@192.0.2.9>;expires=7"));
    REQUIRE(s.proxy.bindings().size() == 1);
    CHECK(sip_param(s.to_phone("REGISTER", 200).get("Contact"), "expires") == "90");
  }
}

TEST_CASE("sip: a phone that asks what is bound reads its own Contacts, as the server has them") {
  Stand s;
  Registrar registrar;
  const std::string mine = "<sip:1001@192.168.1.50:5060>" + std::string(kInstance);
  s.phone(registers_with(s, {mine}));
  s.server(registrar.answer(s.to_central("REGISTER")));
  registrar.has["sip:1001@192.0.2.9"] = "<sip:1001@192.0.2.9>;expires=900";  // somebody else's
  const auto asks = [&] {
    s.phone(s.register_text().drop("Contact").drop("Expires").set("CSeq", "102 REGISTER"));
    CHECK_FALSE(s.to_central("REGISTER").has("Contact"));
    SipText ok = registrar.answer(s.to_central("REGISTER"));
    s.server(ok);
    return s.to_phone("REGISTER", 200).all("Contact");
  };
  CHECK(asks() == std::vector<std::string>{mine + ";expires=300"});
  // It was removed by hand.
  registrar.has.clear();
  CHECK(asks().empty());
}

TEST_CASE("sip: only Cisco phones get at least 25 s") {
  for (const bool cisco : {false, true}) {
    CAPTURE(cisco);
    Stand s;
    SipText reg = registers_with(s, {"<sip:1001@192.168.1.50:5060>"}).set("Expires", "10");
    if (cisco) reg.add("User-Agent", "Cisco-CP7965G/9.4.2");
    s.phone(reg);
    const SipText there = s.to_central("REGISTER");
    s.server(sip_answer(there, 200, "r").add("Contact", there.get("Contact") + ";expires=10").add("Expires", "10"));
    const SipText here = s.to_phone("REGISTER", 200);
    CHECK(sip_param(here.get("Contact"), "expires") == (cisco ? "25" : "10"));
    CHECK(here.get("Expires") == (cisco ? "25" : "10"));
  }
}

TEST_CASE("sip: a server that sends a registration to another one of ours: we go there, not the phone") {
  Stand s(Stand::options(2));
  s.phone(s.register_text());
  s.server(sip_answer(s.to_central("REGISTER"), 302, "r").add("Contact", "<sip:1001@203.0.113.21:5060>"));
  CHECK(s.count(false, "REGISTER") == 0);
  CHECK(s.all(true, "REGISTER").back().to.peer.address == Stand::server_address(1));
  const SipText there = s.to_central("REGISTER");
  s.server(sip_answer(there, 200, "r").add("Contact", there.get("Contact") + ";expires=60"), 1);
  CHECK(s.to_phone("REGISTER", 200).has("Contact"));
  // In a circle nobody goes round.
  s.clear();
  s.phone(s.register_text().set("CSeq", "102 REGISTER"));
  const unsigned first = s.all(true, "REGISTER").back().to.peer.address == Stand::server_address(1) ? 1 : 0;
  s.server(sip_answer(s.to_central("REGISTER"), 302, "r")
               .add("Contact", "<sip:1001@" + Stand::server_address(1 - first).to_string() + ">"),
           first);
  s.server(sip_answer(s.to_central("REGISTER"), 302, "r")
               .add("Contact", "<sip:1001@" + Stand::server_address(first).to_string() + ">"),
           1 - first);
  CHECK(s.count(false, "REGISTER", 302) == 1);
}
