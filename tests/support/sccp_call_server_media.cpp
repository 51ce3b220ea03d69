// Media of the simulated call server: one rule that is asked again whenever something changed.
#include "tests/support/sccp_call_server.hpp"

namespace dw::sim {

namespace {

using Kind = ServerEvent::Kind;

}  // namespace

std::uint16_t SccpCallServer::take_port() {
  const auto port = static_cast<std::uint16_t>(options_.media_ports + 2 * next_pair_);
  next_pair_ = static_cast<std::uint16_t>((next_pair_ + 1) % options_.media_pairs);
  return port;
}

Endpoint SccpCallServer::own_endpoint(const Leg& of) const {
  const IpAddress local = connections_.at(of.connection).local;
  return {options_.media_address ? options_.media_address : local, of.own_port};
}

// Is this phone to hear its far party?
bool SccpCallServer::talks(const Leg& of) const {
  if (of.state != LegState::connected) return false;
  if (anchored(of)) return of.echo || of.peer != 0;
  const Leg* far = leg(of.peer);
  if (far == nullptr) return options_.keep_far_on_hold && of.receiving;
  if (far->state == LegState::connected) return true;
  return options_.keep_far_on_hold && of.receiving;
}

// Where it is to send: when that is not known yet, nothing.
std::optional<Endpoint> SccpCallServer::target_of(const Leg& of) const {
  if (anchored(of)) {
    if (!of.acked && !options_.start_before_ack) return std::nullopt;
    return own_endpoint(of);
  }
  const Leg* far = leg(of.peer);
  return far != nullptr && far->receiving ? far->acked : std::nullopt;
}

void SccpCallServer::settle_media(unsigned key) {
  Leg* of = leg(key);
  if (of == nullptr) return;
  const bool talking = talks(*of);
  const bool early = options_.early_media && of->state == LegState::ringing_out;
  if (!talking && !early) return close_media(*of);
  if (anchored(*of) && of->own_port == 0) {
    of->own_port = take_port();
    tell({.kind = Kind::media_wanted, .port = of->own_port});
  }
  if (!of->receiving) open_media(key);
  if (!talking) return;
  const auto target = target_of(*of);
  if (target && (!of->transmitting || of->reported != *target)) start_media(key, *target);
}

void SccpCallServer::settle_both(unsigned key) {
  settle_media(key);
  if (const Leg* of = leg(key)) settle_media(of->peer);
}

void SccpCallServer::open_media(unsigned key) {
  Leg& of = *leg(key);
  const Manners& manners = connections_[of.connection].manners;
  OpenReceive open{of.ids, 20, 4, {}};
  if (!manners.start_has_call) open.ids.call = 0;
  if (manners.names_source) {
    open.source = anchored(of) ? own_endpoint(of) : Endpoint{connections_[of.connection].local, 4000};
  }
  of.receiving = true;
  of.acked.reset();
  const int times = options_.repeat_open ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    send(of.connection, id::kOpenReceive, write_open_receive(open, manners.form, manners.open_size));
  }
}

void SccpCallServer::start_media(unsigned key, const Endpoint& target) {
  Leg& of = *leg(key);
  const Manners& manners = connections_[of.connection].manners;
  StartMedia start{of.ids, 20, 4, target};
  if (!manners.start_has_call) start.ids.call = 0;
  of.transmitting = true;
  of.reported = target;
  send(of.connection, id::kStartMedia, write_start_media(start, manners.form, manners.start_size));
}

void SccpCallServer::close_media(Leg& of) {
  const Manners& manners = connections_[of.connection].manners;
  ChannelIds ids = of.ids;
  if (manners.zero_conference) ids.conference = 0;
  if (!manners.start_has_call) ids.call = 0;
  if (std::exchange(of.receiving, false)) {
    send(of.connection, id::kCloseReceive, write_close(ids, manners.close_size));
  }
  if (std::exchange(of.transmitting, false)) {
    send(of.connection, id::kStopMedia, write_close(ids, manners.stop_size));
  }
  of.acked.reset();
}

void SccpCallServer::on_open_ack(int connection, Bytes body) {
  const Connection& from = connections_[connection];
  const auto ack = read_open_ack(body, from.manners.form);
  if (!ack) return problem(connection, "OpenReceiveChannelAck is too short for the agreed layout");
  for (auto& [key, of] : legs_) {
    if (of.connection != connection || of.ids.party != ack->ids.party) continue;
    if (ack->status != 0) return end(key, true);
    if (!ack->local.address || ack->local.port == 0) {
      return problem(connection, "OpenReceiveChannelAck with " + ack->local.to_string());
    }
    if (!of.receiving) return;  // closed meanwhile
    of.acked = ack->local;
    if (options_.answer_source && anchored(of)) of.acked->address = from.peer.address;
    tell({.kind = Kind::receiving, .device = from.device, .remote = *of.acked});
    return settle_both(key);
  }
}

void SccpCallServer::on_start_ack(int connection, Bytes body) {
  const auto ack = read_start_ack(body, connections_[connection].manners.form);
  if (!ack) return problem(connection, "StartMediaTransmissionAck is too short for the agreed layout");
  if (!ack->local.address || ack->local.port == 0) {
    problem(connection, "StartMediaTransmissionAck with " + ack->local.to_string());
  }
}

std::optional<std::pair<std::uint16_t, Endpoint>> SccpCallServer::rtp_route(std::uint16_t port) const {
  for (const auto& [key, of] : legs_) {
    if (of.own_port != port) continue;
    const Leg* to = of.echo ? &of : leg(of.peer);
    if (to == nullptr || !to->acked || !to->receiving || to->own_port == 0) return std::nullopt;
    return std::pair{to->own_port, *to->acked};
  }
  return std::nullopt;
}

std::vector<std::pair<std::uint16_t, Endpoint>> SccpCallServer::rtp_targets() const {
  std::vector<std::pair<std::uint16_t, Endpoint>> out;
  for (const auto& [key, of] : legs_) {
    if (of.own_port != 0 && of.receiving && of.acked) out.emplace_back(of.own_port, *of.acked);
  }
  return out;
}

}  // namespace dw::sim
