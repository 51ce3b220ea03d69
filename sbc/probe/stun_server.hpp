#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "nat/core/stun/responder.hpp"
#include "sbc/net/access_gate.hpp"
#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/loop.hpp"

namespace dw::probe {

/// The sockets of a nat::StunResponder: two ports on each address. On the loop's thread.
class StunServer {
 public:
  struct Options {
    std::vector<IpAddress> listen;
    std::uint16_t port = nat::kStunPort;                ///< 0: any free port, the same on all addresses
    std::uint16_t alternate_port = nat::kStunPort + 1;  ///< likewise
    std::optional<IpAddress> advertise;
    double rate = 20;
    friend bool operator==(const Options&, const Options&) = default;
  };
  /// Errc::system with a sentence for the operator if a port can't be bound.
  static Result<std::unique_ptr<StunServer>> start(net::Loop& loop, const Options& options);
  StunServer(const StunServer&) = delete;
  StunServer& operator=(const StunServer&) = delete;

  std::vector<Endpoint> local() const;
  /// Who may use it. The gate outlives this.
  void set_gate(net::AccessGate& gate) { gate_ = &gate; }
  void append_metrics(MetricsText& out) const { responder_->append_metrics(out); }

 private:
  struct Listener {
    net::DatagramSocket socket;
    unsigned port = 0;
  };
  explicit StunServer(net::Loop& loop) : loop_(loop) {}
  Result<void> listen(const Options& options, unsigned which, std::uint16_t& port);
  void on_datagrams(unsigned port, std::span<const net::Datagram> datagrams);
  net::DatagramSocket* socket_for(const IpAddress& from, unsigned port);

  net::Loop& loop_;
  net::AccessGate* gate_ = &net::AccessGate::everybody();
  std::unique_ptr<nat::StunResponder> responder_;
  std::vector<Listener> listeners_;
};

}  // namespace dw::probe
