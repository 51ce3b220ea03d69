#include "nat/fast/core/interfaces.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace dw::nat::fast {
namespace {

using State = InterfaceReport::State;
using Numbers = std::vector<unsigned>;

Link ethernet(unsigned index) {
  return {.index = index, .name = "eth" + std::to_string(index), .up = true, .ethernet = true};
}

/// Does all that is asked for, as a kernel that takes everything.
Interfaces::Work do_all(Interfaces& interfaces) {
  const auto work = interfaces.work();
  for (const unsigned one : work.detach)
    interfaces.on_detached(one);
  for (const unsigned one : work.attach)
    interfaces.on_attached(one);
  return work;
}

std::vector<InterfaceReport> reported(const Interfaces& interfaces) {
  LoaderReport out;
  interfaces.report(out);
  return out.interfaces;
}

TEST_CASE("interfaces: Ethernet that is up, but no loopback, no member and no VLAN") {
  Link loopback{.index = 1, .name = "lo", .up = true, .loopback = true};
  Link down = ethernet(3), member = ethernet(4), vlan = ethernet(5), tunnel = ethernet(6);
  down.up = false;
  member.member = true;
  vlan.vlan = true;
  tunnel.ethernet = false;
  Interfaces interfaces;
  interfaces.on_listing({loopback, ethernet(2), down, member, vlan, tunnel});
  CHECK(do_all(interfaces).attach == Numbers{2});
  const std::vector<InterfaceReport> expected = {{"eth2", State::attached, {}},
                                                 {"eth3", State::down, {}},
                                                 {"eth5", State::vlan, {}},
                                                 {"eth6", State::not_ethernet, {}}};
  CHECK(reported(interfaces) == expected);
}

TEST_CASE("interfaces: whatever stops one from being plain detaches it, and the end of that attaches it again") {
  const std::pair<const char*, void (*)(Link&)> changes[] = {
      {"down", [](Link& l) { l.up = false; }},
      {"a member", [](Link& l) { l.member = true; }},
      {"a VLAN", [](Link& l) { l.vlan = true; }},
      {"not Ethernet", [](Link& l) { l.ethernet = false; }},
  };
  for (const auto& [name, change] : changes) {
    CAPTURE(std::string(name));
    Interfaces interfaces;
    interfaces.on_listing({ethernet(2)});
    do_all(interfaces);
    Link changed = ethernet(2);
    change(changed);
    interfaces.on_listing({changed});
    CHECK(do_all(interfaces).detach == Numbers{2});
    CHECK_FALSE(interfaces.is_attached(2));
    interfaces.on_listing({ethernet(2)});
    CHECK(do_all(interfaces).attach == Numbers{2});
  }
}

TEST_CASE(
    "interfaces: one that is gone took the program along; one that comes gets it; a new name changes the report alone") {
  Interfaces interfaces;
  interfaces.on_listing({ethernet(2), ethernet(3)});
  do_all(interfaces);
  Link renamed = ethernet(3);
  renamed.name = "lan0";
  interfaces.on_listing({renamed, ethernet(7)});
  const auto work = do_all(interfaces);
  CHECK(work.detach.empty());
  CHECK(work.attach == Numbers{7});
  CHECK(reported(interfaces) ==
        std::vector<InterfaceReport>{{"lan0", State::attached, {}}, {"eth7", State::attached, {}}});
}

TEST_CASE("interfaces: one that refused is not tried again until something about it changes") {
  Interfaces interfaces;
  interfaces.on_listing({ethernet(2)});
  interfaces.on_refused(2, "no clsact");
  interfaces.on_listing({ethernet(2)});
  CHECK(interfaces.work().attach.empty());
  CHECK(reported(interfaces) == std::vector<InterfaceReport>{{"eth2", State::refused, "no clsact"}});
  Link renamed = ethernet(2);
  renamed.name = "lan0";
  interfaces.on_listing({renamed});
  CHECK(interfaces.work().attach == Numbers{2});
  interfaces.on_refused(2, "no clsact");
  interfaces.on_unloaded();
  CHECK(interfaces.work().attach == Numbers{2});
}

TEST_CASE("interfaces: what somebody removed is put back a few times, and then it is said") {
  Interfaces interfaces;
  interfaces.on_listing({ethernet(2)});
  for (int i = 0; i < Interfaces::kMaxPutBacks; ++i) {
    CHECK(do_all(interfaces).attach == Numbers{2});
    interfaces.on_removed(2);
  }
  CHECK(do_all(interfaces).attach == Numbers{2});
  interfaces.on_removed(2);
  CHECK(interfaces.work().attach.empty());
  REQUIRE(reported(interfaces).size() == 1);
  CHECK(reported(interfaces)[0].state == State::refused);
  CHECK(reported(interfaces)[0].why.size() <= LoaderReport::kMaxWhy);
  interfaces.on_removed(99);
}

TEST_CASE("interfaces: members of bridges take no place, and what is attached keeps its own") {
  std::vector<Link> many;
  for (unsigned i = 0; i < 400; ++i) {
    many.push_back(ethernet(1000 + i));
    many.back().member = true;
  }
  many.push_back(ethernet(5000));
  Interfaces interfaces;
  interfaces.on_listing(many);
  CHECK(do_all(interfaces).attach == Numbers{5000});
  LoaderReport report;
  interfaces.report(report);
  CHECK_FALSE(report.more_interfaces);

  many.clear();
  for (unsigned i = 0; i < 400; ++i)
    many.push_back(ethernet(1000 + i));
  many.push_back(ethernet(5000));
  interfaces.on_listing(many);
  const auto work = do_all(interfaces);
  CHECK(work.attach.size() == LoaderReport::kMaxInterfaces);
  CHECK(interfaces.is_attached(5000));
  interfaces.report(report);
  CHECK(report.more_interfaces);
}

}  // namespace
}  // namespace dw::nat::fast
