// Passwords that are tried: how many the server is asked about, and who goes on all the while.
#include "tests/sim/sip/stand.hpp"

using namespace dw;
using namespace dw::sim;
using Kind = sip::Event::Kind;

namespace {

struct Home {
  /// A REGISTER that shows a digest, under a Call-ID of its own. Whether the server got it.
  bool tries(const sip::Flow& from, std::string_view user, std::string_view nonce = "n1", unsigned last = 50) {
    SipText m =
        s.register_text(last, user).set("Call-ID", "guess-" + std::to_string(++calls)).set("CSeq", "1 REGISTER");
    m.add("Authorization",
          "Digest username=\"" + std::string(user) + "\", nonce=\"" + std::string(nonce) + "\", response=\"x\"");
    const std::size_t before = s.count(true, "REGISTER");
    s.say(from, m);
    return s.count(true, "REGISTER") > before;
  }
  void refuse(int status = 401, std::string_view more = {}, std::string_view method = "REGISTER") {
    SipText no = sip_answer(s.to_central(method, 0), status, "r");
    s.server(no.add(status == 407 ? "Proxy-Authenticate" : "WWW-Authenticate",
                    "Digest realm=\"r\", nonce=\"n1\"" + std::string(more)));
  }
  int guesses(int count, const sip::Flow& from, std::string_view user, std::string_view nonce = "n1",
              int status = 401) {
    int asked = 0;
    for (int i = 0; i < count; ++i) {
      s.advance(11ms);
      if (!tries(from, user, nonce)) continue;
      ++asked;
      refuse(status);
    }
    return asked;
  }
  Stand s;
  int calls = 0;
};

}  // namespace

TEST_CASE("sip: 1,800 guesses under fresh Call-IDs are ten for the server, lines for fail2ban, and a ban") {
  for (const int status : {401, 403}) {
    CAPTURE(status);
    Home h;
    CHECK(h.guesses(1800, Stand::phone_flow(), "1001", "n1", status) <=
          11);  // the first one had no nonce of the server
    CHECK(h.s.reported(Kind::abuse) >= 19);
    CHECK(h.s.reported(Kind::banned) == 1);
    CHECK(std::ranges::none_of(h.s.events, &sip::Event::of_registered));
    CHECK(h.s.proxy.parts().passwords.guesses().refused() >= 20);
  }
}

TEST_CASE("sip: guesses for many users from one source lead to a ban after as many users") {
  Home h;
  int asked = 0;
  for (int user = 1000; user < 1400; ++user)
    asked += h.guesses(1, Stand::phone_flow(), std::to_string(user));
  CHECK(asked == 10);
  CHECK(h.s.reported(Kind::banned) == 1);
}

TEST_CASE("sip: what a registered phone's address tries is limited too, logged as its own, and bans nobody") {
  Home h;
  h.s.register_phone();
  CHECK(h.guesses(600, Stand::phone_flow(50, 40000), "1002") <= 11);
  CHECK(h.s.reported(Kind::abuse) >= 10);
  CHECK(h.s.reported(Kind::banned) == 0);
  CHECK(std::ranges::all_of(h.s.events, [](const sip::Event& e) { return e.kind != Kind::abuse || e.of_registered; }));
  h.s.clear();
  SipText again = h.s.register_text().set("CSeq", "102 REGISTER");
  h.s.phone(again.add("Authorization", "Digest username=\"1001\", nonce=\"n1\", response=\"y\""));
  CHECK(h.s.count(true, "REGISTER") == 1);
}

TEST_CASE("sip: guesses by other requests than REGISTER count as well") {
  Home h;
  h.s.register_phone();
  int asked = 0;
  for (int i = 0; i < 100; ++i) {
    SipText m = h.s.from_phone(i % 2 == 0 ? "INVITE" : "MESSAGE")
                    .add("Proxy-Authorization", "Digest username=\"1001\", nonce=\"n1\", response=\"x\"");
    h.s.say(Stand::phone_flow(50, 40000), m);
    const std::string method(m.method());
    if (h.s.count(true, method, 0) == 0) continue;
    ++asked;
    h.refuse(407, {}, method);
    h.s.clear();
  }
  CHECK(asked <= 11);
}

TEST_CASE("sip: a phone with a wrong password keeps nobody else in its home from registering") {
  Home h;
  int bad = 0;
  for (int i = 0; i < 200; ++i) {
    if (h.tries(Stand::phone_flow(), "1001")) ++bad, h.refuse();
    h.s.advance(20s);
  }
  CHECK(bad >= 60);
  CHECK(bad < 90);
  CHECK(h.s.reported(Kind::banned) == 0);
  h.s.clear();
  REQUIRE(h.tries(Stand::phone_flow(50, 5062), "1002"));
  h.s.accept_register();
  CHECK(h.s.proxy.bindings().size() == 1);
  // And once its password is put right, it is in as soon as it may try again.
  h.s.advance(60s);
  REQUIRE(h.tries(Stand::phone_flow(), "1001"));
  h.s.accept_register();
  CHECK(h.s.proxy.bindings().size() == 2);
}

TEST_CASE("sip: old nonces and silent servers are no wrong passwords") {
  Home h;
  for (int i = 0; i < 40; ++i) {
    REQUIRE(h.tries(Stand::phone_flow(), "1001"));
    h.refuse(401, ", stale=true");
    h.s.advance(1s);
  }
  for (int i = 0; i < 40; ++i) {
    (void)h.tries(Stand::phone_flow(), "1001");
    h.s.advance(40s);
  }
  CHECK(h.s.proxy.parts().passwords.guesses().refused() == 0);
  CHECK(h.s.reported(Kind::abuse) == 0);
}

TEST_CASE("sip: guesses in a phone's own name, from its forged address, leave the phone alone") {
  Home h;
  REQUIRE(h.tries(Stand::phone_flow(), "1001"));
  h.refuse();  // it has a nonce now
  for (int i = 0; i < 500; ++i) {
    if (h.tries(Stand::phone_flow(50, 40000), "1001", "made up")) {
      SipText no = sip_answer(h.s.to_central("REGISTER", 0), 401, "r");
      h.s.server(no.add("WWW-Authenticate", "Digest realm=\"r\", nonce=\"other\""));
    }
  }
  h.s.advance(11min);  // the ban of that address, as nobody is registered there yet
  h.s.clear();
  REQUIRE(h.tries(Stand::phone_flow(), "1001"));
  h.s.accept_register();
  for (int i = 0; i < 500; ++i)
    (void)h.tries(Stand::phone_flow(50, 40000), "1001", "made up");
  h.s.clear();
  CHECK(h.tries(Stand::phone_flow(), "1001"));
}

TEST_CASE("sip: a request with many digests goes nowhere") {
  Home h;
  SipText m = h.s.register_text();
  for (int i = 0; i < 5; ++i)
    m.add("Authorization", "Digest username=\"1001\", realm=\"" + std::to_string(i) + "\", response=\"x\"");
  h.s.phone(m);
  CHECK(h.s.count(true, "REGISTER") == 0);
  CHECK(h.s.reported(Kind::abuse) == 1);
}
