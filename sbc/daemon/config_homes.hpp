#pragma once
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "conf/load.hpp"
#include "sbc/daemon/fronts.hpp"
#include "sbc/phones/inventory.hpp"
#include "tftp-proxy/pipeline.hpp"

namespace dw {

/// Which domain, server and port the phones' own configs name, and how far the settings let that count. On the loop's
/// thread; what it is given outlives it.
class ConfigHomes {
 public:
  /// `on_ports`: the central server is asked at other ports from now on.
  ConfigHomes(conf::Loaded& loaded, phones::Inventory& inventory, const Fronts& fronts, std::function<void()> on_ports)
      : loaded_(loaded), inventory_(inventory), fronts_(fronts), on_ports_(std::move(on_ports)) {}

  /// Adds whatever the settings call a server, a domain or an address of the central side, and the addresses that
  /// servers' names have now.
  void add_central_side(provisioning::RewriteOptions& rewriting) const;
  /// What an origin says of the phone that asked: in a file of its own, at the place where phones ask for it, not in a
  /// folder beside. Nothing: this is no such file, or it does not say.
  std::optional<std::vector<phones::LineHome>> homes_in(const provisioning::FileRequest& asked,
                                                        const provisioning::Rewritten& made);
  /// A port that no server of the settings has is followed where the settings name none, and noted where they do.
  void on_homes(const provisioning::FileRequest& asked, const std::vector<phones::LineHome>& homes);
  /// Where the settings name nothing but the central server, it is asked at the ports that phones' configs name, the
  /// most common one first; at 5060 while no config is known. Whether that changes the servers of `config`.
  bool follow_ports(conf::Config& config) const;
  /// Where this line is to be registered.
  sip::Home sip_home(std::string_view device, std::string_view user, const IpAddress& at) const;
  HostPort sccp_home(const std::string& device) const;

 private:
  bool is_server(std::string_view host) const;
  void note_port(const provisioning::FileRequest& asked, const std::vector<phones::LineHome>& homes);

  conf::Loaded& loaded_;
  phones::Inventory& inventory_;
  const Fronts& fronts_;
  std::function<void()> on_ports_;
  provisioning::CnfFacts text_defaults_;  ///< of SIPDefault.cnf as it was given out last
};

}  // namespace dw
