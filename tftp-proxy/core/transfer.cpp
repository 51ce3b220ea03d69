#include "tftp-proxy/core/transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "sbc/base/escape.hpp"

namespace dw::tftp {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLeastPace = 10ms;
constexpr Duration kGranularity = 1ms;  // RFC 6298's G: the shell's timer
constexpr std::uint64_t kNumbers = 65536;

constexpr std::string_view kTryAgain = "Temporarily unavailable, try again";

Buffer error_packet(ErrorCode code, std::string_view text) {
  Buffer octets;
  ByteWriter out(octets);
  write(out, ErrorMessage{code, text});
  return octets;
}

}  // namespace

Transfer::Transfer(const TransferOptions& options, TransferCounters& counters, const Terms& terms,
                   std::size_t request_octets, std::size_t header_octets, TimePoint now)
    : options_(&options),
      counters_(&counters),
      terms_(terms),
      burst_(terms.windowsize()),
      request_worth_(kMaxAmplification * (request_octets + header_octets)),
      unproven_octets_left_(request_worth_),
      header_octets_(header_octets),
      rto_(options.rto_initial),
      asked_(now),
      progress_at_(now) {}

// ---- the verbs

void Transfer::on_content(TimePoint now, const provisioning::ContentPtr& content, Outbox& out) {
  if (over()) return;
  if (!content_) content_ = content;
  if (content_->state() == provisioning::Content::State::failed) return end_for(content_->error(), out);
  if (phase_ == Phase::waiting) answer(now, out);
  if (phase_ == Phase::sending) send_more(now, out);
}

void Transfer::on_ack(TimePoint now, std::uint16_t wire_block, Outbox& out) {
  if (phase_ == Phase::offered && wire_block == 0) {
    prove(now);
    if (!resent_) measure(now - burst_at_);
    resent_ = false;
    timeouts_ = 0;
    phase_ = Phase::sending;
    resend_at_.reset();
    return send_from(1, now, out);
  }
  const auto block = phase_ == Phase::sending ? outstanding_block(wire_block) : std::nullopt;
  if (!block) {
    ++counters_->ignored_acks;
  } else if (*block == acked_) {
    on_duplicate(now, out);
  } else {
    on_progress(*block, now, out);
  }
}

void Transfer::on_error(const ErrorMessage& error) {
  error_code_ = static_cast<std::uint16_t>(error.code);
  end(TransferOutcome::aborted,
      fmt::format("the phone sent ERROR {} ({}): \"{}\"", error_code_, to_string(error.code), escaped(error.text)));
}

void Transfer::on_request_again(TimePoint now, Outbox& out) {
  if (proven_ || phase_ == Phase::waiting || over()) return;
  unproven_octets_left_ += request_worth_;
  retransmit(now, out);
}

void Transfer::on_rebound(TimePoint now, std::uint16_t wire_block, Outbox& out) {
  const auto block = outstanding_block(wire_block);
  if (!block) return;
  rto_ = measured_rto();
  timeouts_ = 0;
  if (*block > acked_) return on_progress(*block, now, out);
  retransmit(now, out);
}

void Transfer::on_deadline(TimePoint now, Outbox& out) {
  if (over()) return;
  if (phase_ == Phase::waiting) {
    if (now < asked_ + options_->first_answer) return;
    detail_ = "the file did not come in time";
    return end_with(TransferOutcome::unavailable, {ErrorCode::not_defined, kTryAgain}, out);
  }
  if (!proven_ && now >= asked_ + options_->half_open) {
    return end(TransferOutcome::no_ack, "no ACK after the first answer");
  }
  if (now >= asked_ + options_->lifetime) {
    return end_with(TransferOutcome::stalled, {ErrorCode::not_defined, "Transfer took too long"}, out);
  }
  if (proven_ && end_if_too_slow(now, out)) return;
  if (starved_since_) {
    if (now < *starved_since_ + options_->content_stall) return;
    detail_ = fmt::format("the origin brought nothing for {}", to_words(now - *starved_since_));
    return end_with(TransferOutcome::unavailable, {ErrorCode::not_defined, kTryAgain}, out);
  }
  if (proven_ && now >= progress_at_ + options_->give_up) {
    if (last_block_is_out()) return end(TransferOutcome::unconfirmed, "the last block was never acknowledged");
    return end(TransferOutcome::stalled,
               fmt::format("no ACK after block {} for {}", acked_, to_words(now - progress_at_)));
  }
  if (pace_at_ && now >= *pace_at_) {
    pace_at_.reset();
    send_from(sent_ + 1, now, out);
  } else if (resend_at_ && now >= *resend_at_) {
    on_timeout(now, out);
  }
}

std::optional<TimePoint> Transfer::next_deadline() const {
  if (over()) return std::nullopt;
  if (phase_ == Phase::waiting) return asked_ + options_->first_answer;
  TimePoint next = asked_ + (proven_ ? options_->lifetime : std::min(options_->half_open, options_->lifetime));
  if (proven_) next = std::min(next, minute_began_ + 1min);
  if (starved_since_) return std::min(next, *starved_since_ + options_->content_stall);
  if (proven_) next = std::min(next, progress_at_ + options_->give_up);
  if (pace_at_) next = std::min(next, *pace_at_);
  if (resend_at_) next = std::min(next, *resend_at_);
  return next;
}

// ---- sending

void Transfer::answer(TimePoint now, Outbox& out) {
  if (content_->state() == provisioning::Content::State::waiting) return;
  terms_.set_size(content_->size());
  if (!terms_.oack().empty()) {
    phase_ = Phase::offered;
    send_oack(now, out);
  } else if (last_sendable() > 0) {
    phase_ = Phase::sending;
  }
}

void Transfer::send_more(TimePoint now, Outbox& out) {
  if (pace_at_ || sent_ >= acked_ + terms_.windowsize() || last_block_is_out()) return;
  send_from(sent_ + 1, now, out);
}

void Transfer::send_from(std::uint64_t first, TimePoint now, Outbox& out) {
  const std::uint64_t last = last_sendable();
  if (first > last) {
    if (sent_ > acked_ || starved_since_) return;
    starved_since_ = now;
    starved_in_minute_ = true;
    resend_at_.reset();
    return;
  }
  if (starved_since_) {
    starved_since_.reset();
    progress_at_ = now;
  }
  const std::uint64_t until = std::min(last, first + burst_ - 1);
  for (std::uint64_t block = first; block <= until; ++block)
    send_block(block, out);
  sent_ = until;
  burst_at_ = now;
  if (until < last) {
    pace_at_ = now + std::max(srtt_, kLeastPace);
  } else {
    pace_at_.reset();
  }
  arm(now);
}

void Transfer::send_block(std::uint64_t block, Outbox& out) {
  const std::size_t blksize = terms_.blksize();
  NetasciiBlock translated;
  Bytes body;
  if (terms_.mode() == Mode::netascii) {
    translated = netascii_block(content_->octets(), here_, blksize);
    body = translated.octets;
  } else {
    const Bytes file = content_->octets();
    const auto from = static_cast<std::size_t>(block - 1) * blksize;
    body = file.subspan(from, std::min(blksize, file.size() - from));
  }
  if (!allowed(kDataHead + body.size())) return;
  if (block <= high_) {
    resent_ = true;
    ++retransmissions_;
    ++counters_->retransmissions;
  }
  high_ = std::max(high_, block);
  ++counters_->data_packets;
  counters_->data_octets += body.size();
  if (terms_.mode() == Mode::netascii) {
    next_ = translated.next;
    netascii_ended_ = body.size() < blksize;
    out.data(wire(block), std::move(translated.octets));
  } else {
    out.data(wire(block), body);
  }
}

void Transfer::send_oack(TimePoint now, Outbox& out) {
  const Bytes oack = terms_.oack();
  if (!allowed(oack.size())) return;
  if (unproven_packets_ > 1) {
    resent_ = true;
    ++retransmissions_;
    ++counters_->retransmissions;
  }
  out.packet(oack);
  burst_at_ = now;
  arm(now);
}

void Transfer::retransmit(TimePoint now, Outbox& out) {
  if (phase_ == Phase::offered) return send_oack(now, out);
  gap_answered_ = false;
  sent_ = acked_;
  halve_burst();
  send_from(acked_ + 1, now, out);
}

void Transfer::on_timeout(TimePoint now, Outbox& out) {
  resend_at_.reset();  // armed again by what is sent; a peer that may be sent no more gets no timer
  ++timeouts_;
  ++counters_->timeouts;
  rto_ = std::min(rto_ * 2, options_->rto_cap);
  retransmit(now, out);
}

// ---- what ACKs mean

void Transfer::on_progress(std::uint64_t block, TimePoint now, Outbox& out) {
  const bool whole = block >= sent_;
  if (block == sent_) learn(now - burst_at_);
  prove(now);
  acked_ = block;
  here_ = next_;
  progress_at_ = now;
  timeouts_ = 0;
  if (final_block() == block) return end(TransferOutcome::sent, {});
  if (whole) {
    resent_ = false;
    gap_answered_ = false;
    pace_at_.reset();
    grow_burst();
    sent_ = block;
    send_from(block + 1, now, out);
  } else if (old_enough_for_gap(now)) {
    go_back(now, out);
  } else if (!pace_at_) {
    send_from(sent_ + 1, now, out);  // of blocks already on their way: only let the window slide
  }
}

void Transfer::on_duplicate(TimePoint now, Outbox& out) {
  ++counters_->duplicate_acks;
  // Lock-step never reacts (Sorcerer's Apprentice). In a window it may say that block acked_ + 1 was lost.
  if (terms_.windowsize() == 1 || high_ == acked_ || gap_answered_ || !old_enough_for_gap(now)) return;
  go_back(now, out);
}

/// A block of the window did not arrive in its turn, and a client discards what comes behind a gap: all that
/// follows it again, once. Fewer at once from now on, as with TCP (RFC 8085 §3.1.2: a window needs that too).
void Transfer::go_back(TimePoint now, Outbox& out) {
  gap_answered_ = true;
  sent_ = acked_;
  halve_burst();
  send_from(acked_ + 1, now, out);
}

void Transfer::halve_burst() {
  burst_ = std::max<std::uint16_t>(1, burst_ / 2);
}

void Transfer::grow_burst() {
  const int more = std::max(1, terms_.windowsize() / 8);
  burst_ = static_cast<std::uint16_t>(std::min(burst_ + more, int{terms_.windowsize()}));
}

/// An ACK that comes within a fraction of a round trip can't be the reply to what was sent last.
bool Transfer::old_enough_for_gap(TimePoint now) const {
  return now - burst_at_ >= srtt_ / 4;
}

bool Transfer::stalled_at(std::uint16_t wire_block) const {
  return stalled() && outstanding_block(wire_block).has_value();
}

bool Transfer::spent(TimePoint now) const {
  return !proven_ && unproven_packets_ >= kMaxUnprovenPackets && now - burst_at_ >= options_->rto_initial;
}

void Transfer::prove(TimePoint now) {
  if (proven_) return;
  proven_ = true;
  progress_at_ = minute_began_ = now;
}

std::uint16_t Transfer::wire(std::uint64_t block) const {
  if (options_->rollover_to == 0 || block == 0) return static_cast<std::uint16_t>(block % kNumbers);
  return static_cast<std::uint16_t>((block - 1) % (kNumbers - 1) + 1);
}

std::optional<std::uint64_t> Transfer::outstanding_block(std::uint16_t wire_block) const {
  std::uint64_t ahead = 0;
  if (options_->rollover_to == 0) {
    ahead = (wire_block + kNumbers - wire(acked_)) % kNumbers;
  } else if (acked_ == 0) {
    ahead = wire_block;
  } else if (wire_block == 0) {
    return std::nullopt;
  } else {
    ahead = (wire_block + kNumbers - 1 - wire(acked_)) % (kNumbers - 1);
  }
  if (acked_ + ahead > high_) return std::nullopt;
  return acked_ + ahead;
}

// ---- what is there to send

std::uint64_t Transfer::last_sendable() const {
  const std::uint64_t target = acked_ + terms_.windowsize();
  const std::size_t blksize = terms_.blksize();
  if (terms_.mode() == Mode::netascii) {
    const bool there = high_ >= target || content_->state() == provisioning::Content::State::complete ||
                       netascii_block(content_->octets(), here_, blksize).octets.size() == blksize;
    return there ? target : acked_;
  }
  if (const auto last = final_block()) return std::min(target, *last);
  return content_->octets().size() / blksize >= target ? target : high_;
}

std::optional<std::uint64_t> Transfer::final_block() const {
  if (!content_ || content_->state() != provisioning::Content::State::complete) return std::nullopt;
  if (terms_.mode() == Mode::netascii) return netascii_ended_ ? std::optional(high_) : std::nullopt;
  return content_->octets().size() / terms_.blksize() + 1;
}

bool Transfer::last_block_is_out() const {
  const auto last = final_block();
  return last && high_ >= *last && sent_ >= *last;
}

bool Transfer::allowed(std::size_t octets) {
  if (proven_) return true;
  const std::size_t cost = octets + header_octets_;
  if (unproven_packets_ >= kMaxUnprovenPackets || cost > unproven_octets_left_) return false;
  ++unproven_packets_;
  unproven_octets_left_ -= cost;
  return true;
}

// ---- time

/// The last block that was sent is acknowledged, so long after. When it had been sent before, that measures
/// nothing, and the doubled RTO stays (Karn; RFC 6298 §5.7): the path may have become slower. Unless the ACK
/// came just a round trip after the repeat, so that a packet was lost and the path is as it was. This may be
/// mistaken, so not more than kMaxGuesses times before something is measured again.
void Transfer::learn(Duration since_sent) {
  constexpr int kMaxGuesses = 8;
  if (!resent_) return measure(since_sent);
  const bool one_round_trip = since_sent >= srtt_ / 2 && since_sent <= srtt_ * 3 / 2 + 4 * rttvar_;
  if (srtt_ == Duration::zero() || !one_round_trip || guesses_ >= kMaxGuesses) return;
  ++guesses_;
  rto_ = measured_rto();
}

void Transfer::measure(Duration rtt) {
  rtt = std::max<Duration>(rtt, 1us);  // zero stands for "not measured yet"
  if (srtt_ == Duration::zero()) {
    srtt_ = rtt;
    rttvar_ = rtt / 2;
  } else {
    const Duration off = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
    rttvar_ += (off - rttvar_) / 4;
    srtt_ += (rtt - srtt_) / 8;
  }
  guesses_ = 0;
  rto_ = measured_rto();
}

Duration Transfer::measured_rto() const {
  if (srtt_ == Duration::zero()) return options_->rto_initial;
  return std::clamp(srtt_ + std::max(kGranularity, 4 * rttvar_), options_->rto_floor, options_->rto_cap);
}

void Transfer::arm(TimePoint now) {
  Duration wait = rto_;
  if (timeouts_ == 0 && terms_.timeout()) wait = std::min<Duration>(wait, std::chrono::seconds(*terms_.timeout()));
  resend_at_ = now + wait;
  if (!proven_ && unproven_packets_ >= kMaxUnprovenPackets) resend_at_.reset();
}

bool Transfer::end_if_too_slow(TimePoint now, Outbox& out) {
  if (now < minute_began_ + 1min) return false;
  const bool slow = !starved_in_minute_ && acked_ - minute_block_ < options_->min_blocks_per_minute;
  minute_began_ = now;
  minute_block_ = acked_;
  starved_in_minute_ = starved_since_.has_value();
  if (!slow) return false;
  detail_ = fmt::format("under {} blocks in a minute, at block {}", options_->min_blocks_per_minute, acked_);
  end_with(TransferOutcome::stalled, {ErrorCode::not_defined, "Transfer too slow"}, out);
  return true;
}

// ---- the end

void Transfer::end_for(const Error& error, Outbox& out) {
  detail_ = error.text;
  if (phase_ != Phase::waiting) {
    return end_with(TransferOutcome::unavailable, {ErrorCode::not_defined, "Broken off, try again"}, out);
  }
  switch (error.code) {
    case Errc::not_found:
      return end_with(TransferOutcome::not_found, {ErrorCode::file_not_found, "File not found"}, out);
    case Errc::not_admitted:  // octet for octet as above
      return end_with(TransferOutcome::not_admitted, {ErrorCode::file_not_found, "File not found"}, out);
    case Errc::forbidden:
      return end_with(TransferOutcome::refused, {ErrorCode::access_violation, "Access violation"}, out);
    case Errc::too_long:
      return end_with(TransferOutcome::unavailable, {ErrorCode::not_defined, "File too large"}, out);
    default:
      return end_with(TransferOutcome::unavailable, {ErrorCode::not_defined, kTryAgain}, out);
  }
}

void Transfer::end_with(TransferOutcome outcome, ErrorReply reply, Outbox& out) {
  const Buffer packet = error_packet(reply.code, reply.text);
  if (allowed(packet.size())) {
    error_code_ = static_cast<std::uint16_t>(reply.code);
    out.packet(packet);
  }
  if (detail_.empty()) detail_ = reply.text;
  end(outcome, std::move(detail_));
}

void Transfer::end(TransferOutcome outcome, std::string detail) {
  assert(!over());
  phase_ = Phase::over;
  outcome_ = outcome;
  detail_ = std::move(detail);
}

void Transfer::supersede() {
  if (proven_ && last_block_is_out()) {
    end(TransferOutcome::unconfirmed, "the last block was not acknowledged before the next request");
  } else {
    end(TransferOutcome::superseded, fmt::format("asked again from the same port after block {}", acked_));
  }
}

void Transfer::drop(std::string_view why) {
  end(TransferOutcome::dropped, std::string(why));
}

void Transfer::tell(TimePoint now, TransferReport& report) const {
  report.outcome = outcome_;
  report.asked = asked_;
  report.took = now - asked_;
  if (content_) report.size = content_->size().value_or(0);
  report.octets = terms_.mode() == Mode::netascii ? here_.used : acked_ * terms_.blksize();
  if (report.size != 0 || outcome_ == TransferOutcome::sent) report.octets = std::min(report.octets, report.size);
  report.last_block = acked_;
  report.retransmissions = retransmissions_;
  report.error_code = error_code_;
  report.proven = proven_;
  report.detail = detail_;
  if (terms_.repeated_option()) report.detail += "; an option was given twice, the first counted";
}

}  // namespace dw::tftp
