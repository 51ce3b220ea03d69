#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/ip_network.hpp"
#include "sbc/net/loop.hpp"

namespace dw::net {

/// Host name → addresses by the system's resolver (getaddrinfo on the thread pool). Literals answer at once,
/// still through the loop. Destroying the Lookup cancels: nothing is called any more.
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

/// Which of our addresses packets to `to` leave from, as routing stands now. Errc::system: there is no way
/// there.
Result<IpAddress> source_toward(const Endpoint& to);

/// Private networks that this machine's interfaces stand in, and IPv6 networks on an interface that has one: at home,
/// the LAN.
std::vector<IpNetwork> local_networks();
/// Addresses of this machine's interfaces that are up.
std::vector<IpAddress> local_addresses();

}  // namespace dw::net
