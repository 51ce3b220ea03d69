#include "sbc/daemon/app.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "sbc/admin/log_ring.hpp"
#include "sbc/admin/phone_store.hpp"
#include "sbc/admin/server.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/daemon/box_doctor.hpp"
#include "sbc/daemon/options.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/notify.hpp"
#include "sbc/net/resolver.hpp"
#include "sbc/net/signal.hpp"
#include "sbc/net/timer.hpp"

namespace dw {
namespace {

phones::Note story_note(provisioning::NoteCode code) {
  switch (code) {
    case provisioning::NoteCode::passed_signed:
    case provisioning::NoteCode::passed_encrypted:
      return phones::Note::signed_passed;
    case provisioning::NoteCode::passed_malformed:
    case provisioning::NoteCode::passed_encoding:
    case provisioning::NoteCode::passed_unexpected:
    case provisioning::NoteCode::too_long:
      return phones::Note::malformed_passed;
    case provisioning::NoteCode::rewritten:
    case provisioning::NoteCode::dropped:
    case provisioning::NoteCode::removed:
    case provisioning::NoteCode::emergency_route:
    case provisioning::NoteCode::vpn_present:
      return phones::Note::rewritten;
  }
  return phones::Note::rewritten;
}

/// All that runs, each part after those it uses; they go in the opposite order. Lives on the loop's thread.
class App {
 public:
  App(conf::LoadRequest request, conf::Loaded loaded, std::shared_ptr<admin::LogRing> log);

  /// Opens every listener; what can't be had is one sentence.
  Result<void> start();
  void run();

 private:
  Result<void> start_tftp();
  Result<void> start_http();
  Result<void> start_media();
  Result<void> start_sccp();
  Result<void> start_sip();
  Result<void> start_admin();
  void start_life();
  void ready();
  void drain();
  void look_whether_drained();
  admin::ReloadOutcome reload();

  void on_rewrite(const provisioning::FileRequest& request, const provisioning::Rewritten& rewritten);
  admin::Status status() const;
  void add_sip_status(admin::Status& s) const;
  admin::FilesReport files() const;
  admin::Sources sources();
  std::vector<std::string> phone_addresses() const;

  conf::LoadRequest request_;
  conf::Loaded loaded_;
  std::shared_ptr<admin::LogRing> log_;
  WallTime started_ = wall_now();
  WallTime config_loaded_ = wall_now();
  bool draining_ = false;

  net::Loop loop_;
  std::unique_ptr<provisioning::Cache> cache_;
  phones::Inventory inventory_;
  std::unique_ptr<admin::PhoneStore> phone_store_;
  std::unique_ptr<provisioning::Pipeline> pipeline_;
  std::unique_ptr<provisioning::TftpServer> tftp_;
  std::unique_ptr<provisioning::PhoneHttpServer> http_;
  std::unique_ptr<nat::Relay> relay_;
  std::unique_ptr<proxy::MediaDesk> media_;
  std::unique_ptr<proxy::SccpProxy> sccp_;
  std::unique_ptr<proxy::SipProxy> sip_;
  std::unique_ptr<admin::AdminServer> admin_;
  std::vector<admin::Service> services_;
  std::vector<net::Signal> signals_;
  std::unique_ptr<net::Timer> watchdog_;
  std::unique_ptr<net::Timer> drain_timer_;
};

App::App(conf::LoadRequest request, conf::Loaded loaded, std::shared_ptr<admin::LogRing> log)
    : request_(std::move(request)),
      loaded_(std::move(loaded)),
      log_(std::move(log)),
      inventory_(inventory_options(loaded_.config)) {}

Result<void> App::start() {
  const conf::Config& config = loaded_.config;
  if (config.cache.enable) cache_ = provisioning::Cache::open(loop_, cache_options(config));
  phone_store_ = admin::PhoneStore::open(loop_, config.state.dir, inventory_);
  pipeline_ = std::make_unique<provisioning::Pipeline>(
      loop_, pipeline_options(config), cache_.get(),
      provisioning::Pipeline::Sinks{
          [this](const provisioning::FileRequest& asked, const provisioning::Rewritten& made) {
            on_rewrite(asked, made);
          }});
  if (auto ok = start_tftp(); !ok) return ok;
  if (auto ok = start_http(); !ok) return ok;
  if (auto ok = start_media(); !ok) return ok;
  if (auto ok = start_sccp(); !ok) return ok;
  if (auto ok = start_sip(); !ok) return ok;
  if (auto ok = start_admin(); !ok) return ok;
  start_life();
  return {};
}

Result<void> App::start_tftp() {
  const conf::Config& config = loaded_.config;
  admin::Service service{"tftp", config.access.tftp.enable, {}, {}};
  if (service.enabled) {
    auto server =
        provisioning::TftpServer::start(loop_, tftp_options(config), *pipeline_,
                                        [this](const phones::FileStep& step) { inventory_.on_file(step); });
    if (!server) return std::unexpected(server.error());
    tftp_ = std::move(*server);
    service.addresses = tftp_->local();
  }
  services_.push_back(std::move(service));
  return {};
}

Result<void> App::start_http() {
  const conf::Config& config = loaded_.config;
  admin::Service service{"http", config.access.http.enable, {}, {}};
  if (service.enabled) {
    http_ = std::make_unique<provisioning::PhoneHttpServer>(
        loop_, *pipeline_, http_options(config),
        [this](const phones::FileStep& step) { inventory_.on_file(step); });
    for (const IpAddress& address : config.access.listen) {
      const auto at = http_->listen({address, config.access.http.port});
      if (!at) return std::unexpected(at.error());
      service.addresses.push_back(*at);
    }
  }
  services_.push_back(std::move(service));
  return {};
}

Result<void> App::start_media() {
  const conf::Config& config = loaded_.config;
  if (!config.access.sccp.enable && !config.access.sip.enable) return {};
  auto relay = nat::make_epoll_relay(relay_options(config));
  if (!relay) return std::unexpected(relay.error());
  relay_ = std::move(*relay);
  spdlog::info("event=media ports={}-{} threads={} streams_max={}", config.media.ports.first, config.media.ports.last,
               config.media.threads, relay_->capacity());
  media_ = std::make_unique<proxy::MediaDesk>(loop_, *relay_, media_options(config));
  return {};
}

Result<void> App::start_sccp() {
  const conf::Config& config = loaded_.config;
  admin::Service service{"sccp", config.access.sccp.enable, {}, {}};
  if (service.enabled) {
    auto started = proxy::SccpProxy::start(
        loop_, sccp_options(config), *media_,
        {[this](const phones::SignallingStep& step) { inventory_.on_signalling(step); },
         [this](const phones::Call& call) { inventory_.on_call(call); }});
    if (!started) return std::unexpected(started.error());
    sccp_ = std::move(*started);
    service.addresses = sccp_->local();
  }
  services_.push_back(std::move(service));
  return {};
}

Result<void> App::start_sip() {
  const conf::Config& config = loaded_.config;
  admin::Service service{"sip", config.access.sip.enable, {}, {}};
  if (service.enabled) {
    auto started = proxy::SipProxy::start(
        loop_, sip_options(config), *media_,
        {[this](const phones::SignallingStep& step) { inventory_.on_signalling(step); },
         [this](const phones::Call& call) { inventory_.on_call(call); }});
    if (!started) return std::unexpected(started.error());
    sip_ = std::move(*started);
    service.addresses = sip_->local();
  }
  services_.push_back(std::move(service));
  return {};
}

Result<void> App::start_admin() {
  const conf::Config& config = loaded_.config;
  admin_ = std::make_unique<admin::AdminServer>(loop_, admin_options(config), sources());
  admin::Service service{"admin", config.admin.enable, {}, {}};
  if (service.enabled) {
    const auto at = admin_->listen(config.admin.listen);
    if (!at) return std::unexpected(at.error());
    service.addresses.push_back(*at);
  }
  services_.push_back(std::move(service));
  if (!config.admin.socket.empty()) {
    // Phones can live without it, so it is no reason not to run.
    if (const auto ok = admin_->listen_on_socket(config.admin.socket); !ok)
      spdlog::warn(
          "event=control_socket_failed reason=\"{}\" dropwire status and the like will not find this daemon",
          ok.error().text);
  }
  return {};
}

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
  net::notify_systemd("READY=1\nSTATUS=serving phones");
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
    loop_.stop();
  });
  look_whether_drained();
}

void App::look_whether_drained() {
  constexpr std::chrono::milliseconds kLookAgain{100};
  const bool idle = (!tftp_ || tftp_->active() == 0) && (!http_ || http_->running() == 0) &&
                    (!sccp_ || sccp_->connections() == 0) && (!sip_ || sip_->running_calls() == 0);
  if (idle) return loop_.stop();
  drain_timer_->arm_after(kLookAgain);
}

admin::ReloadOutcome App::reload() {
  net::notify_systemd("RELOADING=1");
  auto fresh = conf::load(request_);
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

void App::on_rewrite(const provisioning::FileRequest& asked, const provisioning::Rewritten& made) {
  if (asked.transport == provisioning::Transport::control) return;  // a person looked, no phone asked
  const DeviceName device = DeviceName::in_file_name(asked.name);
  const WallTime now = wall_now();
  const auto tell = [&](phones::Note note, const std::string& text) {
    inventory_.on_note(device, asked.peer.address, now, note, text);
  };
  for (const auto& note : made.notes) {
    if (provisioning::is_passed(note.code) || note.code == provisioning::NoteCode::too_long) {
      tell(story_note(note.code), note.text);
      spdlog::warn("event=config_passed device={} peer={} file=\"{}\" reason={} {}", device.str(),
                   asked.peer.to_string(), escaped(asked.name), to_string(note.code), note.text);
    }
  }
  if (made.changed) tell(phones::Note::rewritten, fmt::format("{} places changed", made.edits.size()));
  phones::ConfigHints hints;
  for (const auto& load : made.facts.loads) {
    if (load.use == provisioning::LoadName::Use::phone) hints.load = load.name;
  }
  hints.protocol = made.facts.signalling == provisioning::Signalling::sip    ? phones::Protocol::sip
                   : made.facts.signalling == provisioning::Signalling::sccp ? phones::Protocol::sccp
                                                                             : phones::Protocol::unknown;
  hints.follow_ups = made.facts.files;
  inventory_.on_config(device, asked.peer.address, now, hints);
}

std::vector<std::string> App::phone_addresses() const {
  if (loaded_.config.access.advertise) return {loaded_.config.access.advertise->to_string()};
  std::vector<std::string> out;
  const auto add = [&](const IpAddress& address) {
    const bool usable = address.is_v4() && !address.is_loopback();  // 7900 phones take IPv4 there
    if (usable && std::ranges::find(out, address.to_string()) == out.end())
      out.push_back(address.to_string());
  };
  for (const IpAddress& address : loaded_.config.access.listen) {
    if (!address.is_unspecified()) {
      add(address);
    } else {
      for (const IpAddress& own : net::local_addresses())
        add(own);
    }
  }
  return out;
}

admin::Status App::status() const {
  admin::Status s;
  const conf::Config& config = loaded_.config;
  s.version = DW_VERSION;
  s.mode = config.mode == conf::Mode::edge ? "edge" : "hosted";
  s.central = config.central.host;
  s.now = wall_now();
  s.started = started_;
  s.draining = draining_;
  s.phone_addresses = phone_addresses();
  s.services = services_;
  for (const auto& origin : pipeline_->origin_status()) {
    s.origins.push_back({origin.url, origin.state == provisioning::OriginHealth::State::up, origin.last_error,
                         origin.last_success, std::nullopt});
  }
  s.cache.directory = config.cache.dir;
  s.cache.max_octets = config.cache.size;
  if (cache_) {
    s.cache.storing = cache_->storing();
    s.cache.files = cache_->files();
    s.cache.octets = cache_->octets();
  }
  if (sccp_) {
    const TimePoint now = loop_.now();
    for (const auto& server : sccp_->servers()) {
      admin::CallServer told{server.name.to_string(), server.up, server.phones, server.last_error, {}};
      if (!server.up) {
        const auto wait = std::max(server.retry_at - now, Duration{});
        told.next_try = s.now + std::chrono::duration_cast<std::chrono::milliseconds>(wait);
      }
      s.call_servers.push_back(std::move(told));
    }
  }
  if (sip_) add_sip_status(s);
  s.sip_phones = inventory_.knows(phones::Protocol::sip);
  if (relay_) s.media = {relay_->streams(), relay_->capacity()};
  s.config_files = loaded_.files;
  s.config_loaded = config_loaded_;
  return s;
}

void App::add_sip_status(admin::Status& s) const {
  const TimePoint now = loop_.now();
  const auto wall = [&](TimePoint at) {
    return s.now + std::chrono::duration_cast<std::chrono::milliseconds>(std::max(at - now, Duration{}));
  };
  const auto& servers = sip_->servers();
  for (std::size_t i = 0; i < servers.size(); ++i) {
    admin::CallServer told{servers[i].name.to_string(), servers[i].up, sip_->phones_at(i), servers[i].last_error, {}};
    told.protocol = phones::Protocol::sip;
    told.transport = servers[i].transport == sip::Transport::udp ? "udp" : "tcp";
    if (!servers[i].up) told.next_try = wall(servers[i].retry_at);
    s.call_servers.push_back(std::move(told));
  }
  const auto bans = sip_->bans();
  s.bans_total = bans.size();
  for (const auto& ban : bans) {
    if (s.bans.size() == admin::Status::kMaxBans) break;
    s.bans.push_back({ban.source, ban.reason, ban.offences, wall(ban.until)});
  }
}

admin::FilesReport App::files() const {
  admin::FilesReport report;
  if (cache_) {
    cache_->for_each([&](const provisioning::CacheEntry& entry) {
      report.cached.push_back(
          {entry.name, entry.size, entry.etag, entry.last_modified, entry.origin, entry.fetched});
    });
  }
  return report;
}

admin::Sources App::sources() {
  admin::Sources s;
  s.status = [this] { return status(); };
  s.inventory = &inventory_;
  s.doctor = [this](auto done) { done(box_findings(status(), loaded_.config, wall_now())); };
  s.calls = [this] {
    std::vector<phones::Call> all = sccp_ ? sccp_->calls() : std::vector<phones::Call>();
    if (sip_) std::ranges::move(sip_->calls(), std::back_inserter(all));
    return all;
  };
  s.files = [this] { return files(); };
  s.open_file = [this](const std::string& name) {
    const auto addresses = phone_addresses();
    IpAddress local = IpAddress::v4(0x7f000001);
    if (!addresses.empty()) {
      if (const auto first = IpAddress::parse(addresses.front())) local = *first;
    }
    return pipeline_->open({name, {}, local, provisioning::Transport::control});
  };
  s.reload = [this] { return reload(); };
  s.log = log_;
  s.metrics.push_back([this](MetricsText& out) {
    if (tftp_) tftp_->append_metrics(out);
    if (http_) http_->append_metrics(out);
    if (sccp_) sccp_->append_metrics(out);
    if (sip_) sip_->append_metrics(out);
    if (relay_) relay_->append_metrics(out);
    pipeline_->append_metrics(out);
    if (cache_) cache_->append_metrics(out);
    out.gauge("dropwire_phones", "Phones that are known.", static_cast<double>(inventory_.size()));
    out.gauge("dropwire_start_time_seconds", "When the daemon started, Unix time.",
              std::chrono::duration<double>(started_.time_since_epoch()).count());
    out.gauge("dropwire_info", "The version, as a label.", 1, {{"version", DW_VERSION}});
  });
  return s;
}

}  // namespace

int run_daemon(const conf::LoadRequest& request) {
  auto loaded = conf::load(request);
  for (const auto& problem : loaded.problems)
    std::fprintf(stderr, "%s\n", problem.to_string().c_str());
  if (!loaded.ok()) return 2;
  net::set_up_log(loaded.config.log.level);
  auto log = std::make_shared<admin::LogRing>();
  spdlog::default_logger()->sinks().push_back(log);
  App app(request, std::move(loaded), std::move(log));
  if (const auto ok = app.start(); !ok) {
    std::fprintf(stderr, "dropwire: %s; dropwire doctor tells who has a port\n", ok.error().text.c_str());
    return 2;
  }
  app.run();
  return 0;
}

}  // namespace dw
