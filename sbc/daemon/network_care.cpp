#include "sbc/daemon/network_care.hpp"

#include <algorithm>
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/daemon/port_mapping.hpp"
#include "sbc/net/log.hpp"

namespace dw {

/// Phones can do without STUN, and another STUN server may have the port: that is no reason to stop.
void NetworkCare::start_stun() {
  if (!parts_.loaded.config.access.stun.enable) return;
  auto server = probe::StunServer::start(parts_.loop, stun_options(parts_.loaded.config));
  if (!server) {
    stun_service_.error = server.error().text;
    spdlog::warn("event=stun_off reason=\"{}\" edges can't find out here what their routers do",
                 escaped(server.error().text));
    return;
  }
  stun_ = std::move(*server);
  stun_->set_gate(parts_.gate);
  stun_service_.enabled = true;
  stun_service_.addresses = stun_->local();
}

void NetworkCare::start() {
  start_stun();
  const conf::Config& config = parts_.loaded.config;
  probe_ = std::make_unique<probe::NetworkProbe>(parts_.loop, network_options(config));
  ask();
  start_lifetime();
}

void NetworkCare::start_lifetime() {
  const conf::Config& config = parts_.loaded.config;
  if (!config.nat.stun_server || config.mode != conf::Mode::edge || !config.nat.measure_lifetime) return;
  lifetime_ = std::make_unique<probe::LifetimeWatch>(parts_.loop, *config.nat.stun_server, config.state.dir,
                                                     [this](const probe::Lifetime& known) { on_lifetime(known); });
}

/// Called before ports are mapped: the router may take long to answer, and calls may come at once.
void NetworkCare::start_warm_ports() {
  if (!parts_.media) return;
  parts_.warm = std::make_unique<nat::WarmPool>(parts_.loop, warm_pool_options(parts_.loaded.config));
  parts_.media->set_outside(parts_.warm.get());
  parts_.warm->set_on_address([this] { parts_.media->outside_changed(); });
  set_refresh();
  parts_.warm->start();
}

/// Twice within the measured lifetime of a mapping.
void NetworkCare::set_refresh() {
  const Duration usual = nat::WarmPool::Options{}.refresh;
  if (parts_.warm && mapping_lives_)
    parts_.warm->set_refresh(std::clamp<Duration>(*mapping_lives_ / 2, std::chrono::seconds(2), usual));
}

std::optional<doctor::AudioWay> NetworkCare::audio_way() const {
  const conf::Config& config = parts_.loaded.config;
  if (!parts_.warm || config.mode != conf::Mode::edge) return std::nullopt;
  doctor::AudioWayFacts facts;
  facts.setting = config.central.media.advertise;
  if (mapper_ && parts_.media->has_mapped()) facts.mapped = mapper_->facts().external;
  const auto state = parts_.warm->state();
  facts.local = state.local;
  facts.central = state.server_address;
  facts.stun_server = state.server;
  facts.stun_error = state.error;
  facts.ports = state.ports;
  if (state.seen) facts.seen = {state.seen->local, state.seen->external, state.seen->keeps_numbers};
  return doctor::audio_way(facts);
}

/// Measures again if STUN saw another address than the router has now.
void NetworkCare::on_external(const std::optional<IpAddress>& address) {
  if (!probe_->set_router_external(address) || !address) return;
  const auto& seen = probe_->facts().reflexive;
  if (seen && seen->address != *address) ask();
}

void NetworkCare::ask() {
  if (!parts_.loaded.config.nat.stun_server || parts_.loaded.config.mode != conf::Mode::edge) return;
  probe_->ask([this](const doctor::NetworkFacts& facts) {
    if (mapper_ && facts.reflexive) mapper_->set_reflexive(facts.reflexive->address);
    if (parts_.warm && facts.reflexive && facts.local && facts.port_preserved)
      parts_.warm->set_seen({facts.local->address, facts.reflexive->address, *facts.port_preserved});
    spdlog::info("event=network path={} mapping={} filtering={} reflexive={}{}", to_string(facts.path),
                 to_string(facts.mapping), to_string(facts.filtering),
                 facts.reflexive ? facts.reflexive->to_string() : "unknown",
                 facts.stun_error.empty() ? std::string() : " reason=\"" + escaped(facts.stun_error) + "\"");
  });
}

void NetworkCare::on_lifetime(const probe::Lifetime& known) {
  probe_->set_lifetime(known.alive, known.dead, known.at);
  mapping_lives_ = known.alive;
  set_refresh();
  set_ping();
}

void NetworkCare::set_ping() {
  if (!parts_.fronts.sip) return;
  const Duration ping = ping_of(parts_.loaded, mapping_lives_);
  parts_.fronts.sip->set_ping(ping);
  if (ping < parts_.loaded.config.central.sip.ping)
    spdlog::info("event=keepalive setting=central.sip.ping value={}s the router forgets a mapping after {}s",
                 std::chrono::floor<std::chrono::seconds>(ping).count(), mapping_lives_->count());
}

void NetworkCare::start_ports() {
  start_warm_ports();
  start_mapping();
}

void NetworkCare::start_mapping() {
  const Fronts& fronts = parts_.fronts;
  const std::uint16_t port = fronts.sip ? fronts.sip->local().front().port : std::uint16_t{0};
  mapper_ = std::make_unique<nat::PortMapper>(
      parts_.loop, port_mapper_options(parts_.loaded.config, port),
      [this, port](const auto& granted, const IpAddress& ours) {
        const auto pairs = mapped_pairs(granted, ours);
        if (parts_.warm) parts_.warm->set_idle(!pairs.empty());
        if (parts_.media) parts_.media->set_mapped(pairs);
        parts_.tftp_ports->set(mapped_tftp(granted, parts_.loaded.config));
        if (parts_.fronts.sip) parts_.fronts.sip->set_mapped(mapped_sip(granted, ours, port));
        const auto external = granted.empty() ? std::nullopt : std::optional(granted.front().external.address);
        if (parts_.fronts.sccp) parts_.fronts.sccp->set_mapped(external);
        on_external(external);
      });
  peers_changed();
  mapper_->start();
}

/// The router may let in those whose requests are heard at the SIP port; nobody else needs to get in.
void NetworkCare::peers_changed() {
  if (!mapper_ || !parts_.fronts.sip) return;
  auto heard = parts_.fronts.sip->heard_through_router();
  mapper_->set_peers(std::move(heard.networks), std::move(heard.why));
}

void NetworkCare::begin_again() {
  ask();
  start_lifetime();
  start_mapping();
}

void NetworkCare::configure() {
  const conf::Config& config = parts_.loaded.config;
  probe_->configure(network_options(config));
  const auto mapping = port_mapper_options(config, 0);
  mapper_->configure(mapping.central, mapping.advertised);
  if (parts_.media && !parts_.warm) {
    start_warm_ports();
  } else if (parts_.warm) {
    const auto warm = warm_pool_options(config);
    parts_.warm->configure(warm.stun_server, warm.warm);
  }
}

void NetworkCare::servers_changed() {
  set_ping();
  probe_->configure(network_options(parts_.loaded.config));
}

void NetworkCare::set_seen(const nat::WarmPool::Seen& seen) {
  if (parts_.warm) parts_.warm->set_seen(seen);
}

void NetworkCare::measure(std::function<void()> done) {
  probe_->ask([done = std::move(done)](const doctor::NetworkFacts&) { done(); });
}

void NetworkCare::append_metrics(MetricsText& out) const {
  if (stun_) stun_->append_metrics(out);
  if (mapper_) mapper_->append_metrics(out);
  if (parts_.warm) parts_.warm->append_metrics(out);
}

}  // namespace dw
