// The part of RelaySession that deals with carried packets (FlowTable).
#include "nat/core/media/relay_session.hpp"

namespace dw::nat {

std::optional<RelaySession::PlainPath> RelaySession::plain_path(Port in) const {
  const bool from_phone = on_phone_side(in);
  const dw_rtp_count& count = stats(in).count();
  if (opaque_ || silent_ || fax_.is_fax() || feed_ || !rtp_.is_settled() || sources_.is_searching() ||
      count.started == 0 || FaxSwitch::is_nse(stats(in).format()))
    return std::nullopt;
  const std::optional<Endpoint>& from = from_phone ? phone() : central_heard_;
  const std::optional<Endpoint>& to = from_phone ? to_far_end() : to_phone();
  if (!from || !to || !from->address.is_v4() || !to->address.is_v4()) return std::nullopt;
  // About to move to another address, or still on probation.
  if (from_phone && rtp_.latch.address() != phone_address_) return std::nullopt;
  const bool follows =
      !from_phone && far_end_ && far_latch_.is_open() && !(far_end_heard_ && from->address != far_end_->address);
  if (follows && far_latch_.far_end() != from) return std::nullopt;
  return PlainPath{*from, *to, count.ssrc};
}

bool RelaySession::may_hear(Port in, const Endpoint& from) const {
  return on_phone_side(in) ? rtp_.latch.may_hear(from.address) : is_feed(from) || sources_.may_hear(from.address);
}

/// Rules depend on who was heard last, when, and with which number: so the last packet stands for all of them.
std::uint64_t RelaySession::on_carried(Port in, const PlainPath& path, const FlowState& state) {
  StreamStats& stats = this->stats(in);
  const std::uint64_t more = state.count.packets - stats.packets();
  if (more == 0) return 0;
  stats.resume(state.count);
  const TimePoint now = stats.last();
  RtpHeader header{.payload_type = stats.payload_type(), .sequence = state.count.highest, .ssrc = path.ssrc};
  if (on_phone_side(in)) {
    (void)rtp_.latch.on_rtp(now, path.from, header);
    rtp_.heard(now, false);
    rtp_way_.sent(now, path.to);
    to_central_.sent(more);
    return more;
  }
  (void)sources_.takes_rtp(now, path.from, header);
  follow_far_end(now, in, path.from, {}, header);
  header.sequence = state.last_sequence;
  header.timestamp = state.last_timestamp;
  last_to_phone_ = header;
  sent_before_ = true;
  sent_to_phone_ = now;
  to_phone_.sent(more);
  return more;
}

}  // namespace dw::nat
