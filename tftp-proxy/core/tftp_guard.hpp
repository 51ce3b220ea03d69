#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/fair_share.hpp"
#include "sbc/base/known_sources.hpp"
#include "sbc/base/time.hpp"
#include "sbc/base/token_bucket.hpp"
#include "tftp-proxy/core/tftp_outbox.hpp"

namespace dw::tftp {

struct GuardOptions {
  double source_rate = 10;  ///< requests a second of one address (IPv6: /64) that has proven nothing
  double source_burst = 20;
  double network_rate = 100;  ///< the same of one /24 (IPv6: /48)
  double network_burst = 200;
  /// A request counts one so-many-th when it comes from a private address, which nobody outside can be hit
  /// through, or from a known one (KnownSources).
  double trusted_divisor = 50;
  std::uint32_t buckets = 4096;  ///< that all networks share; at least 1
  std::uint64_t hash_seed = 0;   ///< a secret number, so that nobody can choose whom to share a bucket with

  friend bool operator==(const GuardOptions&, const GuardOptions&) = default;
};

/// Decides whom to answer. UDP sources are easily forged, so an answer may hit somebody who never asked
/// (tftp-nat §1.6). Of bounded size: sources by FairRate, networks share buckets by a seeded hash, so that a flood
/// from random sources costs no memory.
class Guard {
 public:
  Guard(const GuardOptions& options, KnownSources& known);
  void configure(const GuardOptions& options);

  /// Whether this pair of endpoints may be answered at all; `ours` is where the datagram came to.
  static bool port_is_fine(const Endpoint& peer);
  static bool addresses_are_fine(const Endpoint& peer, const Endpoint& ours);

  /// Takes a request into account. Nothing: fine.
  std::optional<Refusal> admit(TimePoint now, const IpAddress& source);
  void proved(TimePoint now, const IpAddress& source);  ///< it took a whole file: it is really there
  bool known(TimePoint now, const IpAddress& source) const { return known_.known(now, source); }
  /// Whether an ERROR 5 may be sent to a stranger at a transfer's own port.
  bool may_warn_stranger(TimePoint now) { return strangers_.take(now); }

 private:
  static FairRate::Options rate_of(const GuardOptions& options);
  std::size_t place(const IpAddress& key) const;
  bool trusted(TimePoint now, const IpAddress& source) const;

  GuardOptions options_;
  KnownSources& known_;
  FairRate sources_;
  std::vector<TokenBucket> networks_;
  TokenBucket strangers_{10, 10};
};

}  // namespace dw::tftp
