#include "sbc/sccp/liveness.hpp"

#include <algorithm>

namespace dw::sccp {

void Liveness::on_registered(TimePoint now, Duration interval) {
  interval_ = interval;
  watched_ = true;
  on_server();
  on_phone(now);
}

/// A quarter of an interval is allowed for the way.
void Liveness::on_phone(TimePoint now) {
  phone_missed_ = false;
  phone_due_ = now + interval_ + interval_ / 4;
}

void Liveness::on_keepalive(TimePoint now) {
  if (!server_due_) server_due_ = now + interval_;
}

void Liveness::on_server() {
  server_missed_ = false;
  server_due_.reset();
}

Liveness::Found Liveness::on_deadline(TimePoint now, const Audio& audio) {
  Found found;
  if (!watched_) return found;
  const auto look = [&](TimePoint& due, bool& missed, bool talks, bool& first, bool& silent) {
    if (due > now) return;
    if (!missed) {
      missed = first = true;
      due = now + (kMissed - 1) * interval_;
    } else if (talks) {
      due = now + interval_;
    } else {
      silent = true;
    }
  };
  look(phone_due_, phone_missed_, audio.from_phone, found.phone_missed, found.phone_silent);
  if (server_due_) look(*server_due_, server_missed_, audio.from_central, found.server_missed, found.server_silent);
  return found;
}

TimePoint Liveness::next_deadline() const {
  if (!watched_) return TimePoint::max();
  return server_due_ ? std::min(phone_due_, *server_due_) : phone_due_;
}

}  // namespace dw::sccp
