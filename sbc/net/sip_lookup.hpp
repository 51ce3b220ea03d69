#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/net/dns_channel.hpp"

namespace dw::net {

enum class SipTransport { udp, tcp, tls };

/// Where a SIP server is reached.
struct SipTargets {
  std::vector<Endpoint> endpoints;  ///< in the order in which to try them; never empty
  Duration ttl{};                   ///< how long they are good, from kMinTtl to kMaxTtl
};

/// Asks DNS for SipLookups. One serves the whole program. Once no DNS server has answered, /etc/resolv.conf
/// is read again for the next lookup. Destroying it ends its lookups, and tells nobody.
class SipResolver {
 public:
  struct Options {
    DnsChannel::Options dns;
    Duration give_up = std::chrono::seconds(15);  ///< a lookup takes no longer, however many names it asks
    Random random;                                ///< none: random indeed
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

/// Finds a SIP server's addresses (RFC 3263 §4.2): a literal is its own; a name with a port has A and AAAA
/// records; a name without one has SRV records, whose targets are put in order by RFC 2782, or else A and
/// AAAA records and the transport's own port. Answers through the loop and once, never from the constructor.
/// Destroying it cancels.
class SipLookup {
 public:
  static constexpr std::size_t kMaxTargets = 16;    ///< SRV records that are followed
  static constexpr std::size_t kMaxEndpoints = 16;  ///< of one answer
  static constexpr Duration kMinTtl = std::chrono::seconds(5);
  static constexpr Duration kMaxTtl = std::chrono::hours(1);
  static constexpr Duration kPartTtl = std::chrono::seconds(30);  ///< when some target could not be asked

  /// Errc::not_found: no such name. Errc::unavailable: DNS could not be asked, or the name decidedly offers
  /// no SIP by this transport (SRV target "."). Errc::malformed: the answer can't be read.
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
