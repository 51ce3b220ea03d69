#pragma once
#include <optional>

#include "sbc/base/endpoint.hpp"

namespace dw::nat {

/// Where the internet reaches our media ports, behind a router that maps ports of itself as packets leave. On the
/// signalling thread.
class OutsidePorts {
 public:
  struct Pair {
    Endpoint local, external;      ///< RTP
    std::optional<Endpoint> rtcp;  ///< as the internet reaches it; nothing: not known
  };
  virtual ~OutsidePorts() = default;
  /// A pair at this address of ours whose external ports are known. Nobody has its sockets when this returns: the
  /// relay may bind them, and so keeps the mapping.
  virtual std::optional<Pair> take(const IpAddress& local) = 0;
  /// What was taken is free again, or was never used.
  virtual void give_back(const Endpoint& local) = 0;
  /// Where any other port of ours is reached: known of a router that keeps port numbers.
  virtual std::optional<Endpoint> seen(const Endpoint& local) const = 0;
  /// The address of the router before `local`, as it was seen last; nothing: there is none, or it is not known.
  virtual std::optional<IpAddress> address(const IpAddress& local) const = 0;
  /// A router stands between `local` and the outside that lets in whom we have sent to: this place takes what keeps a
  /// mapping there while there is nobody else to send to. Nothing: no such router.
  virtual std::optional<Endpoint> anchor(const IpAddress& local) const = 0;
};

}  // namespace dw::nat
