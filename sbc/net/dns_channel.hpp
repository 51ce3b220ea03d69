#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/net/loop.hpp"
#include "sbc/net/srv_answer.hpp"

namespace dw::net {

/// The addresses of one name.
struct NameAddresses {
  std::vector<IpAddress> addresses;  ///< in the order in which to try them (RFC 6724); never empty
  Duration ttl{};                    ///< the lowest of all records; 0 from /etc/hosts
};

/// DNS queries by c-ares, whose sockets and timeouts the loop watches: no thread waits for an answer. The DNS servers
/// and the search list are read from /etc/resolv.conf when the channel is opened. A query ends with its `done`, which
/// runs inside c-ares: it may only store the result, and must neither query nor destroy the channel. Destroying the
/// channel ends all queries without calling `done`.
class DnsChannel {
 public:
  struct Options {
    std::vector<Endpoint> servers;               ///< instead of those in resolv_conf
    std::string resolv_conf;                     ///< empty: /etc/resolv.conf
    std::uint16_t port = 53;                     ///< of the servers in resolv_conf
    Duration timeout = std::chrono::seconds(2);  ///< of the first try; the second waits twice as long
    int tries = 2;                               ///< of each server
    bool hosts_of_environment = false;           ///< $CARES_HOSTS instead of /etc/hosts, for tests
  };
  static constexpr std::size_t kMaxAddresses = 16;  ///< for one name

  /// Errc::not_found: no such name, or no such record. Errc::unavailable: no server answered.
  using SrvDone = std::function<void(Result<SrvAnswer>)>;
  using AddressesDone = std::function<void(Result<NameAddresses>)>;

  /// Errc::system when c-ares can't be initialised.
  static Result<std::unique_ptr<DnsChannel>> open(Loop& loop, const Options& options);
  ~DnsChannel();
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  void srv(const std::string& name, SrvDone done);  ///< `name` is complete: no search domain is appended
  /// /etc/hosts first, then A and AAAA records; the search list is used for a name without a dot.
  void addresses(const std::string& host, AddressesDone done);
  std::size_t in_flight() const;  ///< queries that have not ended

 private:
  struct State;
  explicit DnsChannel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace dw::net
