#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sbc/admin/claim.hpp"
#include "sbc/admin/credentials.hpp"
#include "sbc/admin/outcome.hpp"
#include "sbc/doctor/network_facts.hpp"

namespace dw::admin {

/// The settings that a customer can change on the page, with their current values.
struct PageSettings {
  struct One {
    std::string value;
    std::string from;    ///< "default", "dropwire.toml:12", "/var/lib/dropwire/page.toml:2", "--set"
    bool fixed = false;  ///< set on the command line, which takes precedence over the page
  };
  One central;       ///< a host; empty: not set
  One port_mapping;  ///< "auto", "on", "off"
  std::string running_port_mapping;
  bool needs_restart = false;  ///< some setting takes effect only after a restart
  bool can_restart = false;    ///< a service manager would start it again
};

struct PageChange {
  std::optional<std::string> central;
  std::optional<bool> router_ports;
  std::optional<PasswordHash> password;
};

/// What the page may see and change of the settings. All functions are called on the loop.
struct Setup {
  Claim* claim = nullptr;  ///< outlives the AdminServer
  std::function<PageSettings()> settings;
  /// URLs of the page for browsers on the network, "http://192.168.1.20:8079/"; none if it listens on this machine
  /// only.
  std::function<std::vector<std::string>()> addresses;
  /// Stores the change, applies it, and calls `done`: either all of it is done or nothing. Setting a password closes
  /// the claim.
  std::function<void(const PageChange& change, OnOutcome done)> change;
  /// Tries a central server with each protocol and calls `done`. False: another try is running, and `done` is not
  /// called.
  std::function<bool(const std::string& host, std::function<void(const doctor::NetworkFacts&)> done)> try_central;
  /// Exits once calls have ended, so that the service manager starts it again.
  std::function<Outcome()> restart;
};

}  // namespace dw::admin
