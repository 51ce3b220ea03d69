#include "sbc/daemon/options.hpp"

#include <algorithm>

#include "tftp-proxy/core/origin_url.hpp"

namespace dw {
namespace {

/// File descriptors that are reserved for files, HTTP and TFTP.
constexpr std::size_t kOtherDescriptors = 1024;

using provisioning::Action;

Action action(conf::Rule rule) {
  switch (rule) {
    case conf::Rule::leave:
      return Action::leave;
    case conf::Rule::rewrite:
      return Action::rewrite;
    case conf::Rule::drop:
      return Action::drop;
  }
  return Action::leave;
}

sip::Transport sip_transport(conf::SipTransport transport) {
  switch (transport) {
    case conf::SipTransport::udp:
      return sip::Transport::udp;
    case conf::SipTransport::tcp:
      return sip::Transport::tcp;
    case conf::SipTransport::tls:
      break;
  }
  return sip::Transport::tls;
}

provisioning::RewriteOptions rewrite_options(const conf::Config& config) {
  const conf::Rewrite& r = config.rewrite;
  provisioning::RewriteOptions o;
  o.tftp_port = config.access.tftp.port;
  o.http_port = config.access.http.port;
  o.sccp_port = config.access.sccp.port;
  o.sip_port = config.access.sip.port;
  o.call_servers = action(r.call_servers);
  o.spare_call_servers = action(r.spare_call_servers);
  o.line_proxy = action(r.line_proxy);
  o.backup_proxy = action(r.backup_proxy);
  o.emergency_proxy = action(r.emergency_proxy);
  o.outbound_proxy = action(r.outbound_proxy);
  o.nat = action(r.nat);
  o.transport = action(r.transport);
  o.security = action(r.security);
  o.srst = action(r.srst);
  o.tvs = action(r.tvs);
  o.capf = action(r.capf);
  o.tftp_server = action(r.tftp_server);
  o.load_server = action(r.load_server);
  o.firmware = action(r.firmware);
  o.ntp = action(r.ntp);
  o.urls = action(r.urls);
  o.secure_urls = action(r.secure_urls);
  o.version_stamp = action(r.version_stamp);
  return o;
}

}  // namespace

provisioning::Cache::Options cache_options(const conf::Config& config) {
  provisioning::Cache::Options o;
  o.directory = config.cache.dir;
  o.max_octets = config.cache.size;
  o.max_file = config.central.provisioning.max_file;
  return o;
}

provisioning::Pipeline::Options pipeline_options(const conf::Config& config) {
  const conf::Provisioning& p = config.central.provisioning;
  provisioning::Pipeline::Options o;
  o.origins = p.origins;
  o.origin.ca_file = p.ca_file;
  o.origin.connect_timeout = p.connect_timeout;
  o.origin.stall_timeout = p.stall_timeout;
  o.origin.max_file = p.max_file;
  o.origin.tftp_blksize = static_cast<std::uint16_t>(p.blksize);
  o.origin.tftp_windowsize = static_cast<std::uint16_t>(p.windowsize);
  o.fetch.answer_within = p.answer_timeout;
  o.fetch.negative = config.cache.negative;
  o.fetch.revalidate = config.cache.revalidate;
  o.memory = config.cache.memory;
  o.rewrite = config.rewrite.enable;
  o.drop_trust_lists = config.rewrite.enable && config.rewrite.trust_lists == conf::Rule::drop;
  o.rewriting = rewrite_options(config);
  if (config.access.advertise) o.advertise = config.access.advertise->to_string();
  o.prefetch.enable = p.prefetch;
  return o;
}

provisioning::Admissions::Phones whose_files(const conf::Config& config) {
  using Phones = provisioning::Admissions::Phones;
  const std::string& whose = config.access.provisioning.phones;
  return whose == "known" ? Phones::known : whose == "listed" ? Phones::listed : Phones::all;
}

provisioning::NameBudget::Options name_options(const conf::Config& config) {
  provisioning::NameBudget::Options o;
  o.trust_lists_are_free = pipeline_options(config).drop_trust_lists;
  return o;
}

provisioning::TftpServer::Options tftp_options(const conf::Config& config) {
  const conf::Tftp& t = config.access.tftp;
  provisioning::TftpServer::Options o;
  o.listen = config.access.listen;
  o.port = t.port;
  tftp::SessionsOptions& s = o.sessions;
  s.single_port = t.single_port;
  s.terms.max_blksize = static_cast<std::uint16_t>(t.max_blksize);
  s.terms.max_windowsize = static_cast<std::uint16_t>(t.max_windowsize);
  s.transfer.rollover_to = static_cast<std::uint16_t>(t.block_after_max);
  s.transfer.give_up = t.give_up;
  s.guard.source_rate = t.unproven_rate;
  s.guard.source_burst = 2 * t.unproven_rate;
  s.max_sessions = t.max_sessions;
  s.max_sessions_per_source = t.max_sessions_per_source;
  s.max_unproven = t.max_unproven;
  return o;
}

provisioning::PhoneHttpServer::Options http_options(const conf::Config& config) {
  const conf::Http& h = config.access.http;
  provisioning::PhoneHttpServer::Options o;
  o.port = h.port;
  o.max_connections = h.max_connections;
  o.max_connections_per_source = h.max_connections_per_source;
  o.idle_timeout = h.idle_timeout;
  return o;
}

nat::WarmPool::Options warm_pool_options(const conf::Config& config) {
  constexpr std::size_t kAside = 64;  // streams at the same time that can have such a pair
  nat::WarmPool::Options o;
  const bool media = config.access.sip.enable || config.access.sccp.enable;
  const bool of_use = config.mode == conf::Mode::edge && !config.central.media.advertise && media;
  o.warm = of_use ? config.nat.warm_ports : 0;
  o.stun_server = config.nat.stun_server;
  if (config.mode == conf::Mode::edge && config.nat.warm_ports != 0)
    o.ports = nat::first_pairs(config.media.ports.first, config.media.ports.last, kAside);
  return o;
}

nat::RelayOptions relay_options(const conf::Config& config) {
  nat::RelayOptions o;
  o.first_port = config.media.ports.first;
  o.last_port = config.media.ports.last;
  if (config.nat.port_mapping == "on" || (config.nat.port_mapping == "auto" && config.mode == conf::Mode::edge))
    o.mapped_pairs = config.nat.streams;
  o.mapped_pairs = std::max(o.mapped_pairs, warm_pool_options(config).ports.size());
  o.threads = config.media.threads;
  o.keepalive = config.media.keepalive;
  o.reserved_descriptors = kOtherDescriptors + config.access.http.max_connections +
                           2 * (config.access.sccp.max_connections + config.access.sip.max_connections);
  return o;
}

bool wants_fast_path(const conf::Config& config) {
  return config.media.fast_path != "off";
}

proxy::MediaDesk::Options media_options(const conf::Config& config) {
  constexpr unsigned kDscpShift = 2;  // RFC 2474 §3: the upper six bits of the octet
  proxy::MediaDesk::Options o;
  o.local = config.media.local;
  o.lan = config.mode == conf::Mode::edge;
  o.symmetric = config.central.media.symmetric;
  o.sources = config.central.media.sources;
  o.phone_advertise = config.access.advertise;
  o.central_advertise = config.central.media.advertise;
  if (config.media.dscp) o.tos = static_cast<std::uint8_t>(*config.media.dscp << kDscpShift);
  return o;
}

proxy::SccpProxy::Options sccp_options(const conf::Config& config) {
  const conf::AccessSccp& a = config.access.sccp;
  proxy::SccpProxy::Options o;
  o.listen = config.access.listen;
  o.port = a.port;
  o.advertise = config.access.advertise;
  o.central_advertise = config.central.media.advertise;
  o.servers = config.central.sccp.servers;
  o.source_addresses = config.central.sccp.source_addresses;
  o.connect_timeout = config.central.sccp.connect_timeout;
  o.retry = config.central.sccp.retry;
  o.max_connections = a.max_connections;
  o.max_connections_per_source = a.max_connections_per_source;
  o.connection_rate = a.connection_rate;
  o.registrations_per_minute = a.registrations_per_minute;
  o.call_limits = {a.calls_per_phone, a.calls_per_source, a.call_attempts_per_phone, a.call_attempts_per_source};
  o.session.any_device_name = a.any_device_name;
  o.session.max_version = a.max_version;
  o.session.blank_text = a.text == "blank";
  o.session.media_idle = a.media_idle;
  o.session.emergency = a.emergency;
  o.own_lan = config.mode == conf::Mode::edge;
  return o;
}

proxy::SipProxy::Options sip_options(const conf::Config& config) {
  const conf::AccessSip& a = config.access.sip;
  const conf::CentralSip& central = config.central.sip;
  proxy::SipProxy::Options o;
  o.listen = config.access.listen;
  o.port = a.port;
  o.proxy.connections.total = a.max_connections;
  o.proxy.connections.per_source = a.max_connections_per_source;
  o.proxy.connections.rate = a.connection_rate;
  o.state_dir = config.state.dir;
  sip::ProxyOptions& p = o.proxy;
  p.advertise = config.access.advertise;
  p.central_advertise = config.central.media.advertise;
  p.learn_outside = config.mode == conf::Mode::edge;
  static_assert(conf::CentralSip::kMaxServers == sip::Servers::kMax);
  for (const conf::SipServer& server : central.servers)
    p.servers.push_back(
        {sip_transport(server.transport), server.server, server.domains, config.central.sip.ports_by_config});
  p.central_domain = central.domain;
  p.trusted = central.trusted;
  p.guard = {a.message_rate, a.registered_message_rate, a.ban_after, a.ban, a.scanners};
  p.max_bindings = a.max_bindings;
  p.max_transactions = a.max_transactions;
  p.max_transactions_per_source = a.max_transactions_per_source;
  p.max_calls = a.max_calls;
  p.call_limits = {a.calls_per_phone, a.calls_per_source, a.call_attempts_per_phone, a.call_attempts_per_source};
  p.unregistered_calls = a.unregistered_calls;
  p.at_home = config.mode == conf::Mode::edge;
  p.networks = config.access.networks;
  p.emergency = a.emergency;
  p.keepalive = a.keepalive;
  p.idle_timeout = a.idle_timeout;
  p.media_idle = a.media_idle;
  p.register_expires = a.register_expires;
  p.identity = {a.trust_identity, a.remove_headers};
  p.ping = central.ping;
  p.answer_timeout = central.answer_timeout;
  p.retry = central.retry;
  p.register_rate = central.register_rate;
  p.path = central.path;
  // What the settings have let pass is a rule.
  p.codecs_to_phones = sip::CodecRules::parse(a.codecs).value_or(sip::CodecRules{});
  p.codecs_to_central = sip::CodecRules::parse(central.codecs).value_or(sip::CodecRules{});
  return o;
}

Duration ping_of(const conf::Loaded& loaded, std::optional<std::chrono::seconds> mapping_lives) {
  const Duration set = loaded.config.central.sip.ping;
  const auto setting = std::ranges::find(loaded.resolved, "central.sip.ping", &conf::Resolved::name);
  const bool by_default = setting != loaded.resolved.end() && setting->from == "default";
  if (!mapping_lives || !by_default) return set;
  return std::min<Duration>(set, std::max(*mapping_lives / 2, std::chrono::seconds(1)));
}

probe::StunServer::Options stun_options(const conf::Config& config) {
  const conf::AccessStun& s = config.access.stun;
  return {config.access.listen, s.port, s.port == 0 ? std::uint16_t{0} : s.alternate_port, config.access.advertise,
          s.rate};
}

probe::NetworkProbe::Options network_options(const conf::Config& config) {
  using doctor::Transport;
  probe::NetworkProbe::Options o;
  o.stun_server = config.nat.stun_server;
  for (const std::string& text : config.central.provisioning.origins) {
    const auto url = provisioning::parse_origin(text);
    if (!url || url->host.empty()) continue;
    o.targets.push_back({std::string(to_string(url->scheme)), url->http_family() ? Transport::tcp : Transport::udp,
                         url->host, url->port});
  }
  if (config.access.sccp.enable) {
    for (const HostPort& server : config.central.sccp.servers)
      o.targets.push_back({"sccp", Transport::tcp, server.host, server.port});
  }
  if (!config.access.sip.enable) return o;
  for (const conf::SipServer& server : config.central.sip.servers) {
    constexpr std::uint16_t kSipPort = 5060;
    const std::uint16_t port = server.server.port == 0 ? kSipPort : server.server.port;
    for (const Transport transport : {Transport::udp, Transport::tcp}) {
      // Both of the first server, as gateways treat them differently; of the others what phones' requests go by.
      const bool used = (transport == Transport::udp) == (server.transport == conf::SipTransport::udp);
      const bool first = &server == &config.central.sip.servers.front() && server.transport != conf::SipTransport::tls;
      if (used || first) o.targets.push_back({"sip", transport, server.server.host, port, used});
    }
  }
  return o;
}

phones::Inventory::Options inventory_options(const conf::Config& config) {
  return {config.phones.max_devices, config.phones.story_steps};
}

admin::RecordStore::Options record_options(const conf::Config& config) {
  admin::RecordStore::Options o;
  o.max_calls = config.phones.call_records;
  o.max_age = std::chrono::duration_cast<std::chrono::hours>(config.phones.call_records_age);
  return o;
}

admin::AdminServer::Options admin_options(const conf::Config& config) {
  admin::AdminServer::Options o;
  o.max_connections = config.admin.max_connections;
  o.host_names = config.admin.host_names;
  return o;
}

std::vector<std::string> keep_until_restart(const conf::Config& running, conf::Config& wanted) {
  std::vector<std::string> names;
  const auto keep = [&](const char* name, const auto& is, auto& becomes) {
    if (is == becomes) return;
    names.emplace_back(name);
    becomes = is;
  };
  /// Neither ended nor moved; one that was off may come anywhere.
  const auto keep_service = [&](const char* enable, const char* port, const auto& is, auto& becomes) {
    if (!is.enable) return;
    keep(enable, is.enable, becomes.enable);
    keep(port, is.port, becomes.port);
  };
  const auto gone = [&](const IpAddress& address) {
    return std::ranges::find(wanted.access.listen, address) == wanted.access.listen.end();
  };
  if (std::ranges::any_of(running.access.listen, gone)) names.emplace_back("access.listen");
  std::vector<IpAddress> listen = running.access.listen;
  for (const IpAddress& address : wanted.access.listen) {
    if (std::ranges::find(listen, address) == listen.end()) listen.push_back(address);
  }
  wanted.access.listen = std::move(listen);
  keep_service("access.tftp.enable", "access.tftp.port", running.access.tftp, wanted.access.tftp);
  keep_service("access.http.enable", "access.http.port", running.access.http, wanted.access.http);
  keep_service("access.sccp.enable", "access.sccp.port", running.access.sccp, wanted.access.sccp);
  keep_service("access.sip.enable", "access.sip.port", running.access.sip, wanted.access.sip);
  keep("mode", running.mode, wanted.mode);
  keep("access.stun", running.access.stun, wanted.access.stun);
  if (running.access.stun.enable &&
      (running.access.listen != wanted.access.listen || running.access.advertise != wanted.access.advertise))
    names.emplace_back("access.stun");
  keep("nat.measure_lifetime", running.nat.measure_lifetime, wanted.nat.measure_lifetime);
  keep("nat", running.nat, wanted.nat);
  if (relay_options(running).mapped_pairs != 0) {
    keep("media.ports", running.media.ports, wanted.media.ports);
    if (running.access.sccp.enable != wanted.access.sccp.enable ||
        running.access.sip.enable != wanted.access.sip.enable)
      names.emplace_back("nat.port_mapping");
  }
  if (running.access.sccp.enable || running.access.sip.enable)
    keep("media.threads", running.media.threads, wanted.media.threads);
  keep("cache.enable", running.cache.enable, wanted.cache.enable);
  keep("cache.dir", running.cache.dir, wanted.cache.dir);
  keep("state.dir", running.state.dir, wanted.state.dir);
  if (running.admin.enable) {
    keep("admin.enable", running.admin.enable, wanted.admin.enable);
    keep("admin.listen", running.admin.listen, wanted.admin.listen);
  }
  keep("admin.socket", running.admin.socket, wanted.admin.socket);
  return names;
}

}  // namespace dw
