#include "sbc/doctor/nat_path.hpp"

#include <algorithm>

namespace dw::doctor {
namespace {

/// RFC 6598: the addresses that carriers use inside their NAT.
bool is_shared(const IpAddress& address) {
  return address.is_v4() && address.network(10) == IpAddress::v4(0x64400000);
}

NatPath path_of(const NetworkFacts& facts) {
  if (!facts.local || !facts.reflexive) return NatPath::unknown;
  if (facts.local->address == facts.reflexive->address) return NatPath::none;
  if (is_shared(facts.local->address)) return NatPath::carrier;
  if (const auto& outer = facts.router_external) {
    if (is_shared(*outer)) return NatPath::carrier;
    if (outer->is_private()) return NatPath::double_nat;
    return *outer == facts.reflexive->address ? NatPath::nat : NatPath::carrier;
  }
  // The first hop is the router's inner address; a private one behind it is of a network that is translated
  // again.
  if (std::ranges::any_of(facts.hops, is_shared)) return NatPath::carrier;
  const auto behind = facts.hops.empty() ? facts.hops.begin() : facts.hops.begin() + 1;
  if (std::any_of(behind, facts.hops.end(), [](const IpAddress& hop) { return hop && hop.is_private(); }))
    return NatPath::double_nat;
  return NatPath::nat;
}

/// A single silent service may just not exist: a central server need not answer STUN or TFTP.
std::optional<bool> udp_blocked(const NetworkFacts& facts) {
  std::size_t silent = 0;
  bool tcp = false;
  for (const Reach& reach : facts.reach) {
    if (reach.transport == Transport::udp) {
      if (reach.state == PortState::open) return false;
      if (reach.state == PortState::no_answer) ++silent;
    } else {
      tcp |= reach.state == PortState::open || reach.state == PortState::refused;
    }
  }
  const std::size_t enough = facts.far_side_is_dropwire() ? 1 : 3;
  return silent >= enough && tcp ? std::optional(true) : std::nullopt;
}

void conclude_tftp(NetworkFacts& facts, std::optional<bool> fresh_came) {
  if (!fresh_came) return;
  if (!*fresh_came) {
    facts.tftp_alg = false;
    facts.tftp_alg_seen = "a TFTP answer from another port of the server is not let in";
  } else if (facts.filtering == NatBehaviour::address_and_port_dependent) {
    facts.tftp_alg = true;
    facts.tftp_alg_seen =
        "a TFTP answer from another port of the server is let in, and nothing else from another port is";
  } else {
    facts.tftp_alg_seen = "a TFTP answer from another port of the server is let in, as is whatever comes from there";
  }
}

}  // namespace

void conclude(NetworkFacts& facts, std::optional<bool> fresh_came) {
  facts.path = path_of(facts);
  facts.udp_blocked = udp_blocked(facts);
  conclude_tftp(facts, fresh_came);
}

}  // namespace dw::doctor
