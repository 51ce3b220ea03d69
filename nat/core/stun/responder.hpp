#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "nat/core/stun/stun.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/time.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw::nat {

/// A STUN server for binding requests (RFC 8489 §12). It can also answer from another port, and from another address if
/// it has two, for clients that test their NAT (RFC 5780). It has no sockets: given where a request arrived, it returns
/// from where the answer leaves. It is useless for reflection: answers are no longer than requests, and each source is
/// limited to a few a second. Fixed memory: sources share buckets by a seeded hash.
class StunResponder {
 public:
  static constexpr std::size_t kBuckets = 4096;

  struct Options {
    /// Those that sockets are bound to; two of a family are alternates of each other.
    std::vector<IpAddress> addresses;
    std::array<std::uint16_t, 2> ports{};  ///< the port, and the alternate one
    std::optional<IpAddress> advertise;    ///< stands for our only address where an answer names it
    double rate = 20;                      ///< requests a second from one source; bursts of twice as many
    std::uint64_t hash_seed = 0;           ///< random, and kept secret
  };
  struct Arrival {
    Endpoint from;
    IpAddress local;    ///< the address that it was sent to
    unsigned port = 0;  ///< index into `ports`
    bool to_group = false;
    bool truncated = false;
    Bytes octets;
  };
  struct Answer {
    IpAddress from;     ///< our address
    unsigned port = 0;  ///< index into `ports`
    Endpoint to;
    Buffer octets;
  };

  explicit StunResponder(Options options);
  /// Nothing: no answer (not a binding request, over the limit, an impossible source).
  std::optional<Answer> on_datagram(TimePoint now, const Arrival& arrival);
  void append_metrics(MetricsText& out) const;

  struct Counters {
    std::uint64_t requests = 0, answered = 0, refused = 0, limited = 0, malformed = 0, ignored = 0, octets_in = 0,
                  octets_out = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  std::optional<IpAddress> alternate_of(const IpAddress& local) const;
  bool admits(TimePoint now, const IpAddress& source);
  StunMessage answer_to(const StunMessage& request, const Arrival& arrival, Answer& answer) const;

  Options options_;
  std::vector<TokenBucket> buckets_;
  TokenBucket all_;
  Counters counters_;
};

}  // namespace dw::nat
