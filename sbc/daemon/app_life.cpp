// How the daemon becomes ready, reads its settings again, and ends.
#include <algorithm>
#include <csignal>

#include "sbc/base/escape.hpp"
#include "sbc/daemon/admin_access.hpp"
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
  for (const auto& service : services_) {
    for (const Endpoint& at : service.addresses)
      spdlog::info("event=listening service={} address={}", service.name, at.to_string());
  }
  const char* mode = loaded_.config.mode == conf::Mode::edge ? "edge" : "hosted";
  spdlog::info("event=ready mode={} version={} origins={}", mode, DW_VERSION,
               pipeline_->origin_status().size());
  const bool configured = loaded_.config.central.configured();
  if (!configured) spdlog::warn("event=not_configured {}", words::kNotConfigured);
  net::notify_systemd(
      fmt::format("READY=1\nSTATUS={}", configured ? "serving phones" : words::kNotConfigured));
}

void App::run() {
  loop_.run();
  spdlog::info("event=stopped");
}

void App::drain() {
  if (draining_) {
    spdlog::warn("event=stop_now reason=\"asked twice\" transfers that were running are cut");
    loop_.stop();
    return;
  }
  draining_ = true;
  net::notify_systemd("STOPPING=1\nSTATUS=finishing transfers");
  if (tftp_) tftp_->drain();
  if (http_) http_->stop_accepting();
  if (sccp_) sccp_->drain();
  if (sip_) sip_->drain();
  spdlog::info("event=draining transfers={} phones_in_calls={}",
               (tftp_ ? tftp_->active() : 0) + (http_ ? http_->running() : 0),
               (sccp_ ? sccp_->connections() : 0) + (sip_ ? sip_->running_calls() : 0));
  const TimePoint end = loop_.now() + loaded_.config.drain.timeout;
  drain_timer_ = std::make_unique<net::Timer>(loop_, [this, end] {
    if (loop_.now() < end) return look_whether_drained();
    spdlog::warn(
        "event=drain_timeout reason=\"drain.timeout has passed\" transfers and calls that were running are "
        "cut");
    leave();
  });
  look_whether_drained();
}

void App::look_whether_drained() {
  constexpr std::chrono::milliseconds kLookAgain{100};
  const bool idle = (!tftp_ || tftp_->active() == 0) && (!http_ || http_->running() == 0) &&
                    (!sccp_ || sccp_->connections() == 0) && (!sip_ || sip_->running_calls() == 0);
  if (idle) return leave();
  drain_timer_->arm_after(kLookAgain);
}

/// The router's ports go last: until now calls may have needed them.
void App::leave() {
  port_mapper_->stop([this] { loop_.stop(); });
}

admin::ReloadOutcome App::reload() {
  net::notify_systemd("RELOADING=1");
  auto fresh = conf::load(request_);
  const admin::Credentials credentials = take_credentials(fresh);
  admin::ReloadOutcome outcome;
  for (const auto& problem : fresh.problems) {
    outcome.problems.push_back(problem.to_string());
    spdlog::warn("event=config_problem {}", escaped(problem.to_string(), 400));
  }
  if (fresh.ok()) {
    for (const auto& name : needs_restart(loaded_.config, fresh.config)) {
      outcome.problems.push_back(name + " is read at start only: restart the service for it");
      spdlog::warn("event=needs_restart setting={} the running value stays until the service restarts", name);
    }
    loaded_ = std::move(fresh);
    config_loaded_ = wall_now();
    pipeline_->reconfigure(pipeline_options(loaded_.config));
    admin_->use(credentials);
    if (tftp_) tftp_->configure(tftp_options(loaded_.config));
    spdlog::set_level(spdlog::level::from_str(loaded_.config.log.level));
    outcome.taken = true;
    spdlog::info("event=reloaded files={}", loaded_.files.size());
  } else {
    spdlog::error("event=reload_refused problems={} the old settings stay", outcome.problems.size());
  }
  net::notify_systemd("READY=1");
  return outcome;
}

}  // namespace dw
