#include "sbc/daemon/app.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "sbc/daemon/admin_access.hpp"
#include "sbc/daemon/box_report.hpp"
#include "sbc/daemon/phone_list.hpp"
#include "sbc/daemon/words.hpp"
#include "sbc/net/kept_key.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/notify.hpp"

namespace dw {

App::App(conf::LoadRequest request, conf::Loaded loaded, const admin::Credentials& credentials,
         provisioning::PhoneList list, std::shared_ptr<admin::LogRing> log)
    : request_(std::move(request)),
      log_(std::move(log)),
      parts_(std::move(loaded), std::move(list)),
      homes_(parts_.loaded, parts_.inventory, parts_.fronts, [this] { network_.servers_changed(); }),
      shutdown_(parts_.loop, parts_.fronts, parts_.loaded,
                [this](const std::function<void()>& done) { network_.stop(done); }),
      page_(parts_.loop, parts_.loaded, credentials,
            {[this] { return reload(); }, [this] { return shutdown_.restart(); }}) {}

Result<void> App::start() {
  conf::Config& config = parts_.loaded.config;
  auto lock = StateLock::take(config.state.dir);
  if (!lock) return std::unexpected(lock.error());
  parts_.state_lock = std::move(*lock);
  if (config.cache.enable) parts_.cache = provisioning::Cache::open(parts_.loop, cache_options(config));
  parts_.phone_store = admin::PhoneStore::open(parts_.loop, config.state.dir, parts_.inventory, parts_.admissions);
  parts_.records = admin::RecordStore::open(parts_.loop, config.state.dir, record_options(config));
  (void)homes_.follow_ports(config);
  parts_.clock_care = std::make_unique<ClockCare>(parts_.loop, parts_.inventory);
  start_pipeline();
  parts_.actions = std::make_unique<Actions>(parts_.inventory, *parts_.pipeline);
  page_.start(sources());
  if (auto ok = start_listeners(); !ok) return ok;
  parts_.actions->use(parts_.fronts.sccp.get(), parts_.fronts.sip.get());
  network_.start();
  page_.listen_on_socket();
  start_life();
  network_.start_ports();
  return {};
}

void App::start_pipeline() {
  parts_.pipeline = std::make_unique<provisioning::Pipeline>(
      parts_.loop, file_options(), parts_.cache.get(),
      provisioning::Pipeline::Sinks{
          [this](const provisioning::FileRequest& asked, const provisioning::Rewritten& made) {
            events_.on_rewrite(asked, made);
          },
          [this](provisioning::RewriteOptions& rewriting) { homes_.add_central_side(rewriting); }});
  parts_.pipeline->set_tap(parts_.tap);
  parts_.pipeline->use(parts_.known, parts_.names);
  parts_.pipeline->use(parts_.admissions);
}

/// Uses the key that is kept on disk: phones keep URLs that were signed with it.
provisioning::Pipeline::Options App::file_options() const {
  auto options = pipeline_options(parts_.loaded.config);
  options.origin.tftp_ports = parts_.tftp_ports;
  const auto moves = [](provisioning::Action action) { return action == provisioning::Action::rewrite; };
  if (!moves(options.rewriting.urls) && !moves(options.rewriting.secure_urls)) return options;
  options.service_key =
      net::kept_key(parts_.loaded.config.state.dir, "services.key",
                    "after a restart phones must take their configs again before their services work");
  return options;
}

Result<void> App::start_listeners() {
  using net::Door;
  const conf::Access& access = parts_.loaded.config.access;
  const auto open = [&](Door door, bool enabled, Result<void> (App::*by)()) {
    return parts_.fronts.open(door, enabled, access.listen, [this, by] { return (this->*by)(); });
  };
  if (auto ok = open(Door::tftp, access.tftp.enable, &App::start_tftp); !ok) return ok;
  if (auto ok = open(Door::http, access.http.enable, &App::start_http); !ok) return ok;
  if (auto ok = start_media(); !ok) return ok;
  if (auto ok = open(Door::sccp, access.sccp.enable, &App::start_sccp); !ok) return ok;
  if (auto ok = open(Door::sip, access.sip.enable, &App::start_sip); !ok) return ok;
  return page_.listen();
}

Result<void> App::start_tftp() {
  auto started =
      provisioning::TftpServer::start(parts_.loop, tftp_options(parts_.loaded.config), *parts_.pipeline, parts_.known,
                                      [this](const phones::FileStep& step) { events_.on_file(step); });
  if (!started) return std::unexpected(started.error());
  parts_.fronts.tftp = std::move(*started);
  return {};
}

Result<void> App::start_http() {
  auto http = std::make_unique<provisioning::PhoneHttpServer>(
      parts_.loop, *parts_.pipeline, parts_.known, http_options(parts_.loaded.config),
      [this](const phones::FileStep& step) { events_.on_file(step); });
  if (auto ok = http->listen_also(parts_.loaded.config.access.listen); !ok) return ok;
  parts_.fronts.http = std::move(http);
  return {};
}

Result<void> App::start_media() {
  const conf::Config& config = parts_.loaded.config;
  if (parts_.relay || (!config.access.sccp.enable && !config.access.sip.enable)) return {};
  auto relay = nat::make_epoll_relay(relay_options(config));
  if (!relay) return std::unexpected(relay.error());
  parts_.relay = std::move(*relay);
  spdlog::info("event=media ports={}-{} threads={} streams_max={}", config.media.ports.first, config.media.ports.last,
               config.media.threads, parts_.relay->capacity());
  parts_.fast_path = std::make_unique<FastPath>(parts_.loop, *parts_.relay);
  parts_.fast_path->want(wants_fast_path(config));
  parts_.media = std::make_unique<proxy::MediaDesk>(parts_.loop, *parts_.relay, media_options(config));
  return {};
}

Result<void> App::start_sccp() {
  auto started = proxy::SccpProxy::start(parts_.loop, sccp_options(parts_.loaded.config), *parts_.media, parts_.known,
                                         {[this](const phones::SignallingStep& step) { events_.on_signalling(step); },
                                          [this](const phones::Call& call) { events_.on_call(call); },
                                          [this](const std::string& device, const IpAddress& at, Duration within) {
                                            const phones::Phone* const phone = parts_.inventory.find(device);
                                            return phone && phones::took_its_config(*phone, at, wall_now(), within);
                                          },
                                          [this](const std::string& device) { return homes_.sccp_home(device); }});
  if (!started) return std::unexpected(started.error());
  parts_.fronts.sccp = std::move(*started);
  return {};
}

Result<void> App::start_sip() {
  auto started =
      proxy::SipProxy::start(parts_.loop, sip_options(parts_.loaded.config), *parts_.media, parts_.known,
                             {[this](const phones::SignallingStep& step) { events_.on_signalling(step); },
                              [this](const phones::Call& call) { events_.on_call(call); },
                              [this](const sip::Router::Outside& o) {
                                network_.set_seen({o.local.address, o.seen.address, o.seen.port == o.local.port});
                              },
                              [this] { network_.peers_changed(); }});
  if (!started) return std::unexpected(started.error());
  parts_.fronts.sip = std::move(*started);
  parts_.fronts.sip->set_homes([this](std::string_view device, std::string_view user, const IpAddress& at) {
    return homes_.sip_home(device, user, at);
  });
  return {};
}

admin::Sources App::sources() {
  admin::Sources s;
  s.status = [this] { return status_.status(); };
  s.inventory = &parts_.inventory;
  s.verdicts = &parts_.verdicts;
  s.measure = [this](auto done) { network_.measure(std::move(done)); };
  s.network = [this]() -> const doctor::NetworkFacts& { return network_.facts(); };
  s.doctor = [this](auto done) { done(status_.findings()); };
  s.causes = [this] { return status_.causes(); };
  s.calls = [this] { return status_.calls(); };
  s.records = parts_.records.get();
  s.files = [this] { return status_.files(); };
  s.open_file = [this](const std::string& name) {
    const auto addresses = status_.phone_addresses();
    IpAddress local = IpAddress::v4(0x7f000001);
    if (!addresses.empty()) {
      if (const auto first = IpAddress::parse(addresses.front())) local = *first;
    }
    return parts_.pipeline->open({name, {}, local, provisioning::Transport::control});
  };
  s.reload = [this] { return reload(); };
  s.act = [this](const phones::Phone& phone, admin::PhoneAction action, bool force, const admin::OnOutcome& done) {
    parts_.actions->act(phone, action, force, done);
  };
  s.refresh = [this](const std::string& name, const admin::OnOutcome& done) { parts_.actions->refresh(name, done); };
  s.admissions = &parts_.admissions;
  s.tap = &parts_.tap;
  s.report = [this](const auto& about, const auto& of_box, const auto& verdict) {
    return box_report(sources(), parts_.loaded, about, of_box, verdict);
  };
  s.log = log_;
  s.metrics.push_back([this](MetricsText& out) { status_.append_metrics(out); });
  return s;
}

void App::start_life() {
  for (const int number : {SIGTERM, SIGINT})
    signals_.emplace_back(parts_.loop, number, [this] { shutdown_.begin(); });
  signals_.emplace_back(parts_.loop, SIGHUP, [this] { (void)reload(); });
  if (const auto interval = net::watchdog_interval_us(); interval != 0) {
    watchdog_ = std::make_unique<net::Timer>(parts_.loop, [this, interval] {
      net::notify_systemd("WATCHDOG=1");
      watchdog_->arm_after(std::chrono::microseconds(interval));
    });
    watchdog_->arm_after(std::chrono::microseconds(interval));
  }
  report_ready();
}

void App::report_ready() const {
  for (const auto& service : status_.services()) {
    for (const Endpoint& at : service.addresses)
      spdlog::info("event=listening service={} address={}", service.name, at.to_string());
  }
  const char* mode = parts_.loaded.config.mode == conf::Mode::edge ? "edge" : "hosted";
  spdlog::info("event=ready mode={} version={} origins={}", mode, DW_VERSION, parts_.pipeline->origin_status().size());
  const bool configured = parts_.loaded.config.central.configured();
  if (!configured) spdlog::warn("event=not_configured {}", words::kNotConfigured);
  net::notify_systemd(fmt::format("READY=1\nSTATUS={}", configured ? "serving phones" : words::kNotConfigured));
}

int App::run() {
  parts_.loop.run();
  spdlog::info("event=stopped");
  return shutdown_.is_restart() ? kAgain : 0;
}

namespace {

std::string low_port_hint() {
  std::error_code none;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", none).string();
  return fmt::format(
      "ports below 1024 need root: run it as root, or give the program that right once (sudo setcap cap_net_bind_service=+ep {}), "
      "or take another port (--set access.tftp.port=6969)",
      program.empty() ? "/usr/bin/dropwire" : program);
}

}  // namespace

int run_daemon(const conf::LoadRequest& request) {
  auto loaded = conf::load(request);
  const admin::Credentials credentials = take_credentials(loaded);
  provisioning::PhoneList list = take_phone_list(loaded);
  for (const auto& problem : loaded.problems)
    std::fprintf(stderr, "%s\n", problem.to_string().c_str());
  if (!loaded.ok()) return 2;
  net::set_up_log(loaded.config.log.level, net::log_form(loaded.config.log.format));
  auto log = std::make_shared<admin::LogRing>();
  spdlog::default_logger()->sinks().push_back(log);
  App app(request, std::move(loaded), credentials, std::move(list), std::move(log));
  if (const auto ok = app.start(); !ok) {
    // Other users than root may listen on ports from net.ipv4.ip_unprivileged_port_start on, by default 1024
    // (ip-sysctl).
    const bool may_not = ok.error().text.find(std::generic_category().message(EACCES)) != std::string::npos;
    const std::string help = ok.error().code == Errc::forbidden ? ""
                             : may_not                          ? "; " + low_port_hint()
                                       : "; \"dropwire doctor\" shows which program has a port";
    std::fprintf(stderr, "dropwire: %s%s\n", ok.error().text.c_str(), help.c_str());
    return 2;
  }
  return app.run();
}

}  // namespace dw
