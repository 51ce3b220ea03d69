#include "nat/core/media/latch.hpp"

#include <utility>

namespace dw::nat {

void Latch::open(const IpAddress& address) {
  if (far_end_ && far_end_->address != address) {  // the phone itself has moved
    far_end_.reset();
    own_.reset();
  }
  if (roams_to_ == address) roams_to_ = {};
  reopened_ = far_end_.has_value();
  address_ = address;
  candidate_count_ = 0;
}

void Latch::open_to_anybody() {
  close();
  anybody_ = true;
}

Latch::Verdict Latch::lock(TimePoint now, const Endpoint& from) {
  const bool moved = !far_end_ || *far_end_ != from;
  if (far_end_ && moved) ++moves_;
  if (moved) own_.reset();
  far_end_ = from;
  reopened_ = guessed_ = false;
  last_heard_ = now;
  candidate_count_ = 0;
  return moved ? Verdict::latched : Verdict::accepted;
}

/// Another SSRC counts only after the previous one has been silent: one forged packet must not replace it.
void Latch::note(TimePoint now, const RtpHeader& header) {
  const bool same = own_ && own_->ssrc == header.ssrc;
  if (own_ && !same && now - own_->heard <= silence_) return;
  const bool stale = same && !later(header.sequence, own_->sequence);
  own_ = Own{header.ssrc, stale ? own_->sequence : header.sequence, now};
}

bool Latch::has_roamed(const Endpoint& from, const std::optional<RtpHeader>& header) const {
  return roams_to_ && from.address == roams_to_ && header && own_ && header->ssrc == own_->ssrc &&
         later(header->sequence, own_->sequence);
}

Latch::Verdict Latch::on_rtp(TimePoint now, const Endpoint& from, const std::optional<RtpHeader>& header) {
  // Nearly every packet. The far end may always latch.
  if (header && far_end_ && from == *far_end_) {
    last_heard_ = now;
    guessed_ = false;
    note(now, *header);
    return Verdict::accepted;
  }
  if (!is_open()) return Verdict::closed;
  const bool roamed = has_roamed(from, header);
  if (!may_latch(from.address) && !roamed) {
    ++strangers_;
    return Verdict::stranger;
  }
  if (!header) return Verdict::invalid;
  if (!roamed && !may_move(now)) {
    ++strangers_;
    return Verdict::stranger;
  }
  const auto next = static_cast<std::uint16_t>(candidate_sequence_ + 1);
  const bool goes_on =
      candidate_count_ > 0 && from == candidate_ && header->ssrc == candidate_ssrc_ && header->sequence == next;
  candidate_count_ = goes_on ? static_cast<std::uint8_t>(candidate_count_ + 1) : 1;
  candidate_ = from;
  candidate_ssrc_ = header->ssrc;
  candidate_sequence_ = header->sequence;
  if (candidate_count_ < kProbation) return Verdict::accepted;
  if (roamed) address_ = std::exchange(roams_to_, {});
  const Verdict verdict = lock(now, from);
  note(now, *header);
  return verdict;
}

Latch::Verdict Latch::on_datagram(TimePoint now, const Endpoint& from, bool valid) {
  if (!is_open()) return Verdict::closed;
  const bool mine = may_latch(from.address) && (!far_end_ || from == *far_end_ || may_move(now));
  if (!mine) {
    ++strangers_;
    return Verdict::stranger;
  }
  if (!valid) return Verdict::invalid;
  return lock(now, from);
}

Latch::Verdict Latch::on_keepalive(TimePoint now, const Endpoint& from) {
  if (!is_open()) return Verdict::closed;
  if (!may_latch(from.address)) {
    ++strangers_;
    return Verdict::stranger;
  }
  if (far_end_ && from == *far_end_) last_heard_ = now;
  if (far_end_) return Verdict::accepted;  // a keepalive does not move a leg that has been heard
  lock(now, from);
  guessed_ = true;
  return Verdict::latched;
}

}  // namespace dw::nat
