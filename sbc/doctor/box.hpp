#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nat/core/portmap/types.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"
#include "sbc/doctor/audio_way.hpp"
#include "sbc/doctor/finding.hpp"
#include "sbc/doctor/network_facts.hpp"
#include "sbc/phones/audio_heard.hpp"
#include "sbc/phones/protocol.hpp"

// What is known of the machine that Dropwire runs on, and the findings about it.
namespace dw::doctor {

/// One service with its listeners: "tftp", "http", "sccp", "sip", "stun", "admin".
struct Service {
  std::string name;
  bool enabled = true;              ///< false with an error: Dropwire runs without it
  std::vector<Endpoint> addresses;  ///< where it listens; empty while it does not
  std::string error;                ///< why it does not
  bool up() const { return !addresses.empty() && error.empty(); }
};

struct OriginState {
  std::string url;  ///< without user and password
  bool healthy = true;
  std::string last_error;
  std::optional<WallTime> last_answer, next_try;
  bool has_answered = true;  ///< ever since it was configured
};

struct CacheState {
  std::string directory;
  bool storing = false;
  std::uint64_t files = 0, octets = 0, max_octets = 0;
};

/// One of central.sccp.servers or central.sip.servers.
struct CallServer {
  enum class State : std::uint8_t {
    untried,  ///< it was not asked yet
    silent,   ///< it was asked and has never answered
    up,       ///< it has answered, and nothing has failed since
    down,
  };
  std::string name;          ///< "pbx.example.net:2000"
  bool up = true;            ///< nothing has failed since its last answer, or it was not tried yet
  std::uint64_t phones = 0;  ///< connected to it now
  std::string last_error;
  std::optional<WallTime> next_try;  ///< set while it is down: when it is probed next
  phones::Protocol protocol = phones::Protocol::sccp;
  std::string transport = "tcp";          ///< "udp", "tcp", "tls"
  std::optional<WallTime> last_answer{};  ///< when it last sent anything
  std::optional<WallTime> since{};        ///< since when it is down, or has not answered a request

  State state() const { return !up ? State::down : last_answer ? State::up : since ? State::silent : State::untried; }
};

std::string_view to_string(CallServer::State state);  ///< "untried", "silent", "up", "down"

/// Whether the kernel carries media (media.fast_path).
struct FastPathState {
  enum class State : std::uint8_t { off, unavailable, on };
  State state = State::off;
  std::string why;                      ///< not on: the reason, and what to do if something can be done
  std::uint64_t streams = 0;            ///< that it carries now
  std::vector<std::string> interfaces;  ///< each with what the program does there
};

std::string_view to_string(FastPathState::State state);  ///< "off", "unavailable", "on"

/// How much of media.ports is in use, and how much audio this box dropped.
struct MediaState {
  std::uint64_t streams = 0;   ///< open now
  std::uint64_t capacity = 0;  ///< the maximum; 0: no media is relayed
  std::uint64_t lately = 0;    ///< packets that came in the last five minutes
  std::uint64_t dropped = 0;   ///< of these, dropped by this box, which was too slow
  FastPathState fast_path{};
};

/// This box drops so much audio that people hear it.
bool too_slow(const MediaState& media);

/// Whether one listener could be opened now.
struct PortUse {
  enum class State { free, taken, not_allowed, no_such_address, failed };
  std::string setting;  ///< "access.tftp.port"
  Endpoint at;
  bool udp = false;
  State state{};
  std::string holder;  ///< if it is taken: "dnsmasq (process 812)", as far as we have permission to see
  std::string error;   ///< if it failed
  bool needed = true;  ///< false: Dropwire starts without it (STUN)
};

struct DirectoryUse {
  enum class State { usable, missing, not_a_directory, not_writable, not_ours };
  std::string setting;  ///< "cache.dir"
  std::string path;
  State state{};
  std::optional<std::uint64_t> free_octets;
};

/// A problem of the settings on disk.
struct SettingsProblem {
  bool error = false;  ///< false: a warning
  std::string place;   ///< "dropwire.toml:12"; empty: nowhere in a file
  std::string text, hint;
};

/// A source that access.networks keeps out.
struct RefusedSource {
  IpAddress source;
  std::string service;  ///< the door it came to: "tftp"
  std::string device;   ///< a phone that it asked for, or that is known at its address; empty: none
  std::uint64_t times = 0;
  WallTime last{};
};

/// A source that asked for more names than phones do.
struct Enumerator {
  IpAddress source;
  std::string transport;  ///< "tftp", "http"
  std::string example;    ///< a name that was refused
  std::uint64_t refused = 0;
  WallTime last{};
};

/// What the running daemon knows of itself.
struct OwnFacts {
  bool configured = true;                    ///< a central server, an origin or a call server is set
  std::vector<std::string> phone_addresses;  ///< that a person may enter as TFTP Server 1
  bool loopback_only = false;                ///< access.listen names nothing else
  bool only_ipv6 = false;                    ///< this machine has no IPv4 address, but IPv6 ones
  std::vector<Service> services;
  std::vector<OriginState> origins;
  bool cache_enabled = true;
  CacheState cache;
  bool sccp_enabled = true;
  std::size_t sccp_servers = 0, sip_servers = 0;  ///< how many the settings name
  std::vector<CallServer> call_servers;
  bool sip_phones = false;  ///< Inventory::knows(sip): registered or not
  MediaState media;
};

/// Facts about the box, from inside by the daemon, or from outside by `dropwire doctor`. What was not checked
/// is empty, and leads to no finding.
struct BoxFacts {
  enum class Daemon { running, absent, forbidden };
  Daemon daemon = Daemon::running;
  std::string socket;
  std::optional<OwnFacts> own;
  std::vector<SettingsProblem> settings;
  std::vector<std::string> origins_here;  ///< origins that are this Dropwire itself
  std::vector<PortUse> ports;             ///< checked only while the daemon does not run
  std::vector<DirectoryUse> directories;
  bool configs_open = false;  ///< hosted, and access.provisioning.phones is "all"
  bool hosted = false;        ///< phones come from outside: this box must be reachable
  NetworkFacts network;
  std::optional<nat::portmap::Facts> mapping;  ///< of ports that the router was asked for
  std::optional<AudioWay> audio;               ///< nothing: hosted, or no media is relayed
  phones::AudioHeard heard;
  std::optional<RouterMoved> moved;     ///< during calls
  std::vector<RefusedSource> refused;   ///< latest first
  std::vector<Enumerator> enumerators;  ///< likewise
  std::string forward;                  ///< the ports to forward: "UDP 5060 and 20000-29999"
  bool look_at_clock = false;
  std::optional<bool> clock_synchronised;  ///< nothing: the kernel does not say
};

/// Whether it was asked and does not answer: down, or silent for a while.
bool ails(const CallServer& server, WallTime now);
/// Pure: all facts are in `box`; `now` is the wall clock. Most severe first.
std::vector<Finding> box_findings(const BoxFacts& box, WallTime now);

}  // namespace dw::doctor
