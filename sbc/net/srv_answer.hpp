#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"

namespace dw::net {

/// One host that offers a service (RFC 2782).
struct SrvRecord {
  std::uint16_t priority = 0;  ///< the lowest is tried first
  std::uint16_t weight = 0;    ///< its share among those of the same priority
  std::uint16_t port = 0;
  std::string target;  ///< without the last dot; empty: the service is explicitly not offered

  friend bool operator==(const SrvRecord&, const SrvRecord&) = default;
};

struct SrvAnswer {
  std::vector<SrvRecord> records;  ///< in the order received; never empty
  Duration ttl{};                  ///< the lowest of all records in the answer section, CNAMEs too
};

inline constexpr std::size_t kMaxSrvRecords = 128;  ///< read from one answer; further ones are ignored

/// The SRV records in a complete DNS message (RFC 1035 §4). Errc::not_found when it has none, malformed when its answer
/// section can't be parsed. Additional addresses are ignored: a server that may answer for one name may not be entitled
/// to answer for another.
Result<SrvAnswer> parse_srv_answer(Bytes message);

/// Returns a number from 0 to `most`, inclusive.
using Random = std::function<std::uint32_t(std::uint32_t most)>;

/// Sorts into the order in which to try them: by priority, and within one at random by weight (RFC 2782, "Weight").
void put_in_order(std::vector<SrvRecord>& records, const Random& random);

}  // namespace dw::net
