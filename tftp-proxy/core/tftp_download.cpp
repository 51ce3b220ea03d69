#include "tftp-proxy/core/tftp_download.hpp"

#include <algorithm>
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/tftp_options.hpp"

namespace dw::tftp {
namespace {

constexpr std::uint64_t kAnySize = ~std::uint64_t{0};
constexpr std::uint16_t kLastWireBlock = 65535;
constexpr Duration kLeastRepeat = std::chrono::milliseconds(10);

void put_option(Buffer& out, std::string_view name, std::uint64_t value) {
  const std::string text = std::to_string(value);
  ByteWriter writer(out);
  write(writer, Option{name, text});
}

/// "File not found", when a server uses code 0 for it.
bool says_not_found(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered)
    c = lower(c);
  return lowered.find("not found") != std::string::npos || lowered.find("no such file") != std::string::npos;
}

}  // namespace

Download::Download(Options options) : options_(std::move(options)), with_options_(options_.with_options) {
  options_.blksize = std::clamp(options_.blksize, kMinBlksize, kMaxBlksize);
  options_.windowsize = std::max<std::uint16_t>(options_.windowsize, 1);
}

Download::Actions Download::start(TimePoint now) {
  Actions actions;
  started_ = last_progress_ = now;
  sample_from_ = now;
  send_request(actions, now);
  return actions;
}

std::optional<TimePoint> Download::next_deadline() const {
  if (over()) return std::nullopt;
  return deadline_;
}

bool Download::may_answer(const IpAddress& address) const {
  return address == options_.server.address ||
         std::find(options_.also_from.begin(), options_.also_from.end(), address) != options_.also_from.end();
}

void Download::send_request(Actions& actions, TimePoint now) {
  Buffer options;
  if (with_options_) {
    put_option(options, "tsize", 0);
    if (options_.blksize != kDefaultBlksize) put_option(options, "blksize", options_.blksize);
    if (options_.windowsize > 1) put_option(options, "windowsize", options_.windowsize);
  }
  Buffer packet;
  ByteWriter writer(packet);
  write(writer, Request{false, options_.name, to_string(Mode::octet), options});
  actions.sends.push_back({options_.server, std::move(packet)});
  deadline_ = std::min(now + rto_, started_ + options_.first_answer_within);
}

void Download::send_ack(Actions& actions, TimePoint now) {
  Buffer packet;
  ByteWriter writer(packet);
  write(writer, Ack{on_wire(expected_ - 1)});
  actions.sends.push_back({tid_, std::move(packet)});
  in_window_ = 0;
  last_ack_ = now;
  deadline_ = now + rto_;
}

void Download::send_error(Actions& actions, const Endpoint& to, ErrorCode code, std::string_view text) {
  Buffer packet;
  ByteWriter writer(packet);
  write(writer, ErrorMessage{code, text});
  actions.sends.push_back({to, std::move(packet)});
}

void Download::give_up(Actions& actions, Errc code, std::string why) {
  state_ = State::over;
  actions.end = fail(code, std::move(why));
}

void Download::refuse(Actions& actions, ErrorCode tell, Errc code, const std::string& why) {
  send_error(actions, tid_, tell, why);
  give_up(actions, code, why);
}

Download::Actions Download::cancel() {
  Actions actions;
  if (state_ == State::receiving) send_error(actions, tid_, ErrorCode::not_defined, "no longer wanted");
  state_ = State::over;
  return actions;
}

Download::Actions Download::on_datagram(TimePoint now, const Endpoint& from, Bytes octets) {
  Actions actions;
  if (over()) return actions;
  const auto packet = parse_packet(octets);
  if (!packet) return actions;
  if (!may_answer(from.address)) {
    if (state_ == State::asking && !std::holds_alternative<Ack>(*packet) && !std::holds_alternative<Request>(*packet))
      answered_from_ = from.address;
    return actions;
  }
  if (state_ == State::asking) {
    on_first(actions, now, from, *packet);
    return actions;
  }
  if (from != tid_) {
    on_stranger(actions, now, from, *packet);
    return actions;
  }
  if (const auto* data = std::get_if<Data>(&*packet)) {
    on_data(actions, now, *data);
  } else if (const auto* error = std::get_if<ErrorMessage>(&*packet)) {
    if (state_ == State::receiving) on_error(actions, now, *error);
  } else if (std::holds_alternative<Oack>(*packet) && options_agreed_ && expected_ == 1) {
    send_ack(actions, now);  // it did not see our ACK 0
  }
  return actions;
}

/// A server that saw our RRQ twice answers twice (RFC 1350 §4). An ERROR is never answered.
void Download::on_stranger(Actions& actions, TimePoint now, const Endpoint& from, const Packet& packet) {
  if (std::holds_alternative<ErrorMessage>(packet) || !strangers_.take(now)) return;
  send_error(actions, from, ErrorCode::unknown_tid, "unknown transfer ID");
}

void Download::on_first(Actions& actions, TimePoint now, const Endpoint& from, const Packet& packet) {
  if (const auto* error = std::get_if<ErrorMessage>(&packet)) {
    answered_ = true;
    on_error(actions, now, *error);
    return;
  }
  const auto* oack = std::get_if<Oack>(&packet);
  const auto* data = std::get_if<Data>(&packet);
  if (oack == nullptr && (data == nullptr || data->block != 1)) return;
  answered_ = true;
  tid_ = from;
  last_progress_ = now;
  if (sample_from_) measured(now - *std::exchange(sample_from_, std::nullopt));
  rto_ = smoothed_ ? std::clamp(*smoothed_ + 4 * variance_, kLeastRto, kMostRto) : kFirstRto;
  if (oack != nullptr) {
    on_oack(actions, now, from, *oack);
    return;
  }
  state_ = State::receiving;
  actions.begin = true;
  on_data(actions, now, *data);
}

void Download::on_error(Actions& actions, TimePoint now, const ErrorMessage& error) {
  const bool may_mean_options = error.code == ErrorCode::option_refused || error.code == ErrorCode::illegal_operation ||
                                (error.code == ErrorCode::not_defined && !says_not_found(error.text));
  if (state_ == State::asking && with_options_ && may_mean_options) {
    with_options_ = false;
    sample_from_.reset();
    send_request(actions, now);
    return;
  }
  const std::string code = "ERROR " + std::to_string(static_cast<unsigned>(error.code));
  const std::string why = "it answered " + code + " \"" + escaped(error.text) + "\"";
  const bool first = state_ == State::asking;
  if (first && (error.code == ErrorCode::file_not_found ||
                (error.code == ErrorCode::not_defined && says_not_found(error.text)))) {
    give_up(actions, Errc::not_found, "it has no such file (" + code + " \"" + escaped(error.text) + "\")");
  } else if (first && error.code == ErrorCode::access_violation) {
    give_up(actions, Errc::forbidden, "it refuses this file (" + code + " \"" + escaped(error.text) + "\")");
  } else {
    give_up(actions, Errc::unavailable, why);
  }
}

/// Only what we asked, none above what we asked (RFC 2347, 2348, 7440). False: refused.
bool Download::take_options(Actions& actions, const Oack& oack) {
  OptionWalk walk(oack.options);
  bool blksize_seen = false, windowsize_seen = false;
  while (const auto option = walk.next()) {
    const auto value = parse_number(option->value, kAnySize);
    if (equal_ignoring_case(option->name, "tsize") && with_options_ && value && !size_) {
      size_ = *value;
    } else if (equal_ignoring_case(option->name, "blksize") && with_options_ && value && !blksize_seen &&
               options_.blksize != kDefaultBlksize && *value >= kMinBlksize && *value <= options_.blksize) {
      blksize_ = static_cast<std::uint16_t>(*value);
      blksize_seen = true;
    } else if (equal_ignoring_case(option->name, "windowsize") && with_options_ && value && !windowsize_seen &&
               options_.windowsize > 1 && *value >= 1 && *value <= options_.windowsize) {
      windowsize_ = static_cast<std::uint16_t>(*value);
      windowsize_seen = true;
    } else {
      send_error(actions, tid_, ErrorCode::option_refused, "an option that was not asked so");
      give_up(actions, Errc::unavailable,
              "its OACK has " + escaped(option->name) + "=" + escaped(option->value) + ", which was not asked so");
      return false;
    }
  }
  return true;
}

void Download::on_oack(Actions& actions, TimePoint now, const Endpoint& from, const Oack& oack) {
  tid_ = from;
  if (!take_options(actions, oack)) return;
  if (size_ && *size_ > options_.max_octets) {
    refuse(actions, ErrorCode::disk_full, Errc::too_long, "the file has " + std::to_string(*size_) + " octets");
    return;
  }
  options_agreed_ = true;
  state_ = State::receiving;
  actions.begin = true;
  sample_from_ = now;
  send_ack(actions, now);
}

std::uint16_t Download::on_wire(std::uint64_t block) const {
  if (!seam_to_one_) return static_cast<std::uint16_t>(block);
  return block == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>((block - 1) % kLastWireBlock + 1);
}

/// 0: the block we wait for; above: a later one; below: one we had. Half the number space each way.
std::int32_t Download::ahead_of_expected(std::uint16_t block) {
  if (options_.rollover_to_one && !seam_to_one_ && expected_ == std::uint64_t{kLastWireBlock} + 1 && block == 1) {
    seam_to_one_ = true;
  }
  const std::int32_t numbers = seam_to_one_ ? kLastWireBlock : kLastWireBlock + 1;
  const std::int32_t distance = (block - on_wire(expected_) + 2 * numbers) % numbers;
  return distance < numbers / 2 ? distance : distance - numbers;
}

void Download::on_data(Actions& actions, TimePoint now, const Data& data) {
  if (data.octets.size() > blksize_) {
    if (state_ == State::receiving) {
      refuse(actions, ErrorCode::illegal_operation, Errc::unavailable, "a block is longer than agreed");
    }
    return;
  }
  const std::int32_t ahead = ahead_of_expected(data.block);
  if (ahead == 0 && state_ == State::receiving) {
    accept(actions, now, data.octets);
  } else if (ahead == -1) {
    // The last that we acknowledged, once more. When our ACK was lost, the server has waited for it; what
    // comes sooner is a duplicate of the network's, and an ACK for it would make some servers send all again.
    // In mid-window nothing was acknowledged yet, and the ACK is still to come.
    if (in_window_ == 0 && now - last_ack_ >= std::max(smoothed_.value_or(kLeastRepeat) / 2, kLeastRepeat)) {
      sample_from_.reset();
      send_ack(actions, now);
      if (state_ == State::dallying) deadline_ = std::min(deadline_, last_progress_ + kMostRto);
    }
  } else if (ahead > 0 && ahead < windowsize_ && state_ == State::receiving && gap_acked_at_ != expected_) {
    gap_acked_at_ = expected_;  // RFC 7440 §4: the last block in order, so that the server goes back to it
    sample_from_.reset();
    send_ack(actions, now);
  }
}

void Download::accept(Actions& actions, TimePoint now, Bytes payload) {
  received_ += payload.size();
  const bool last = payload.size() < blksize_;
  if (received_ > options_.max_octets) {
    refuse(actions, ErrorCode::disk_full, Errc::too_long,
           "the file has more than " + std::to_string(options_.max_octets) + " octets");
    return;
  }
  if (size_ && (received_ > *size_ || (last && received_ < *size_))) {
    refuse(actions, ErrorCode::not_defined, Errc::unavailable,
           "it promised " + std::to_string(*size_) + " octets and sent " + (last ? "" : "more than ") +
               std::to_string(last ? received_ : *size_));
    return;
  }
  if (sample_from_) measured(now - *std::exchange(sample_from_, std::nullopt));
  rto_ = smoothed_ ? std::clamp(*smoothed_ + 4 * variance_, kLeastRto, kMostRto) : kFirstRto;
  last_progress_ = now;
  actions.data = payload;
  ++expected_;
  ++in_window_;
  deadline_ = now + rto_;
  if (last) {
    send_ack(actions, now);
    state_ = State::dallying;
    deadline_ = now + std::max(rto_, kFirstRto);
    actions.end = Result<void>();
  } else if (in_window_ >= windowsize_) {
    sample_from_ = now;
    send_ack(actions, now);
  }
}

Download::Actions Download::on_deadline(TimePoint now) {
  Actions actions;
  if (over() || now < deadline_) return actions;
  if (state_ == State::dallying) {
    state_ = State::over;
    return actions;
  }
  if (state_ == State::asking && now >= started_ + options_.first_answer_within) {
    std::string why = "no answer within " + to_words(options_.first_answer_within);
    if (answered_from_) {
      why +=
          "; an answer came from " + answered_from_.to_string() +
          ", which is no address of it: name that address in the origin, or let the server answer from the one that was asked";
    }
    give_up(actions, Errc::unavailable, std::move(why));
    return actions;
  }
  if (state_ == State::receiving && now >= last_progress_ + options_.progress_within) {
    refuse(actions, ErrorCode::not_defined, Errc::unavailable,
           "it fell silent after " + std::to_string(received_) + " octets");
    return actions;
  }
  sample_from_.reset();
  rto_ = std::min(2 * rto_, kMostRto);
  ++retransmissions_;
  if (state_ == State::asking) {
    send_request(actions, now);
  } else {
    // What came of this window is acknowledged too, so the server goes on from there.
    gap_acked_at_ = 0;
    send_ack(actions, now);
    deadline_ = std::min(deadline_, last_progress_ + options_.progress_within);
  }
  return actions;
}

/// RFC 6298 §2.
void Download::measured(Duration rtt) {
  if (!smoothed_) {
    smoothed_ = rtt;
    variance_ = rtt / 2;
    return;
  }
  const Duration error = *smoothed_ > rtt ? *smoothed_ - rtt : rtt - *smoothed_;
  variance_ = (3 * variance_ + error) / 4;
  smoothed_ = (7 * *smoothed_ + rtt) / 8;
}

}  // namespace dw::tftp
