#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/net/dns_channel.hpp"

namespace dw::net {

enum class SipTransport { udp, tcp, tls };

/// The addresses of a SIP server.
struct SipTargets {
  std::vector<Endpoint> endpoints;  ///< in the order in which to try them; never empty
  Duration ttl{};                   ///< how long they are valid, from kMinTtl to kMaxTtl
};

/// Makes the DNS queries of SipLookups. One serves the whole program. After no DNS server has answered, the next lookup
/// reads /etc/resolv.conf again. Destroying it ends its lookups without calling back.
class SipResolver {
 public:
  struct Options {
    DnsChannel::Options dns;
    Duration give_up = std::chrono::seconds(15);  ///< a lookup never takes longer, however many names it queries
    Random random;                                ///< none: real random numbers
  };
  SipResolver(Loop& loop, const Options& options);
  ~SipResolver();
  SipResolver(const SipResolver&) = delete;
  SipResolver& operator=(const SipResolver&) = delete;

 private:
  friend class SipLookup;
  struct State;
  std::shared_ptr<State> state_;
};

/// Finds a SIP server's addresses (RFC 3263 §4.2): a literal stands for itself; a name with a port has A and AAAA
/// records; a name without one has SRV records, whose targets are sorted as in RFC 2782, or else A and AAAA records and
/// the transport's default port. Answers once, through the loop, never from the constructor. Destroying it cancels.
class SipLookup {
 public:
  static constexpr std::size_t kMaxTargets = 16;    ///< SRV records that are used
  static constexpr std::size_t kMaxEndpoints = 16;  ///< in one answer
  static constexpr Duration kMinTtl = std::chrono::seconds(5);
  static constexpr Duration kMaxTtl = std::chrono::hours(1);
  static constexpr Duration kPartTtl = std::chrono::seconds(30);  ///< when some target's query failed

  /// Errc::not_found: no such name. Errc::unavailable: DNS did not answer, or the name explicitly offers no SIP over
  /// this transport (SRV target "."). Errc::malformed: the answer can't be parsed.
  using Answer = std::function<void(Result<SipTargets>)>;
  SipLookup(SipResolver& resolver, const HostPort& name, SipTransport transport, Answer answer);
  ~SipLookup();
  SipLookup(SipLookup&&) noexcept;
  SipLookup& operator=(SipLookup&&) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dw::net
