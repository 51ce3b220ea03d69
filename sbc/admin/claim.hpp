#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "sbc/admin/login_limit.hpp"
#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"
#include "sbc/net/random.hpp"

namespace dw::admin {

/// Lets somebody on the box's own network, with its one-time code, set the first password (SECURITY.md). Open for
/// kOpenFor after each start; guesses are limited like wrong passwords. No clock, no I/O.
class Claim {
 public:
  static constexpr Duration kOpenFor = std::chrono::hours(24);
  static constexpr std::size_t kLetters = 8;  ///< in a code, of 32 possible ones each: 40 bits

  /// Makes a code of kLetters random octets, without letters and digits that look alike.
  static std::string code_of(Bytes random);
  /// The code without blanks and hyphens, in upper case; empty when it can't be a code.
  static std::string normalised(std::string_view typed);
  /// RFC 1918, link-local (IPv4 and IPv6), RFC 4193 and loopback. Not a carrier's NAT (RFC 6598), which many strangers
  /// share.
  static bool is_on_local_network(const IpAddress& source);

  void open(TimePoint now, std::string code);
  void close() { code_.clear(); }
  bool is_open(TimePoint now) const { return !code_.empty() && now < until_; }
  TimePoint until() const { return until_; }  ///< once it was opened
  std::string shown() const;                  ///< "K7Q4-M2XD"; empty after close()

  struct Verdict {
    enum class Kind : std::uint8_t {
      closed,    ///< it can't be claimed now
      stranger,  ///< not on a local network
      wait,      ///< not checked, after too many wrong codes: try again after `wait`
      wrong,
      right,  ///< the claim stays open until close()
    } kind = Kind::closed;
    Duration wait{};
  };
  Verdict offer(TimePoint now, const IpAddress& source, std::string_view typed);

 private:
  std::string code_;
  TimePoint until_{};
  LoginLimit limit_{net::random_u64()};
};

}  // namespace dw::admin
