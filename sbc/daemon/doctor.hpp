#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/load.hpp"
#include "sbc/admin/sources.hpp"

/// What `dropwire doctor` sees of this box from outside of the daemon: settings, ports, directories, clock.
/// What the daemon knows of itself comes from the daemon (box_doctor.hpp).
namespace dw::doctor {

/// Whether one listener could be opened now.
struct PortUse {
  enum class State { free, taken, not_allowed, no_such_address, failed };
  std::string setting;  ///< "access.tftp.port"
  Endpoint at;
  bool udp = false;
  State state{};
  std::string holder;  ///< of a taken one: "dnsmasq (process 812)", as far as we may see
  std::string error;   ///< of a failed one
};

struct DirectoryUse {
  enum class State { usable, missing, not_a_directory, not_writable, not_ours };
  std::string setting;  ///< "cache.dir"
  std::string path;
  State state{};
  std::optional<std::uint64_t> free_octets;
};

struct BoxFacts {
  enum class Daemon { running, absent, forbidden };
  Daemon daemon{};
  std::string socket;
  WallTime now{};
  std::optional<bool> clock_synchronised;  ///< nothing: the kernel does not say
  std::vector<PortUse> ports;              ///< looked at only while the daemon is absent
  std::vector<DirectoryUse> directories;   ///< likewise
  std::vector<IpAddress> own_addresses;
};

/// Pure: the facts are in `box`.
std::vector<admin::DoctorFinding> examine(const conf::Loaded& loaded, const BoxFacts& box);

/// Looks (box_facts.cpp): binds each port for a moment, touches nothing else.
BoxFacts look_at_box(const conf::Config& config, BoxFacts::Daemon daemon, const std::string& socket);

}  // namespace dw::doctor
