#include "sbc/daemon/config_homes.hpp"

#include <algorithm>
#include <map>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/daemon/options.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/resolver.hpp"
#include "tftp-proxy/core/cnf_homes.hpp"
#include "tftp-proxy/core/cnf_policy.hpp"
#include "tftp-proxy/core/file_name.hpp"

namespace dw {
namespace {

constexpr std::size_t kMaxHost = 253, kMaxUser = 128;  // octets
constexpr std::size_t kMaxPorts = 8;                   // of the central server, asked by UDP

bool can_be_kept(const provisioning::CnfHome& home) {
  return provisioning::is_plain_host(home.host) && home.host.size() <= kMaxHost && home.user.size() <= kMaxUser &&
         std::ranges::none_of(home.user, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

std::vector<provisioning::CnfHome> call_server(const provisioning::CnfFacts& facts) {
  if (facts.call_servers.empty()) return {};
  provisioning::CnfHome home{{}, {}, facts.call_servers.front().sccp_port};
  for (const char c : facts.call_servers.front().host)
    home.host += lower(c);
  return {home};
}

}  // namespace

void ConfigHomes::add_central_side(provisioning::RewriteOptions& rewriting) const {
  if (!fronts_.sip) return;
  const conf::Central& central = loaded_.config.central;
  auto& hosts = rewriting.central_hosts;
  const auto add = [&](const std::string& host) {
    if (!host.empty()) hosts.push_back(host);
  };
  add(central.host);
  add(central.sip.domain);
  for (const conf::SipServer& server : central.sip.servers) {
    add(server.server.host);
    hosts.insert(hosts.end(), server.domains.begin(), server.domains.end());
    rewriting.central_hosts_only = rewriting.central_hosts_only || !server.domains.empty();
  }
  for (const IpAddress& address : central.sip.trusted)
    add(address.to_string());
  for (const sip::Servers::Server& server : fronts_.sip->servers()) {
    for (const sip::Servers::Address& address : server.addresses)
      if (server.configured) add(address.peer.address.to_string());
  }
  // A config that names this box already.
  add(rewriting.host);
  if (rewriting.central_hosts_only) return;
  for (const provisioning::CnfLine& line : text_defaults_.lines)
    if (line.number == 1) add(line.host);
}

std::optional<std::vector<phones::LineHome>> ConfigHomes::homes_in(const provisioning::FileRequest& asked,
                                                                   const provisioning::Rewritten& made) {
  if (made.facts.signalling == provisioning::Signalling::unknown || asked.name.contains('/')) return std::nullopt;
  if (equal_ignoring_case(asked.name, "SIPDefault.cnf")) {
    text_defaults_ = made.facts;
    return std::nullopt;
  }
  if (DeviceName::in_file_name(asked.name).empty()) return std::nullopt;
  const bool sccp = made.facts.signalling == provisioning::Signalling::sccp;
  const auto said = sccp ? call_server(made.facts) : provisioning::homes_of(made.facts, text_defaults_);
  if (said.empty() && made.facts.is_text) return std::nullopt;
  const auto own = net::local_addresses();
  const auto is_own = [&](std::string_view host) {
    const auto literal = IpAddress::parse(host);
    return literal && !is_server(host) &&
           (*literal == asked.local || loaded_.config.access.advertise == *literal ||
            std::ranges::find(own, *literal) != own.end());
  };
  std::vector<phones::LineHome> homes;
  for (const provisioning::CnfHome& home : said) {
    if (!can_be_kept(home) || is_own(home.host)) continue;
    homes.push_back({home.user, home.host, home.port, sccp ? phones::Protocol::sccp : phones::Protocol::sip});
  }
  return homes;
}

bool ConfigHomes::is_server(std::string_view host) const {
  if (!fronts_.sip) return false;
  return std::ranges::any_of(fronts_.sip->servers(), [&](const sip::Servers::Server& server) {
    return server.configured && sip::Servers::is_at(server, host);
  });
}

void ConfigHomes::on_homes(const provisioning::FileRequest& asked, const std::vector<phones::LineHome>& homes) {
  if (!fronts_.sip || homes.empty() || homes.front().protocol != phones::Protocol::sip) return;
  conf::CentralSip& settings = loaded_.config.central.sip;
  const auto asks = [&](std::uint16_t port) {
    return std::ranges::any_of(settings.servers, [&](const conf::SipServer& s) { return s.server.port == port; });
  };
  const auto port_of = [](const phones::LineHome& home) { return home.port == 0 ? sip::kSipPort : home.port; };
  if (settings.ports_by_config) {
    const bool fresh = std::ranges::any_of(homes, [&](const phones::LineHome& h) { return !asks(port_of(h)); });
    if (fresh && follow_ports(loaded_.config)) {
      (void)fronts_.sip->configure(sip_options(loaded_.config));
      if (on_ports_) on_ports_();
      spdlog::info("event=sip_ports servers={}", settings.servers.size());
    }
    return;
  }
  note_port(asked, homes);
}

void ConfigHomes::note_port(const provisioning::FileRequest& asked, const std::vector<phones::LineHome>& homes) {
  const sip::Servers& central = fronts_.sip->central();
  for (const phones::LineHome& home : homes) {
    if (home.port == 0 || home.port == sip::kSipPort) continue;
    const auto choice = central.choose(home.host, home.port);
    bool served = false;
    std::string ports;
    for (std::size_t i = 0; i < central.all().size(); ++i) {
      if ((choice.may >> i & 1U) == 0) continue;
      const sip::Servers::Server& server = central.all()[i];
      served =
          served || sip::Servers::has_port(server, home.port) || (server.name.port == 0 && server.addresses.empty());
      ports += (ports.empty() ? "" : ", ") + server.name.to_string();
    }
    if (served) continue;
    inventory_.on_note(DeviceName::in_file_name(asked.name), asked.peer.address, wall_now(),
                       phones::Note::sip_port_differs,
                       fmt::format("its config names port {} of {}, the settings have {}", home.port,
                                   escaped(home.host, 48), ports.substr(0, 64)));
    return;
  }
}

bool ConfigHomes::follow_ports(conf::Config& config) const {
  conf::CentralSip& sip = config.central.sip;
  if (!sip.ports_by_config) return false;
  std::map<std::uint16_t, std::size_t> phones;
  inventory_.for_each([&](const phones::Phone& phone) {
    for (const phones::LineHome& home : phone.homes)
      if (home.protocol == phones::Protocol::sip) ++phones[home.port == 0 ? sip::kSipPort : home.port];
  });
  if (phones.empty()) phones[sip::kSipPort] = 0;
  std::vector<std::pair<std::size_t, std::uint16_t>> order;
  for (const auto& [port, count] : phones)
    order.emplace_back(count, port);
  std::ranges::sort(
      order, [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  if (order.size() > kMaxPorts) order.resize(kMaxPorts);
  std::vector<conf::SipServer> servers;
  for (const auto& [count, port] : order)
    servers.push_back({conf::SipTransport::udp, {config.central.host, port}, {}});
  if (servers == sip.servers) return false;
  sip.servers = std::move(servers);
  return true;
}

sip::Home ConfigHomes::sip_home(std::string_view device, std::string_view user, const IpAddress& at) const {
  const phones::LineHome* const home = inventory_.home_of(device, user, at, phones::Protocol::sip);
  if (!home) return {};
  const bool by_port = home->port == 0 && loaded_.config.central.sip.ports_by_config;
  return {home->host, by_port ? sip::kSipPort : home->port};
}

HostPort ConfigHomes::sccp_home(const std::string& device) const {
  const phones::LineHome* const home = inventory_.home_of(device, {}, {}, phones::Protocol::sccp);
  return home ? HostPort{home->host, home->port} : HostPort{};
}

}  // namespace dw
