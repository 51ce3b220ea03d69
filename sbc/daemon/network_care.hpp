#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "nat/port_mapper.hpp"
#include "sbc/daemon/parts.hpp"
#include "sbc/doctor/audio_way.hpp"
#include "sbc/probe/lifetime_watch.hpp"
#include "sbc/probe/network_probe.hpp"
#include "sbc/probe/stun_server.hpp"

namespace dw {

/// The network around the box: what STUN shows of the router, the ports that it is asked to map, and those whose
/// mappings are kept open; the servers get what they need of that. On the loop's thread; the parts outlive it.
class NetworkCare {
 public:
  explicit NetworkCare(Parts& parts) : parts_(parts) {}

  void start();        ///< our own STUN server, and the first measurement
  void start_ports();  ///< to be called once the servers listen
  /// The first settings with a central server were loaded: until now there was nothing to measure.
  void begin_again();
  void configure();  ///< from the settings
  /// Gives the router's ports back; calls `done`, now or later.
  void stop(const std::function<void()>& done) { mapper_->stop(done); }

  void servers_changed();  ///< in the settings
  void peers_changed();    ///< those who may send to the SIP port
  void set_seen(const nat::WarmPool::Seen& seen);
  /// How often SIP servers are pinged depends on how long the router keeps a mapping.
  void set_ping();

  doctor::Service stun() const { return stun_service_; }
  std::optional<doctor::AudioWay> audio_way() const;
  const doctor::NetworkFacts& facts() const { return probe_->facts(); }
  void measure(std::function<void()> done);
  const nat::PortMapper* mapper() const { return mapper_.get(); }  ///< null until start_ports()
  void append_metrics(MetricsText& out) const;

 private:
  void start_stun();
  void start_lifetime();
  void start_warm_ports();
  void start_mapping();
  void set_refresh();
  void ask();
  void on_external(const std::optional<IpAddress>& address);
  void on_lifetime(const probe::Lifetime& known);

  Parts& parts_;
  std::unique_ptr<probe::StunServer> stun_;
  doctor::Service stun_service_{"stun", false, {}, {}};
  std::unique_ptr<probe::NetworkProbe> probe_;
  std::unique_ptr<probe::LifetimeWatch> lifetime_;
  std::optional<std::chrono::seconds> mapping_lives_;  ///< as measured
  std::unique_ptr<nat::PortMapper> mapper_;
};

}  // namespace dw
