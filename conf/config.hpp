#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/ip_network.hpp"
#include "sbc/base/time.hpp"

/// Every setting as a typed value. Names, defaults, ranges and the sentence that explains each setting are in
/// settings_access.cpp and settings_other.cpp, the only places that define settings. A `Config{}` is all zeroes; use
/// `default_config(mode)` or the loader (load.hpp).
namespace dw::conf {

enum class Mode { edge, hosted };
/// What to do with one kind of value in a phone's config file.
enum class Rule { leave, rewrite, drop };
enum class SipTransport { udp, tcp, tls };

struct Tftp {
  bool enable;
  std::uint16_t port;
  bool single_port;
  std::uint32_t max_blksize;     ///< octets of DATA
  std::uint32_t max_windowsize;  ///< blocks
  std::uint32_t max_sessions;
  std::uint32_t max_sessions_per_source;
  std::uint32_t max_unproven;  ///< sessions whose peer has not acknowledged anything
  double unproven_rate;        ///< new sessions per second and source
  Duration give_up;
  std::uint32_t block_after_max;  ///< the number after block 65535: 0 or 1
};

struct Http {
  bool enable;
  std::uint16_t port;
  std::uint32_t max_connections;
  std::uint32_t max_connections_per_source;
  Duration idle_timeout;
};

struct AccessSccp {
  bool enable;
  std::uint16_t port;
  std::uint32_t max_connections;
  std::uint32_t max_connections_per_source;
  double connection_rate;                  ///< new connections per second and source
  std::uint32_t registrations_per_minute;  ///< per device name
  bool any_device_name;                    ///< false: only SEP, ATA, SPA, VGC and AN forms
  std::uint32_t max_version;               ///< the highest protocol version phones may offer
  std::string text;                        ///< pass or blank: addresses in alarms and XML
  Duration media_idle;                     ///< after this time without packets a call's media counts as silent
  std::vector<std::string> emergency;      ///< numbers that are never refused
  // Of outgoing calls; 0: no limit.
  std::uint32_t calls_per_phone, calls_per_source;                  ///< at once
  std::uint32_t call_attempts_per_phone, call_attempts_per_source;  ///< per minute
};

struct AccessSip {
  bool enable;
  std::uint16_t port;          ///< UDP and TCP
  std::uint32_t max_bindings;  ///< registered contacts
  std::uint32_t max_connections;
  std::uint32_t max_connections_per_source;
  double connection_rate;          ///< new TCP connections per second and source
  double message_rate;             ///< messages per second from a source without a registered phone
  double registered_message_rate;  ///< messages per second from a source with registered phones
  std::uint32_t max_transactions;
  std::uint32_t max_transactions_per_source;
  std::uint32_t max_calls;
  // Of outgoing calls; 0: no limit.
  std::uint32_t calls_per_phone, calls_per_source;                  ///< at once
  std::uint32_t call_attempts_per_phone, call_attempts_per_source;  ///< per minute
  bool unregistered_calls;                  ///< a source without a registered phone may start calls
  Duration keepalive;                       ///< to phones behind a router
  Duration idle_timeout;                    ///< of a TCP connection without a registered phone
  Duration ban;                             ///< 0: sources are never banned
  std::uint32_t ban_after;                  ///< number of abuses
  std::vector<std::string> scanners;        ///< words in a User-Agent
  Duration media_idle;                      ///< after this time without packets a call's media ends
  std::vector<std::string> emergency;       ///< numbers that are never refused
  std::vector<std::string> codecs;          ///< offered to phones (is_codec_rule); empty: unchanged
  Duration register_expires;                ///< the longest that phones get; 0: what the server grants
  bool trust_identity;                      ///< accept a phone's statements about its identity
  std::vector<std::string> remove_headers;  ///< fields that phones may not set
  friend bool operator==(const AccessSip&, const AccessSip&) = default;
};

struct AccessStun {
  bool enable;
  std::uint16_t port;
  std::uint16_t alternate_port;
  double rate;  ///< requests per second and source
  friend bool operator==(const AccessStun&, const AccessStun&) = default;
};

struct AccessProvisioning {
  std::string phones;  ///< who may get a device's own files: all, known, listed
  std::string list;    ///< path; empty: none
};

struct Access {
  std::vector<IpAddress> listen;       ///< at least one
  std::optional<IpAddress> advertise;  ///< nothing: "auto", the address to which the phone sent its request
  std::vector<IpNetwork> networks;     ///< who may use this box; none: everybody
  AccessProvisioning provisioning;
  Tftp tftp;
  Http http;
  AccessSccp sccp;
  AccessSip sip;
  AccessStun stun;
};

struct Provisioning {
  std::vector<std::string> origins;  ///< checked URLs: http, https, tftp, file
  std::string ca_file;               ///< PEM; empty: the system's store
  Duration connect_timeout;
  Duration stall_timeout;
  Duration answer_timeout;  ///< until a phone gets its first answer
  std::uint64_t max_file;   ///< octets
  bool prefetch;
  std::uint32_t blksize;  ///< requested by our TFTP client from tftp:// origins
  std::uint32_t windowsize;
};

struct SipServer {
  SipTransport transport = SipTransport::udp;
  HostPort server;                     ///< port 0: by SRV
  std::vector<std::string> domains{};  ///< domains it serves, in lower case; "*.example.net" means all below that one
  friend bool operator==(const SipServer&, const SipServer&) = default;
};

struct CentralSccp {
  std::vector<HostPort> servers;            ///< ports are always filled in
  std::vector<IpAddress> source_addresses;  ///< ours, one for each phone; empty: the system chooses
  Duration connect_timeout;
  Duration retry;  ///< the first back-off after a failure; doubles
};

struct CentralSip {
  static constexpr std::size_t kMaxServers = 16;
  std::vector<SipServer> servers;
  /// Not a setting: `servers` is just `central`, so the phones' configs determine the port.
  bool ports_by_config = false;
  std::string domain;               ///< empty: the one in the phone's config, or the first server's host
  std::vector<IpAddress> trusted;   ///< further addresses of the central side
  Duration ping;                    ///< interval between OPTIONS; 0: none are sent
  Duration answer_timeout;          ///< a server that is silent for longer counts as dead
  Duration retry;                   ///< the first back-off after a failure; doubles
  double register_rate;             ///< registrations per second to each server
  bool path;                        ///< RFC 3327
  std::vector<std::string> codecs;  ///< offered to servers (is_codec_rule); empty: unchanged
  friend bool operator==(const CentralSip&, const CentralSip&) = default;
};

struct CentralMedia {
  std::optional<IpAddress> advertise;  ///< nothing: "auto"
  std::vector<IpNetwork> sources;      ///< media may come from these, even if signalling does not name them
  bool symmetric;                      ///< send to the address from which the far end's RTP comes
};

struct Central {
  std::string host;  ///< the setting `central`: name or literal (no brackets), or empty
  Provisioning provisioning;
  CentralSccp sccp;
  CentralSip sip;
  CentralMedia media;
  /// Whether there is a source of files or a call server: otherwise no phone can be served.
  bool configured() const {
    return !host.empty() || !provisioning.origins.empty() || !sccp.servers.empty() || !sip.servers.empty();
  }
};

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;  ///< inclusive
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

struct Media {
  PortRange ports;
  std::uint32_t threads;
  bool local;                         ///< phones on one LAN may talk directly
  std::optional<std::uint32_t> dscp;  ///< nothing: "auto", what the call server requested, else 46
  Duration keepalive;                 ///< sent to a phone after this time without other packets
  std::string fast_path;              ///< auto, off
};

/// What to find out about the routers on the path to the central side, and what to request of the home's router.
struct Nat {
  std::optional<HostPort> stun_server;
  bool measure_lifetime;
  std::string port_mapping;          ///< auto, on, off
  Duration lifetime;                 ///< of a mapping, as requested
  std::optional<IpAddress> gateway;  ///< nothing: "auto", the route to the central server
  std::uint32_t streams;             ///< number of simultaneous media streams whose ports are mapped
  std::uint32_t warm_ports;          ///< pairs of ports whose mapping STUN learns before a stream needs them
  friend bool operator==(const Nat&, const Nat&) = default;
};

struct Cache {
  bool enable;
  std::string dir;
  std::uint64_t size;    ///< octets on disk
  std::uint64_t memory;  ///< octets of files held in memory
  Duration negative;     ///< how long "not found" is cached
  Duration revalidate;   ///< how long firmware is served without asking the origin
};

struct State {
  std::string dir;
};

/// One rule for each group of values in a phone's config; the groups have the same names in
/// provisioning::RewriteOptions.
struct Rewrite {
  bool enable;
  Rule call_servers;
  Rule spare_call_servers;
  Rule line_proxy;
  Rule backup_proxy;
  Rule emergency_proxy;
  Rule outbound_proxy;
  Rule nat;
  Rule transport;
  Rule security;
  Rule srst;
  Rule tvs;
  Rule capf;
  Rule tftp_server;
  Rule load_server;
  Rule firmware;
  Rule ntp;
  Rule urls;
  Rule secure_urls;
  Rule version_stamp;
  Rule trust_lists;  ///< the origin's CTL and ITL files: leave or drop
};

struct Phones {
  std::uint32_t max_devices;
  std::uint32_t story_steps;   ///< kept per phone
  std::uint32_t call_records;  ///< of finished calls
  Duration call_records_age;
};

struct Log {
  std::string level;   ///< trace debug info warn error
  std::string format;  ///< auto text journal json
};

struct Drain {
  Duration timeout;
};

struct Admin {
  bool enable;
  Endpoint listen;
  std::string socket;         ///< path of the Unix control socket; empty: none
  std::string password_file;  ///< path
  std::uint32_t max_connections;
  std::vector<std::string> host_names;  ///< further names by which browsers may reach this box
  bool claim;  ///< without a password, the page can be claimed from the local network with a one-time code
};

struct Config {
  Mode mode;
  Access access;
  Central central;
  Media media;
  Nat nat;
  Cache cache;
  State state;
  Rewrite rewrite;
  Phones phones;
  Log log;
  Drain drain;
  Admin admin;
};

/// All defaults for a mode; nothing central is set.
Config default_config(Mode mode);

}  // namespace dw::conf
