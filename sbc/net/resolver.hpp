#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/ip_network.hpp"
#include "sbc/net/loop.hpp"

namespace dw::net {

/// Resolves a host name with the system's resolver (getaddrinfo on the thread pool). Literals are answered without it,
/// but also through the loop. Destroying the Lookup cancels: nothing is called afterwards.
class Lookup {
 public:
  using Answer = std::function<void(Result<std::vector<IpAddress>>)>;  ///< never an empty list
  Lookup(Loop& loop, const std::string& host, Answer answer);
  ~Lookup();
  Lookup(Lookup&&) noexcept;
  Lookup& operator=(Lookup&&) noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// The address of ours from which packets to `to` are sent, with the current routes. Errc::system: there is no route.
Result<IpAddress> source_toward(const Endpoint& to);

/// The private networks of this machine's interfaces, and the IPv6 networks of an interface that has one: at home, the
/// LAN.
std::vector<IpNetwork> local_networks();
/// The addresses of this machine's interfaces that are up.
std::vector<IpAddress> local_addresses();

}  // namespace dw::net
