#include "sbc/net/access_gate.hpp"

#include <algorithm>

namespace dw::net {

std::string_view to_string(Door door) {
  switch (door) {
    case Door::tftp:
      return "tftp";
    case Door::http:
      return "http";
    case Door::sccp:
      return "sccp";
    case Door::sip:
      return "sip";
    case Door::stun:
      return "stun";
  }
  return "";
}

AccessGate& AccessGate::everybody() {
  static AccessGate gate;
  return gate;
}

void AccessGate::set(std::vector<IpNetwork> networks) {
  if (networks == networks_) return;
  networks_ = std::move(networks);
  refused_.clear();
}

bool AccessGate::allows(const IpAddress& source) const {
  return networks_.empty() ||
         std::ranges::any_of(networks_, [&](const IpNetwork& network) { return network.contains(source); });
}

bool AccessGate::admits(Door door, const IpAddress& source, std::string_view detail) {
  if (allows(source)) return true;
  ++counts_[static_cast<std::size_t>(door)];
  keep(door, source, detail);
  log_.warn("event=access_refused service={} peer={} reason=\"access.networks\" detail=\"{}\" not answered",
            to_string(door), source.to_string(), escaped(detail, kMaxDetail));
  return false;
}

void AccessGate::keep(Door door, const IpAddress& source, std::string_view detail) {
  Refused& latest =
      refused_.see([&](const Refused& r) { return r.source == source && r.door == door; }, {source, door, {}, 0, {}});
  ++latest.times;
  latest.last = wall_now();
  if (!detail.empty()) latest.detail = detail.substr(0, kMaxDetail);
}

void AccessGate::append_metrics(MetricsText& out) const {
  for (std::size_t i = 0; i < kDoors; ++i) {
    out.counter("dropwire_access_refused_total", "Requests and connections refused by access.networks.", counts_[i],
                {{"service", std::string(to_string(static_cast<Door>(i)))}});
  }
}

}  // namespace dw::net
