#include "nat/core/relay_session.hpp"

namespace dw::nat {

RelaySession::RelaySession(const IpAddress& phone, const IpAddress& call_server)
    : phone_address_(phone), call_server_(call_server) {
  reopen();
}

void RelaySession::reopen() {
  rtp_latch_.open(phone_address_);
  rtcp_latch_.open(phone_address_);
}

void RelaySession::set_far_end(const std::optional<Endpoint>& far_end) {
  std::optional<Endpoint> wanted = far_end;
  if (wanted) {
    const IpAddress& a = wanted->address;
    if (!a || a.is_unspecified() || a.is_multicast() || a.is_broadcast() || wanted->port == 0) wanted.reset();
  }
  if (wanted == far_end_) return;
  far_end_ = wanted;
  far_end_rtcp_.reset();
  if (far_end_ && far_end_->port < 65535)
    far_end_rtcp_ = Endpoint{far_end_->address, static_cast<std::uint16_t>(far_end_->port + 1)};
}

bool RelaySession::is_feed(const Endpoint& from) const {
  return feed_ && from.address == feed_->address &&
         (from.port == feed_->port || from.port == feed_->port + 1);
}

bool RelaySession::may_send(const Endpoint& from) const {
  if (far_end_ && from.address == far_end_->address) return true;
  if (call_server_ && from.address == call_server_) return true;
  return is_feed(from);
}

RelaySession::Outcome RelaySession::refused(Latch::Verdict verdict) {
  return {verdict == Latch::Verdict::invalid ? Fate::invalid : Fate::stranger, false, nullptr};
}

RelaySession::Outcome RelaySession::on_packet(TimePoint now, Port port, const Endpoint& from, Bytes packet) {
  if (port == Port::phone_rtp) return on_phone_rtp(now, from, packet);
  if (port == Port::phone_rtcp) return on_phone_rtcp(now, from, packet);
  if (!may_send(from)) {
    ++central_strangers_;
    return {Fate::stranger, false, nullptr};
  }
  if (port == Port::central_rtcp && far_end_ && !is_feed(from) && is_rtcp(packet)) far_end_rtcp_ = from;
  return on_bridged(now, port, packet);
}

RelaySession::Outcome RelaySession::from_phone_on(TimePoint now, bool latched) {
  if (latched) sent_to_phone_ = now;  // the phone has just opened the way itself
  Outcome outcome = toward(far_end_);
  outcome.latched = latched;
  return outcome;
}

RelaySession::Outcome RelaySession::on_phone_rtp(TimePoint now, const Endpoint& from, Bytes packet) {
  if (opaque_) return on_phone_opaque(now, from, packet);
  const auto header = parse_rtp(packet);
  const auto verdict = rtp_latch_.on_rtp(now, from, header);
  const bool latched = verdict == Latch::Verdict::latched;
  if (!latched && verdict != Latch::Verdict::accepted) return refused(verdict);
  from_phone_.on_packet(now, *header, packet.size());
  return from_phone_on(now, latched);
}

RelaySession::Outcome RelaySession::on_phone_opaque(TimePoint now, const Endpoint& from, Bytes packet) {
  const auto verdict = rtp_latch_.on_datagram(now, from, true);
  const bool latched = verdict == Latch::Verdict::latched;
  if (!latched && verdict != Latch::Verdict::accepted) return refused(verdict);
  from_phone_.on_opaque(now, packet.size());
  return from_phone_on(now, latched);
}

RelaySession::Outcome RelaySession::on_phone_rtcp(TimePoint now, const Endpoint& from, Bytes packet) {
  const auto verdict = rtcp_latch_.on_datagram(now, from, is_rtcp(packet));
  if (verdict != Latch::Verdict::latched && verdict != Latch::Verdict::accepted) return refused(verdict);
  return toward(far_end_rtcp_);
}

RelaySession::Outcome RelaySession::on_bridged(TimePoint now, Port port, Bytes packet) {
  if (for_rtcp(port)) return is_rtcp(packet) ? toward(rtcp_latch_.far_end()) : Outcome{};
  if (opaque_) {
    from_central_.on_opaque(now, packet.size());
    return to_phone_on(now);
  }
  const auto header = parse_rtp(packet);
  if (!header) return {};
  from_central_.on_packet(now, *header, packet.size());
  last_to_phone_ = *header;
  sent_before_ = true;
  return to_phone_on(now);
}

RelaySession::Outcome RelaySession::to_phone_on(TimePoint now) {
  if (!phone() && !silent_) return {Fate::hold, false, nullptr};
  sent_to_phone_ = now;
  return toward(phone());
}

std::optional<RelaySession::Keepalive> RelaySession::keepalive(TimePoint now, Duration idle) {
  if (!phone() || silent_ || opaque_ || now - sent_to_phone_ < idle) return std::nullopt;
  sent_to_phone_ = now;
  RtpHeader header = last_to_phone_;
  if (!sent_before_) header.payload_type = from_phone_.payload_type();
  const auto octet = [](std::uint32_t value, unsigned shift) {
    return static_cast<std::uint8_t>(value >> shift);
  };
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

MediaFlow RelaySession::flow_of(const StreamStats& stats) {
  MediaFlow flow;
  flow.packets = stats.packets();
  flow.octets = stats.octets();
  flow.lost = stats.lost();
  flow.reordered = stats.reordered();
  flow.jitter = stats.jitter();
  flow.payload_type = stats.payload_type();
  if (flow.packets > 0) {
    flow.first = stats.first();
    flow.last = stats.last();
  }
  return flow;
}

}  // namespace dw::nat
