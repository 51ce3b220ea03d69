#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nat/core/portmap/pcp.hpp"

namespace dw::nat::portmap {

/// Which peers may reach the filtered ports through the router, and how much of that a PCP router accepts. A router
/// that refuses the full list is still asked to clear its filters, as it may hold some of an earlier run; one that
/// knows no filters is asked for nothing. Used by PcpClient.
class PeerFilter {
 public:
  /// Merges networks that lie within others or make up a larger one. True: the list has changed.
  bool set(std::optional<std::vector<IpNetwork>> peers, std::string why);
  /// Starts again with the full list: the router may be another one, or may accept it by now.
  void begin();
  /// The router refused a request of `version` with this code. True: because of the filter; send the request again with
  /// what now applies.
  bool refused(unsigned version, pcp::Code code);

  bool is_asked() const { return step_ != Step::nothing; }
  /// The networks to put into requests now; empty: no filter.
  std::span<const IpNetwork> peers() const;
  unsigned version() const { return version_; }  ///< of the current list and step; from 1
  bool wanted() const { return peers_.has_value(); }
  /// Strangers can reach the ports: the router was not asked for the full list, or refused it.
  bool open() const { return step_ != Step::peers || !peers_ || peers_->size() > pcp::kMaxFilters; }
  std::size_t networks() const { return peers_ ? peers_->size() : 0; }
  const std::string& why() const { return why_; }  ///< reason for open()

 private:
  enum class Step : std::uint8_t { peers, cleared, nothing };

  std::optional<std::vector<IpNetwork>> peers_;
  std::string why_not_;  ///< the caller's reason for not filtering
  std::string why_;
  Step step_ = Step::cleared;
  unsigned version_ = 1;
};

}  // namespace dw::nat::portmap
