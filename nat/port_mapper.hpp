#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nat/core/portmap/mapper.hpp"
#include "nat/core/portmap/policy.hpp"
#include "nat/upnp_router.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/resolver.hpp"
#include "sbc/net/timer.hpp"

namespace dw::nat {

/// Sockets, routes and the thread pool around portmap::Mapper. Finds out whether the way to the central server leads
/// through a router that has to map ports, and asks it. Starts again when our address or the router changes. On the
/// loop's thread.
class PortMapper {
 public:
  struct Options {
    portmap::Choice choice = portmap::Choice::automatic;
    bool edge = true, advertised = false;  ///< as portmap::Situation
    HostPort central;                      ///< no host: not configured
    std::optional<IpAddress> gateway;      ///< nothing: as the kernel routes
    std::chrono::seconds lifetime = std::chrono::hours(1);
    std::vector<portmap::Wanted> wanted;
    std::string state_dir;  ///< holds the key for the nonces, so that the next run can renew the mappings of this one
  };
  /// The mappings that may be advertised, and our address that they lead to.
  using Changed = std::function<void(const std::vector<portmap::Granted>& granted, const IpAddress& ours)>;
  /// `changed` is called whenever the mappings that may be advertised change; never from within the constructor.
  PortMapper(net::Loop& loop, Options options, Changed changed);
  ~PortMapper();
  PortMapper(const PortMapper&) = delete;
  PortMapper& operator=(const PortMapper&) = delete;

  void start();
  /// Call when the central server, or whether our address is advertised to it, changes. Decides again whether to map
  /// ports.
  void configure(const HostPort& central, bool advertised);
  /// Removes the mappings from the router and calls `done`, at once or within kLongestEnd.
  void stop(std::function<void()> done);
  /// As portmap::Mapper::set_peers.
  void set_peers(std::optional<std::vector<IpNetwork>> peers, std::string why);
  /// Our external address as somebody outside saw it, once known.
  void set_reflexive(const std::optional<IpAddress>& address);

  portmap::Facts facts() const;
  void append_metrics(MetricsText& out) const;

  static constexpr Duration kLongestEnd = std::chrono::seconds(5);

 private:
  struct Upnp;  ///< used on the thread pool
  void look_up();
  void judge(const IpAddress& central);
  void begin(const IpAddress& gateway, const IpAddress& ours);
  void end(std::string why);
  void perform(portmap::Mapper::Actions actions);
  void ask_upnp(portmap::UpnpAsk ask);
  void log(const portmap::Mapper::Event& event);
  void listen_for_announcements();
  void arm();
  void finish();

  net::Loop& loop_;
  Options options_;
  Changed changed_;
  std::string inactive_;
  std::string key_;
  std::optional<net::Lookup> lookup_;
  net::Timer look_again_, timer_, end_limit_;
  std::optional<portmap::Mapper> mapper_;
  std::optional<net::DatagramSocket> socket_, announcements_;
  IpAddress gateway_, ours_;
  std::shared_ptr<Upnp> upnp_;
  std::optional<IpAddress> reflexive_;
  std::optional<std::vector<IpNetwork>> peers_;
  std::string no_peers_;
  std::function<void()> done_;
  bool logged_all_mapped_ = false;  ///< the log says that every port is mapped
  net::LogLimit limit_;
  std::uint64_t granted_total_ = 0, renewed_total_ = 0, refused_total_ = 0, lost_total_ = 0, reboots_ = 0;
};

/// 32 octets of secret key as hexadecimal digits, read from `directory`/port-mapping.key; written there if the file is
/// missing. If it can't be stored, each run has a new one.
std::string mapping_key(const std::string& directory);

}  // namespace dw::nat
