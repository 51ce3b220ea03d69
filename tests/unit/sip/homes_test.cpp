#include "sbc/sip/homes.hpp"

#include "tests/unit/sip/sip_parts.hpp"

using namespace dw;
using namespace dw::sip;
using dw::sip::test::Parts;

TEST_CASE("sip homes: whoever writes our address is at home where its config says; whoever writes a domain, there") {
  Parts p({.central_domain = "pbx.example.net"});
  p.homes.configure();
  p.homes.ask([](std::string_view, std::string_view user, const IpAddress&) {
    return user == "1001" ? Home{"other.example.net", 5062} : Home{};
  });
  const auto ours = parse_uri("sip:1001@192.168.1.2"), unknown = parse_uri("sip:1009@192.168.1.2"),
             own = parse_uri("sip:1001@own.example.net:5070");
  CHECK(p.homes.of(*ours, Parts::phone(), nullptr).host == "other.example.net");
  CHECK(p.homes.of(*unknown, Parts::phone(), nullptr).host.empty());
  CHECK(p.homes.of(*own, Parts::phone(), nullptr).port == 5070);
  CHECK(p.homes.of(std::nullopt, Parts::phone(), nullptr).host.empty());
  // central.sip.domain says what a config's call server is called, as long as no server lists domains.
  CHECK(p.homes.domain_of(*ours, Parts::phone(), nullptr) == "pbx.example.net");
  p.options.central_domain = {};
  CHECK(p.homes.domain_of(*ours, Parts::phone(), nullptr) == "other.example.net");
  CHECK(p.homes.domain_of(*own, Parts::phone(), nullptr) == p.homes.default_domain());
}

TEST_CASE("sip homes: a registered phone stays in the domain that it registered with") {
  Parts p;
  Binding& b = p.bind("token", "1001");
  b.aor = "1001@old.example.net";
  b.maps_host = true;
  CHECK(p.homes.domain_of(b) == "old.example.net");
  CHECK(p.homes.kept(Parts::phone(), "1001").host == "old.example.net");
  CHECK(p.homes.kept(Parts::phone(), "1002").host.empty());
  b.maps_host = false;
  CHECK(p.homes.of(b).host == "old.example.net");
  CHECK(p.homes.domain_of(b) == p.homes.default_domain());
}
