// How the daemon takes other settings while it runs: all of them, or none.
#include <algorithm>

#include "sbc/base/escape.hpp"
#include "sbc/daemon/admin_access.hpp"
#include "sbc/daemon/app.hpp"
#include "sbc/daemon/phone_list.hpp"
#include "sbc/daemon/port_mapping.hpp"
#include "sbc/daemon/words.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/notify.hpp"

namespace dw {

admin::ReloadOutcome App::reload() {
  const auto monotonic = std::chrono::floor<std::chrono::microseconds>(Clock::now().time_since_epoch());
  if (!drain_began_) net::notify_systemd(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic.count()));
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
  outcome.taken = fresh.ok() && !drain_began_;
  if (drain_began_) problem("Dropwire is ending, and takes no settings any more");
  if (outcome.taken) {
    conf::Config running = loaded_.config;
    if (is_first(fresh)) {
      running.access.listen = fresh.config.access.listen;
      running.nat = fresh.config.nat;
    }
    const auto kept = keep_until_restart(running, fresh.config);
    if (const auto ok = take(std::move(fresh)); !ok) {
      problem(ok.error().text);
      outcome.taken = false;
    } else {
      kept_until_restart_ = kept;
      credentials_ = credentials;
      admin_->use(credentials);
      close_claim();
      loop_.post([this] { place_page(); });
      admissions_.set_phones(whose_files(loaded_.config));
      admissions_.set_list(std::move(list));
      for (const auto& name : kept) {
        outcome.problems.push_back(name + " is read at start only: restart the service for it");
        spdlog::warn("event=needs_restart setting={} the running value stays until the service restarts", name);
      }
    }
  }
  if (outcome.taken) {
    spdlog::info("event=reloaded files={}", loaded_.files.size());
  } else {
    spdlog::error("event=reload_refused problems={} the old settings stay", outcome.problems.size());
  }
  if (!drain_began_)
    net::notify_systemd(fmt::format("READY=1\nSTATUS={}",
                                    loaded_.config.central.configured() ? "serving phones" : words::kNotConfigured));
  return outcome;
}

/// From a box that knew no server, and listened on this machine alone, to one that does: nobody was served yet, and
/// what listens at 127.0.0.1 is in the way of what is to listen at every address.
bool App::is_first(const conf::Loaded& fresh) const {
  return !loaded_.config.central.configured() && fresh.config.central.configured();
}

void App::close_fronts() {
  if (actions_) actions_->use(nullptr, nullptr);
  fronts_.close();
}

/// First what may fail, listeners above all. When something does, what was begun is given up: nothing has come in
/// meanwhile, as the loop did not turn.
Result<void> App::take(conf::Loaded fresh) {
  const bool first = is_first(fresh);
  if (first) close_fronts();
  const auto were = services();
  const auto marks = fronts_.marks();
  const bool had_media = relay_ != nullptr, had_page = page_.has_value();
  (void)follow_sip_ports(fresh.config);
  conf::Loaded before = std::exchange(loaded_, std::move(fresh));
  auto ok = start_listeners();
  if (ok) ok = configure_fallible();
  if (ok) {
    configure_rest();
    if (first) {
      ask_network();
      start_lifetime();
      start_port_mapping();
    }
    for (const auto& service : services()) {
      const auto old = std::ranges::find(were, service.name, &admin::Service::name);
      for (const Endpoint& at : service.addresses) {
        if (old == were.end() || std::ranges::find(old->addresses, at) == old->addresses.end())
          spdlog::info("event=listening service={} address={}", service.name, at.to_string());
      }
    }
    return {};
  }
  loaded_ = std::move(before);
  fronts_.go_back(marks);
  if (!had_media) media_.reset(), warm_.reset(), relay_.reset();
  if (!had_page) admin_->close_tcp(), page_.reset();
  if (first) {
    close_fronts();
    if (const auto again = start_listeners(); !again)
      spdlog::error("event=not_listening reason=\"{}\"", again.error().text);
  }
  (void)configure_fallible();  // back to what it was
  return ok;
}

Result<void> App::configure_fallible() {
  const conf::Config& config = loaded_.config;
  if (relay_) {
    if (auto ok = relay_->configure(relay_options(config)); !ok) return ok;
  }
  if (fronts_.sip && !fronts_.sip->configure(sip_options(config)))
    return fail(Errc::exhausted,
                "central.sip.servers: too many servers that are out of the settings are still in use by phones and "
                "calls; restart the service");
  cap_ping();
  if (fronts_.http) {
    if (auto ok = fronts_.http->configure(http_options(config)); !ok) return ok;
  }
  auto page_options = admin_options(config);
  page_options.host_names = page_names();
  return admin_->configure(page_options);
}

void App::configure_rest() {
  const conf::Config& config = loaded_.config;
  config_loaded_ = wall_now();
  gate_.set(config.access.networks);
  names_.configure(name_options(config));
  pipeline_->reconfigure(file_options());
  network_->configure(network_options(config));
  const auto mapping = port_mapper_options(config, 0);
  port_mapper_->configure(mapping.central, mapping.told);
  if (media_ && !warm_) {
    start_warm_ports();
  } else if (warm_) {
    const auto warm = warm_pool_options(config);
    warm_->configure(warm.stun_server, warm.warm);
  }
  actions_->use(fronts_.sccp.get(), fronts_.sip.get());
  if (cache_) cache_->configure(cache_options(config));
  inventory_.configure(inventory_options(config));
  records_->configure(record_options(config).max_calls, record_options(config).max_age);
  if (fronts_.tftp) fronts_.tftp->configure(tftp_options(config));
  if (media_) media_->configure(media_options(config));
  if (fronts_.sccp) fronts_.sccp->configure(sccp_options(config));
  net::set_up_log(config.log.level, net::log_form(config.log.format));
}

}  // namespace dw
