#include "nat/core/media/relay_session.hpp"

#include <algorithm>

namespace dw::nat {
namespace {

std::optional<Endpoint> if_one_host(const std::optional<Endpoint>& end) {
  if (!end || end->port == 0) return std::nullopt;
  const IpAddress& a = end->address;
  if (!a || a.is_unspecified() || a.is_multicast() || a.is_broadcast()) return std::nullopt;
  return end;
}

bool took(Latch::Verdict verdict) {
  return verdict == Latch::Verdict::latched || verdict == Latch::Verdict::accepted;
}

}  // namespace

RelaySession::RelaySession(const StreamRules& rules)
    : phone_address_(rules.phone),
      stated_first_(rules.stated_first),
      symmetric_(rules.symmetric),
      sources_(rules.allowed) {
  rtcp_.latch = Latch(Latch::kRtcpSilence);
  reopen();
}

void RelaySession::reopen() {
  rtp_.latch.open(phone_address_);
  rtcp_.latch.open(phone_address_);
  fax_ = {};
}

void RelaySession::set_phone(TimePoint now, const std::optional<Endpoint>& rtp, const std::optional<Endpoint>& rtcp) {
  rtp_.state(now, rtp);
  rtcp_.state(now, rtcp);
}

void RelaySession::set_phone_address(TimePoint now, const IpAddress& address) {
  const bool heard = rtp_.latch.far_end() || rtcp_.latch.far_end();
  if (heard || address == phone_address_) return rtp_.latch.let_roam(address);
  rtp_.latch.open(address);
  follow_phone(now, address);
}

void RelaySession::follow_phone(TimePoint now, const IpAddress& address) {
  phone_address_ = address;
  rtcp_.latch.open(address);
  set_phone(now, std::nullopt, std::nullopt);
}

void RelaySession::set_far_end(const std::optional<Endpoint>& far_end, const std::optional<Endpoint>& rtcp) {
  const std::optional<Endpoint> wanted = if_one_host(far_end);
  const std::optional<Endpoint> wanted_rtcp = if_one_host(rtcp);
  const bool known = wanted == far_end_ && wanted_rtcp == stated_rtcp_;
  if (!known && wanted != far_end_) {
    fax_ = {};
    far_end_heard_ = false;
    far_latch_.close();
    if (symmetric_ && wanted) far_latch_.open_to_anybody();
  }
  if (!known) {
    far_end_ = wanted;
    stated_rtcp_ = wanted_rtcp;
    far_end_rtcp_ = far_end_ ? stated_rtcp_ : std::nullopt;
    if (far_end_ && !far_end_rtcp_ && far_end_->port < 65535)
      far_end_rtcp_ = Endpoint{far_end_->address, static_cast<std::uint16_t>(far_end_->port + 1)};
  }
  sources_.set_far_end(far_end_, far_end_rtcp_);
}

void RelaySession::set_formats(MediaSide toward, std::shared_ptr<const MediaFormats> formats) {
  (toward == MediaSide::phone ? from_central_ : from_phone_).set_formats(std::move(formats));
}

void RelaySession::set_feed(const std::optional<Endpoint>& feed) {
  feed_ = feed;
  if (feed) on_fed();
}

void RelaySession::on_fed() {
  if (!far_end_) sources_.forget_far_end();
}

bool RelaySession::is_feed(const Endpoint& from) const {
  return feed_ && from.address == feed_->address && (from.port == feed_->port || from.port == feed_->port + 1);
}

RelaySession::Outcome RelaySession::refused(Latch::Verdict verdict) {
  return {verdict == Latch::Verdict::invalid ? Fate::invalid : Fate::stranger, false, nullptr};
}

void RelaySession::prefetch(Port port) const {
  if (for_rtcp(port)) return;
  nat::prefetch(&rtp_, on_phone_side(port) ? static_cast<const void*>(&far_latch_ + 1) : &from_phone_);
  if (on_phone_side(port)) return;
  nat::prefetch(&far_end_, &sources_);
  sources_.prefetch();
}

RelaySession::Outcome RelaySession::on_packet(TimePoint now, Port port, const Endpoint& from, Bytes packet) {
  if (port == Port::phone_rtp) return on_phone_rtp(now, from, packet);
  if (port == Port::phone_rtcp) return on_phone_rtcp(now, from, packet);
  const bool as_rtp = port == Port::central_rtp && !opaque_;
  const auto header = as_rtp ? parse_rtp(packet) : std::nullopt;
  if (!may_send(now, port, from, packet, header)) {
    ++central_strangers_;
    return {Fate::stranger, false, nullptr};
  }
  if (as_rtp && !header) {
    // A packet that is not RTP passes only as fax, and only from the sender of the RTP.
    if (is_bare_keepalive(packet)) return {Fate::keepalive, false, nullptr};
    if (!fax_.is_fax() || from != central_heard_) return {};
  }
  follow_far_end(now, port, from, packet, header);
  return on_central(now, port, packet, header);
}

bool RelaySession::may_send(TimePoint now, Port port, const Endpoint& from, Bytes packet,
                            const std::optional<RtpHeader>& header) {
  if (is_feed(from)) return true;
  if (for_rtcp(port)) return sources_.takes_rtcp(now, from, is_rtcp(packet));
  return opaque_ ? sources_.takes_opaque(now, from) : sources_.takes_rtp(now, from, header);
}

void RelaySession::follow_far_end(TimePoint now, Port port, const Endpoint& from, Bytes packet,
                                  const std::optional<RtpHeader>& header) {
  if (port == Port::central_rtp) central_heard_ = from;
  if (!far_end_ || is_feed(from)) return;
  const bool its_own = from.address == far_end_->address;
  if (port == Port::central_rtcp) {
    const bool followed = far_latch_.far_end() && far_latch_.far_end()->address == from.address;
    if (symmetric_ && (its_own || followed) && is_rtcp(packet)) far_end_rtcp_ = from;
    return;
  }
  if (!far_latch_.is_open()) return;
  // The address that signalling named takes precedence, once it is heard.
  if (its_own && !far_end_heard_) far_latch_.open_to_anybody();
  far_end_heard_ = far_end_heard_ || its_own;
  if (far_end_heard_ && !its_own) return;
  if (header)
    far_latch_.on_rtp(now, from, header);
  else
    far_latch_.on_datagram(now, from, true);
}

RelaySession::Outcome RelaySession::from_phone_on(TimePoint now, bool latched) {
  if (latched) sent_to_phone_ = now;  // the phone's own packet has just opened the way
  rtp_.heard(now, latched);
  Outcome outcome = toward(to_far_end());
  outcome.latched = latched;
  if (outcome.to) rtp_way_.sent(now, *outcome.to);
  return outcome;
}

RelaySession::Outcome RelaySession::on_phone_rtp(TimePoint now, const Endpoint& from, Bytes packet) {
  if (opaque_) return on_phone_opaque(now, from, packet);
  const auto header = parse_rtp(packet);
  if (!header) return on_phone_other(now, from, packet);
  const auto verdict = rtp_.latch.on_rtp(now, from, header);
  if (!took(verdict)) return refused(verdict);
  if (rtp_.latch.address() != phone_address_) follow_phone(now, rtp_.latch.address());
  from_phone_.on_packet(now, *header, packet.size());
  fax_.on_rtp(MediaSide::phone, *header, from_phone_.format());
  return from_phone_on(now, verdict == Latch::Verdict::latched);
}

RelaySession::Outcome RelaySession::on_phone_opaque(TimePoint now, const Endpoint& from, Bytes packet) {
  const auto verdict = rtp_.latch.on_datagram(now, from, true);
  if (!took(verdict)) return refused(verdict);
  from_phone_.on_opaque(now, packet.size());
  return from_phone_on(now, verdict == Latch::Verdict::latched);
}

/// A packet at the RTP port that is not RTP.
RelaySession::Outcome RelaySession::on_phone_other(TimePoint now, const Endpoint& from, Bytes packet) {
  if (fax_.is_fax() && from == rtp_.latch.far_end()) return on_phone_opaque(now, from, packet);
  if (!is_bare_keepalive(packet)) return refused(rtp_.latch.on_rtp(now, from, std::nullopt));
  const auto verdict = rtp_.latch.on_keepalive(now, from);
  if (!took(verdict)) return refused(verdict);
  const bool latched = verdict == Latch::Verdict::latched;
  if (latched) sent_to_phone_ = now;
  rtp_.heard(now, latched);
  return {Fate::keepalive, latched, nullptr};
}

RelaySession::Outcome RelaySession::on_phone_rtcp(TimePoint now, const Endpoint& from, Bytes packet) {
  const auto verdict = rtcp_.latch.on_datagram(now, from, is_rtcp(packet));
  if (!took(verdict)) return refused(verdict);
  rtcp_.heard(now, verdict == Latch::Verdict::latched);
  from_phone_rtcp_ = now;
  const Outcome outcome = toward(far_end_rtcp_);
  if (outcome.to) rtcp_way_.sent(now, *outcome.to);
  return outcome;
}

RelaySession::Outcome RelaySession::on_bridged(TimePoint now, Port port, Bytes packet) {
  const bool as_rtp = port == Port::central_rtp && !opaque_;
  const auto header = as_rtp ? parse_rtp(packet) : std::nullopt;
  if (as_rtp && !header && !fax_.is_fax()) return {};
  return on_central(now, port, packet, header);
}

/// Drops packets from those who may not send; packets that are not RTP may pass.
RelaySession::Outcome RelaySession::on_central(TimePoint now, Port port, Bytes packet,
                                               const std::optional<RtpHeader>& header) {
  if (for_rtcp(port)) {
    if (!is_rtcp(packet)) return {};
    from_central_rtcp_ = now;
    return toward(rtcp_.to(stated_first_));
  }
  if (!header) {
    from_central_.on_opaque(now, packet.size());
    return to_phone_on(now);
  }
  from_central_.on_packet(now, *header, packet.size());
  fax_.on_rtp(MediaSide::central, *header, from_central_.format());
  last_to_phone_ = *header;
  sent_before_ = true;
  return to_phone_on(now);
}

RelaySession::Outcome RelaySession::to_phone_on(TimePoint now) {
  if (!to_phone() && !silent_) return {Fate::hold, false, nullptr};
  sent_to_phone_ = now;
  return toward(to_phone());
}

void RelaySession::on_sent(TimePoint now, Port port, Sent sent) {
  if (for_rtcp(port)) return;
  Delivery& delivery = on_phone_side(port) ? to_central_ : to_phone_;
  switch (sent) {
    case Sent::sent:
      return delivery.sent();
    case Sent::unwanted:
      return delivery.unwanted();
    case Sent::failed:
      if (stats(port).is_audio()) delivery.failed(now);
      return;
  }
}

void RelaySession::on_late(Port port) {
  if (!for_rtcp(port)) stats(port).on_late();
}

void RelaySession::on_overflow(Port port, std::uint64_t packets) {
  if (!for_rtcp(port)) stats(port).on_overflow(packets);
}

std::optional<Endpoint> RelaySession::way_due(TimePoint now, Port port, Duration idle) {
  if (silent_ || opaque_ || fax_.is_fax()) return std::nullopt;
  return for_rtcp(port) ? rtcp_way_.due(now, far_end_rtcp_, idle) : rtp_way_.due(now, to_far_end(), idle);
}

std::optional<RelaySession::Keepalive> RelaySession::keepalive(TimePoint now, Duration idle) {
  if (!phone() || silent_ || opaque_ || fax_.is_fax() || now - sent_to_phone_ < idle) return std::nullopt;
  sent_to_phone_ = now;
  RtpHeader header = last_to_phone_;
  if (!sent_before_) header.payload_type = from_phone_.payload_type();
  const auto octet = [](std::uint32_t value, unsigned shift) { return static_cast<std::uint8_t>(value >> shift); };
  return Keepalive{0x80,
                   header.payload_type,
                   octet(header.sequence, 8),
                   octet(header.sequence, 0),
                   octet(header.timestamp, 24),
                   octet(header.timestamp, 16),
                   octet(header.timestamp, 8),
                   octet(header.timestamp, 0),
                   octet(header.ssrc, 24),
                   octet(header.ssrc, 16),
                   octet(header.ssrc, 8),
                   octet(header.ssrc, 0)};
}

MediaFlow RelaySession::flow_of(const StreamStats& stats, const std::optional<TimePoint>& rtcp,
                                const Delivery& delivery) {
  MediaFlow flow;
  flow.packets = stats.packets();
  flow.octets = stats.octets();
  flow.audio = stats.audio();
  flow.delivered = delivery.packets();
  flow.undelivered = delivery.longest();
  flow.lost = stats.lost();
  flow.dropped = stats.dropped();
  flow.reordered = stats.reordered();
  flow.jitter = stats.jitter();
  flow.payload_type = stats.payload_type();
  flow.heard = rtcp;
  if (flow.packets > 0) {
    flow.first = stats.first();
    flow.last = stats.last();
    if (stats.alive()) flow.heard = std::max(rtcp.value_or(*stats.alive()), *stats.alive());
  }
  return flow;
}

}  // namespace dw::nat
