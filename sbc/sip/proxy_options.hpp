#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/call_limits.hpp"
#include "sbc/base/connection_budget.hpp"
#include "sbc/base/ip_network.hpp"
#include "sbc/base/time.hpp"
#include "sbc/sip/codec_rules.hpp"
#include "sbc/sip/guard.hpp"
#include "sbc/sip/identity.hpp"
#include "sbc/sip/servers.hpp"

namespace dw::sip {

/// Octets in all of messages that are not complete yet; one has at most 128 KiB.
inline constexpr std::size_t kMaxHalfMessages = std::size_t{64} << 20U;

/// What the settings say. Proxy owns them; its parts read them by reference, so that a reload reaches all of them.
struct ProxyOptions {
  std::optional<IpAddress> advertise{};          ///< our address for phones; none: the one that they sent to
  std::optional<IpAddress> central_advertise{};  ///< our address for servers; none: the one that we send from
  bool learn_outside =
      false;  ///< without a mapped port, servers get the address at which their answers say they see us
  std::vector<ServerName> servers{};
  std::string central_domain{};      ///< empty: what the phone's config names, or the host of the first server
  std::vector<IpAddress> trusted{};  ///< the central side may send from these too
  Guard::Options guard{};
  std::size_t max_bindings = 20'000;
  std::size_t max_transactions = 20'000, max_transactions_per_source = 2000;
  std::size_t max_calls = 5000;
  ConnectionBudget::Options connections{.rate = 20, .max_held = kMaxHalfMessages};  ///< that phones have to us
  CallLimits::Options call_limits{};
  bool unregistered_calls = true;
  bool at_home = false;  ///< an edge: whoever is neither on its LAN nor in `networks` is a stranger
  std::vector<IpNetwork> networks{};
  std::vector<std::string> emergency{};  ///< numbers whose calls no limit refuses, nor the end of the process
  Duration keepalive = std::chrono::seconds(25);
  Duration idle_timeout = std::chrono::minutes(2);  ///< of a connection without a registered phone
  Duration media_idle = std::chrono::hours(1);
  Duration ping = std::chrono::seconds(30);
  Duration answer_timeout = std::chrono::seconds(4);
  Duration retry = std::chrono::seconds(2);
  double register_rate = 200;
  bool path = false;
  CodecRules codecs_to_phones{}, codecs_to_central{};  ///< of offers
  IdentityRules identity{};
  Duration register_expires{};  ///< the longest expiry that phones are given; zero: what the server granted
  friend bool operator==(const ProxyOptions&, const ProxyOptions&) = default;
};

struct ProxyCounters {
  std::uint64_t from_phones = 0, from_central = 0;  ///< messages
  std::uint64_t malformed = 0, refused = 0, repeated = 0, dropped = 0;
  std::uint64_t registrations = 0, registrations_refused = 0, registrations_put_off = 0;
  std::uint64_t registrations_kept = 0;  ///< answered here
  std::uint64_t other_port = 0;          ///< of a server's address
  std::uint64_t outside = 0;             ///< strangers' through the router
  std::uint64_t calls = 0, no_media = 0, fail_overs = 0, no_server = 0, undelivered = 0;
};

}  // namespace dw::sip
