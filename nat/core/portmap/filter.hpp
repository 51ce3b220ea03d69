#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nat/core/portmap/pcp.hpp"

namespace dw::nat::portmap {

/// Who is to reach some of our ports through the router, and how much of that wish a PCP router takes. One that refuses
/// the whole set is still asked to have no filter at all, as it may hold one of an earlier run; one that knows no
/// filters is asked nothing. Mapper's part.
class PeerFilter {
 public:
  /// Merges networks that lie within others or make up a larger one. True: something changed.
  bool set(std::optional<std::vector<IpNetwork>> peers, std::string why);
  /// The router may be another one, or know better by now.
  void begin();
  /// It refused a request of `version` with this code. True: because of the filter, so the request is to be sent again
  /// as it is now.
  bool refused(unsigned version, pcp::Code code);

  bool is_asked() const { return step_ != Step::nothing; }
  /// What the options name now; none: no filter.
  std::span<const IpNetwork> peers() const;
  unsigned version() const { return version_; }  ///< of what requests say now; from 1
  bool wanted() const { return peers_.has_value(); }
  /// The router was not asked for the whole set, or refused it.
  bool open() const { return step_ != Step::peers || !peers_ || peers_->size() > pcp::kMaxFilters; }
  std::size_t networks() const { return peers_ ? peers_->size() : 0; }
  const std::string& why() const { return why_; }  ///< it is open

 private:
  enum class Step : std::uint8_t { peers, cleared, nothing };

  std::optional<std::vector<IpNetwork>> peers_;
  std::string why_not_;  ///< nobody is kept out: the caller's words
  std::string why_;
  Step step_ = Step::cleared;
  unsigned version_ = 1;
};

}  // namespace dw::nat::portmap
