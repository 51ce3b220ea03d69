#include "sbc/daemon/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tftp-proxy/core/origin_url.hpp"

namespace dw::doctor {
namespace {

/// One of this machine's addresses on which we listen.
bool is_ours(const IpAddress& address, const conf::Access& access, const std::vector<IpAddress>& own) {
  if (!address.is_loopback() && std::ranges::find(own, address) == own.end()) return false;
  return std::ranges::any_of(access.listen, [&](const IpAddress& a) {
    return a == address || (a.is_unspecified() && a.is_v4() == address.is_v4());
  });
}

/// An origin that is this Dropwire itself would be asked for ever.
std::vector<std::string> origins_here(const conf::Config& config, const std::vector<IpAddress>& own) {
  std::vector<std::string> out;
  const conf::Access& access = config.access;
  for (const std::string& text : config.central.provisioning.origins) {
    const auto url = provisioning::parse_origin(text);
    if (!url || url->host.empty()) continue;
    const auto address = IpAddress::parse(url->host);
    if (!address || !is_ours(*address, access, own)) continue;
    const bool same_service = url->http_family() ? access.http.enable && url->port == access.http.port
                                                 : access.tftp.enable && url->port == access.tftp.port;
    if (same_service) out.push_back(url->label());
  }
  return out;
}

}  // namespace

OwnFacts own_facts(const admin::Status& status, const conf::Config& config) {
  OwnFacts own;
  own.configured = config.central.configured();
  own.phone_addresses = status.phone_addresses;
  own.loopback_only = std::ranges::all_of(config.access.listen, [](const IpAddress& a) { return a.is_loopback(); });
  own.only_ipv6 = status.only_ipv6;
  own.services = status.services;
  own.origins = status.origins;
  own.cache_enabled = config.cache.enable;
  own.cache = status.cache;
  own.sccp_enabled = config.access.sccp.enable;
  own.sccp_servers = config.central.sccp.servers.size();
  own.sip_servers = config.central.sip.servers.size();
  own.call_servers = status.call_servers;
  own.sip_phones = status.sip_phones;
  own.media = status.media;
  return own;
}

std::string ports_to_forward(const conf::Config& config) {
  const conf::Access& access = config.access;
  std::string udp, tcp;
  const auto add = [](std::string& list, bool wanted, std::uint16_t port) {
    if (wanted) list += fmt::format("{}{}", list.empty() ? "" : ", ", port);
  };
  const bool hosted = config.mode == conf::Mode::hosted;
  add(udp, hosted && access.tftp.enable, access.tftp.port);
  add(udp, access.sip.enable, access.sip.port);
  add(tcp, hosted && access.http.enable, access.http.port);
  add(tcp, hosted && access.sccp.enable, access.sccp.port);
  add(tcp, access.sip.enable, access.sip.port);
  udp += fmt::format("{}{}-{}", udp.empty() ? "" : ", ", config.media.ports.first, config.media.ports.last);
  return tcp.empty() ? "UDP " + udp : fmt::format("UDP {} and TCP {}", udp, tcp);
}

void add_settings(BoxFacts& box, const conf::Loaded& loaded, const std::vector<IpAddress>& own) {
  for (const conf::Problem& problem : loaded.problems) {
    box.settings.push_back({problem.severity == conf::Problem::Severity::error,
                            problem.line > 0 ? fmt::format("{}:{}", problem.where, problem.line) : problem.where,
                            problem.text, problem.hint});
  }
  if (loaded.ok()) box.origins_here = origins_here(loaded.config, own);
}

}  // namespace dw::doctor
