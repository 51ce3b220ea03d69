#include "nat/core/stun/lifetime_probe.hpp"

#include <algorithm>

namespace dw::nat {

std::vector<StunSend> LifetimeProbe::start(TimePoint now) {
  begin_step(now);
  return std::exchange(out_, {});
}

void LifetimeProbe::begin_step(TimePoint now) {
  mapping_.reset();
  wake_.reset();
  asker_.ask(now, make, {2 * step_, server_, {}, {}}, out_);
}

std::vector<StunSend> LifetimeProbe::on_datagram(TimePoint now, std::uint32_t socket, Bytes octets) {
  if (done_) return {};
  const auto answered = asker_.take(now, socket, octets);
  if (!answered || answered->arrived_as_request) return std::exchange(out_, {});
  const auto reflexive = answered->message.reflexive();
  if (answered->message.kind != StunMessage::Kind::success || !reflexive) {
    on_failure(now, "the STUN server does not do what the test needs");
  } else if (answered->tag == make) {
    mapping_ = reflexive;
    wake_ = now + wait_;
  } else if (answered->tag == look && reflexive->address == mapping_->address) {
    asker_.ask(now, through, {2 * step_ + 1, server_, {}, mapping_->port}, out_);
  } else if (answered->tag == look) {
    on_failure(now, "the NAT gives each port another address");
  } else if (socket == 2 * step_) {
    on_verdict(now, true);
  } else {
    on_failure(now, "the STUN server does not know RESPONSE-PORT");
  }
  return std::exchange(out_, {});
}

std::vector<StunSend> LifetimeProbe::on_deadline(TimePoint now) {
  if (done_) return {};
  for (const int tag : asker_.on_deadline(now, out_)) {
    if (tag == through) {
      on_verdict(now, false);
    } else {
      on_failure(now, "the STUN server does not answer");
    }
  }
  if (wake_ && *wake_ <= now) {
    wake_.reset();
    if (mapping_) {
      asker_.ask(now, look, {2 * step_ + 1, server_, {}, {}}, out_);
    } else {
      begin_step(now);
    }
  }
  return std::exchange(out_, {});
}

std::optional<TimePoint> LifetimeProbe::next_deadline() const {
  if (done_) return {};
  const auto asked = asker_.next_deadline();
  return wake_ && asked ? std::min(*wake_, *asked) : wake_ ? wake_ : asked;
}

bool LifetimeProbe::close_enough() const {
  return dead_ ? *dead_ - alive_ <= std::max(kFine, alive_ / 8) : alive_ >= kLongest;
}

void LifetimeProbe::on_verdict(TimePoint now, bool alive) {
  failures_ = 0;
  if (alive) {
    alive_ = wait_;
  } else {
    dead_ = wait_;
  }
  ++step_;
  if (close_enough()) {
    done_ = true;
    result_ = {{}, alive_, dead_};
    return;
  }
  wait_ = dead_ ? (alive_ + *dead_) / 2 : std::min(alive_ * 2, kLongest);
  begin_step(now);
}

void LifetimeProbe::on_failure(TimePoint now, std::string why) {
  for (const int tag : {make, look, through})
    asker_.forget(tag);
  ++step_;
  mapping_.reset();
  wake_ = now + kRetry;
  if (++failures_ < kMaxFailures) return;
  done_ = true;
  wake_.reset();
  result_.error = std::move(why);
}

}  // namespace dw::nat
