// What the daemon finds out of the network around it, and what it makes of that.
#include <algorithm>

#include "sbc/daemon/app.hpp"
#include "sbc/net/log.hpp"

namespace dw {

/// Phones can live without STUN, and another STUN server may have the port: no reason not to run.
void App::start_stun() {
  admin::Service service{"stun", false, {}, {}};
  if (loaded_.config.access.stun.enable) {
    auto server = probe::StunServer::start(loop_, stun_options(loaded_.config));
    if (server) {
      stun_ = std::move(*server);
      service.enabled = true;
      service.addresses = stun_->local();
    } else {
      spdlog::warn("event=stun_off reason=\"{}\" edges can't find out here what their routers do",
                   server.error().text);
    }
  }
  services_.push_back(std::move(service));
}

void App::start_network() {
  const conf::Config& config = loaded_.config;
  network_ = std::make_unique<probe::NetworkProbe>(loop_, network_options(config));
  if (!config.nat.stun_server || config.mode != conf::Mode::edge) return;
  network_->ask([this](const phones::NetworkFacts& facts) {
    if (port_mapper_ && facts.reflexive) port_mapper_->set_reflexive(facts.reflexive->address);
    spdlog::info("event=network path={} mapping={} filtering={} reflexive={} {}", to_string(facts.path),
                 to_string(facts.mapping), to_string(facts.filtering),
                 facts.reflexive ? facts.reflexive->to_string() : "unknown",
                 facts.stun_error.empty() ? std::string() : "reason=\"" + facts.stun_error + "\"");
  });
  if (!config.nat.measure_lifetime) return;
  lifetime_ =
      std::make_unique<probe::LifetimeWatch>(loop_, *config.nat.stun_server, config.state.dir,
                                             [this](const probe::Lifetime& known) { on_lifetime(known); });
}

void App::on_lifetime(const probe::Lifetime& known) {
  network_->set_lifetime(known.alive, known.dead, known.at);
  mapping_lives_ = known.alive;
  if (const auto ping = cap_ping())
    spdlog::info("event=keepalive setting=central.sip.ping value={}s the router forgets a mapping after {}s",
                 ping->count(), known.alive.count());
}

/// The OPTIONS to the SIP servers are what keeps the way of their requests open: at least two come in the
/// time that the router keeps a mapping. What a person has set stays. Gives what it is now, if that is less.
std::optional<std::chrono::seconds> App::cap_ping() {
  if (!sip_ || !mapping_lives_) return std::nullopt;
  const auto setting = std::ranges::find(loaded_.resolved, "central.sip.ping", &conf::Resolved::name);
  const bool by_default = setting != loaded_.resolved.end() && setting->from == "default";
  const auto half = std::max(*mapping_lives_ / 2, std::chrono::seconds(1));
  if (!by_default || half >= loaded_.config.central.sip.ping) return std::nullopt;
  sip_->set_ping(half);
  return half;
}

}  // namespace dw
