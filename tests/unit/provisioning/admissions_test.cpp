#include "tftp-proxy/core/admissions.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tftp-proxy/core/name_budget.hpp"

using namespace dw;
using namespace dw::provisioning;
using namespace std::chrono_literals;
using Phones = Admissions::Phones;
using By = Admissions::By;

namespace {

const std::string kAnna = "SEP001122334401", kBert = "SEP001122334402";
const IpAddress kHome = *IpAddress::parse("198.51.100.7"), kElsewhere = *IpAddress::parse("203.0.113.9");

struct Door {
  Admissions admissions;
  TimePoint now{24h};
  WallTime at{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

  explicit Door(Phones phones) { admissions.set_phones(phones); }
  bool asks(const std::string& device, const IpAddress& from) {
    return admissions.admits(now, at, from, device + ".cnf.xml");
  }
  /// Asks, and takes the file when it gets it.
  bool takes(const std::string& device, const IpAddress& from) {
    if (!asks(device, from)) return false;
    admissions.taken(now, at, from, device + ".cnf.xml");
    return true;
  }
  bool registers(const std::string& device, const IpAddress& from, const std::string& user = {}) {
    return admissions.registered(at, device, from, user);
  }
  void pass(std::chrono::milliseconds time) {
    now += time;
    at += time;
  }
};

}  // namespace

TEST_CASE("all: everybody gets every file, and who only takes one is admitted nowhere") {
  Door door(Phones::all);
  CHECK(door.takes(kAnna, kHome));
  CHECK(door.takes(kAnna, kElsewhere));
  CHECK(door.admissions.all().empty());
  door.admissions.set_phones(Phones::known);
  CHECK_FALSE(door.asks(kAnna, kHome));
}

TEST_CASE("known: nobody gets a device's files before it is admitted; what is no secret stays open in every mode") {
  for (const Phones phones : {Phones::known, Phones::listed}) {
    Door door(phones);
    CHECK_FALSE(door.asks(kAnna, kHome));
    for (const char* open : {"XMLDefault.cnf.xml", "SCCP45.9-4-2SR4-3S.loads", "Ringlist.xml", "dialplan.xml"})
      CHECK(door.admissions.admits(door.now, door.at, kHome, open));
    REQUIRE(door.admissions.refused().size() == 1);
    CHECK(door.admissions.refused()[0].device == kAnna);
    CHECK(door.admissions.refused()[0].source == kHome);
  }
}

TEST_CASE("known: the operator lets one device in for a while, and where it took its config it stays admitted") {
  Door door(Phones::known);
  REQUIRE(door.admissions.admit(door.now, "00:11:22:33:44:01", 15min).value() == kAnna);
  CHECK_FALSE(door.asks(kBert, kHome));
  CHECK(door.takes(kAnna, kHome));
  door.pass(15min);
  CHECK(door.admissions.windows(door.now).empty());
  CHECK(door.takes(kAnna, kHome));
  CHECK_FALSE(door.asks(kAnna, kElsewhere));
  CHECK(door.admissions.forget(door.now, kAnna));
  CHECK_FALSE(door.asks(kAnna, kHome));
  CHECK_FALSE(door.admissions.forget(door.now, kAnna));
}

TEST_CASE("who asks and takes nothing is not admitted, in a window neither: a source by UDP may be forged") {
  Door door(Phones::known);
  REQUIRE(door.admissions.admit_any(door.now, 15min));
  CHECK(door.asks(kAnna, kHome));
  door.pass(16min);
  CHECK_FALSE(door.asks(kAnna, kHome));
  CHECK(door.admissions.all().empty());
}

TEST_CASE("a window for any device admits so many and no more, and can be closed") {
  Door door(Phones::known);
  REQUIRE(door.admissions.admit_any(door.now, 15min));
  unsigned got = 0;
  for (unsigned i = 0; i < 3000; ++i)
    got += door.takes(fmt::format("SEP0000000{:05X}", i), kElsewhere);
  CHECK(got == Admissions::kMaxByWindow);
  CHECK(door.admissions.all().size() == Admissions::kMaxByWindow);
  REQUIRE(door.admissions.admit_any(door.now, 15min));
  CHECK(door.asks(kAnna, kHome));
  door.admissions.close(door.now);
  CHECK_FALSE(door.asks(kAnna, kHome));
  CHECK(door.asks("SEP000000000000", kElsewhere));
}

TEST_CASE("known: a phone of the list is admitted where it takes its config first") {
  Door door(Phones::known);
  door.admissions.set_list({kAnna});
  CHECK_FALSE(door.asks(kBert, kHome));
  CHECK(door.takes(kAnna, kHome));
  CHECK_FALSE(door.asks(kAnna, kElsewhere));
  CHECK(door.takes(kAnna, kHome));
  door.admissions.set_list({});
  CHECK(door.takes(kAnna, kHome));
}

TEST_CASE("listed: the list from anywhere, the operator's beside it, and no registration") {
  Door door(Phones::listed);
  door.admissions.set_list({kAnna});
  CHECK(door.takes(kAnna, kHome));
  CHECK(door.takes(kAnna, kElsewhere));
  CHECK(door.registers(kBert, kHome));
  CHECK_FALSE(door.asks(kBert, kHome));
  REQUIRE(door.admissions.admit(door.now, kBert, 15min));
  CHECK(door.takes(kBert, kHome));
  door.pass(1h);
  CHECK(door.takes(kBert, kHome));
  CHECK_FALSE(door.asks(kBert, kElsewhere));
}

TEST_CASE("known: a registration admits, at a new address too, and in the mode all as well") {
  Door door(Phones::all);
  CHECK(door.registers(kAnna, kHome));
  door.admissions.set_phones(Phones::known);
  CHECK(door.takes(kAnna, kHome));
  CHECK_FALSE(door.registers(kAnna, kHome));  // a refresh is no news
  CHECK_FALSE(door.asks(kAnna, kElsewhere));
  CHECK(door.registers(kAnna, kElsewhere));
  CHECK(door.takes(kAnna, kElsewhere));
}

TEST_CASE("whoever registers as one user admits no device of another user") {
  Door door(Phones::known);
  CHECK(door.registers(kAnna, kHome, "1001"));
  CHECK_FALSE(door.registers(kAnna, kElsewhere, "6666"));
  CHECK_FALSE(door.registers(kAnna, kElsewhere));  // by SCCP
  CHECK_FALSE(door.asks(kAnna, kElsewhere));
  CHECK(door.registers(kAnna, kElsewhere, "1001"));
  SUBCASE("nor one that the operator admitted and that has not registered yet") {
    REQUIRE(door.admissions.admit(door.now, kBert, 15min));
    CHECK(door.takes(kBert, kHome));
    CHECK_FALSE(door.registers(kBert, kElsewhere, "6666"));
    CHECK_FALSE(door.registers(kBert, kHome, "1002"));  // its own, from where it is
    CHECK(door.registers(kBert, kElsewhere, "1002"));
  }
}

TEST_CASE("an IPv6 phone is admitted in its /64") {
  Door door(Phones::known);
  CHECK(door.registers(kAnna, *IpAddress::parse("2001:db8:7:1::5")));
  CHECK(door.asks(kAnna, *IpAddress::parse("2001:db8:7:1:aaaa::9")));
  CHECK_FALSE(door.asks(kAnna, *IpAddress::parse("2001:db8:7:2::5")));
}

TEST_CASE("admissions are bounded: of one device the sources unused longest go, of all the device") {
  Door door(Phones::known);
  for (unsigned i = 1; i <= 20; ++i) {
    door.registers(kAnna, IpAddress::v4(0xcb007100 + i));
    door.pass(2h);
  }
  CHECK(door.admissions.all().size() == Admissions::kMaxSources);
  CHECK_FALSE(door.asks(kAnna, IpAddress::v4(0xcb007101)));
  CHECK(door.asks(kAnna, IpAddress::v4(0xcb007114)));
  for (unsigned i = 0; i < Admissions::kMaxAdmissions; ++i)
    door.registers(fmt::format("SEP00000{:07X}", i), kHome);
  CHECK(door.admissions.all().size() == Admissions::kMaxAdmissions);
  CHECK_FALSE(door.asks(kAnna, IpAddress::v4(0xcb007114)));
  CHECK(door.asks(fmt::format("SEP00000{:07X}", Admissions::kMaxAdmissions - 1), kHome));
}

TEST_CASE("strangers fill nothing by asking: whom it refused is remembered for the latest") {
  Door door(Phones::known);
  for (unsigned i = 0; i < 5000; ++i)
    CHECK_FALSE(door.asks(fmt::format("SEP00000{:07X}", i), IpAddress::v4(0x0a000000 + i)));
  CHECK(door.admissions.all().empty());
  CHECK(door.admissions.refused().size() == Admissions::kKeptRefused);
  CHECK(door.admissions.take_changes(10).empty());
}

TEST_CASE("what the operator types: a name or a MAC, and a time within bounds") {
  Door door(Phones::known);
  CHECK(door.admissions.admit(door.now, "not a phone", 15min).error().code == Errc::invalid);
  CHECK(door.admissions.admit(door.now, "192.0.2.7", 15min).error().code == Errc::invalid);
  CHECK(door.admissions.admit(door.now, kAnna, 0s).error().code == Errc::invalid);
  CHECK(door.admissions.admit(door.now, kAnna, Admissions::kMaxFor + 1s).error().code == Errc::invalid);
  CHECK(door.admissions.admit_any(door.now, Admissions::kMaxForAny + 1s).error().code == Errc::invalid);
  for (unsigned i = 0; i < Admissions::kMaxWindows; ++i)
    REQUIRE(door.admissions.admit(door.now, fmt::format("SEP00000{:07X}", i), 15min));
  CHECK(door.admissions.admit(door.now, kAnna, 15min).error().code == Errc::exhausted);
  door.pass(16min);
  CHECK(door.admissions.admit(door.now, kAnna, 15min));
}

TEST_CASE("what is to be written: each change once, the latest, and again when the disk refused") {
  Door door(Phones::known);
  door.registers(kAnna, kHome, "1001");
  auto changes = door.admissions.take_changes(10);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].admission.user == "1001");
  CHECK(door.admissions.take_changes(10).empty());
  door.takes(kAnna, kHome);
  CHECK(door.admissions.take_changes(10).empty());  // used within the hour
  door.admissions.forget(door.now, kAnna);
  door.admissions.give_back(std::move(changes));
  changes = door.admissions.take_changes(10);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].gone);
  Admissions again;
  again.set_phones(Phones::known);
  again.restore({kAnna, kHome, By::window, "", door.at, door.at});
  CHECK_FALSE(again.keeps_out(door.now, kHome, kAnna + ".cnf.xml"));
  CHECK(again.take_changes(10).empty());
}

TEST_CASE("nobody finds out which configs exist by what a guess costs") {
  KnownSources known(1);
  NameBudget names(known, {}, 2);
  Door door(Phones::known);
  names.use(door.admissions);
  names.exists(door.now, kAnna + ".cnf.xml");
  const auto passes = [&](const std::string& name) {
    return names.admits(door.now, kElsewhere, NameBudget::Way::tcp, name) == NameBudget::Verdict::yes;
  };
  for (unsigned i = 0; i < 1000; ++i)
    (void)passes(fmt::format("SEP00000{:07X}.cnf.xml", i));
  CHECK_FALSE(passes(kAnna + ".cnf.xml"));
  CHECK_FALSE(passes(kBert + ".cnf.xml"));
  CHECK(passes("CTL" + kAnna + ".tlv"));  // missing for all
  CHECK(names.admits(door.now, kHome, NameBudget::Way::tcp, kAnna + ".cnf.xml") ==
        NameBudget::Verdict::yes);  // within its budget
  door.registers(kAnna, kElsewhere);
  CHECK(passes(kAnna + ".cnf.xml"));
}
