#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nat/core/portmap/epoch.hpp"
#include "nat/core/portmap/filter.hpp"
#include "nat/core/portmap/natpmp.hpp"
#include "nat/core/portmap/pcp.hpp"
#include "nat/core/portmap/types.hpp"

namespace dw::nat::portmap {

/// What to do by UPnP, all in one go; it blocks, so it is done elsewhere, and Mapper::on_upnp tells what came of it.
struct UpnpAsk {
  struct Port {
    Wanted wanted;
    std::uint16_t external = 0;  ///< as suggested, or as granted
    bool after_previous =
        false;  ///< the one before it in `map` is its pair's first: it goes to the port after that one's
  };
  std::vector<Port> map, unmap;
  std::optional<Port> check;   ///< is this one still there?
  std::uint32_t lifetime = 0;  ///< seconds
};
struct UpnpAnswer {
  struct Port {
    Wanted wanted;
    std::uint16_t external = 0;  ///< 0: refused
    std::uint32_t lifetime = 0;  ///< 0: until the router restarts
    std::string problem;
  };
  bool found = false;  ///< there is a router that does it
  IpAddress external;
  std::vector<Port> ports;  ///< one for each of UpnpAsk::map, in its order
  bool check_failed = false;
  std::string problem;  ///< why none was found, or what went wrong beside the ports
};

/// Keeps a list of our ports mapped in the router: finds out what the router speaks (PCP, then NAT-PMP, then UPnP),
/// renews at half of the lifetime, asks anew when the router restarted, watches its external address, and takes
/// everything back at the end. For one router and one address of ours: when either changes, a new Mapper takes over.
/// IPv4. Octets and time in, actions out.
class Mapper {
 public:
  static constexpr std::size_t kMaxWanted = 256;
  static constexpr std::uint32_t kMaxLifetime =
      24 * 3600;  ///< s; what is granted beyond is renewed as if it ended then

  struct Options {
    IpAddress gateway, ours;
    std::vector<Wanted> wanted;  ///< those beyond kMaxWanted are left out
    std::chrono::seconds lifetime = std::chrono::hours(1);
    std::function<std::uint64_t()> random;
    /// Unguessable, as it is all that tells PCP's answers from forged ones, and the same in the next run for the same
    /// port: a router renews a mapping, or takes it back, for its nonce alone (RFC 6887 §11.3).
    std::function<pcp::Nonce(const Wanted&)> nonce;
  };
  struct Event {
    enum class Kind : std::uint8_t {
      mapped,   ///< granted for the first time, or at another external port or address
      renewed,  ///< the same again
      refused,  ///< `text` says why
      lost,     ///< it ran out
      removed,  ///< taken back at the end
      address,  ///< the router's external address is new
      double_nat,
      rebooted,  ///< the router lost its mappings
      nobody,    ///< no protocol was answered; tried again later
      filtered,  ///< the router agreed to let only our peers reach the filtered ports
      filter_refused,
    };
    Kind kind{};
    Wanted wanted{};
    Endpoint external{};
    Duration lifetime{};
    std::string text{};
  };
  struct Actions {
    std::vector<Buffer> datagrams;  ///< to the gateway, port 5351
    std::optional<UpnpAsk> upnp;    ///< one at a time: the next comes after on_upnp
    std::vector<Event> events;
    bool changed = false;  ///< ask granted() again
  };

  explicit Mapper(Options options);

  Actions start(TimePoint now);
  /// What came to our socket.
  Actions on_datagram(TimePoint now, const Endpoint& from, Bytes octets);
  /// What came to 224.0.0.1:5350. Anybody on the LAN can send there, so it only makes us ask the router at once.
  Actions on_announcement(TimePoint now, const Endpoint& from, Bytes octets);
  Actions on_upnp(TimePoint now, const UpnpAnswer& answer);
  /// ICMP says that nothing listens on the gateway's port 5351. While the router is looked for, UPnP's turn comes at
  /// once.
  Actions on_port_unreachable(TimePoint now);
  Actions on_deadline(TimePoint now);
  /// Takes all mappings back; `stopped()` once that is done or given up.
  Actions stop(TimePoint now);
  TimePoint next_deadline() const;  ///< TimePoint::max(): none

  /// Our address as the internet sees it, by STUN: another one than the router's external address means one more NAT.
  /// Forgotten when the router's address changes: ask STUN anew then.
  Actions set_reflexive(TimePoint now, const std::optional<IpAddress>& address);

  /// Who may reach the filtered ports, at most pcp::kMaxFilters after merging; nothing: everybody, and `why` says what
  /// keeps us from asking for less, in a few words. Asks again at once when that changes.
  Actions set_peers(TimePoint now, std::optional<std::vector<IpNetwork>> peers, std::string why = {});

  bool stopped() const { return phase_ == Phase::stopped; }
  /// Those that the central side may be told: none behind a double NAT.
  std::vector<Granted> usable() const;
  Facts facts() const;
  FilterFacts filter_facts() const;

 private:
  enum class Phase : std::uint8_t { idle, pcp, nat_pmp, upnp, running, resting, stopping, stopped };
  struct Entry {
    Wanted wanted;
    pcp::Nonce nonce{};
    std::optional<Granted> granted;
    bool asked = false;  ///< a request is under way, `due` is when it is sent again
    bool tried = false;  ///< the router may have granted it without our knowing
    TimePoint due{};
    unsigned tries = 0;  ///< of the request under way
    unsigned refusals = 0;
    std::string problem;
    unsigned filter_asked = 0;   ///< PeerFilter::version() of the request under way
    unsigned filter_agreed = 0;  ///< of the last that was granted
  };

  // portmap_mapper.cpp: what happens when
  void pump(TimePoint now, Actions& actions);
  void expire(TimePoint now, Actions& actions);
  void begin(TimePoint now, Actions& actions);
  void probe_next(TimePoint now, Phase phase, Actions& actions);
  void rest(TimePoint now, Actions& actions);
  void run(TimePoint now, Protocol protocol, Actions& actions);
  void ask_due(TimePoint now, Actions& actions);
  void ask_upnp(TimePoint now, Actions& actions);
  void remove_due(TimePoint now, Actions& actions);
  void removed(std::size_t at, Actions& actions);
  bool may_ask(std::size_t at) const;
  std::size_t window() const { return protocol_ == Protocol::nat_pmp ? 1 : kWindow; }
  std::size_t under_way() const;
  // portmap_ask.cpp: one request
  void send_map(TimePoint now, Entry& entry, std::uint32_t lifetime, Actions& actions);
  void send_address_request(TimePoint now, Actions& actions);
  Duration resend_after(TimePoint now, const Entry& entry);
  void ask_filter_again(TimePoint now);
  bool on_filter_refused(TimePoint now, Entry& entry, pcp::Code code, Actions& actions);
  void judge_filter(TimePoint now, Actions& actions);
  Endpoint suggestion(std::size_t at) const;
  Duration jittered(Duration about);
  // portmap_answer.cpp: what the router said
  void on_pcp(TimePoint now, const pcp::Response& response, Actions& actions);
  void on_nat_pmp(TimePoint now, const natpmp::Response& response, Actions& actions);
  void on_external(TimePoint now, const IpAddress& said, Actions& actions);
  void on_granted(TimePoint now, std::size_t at, Endpoint external, std::uint32_t lifetime, Actions& actions);
  void on_refused(TimePoint now, std::size_t at, std::string why, Duration lasts, Actions& actions);
  void on_last_upnp(TimePoint now, const UpnpAnswer& answer, Actions& actions);
  void on_state_lost(TimePoint now, Actions& actions);
  void judge_address(Actions& actions);
  std::size_t entry_of(const Wanted& wanted) const;

  static constexpr std::size_t kWindow = 4;     ///< PCP requests under way
  static constexpr unsigned kPcpProbes = 2;     ///< of 3 s and 6 s, before NAT-PMP is tried
  static constexpr unsigned kNatPmpProbes = 5;  ///< 7.75 s in all, before UPnP is tried
  static constexpr unsigned kNatPmpTries = 9;   ///< RFC 6886 §3.1
  static constexpr unsigned kSilentTries = 5;   ///< of a first PCP request to a router that spoke it before
  static constexpr unsigned kRemoveTries = 3;
  static constexpr Duration kWatch = std::chrono::seconds(60);  ///< the router is asked something this often
  /// A port is asked for anew no sooner, however short the router's lifetimes are (RFC 6887 §11.2.1).
  static constexpr Duration kRenewAgain = std::chrono::seconds(4);

  Options options_;
  Phase phase_ = Phase::idle;
  Protocol protocol_ = Protocol::none;
  std::vector<Entry> entries_;
  Epoch epoch_;
  // The request for the external address: NAT-PMP's own, and UPnP's check.
  bool address_asked_ = false;
  TimePoint address_due_{};
  unsigned address_tries_ = 0;
  bool upnp_busy_ = false, upnp_unmapping_ = false;
  TimePoint rest_until_{};
  unsigned rests_ = 0;
  TimePoint announced_ = TimePoint::min(), state_lost_ = TimePoint::min();
  IpAddress external_;
  std::optional<IpAddress> reflexive_;
  PeerFilter filter_;
  bool filter_agreed_ = false;
  TimePoint filter_since_{};
  bool double_nat_ = false;
  std::string last_error_;
  std::uint64_t reboots_ = 0;
};

}  // namespace dw::nat::portmap
