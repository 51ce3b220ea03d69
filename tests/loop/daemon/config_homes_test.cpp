#include "sbc/daemon/config_homes.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

/// What the daemon makes of the servers that phones' own configs name.
using namespace dw;
using phones::LineHome;

namespace {

const IpAddress kBox = IpAddress::v4(0xc0000214), kPhone = IpAddress::v4(0xc0000263);

struct Configs {
  Configs() {
    loaded.config.central.host = "pbx.example.net";
    loaded.config.central.sip.ports_by_config = true;
  }
  /// A phone whose config names these ports of the SIP server.
  void phone(unsigned number, const std::vector<std::uint16_t>& ports) {
    std::vector<LineHome> lines;
    for (const std::uint16_t port : ports)
      lines.push_back({std::to_string(lines.size()), "pbx.example.net", port, phones::Protocol::sip});
    inventory.on_config(DeviceName::parse(fmt::format("SEP00112233{:04X}", number)).value(), kPhone, wall_now(),
                        {.load = "", .protocol = phones::Protocol::sip, .follow_ups = {}, .homes = lines});
  }
  std::vector<std::uint16_t> ports() const {
    std::vector<std::uint16_t> out;
    for (const conf::SipServer& server : loaded.config.central.sip.servers) {
      CHECK(server.server.host == "pbx.example.net");
      out.push_back(server.server.port);
    }
    return out;
  }
  std::optional<std::vector<LineHome>> read(const std::string& name, const std::string& server) {
    const std::string text =
        "<device><deviceProtocol>SIP</deviceProtocol><devicePool><callManagerGroup><members><member priority=\"0\">"
        "<callManager><ports><sipPort>5062</sipPort></ports><processNodeName>" +
        server + "</processNodeName></callManager></member></members></callManagerGroup></devicePool></device>";
    const provisioning::FileRequest asked{name, {kPhone, 50'000}, kBox, provisioning::Transport::tftp};
    return homes.homes_in(asked, provisioning::rewrite_cnf(name, as_bytes(text), {}));
  }

  conf::Loaded loaded;
  phones::Inventory inventory;
  WireTap tap;
  net::AccessGate gate;
  Fronts fronts{tap, gate};
  ConfigHomes homes{loaded, inventory, fronts, {}};
};

}  // namespace

TEST_CASE("the central server is asked at the ports that configs name, the most common one first") {
  Configs c;
  CHECK(c.homes.follow_ports(c.loaded.config));
  CHECK(c.ports() == std::vector<std::uint16_t>{5060});  // no config is known yet
  c.phone(1, {5070});
  c.phone(2, {5062, 5070});
  c.phone(3, {0});
  CHECK(c.homes.follow_ports(c.loaded.config));
  CHECK(c.ports() == std::vector<std::uint16_t>{5070, 5060, 5062});
  CHECK_FALSE(c.homes.follow_ports(c.loaded.config));
}

TEST_CASE("of the ports that configs name no more than eight are asked") {
  Configs c;
  for (unsigned i = 0; i < 12; ++i)
    c.phone(i, {static_cast<std::uint16_t>(6000 + i)});
  CHECK(c.homes.follow_ports(c.loaded.config));
  CHECK(c.ports().size() == 8);
}

TEST_CASE("where the settings name servers, configs do not change them") {
  Configs c;
  c.loaded.config.central.sip.ports_by_config = false;
  c.phone(1, {5070});
  CHECK_FALSE(c.homes.follow_ports(c.loaded.config));
  CHECK(c.ports().empty());
}

TEST_CASE("a phone's home is read from its own config, and not from a folder beside") {
  Configs c;
  const auto homes = c.read("SEP001122334455.cnf.xml", "pbx.example.net");
  REQUIRE(homes);
  REQUIRE(homes->size() == 1);
  CHECK(homes->front() == LineHome{"", "pbx.example.net", 5062, phones::Protocol::sip});
  CHECK_FALSE(c.read("old/SEP001122334455.cnf.xml", "pbx.example.net"));
  CHECK_FALSE(c.read("XMLDefault.cnf.xml", "pbx.example.net"));
}

TEST_CASE("a config that names this box names no home") {
  Configs c;
  const auto asked_address = c.read("SEP001122334455.cnf.xml", kBox.to_string());
  REQUIRE(asked_address);
  CHECK(asked_address->empty());
  c.loaded.config.access.advertise = IpAddress::v4(0xc6336401);
  const auto advertised = c.read("SEP001122334455.cnf.xml", "198.51.100.1");
  REQUIRE(advertised);
  CHECK(advertised->empty());
}

TEST_CASE("a line whose config names no port is at 5060 where configs determine the ports") {
  Configs c;
  c.phone(1, {0});
  CHECK(c.homes.sip_home("SEP001122330001", "0", kPhone).port == sip::kSipPort);
  c.loaded.config.central.sip.ports_by_config = false;
  CHECK(c.homes.sip_home("SEP001122330001", "0", kPhone).port == 0);
  CHECK(c.homes.sip_home("SEP001122339999", "0", IpAddress::v4(0xc0000201)).host.empty());
  CHECK(c.homes.sccp_home("SEP001122330001").host.empty());  // its config is of SIP
}
