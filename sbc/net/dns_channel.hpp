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
  Duration ttl{};                    ///< the least of all records; 0 from /etc/hosts
};

/// DNS queries by c-ares, whose sockets and timeouts the loop watches: no thread waits for an answer.
/// The DNS servers and the search list are those that /etc/resolv.conf names when the channel is opened.
/// What is asked ends through its `done`, which runs inside c-ares: it only takes the result away, and
/// neither asks nor destroys the channel. Destroying the channel ends all, and tells nobody.
class DnsChannel {
 public:
  struct Options {
    std::vector<Endpoint> servers;               ///< instead of those that resolv_conf names
    std::string resolv_conf;                     ///< empty: /etc/resolv.conf
    std::uint16_t port = 53;                     ///< of the servers that resolv_conf names
    Duration timeout = std::chrono::seconds(2);  ///< of the first try; twice that for the second
    int tries = 2;                               ///< of each server
    bool hosts_of_environment = false;           ///< $CARES_HOSTS instead of /etc/hosts, for tests
  };
  static constexpr std::size_t kMaxAddresses = 16;  ///< of one name

  /// Errc::not_found: no such name, or no such record of it. Errc::unavailable: no server has said.
  using SrvDone = std::function<void(Result<SrvAnswer>)>;
  using AddressesDone = std::function<void(Result<NameAddresses>)>;

  /// Errc::system when c-ares can't be set up.
  static Result<std::unique_ptr<DnsChannel>> open(Loop& loop, const Options& options);
  ~DnsChannel();
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  void srv(const std::string& name, SrvDone done);  ///< `name` is whole: nothing is appended to it
  /// /etc/hosts first, then A and AAAA records; a name without a dot within the search list.
  void addresses(const std::string& host, AddressesDone done);
  std::size_t in_flight() const;  ///< that are asked and have not ended

 private:
  struct State;
  explicit DnsChannel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace dw::net
