#include "sbc/daemon/options.hpp"

namespace dw {
namespace {

/// Of our file descriptors, kept for files, HTTP and TFTP.
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
  o.memory = config.cache.memory;
  o.rewrite = config.rewrite.enable;
  o.drop_trust_lists = config.rewrite.enable && config.rewrite.trust_lists == conf::Rule::drop;
  o.rewriting = rewrite_options(config);
  if (config.access.advertise) o.advertise = config.access.advertise->to_string();
  o.prefetch.enable = p.prefetch;
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
  o.max_connections = h.max_connections;
  o.max_connections_per_address = h.max_connections_per_source;
  o.idle_timeout = h.idle_timeout;
  return o;
}

nat::RelayOptions relay_options(const conf::Config& config) {
  nat::RelayOptions o;
  o.first_port = config.media.ports.first;
  o.last_port = config.media.ports.last;
  if (config.nat.port_mapping == "on" || (config.nat.port_mapping == "auto" && config.mode == conf::Mode::edge))
    o.mapped_pairs = config.nat.streams;
  o.threads = config.media.threads;
  o.keepalive = config.media.keepalive;
  o.reserved_descriptors =
      kOtherDescriptors + 2 * (config.access.sccp.max_connections + config.access.sip.max_connections);
  return o;
}

proxy::MediaDesk::Options media_options(const conf::Config& config) {
  constexpr unsigned kDscpShift = 2;  // RFC 2474 §3: the upper six bits of the octet
  proxy::MediaDesk::Options o;
  o.local = config.media.local;
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
  o.session.any_device_name = a.any_device_name;
  o.session.max_version = a.max_version;
  o.session.blank_text = a.text == "blank";
  o.session.media_idle = a.media_idle;
  return o;
}

proxy::SipProxy::Options sip_options(const conf::Config& config) {
  const conf::AccessSip& a = config.access.sip;
  const conf::CentralSip& central = config.central.sip;
  proxy::SipProxy::Options o;
  o.listen = config.access.listen;
  o.port = a.port;
  o.max_connections = a.max_connections;
  o.max_connections_per_source = a.max_connections_per_source;
  o.connection_rate = a.connection_rate;
  o.state_dir = config.state.dir;
  sip::ProxyOptions& p = o.proxy;
  p.advertise = config.access.advertise;
  p.central_advertise = config.central.media.advertise;
  for (const conf::SipServer& server : central.servers)
    p.servers.emplace_back(sip_transport(server.transport), server.server);
  p.central_domain = central.domain;
  p.trusted = central.trusted;
  p.guard = {a.message_rate, a.registered_message_rate, a.ban_after, a.ban, a.scanners};
  p.max_bindings = a.max_bindings;
  p.max_transactions = a.max_transactions;
  p.max_transactions_per_source = a.max_transactions_per_source;
  p.max_calls = a.max_calls;
  p.unregistered_calls = a.unregistered_calls;
  p.keepalive = a.keepalive;
  p.idle_timeout = a.idle_timeout;
  p.media_idle = a.media_idle;
  p.ping = central.ping;
  p.answer_timeout = central.answer_timeout;
  p.retry = central.retry;
  p.register_rate = central.register_rate;
  p.path = central.path;
  return o;
}

phones::Inventory::Options inventory_options(const conf::Config& config) {
  return {config.phones.max_devices, config.phones.story_steps};
}

admin::AdminServer::Options admin_options(const conf::Config& config) {
  admin::AdminServer::Options o;
  o.max_connections = config.admin.max_connections;
  o.host_names = config.admin.host_names;
  return o;
}

std::vector<std::string> needs_restart(const conf::Config& running, const conf::Config& wanted) {
  std::vector<std::string> names;
  const auto compare = [&](const char* name, const auto& a, const auto& b) {
    if (!(a == b)) names.emplace_back(name);
  };
  compare("mode", running.mode, wanted.mode);
  compare("access.listen", running.access.listen, wanted.access.listen);
  compare("access.tftp.enable", running.access.tftp.enable, wanted.access.tftp.enable);
  compare("access.tftp.port", running.access.tftp.port, wanted.access.tftp.port);
  compare("access.http.enable", running.access.http.enable, wanted.access.http.enable);
  compare("access.http.port", running.access.http.port, wanted.access.http.port);
  compare("access.http.max_connections", running.access.http.max_connections,
          wanted.access.http.max_connections);
  compare("access.http.max_connections_per_source", running.access.http.max_connections_per_source,
          wanted.access.http.max_connections_per_source);
  compare("access.http.idle_timeout", running.access.http.idle_timeout, wanted.access.http.idle_timeout);
  compare("access.sccp.enable", running.access.sccp.enable, wanted.access.sccp.enable);
  compare("access.sccp.port", running.access.sccp.port, wanted.access.sccp.port);
  compare("access.sccp.max_connections", running.access.sccp.max_connections, wanted.access.sccp.max_connections);
  compare("access.sccp.max_connections_per_source", running.access.sccp.max_connections_per_source, wanted.access.sccp.max_connections_per_source);
  compare("access.sccp.connection_rate", running.access.sccp.connection_rate, wanted.access.sccp.connection_rate);
  compare("access.sccp.registrations_per_minute", running.access.sccp.registrations_per_minute, wanted.access.sccp.registrations_per_minute);
  compare("access.sccp.any_device_name", running.access.sccp.any_device_name, wanted.access.sccp.any_device_name);
  compare("access.sccp.max_version", running.access.sccp.max_version, wanted.access.sccp.max_version);
  compare("access.sccp.text", running.access.sccp.text, wanted.access.sccp.text);
  compare("access.sccp.media_idle", running.access.sccp.media_idle, wanted.access.sccp.media_idle);
  compare("access.sip", running.access.sip, wanted.access.sip);
  compare("central.sip", running.central.sip, wanted.central.sip);
  compare("access.advertise", running.access.advertise, wanted.access.advertise);
  compare("central.sccp.servers", running.central.sccp.servers, wanted.central.sccp.servers);
  compare("central.sccp.source_addresses", running.central.sccp.source_addresses, wanted.central.sccp.source_addresses);
  compare("central.sccp.connect_timeout", running.central.sccp.connect_timeout, wanted.central.sccp.connect_timeout);
  compare("central.sccp.retry", running.central.sccp.retry, wanted.central.sccp.retry);
  compare("central.media.advertise", running.central.media.advertise, wanted.central.media.advertise);
  compare("media.ports", running.media.ports, wanted.media.ports);
  compare("media.threads", running.media.threads, wanted.media.threads);
  compare("media.local", running.media.local, wanted.media.local);
  compare("media.dscp", running.media.dscp, wanted.media.dscp);
  compare("media.keepalive", running.media.keepalive, wanted.media.keepalive);
  compare("nat", running.nat, wanted.nat);
  compare("cache.enable", running.cache.enable, wanted.cache.enable);
  compare("cache.dir", running.cache.dir, wanted.cache.dir);
  compare("cache.size", running.cache.size, wanted.cache.size);
  compare("state.dir", running.state.dir, wanted.state.dir);
  compare("phones.max_devices", running.phones.max_devices, wanted.phones.max_devices);
  compare("phones.story_steps", running.phones.story_steps, wanted.phones.story_steps);
  compare("admin.enable", running.admin.enable, wanted.admin.enable);
  compare("admin.listen", running.admin.listen, wanted.admin.listen);
  compare("admin.socket", running.admin.socket, wanted.admin.socket);
  return names;
}

}  // namespace dw
