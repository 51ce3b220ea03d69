#include "sbc/daemon/port_mapping.hpp"

#include <algorithm>

#include "tftp-proxy/core/origin_url.hpp"

namespace dw {
namespace {

using nat::portmap::Granted;
using nat::portmap::Transport;

/// The host that files are fetched from by TFTP, if any.
std::optional<HostPort> tftp_origin(const conf::Config& config) {
  for (const std::string& text : config.central.provisioning.origins) {
    const auto url = provisioning::parse_origin(text);
    if (url && url->scheme == provisioning::OriginUrl::Scheme::tftp) return HostPort{url->host, url->port};
  }
  return std::nullopt;
}

std::vector<std::uint16_t> tftp_ports(const conf::Config& config) {
  if (!tftp_origin(config)) return {};
  return nat::portmap::tftp_ports(config.media.ports.first);
}

HostPort central_of(const conf::Config& config) {
  if (!config.central.sip.servers.empty()) return config.central.sip.servers.front().server;
  if (!config.central.sccp.servers.empty()) return config.central.sccp.servers.front();
  if (const auto files = tftp_origin(config)) return *files;
  return {config.central.host, 0};
}

}  // namespace

nat::PortMapper::Options port_mapper_options(const conf::Config& config, std::uint16_t sip_port) {
  using nat::portmap::Choice;
  nat::PortMapper::Options o;
  o.choice = config.nat.port_mapping == "on"    ? Choice::on
             : config.nat.port_mapping == "off" ? Choice::off
                                                : Choice::automatic;
  o.edge = config.mode == conf::Mode::edge;
  o.advertised = config.central.media.advertise.has_value();
  o.central = central_of(config);
  o.gateway = config.nat.gateway;
  o.lifetime = std::chrono::duration_cast<std::chrono::seconds>(config.nat.lifetime);
  const bool media = config.access.sip.enable || config.access.sccp.enable;
  o.wanted = nat::portmap::wanted_ports(sip_port, config.media.ports.first, config.media.ports.last,
                                        media ? config.nat.streams : 0, tftp_ports(config));
  o.state_dir = config.state.dir;
  return o;
}

std::vector<sip::Router::Mapped> mapped_sip(const std::vector<Granted>& granted, const IpAddress& ours,
                                            std::uint16_t sip_port) {
  std::vector<sip::Router::Mapped> all;
  for (const Granted& g : granted) {
    if (g.wanted.internal != sip_port) continue;
    const bool tcp = g.wanted.transport == Transport::tcp;
    all.push_back({tcp ? sip::Transport::tcp : sip::Transport::udp, {ours, sip_port}, g.external});
  }
  return all;
}

std::vector<std::uint16_t> mapped_tftp(const std::vector<Granted>& granted, const conf::Config& config) {
  std::vector<std::uint16_t> all;
  const auto ports = tftp_ports(config);
  for (const Granted& g : granted) {
    if (g.wanted.transport == Transport::udp && std::ranges::find(ports, g.wanted.internal) != ports.end())
      all.push_back(g.wanted.internal);
  }
  return all;
}

std::vector<proxy::MediaDesk::MappedPair> mapped_pairs(const std::vector<Granted>& granted, const IpAddress& ours) {
  std::vector<proxy::MediaDesk::MappedPair> all, others;
  for (std::size_t i = 0; i + 1 < granted.size(); ++i) {
    const Granted& rtp = granted[i];
    const Granted& rtcp = granted[i + 1];
    const bool ours_too = !rtp.wanted.follows && rtcp.wanted.follows && rtcp.wanted.internal == rtp.wanted.internal + 1;
    const bool pair =
        ours_too && rtcp.external.address == rtp.external.address && rtcp.external.port == rtp.external.port + 1;
    if (pair && rtp.external.port % 2 == 0) {
      all.push_back({{ours, rtp.wanted.internal}, rtp.external});
    } else if (ours_too && rtp.external.address == rtcp.external.address) {
      others.push_back({{ours, rtp.wanted.internal}, rtp.external, rtcp.external});
    }
  }
  return all.empty() ? others : all;
}

}  // namespace dw
