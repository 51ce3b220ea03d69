#include <algorithm>

#include "sbc/probe/check.hpp"

namespace dw::probe {

void note_reach(doctor::NetworkFacts& facts, const Target& target, const Endpoint& at, doctor::PortState state,
                std::optional<Duration> round_trip, std::string error) {
  doctor::Reach reach{
      target.service,   target.transport, HostPort{target.host, target.port}.to_string(), at, state, round_trip,
      std::move(error), target.used};
  const auto same = [&](const doctor::Reach& r) {
    return r.service == reach.service && r.transport == reach.transport && r.name == reach.name;
  };
  const auto found = std::ranges::find_if(facts.reach, same);
  if (found == facts.reach.end()) {
    facts.reach.push_back(std::move(reach));
  } else {
    *found = std::move(reach);
  }
}

doctor::PortState undelivered_state(std::string_view why) {
  return why.find("port unreachable") != why.npos ? doctor::PortState::refused : doctor::PortState::failed;
}

doctor::AlgProbe& alg_of(doctor::NetworkFacts& facts, doctor::Transport transport) {
  const auto found = std::ranges::find(facts.sip_alg, transport, &doctor::AlgProbe::transport);
  if (found != facts.sip_alg.end()) return *found;
  facts.sip_alg.push_back({transport, false, {}, {}, {}});
  return facts.sip_alg.back();
}

}  // namespace dw::probe
