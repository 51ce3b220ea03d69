#include "sbc/sip/password_guesses.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace dw;
using namespace dw::sip;
using namespace std::chrono_literals;
using Verdict = PasswordGuesses::Verdict;

namespace {

struct Desk {
  PasswordGuesses guesses{7};
  TimePoint now{1h};

  PasswordTry by(const char* address, std::string_view user, bool own = false, std::string_view username = {}) const {
    PasswordTry tried;
    tried.source = *IpAddress::parse(address);
    tried.own = own;
    guesses.add_user(tried, user);
    if (!username.empty()) guesses.add_user(tried, username);
    return tried;
  }
  /// A wrong one. Whether the server was asked.
  bool wrong(const PasswordTry& tried) {
    if (guesses.begin(now, tried) != Verdict::passes) return false;
    guesses.wrong(now, tried);
    return true;
  }
  bool right(const PasswordTry& tried) {
    if (guesses.begin(now, tried) != Verdict::passes) return false;
    guesses.right(now, tried);
    return true;
  }
  int wrong_ones(int count, const PasswordTry& tried) {
    int passed = 0;
    for (int i = 0; i < count; ++i)
      passed += wrong(tried) ? 1 : 0;
    return passed;
  }
};

}  // namespace

TEST_CASE("passwords: a user's are tried ten times from one source, then once a minute") {
  Desk d;
  const PasswordTry guess = d.by("198.51.100.1", "1001");
  CHECK(d.wrong_ones(100, guess) == 10);
  d.now += 59s;
  CHECK_FALSE(d.wrong(guess));
  d.now += 2s;
  CHECK(d.wrong_ones(10, guess) == 1);
  d.now += 24h;
  CHECK(d.wrong_ones(100, guess) == 10);
  CHECK(d.guesses.wrong() == 21);
}

TEST_CASE("passwords: those that are on the way count, before the server has said anything") {
  Desk d;
  const PasswordTry guess = d.by("198.51.100.1", "1001");
  int passed = 0;
  for (int i = 0; i < 500; ++i)
    passed += d.guesses.begin(d.now, guess) == Verdict::passes ? 1 : 0;
  CHECK(passed == 10);
  for (int i = 0; i < passed; ++i)
    d.guesses.unknown(guess);  // no answer came: a server that is down locks nobody out
  CHECK(d.right(guess));
}

TEST_CASE("passwords: a right one takes back what was wrong before it") {
  Desk d;
  const PasswordTry phone = d.by("198.51.100.1", "1001");
  for (int i = 0; i < 100; ++i) {
    CHECK(d.wrong(phone));  // a nonce that the server has forgotten, and does not call stale
    CHECK(d.right(phone));
  }
}

TEST_CASE("passwords: spellings of one user are one user, and the digest's username counts as the address does") {
  Desk d;
  CHECK(d.wrong_ones(5, d.by("198.51.100.1", "alice")) == 5);
  CHECK(d.wrong_ones(5, d.by("198.51.100.1", "%41lice")) == 5);
  CHECK_FALSE(d.wrong(d.by("198.51.100.1", "ALICE")));
  CHECK_FALSE(d.wrong(d.by("198.51.100.1", "another", false, "al\\ice")));
  CHECK(d.wrong(d.by("198.51.100.1", "another")));
}

TEST_CASE("passwords: one source tries so many of all users, one user is tried so often from all sources") {
  Desk d;
  int passed = 0;
  for (int i = 0; i < 1000; ++i)
    passed += d.wrong(d.by("198.51.100.1", std::to_string(i))) ? 1 : 0;
  CHECK(passed == 50);
  passed = 0;
  for (int i = 0; i < 250; ++i)
    passed += d.wrong(d.by(("203.0.113." + std::to_string(i)).c_str(), "1001")) ? 1 : 0;
  CHECK(passed <= 30);
}

TEST_CASE("passwords: an IPv6 network of one customer is one source") {
  Desk d;
  int passed = 0;
  for (int i = 0; i < 100; ++i)
    passed += d.wrong(d.by(("2001:db8::" + std::to_string(i)).c_str(), "1001")) ? 1 : 0;
  CHECK(passed == 10);
}

TEST_CASE("passwords: nobody locks out a user from where he is known") {
  Desk d;
  CHECK(d.right(d.by("192.0.2.7", "1001")));
  for (int i = 0; i < 250; ++i)
    d.wrong_ones(20, d.by(("203.0.113." + std::to_string(i)).c_str(), "1001"));
  CHECK_FALSE(d.wrong(d.by("198.51.100.1", "1001")));
  CHECK(d.right(d.by("192.0.2.7", "1001")));           // he showed the right one there
  CHECK(d.right(d.by("198.51.100.2", "1001", true)));  // he is registered there
  // Nor by somebody else behind the same router.
  for (int i = 0; i < 100; ++i)
    d.wrong_ones(20, d.by("192.0.2.7", std::to_string(2000 + i)));
  CHECK(d.right(d.by("192.0.2.7", "1001")));
  PasswordTry phone = d.by("192.0.2.7", "1001", true);
  d.wrong_ones(20, phone);
  CHECK_FALSE(d.right(phone));
  phone.port = 5060;  // it is the registered phone itself
  CHECK(d.right(phone));
}

TEST_CASE("passwords: forged sources limit no real one") {
  Desk d;
  PasswordTry forged = d.by("192.0.2.7", "1001");
  forged.blind = true;
  CHECK(d.wrong_ones(1000, forged) == 10);
  CHECK(d.right(d.by("192.0.2.7", "1001")));
  CHECK_FALSE(d.guesses.knows_nonce(forged.source, "abc"));
  d.guesses.sent_nonce(d.now, forged.source, "abc", Standing::stranger);
  CHECK(d.guesses.knows_nonce(forged.source, "abc"));
  CHECK_FALSE(d.guesses.knows_nonce(*IpAddress::parse("192.0.2.8"), "abc"));
}

TEST_CASE("passwords: a phone that has a wrong one is blamed once, who tries faster than a phone hammers") {
  Desk d;
  const PasswordTry phone = d.by("192.0.2.7", "1001");
  int blamed = 0, hammers = 0;
  for (int i = 0; i < 1000; ++i) {
    d.now += 20s;
    const Verdict verdict = d.guesses.begin(d.now, phone);
    if (verdict == Verdict::passes) blamed += d.guesses.wrong(d.now, phone) ? 1 : 0;
    hammers += verdict == Verdict::hammers ? 1 : 0;
  }
  CHECK(blamed == 1);
  CHECK(hammers == 0);
  for (int i = 0; i < 90; ++i) {
    d.now += 11ms;
    hammers += d.guesses.begin(d.now, phone) == Verdict::hammers ? 1 : 0;
  }
  CHECK(hammers > 60);
}

TEST_CASE("passwords: whatever many sources try, users that are known where they are go on") {
  Desk d;
  for (int i = 0; i < 200; ++i)
    CHECK(d.right(d.by(("192.0.2." + std::to_string(i)).c_str(), std::to_string(i), true)));
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    PasswordTry guess;
    guess.source = IpAddress::v4(0x0B000000U + i * 7919U);
    guess.blind = true;
    d.guesses.add_user(guess, std::to_string(i % 5000));
    d.wrong(guess);
  }
  int passed = 0;
  for (int i = 0; i < 200; ++i)
    passed += d.right(d.by(("192.0.2." + std::to_string(i)).c_str(), std::to_string(i))) ? 1 : 0;
  CHECK(passed == 200);
}
