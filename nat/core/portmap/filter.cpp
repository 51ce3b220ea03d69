#include "nat/core/portmap/filter.hpp"

#include <algorithm>

namespace dw::nat::portmap {
namespace {

bool is_within(const IpNetwork& a, const IpNetwork& b) {
  return a.bits() >= b.bits() && b.contains(a.first());
}

/// The network that two halves make up.
std::optional<IpNetwork> joined(const IpNetwork& a, const IpNetwork& b) {
  if (a.bits() != b.bits() || a.bits() <= 1 || a.first().is_v4() != b.first().is_v4()) return std::nullopt;
  const IpNetwork both = IpNetwork::around(a.first(), a.bits() - 1);
  return both.contains(b.first()) ? std::optional(both) : std::nullopt;
}

/// Sorted; none lies within another, and no two are halves of one network.
std::vector<IpNetwork> merged(std::vector<IpNetwork> all) {
  std::ranges::sort(all, [](const IpNetwork& a, const IpNetwork& b) {
    return std::pair(a.first(), a.bits()) < std::pair(b.first(), b.bits());
  });
  std::vector<IpNetwork> out;
  for (IpNetwork next : all) {
    if (!out.empty() && is_within(next, out.back())) continue;
    while (!out.empty()) {
      const auto both = joined(out.back(), next);
      if (!both) break;
      next = *both;
      out.pop_back();
    }
    out.push_back(next);
  }
  return out;
}

}  // namespace

bool PeerFilter::set(std::optional<std::vector<IpNetwork>> peers, std::string why) {
  if (peers) peers = merged(std::move(*peers));
  if (peers == peers_ && why == why_not_) return false;
  peers_ = std::move(peers);
  why_not_ = std::move(why);
  begin();
  return true;
}

void PeerFilter::begin() {
  ++version_;
  why_ = why_not_;
  step_ = peers_ ? Step::peers : Step::cleared;
  if (!peers_ || peers_->size() <= pcp::kMaxFilters) return;
  step_ = Step::cleared;
  why_ = "more networks may reach it than a request can name";
}

std::span<const IpNetwork> PeerFilter::peers() const {
  if (step_ != Step::peers) return {};
  return *peers_;
}

bool PeerFilter::refused(unsigned version, pcp::Code code) {
  using enum pcp::Code;
  const bool unknown = code == unsupported_option || code == malformed_option || code == malformed_request;
  if (!unknown && code != excessive_remote_peers) return false;
  if (version != version_) return version != 0;  // for an older request: it is sent again as it is now
  if (step_ == Step::nothing) return false;
  if (step_ == Step::peers)
    why_ = code == excessive_remote_peers ? "the router takes fewer addresses than that"
                                          : "the router can't limit who reaches a port";
  step_ = unknown ? Step::nothing : step_ == Step::peers ? Step::cleared : Step::nothing;
  ++version_;
  return true;
}

}  // namespace dw::nat::portmap
