#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/source.hpp"
#include "sbc/base/source_table.hpp"
#include "sbc/sip/flow.hpp"
#include "sbc/sip/message.hpp"

namespace dw::sip {

/// To which port responses go by UDP (RFC 3261 §18.2.2, RFC 3581). A phone behind a router may listen at the port of
/// its Via and not at the one that it sends from; only its retransmissions show that (sip-sbc §2.4). Owns the list of
/// those that do, by a hash of source and sent-by; when it is full, strangers make room first. No I/O.
class AnswerPorts {
 public:
  static constexpr std::size_t kMax = 16'384;

  /// `seed`: 64 unguessable bits.
  explicit AnswerPorts(std::uint64_t seed) : hash_(seed), at_via_(kMax, seed) {}

  /// Where responses to this request go; over a connection the port does not matter. `standing`: its source's.
  Endpoint of(TimePoint now, Standing standing, const Message& request, const Flow& from);
  /// Responses went to `before` and were not heard there: from now on they go to the port that is returned. Nothing:
  /// the phone asked for rport, or its Via has its own address, so that there is no other port to try.
  std::optional<Endpoint> try_other(TimePoint now, Standing standing, const Message& request, const Flow& from,
                                    const Endpoint& before);
  void append_tables(MetricsText& out) const;

 private:
  struct Listens {};  ///< at the port of its Via
  std::uint64_t key_of(const Message& request, const Flow& from) const;

  KeyedHash hash_;
  SourceTable<std::uint64_t, Listens> at_via_;
};

}  // namespace dw::sip
