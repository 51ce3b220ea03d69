#pragma once
#include <memory>
#include <string>
#include <vector>

#include "conf/load.hpp"
#include "nat/port_mapper.hpp"
#include "sbc/admin/log_ring.hpp"
#include "sbc/admin/phone_store.hpp"
#include "sbc/admin/server.hpp"
#include "sbc/daemon/options.hpp"
#include "sbc/net/signal.hpp"
#include "sbc/net/timer.hpp"

namespace dw {

/// All that runs, each part after those it uses; they go in the opposite order. Lives on the loop's thread.
class App {
 public:
  App(conf::LoadRequest request, conf::Loaded loaded, const admin::Credentials& credentials,
      std::shared_ptr<admin::LogRing> log);

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
  void start_port_mapping();
  void start_life();
  void ready();
  void drain();
  void look_whether_drained();
  void leave();
  admin::ReloadOutcome reload();

  void on_rewrite(const provisioning::FileRequest& request, const provisioning::Rewritten& rewritten);
  admin::Status status() const;
  void add_sip_status(admin::Status& s) const;
  admin::FilesReport files() const;
  admin::Sources sources();
  std::vector<std::string> phone_addresses() const;

  conf::LoadRequest request_;
  conf::Loaded loaded_;
  admin::Credentials credentials_;
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
  std::unique_ptr<nat::PortMapper> port_mapper_;
  std::unique_ptr<admin::AdminServer> admin_;
  std::vector<admin::Service> services_;
  std::vector<net::Signal> signals_;
  std::unique_ptr<net::Timer> watchdog_;
  std::unique_ptr<net::Timer> drain_timer_;
};

/// Runs Dropwire in the foreground until SIGTERM or SIGINT; gives the exit status. `request` is kept, so that
/// SIGHUP and `dropwire reload` can read the settings again. Settings that can't be used: one line each on
/// stderr, 2.
int run_daemon(const conf::LoadRequest& request);

}  // namespace dw
