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

/// The network around the box: what STUN finds out about the router, the ports that the router is asked for and those
/// that are kept warm, and what the servers need to know of all that. On the loop's thread; the parts outlive it.
class NetworkCare {
 public:
  explicit NetworkCare(Parts& parts) : parts_(parts) {}

  void start();        ///< our own STUN server, and the first look at the router
  void start_ports();  ///< once the servers listen: warm ports and port mapping
  /// The first settings with a central server have come: until now nothing could be measured.
  void begin_again();
  void configure();  ///< from the settings
  /// Gives the router's ports back; calls `done`, now or later.
  void stop(const std::function<void()>& done) { mapper_->stop(done); }

  void servers_changed();  ///< those of the settings' central side
  void peers_changed();    ///< who may send to SIP's port
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
