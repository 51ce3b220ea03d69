#pragma once
#include <optional>
#include <vector>

#include "nat/core/stun/stun.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/time.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw::proxy {

/// STUN on the SIP port, by which phones keep a flow open and check that it is (RFC 5626 §4.4.2, §5.4). A binding
/// request is answered with its source address, and to that address only. The answer is 12 octets longer than the
/// shortest request, so strangers get only one a second; a registered phone's address gets as many as a home needs.
/// The size is fixed: sources share buckets by a seeded hash. No I/O.
class SipStun {
 public:
  static constexpr double kStrangers = 1, kPhones = 50;  ///< a second for each source; bursts of five times that
  static constexpr double kAllStrangers = 20;            ///< a second for all strangers together
  static constexpr std::size_t kBuckets = 1024;

  explicit SipStun(std::uint64_t hash_seed);
  /// RFC 8489 §6: no SIP message begins like this.
  static bool is_stun(Bytes datagram);
  /// Nothing: no answer is to be sent. `known`: the address is a registered phone's or the central side's.
  std::optional<Buffer> answer(TimePoint now, const Endpoint& from, bool known, Bytes datagram);
  void append_metrics(MetricsText& out) const;

 private:
  bool admits(TimePoint now, const IpAddress& source, bool known);

  std::uint64_t hash_seed_;
  std::vector<TokenBucket> strangers_, phones_;
  TokenBucket all_strangers_{kAllStrangers, 5 * kAllStrangers};
  std::uint64_t answered_ = 0, limited_ = 0, ignored_ = 0;
};

}  // namespace dw::proxy
