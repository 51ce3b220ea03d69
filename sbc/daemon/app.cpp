#include "sbc/daemon/app.hpp"

#include <cstdio>

#include "sbc/daemon/admin_access.hpp"
#include "sbc/daemon/port_mapping.hpp"
#include "sbc/net/log.hpp"

namespace dw {

App::App(conf::LoadRequest request, conf::Loaded loaded, const admin::Credentials& credentials,
         std::shared_ptr<admin::LogRing> log)
    : request_(std::move(request)),
      loaded_(std::move(loaded)),
      credentials_(credentials),
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
  start_stun();
  start_network();
  if (auto ok = start_admin(); !ok) return ok;
  start_life();
  start_port_mapping();
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

void App::start_port_mapping() {
  const std::uint16_t port = sip_ ? sip_->local().front().port : std::uint16_t{0};
  port_mapper_ = std::make_unique<nat::PortMapper>(
      loop_, port_mapper_options(loaded_.config, port), [this, port](const auto& granted, const IpAddress& ours) {
        if (media_) media_->set_mapped(mapped_pairs(granted, ours));
        if (sip_) sip_->set_mapped(mapped_sip(granted, ours, port));
        const auto external = granted.empty() ? std::nullopt : std::optional(granted.front().external.address);
        if (sccp_) sccp_->set_mapped(external);
        network_->set_router_external(external);
      });
  port_mapper_->start();
}

Result<void> App::start_admin() {
  const conf::Config& config = loaded_.config;
  actions_ = std::make_unique<Actions>(inventory_, *pipeline_, sccp_.get(), sip_.get());
  admin_ = std::make_unique<admin::AdminServer>(loop_, admin_options(config), sources());
  admin_->use(credentials_);
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

int run_daemon(const conf::LoadRequest& request) {
  auto loaded = conf::load(request);
  const admin::Credentials credentials = take_credentials(loaded);
  for (const auto& problem : loaded.problems)
    std::fprintf(stderr, "%s\n", problem.to_string().c_str());
  if (!loaded.ok()) return 2;
  net::set_up_log(loaded.config.log.level);
  auto log = std::make_shared<admin::LogRing>();
  spdlog::default_logger()->sinks().push_back(log);
  App app(request, std::move(loaded), credentials, std::move(log));
  if (const auto ok = app.start(); !ok) {
    std::fprintf(stderr, "dropwire: %s; dropwire doctor tells who has a port\n", ok.error().text.c_str());
    return 2;
  }
  app.run();
  return 0;
}

}  // namespace dw
