#include "sbc/sccp/name_book.hpp"

#include <doctest/doctest.h>

#include "sbc/sccp/name_claim.hpp"

namespace dw::sccp {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint kBegin{1h};
constexpr std::string_view kName = "SEP001122334455";
const IpAddress kPlace = IpAddress::v4(0xcb007107), kElsewhere = IpAddress::v4(0xc6336401);

/// Both register; whether the newcomer takes the name of one that lives.
bool takes(const NameBook& book, const IpAddress& newcomer, bool took, const IpAddress& old, bool old_took) {
  return NameClaim{.registered = true,
                   .evidence = book.evidence(kName, newcomer, took),
                   .old_evidence = book.evidence(kName, old, old_took)}
      .wins_at_once();
}

}  // namespace

TEST_CASE("name book: one source's registrations of a name use up nobody else's") {
  NameBook book(6, 1);
  int passed = 0;
  for (int i = 0; i < 100; ++i)
    passed += book.may_register(kBegin, kName, kElsewhere, 0) ? 1 : 0;
  CHECK(passed == 6);
  for (int i = 0; i < 6; ++i)
    CHECK(book.may_register(kBegin, kName, kPlace, 0));
  CHECK(book.may_register(kBegin, "SEP001122334456", kElsewhere, 0));
  CHECK(book.may_register(kBegin + 10s, kName, kElsewhere, 0));
  CHECK(!book.may_register(kBegin + 10s, kName, kElsewhere, 0));
}

TEST_CASE("name book: budgets are by IPv6 /64") {
  NameBook book(1, 1);
  CHECK(book.may_register(kBegin, kName, *IpAddress::parse("2001:db8::1"), 0));
  CHECK(!book.may_register(kBegin, kName, *IpAddress::parse("2001:db8::2"), 0));
  CHECK(book.may_register(kBegin, kName, *IpAddress::parse("2001:db8:0:1::1"), 0));
}

TEST_CASE("name book: the phone that took its configuration where it is has the name before one who only says it") {
  NameBook book(6, 1);
  book.registered(kBegin, kName, kElsewhere, false);
  CHECK(takes(book, kPlace, true, kElsewhere, false));
  CHECK(!takes(book, kElsewhere, false, kPlace, true));
}

TEST_CASE(
    "name book: a stranger who holds the name while the phone is away, and took its configuration too, gives it up") {
  NameBook book(6, 1);
  book.registered(kBegin, kName, kPlace, true);
  for (int hour = 0; hour < 23; ++hour) {
    book.registered(kBegin + std::chrono::hours(hour), kName, kElsewhere, true);
    CHECK(takes(book, kPlace, true, kElsewhere, true));
    CHECK(!takes(book, kElsewhere, true, kPlace, true));
  }
}

TEST_CASE("name book: nobody ends what lives at home, whatever files he took") {
  NameBook book(6, 1);
  book.registered(kBegin, kName, kPlace, true);
  CHECK(!takes(book, kElsewhere, true, kPlace, true));
  CHECK(!takes(book, kElsewhere, true, kPlace, false));  // its own story is too short to show it
}

TEST_CASE("name book: a phone that moved has a new home after a day") {
  NameBook book(6, 1);
  book.registered(kBegin, kName, kPlace, true);
  book.registered(kBegin + 1h, kName, kElsewhere, true);
  CHECK(book.evidence(kName, kPlace, false) == 1);
  book.registered(kBegin + 26h, kName, kElsewhere, false);
  CHECK(book.evidence(kName, kPlace, false) == 0);
  CHECK(book.evidence(kName, kElsewhere, false) == 1);
}

TEST_CASE("name book: a registration from home starts the day of another again") {
  NameBook book(6, 1);
  book.registered(kBegin, kName, kPlace, true);
  book.registered(kBegin + 1h, kName, kElsewhere, true);
  book.registered(kBegin + 20h, kName, kPlace, false);
  book.registered(kBegin + 26h, kName, kElsewhere, true);
  CHECK(book.evidence(kName, kPlace, false) == 1);
}

TEST_CASE("name book: names and budgets are bounded, and a registered phone's place outlives a flood of names") {
  NameBook book(6, 1);
  book.registered(kBegin, kName, kPlace, true);
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    const std::string name = "SEP" + std::to_string(100'000'000'000 + i);
    book.may_register(kBegin + 1min, name, kElsewhere, 0);
    book.registered(kBegin + 1min, name, kElsewhere, false);
  }
  CHECK(book.names() <= NameBook::kMaxNames);
  CHECK(book.budgets() <= NameBook::kMaxNames);
  CHECK(book.evidence(kName, kPlace, false) == 1);
}

TEST_CASE("name claim: the old connection that is about to register stays when more speaks for it") {
  CHECK(NameClaim{.evidence = 0, .old_evidence = 1}.loses_at_once());
  CHECK(!NameClaim{.evidence = 0, .old_evidence = 1}.wins_at_once());
  CHECK(NameClaim{.evidence = 1, .old_evidence = 1}.wins_at_once());
  CHECK(NameClaim{.same_address = true, .evidence = 0, .old_evidence = 1}.wins_at_once());
  CHECK(!NameClaim{.registered = true}.wins_at_once());
  CHECK(!NameClaim{.registered = true}.loses_at_once());
}

}  // namespace dw::sccp
