#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/ip_network.hpp"
#include "sbc/base/time.hpp"

/// Every setting as a value a program can use. Values only: names, defaults, ranges and the sentence that
/// explains each are in settings_access.cpp and settings_other.cpp, the one place where a setting is defined. A
/// `Config{}` is all zeroes; `default_config(mode)` or the loader (load.hpp) makes a usable one.
namespace dw::conf {

enum class Mode { edge, hosted };
/// What happens to one kind of value in a phone's config file.
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
  std::uint32_t max_unproven;  ///< sessions whose peer has not acknowledged anything yet
  double unproven_rate;        ///< new sessions a second and source
  Duration give_up;
  std::uint32_t block_after_max;  ///< what follows block 65535: 0 or 1
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
  double connection_rate;                  ///< new connections a second and source
  std::uint32_t registrations_per_minute;  ///< of one device name
  bool any_device_name;                    ///< false: SEP, ATA, SPA, VGC and AN forms alone
  std::uint32_t max_version;               ///< the highest protocol version phones may offer
  std::string text;                        ///< pass blank: addresses in alarms and XML
  Duration media_idle;                     ///< a call's media without packets for so long is silent
  std::vector<std::string> emergency;      ///< numbers that are never refused
  // Of outgoing calls; 0: no limit.
  std::uint32_t calls_per_phone, calls_per_source;                  ///< at once
  std::uint32_t call_attempts_per_phone, call_attempts_per_source;  ///< a minute
};

struct AccessSip {
  bool enable;
  std::uint16_t port;          ///< UDP and TCP
  std::uint32_t max_bindings;  ///< contacts that are registered
  std::uint32_t max_connections;
  std::uint32_t max_connections_per_source;
  double connection_rate;          ///< new TCP connections a second and source
  double message_rate;             ///< messages a second of a source without a registered phone
  double registered_message_rate;  ///< messages a second of a source with registered phones
  std::uint32_t max_transactions;
  std::uint32_t max_transactions_per_source;
  std::uint32_t max_calls;
  // Of outgoing calls; 0: no limit.
  std::uint32_t calls_per_phone, calls_per_source;                  ///< at once
  std::uint32_t call_attempts_per_phone, call_attempts_per_source;  ///< a minute
  bool unregistered_calls;                  ///< a source without a registered phone may start calls
  Duration keepalive;                       ///< toward phones behind a router
  Duration idle_timeout;                    ///< of a TCP connection without a registered phone
  Duration ban;                             ///< nothing (0): no source is ever banned
  std::uint32_t ban_after;                  ///< offences
  std::vector<std::string> scanners;        ///< words of a User-Agent
  Duration media_idle;                      ///< a call's media without packets for so long is given up
  std::vector<std::string> emergency;       ///< numbers that are never refused
  std::vector<std::string> codecs;          ///< what phones are offered (is_codec_rule); empty: as it comes
  Duration register_expires;                ///< what phones are told at most; nothing (0): what the server grants
  bool trust_identity;                      ///< a phone's word on who it is
  std::vector<std::string> remove_headers;  ///< names of fields that no phone may set
  friend bool operator==(const AccessSip&, const AccessSip&) = default;
};

struct AccessStun {
  bool enable;
  std::uint16_t port;
  std::uint16_t alternate_port;
  double rate;  ///< requests a second and source
  friend bool operator==(const AccessStun&, const AccessStun&) = default;
};

struct AccessProvisioning {
  std::string phones;  ///< who may have a device's own files: all, known, listed
  std::string list;    ///< path; empty: none
};

struct Access {
  std::vector<IpAddress> listen;       ///< at least one
  std::optional<IpAddress> advertise;  ///< nothing: "auto", the address the phone's request came to
  std::vector<IpNetwork> networks;     ///< who may ask at all; none: everybody
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
  Duration answer_timeout;  ///< how long a phone may wait for its first answer
  std::uint64_t max_file;   ///< octets
  bool prefetch;
  std::uint32_t blksize;  ///< what our TFTP client asks of tftp:// origins
  std::uint32_t windowsize;
};

struct SipServer {
  SipTransport transport = SipTransport::udp;
  HostPort server;                     ///< port 0: by SRV
  std::vector<std::string> domains{};  ///< that it is for, in lower case; "*.example.net" is all below that one
  friend bool operator==(const SipServer&, const SipServer&) = default;
};

struct CentralSccp {
  std::vector<HostPort> servers;            ///< ports always filled in
  std::vector<IpAddress> source_addresses;  ///< ours, one for each phone; empty: the system picks
  Duration connect_timeout;
  Duration retry;  ///< the first back-off of a server that failed; doubles
};

struct CentralSip {
  static constexpr std::size_t kMaxServers = 16;
  std::vector<SipServer> servers;
  bool ports_by_config =
      false;           ///< no setting: `servers` is nothing but `central`, so that phones' configs say the port
  std::string domain;  ///< empty: what the phone's config names, or the host of the first server
  std::vector<IpAddress> trusted;   ///< further addresses of the central side
  Duration ping;                    ///< between two OPTIONS; nothing (0): none are sent
  Duration answer_timeout;          ///< after which a silent server is taken for dead
  Duration retry;                   ///< the first back-off of a server that failed; doubles
  double register_rate;             ///< registrations a second toward each server
  bool path;                        ///< RFC 3327
  std::vector<std::string> codecs;  ///< what servers are offered (is_codec_rule); empty: as it comes
  friend bool operator==(const CentralSip&, const CentralSip&) = default;
};

struct CentralMedia {
  std::optional<IpAddress> advertise;  ///< nothing: "auto"
  std::vector<IpNetwork> sources;      ///< media may come from there, whatever signalling names
  bool symmetric;                      ///< toward where the far end's RTP comes from
};

struct Central {
  std::string host;  ///< the setting `central`: name or literal (no brackets), or empty
  Provisioning provisioning;
  CentralSccp sccp;
  CentralSip sip;
  CentralMedia media;
  /// Somebody said where files come from, or who registers phones: without that no phone can be served.
  bool configured() const {
    return !host.empty() || !provisioning.origins.empty() || !sccp.servers.empty() || !sip.servers.empty();
  }
};

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;  ///< included
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

struct Media {
  PortRange ports;
  std::uint32_t threads;
  bool local;                         ///< phones on one LAN may talk directly
  std::optional<std::uint32_t> dscp;  ///< nothing: "auto", what the call server asked, else 46
  Duration keepalive;                 ///< toward a phone to which nothing was sent for so long
};

/// What is found out of the routers on the way to the central side, and what the home's router is asked for.
struct Nat {
  std::optional<HostPort> stun_server;
  bool measure_lifetime;
  std::string port_mapping;          ///< auto, on, off
  Duration lifetime;                 ///< of a mapping, as asked for
  std::optional<IpAddress> gateway;  ///< nothing: "auto", as the kernel routes to the central server
  std::uint32_t streams;             ///< for how many media streams at the same time ports are mapped
  std::uint32_t warm_ports;          ///< pairs whose mapping is learned by STUN ahead of their streams
  friend bool operator==(const Nat&, const Nat&) = default;
};

struct Cache {
  bool enable;
  std::string dir;
  std::uint64_t size;    ///< octets on disk
  std::uint64_t memory;  ///< octets of files held in memory
  Duration negative;     ///< how long "not found" is remembered
  Duration revalidate;   ///< how long firmware is served without asking an origin
};

struct State {
  std::string dir;
};

/// One rule for each group of values in a phone's config; the groups are provisioning::RewriteOptions's, by
/// the same names.
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
  std::uint32_t story_steps;   ///< kept for each phone
  std::uint32_t call_records;  ///< of calls that are over
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
  std::vector<std::string> host_names;  ///< further names browsers may use for this box
  bool claim;  ///< without a password the page is claimed from the local network by a one-time code
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

/// All defaults of a mode; nothing central is set.
Config default_config(Mode mode);

}  // namespace dw::conf
