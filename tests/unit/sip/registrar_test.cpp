#include "sbc/sip/registrar.hpp"

#include "sbc/sip/response.hpp"
#include "tests/unit/sip/sip_parts.hpp"

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;
using dw::sip::test::Parts;

namespace {

struct RegistrarCase : Parts {
  using Parts::Parts;

  static std::string register_of(std::uint32_t seconds, std::uint32_t n = 0, const std::string& lines = {}) {
    return Parts::request("REGISTER", "sip:192.168.1.2",
                          "Contact: <sip:1001@192.168.1." + std::to_string(50 + n) +
                              ">\r\nExpires: " + std::to_string(seconds) + "\r\n" + lines);
  }
  /// A REGISTER of the phone 192.168.1.(50 + n), as it waits for the server's answer.
  Transaction& begin(const std::string& octets, std::uint32_t n = 0) {
    const Message& m = read(octets);
    Transaction& t = *transactions.begin(Method::register_, {});
    t.server.from = Parts::phone(n);
    t.server.request = octets;
    t.registering = std::make_unique<Registering>(*read_register(m));
    Registering& r = *t.registering;
    r.user = "1001";
    r.aor = "1001@pbx.example.net";
    r.reach.flow = t.server.from;
    r.us = "203.0.113.10";
    registrar.name_contacts(r);
    if (const Binding* const b = bindings.by_token(r.contacts.front().token)) t.binding = b->id;
    return t;
  }
  /// The server accepts it for so long.
  void accept(Transaction& t, std::uint32_t seconds) {
    const std::string contact = "Contact: <sip:1001@203.0.113.10;dw=" + t.registering->contacts.front().token +
                                ">;expires=" + std::to_string(seconds) + "\r\n";
    registrar.accept(now, t, read(Parts::response(200, "REGISTER", contact)), out);
  }
};

}  // namespace

TEST_CASE("sip registrar: a contact is bound for as long as the server says, and gone once it unregisters") {
  RegistrarCase c;
  c.accept(c.begin(c.register_of(3600)), 120);
  REQUIRE(c.bindings.size() == 1);
  const Binding& b = *c.bindings.by_aor("1001@pbx.example.net").front();
  CHECK(b.expires_at == c.now + 120s + Binding::kGrace);
  CHECK(c.events(Event::Kind::registered) == 1);
  CHECK(c.counters.registrations == 1);
  CHECK(c.known.standing(c.now + 100s, Parts::phone().peer.address) == Standing::registered);
  c.now += 60s;
  c.accept(c.begin(c.register_of(3600)), 120);
  CHECK(c.bindings.size() == 1);
  CHECK(c.events(Event::Kind::refreshed) == 1);
  c.accept(c.begin(c.register_of(0)), 0);
  CHECK(c.bindings.size() == 0);
  CHECK(c.events(Event::Kind::unregistered) == 1);
}

TEST_CASE("sip registrar: a phone that comes from another address keeps its token, and is seen to have moved") {
  RegistrarCase c;
  c.accept(c.begin(c.register_of(3600)), 120);
  const std::string token = c.bindings.by_aor("1001@pbx.example.net").front()->token;
  Transaction& t = c.begin(c.register_of(3600), 3);  // the same Contact and Call-ID
  CHECK(t.registering->contacts.front().token == token);
  c.accept(t, 120);
  CHECK(c.bindings.size() == 1);
  CHECK(c.events(Event::Kind::moved) == 1);
  CHECK(c.bindings.knows_source(Parts::phone(3).peer.address));
}

TEST_CASE("sip registrar: an answer that lists another contact alone binds nothing") {
  RegistrarCase c;
  Transaction& t = c.begin(c.register_of(3600));
  c.registrar.accept(c.now, t, c.read(Parts::response(200, "REGISTER", "Contact: <sip:9@198.51.100.1;dw=x>\r\n")),
                     c.out);
  CHECK(c.bindings.size() == 0);
  CHECK(c.events(Event::Kind::refused) == 1);
}

TEST_CASE("sip registrar: an answer to a registration that was unregistered since binds nothing") {
  RegistrarCase c;
  Transaction& slow = c.begin(c.register_of(3600));
  Transaction& last = c.begin(c.register_of(0));
  last.registering->cseq = slow.registering->cseq + 1;
  c.accept(last, 0);
  c.accept(slow, 120);
  CHECK(c.bindings.size() == 0);
}

TEST_CASE("sip registrar: the phone reads its own contact, and never so short a time that it takes it for an end") {
  RegistrarCase c;
  Transaction& t = c.begin(c.register_of(3600, 0, "User-Agent: Cisco-CP7970G\r\n"));
  c.accept(t, 10);
  const Message& m = c.read(Parts::response(200, "REGISTER", "Contact: <sip:1001@203.0.113.10;dw=x>;expires=10\r\n"));
  Edits edits(m);
  c.registrar.restore_contacts(c.now, t, m, edits);
  std::string text;
  edits.write(text);
  CHECK(text.find("Contact: <sip:1001@192.168.1.50>;expires=25\r\n") != std::string::npos);
  CHECK(text.find("Expires: 25\r\n") != std::string::npos);
  CHECK(text.find("203.0.113.10;dw") == std::string::npos);
}

TEST_CASE("sip registrar: over the server's rate phones come back later, strangers later than those that are known") {
  RegistrarCase c;
  c.servers[0].registers = TokenBucket(1, 1);
  Transaction& t = c.begin(c.register_of(3600));
  std::uint32_t longest = 0;
  std::size_t passed = 0;
  for (int i = 0; i < 200; ++i) {
    const auto seconds = c.registrar.put_off(c.now, t, 0);
    passed += seconds ? 0 : 1;
    longest = std::max(longest, seconds.value_or(0));
    if (seconds) CHECK(*seconds >= Registrar::kMinRetryAfter);
  }
  CHECK(passed <= 1);
  CHECK(longest > 20);
  CHECK(longest <= Registrar::kMaxRetryAfter);
  CHECK(c.counters.registrations_put_off == 200 - passed);
}

TEST_CASE("sip registrar: a password that is refused again is reported, a first challenge and a stale nonce are not") {
  RegistrarCase c;
  const auto challenged = [&](const std::string& more) {
    Transaction& t = c.begin(c.register_of(3600, 0, "Authorization: Digest username=\"1001\"\r\n"));
    c.registrar.refused(
        c.now, t,
        c.read(Parts::response(401, "REGISTER", "WWW-Authenticate: Digest realm=\"r\",nonce=\"n\"" + more + "\r\n")),
        c.out);
  };
  challenged("");
  challenged(",stale=true");
  CHECK(c.events(Event::Kind::bad_password) == 0);
  challenged("");
  CHECK(c.events(Event::Kind::bad_password) == 1);
}

TEST_CASE(
    "sip registrar: refreshes are answered here where phones get a shorter time, until the server is to be asked") {
  RegistrarCase c({.register_expires = 60s});
  CHECK(c.registrar.answers_refreshes());
  Transaction& t = c.begin(c.register_of(3600));
  const std::string request = t.server.request;
  c.accept(t, 3600);
  Message first;
  REQUIRE(first.parse(as_bytes(request)));
  const std::string answered = Parts::response(
      200, "REGISTER", "Contact: <sip:1001@203.0.113.10>;expires=3600\r\nService-Route: <sip:p;lr>\r\n");
  c.registrar.remember(c.now, t, first, c.read(answered), "203.0.113.10");
  c.now += 30s;
  const auto refresh = [&](unsigned cseq) {
    std::string octets = c.register_of(3600);
    octets.replace(octets.find("CSeq: 1"), 7, "CSeq: " + std::to_string(cseq));
    Transaction& again = c.begin(octets);
    return c.registrar.answer_from_cache(c.now, again, c.message, c.out);
  };
  const auto kept = refresh(2);
  REQUIRE(kept);
  CHECK(kept->find("Contact: <sip:1001@192.168.1.50>;expires=60\r\n") != std::string::npos);
  CHECK(kept->find("Service-Route: <sip:p;lr>\r\n") != std::string::npos);
  CHECK(c.counters.registrations_kept == 1);
  c.registrar.ask_server_again([](const Binding&) { return true; });
  CHECK_FALSE(refresh(3));
}

TEST_CASE("sip registrar: a binding of an earlier run is kept unless it is over; one of TCP waits for its phone") {
  RegistrarCase c;
  Binding b = Parts::binding("one", "1001"), late = Parts::binding("two", "1002"),
          tcp = Parts::binding("three", "1003");
  late.expires_at = c.now;
  tcp.reach.flow.transport = Transport::tcp;
  CHECK(c.registrar.restore(c.now, b, c.out));
  CHECK_FALSE(c.registrar.restore(c.now, b, c.out));
  CHECK_FALSE(c.registrar.restore(c.now, late, c.out));
  CHECK(c.registrar.restore(c.now, tcp, c.out));
  CHECK(c.bindings.by_token("three")->stale_connection);
  CHECK(c.bindings.by_token("one")->next_keepalive <= c.now + c.options.keepalive);
}
