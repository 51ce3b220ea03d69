#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/load.hpp"
#include "sbc/admin/server.hpp"
#include "sbc/net/loop.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/probe/network_probe.hpp"

namespace dw {

/// The status page and its server: whether the box can still be claimed, where the page listens, and the few settings
/// that are changed on it. On the loop's thread; what it is given outlives it.
class AdminPage {
 public:
  struct Hooks {
    std::function<admin::ReloadOutcome()> reload;  ///< reads the settings again; calls reloaded() if they are taken
    std::function<admin::Outcome()> restart;
  };
  AdminPage(net::Loop& loop, const conf::Loaded& loaded, const admin::Credentials& credentials, Hooks hooks)
      : loop_(loop), loaded_(loaded), credentials_(credentials), hooks_(std::move(hooks)) {}

  /// To be called first. From now on a box without a password can be claimed; `sources` is what the page shows. It does
  /// not listen yet.
  void start(admin::Sources sources);
  void listen_on_socket();
  /// Listens where the settings say; does nothing if it is open already, or off.
  Result<void> listen();
  void close();
  bool is_open() const { return place_.has_value(); }
  admin::Service service() const;

  Result<void> configure();  ///< from the settings
  /// `needs_restart`: some settings were left for the next start.
  void reloaded(const admin::Credentials& credentials, bool needs_restart);

  admin::PageSettings settings() const;
  /// URLs for browsers on the network; none while it is on this machine alone.
  std::vector<std::string> addresses() const;
  void change(const admin::PageChange& change, const admin::OnOutcome& done);

 private:
  struct Place {
    Endpoint at;
    bool wide = false;  ///< on the local network
  };
  struct Job;
  bool may_be_wide() const;
  bool should_be_wide() const;
  void open_claim();
  void close_claim();
  Result<void> listen_at(std::uint16_t port);
  void move();
  admin::AdminServer::Options options() const;
  bool try_central(const std::string& host, const std::function<void(const doctor::NetworkFacts&)>& done);
  admin::Setup setup();

  net::Loop& loop_;
  const conf::Loaded& loaded_;
  admin::Credentials credentials_;
  Hooks hooks_;
  bool needs_restart_ = false;
  admin::Claim claim_;
  std::optional<Place> place_;  ///< where it is open
  std::weak_ptr<Job> job_;      ///< a change that is being written
  std::unique_ptr<admin::AdminServer> server_;
  std::unique_ptr<probe::NetworkProbe> trial_;  ///< tries a central server that was entered on the page
  std::unique_ptr<net::Timer> claim_timer_;
};

}  // namespace dw
