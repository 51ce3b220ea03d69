#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbc/base/ip_network.hpp"
#include "sbc/base/known_sources.hpp"
#include "sbc/base/source.hpp"
#include "sbc/base/token_bucket.hpp"
#include "sbc/sip/bindings.hpp"
#include "sbc/sip/connections.hpp"
#include "sbc/sip/guard.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/proxy_options.hpp"
#include "sbc/sip/servers.hpp"

namespace dw::sip {

/// Who a message is from: which side, how well we know its source, whether it is heard at all, and what it did wrong.
/// Owns the Guard, the networks of this machine's interfaces, and when a stranger last came through the router. Reads
/// servers, bindings and connections. No I/O.
class Sources {
 public:
  Sources(const ProxyOptions& options, const Servers& servers, const Bindings& bindings, const Connections& connections,
          const KnownSources& known, std::uint64_t seed)
      : options_(options),
        servers_(servers),
        bindings_(bindings),
        connections_(connections),
        known_(known),
        guard_(options.guard, seed) {}
  void configure() { guard_.configure(options_.guard); }

  // ---- of which side ----

  /// The server that stands there, or in whose name a trusted address speaks; nothing: it is of the access side.
  std::optional<std::size_t> server_of(const Flow& from) const;
  bool is_central(const Flow& from) const { return server_of(from).has_value(); }
  /// An address beside the servers' from which the central side may send.
  bool is_trusted(const IpAddress& address) const;
  /// By UDP from a server's address, and not from a port of it. Responses may come from there: their branch is a
  /// secret.
  bool is_other_port_of_server(const Flow& from) const;

  // ---- how well known ----

  /// It is the central side's, or a phone is registered from its address.
  bool knows(const Flow& from) const { return is_central(from) || bindings_.knows_source(from.peer.address); }
  /// Registered: a phone is registered from there. What other services know of an address, and an earlier registration,
  /// make it proven at most.
  Standing standing(TimePoint now, const IpAddress& address) const;
  /// Whether phones there may call without a registration.
  bool takes_unregistered(const Flow& from) const {
    return options_.unregistered_calls && (!options_.at_home || is_on_lan(from.peer.address));
  }

  // ---- whether it is heard ----

  void set_lan(std::vector<IpNetwork> lan) { lan_ = std::move(lan); }
  /// False: it came to an edge from the internet, through a port of the router's, and is neither the central side's nor
  /// of a registered phone's address.
  bool hears(const Flow& from) const;
  /// All of IPv4 that hears() lets through the home's router, for those who ask the router to keep out all others.
  /// Nothing: everybody is heard, or no list can say who is; then `why` says why, and is empty where that is as it
  /// should be.
  struct Heard {
    std::optional<std::vector<IpNetwork>> networks;
    std::string why;
  };
  Heard heard_through_router() const;
  /// hears() said no to a message.
  void not_heard(TimePoint now, const Flow& from, Output& out);
  TimePoint last_stranger() const { return last_stranger_; }  ///< that was not heard; min(): never
  /// Whether a message that is no SIP may be looked at; it counts as one of its source.
  bool admits(TimePoint now, const Flow& from);

  // ---- what it did wrong ----

  /// A request that has a server's address and another port. Nobody is blamed: whoever forges that address would have
  /// the server banned.
  void refuse_other_port(TimePoint now, const Flow& from, Output& out);
  /// A step toward a ban.
  void abuse(TimePoint now, const Flow& from, std::string_view what, Output& out);
  /// Reports it; no step toward a ban.
  void note_abuse(const Flow& from, std::string_view what, Output& out) const;

  Guard& guard() { return guard_; }
  const Guard& guard() const { return guard_; }

 private:
  bool is_on_lan(const IpAddress& address) const;

  const ProxyOptions& options_;
  const Servers& servers_;
  const Bindings& bindings_;
  const Connections& connections_;
  const KnownSources& known_;
  Guard guard_;
  std::vector<IpNetwork> lan_;
  TimePoint last_stranger_ = TimePoint::min();
  TokenBucket dropped_events_{1, 10};
};

}  // namespace dw::sip
