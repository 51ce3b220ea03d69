// How the daemon takes new settings while it runs: all of them, or none.
#include <algorithm>

#include "sbc/base/escape.hpp"
#include "sbc/daemon/admin_access.hpp"
#include "sbc/daemon/app.hpp"
#include "sbc/daemon/phone_list.hpp"
#include "sbc/daemon/words.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/notify.hpp"

namespace dw {

admin::ReloadOutcome App::reload() {
  const auto monotonic = std::chrono::floor<std::chrono::microseconds>(Clock::now().time_since_epoch());
  if (!shutdown_.has_begun()) net::notify_systemd(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic.count()));
  auto fresh = conf::load(request_);
  const admin::Credentials credentials = take_credentials(fresh);
  provisioning::PhoneList list = take_phone_list(fresh);
  admin::ReloadOutcome outcome;
  const auto problem = [&](std::string text) {
    spdlog::warn("event=config_problem {}", escaped(text, 400));
    outcome.problems.push_back(std::move(text));
  };
  for (const auto& p : fresh.problems)
    problem(p.to_string());
  outcome.taken = fresh.ok() && !shutdown_.has_begun();
  if (shutdown_.has_begun()) problem("Dropwire is ending, and takes no settings any more");
  if (outcome.taken) {
    conf::Config running = parts_.loaded.config;
    if (is_first(fresh)) {
      running.access.listen = fresh.config.access.listen;
      running.nat = fresh.config.nat;
    }
    const auto kept = keep_until_restart(running, fresh.config);
    if (const auto ok = take(std::move(fresh)); !ok) {
      problem(ok.error().text);
      outcome.taken = false;
    } else {
      page_.reloaded(credentials, !kept.empty());
      parts_.admissions.set_phones(whose_files(parts_.loaded.config));
      parts_.admissions.set_list(std::move(list));
      for (const auto& name : kept) {
        outcome.problems.push_back(name + " is read at start only: restart the service for it");
        spdlog::warn("event=needs_restart setting={} the running value stays until the service restarts", name);
      }
    }
  }
  if (outcome.taken) {
    spdlog::info("event=reloaded files={}", parts_.loaded.files.size());
  } else {
    spdlog::error("event=reload_refused problems={} the old settings stay", outcome.problems.size());
  }
  if (!shutdown_.has_begun())
    net::notify_systemd(fmt::format(
        "READY=1\nSTATUS={}", parts_.loaded.config.central.configured() ? "serving phones" : words::kNotConfigured));
  return outcome;
}

/// Until now the box knew no server, and listened on loopback only: no phone was served yet, and what listens on
/// 127.0.0.1 would block what has to listen on every address.
bool App::is_first(const conf::Loaded& fresh) const {
  return !parts_.loaded.config.central.configured() && fresh.config.central.configured();
}

void App::close_fronts() {
  if (parts_.actions) parts_.actions->use(nullptr, nullptr);
  parts_.fronts.close();
}

/// First what may fail, above all listeners. If something fails, what was begun is undone: nothing has come in
/// meanwhile, as the loop did not run.
Result<void> App::take(conf::Loaded fresh) {
  const bool first = is_first(fresh);
  if (first) close_fronts();
  const auto were = status_.services();
  const auto marks = parts_.fronts.marks();
  const bool had_media = parts_.relay != nullptr, had_page = page_.is_open();
  (void)homes_.follow_ports(fresh.config);
  conf::Loaded before = std::exchange(parts_.loaded, std::move(fresh));
  auto ok = start_listeners();
  if (ok) ok = configure_fallible();
  if (ok) {
    configure_rest();
    if (first) network_.begin_again();
    for (const auto& service : status_.services()) {
      const auto old = std::ranges::find(were, service.name, &admin::Service::name);
      for (const Endpoint& at : service.addresses) {
        if (old == were.end() || std::ranges::find(old->addresses, at) == old->addresses.end())
          spdlog::info("event=listening service={} address={}", service.name, at.to_string());
      }
    }
    return {};
  }
  parts_.loaded = std::move(before);
  parts_.fronts.go_back(marks);
  if (!had_media) parts_.media.reset(), parts_.warm.reset(), parts_.fast_path.reset(), parts_.relay.reset();
  if (!had_page) page_.close();
  if (first) {
    close_fronts();
    if (const auto again = start_listeners(); !again)
      spdlog::error("event=not_listening reason=\"{}\"", again.error().text);
  }
  (void)configure_fallible();  // back to what it was
  return ok;
}

Result<void> App::configure_fallible() {
  const conf::Config& config = parts_.loaded.config;
  if (parts_.relay) {
    if (auto ok = parts_.relay->configure(relay_options(config)); !ok) return ok;
  }
  if (parts_.fronts.sip && !parts_.fronts.sip->configure(sip_options(config)))
    return fail(Errc::exhausted,
                "central.sip.servers: too many servers that are out of the settings are still in use by phones and "
                "calls; restart the service");
  network_.set_ping();
  if (parts_.fronts.http) {
    if (auto ok = parts_.fronts.http->configure(http_options(config)); !ok) return ok;
  }
  return page_.configure();
}

void App::configure_rest() {
  if (parts_.fast_path) parts_.fast_path->want(wants_fast_path(parts_.loaded.config));
  const conf::Config& config = parts_.loaded.config;
  parts_.config_loaded = wall_now();
  parts_.gate.set(config.access.networks);
  parts_.names.configure(name_options(config));
  parts_.pipeline->reconfigure(file_options());
  network_.configure();
  parts_.actions->use(parts_.fronts.sccp.get(), parts_.fronts.sip.get());
  if (parts_.cache) parts_.cache->configure(cache_options(config));
  parts_.inventory.configure(inventory_options(config));
  parts_.records->configure(record_options(config).max_calls, record_options(config).max_age);
  if (parts_.fronts.tftp) parts_.fronts.tftp->configure(tftp_options(config));
  if (parts_.media) parts_.media->configure(media_options(config));
  if (parts_.fronts.sccp) parts_.fronts.sccp->configure(sccp_options(config));
  net::set_up_log(config.log.level, net::log_form(config.log.format));
}

}  // namespace dw
