#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "sbc/net/loop.hpp"

namespace dw::provisioning {

/// Ports of ours that the router has mapped for everybody (PCP, NAT-PMP, UPnP), for TFTP downloads through it: a server
/// answers from a new port, whose packets the router's own filter would drop. Each is used by one download at a
/// time, as its answers are distinguished by it alone. Shared by all TFTP origins; on the loop's thread.
class TftpPorts : public std::enable_shared_from_this<TftpPorts> {
 public:
  /// Gives the port back when it is destroyed.
  class Lease {
   public:
    Lease(std::shared_ptr<TftpPorts> ports, std::uint16_t port) : ports_(std::move(ports)), port_(port) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { ports_->give_back(port_); }
    std::uint16_t port() const { return port_; }

   private:
    std::shared_ptr<TftpPorts> ports_;
    std::uint16_t port_;
  };

  explicit TftpPorts(net::Loop& loop) : loop_(loop) {}
  /// What the router grants now.
  void set(std::vector<std::uint16_t> ports);
  bool any() const { return !ports_.empty(); }
  /// Null: all are in use, or there are none.
  std::unique_ptr<Lease> take();
  /// Calls it once, from the loop, when one is free, unless `alive` is gone by then.
  void when_free(std::weak_ptr<void> alive, std::function<void()> callback);

 private:
  void give_back(std::uint16_t port);
  void wake();

  net::Loop& loop_;
  std::vector<std::uint16_t> ports_, taken_;
  struct Waiting {
    std::weak_ptr<void> alive;
    std::function<void()> callback;
  };
  std::deque<Waiting> waiting_;  // at most one of each fetch, and fetches are bounded
};

}  // namespace dw::provisioning
