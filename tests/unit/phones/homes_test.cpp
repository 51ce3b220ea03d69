// Where a phone's lines are registered, as its config says.
#include <doctest/doctest.h>

#include "sbc/phones/inventory.hpp"

using namespace dw;
using namespace dw::phones;

namespace {

struct Homes {
  Inventory inventory;
  WallTime now{std::chrono::hours(480'000)};

  static IpAddress at(unsigned last) { return IpAddress::v4(0xC0000200U + last); }
  void config(const std::string& device, unsigned last, std::vector<LineHome> homes) {
    inventory.on_config(DeviceName::parse(device).value(), at(last), now,
                        {.load = "", .protocol = Protocol::sip, .follow_ups = {}, .homes = std::move(homes)});
  }
  std::string host(std::string_view device, std::string_view user, unsigned last = 9) const {
    const LineHome* const home = inventory.home_of(device, user, at(last), Protocol::sip);
    return home ? home->host : "";
  }
};

const std::string kA = "SEP001122334455", kB = "SEP001122334466";

}  // namespace

TEST_CASE("a line's own home, and that of all others, whatever address the phone asks from") {
  Homes h;
  h.config(kA, 1, {{"", "t1.example.net", 5060}, {"300", "t2.example.net", 5160}});
  CHECK(h.host(kA, "100") == "t1.example.net");
  CHECK(h.host(kA, "300") == "t2.example.net");
  CHECK(h.host(kB, "100").empty());
  CHECK(h.inventory.home_of(kA, "300", {}, Protocol::sip)->port == 5160);
}

TEST_CASE("a config that says nothing of it leaves what is known, one that says there is none does not") {
  Homes h;
  h.config(kA, 1, {{"", "t1.example.net", 5060}});
  h.inventory.on_config(DeviceName::parse(kA).value(), h.at(1), h.now, {.load = "", .follow_ups = {}});
  CHECK(h.host(kA, "100") == "t1.example.net");
  h.config(kA, 1, {});
  CHECK(h.host(kA, "100").empty());
}

TEST_CASE("it goes with the phone") {
  Homes h;
  h.config(kA, 1, {{"", "t1.example.net", 5060}});
  CHECK(h.inventory.forget(kA));
  CHECK(h.host(kA, "100").empty());
}

TEST_CASE("a phone that does not name itself is known by its address, beside others by its line, and never guessed") {
  Homes h;
  h.config(kA, 1, {{"", "t1.example.net", 5060}});
  CHECK(h.host("", "100", 1) == "t1.example.net");
  CHECK(h.host("", "100", 2).empty());
  h.config(kB, 1, {{"", "t2.example.net", 5060}, {"200", "t3.example.net", 5060}});
  CHECK(h.host("", "100", 1).empty());
  CHECK(h.host("", "200", 1) == "t3.example.net");
  h.config(kB, 1, {{"", "t1.example.net", 5060}});
  CHECK(h.host("", "100", 1) == "t1.example.net");
}

TEST_CASE("no more homes are kept than a phone has lines") {
  Homes h;
  h.config(kA, 1, std::vector<LineHome>(100, {"1", "h", 1}));
  CHECK(h.inventory.find(kA)->homes.size() == Inventory::kMaxHomes);
}

TEST_CASE("a config for SCCP says nothing of SIP") {
  Homes h;
  h.config(kA, 1, {{"", "pbx.example.net", 2001, Protocol::sccp}});
  CHECK(h.host(kA, "100").empty());
  REQUIRE(h.inventory.home_of(kA, "", {}, Protocol::sccp));
  CHECK(h.inventory.home_of(kA, "", {}, Protocol::sccp)->port == 2001);
}
