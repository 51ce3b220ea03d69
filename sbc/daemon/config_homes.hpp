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

/// The domains, servers and ports that the phones' own configs name, as far as the settings leave that to configs. On
/// the loop's thread; what it is given outlives it.
class ConfigHomes {
 public:
  /// `on_ports`: called when the ports of the central server have changed.
  ConfigHomes(conf::Loaded& loaded, phones::Inventory& inventory, const Fronts& fronts, std::function<void()> on_ports)
      : loaded_(loaded), inventory_(inventory), fronts_(fronts), on_ports_(std::move(on_ports)) {}

  /// Adds whatever the settings call a server, a domain or an address of the central side, and the addresses that
  /// servers' names have now.
  void add_central_side(provisioning::RewriteOptions& rewriting) const;
  /// The homes of the phone that asked, from its own config at the place where phones ask for it, not from one in a
  /// subfolder. Nothing: this is no such file, or it names no home.
  std::optional<std::vector<phones::LineHome>> homes_in(const provisioning::FileRequest& asked,
                                                        const provisioning::Rewritten& made);
  /// A port that no server of the settings has is used if the settings name none, and noted in the story if they do.
  void on_homes(const provisioning::FileRequest& asked, const std::vector<phones::LineHome>& homes);
  /// If the settings name only the central server, sets its ports in `config` to those that phones' configs name, the
  /// most common one first; to 5060 while no config is known. Returns whether that changed the servers.
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
  provisioning::CnfFacts text_defaults_;  ///< of the SIPDefault.cnf that was last sent
};

}  // namespace dw
