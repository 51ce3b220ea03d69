#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "nat/core/stun/stun.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/time.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw::nat {

/// A STUN server for binding requests (RFC 8489 §12) that also answers from another port, and from another
/// address where it has two, for those who test their NAT (RFC 5780). It knows no sockets: told where a
/// request came to, it says from where the answer leaves. A forged request is not worth forging: answers are
/// short, and each source has but a few a second. Of fixed size: sources share buckets by a seeded hash.
class StunResponder {
 public:
  static constexpr std::size_t kBuckets = 4096;

  struct Options {
    std::vector<IpAddress> addresses;      ///< those that sockets are bound to; two of a family make an alternate
    std::array<std::uint16_t, 2> ports{};  ///< the port, and the alternate one
    std::optional<IpAddress> advertise;    ///< what stands for our one address where clients are told of it
    double rate = 20;                      ///< requests a second of one source; twice as many at once
    std::uint64_t hash_seed = 0;           ///< a secret number
  };
  struct Arrival {
    Endpoint from;
    IpAddress local;    ///< the address that it was sent to
    unsigned port = 0;  ///< which of `ports` it came to
    bool to_group = false;
    bool truncated = false;
    Bytes octets;
  };
  struct Answer {
    IpAddress from;     ///< our address
    unsigned port = 0;  ///< which of `ports`
    Endpoint to;
    Buffer octets;
  };

  explicit StunResponder(Options options);
  /// Nothing: no answer is due (not a binding request, too many of them, a source that can't be).
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
