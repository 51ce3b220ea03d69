#include "sbc/admin/network_json.hpp"

namespace dw::admin {
namespace {

using Json = nlohmann::ordered_json;

template <class T, class F>
Json maybe(const std::optional<T>& value, F shown) {
  return value ? Json(shown(*value)) : Json(nullptr);
}
template <class T>
Json maybe(const std::optional<T>& value) {
  return maybe(value, [](const T& v) { return v; });
}
Json text(const std::optional<Endpoint>& at) {
  return maybe(at, [](const Endpoint& e) { return e.to_string(); });
}
Json milliseconds(const std::optional<Duration>& d) {
  return maybe(d, [](Duration v) { return std::chrono::duration<double, std::milli>(v).count(); });
}
Json seconds(const std::optional<std::chrono::seconds>& s) {
  return maybe(s, [](std::chrono::seconds v) { return v.count(); });
}
Json time(const std::optional<WallTime>& at) {
  return maybe(at, [](WallTime v) { return to_rfc3339(v); });
}
Json addresses(const std::vector<IpAddress>& list) {
  Json out = Json::array();
  for (const IpAddress& a : list)
    out.push_back(a ? Json(a.to_string()) : Json(nullptr));
  return out;
}

Json alg(const doctor::AlgProbe& probe) {
  Json differences = Json::array();
  for (const doctor::Difference& d : probe.differences)
    differences.push_back({{"field", d.field}, {"sent", d.sent}, {"received", d.received}});
  return {{"transport", to_string(probe.transport)},
          {"tried", probe.tried},
          {"altered", probe.known() ? Json(probe.altered()) : Json(nullptr)},
          {"error", probe.error},
          {"differences", std::move(differences)}};
}

Json reach(const doctor::Reach& r) {
  return {{"service", r.service},
          {"transport", to_string(r.transport)},
          {"name", r.name},
          {"address", r.at.address ? Json(r.at.to_string()) : Json(nullptr)},
          {"state", to_string(r.state)},
          {"round_trip_ms", milliseconds(r.round_trip)},
          {"error", r.error}};
}

}  // namespace

Json network_json(const doctor::NetworkFacts& f) {
  if (!f.measured_at && !f.lifetime_measured_at) return nullptr;
  Json sip = Json::array(), reached = Json::array(), names = Json::array();
  for (const doctor::AlgProbe& probe : f.sip_alg)
    sip.push_back(alg(probe));
  for (const doctor::Reach& r : f.reach)
    reached.push_back(reach(r));
  for (const doctor::DnsFact& d : f.dns)
    names.push_back({{"name", d.name},
                     {"addresses", addresses(d.addresses)},
                     {"took_ms", milliseconds(d.took)},
                     {"error", d.error}});
  return {{"measured_at", time(f.measured_at)},
          {"stun_server", f.measured_against},
          {"stun_error", f.stun_error},
          {"local", text(f.local)},
          {"reflexive", text(f.reflexive)},
          {"udp_blocked", maybe(f.udp_blocked)},
          {"path", to_string(f.path)},
          {"hops", addresses(f.hops)},
          {"router_external", maybe(f.router_external, [](const IpAddress& a) { return a.to_string(); })},
          {"mapping", to_string(f.mapping)},
          {"filtering", to_string(f.filtering)},
          {"one_address", f.one_address},
          {"port_preserved", maybe(f.port_preserved)},
          {"hairpin", maybe(f.hairpin)},
          {"mapping_lifetime_s", seconds(f.mapping_lifetime)},
          {"mapping_dead_at_s", seconds(f.mapping_dead_at)},
          {"lifetime_measured_at", time(f.lifetime_measured_at)},
          {"tftp_alg", maybe(f.tftp_alg)},
          {"tftp_alg_seen", f.tftp_alg_seen},
          {"sip_alg", std::move(sip)},
          {"http_proxy", alg(f.http_proxy)},
          {"reach", std::move(reached)},
          {"dns", std::move(names)}};
}

}  // namespace dw::admin
