// What the daemon finds out of the network around it, and what it makes of that.
#include <algorithm>

#include "sbc/base/escape.hpp"
#include "sbc/daemon/app.hpp"
#include "sbc/net/log.hpp"

namespace dw {

/// Phones can live without STUN, and another STUN server may have the port: no reason not to run.
void App::start_stun() {
  if (!loaded_.config.access.stun.enable) return;
  auto server = probe::StunServer::start(loop_, stun_options(loaded_.config));
  if (!server) {
    stun_service_.error = server.error().text;
    spdlog::warn("event=stun_off reason=\"{}\" edges can't find out here what their routers do",
                 escaped(server.error().text));
    return;
  }
  stun_ = std::move(*server);
  stun_->set_gate(gate_);
  stun_service_.enabled = true;
  stun_service_.addresses = stun_->local();
}

void App::start_network() {
  const conf::Config& config = loaded_.config;
  network_ = std::make_unique<probe::NetworkProbe>(loop_, network_options(config));
  ask_network();
  start_lifetime();
}

void App::start_lifetime() {
  const conf::Config& config = loaded_.config;
  if (!config.nat.stun_server || config.mode != conf::Mode::edge || !config.nat.measure_lifetime) return;
  lifetime_ = std::make_unique<probe::LifetimeWatch>(loop_, *config.nat.stun_server, config.state.dir,
                                                     [this](const probe::Lifetime& known) { on_lifetime(known); });
}

/// Before ports are mapped: a router's answer may take long, and calls may come at once.
void App::start_warm_ports() {
  if (!media_) return;
  warm_ = std::make_unique<nat::WarmPool>(loop_, warm_pool_options(loaded_.config));
  media_->set_outside(warm_.get());
  warm_->set_on_address([this] { media_->outside_changed(); });
  keep_ports_warm();
  warm_->start();
}

/// Twice in the time that the router keeps a mapping, as measured.
void App::keep_ports_warm() {
  const Duration usual = nat::WarmPool::Options{}.refresh;
  if (warm_ && mapping_lives_)
    warm_->set_refresh(std::clamp<Duration>(*mapping_lives_ / 2, std::chrono::seconds(2), usual));
}

std::optional<doctor::AudioWay> App::audio_way() const {
  const conf::Config& config = loaded_.config;
  if (!warm_ || config.mode != conf::Mode::edge) return std::nullopt;
  doctor::AudioWayFacts facts;
  facts.setting = config.central.media.advertise;
  if (port_mapper_ && media_->has_mapped()) facts.mapped = port_mapper_->facts().external;
  const auto state = warm_->state();
  facts.local = state.local;
  facts.central = state.server_address;
  facts.stun_server = state.server;
  facts.stun_error = state.error;
  facts.ports = state.ports;
  if (state.seen) facts.seen = {state.seen->local, state.seen->external, state.seen->keeps_numbers};
  return doctor::audio_way(facts);
}

/// What STUN saw before the router had this address is measured anew.
void App::on_router_external(const std::optional<IpAddress>& address) {
  if (!network_->set_router_external(address) || !address) return;
  const auto& seen = network_->facts().reflexive;
  if (seen && seen->address != *address) ask_network();
}

void App::ask_network() {
  if (!loaded_.config.nat.stun_server || loaded_.config.mode != conf::Mode::edge) return;
  network_->ask([this](const doctor::NetworkFacts& facts) {
    if (port_mapper_ && facts.reflexive) port_mapper_->set_reflexive(facts.reflexive->address);
    if (warm_ && facts.reflexive && facts.local && facts.port_preserved)
      warm_->set_seen({facts.local->address, facts.reflexive->address, *facts.port_preserved});
    spdlog::info("event=network path={} mapping={} filtering={} reflexive={}{}", to_string(facts.path),
                 to_string(facts.mapping), to_string(facts.filtering),
                 facts.reflexive ? facts.reflexive->to_string() : "unknown",
                 facts.stun_error.empty() ? std::string() : " reason=\"" + escaped(facts.stun_error) + "\"");
  });
}

void App::on_lifetime(const probe::Lifetime& known) {
  network_->set_lifetime(known.alive, known.dead, known.at);
  mapping_lives_ = known.alive;
  keep_ports_warm();
  cap_ping();
}

void App::cap_ping() {
  if (!fronts_.sip) return;
  const Duration ping = ping_of(loaded_, mapping_lives_);
  fronts_.sip->set_ping(ping);
  if (ping < loaded_.config.central.sip.ping)
    spdlog::info("event=keepalive setting=central.sip.ping value={}s the router forgets a mapping after {}s",
                 std::chrono::floor<std::chrono::seconds>(ping).count(), mapping_lives_->count());
}

}  // namespace dw
