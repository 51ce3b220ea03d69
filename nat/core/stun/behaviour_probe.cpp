#include "nat/core/stun/behaviour_probe.hpp"

namespace dw::nat {

std::vector<StunSend> BehaviourProbe::start(TimePoint now) {
  ask(now, map_first, 0, server_);
  ask(now, filter_first, 1, server_);
  return std::exchange(out_, {});
}

void BehaviourProbe::ask(TimePoint now, Tag tag, std::uint32_t socket, const Endpoint& to,
                         std::optional<StunMessage::ChangeRequest> change) {
  asker_.ask(now, tag, {socket, to, change, {}}, out_);
}

std::vector<StunSend> BehaviourProbe::on_datagram(TimePoint now, std::uint32_t socket, Bytes octets) {
  const auto answered = asker_.take(now, socket, octets);
  if (!answered) return {};
  const auto tag = static_cast<Tag>(answered->tag);
  if (answered->arrived_as_request) {
    // Must come from ourselves: otherwise a server has sent our request back, and it is no hairpin.
    if (tag == hairpin_0 || tag == hairpin_1) {
      result_.hairpin = true;
      asker_.forget(hairpin_0);
      asker_.forget(hairpin_1);
    }
    return std::exchange(out_, {});
  }
  const bool success = answered->message.kind == StunMessage::Kind::success;
  switch (tag) {
    case map_first:
    case filter_first:
      on_first(now, tag, *answered);
      break;
    case map_second:
    case map_third:
      on_mapping(now, tag, success ? answered->message.reflexive() : std::nullopt);
      break;
    case filter_both:
    case filter_port:
      if (success) on_filtering(tag, true);
      break;
    case hairpin_0:
    case hairpin_1:
      break;
  }
  return std::exchange(out_, {});
}

void BehaviourProbe::on_first(TimePoint now, Tag tag, const StunAsker::Answered& answered) {
  const auto reflexive = answered.message.reflexive();
  if (answered.message.kind != StunMessage::Kind::success || !reflexive) {
    if (result_.error.empty()) result_.error = "the STUN server refuses: " + to_string(answered.message);
    return;
  }
  const std::uint32_t socket = tag == map_first ? 0 : 1;
  reflexive_[socket] = reflexive;
  auto other = answered.message.other_address;
  // A server behind a NAT of its own gives an address that can't be reached from here.
  if (other && other->address.is_private() && !server_.address.is_private()) other->address = server_.address;
  const bool offers = other && other->port != server_.port;
  if (offers) result_.one_address = other->address == server_.address;
  if (socket == 0) {
    result_.reflexive = reflexive;
    result_.round_trip = answered.round_trip;
    if (offers) {
      other_ = other;
      ask(now, map_second, 0, {other->address, result_.one_address ? other->port : server_.port});
    }
  } else if (offers) {
    if (other->address != server_.address) ask(now, filter_both, 1, server_, StunMessage::ChangeRequest{true, true});
    ask(now, filter_port, 1, server_, StunMessage::ChangeRequest{false, true});
  }
  if (reflexive_[0] && reflexive_[1]) begin_hairpin(now);
}

void BehaviourProbe::on_mapping(TimePoint now, Tag tag, const std::optional<Endpoint>& reflexive) {
  if (!reflexive) return;
  if (tag == map_third) {
    result_.mapping = reflexive == second_ ? Behaviour::address_dependent : Behaviour::address_and_port_dependent;
  } else if (reflexive == reflexive_[0]) {
    result_.mapping = Behaviour::endpoint_independent;
  } else if (result_.one_address) {
    result_.mapping = Behaviour::address_and_port_dependent;
  } else {
    second_ = reflexive;
    ask(now, map_third, 0, *other_);
  }
}

void BehaviourProbe::on_filtering(Tag tag, bool answered) {
  if (result_.filtering == Behaviour::endpoint_independent) return;
  if (tag == filter_both && answered) {
    result_.filtering = Behaviour::endpoint_independent;
    asker_.forget(filter_port);
  } else if (tag == filter_port) {
    result_.filtering = !answered             ? Behaviour::address_and_port_dependent
                        : result_.one_address ? Behaviour::endpoint_independent
                                              : Behaviour::address_dependent;
  }
}

/// Both sockets send, so that a filter which looks at where a mapping has sent to lets the packets in.
void BehaviourProbe::begin_hairpin(TimePoint now) {
  if (reflexive_[0] == local_[0] && reflexive_[1] == local_[1]) return;
  ask(now, hairpin_0, 0, *reflexive_[1]);
  ask(now, hairpin_1, 1, *reflexive_[0]);
}

std::vector<StunSend> BehaviourProbe::on_deadline(TimePoint now) {
  for (const int given_up : asker_.on_deadline(now, out_)) {
    switch (const auto tag = static_cast<Tag>(given_up)) {
      case map_first:
        if (result_.error.empty()) result_.error = "no answer";
        break;
      case filter_port:
        on_filtering(tag, false);
        break;
      case hairpin_0:
      case hairpin_1:
        if (!asker_.waits_for(hairpin_0) && !asker_.waits_for(hairpin_1) && !result_.hairpin) result_.hairpin = false;
        break;
      case map_second:
      case map_third:
      case filter_first:
      case filter_both:
        break;
    }
  }
  return std::exchange(out_, {});
}

}  // namespace dw::nat
