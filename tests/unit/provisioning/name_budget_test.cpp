#include "tftp-proxy/core/name_budget.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace dw;
using namespace dw::provisioning;
using namespace std::chrono_literals;
using Way = NameBudget::Way;
using Verdict = NameBudget::Verdict;

namespace {

struct Box {
  KnownSources known{1};
  NameBudget names{known, {}, 2};
  TimePoint now{24h};
  unsigned last = 0;

  /// How many of so many made-up names pass.
  unsigned tries(unsigned count, const IpAddress& source, Way way) {
    unsigned passed = 0;
    for (unsigned i = 0; i < count; ++i)
      passed += names.admits(now, source, way, fmt::format("SEP{:012X}.cnf.xml", ++last)) == Verdict::yes;
    return passed;
  }
};

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}

}  // namespace

TEST_CASE("made-up names: so many at once, so many a second, by source; names that exist cost nothing") {
  Box box;
  const IpAddress guesser = ip("203.0.113.9");
  box.names.exists(box.now, "SEP001122334455.cnf.xml");
  CHECK(box.tries(1000, guesser, Way::tcp) == 200);
  box.now += 10s;
  CHECK(box.tries(1000, guesser, Way::tcp) == 100);
  for (int i = 0; i < 1000; ++i)
    CHECK(box.names.admits(box.now, guesser, Way::tcp, "SEP001122334455.cnf.xml") == Verdict::yes);
  CHECK(box.names.admits(box.now, guesser, Way::tcp, "sep001122334455.CNF.XML") == Verdict::yes);
  CHECK(box.names.admits(box.now, guesser, Way::tcp, "CTLSEP001122334455.tlv") == Verdict::yes);  // never passed on
  CHECK(box.tries(100, ip("203.0.113.10"), Way::tcp) == 100);
}

TEST_CASE("an IPv6 guesser is one /64, and a /48 of them four") {
  Box box;
  unsigned passed = 0;
  for (unsigned i = 0; i < 2000; ++i)
    passed += box.tries(1, ip(fmt::format("2001:db8:7:1::{:x}", i + 1).c_str()), Way::tcp);
  CHECK(passed == 200);
  for (unsigned i = 0; i < 4000; ++i)
    passed += box.tries(1, ip(fmt::format("2001:db8:7:{:x}::1", i + 2).c_str()), Way::tcp);
  CHECK(passed <= 800);
}

TEST_CASE("what is forged by UDP takes nothing from the same address's TCP; what came by TCP counts for both") {
  Box box;
  const IpAddress victim = ip("198.51.100.7"), guesser = ip("198.51.100.8");
  CHECK(box.tries(1000, victim, Way::udp) == 200);
  CHECK(box.tries(100, victim, Way::tcp) == 100);
  CHECK(box.tries(1000, guesser, Way::tcp) == 200);
  CHECK(box.tries(1000, guesser, Way::udp) == 0);
}

TEST_CASE("an address with a registered phone may ask for more, and one that took a file may not") {
  Box box;
  box.known.proved(box.now, ip("198.51.100.7"), Standing::registered, 1h);
  box.known.proved(box.now, ip("198.51.100.8"), Standing::proven);
  CHECK(box.tries(5000, ip("198.51.100.7"), Way::tcp) == 1000);
  CHECK(box.tries(5000, ip("198.51.100.8"), Way::tcp) == 200);
}

TEST_CASE("a name that is known to be missing is free for as long as that is believed") {
  Box box;
  const IpAddress site = ip("198.51.100.7");
  box.names.missing(box.now, "g4-tones.xml", box.now + 30s);
  CHECK(box.tries(1000, site, Way::udp) == 200);
  CHECK(box.names.admits(box.now, site, Way::udp, "g4-tones.xml") == Verdict::yes);
  box.now += 30s;
  CHECK_FALSE(box.names.knows(box.now, "g4-tones.xml"));
}

TEST_CASE("names that strangers make up never push out one that exists") {
  Box box;
  for (unsigned i = 0; i < 10'000; ++i)
    box.names.exists(box.now, fmt::format("SEP{:012X}.cnf.xml", i));
  for (unsigned i = 0; i < 300'000; ++i)
    box.names.missing(box.now, fmt::format("made-up-{}", i), box.now + 30s);
  unsigned kept = 0;
  for (unsigned i = 0; i < 10'000; ++i)
    kept += box.names.knows(box.now, fmt::format("SEP{:012X}.cnf.xml", i));
  CHECK(kept >= 9'990);  // sets that only names that exist have filled
}

TEST_CASE("who guesses is reported once a minute, and kept in bounded room") {
  Box box;
  const IpAddress guesser = ip("203.0.113.9");
  unsigned abuses = 0;
  for (unsigned i = 0; i < 1000; ++i)
    abuses += box.names.admits(box.now, guesser, Way::tcp, fmt::format("x{}", i)) == Verdict::abuse;
  CHECK(abuses == 1);
  REQUIRE(box.names.enumerators().size() == 1);
  CHECK(box.names.enumerators()[0].source == guesser);
  CHECK(box.names.enumerators()[0].refused == 800);
  CHECK(box.names.enumerators()[0].example == "x999");
  box.now += 1s;
  for (unsigned i = 0; i < 100; ++i)
    box.tries(300, IpAddress::v4(0x0a000000U + i), Way::udp);
  CHECK(box.names.enumerators().size() == NameBudget::kKept);
  box.now += 1min;
  CHECK(box.tries(2000, guesser, Way::tcp) == 200);
}
