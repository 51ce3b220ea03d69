#pragma once
#include <optional>

#include "sbc/base/endpoint.hpp"

namespace dw::nat {

/// At which addresses and ports the internet reaches our media ports, behind a router that maps ports by itself as
/// packets leave. On the signalling thread.
class OutsidePorts {
 public:
  struct Pair {
    Endpoint local, external;      ///< RTP
    std::optional<Endpoint> rtcp;  ///< as the internet reaches it; nothing: unknown
  };
  virtual ~OutsidePorts() = default;
  /// Takes a pair at this local address whose external ports are known. Its sockets are closed when this returns, so
  /// the relay can bind the same ports and the mapping stays in use.
  virtual std::optional<Pair> take(const IpAddress& local) = 0;
  /// The pair is free again, used or not.
  virtual void give_back(const Endpoint& local) = 0;
  /// The external endpoint of any other port of ours; known only behind a router that keeps port numbers.
  virtual std::optional<Endpoint> seen(const Endpoint& local) const = 0;
  /// The external address of the router in front of `local`, as seen last. Nothing: no router, or unknown.
  virtual std::optional<IpAddress> address(const IpAddress& local) const = 0;
  /// Set if a router stands between `local` and the outside that lets in only hosts that we have sent to: where to send
  /// packets that keep a mapping open while there is no far end. Nothing: no such router.
  virtual std::optional<Endpoint> anchor(const IpAddress& local) const = 0;
};

}  // namespace dw::nat
