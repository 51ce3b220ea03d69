#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sbc/admin/claim.hpp"
#include "sbc/admin/credentials.hpp"
#include "sbc/admin/outcome.hpp"
#include "sbc/phones/network_facts.hpp"

namespace dw::admin {

/// The settings that a customer changes on the page, as they are in effect.
struct PageSettings {
  struct One {
    std::string value;
    std::string from;    ///< "default", "dropwire.toml:12", "/var/lib/dropwire/page.toml:2", "--set"
    bool fixed = false;  ///< by the command line, over which the page does not win
  };
  One central;       ///< a host; empty: none
  One port_mapping;  ///< "auto", "on", "off"
  std::string running_port_mapping;
  bool needs_restart = false;  ///< something in the settings counts after a restart only
  bool can_restart = false;    ///< a service manager starts it again
};

struct PageChange {
  std::optional<std::string> central;
  std::optional<bool> router_ports;
  std::optional<PasswordHash> password;
};

/// What the page may see and change of the settings. All are called on the loop.
struct Setup {
  Claim* claim = nullptr;  ///< outlives the AdminServer
  std::function<PageSettings()> settings;
  /// Where browsers on the network find the page, "http://192.168.1.20:8079/"; none while it is on this machine alone.
  std::function<std::vector<std::string>()> addresses;
  /// Keeps it, takes it into effect, and calls `done`: all of it is done, or nothing. A password that is set closes the
  /// claim.
  std::function<void(const PageChange& change, OnOutcome done)> change;
  /// Asks a central server by each protocol and calls `done`. False: another one is being asked, and nothing is called.
  std::function<bool(const std::string& host, std::function<void(const phones::NetworkFacts&)> done)> try_central;
  /// Ends when calls have ended, to be started again by the service manager.
  std::function<Outcome()> restart;
};

}  // namespace dw::admin
