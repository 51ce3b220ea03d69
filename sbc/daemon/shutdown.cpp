#include "sbc/daemon/shutdown.hpp"

#include <algorithm>
#include <cstdlib>

#include "sbc/net/log.hpp"
#include "sbc/net/notify.hpp"

namespace dw {

void Shutdown::begin() {
  if (began_) {
    spdlog::warn("event=stop_now reason=\"asked twice\" transfers and calls that were running are cut");
    loop_.stop();
    return;
  }
  began_ = loop_.now();
  net::notify_systemd("STOPPING=1");
  fronts_.drain();
  spdlog::info("event=draining transfers={} phones_in_calls={}", fronts_.transfers(), fronts_.calls());
  report();
  timer_ = std::make_unique<net::Timer>(loop_, [this] { check(); });
  check();
}

admin::Outcome Shutdown::restart() {
  if (std::getenv("NOTIFY_SOCKET") == nullptr)
    return {409, "no service manager runs this Dropwire: end it and start it by hand"};
  if (began_) return {409, "it is ending already"};
  spdlog::info("event=restarting");
  restart_timer_ = std::make_unique<net::Timer>(loop_, [this] { begin(); });
  restart_timer_->arm_after(std::chrono::milliseconds(200));  // the answer leaves first
  return {200, "it restarts as soon as calls have ended"};
}

/// Transfers get kTransfersFinish, calls all of drain.timeout. SCCP connections take a moment to close.
void Shutdown::check() {
  constexpr std::chrono::milliseconds kLookAgain{100};
  constexpr std::chrono::seconds kTransfersFinish{30}, kSayAgain{1};
  const Duration passed = loop_.now() - *began_;
  const Duration timeout = loaded_.config.drain.timeout;
  const bool transfers = passed < kTransfersFinish && fronts_.has_transfers();
  const bool out_of_time = passed >= timeout;
  const bool busy = transfers || fronts_.has_calls();
  if (busy && out_of_time)
    spdlog::warn(
        "event=drain_timeout reason=\"drain.timeout has passed\" transfers and calls that were running are cut");
  if (!busy || out_of_time) return last_([this] { loop_.stop(); });
  if (loop_.now() - reported_ >= kSayAgain) report();
  timer_->arm_after(std::min<Duration>(kLookAgain, timeout - passed));
}

/// The service manager's timeout must not cut drain.timeout short (EXTEND_TIMEOUT_USEC, sd_notify(3)).
void Shutdown::report() {
  constexpr std::chrono::microseconds kGrace = std::chrono::seconds(10);
  reported_ = loop_.now();
  net::notify_systemd(fmt::format("EXTEND_TIMEOUT_USEC={}\nSTATUS=ending: {} transfers, {} calls go on", kGrace.count(),
                                  fronts_.transfers(), fronts_.calls()));
}

}  // namespace dw
