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
  std::uint16_t weight = 0;    ///< its share among those of one priority
  std::uint16_t port = 0;
  std::string target;  ///< without the last dot; empty: the service is decidedly not offered

  friend bool operator==(const SrvRecord&, const SrvRecord&) = default;
};

struct SrvAnswer {
  std::vector<SrvRecord> records;  ///< as they came; never empty
  Duration ttl{};                  ///< the least of all records in the answer section, CNAMEs too
};

inline constexpr std::size_t kMaxSrvRecords = 128;  ///< read of one answer; those behind are left out

/// The SRV records of a whole DNS message (RFC 1035 §4). Errc::not_found when it has none, malformed when its
/// answer section can't be read. What else it brings (additional addresses) is not looked at: whoever may
/// answer for one name may not answer for another.
Result<SrvAnswer> parse_srv_answer(Bytes message);

/// Gives a number from 0 to `most`, both included.
using Random = std::function<std::uint32_t(std::uint32_t most)>;

/// The order in which to try them: by priority, and within one drawn by weight (RFC 2782, "Weight").
void put_in_order(std::vector<SrvRecord>& records, const Random& random);

}  // namespace dw::net
