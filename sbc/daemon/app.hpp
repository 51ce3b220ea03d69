#pragma once
#include <memory>
#include <string>
#include <vector>

#include "sbc/admin/log_ring.hpp"
#include "sbc/daemon/admin_page.hpp"
#include "sbc/daemon/box_status.hpp"
#include "sbc/daemon/config_homes.hpp"
#include "sbc/daemon/network_care.hpp"
#include "sbc/daemon/parts.hpp"
#include "sbc/daemon/phone_events.hpp"
#include "sbc/daemon/shutdown.hpp"
#include "sbc/net/signal.hpp"
#include "sbc/net/timer.hpp"

namespace dw {

/// The daemon: creates all parts, connects them, and gives them new settings while it runs. Whatever has a subject of
/// its own is a class beside it. On the loop's thread.
class App {
 public:
  App(conf::LoadRequest request, conf::Loaded loaded, const admin::Credentials& credentials,
      provisioning::PhoneList list, std::shared_ptr<admin::LogRing> log);
  /// The servers go first: they may report until then.
  ~App() { parts_.fronts.close(); }
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// Opens every listener; an error is one sentence.
  Result<void> start();
  /// Returns the exit status: kAgain when it ended to be started again.
  int run();
  static constexpr int kAgain = 75;

 private:
  // These create what the settings ask for and does not exist yet; a reload calls them again.
  Result<void> start_listeners();
  Result<void> start_tftp();
  Result<void> start_http();
  Result<void> start_media();
  Result<void> start_sccp();
  Result<void> start_sip();
  void start_pipeline();
  provisioning::Pipeline::Options file_options() const;
  admin::Sources sources();
  void start_life();
  void report_ready() const;
  // app_reload.cpp
  admin::ReloadOutcome reload();
  Result<void> take(conf::Loaded fresh);
  bool is_first(const conf::Loaded& fresh) const;
  void close_fronts();
  Result<void> configure_fallible();
  void configure_rest();

  conf::LoadRequest request_;
  std::shared_ptr<admin::LogRing> log_;
  Parts parts_;
  NetworkCare network_{parts_};
  ConfigHomes homes_;
  PhoneEvents events_{parts_, network_, homes_};
  Shutdown shutdown_;
  AdminPage page_;
  BoxStatus status_{parts_, network_, page_, shutdown_};
  std::vector<net::Signal> signals_;
  std::unique_ptr<net::Timer> watchdog_;
};

/// Runs Dropwire in the foreground until SIGTERM or SIGINT; returns the exit status. `request` is kept, so that
/// SIGHUP and `dropwire reload` can read the settings again. Problems of the settings: one line each on
/// stderr, and status 2.
int run_daemon(const conf::LoadRequest& request);

}  // namespace dw
