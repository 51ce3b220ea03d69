// How the daemon becomes ready, reads its settings again, and ends.
#include <algorithm>
#include <csignal>

#include "sbc/daemon/app.hpp"
#include "sbc/daemon/words.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/notify.hpp"

namespace dw {

void App::start_life() {
  const auto on = [this](int number, auto act) {
    signals_.emplace_back(loop_, number, [this, act] { (this->*act)(); });
  };
  on(SIGTERM, &App::drain);
  on(SIGINT, &App::drain);
  signals_.emplace_back(loop_, SIGHUP, [this] { (void)reload(); });
  if (const auto interval = net::watchdog_interval_us(); interval != 0) {
    watchdog_ = std::make_unique<net::Timer>(loop_, [this, interval] {
      net::notify_systemd("WATCHDOG=1");
      watchdog_->arm_after(std::chrono::microseconds(interval));
    });
    watchdog_->arm_after(std::chrono::microseconds(interval));
  }
  ready();
}

void App::ready() {
  for (const auto& service : services()) {
    for (const Endpoint& at : service.addresses)
      spdlog::info("event=listening service={} address={}", service.name, at.to_string());
  }
  const char* mode = loaded_.config.mode == conf::Mode::edge ? "edge" : "hosted";
  spdlog::info("event=ready mode={} version={} origins={}", mode, DW_VERSION, pipeline_->origin_status().size());
  const bool configured = loaded_.config.central.configured();
  if (!configured) spdlog::warn("event=not_configured {}", words::kNotConfigured);
  net::notify_systemd(fmt::format("READY=1\nSTATUS={}", configured ? "serving phones" : words::kNotConfigured));
}

int App::run() {
  loop_.run();
  spdlog::info("event=stopped");
  return restart_timer_ ? kAgain : 0;
}

void App::drain() {
  if (drain_began_) {
    spdlog::warn("event=stop_now reason=\"asked twice\" transfers and calls that were running are cut");
    loop_.stop();
    return;
  }
  drain_began_ = loop_.now();
  net::notify_systemd("STOPPING=1");
  fronts_.drain();
  spdlog::info("event=draining transfers={} phones_in_calls={}", fronts_.transfers(), fronts_.calls());
  say_draining();
  drain_timer_ = std::make_unique<net::Timer>(loop_, [this] { look_whether_drained(); });
  look_whether_drained();
}

/// Transfers have kTransfersFinish, calls all of drain.timeout. SCCP connections that hang up take a moment.
void App::look_whether_drained() {
  constexpr std::chrono::milliseconds kLookAgain{100};
  constexpr std::chrono::seconds kTransfersFinish{30}, kSayAgain{1};
  const Duration passed = loop_.now() - *drain_began_;
  const Duration timeout = loaded_.config.drain.timeout;
  const bool transfers = passed < kTransfersFinish && fronts_.has_transfers();
  if (!transfers && !fronts_.has_calls()) return leave();
  if (passed >= timeout) {
    spdlog::warn(
        "event=drain_timeout reason=\"drain.timeout has passed\" transfers and calls that were running are cut");
    return leave();
  }
  if (loop_.now() - drain_said_ >= kSayAgain) say_draining();
  drain_timer_->arm_after(std::min<Duration>(kLookAgain, timeout - passed));
}

/// The router's ports go last: until now calls may have needed them.
void App::leave() {
  port_mapper_->stop([this] { loop_.stop(); });
}

/// The service manager's own limit must not end what drain.timeout still allows (EXTEND_TIMEOUT_USEC, sd_notify(3)).
void App::say_draining() {
  constexpr std::chrono::microseconds kGrace = std::chrono::seconds(10);
  drain_said_ = loop_.now();
  net::notify_systemd(fmt::format("EXTEND_TIMEOUT_USEC={}\nSTATUS=ending: {} transfers, {} calls go on", kGrace.count(),
                                  fronts_.transfers(), fronts_.calls()));
}

}  // namespace dw
