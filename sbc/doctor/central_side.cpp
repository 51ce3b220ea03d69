#include "sbc/doctor/central_side.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dw::doctor {
using namespace phones;

bool silent(const Reach& reach) {
  return reach.state == PortState::no_answer || reach.state == PortState::failed;
}

bool answered_since(const BoxFacts& box, const Reach& reach) {
  return box.own && box.network.measured_at && std::ranges::any_of(box.own->call_servers, [&](const CallServer& s) {
           return s.name == reach.name && s.transport == to_string(reach.transport) &&
                  s.state() == CallServer::State::up && *s.last_answer > *box.network.measured_at;
         });
}

bool anything_answers(const BoxFacts& box) {
  return std::ranges::any_of(box.network.reach, [&](const Reach& r) {
    return r.state == PortState::open || r.state == PortState::refused || answered_since(box, r);
  });
}

namespace {

bool measured_unreachable(const BoxFacts& box) {
  const auto mute = [](const Reach& r) { return r.used && silent(r); };
  return !anything_answers(box) && std::ranges::count_if(box.network.reach, mute) > 1;
}

/// By the daemon's own requests. A kind of which none was asked is not known.
bool all_asked_down(const OwnFacts& own, WallTime now) {
  std::size_t kinds_down = 0;
  WallTime began = now;
  for (const Protocol protocol : {Protocol::sccp, Protocol::sip}) {
    bool any = false, all = true;
    for (const CallServer& server : own.call_servers) {
      if (server.protocol != protocol) continue;
      if (server.state() == CallServer::State::up) return false;
      const bool down = ails(server, now);
      any = any || down;
      all = all && down;
      if (down && server.since) began = std::min(began, *server.since);
    }
    if (any && all) ++kinds_down;
  }
  if (kinds_down == 0) return false;
  const bool file_came = std::ranges::any_of(own.origins, [&](const OriginState& o) {
    return o.healthy && o.last_answer && *o.last_answer > began && !host_port_of(o.url).empty();
  });
  const bool no_files = !own.origins.empty() && std::ranges::none_of(own.origins, &OriginState::healthy);
  return !file_came && kinds_down + (no_files ? 1 : 0) > 1;
}

}  // namespace

bool central_unreachable(const BoxFacts& box, WallTime now) {
  return measured_unreachable(box) || (box.own && box.own->configured && all_asked_down(*box.own, now));
}

NetworkFacts brought_up_to_date(NetworkFacts measured, const std::vector<CallServer>& servers,
                                const std::vector<OriginState>& origins) {
  if (!measured.measured_at) return measured;
  const WallTime then = *measured.measured_at;
  const auto answers = [&](Reach& reach) {
    if (reach.state == PortState::open) return;
    reach.state = PortState::open;
    reach.error.clear();
    reach.round_trip.reset();  // was that of the old measurement
  };
  const auto name_resolves = [&](std::string_view host_and_port) {
    for (DnsFact& name : measured.dns) {
      if (!name.name.empty() && host_and_port.starts_with(name.name + ":")) name.error.clear();
    }
  };
  for (const CallServer& server : servers) {
    const bool heard = server.state() == CallServer::State::up && *server.last_answer > then;
    const bool lost = server.state() == CallServer::State::down && server.since && *server.since > then;
    if (heard) name_resolves(server.name);
    if (heard && server.transport == "udp")
      measured.udp_blocked = measured.udp_blocked ? std::optional(false) : std::nullopt;
    for (Reach& reach : measured.reach) {
      if (reach.name != server.name || server.transport != to_string(reach.transport)) continue;
      if (heard) answers(reach);
      if (!lost || reach.state != PortState::open) continue;
      reach.state = PortState::no_answer;
      reach.error = server.last_error;
      reach.round_trip.reset();
    }
  }
  for (const OriginState& origin : origins) {
    if (!origin.healthy || !origin.last_answer || *origin.last_answer <= then) continue;
    const std::string at = host_port_of(origin.url);
    name_resolves(at);
    for (Reach& reach : measured.reach) {
      if (!at.empty() && reach.name == at) answers(reach);
    }
  }
  return measured;
}

std::string host_port_of(std::string_view url) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kPorts = {
      {{"http", ":80"}, {"https", ":443"}, {"tftp", ":69"}}};
  const auto after = url.find("://");
  const auto known = std::ranges::find(kPorts, url.substr(0, std::min(after, url.size())),
                                       &std::pair<std::string_view, std::string_view>::first);
  if (after == url.npos || known == kPorts.end()) return {};
  url.remove_prefix(after + 3);
  std::string out(url.substr(0, url.find('/')));
  const auto colon = out.rfind(':');
  const bool has_port = colon != out.npos && out.find(']', colon) == out.npos;
  return has_port ? out : out + std::string(known->second);
}

}  // namespace dw::doctor
