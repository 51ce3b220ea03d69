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

/// The four servers for phones, each null while it is off, and what the daemon does with all of them alike.
/// App starts each with its own options. On the loop's thread.
class Fronts {
 public:
  static constexpr std::size_t kCount = 4;
  /// What a server listened on, so that go_back() can restore it.
  struct Mark {
    doctor::Service service;
    std::size_t listeners = 0;  ///< 0: it did not exist
  };

  /// Both outlive it.
  Fronts(const WireTap& tap, net::AccessGate& gate) : tap_(tap), gate_(gate) {}

  /// An existing server listens on those of `addresses` where it does not yet. One that is enabled and not there yet is
  /// created by `start`, which puts it here.
  Result<void> open(net::Door door, bool enabled, const std::vector<IpAddress>& addresses,
                    const std::function<Result<void>()>& start);
  std::array<Mark, kCount> marks() const;
  /// Closes what was opened since.
  void go_back(const std::array<Mark, kCount>& marks);
  void close();  ///< all of them

  void drain();
  std::size_t transfers() const;  ///< that are running
  std::size_t calls() const;      ///< phones that are in calls
  bool has_transfers() const;     ///< that an end would interrupt; has_calls() likewise
  bool has_calls() const;

  std::vector<doctor::Service> services() const;  ///< as they were after open()
  void append_metrics(MetricsText& out) const;

  std::unique_ptr<provisioning::TftpServer> tftp;
  std::unique_ptr<provisioning::PhoneHttpServer> http;
  std::unique_ptr<proxy::SccpProxy> sccp;
  std::unique_ptr<proxy::SipProxy> sip;

 private:
  /// Indexed by net::Door, in the order in which they start.
  std::array<net::Front*, kCount> all() const { return {tftp.get(), http.get(), sccp.get(), sip.get()}; }
  void close(std::size_t door);

  const WireTap& tap_;
  net::AccessGate& gate_;
  std::array<doctor::Service, kCount> services_;
};

}  // namespace dw
