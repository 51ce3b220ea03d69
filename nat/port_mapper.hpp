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

/// Sockets, routes and the thread pool around portmap::Mapper: finds out whether the way to the central server leads
/// through a router that is to be asked, and asks it. A new address of ours or a new router begins anew. On the
/// loop's thread.
class PortMapper {
 public:
  struct Options {
    portmap::Choice choice = portmap::Choice::automatic;
    bool edge = true, told = false;    ///< as portmap::Situation
    HostPort central;                  ///< no host: none is set
    std::optional<IpAddress> gateway;  ///< else as the kernel routes
    std::chrono::seconds lifetime = std::chrono::hours(1);
    std::vector<portmap::Wanted> wanted;
    std::string state_dir;  ///< has the key of the nonces, so that the next run renews what this one mapped
  };
  /// What may be told, and our address that it is mapped to.
  using Changed = std::function<void(const std::vector<portmap::Granted>& granted, const IpAddress& ours)>;
  /// `changed` hears of every change of what the central side may be told; not within the constructor.
  PortMapper(net::Loop& loop, Options options, Changed changed);
  ~PortMapper();
  PortMapper(const PortMapper&) = delete;
  PortMapper& operator=(const PortMapper&) = delete;

  void start();
  /// Another central server, or one that is told our address or no longer is: judged anew.
  void configure(const HostPort& central, bool told);
  /// Takes the mappings back and calls `done`, at once or within kLongestEnd.
  void stop(std::function<void()> done);
  /// As portmap::Mapper::set_peers.
  void set_peers(std::optional<std::vector<IpNetwork>> peers, std::string why);
  /// Our address as the internet sees it, once somebody knows.
  void set_reflexive(const std::optional<IpAddress>& address);

  portmap::Facts facts() const;
  void append_metrics(MetricsText& out) const;

  static constexpr Duration kLongestEnd = std::chrono::seconds(5);

 private:
  struct Upnp;  ///< what the thread pool works on
  void look_up();
  void judge(const IpAddress& central);
  void begin(const IpAddress& gateway, const IpAddress& ours);
  void end(std::string why);
  void perform(portmap::Mapper::Actions actions);
  void ask_upnp(portmap::UpnpAsk ask);
  void tell(const portmap::Mapper::Event& event);
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
  bool all_told_ = false;  ///< a line has said that every port is mapped
  net::LogLimit limit_;
  std::uint64_t granted_total_ = 0, renewed_total_ = 0, refused_total_ = 0, lost_total_ = 0, reboots_ = 0;
};

/// Thirty-two octets that nobody else knows, as hexadecimal digits, from `directory`/port-mapping.key; made there when
/// there are none. When it can't be kept, it is new in each run.
std::string mapping_key(const std::string& directory);

}  // namespace dw::nat
