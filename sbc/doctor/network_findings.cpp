#include "sbc/doctor/network_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sbc/doctor/central_side.hpp"
#include "sbc/doctor/finding_text.hpp"
#include "sbc/phones/text.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

using namespace std::chrono_literals;

constexpr auto kMoveTold = std::chrono::minutes(15);
constexpr std::size_t kMaxRemoteText = 120;  // octets kept of remote text
constexpr std::size_t kDifferencesShown = 3;
constexpr std::chrono::seconds kKept{120};  // RFC 4787 §4.3: a mapping must live two minutes
constexpr std::chrono::seconds kShort{30};  // what this box sends keeps mappings that live longer
constexpr auto kFar = 250ms;
constexpr auto kSlowName = 1s;

std::string remote_text(std::string_view text) {
  return printable(text, kMaxRemoteText);
}
std::string words(Duration time) {
  return fmt::format("{} ms", std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}
std::string_view words(NatBehaviour behaviour) {
  switch (behaviour) {
    case NatBehaviour::unknown:
      return "not known";
    case NatBehaviour::endpoint_independent:
      return "the same for all";
    case NatBehaviour::address_dependent:
      return "by address";
    case NatBehaviour::address_and_port_dependent:
      return "by address and port";
  }
  return "not known";
}
std::string name_of(const Reach& reach) {
  std::string service = remote_text(reach.service);
  std::ranges::transform(service, service.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return fmt::format("{} at {} ({})", service, remote_text(reach.name),
                     reach.transport == Transport::udp ? "UDP" : "TCP");
}
class NetworkExamination {
 public:
  NetworkExamination(const BoxFacts& box, WallTime now) : box_(box), facts_(box.network), now_(now) {}

  std::vector<Finding> run() {
    check_path();
    check_forward();
    check_filter();
    check_mapping();
    check_audio();
    check_move();
    check_helpers();
    check_reach();
    check_names();
    return std::move(out_);
  }

 private:
  Finding& add(Code code, Severity severity, std::string seen) {
    return out_.emplace_back(make_finding(code, severity, std::move(seen)));
  }
  void check_path();
  void check_forward();
  void check_filter();
  void check_mapping();
  void check_audio();
  void check_move();
  void check_helpers();
  void check_reach();
  void check_names();
  void central_down(const std::vector<const Reach*>& mute);
  std::string addresses() const;
  bool reported_elsewhere(const Reach& reach) const;

  const BoxFacts& box_;
  const NetworkFacts& facts_;
  WallTime now_;
  std::vector<Finding> out_;
};

/// "192.168.1.10:40000 is seen as 203.0.113.5:40000 by pbx.example.net:3478"
std::string NetworkExamination::addresses() const {
  std::string out = fmt::format("{} is seen as {}", facts_.local ? facts_.local->to_string() : "This box",
                                facts_.reflexive ? facts_.reflexive->to_string() : "another address");
  if (!facts_.measured_against.empty()) out += " by " + remote_text(facts_.measured_against);
  if (facts_.router_external)
    out += fmt::format("; the router says that its own address is {}", facts_.router_external->to_string());
  return out + ".";
}

void NetworkExamination::check_path() {
  const Severity shut_in = box_.hosted ? Severity::error : Severity::info;
  switch (facts_.path) {
    case NatPath::unknown:
    case NatPath::none:
      break;
    case NatPath::nat: {
      std::string seen = addresses();
      if (facts_.mapping != NatBehaviour::unknown || facts_.filtering != NatBehaviour::unknown)
        seen += fmt::format(" Its mapping: {}; what it lets in: {}{}.", words(facts_.mapping), words(facts_.filtering),
                            !facts_.port_preserved   ? ""
                            : *facts_.port_preserved ? "; it keeps port numbers"
                                                     : "; it changes port numbers");
      add("nat_kind", Severity::info, std::move(seen));
      break;
    }
    case NatPath::carrier:
      add("carrier_nat", shut_in, addresses());
      break;
    case NatPath::double_nat:
      add("double_nat", shut_in, addresses());
      break;
  }
  if (facts_.udp_blocked == true)
    add("udp_blocked", Severity::error,
        fmt::format("{} answers by TCP and not by UDP{}.", remote_text(facts_.measured_against),
                    facts_.stun_error.empty() ? "" : " (" + remote_text(facts_.stun_error) + ")"));
}

/// The ports that the router has to forward and does not, as text for its page.
void NetworkExamination::check_forward() {
  const nat::portmap::Facts none;
  const nat::portmap::Facts& router = box_.mapping ? *box_.mapping : none;
  const bool twice = facts_.path == NatPath::carrier || facts_.path == NatPath::double_nat;
  if (router.active && router.double_nat && !twice) {
    add("double_nat", box_.hosted ? Severity::error : Severity::warning,
        fmt::format("The router {} says that its own address is {}.", router.gateway.to_string(),
                    router.external.to_string()));
    return;
  }
  const bool found_another =
      box_.audio && (box_.audio->by == AudioWay::By::stun || box_.audio->by == AudioWay::By::same_port);
  const bool refused = router.active && router.granted.size() < router.wanted && !found_another;
  const bool by_hand = box_.hosted && !router.active && facts_.path == NatPath::nat;
  if (twice || (!refused && !by_hand)) return;
  Finding& found = refused ? add("port_forward_needed", Severity::info,
                                 fmt::format("The router {} granted {} of {} ports{}.",
                                             router.gateway ? router.gateway.to_string() : std::string("on the way"),
                                             router.granted.size(), router.wanted,
                                             router.last_error.empty() ? "" : ": " + remote_text(router.last_error)))
                           : add("port_forward_needed", Severity::info, "This box is hosted, and behind a router.");
  const IpAddress ours = router.ours ? router.ours : facts_.local ? facts_.local->address : IpAddress();
  if (!box_.forward.empty() && ours)
    found.remedy = fmt::format("Forward {} to {}. ", remote_text(box_.forward), ours.to_string()) + found.remedy;
}

/// NAT-PMP and UPnP have no such limit, so they say nothing about it.
void NetworkExamination::check_filter() {
  if (!box_.mapping || box_.mapping->protocol != nat::portmap::Protocol::pcp) return;
  const auto& filter = box_.mapping->filter;
  const bool open = filter.state == nat::portmap::FilterFacts::State::open || filter.not_kept;
  const std::string seen = nat::portmap::filter_in_words(*box_.mapping);
  if (open && !seen.empty()) add("sip_port_open", Severity::info, seen);
}

void NetworkExamination::check_mapping() {
  if (facts_.mapping_dead_at && *facts_.mapping_dead_at < kKept) {
    const bool grave = *facts_.mapping_dead_at <= kShort;
    add("mapping_short", grave ? Severity::warning : Severity::info,
        facts_.mapping_lifetime
            ? fmt::format("A mapping was there after {} s without packets, and gone after {} s.",
                          facts_.mapping_lifetime->count(), facts_.mapping_dead_at->count())
            : fmt::format("A mapping was gone after {} s without packets.", facts_.mapping_dead_at->count()));
  }
  const bool translated = facts_.path != NatPath::unknown && facts_.path != NatPath::none;
  if (translated && facts_.hairpin == false)
    add("hairpin_missing", Severity::info, "A packet to the router's outer address did not come back in.");
}

/// One cause is one finding: what calls heard counts more than what was derived. A server that sends to where packets
/// come from is heard whatever address it was given.
void NetworkExamination::check_audio() {
  if (!box_.audio || !box_.audio->behind_router()) return;
  const AudioWay& way = *box_.audio;
  const AudioHeard& heard = box_.heard;
  const bool heard_last = heard.calls > 0 && !heard.last_silent;
  if (heard.silent > 0 && heard.last_silent) {
    Finding& found = add("audio_missing", Severity::error,
                         fmt::format("{} {} since the start heard nothing from the central side, the last at {}. {}",
                                     heard.silent, heard.silent == 1 ? "call" : "calls",
                                     heard.silent_at ? to_rfc3339(*heard.silent_at) : "", in_words(way)));
    if (way.by == AudioWay::By::stun || way.by == AudioWay::By::same_port || way.by == AudioWay::By::mapped)
      found.means =
          "The central side has an address that the router should lead here, and what it sent did not arrive: a "
          "firewall is in between, or it sends from elsewhere than it says.";
    return;
  }
  if (way.by == AudioWay::By::nowhere) {
    add("audio_unreachable", heard_last ? Severity::info : Severity::error, in_words(way));
  } else if (way.by == AudioWay::By::not_known && !way.error.empty()) {
    add("audio_way_unknown", heard_last ? Severity::info : Severity::warning, in_words(way));
  }
}

/// Calls that are over are no longer affected, but somebody may still ask what it was.
void NetworkExamination::check_move() {
  if (!box_.moved) return;
  const RouterMoved& moved = *box_.moved;
  if (moved.streams == 0 && (!moved.ended || now_ - *moved.ended > kMoveTold)) return;
  std::string seen = fmt::format("At {} the router's address {} became {}. ", to_rfc3339(moved.at),
                                 moved.was.to_string(), moved.is.to_string());
  seen += moved.streams == 0   ? "Calls of then that heard nothing any more are over."
          : moved.streams == 1 ? "One stream of a call hears nothing since."
                               : fmt::format("{} streams of calls hear nothing since.", moved.streams);
  add("router_moved", moved.streams > 0 ? Severity::warning : Severity::info, std::move(seen));
}

std::string words(const std::vector<Difference>& differences) {
  std::string out;
  for (std::size_t i = 0; i < std::min(differences.size(), kDifferencesShown); ++i) {
    const Difference& d = differences[i];
    if (!out.empty()) out += "; ";
    out += d.sent.empty() ? fmt::format("{} {} was added", remote_text(d.field), remote_text(d.received))
           : d.received.empty()
               ? fmt::format("{} {} was taken out", remote_text(d.field), remote_text(d.sent))
               : fmt::format("{} {} became {}", remote_text(d.field), remote_text(d.sent), remote_text(d.received));
  }
  if (differences.size() > kDifferencesShown)
    out += fmt::format("; and {} more", differences.size() - kDifferencesShown);
  return out;
}

void NetworkExamination::check_helpers() {
  if (facts_.tftp_alg == true)
    add("tftp_alg_on_path", Severity::warning,
        facts_.tftp_alg_seen.empty() ? std::string("TFTP packets were treated otherwise than others.")
                                     : remote_text(facts_.tftp_alg_seen) + ".");
  for (const AlgProbe& probe : facts_.sip_alg) {
    if (!probe.altered()) continue;
    add("sip_alg_on_path", Severity::warning,
        fmt::format("A SIP message by {} was changed: {}.", probe.transport == Transport::udp ? "UDP" : "TCP",
                    words(probe.differences)));
  }
  if (facts_.http_proxy.altered())
    add("http_changed_on_path", Severity::warning,
        fmt::format("An HTTP request was changed: {}.", words(facts_.http_proxy.differences)));
}

/// The daemon itself finds its server or its origin down.
bool NetworkExamination::reported_elsewhere(const Reach& reach) const {
  if (!box_.own) return false;
  return std::ranges::any_of(box_.own->call_servers,
                             [&](const CallServer& s) {
                               return s.name == reach.name && s.transport == to_string(reach.transport) &&
                                      ails(s, now_);
                             }) ||
         std::ranges::any_of(box_.own->origins,
                             [&](const OriginState& o) { return !o.healthy && host_port_of(o.url) == reach.name; });
}

void NetworkExamination::check_reach() {
  const bool alive = anything_answers(box_);
  // Files that come by HTTP need no TFTP, and a central server that is no Dropwire need not answer STUN.
  const auto open = [&](std::string_view service) {
    return std::ranges::any_of(facts_.reach,
                               [&](const Reach& r) { return r.service == service && r.state == PortState::open; });
  };
  const bool http = open("http") || open("https"), tftp = open("tftp");
  // A server that serves files by TFTP only refuses HTTP, and nothing is missing.
  const auto one_way_enough = [&](const Reach& r) {
    return (r.service == "http" || r.service == "https") && (tftp || http);
  };
  const auto needed = [&](const Reach& r) {
    return r.service == "stun" ? facts_.far_side_is_dropwire() : r.service != "tftp" || !http;
  };
  std::vector<const Reach*> mute;
  bool far = false;
  for (const Reach& reach : facts_.reach) {
    if (!reach.used && reach.state != PortState::open) continue;
    if (answered_since(box_, reach)) continue;
    const bool reported = alive && reported_elsewhere(reach);
    if (silent(reach) && !reported && (!alive || needed(reach))) mute.push_back(&reach);
    if (reach.state == PortState::refused && !reported && needed(reach))
      add("port_refused", one_way_enough(reach) ? Severity::info : Severity::error,
          fmt::format("{} refuses.", name_of(reach)))
          .about = fmt::format("{} {}", to_string(reach.transport), reach.name);
    if (reach.state == PortState::open && reach.round_trip && *reach.round_trip > kFar && !std::exchange(far, true))
      add("central_far", Severity::info, fmt::format("{} answers after {}.", name_of(reach), words(*reach.round_trip)));
  }
  if (central_unreachable(box_, now_)) return central_down(mute);
  for (const Reach* reach : mute)
    add("port_blocked", Severity::error,
        fmt::format("{} does not answer{}.", name_of(*reach),
                    reach->error.empty() ? "" : ": " + remote_text(reach->error)))
        .about = fmt::format("{} {}", to_string(reach->transport), reach->name);
}

/// In words for customers on a customer's box.
void NetworkExamination::central_down(const std::vector<const Reach*>& mute) {
  std::string all, about;
  for (const Reach* reach : mute) {
    all += (all.empty() ? "" : ", ") + name_of(*reach);
    about += reach->name + " ";
  }
  std::vector<std::string> names;
  if (box_.own) {
    for (const CallServer& server : box_.own->call_servers) {
      about += server.name + " ";
      if (std::ranges::find(names, server.name) == names.end()) names.push_back(remote_text(server.name));
    }
  }
  const std::string who = !names.empty() ? fmt::format("{}", fmt::join(names, ", ")) : all;
  Finding& found =
      add("central_unreachable", Severity::error, fmt::format("No answer from {}.", all.empty() ? who : all));
  found.about = about;
  if (box_.hosted) {
    found.remedy =
        "Look whether the telephone server runs, and whether this machine reaches it (ping, nc -vz host port). Check central "
        "in the settings.";
  } else {
    found.remedy = fmt::format(
        "Look first whether other devices here reach the internet; if not, it is your router or your provider. If "
        "they do, tell your operator: \"My Dropwire gets no answer from {}.\" If the server's address changed, "
        "correct central in the settings.",
        who);
  }
}

void NetworkExamination::check_names() {
  for (const DnsFact& name : facts_.dns) {
    if (!name.error.empty()) {
      add("dns_fails", Severity::error, fmt::format("{}: {}.", remote_text(name.name), remote_text(name.error))).about =
          name.name;
    } else if (name.took && *name.took > kSlowName) {
      add("dns_slow", Severity::warning, fmt::format("{} took {}.", remote_text(name.name), words(*name.took)));
    }
  }
}

}  // namespace

std::vector<Finding> network_findings(const BoxFacts& box, WallTime now) {
  return NetworkExamination(box, now).run();
}

}  // namespace dw::doctor
