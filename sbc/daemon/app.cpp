#include "sbc/daemon/app.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "sbc/daemon/admin_access.hpp"
#include "sbc/daemon/phone_list.hpp"
#include "sbc/daemon/port_mapping.hpp"
#include "sbc/net/kept_key.hpp"
#include "sbc/net/log.hpp"

namespace dw {

App::App(conf::LoadRequest request, conf::Loaded loaded, const admin::Credentials& credentials,
         provisioning::PhoneList list, std::shared_ptr<admin::LogRing> log)
    : request_(std::move(request)),
      loaded_(std::move(loaded)),
      credentials_(credentials),
      log_(std::move(log)),
      gate_(loaded_.config.access.networks),
      names_(known_, name_options(loaded_.config), net::random_u64()),
      tftp_ports_(std::make_shared<provisioning::TftpPorts>(loop_)),
      inventory_(inventory_options(loaded_.config)) {
  admissions_.set_phones(whose_files(loaded_.config));
  admissions_.set_list(std::move(list));
  names_.use(admissions_);
}

Result<void> App::start() {
  const conf::Config& config = loaded_.config;
  auto lock = StateLock::take(config.state.dir);
  if (!lock) return std::unexpected(lock.error());
  state_lock_ = std::move(*lock);
  if (config.cache.enable) cache_ = provisioning::Cache::open(loop_, cache_options(config));
  phone_store_ = admin::PhoneStore::open(loop_, config.state.dir, inventory_, admissions_);
  records_ = admin::RecordStore::open(loop_, config.state.dir, record_options(config));
  (void)follow_sip_ports(loaded_.config);
  clock_care_ = std::make_unique<ClockCare>(loop_, inventory_);
  pipeline_ = std::make_unique<provisioning::Pipeline>(
      loop_, file_options(), cache_.get(),
      provisioning::Pipeline::Sinks{[this](const provisioning::FileRequest& asked,
                                           const provisioning::Rewritten& made) { on_rewrite(asked, made); },
                                    [this](provisioning::RewriteOptions& rewriting) { tell_central_side(rewriting); }});
  pipeline_->set_tap(tap_);
  pipeline_->use(known_, names_);
  pipeline_->use(admissions_);
  actions_ = std::make_unique<Actions>(inventory_, *pipeline_);
  open_claim();
  auto page_options = admin_options(config);
  page_options.host_names = page_names();
  admin_ = std::make_unique<admin::AdminServer>(loop_, page_options, sources());
  admin_->use(credentials_);
  if (auto ok = start_listeners(); !ok) return ok;
  actions_->use(fronts_.sccp.get(), fronts_.sip.get());
  start_stun();
  start_network();
  if (!config.admin.socket.empty()) {
    // Phones can live without it, so it is no reason not to run.
    if (const auto ok = admin_->listen_on_socket(config.admin.socket); !ok)
      spdlog::warn("event=control_socket_failed reason=\"{}\" dropwire status and the like will not find this daemon",
                   ok.error().text);
  }
  start_life();
  start_warm_ports();
  start_port_mapping();
  return {};
}

/// With the key that is on disk: phones keep the URLs that were signed with it.
provisioning::Pipeline::Options App::file_options() const {
  auto options = pipeline_options(loaded_.config);
  options.origin.tftp_ports = tftp_ports_;
  const auto moves = [](provisioning::Action action) { return action == provisioning::Action::rewrite; };
  if (!moves(options.rewriting.urls) && !moves(options.rewriting.secure_urls)) return options;
  options.service_key =
      net::kept_key(loaded_.config.state.dir, "services.key",
                    "after a restart phones must take their configs again before their services work");
  return options;
}

Result<void> App::start_listeners() {
  using net::Door;
  const conf::Access& access = loaded_.config.access;
  const auto open = [&](Door door, bool enabled, Result<void> (App::*by)()) {
    return fronts_.open(door, enabled, access.listen, [this, by] { return (this->*by)(); });
  };
  if (auto ok = open(Door::tftp, access.tftp.enable, &App::start_tftp); !ok) return ok;
  if (auto ok = open(Door::http, access.http.enable, &App::start_http); !ok) return ok;
  if (auto ok = start_media(); !ok) return ok;
  if (auto ok = open(Door::sccp, access.sccp.enable, &App::start_sccp); !ok) return ok;
  if (auto ok = open(Door::sip, access.sip.enable, &App::start_sip); !ok) return ok;
  return start_admin();
}

std::vector<admin::Service> App::services() const {
  auto all = fronts_.services();
  all.push_back({"admin", loaded_.config.admin.enable, page_ ? std::vector{page_->at} : std::vector<Endpoint>(), {}});
  all.push_back(stun_service_);
  return all;
}

Result<void> App::start_tftp() {
  auto started = provisioning::TftpServer::start(loop_, tftp_options(loaded_.config), *pipeline_, known_,
                                                 [this](const phones::FileStep& step) { on_file(step); });
  if (!started) return std::unexpected(started.error());
  fronts_.tftp = std::move(*started);
  return {};
}

Result<void> App::start_http() {
  auto http = std::make_unique<provisioning::PhoneHttpServer>(loop_, *pipeline_, known_, http_options(loaded_.config),
                                                              [this](const phones::FileStep& step) { on_file(step); });
  if (auto ok = http->listen_also(loaded_.config.access.listen); !ok) return ok;
  fronts_.http = std::move(http);
  return {};
}

Result<void> App::start_media() {
  const conf::Config& config = loaded_.config;
  if (relay_ || (!config.access.sccp.enable && !config.access.sip.enable)) return {};
  auto relay = nat::make_epoll_relay(relay_options(config));
  if (!relay) return std::unexpected(relay.error());
  relay_ = std::move(*relay);
  spdlog::info("event=media ports={}-{} threads={} streams_max={}", config.media.ports.first, config.media.ports.last,
               config.media.threads, relay_->capacity());
  media_ = std::make_unique<proxy::MediaDesk>(loop_, *relay_, media_options(config));
  return {};
}

Result<void> App::start_sccp() {
  auto started = proxy::SccpProxy::start(loop_, sccp_options(loaded_.config), *media_, known_,
                                         {[this](const phones::SignallingStep& step) { on_signalling(step); },
                                          [this](const phones::Call& call) { on_call(call); },
                                          [this](const std::string& device, const IpAddress& at, Duration within) {
                                            const phones::Phone* const phone = inventory_.find(device);
                                            return phone && phones::took_its_config(*phone, at, wall_now(), within);
                                          },
                                          [this](const std::string& device) {
                                            const phones::LineHome* const home =
                                                inventory_.home_of(device, {}, {}, phones::Protocol::sccp);
                                            return home ? HostPort{home->host, home->port} : HostPort{};
                                          }});
  if (!started) return std::unexpected(started.error());
  fronts_.sccp = std::move(*started);
  return {};
}

Result<void> App::start_sip() {
  auto started =
      proxy::SipProxy::start(loop_, sip_options(loaded_.config), *media_, known_,
                             {[this](const phones::SignallingStep& step) { on_signalling(step); },
                              [this](const phones::Call& call) { on_call(call); },
                              [this](const sip::Router::Outside& o) {
                                if (warm_)
                                  warm_->set_seen({o.local.address, o.seen.address, o.seen.port == o.local.port});
                              },
                              [this] { tell_router_peers(); }});
  if (!started) return std::unexpected(started.error());
  fronts_.sip = std::move(*started);
  fronts_.sip->set_homes([this](std::string_view device, std::string_view user, const IpAddress& at) {
    const phones::LineHome* const home = inventory_.home_of(device, user, at, phones::Protocol::sip);
    if (!home) return sip::Home{};
    const bool by_port = home->port == 0 && loaded_.config.central.sip.ports_by_config;
    return sip::Home{home->host, by_port ? sip::kSipPort : home->port};
  });
  return {};
}

void App::start_port_mapping() {
  const std::uint16_t port = fronts_.sip ? fronts_.sip->local().front().port : std::uint16_t{0};
  port_mapper_ = std::make_unique<nat::PortMapper>(
      loop_, port_mapper_options(loaded_.config, port), [this, port](const auto& granted, const IpAddress& ours) {
        const auto pairs = mapped_pairs(granted, ours);
        if (warm_) warm_->set_idle(!pairs.empty());
        if (media_) media_->set_mapped(pairs);
        tftp_ports_->set(mapped_tftp(granted, loaded_.config));
        if (fronts_.sip) fronts_.sip->set_mapped(mapped_sip(granted, ours, port));
        const auto external = granted.empty() ? std::nullopt : std::optional(granted.front().external.address);
        if (fronts_.sccp) fronts_.sccp->set_mapped(external);
        on_router_external(external);
      });
  tell_router_peers();
  port_mapper_->start();
}

/// Who has a say at SIP's port may come through the router, and nobody else needs to.
void App::tell_router_peers() {
  if (!port_mapper_ || !fronts_.sip) return;
  auto heard = fronts_.sip->heard_through_router();
  port_mapper_->set_peers(std::move(heard.networks), std::move(heard.why));
}

Result<void> App::start_admin() {
  if (!loaded_.config.admin.enable || page_) return {};
  return listen_for_page(0);
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
    // Linux lets programs of others than root listen from net.ipv4.ip_unprivileged_port_start on, 1024 mostly
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
