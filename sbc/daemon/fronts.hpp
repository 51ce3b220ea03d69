#pragma once
#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "sbc/doctor/box.hpp"
#include "sbc/proxy/sccp_proxy.hpp"
#include "sbc/proxy/sip_proxy.hpp"
#include "tftp-proxy/http_server.hpp"
#include "tftp-proxy/tftp_server.hpp"

namespace dw {

/// The four servers that phones come to, each null while it is off, and what the daemon does with all of them alike.
/// App starts each and gives it its options, as these differ. On the loop's thread.
class Fronts {
 public:
  static constexpr std::size_t kCount = 4;
  /// Where each listened, to go back to.
  struct Mark {
    doctor::Service service;
    std::size_t listeners = 0;  ///< 0: it was not there
  };

  /// Both outlive it.
  Fronts(const WireTap& tap, net::AccessGate& gate) : tap_(tap), gate_(gate) {}

  /// One that is there listens on those of `addresses` where it does not yet. One that is not there and is enabled is
  /// put here by `start`.
  Result<void> open(net::Door door, bool enabled, const std::vector<IpAddress>& addresses,
                    const std::function<Result<void>()>& start);
  std::array<Mark, kCount> marks() const;
  /// Gives up what was opened since.
  void go_back(const std::array<Mark, kCount>& marks);
  void close();  ///< all of them

  void drain();
  std::size_t transfers() const;  ///< files on their way to phones
  std::size_t calls() const;      ///< phones in calls
  bool has_transfers() const;     ///< that an end would cut; the next the same of calls
  bool has_calls() const;

  std::vector<doctor::Service> services() const;  ///< as they were after open()
  void append_metrics(MetricsText& out) const;

  std::unique_ptr<provisioning::TftpServer> tftp;
  std::unique_ptr<provisioning::PhoneHttpServer> http;
  std::unique_ptr<proxy::SccpProxy> sccp;
  std::unique_ptr<proxy::SipProxy> sip;

 private:
  /// By net::Door, which is the order in which they start.
  std::array<net::Front*, kCount> all() const { return {tftp.get(), http.get(), sccp.get(), sip.get()}; }
  void close(std::size_t door);

  const WireTap& tap_;
  net::AccessGate& gate_;
  std::array<doctor::Service, kCount> services_;
};

}  // namespace dw
