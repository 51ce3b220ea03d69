#include "sbc/admin/claim.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace dw;
using namespace dw::admin;
using namespace std::chrono_literals;

namespace {

using Kind = Claim::Verdict::Kind;

const TimePoint kSwitchedOn{std::chrono::hours(500)};
const std::string kRightCode = "K7Q4M2XD";

IpAddress claim_at(std::string_view text) {
  return IpAddress::parse(text).value();
}
const IpAddress kSofa = claim_at("192.168.1.30");

Claim open_claim() {
  Claim claim;
  claim.open(kSwitchedOn, kRightCode);
  return claim;
}

}  // namespace

TEST_CASE("claim: the code counts however it is typed, and only the code") {
  Claim claim = open_claim();
  CHECK(claim.shown() == "K7Q4-M2XD");
  for (const char* typed : {"K7Q4-M2XD", "k7q4m2xd", " K7Q4 M2XD ", "K-7-Q-4-M-2-X-D"}) {
    CAPTURE(typed);
    CHECK(claim.offer(kSwitchedOn, kSofa, typed).kind == Kind::right);
  }
  CHECK(claim.offer(kSwitchedOn, kSofa, "K7Q4-M2XE").kind == Kind::wrong);
  CHECK(claim.offer(kSwitchedOn, kSofa, "").kind == Kind::wrong);
}

TEST_CASE("claim: a code has 40 bits, of letters that nobody takes for others") {
  std::array<std::uint8_t, Claim::kLetters> octets{0, 31, 32, 63, 64, 255, 8, 7};
  const std::string code = Claim::code_of(octets);
  CHECK(code == "2Z2Z2ZA9");
  CHECK(Claim::normalised(code) == code);
  for (const char* bad : {"K7Q4M2X0", "K7Q4M2XI", "K7Q4M2X", "K7Q4M2XDD", "K7Q4_M2XD", ""})
    CHECK(Claim::normalised(bad).empty());
  CHECK(Claim::normalised(std::string(1000, '-') + code).empty());
}

TEST_CASE("claim: from the box's own network alone") {
  for (const char* inside : {"10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.0.1", "169.254.9.9", "127.0.0.1",
                             "::1", "fe80::1%2", "fd00::7"}) {
    CAPTURE(inside);
    CHECK(Claim::is_on_local_network(claim_at(inside)));
  }
  for (const char* outside :
       {"8.8.8.8", "172.32.0.1", "192.169.0.1", "100.64.0.1", "2001:db8::1", "203.0.113.7", "0.0.0.0"}) {
    CAPTURE(outside);
    CHECK_FALSE(Claim::is_on_local_network(claim_at(outside)));
    Claim claim = open_claim();
    CHECK(claim.offer(kSwitchedOn, claim_at(outside), kRightCode).kind == Kind::stranger);
  }
  CHECK_FALSE(Claim::is_on_local_network({}));
}

TEST_CASE("claim: open for a day, and closed once somebody has it") {
  Claim claim;
  CHECK(claim.offer(kSwitchedOn, kSofa, "").kind == Kind::closed);
  claim.open(kSwitchedOn, kRightCode);
  CHECK(claim.offer(kSwitchedOn + Claim::kOpenFor - 1s, kSofa, kRightCode).kind == Kind::right);
  CHECK(claim.offer(kSwitchedOn + Claim::kOpenFor, kSofa, kRightCode).kind == Kind::closed);
  claim.close();
  CHECK_FALSE(claim.is_open(kSwitchedOn));
  CHECK(claim.offer(kSwitchedOn, kSofa, kRightCode).kind == Kind::closed);
  CHECK(claim.offer(kSwitchedOn, kSofa, "").kind == Kind::closed);
}

TEST_CASE("claim: after wrong codes a source waits, and the right code is not looked at meanwhile") {
  Claim claim = open_claim();
  for (unsigned i = 0; i < LoginLimit::kFree; ++i)
    CHECK(claim.offer(kSwitchedOn, kSofa, "22222222").kind == Kind::wrong);
  const auto put_off = claim.offer(kSwitchedOn, kSofa, kRightCode);
  CHECK(put_off.kind == Kind::wait);
  CHECK(put_off.wait == 1s);
  CHECK(claim.offer(kSwitchedOn + 1s, kSofa, kRightCode).kind == Kind::right);
  CHECK(claim.offer(kSwitchedOn, claim_at("192.168.1.31"), kRightCode).kind ==
        Kind::right);  // another one does not wait for it
}

TEST_CASE("claim: in a whole day the whole network guesses some three thousand of a million million codes") {
  Claim claim = open_claim();
  std::uint64_t guesses = 0;
  std::uint32_t source = 0x0a000000;
  for (TimePoint now = kSwitchedOn; now < kSwitchedOn + Claim::kOpenFor; now += 1s) {
    for (int at_once = 0; at_once < 50; ++at_once) {
      const auto verdict = claim.offer(now, IpAddress::v4(source++), "22222222");
      guesses += verdict.kind == Kind::wrong ? 1 : 0;
    }
  }
  CHECK(guesses > 2000);  // it is not that nobody may try
  CHECK(guesses < 3000);
}
