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

/// How a box that has no password is taken over by whoever has its one-time code and is on its own network
/// (SECURITY.md). Open for kOpenFor, once for each start; guesses are slowed as wrong passwords are. No clock, no I/O.
class Claim {
 public:
  static constexpr Duration kOpenFor = std::chrono::hours(24);
  static constexpr std::size_t kLetters = 8;  ///< of a code, each one of 32: 40 bits

  /// Of kLetters random octets: letters and digits that nobody takes for another one.
  static std::string code_of(Bytes random);
  /// As it was typed, in either case, with blanks and hyphens anywhere; empty when it can be no code.
  static std::string normalised(std::string_view typed);
  /// RFC 1918, link-local (IPv4 and IPv6), RFC 4193 and loopback. Not a provider's NAT (RFC 6598): that is a crowd.
  static bool is_on_local_network(const IpAddress& source);

  void open(TimePoint now, std::string code);
  void close() { code_.clear(); }
  bool is_open(TimePoint now) const { return !code_.empty() && now < until_; }
  TimePoint until() const { return until_; }  ///< of one that was opened
  std::string shown() const;                  ///< "K7Q4-M2XD"; empty once it was closed

  struct Verdict {
    enum class Kind : std::uint8_t {
      closed,    ///< nobody claims it now
      stranger,  ///< not from a local network
      wait,      ///< not looked at, as there were too many wrong ones: for `wait`
      wrong,
      right,  ///< it stays open until close()
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
