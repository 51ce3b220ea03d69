#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nat/core/media/warm_ports.hpp"
#include "nat/outside_ports.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/net/descriptor.hpp"
#include "sbc/net/poll.hpp"
#include "sbc/net/resolver.hpp"
#include "sbc/net/timer.hpp"

namespace dw::nat {

/// Sockets and name lookups around WarmPorts. Starts again when our address or the STUN server changes. On the loop's
/// thread.
class WarmPool final : public OutsidePorts {
 public:
  struct Options {
    std::optional<HostPort> stun_server;  ///< nothing: no STUN server is asked
    std::vector<std::uint16_t> ports;     ///< as WarmPorts::Options
    std::size_t warm = 8;                 ///< pairs kept ready; 0: no STUN server is asked
    Duration refresh = std::chrono::seconds(20);
    friend bool operator==(const Options&, const Options&) = default;
  };
  /// What others saw of this box from outside: the NAT probe, or a SIP server (received, rport).
  struct Seen {
    IpAddress local, external;
    bool keeps_numbers = false;  ///< the external port had the same number as ours
    friend bool operator==(const Seen&, const Seen&) = default;
  };

  WarmPool(net::Loop& loop, Options options);
  ~WarmPool() override;

  void start();
  void configure(const std::optional<HostPort>& stun_server, std::size_t warm);
  /// True: the pool is not needed, as the router grants ports or an address is configured.
  void set_idle(bool idle);
  void set_refresh(Duration refresh);
  void set_seen(const Seen& seen);
  /// Called when address() may have changed.
  void set_on_address(std::function<void()> on_address) { on_address_ = std::move(on_address); }

  std::optional<Pair> take(const IpAddress& local) override;
  void give_back(const Endpoint& local) override;
  std::optional<Endpoint> seen(const Endpoint& local) const override;
  std::optional<IpAddress> address(const IpAddress& local) const override;
  std::optional<Endpoint> anchor(const IpAddress& local) const override;

  struct State {
    bool asked = false;               ///< a STUN server is set, and the pool is on
    std::string server;               ///< "pbx.example.net:3478"
    IpAddress local, server_address;  ///< our address toward the server, and the server's; unset: not known yet
    std::string error;                ///< why nothing is known
    WarmPorts::Facts ports;
    std::optional<Seen> seen;
  };
  State state() const;
  void append_metrics(MetricsText& out) const;

 private:
  struct Sockets {
    net::Descriptor rtp, rtcp;
    std::optional<net::Poll> rtp_poll, rtcp_poll;
  };
  void look_up();
  void begin(const IpAddress& server);
  void end();
  void perform(WarmPorts::Actions actions);
  bool bind(std::uint16_t port);
  void watch(std::optional<net::Poll>& poll, int descriptor, std::uint16_t port);
  void read(int descriptor, std::uint16_t port);
  void send(const WarmPorts::Send& what);
  void report_changes();

  net::Loop& loop_;
  Options options_;
  bool idle_ = false;
  std::optional<net::Lookup> lookup_;
  std::string lookup_error_;
  net::Timer look_again_, timer_;
  Endpoint server_;
  IpAddress local_;
  std::optional<WarmPorts> ports_;
  std::map<std::uint16_t, Sockets> sockets_;  ///< by RTP port
  std::optional<Seen> seen_;
  std::function<void()> on_address_;
  WarmPorts::Facts reported_;
  std::uint64_t offered_ = 0, asked_total_ = 0, addresses_ = 0;
};

/// The RTP ports of the first pairs of a range, which the relay reserves: at most `limit`, and at most half of the
/// range.
std::vector<std::uint16_t> first_pairs(std::uint16_t first, std::uint16_t last, std::size_t limit);

}  // namespace dw::nat
