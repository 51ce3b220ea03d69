#pragma once
#include <memory>
#include <string>
#include <vector>

#include "conf/load.hpp"
#include "nat/port_mapper.hpp"
#include "sbc/admin/log_ring.hpp"
#include "sbc/admin/phone_store.hpp"
#include "sbc/admin/record_store.hpp"
#include "sbc/admin/server.hpp"
#include "sbc/base/known_sources.hpp"
#include "sbc/base/wire_tap.hpp"
#include "sbc/daemon/actions.hpp"
#include "sbc/daemon/clock_care.hpp"
#include "sbc/daemon/fronts.hpp"
#include "sbc/daemon/options.hpp"
#include "sbc/daemon/state_lock.hpp"
#include "sbc/net/access_gate.hpp"
#include "sbc/net/random.hpp"
#include "sbc/net/signal.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/probe/lifetime_watch.hpp"

namespace dw {

/// All that runs, each part after those it uses; they go in the opposite order. Lives on the loop's thread. More than
/// 30 methods, as parts do not know each other: what one has to tell another passes here, in a few lines each.
class App {
 public:
  App(conf::LoadRequest request, conf::Loaded loaded, const admin::Credentials& credentials,
      provisioning::PhoneList list, std::shared_ptr<admin::LogRing> log);

  /// Opens every listener; what can't be had is one sentence.
  Result<void> start();
  /// Gives the exit status: kAgain when it ended to be started again.
  int run();
  static constexpr int kAgain = 75;

 private:
  Result<void> start_tftp();
  Result<void> start_http();
  Result<void> start_sccp();
  Result<void> start_sip();
  // These, and start_listeners(), open what the settings ask for and is not there yet; a reload calls them again.
  Result<void> start_media();
  void start_stun();
  void start_network();
  Result<void> start_admin();
  void start_port_mapping();
  void tell_router_peers();
  void start_warm_ports();
  void keep_ports_warm();
  std::optional<doctor::AudioWay> audio_way() const;
  Result<void> start_listeners();
  std::vector<admin::Service> services() const;
  void start_life();
  void ready();
  void drain();
  void look_whether_drained();
  void leave();
  // app_reload.cpp
  admin::ReloadOutcome reload();
  Result<void> take(conf::Loaded fresh);
  bool is_first(const conf::Loaded& fresh) const;
  void close_fronts();
  Result<void> configure_fallible();
  void configure_rest();
  void say_draining();

  // app_page.cpp
  bool page_may_be_wide() const;
  bool page_is_wide() const;
  void open_claim();
  void close_claim();
  Result<void> listen_for_page(std::uint16_t port);
  void place_page();
  std::vector<std::string> page_addresses() const;
  std::vector<std::string> page_names() const;
  admin::PageSettings page_settings() const;
  void change(const admin::PageChange& change, const admin::OnOutcome& done);
  bool try_central(const std::string& host, const std::function<void(const doctor::NetworkFacts&)>& done);
  admin::Outcome restart();
  admin::Setup setup();
  // app_report.cpp
  std::string report(const std::vector<const phones::Phone*>& about, const std::vector<doctor::Finding>& of_box,
                     const doctor::Verdict& verdict);

  void start_lifetime();
  void on_lifetime(const probe::Lifetime& known);
  void ask_network();
  void on_router_external(const std::optional<IpAddress>& address);
  void cap_ping();
  void on_call(const phones::Call& call);
  void on_file(const phones::FileStep& step);
  void on_signalling(const phones::SignallingStep& step);
  void on_rewrite(const provisioning::FileRequest& request, const provisioning::Rewritten& rewritten);
  provisioning::Pipeline::Options file_options() const;
  // app_homes.cpp: which domain, server and port phones' own configs name
  void tell_central_side(provisioning::RewriteOptions& rewriting) const;
  std::optional<std::vector<phones::LineHome>> homes_in(const provisioning::FileRequest& asked,
                                                        const provisioning::Rewritten& made);
  void on_homes(const provisioning::FileRequest& asked, const std::vector<phones::LineHome>& homes);
  bool follow_sip_ports(conf::Config& config) const;
  bool is_server(std::string_view host) const;
  admin::Status status() const;
  void add_sip_status(admin::Status& s) const;
  admin::FilesReport files() const;
  std::vector<doctor::RefusedSource> refused_sources() const;
  admin::Sources sources();
  std::vector<std::string> phone_addresses() const;

  conf::LoadRequest request_;
  conf::Loaded loaded_;
  admin::Credentials credentials_;
  std::shared_ptr<admin::LogRing> log_;
  WallTime started_ = wall_now();
  WallTime config_loaded_ = wall_now();
  std::optional<TimePoint> drain_began_;  ///< it is ending
  TimePoint drain_said_{};
  std::vector<std::string> kept_until_restart_;  ///< settings that the last reload left for the next start
  struct Page {
    Endpoint at;
    bool wide = false;  ///< on the local network
  };
  std::optional<Page> page_;  ///< where it is open
  struct PageJob;
  std::weak_ptr<PageJob> page_job_;  ///< what the page wants is being written
  admin::Claim claim_;

  StateLock state_lock_;  ///< let go after everything that writes there
  net::Loop loop_;
  WireTap tap_;
  KnownSources known_{net::random_u64()};
  net::AccessGate gate_;
  provisioning::NameBudget names_;
  std::shared_ptr<provisioning::TftpPorts> tftp_ports_;
  provisioning::Admissions admissions_;
  std::unique_ptr<provisioning::Cache> cache_;
  phones::Inventory inventory_;
  doctor::VerdictBook verdicts_{inventory_};
  provisioning::CnfFacts text_defaults_;  ///< of SIPDefault.cnf as it was given out last
  std::unique_ptr<admin::PhoneStore> phone_store_;
  std::unique_ptr<admin::RecordStore> records_;
  std::unique_ptr<ClockCare> clock_care_;
  std::unique_ptr<provisioning::Pipeline> pipeline_;
  std::unique_ptr<nat::Relay> relay_;
  std::unique_ptr<nat::WarmPool> warm_;
  std::unique_ptr<proxy::MediaDesk> media_;
  Fronts fronts_{tap_, gate_};
  std::unique_ptr<probe::StunServer> stun_;
  admin::Service stun_service_{"stun", false, {}, {}};
  std::unique_ptr<probe::NetworkProbe> network_;
  std::unique_ptr<probe::LifetimeWatch> lifetime_;
  std::optional<std::chrono::seconds> mapping_lives_;  ///< as measured
  std::unique_ptr<nat::PortMapper> port_mapper_;
  std::unique_ptr<Actions> actions_;
  std::unique_ptr<admin::AdminServer> admin_;
  std::vector<net::Signal> signals_;
  std::unique_ptr<probe::NetworkProbe> trial_;  ///< of a central server that the page names
  std::unique_ptr<net::Timer> claim_timer_;
  std::unique_ptr<net::Timer> restart_timer_;  ///< there when it is to be started again
  std::unique_ptr<net::Timer> watchdog_;
  std::unique_ptr<net::Timer> drain_timer_;
};

/// Runs Dropwire in the foreground until SIGTERM or SIGINT; gives the exit status. `request` is kept, so that
/// SIGHUP and `dropwire reload` can read the settings again. Settings that can't be used: one line each on
/// stderr, 2.
int run_daemon(const conf::LoadRequest& request);

}  // namespace dw
