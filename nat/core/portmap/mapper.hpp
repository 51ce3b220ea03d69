#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nat/core/portmap/actions.hpp"
#include "nat/core/portmap/mappings.hpp"
#include "nat/core/portmap/natpmp_client.hpp"
#include "nat/core/portmap/pcp_client.hpp"
#include "nat/core/portmap/types.hpp"
#include "nat/core/portmap/upnp_client.hpp"

namespace dw::nat::portmap {

/// Keeps a list of our ports mapped in the router. Finds out what the router speaks (PCP, then NAT-PMP, then UPnP), has
/// that protocol's Client renew mappings at half of their lifetime, asks for all again when the router has restarted,
/// watches its external address, and removes all mappings at the end. For one router and one local address: when either
/// changes, make a new Mapper. IPv4 only. No I/O.
class Mapper {
 public:
  using Event = portmap::Event;
  using Actions = portmap::Actions;
  static constexpr std::size_t kMaxWanted = 256;

  struct Options {
    IpAddress gateway, ours;
    std::vector<Wanted> wanted;  ///< those beyond kMaxWanted are ignored
    std::chrono::seconds lifetime = std::chrono::hours(1);
    std::function<std::uint64_t()> random;
    /// Must be unguessable, as nothing else protects against forged PCP answers, and the same in the next run for the
    /// same port: a router renews or deletes a mapping only for its nonce (RFC 6887 §11.3).
    std::function<pcp::Nonce(const Wanted&)> nonce;
  };

  explicit Mapper(Options options);

  Actions start(TimePoint now);
  /// A datagram that our socket received.
  Actions on_datagram(TimePoint now, const Endpoint& from, Bytes octets);
  /// A datagram for 224.0.0.1:5350. Anybody on the LAN can send there, so it only makes us ask the router at once.
  Actions on_announcement(TimePoint now, const Endpoint& from, Bytes octets);
  Actions on_upnp(TimePoint now, const UpnpAnswer& answer);
  /// ICMP says that nothing listens on the gateway's port 5351. While probing, UPnP is tried at once.
  Actions on_port_unreachable(TimePoint now);
  Actions on_deadline(TimePoint now);
  /// Removes all mappings; `stopped()` once that is done or given up.
  Actions stop(TimePoint now);
  TimePoint next_deadline() const;  ///< TimePoint::max(): nothing is due

  /// Our external address as STUN saw it: if it differs from the router's, there is a second NAT. Forgotten when the
  /// router's address changes; ask STUN again then.
  Actions set_reflexive(TimePoint now, const std::optional<IpAddress>& address);

  /// Who may reach the filtered ports, at most pcp::kMaxFilters after merging. Nothing: everybody, and `why` gives the
  /// reason in a few words. Asks the router again at once when that changes.
  Actions set_peers(TimePoint now, std::optional<std::vector<IpNetwork>> peers, std::string why = {});

  bool stopped() const { return phase_ == Phase::stopped; }
  /// The mappings that may be advertised to the central side: none behind a double NAT.
  std::vector<Granted> usable() const { return mappings_.usable(); }
  Facts facts() const;
  FilterFacts filter_facts() const;

 private:
  enum class Phase : std::uint8_t { idle, probing, asking, backing_off, stopping, stopped };

  void pump(TimePoint now, Actions& actions);
  void begin(TimePoint now, Actions& actions);
  void probe(TimePoint now, Client& client, Actions& actions);
  void probe_next(TimePoint now, Actions& actions);
  void back_off(TimePoint now, Actions& actions);
  void on_pcp(TimePoint now, const pcp::Response& response, Actions& actions);
  void on_nat_pmp(TimePoint now, const natpmp::Response& response, Actions& actions);
  void speaks(TimePoint now, Actions& actions);
  bool is_probing(const Client& client) const { return phase_ == Phase::probing && client_ == &client; }
  Stage stage() const;  ///< of client_
  Protocol protocol() const;

  IpAddress gateway_, ours_;
  Mappings mappings_;
  PcpClient pcp_{mappings_, ours_};
  NatPmpClient nat_pmp_{mappings_};
  UpnpClient upnp_{mappings_};
  Phase phase_ = Phase::idle;
  Client* client_ = nullptr;  ///< the one that probes, or whose protocol the router speaks; null: none
  TimePoint retry_at_{};
  unsigned back_offs_ = 0;
  TimePoint announced_ = TimePoint::min();
};

}  // namespace dw::nat::portmap
