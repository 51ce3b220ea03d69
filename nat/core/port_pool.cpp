#include "nat/core/port_pool.hpp"

#include <algorithm>
#include <random>

namespace dw::nat {

PortPool::PortPool(std::uint16_t first, std::uint16_t last, std::uint64_t seed, std::size_t set_aside)
    : first_(static_cast<std::uint16_t>(first + first % 2)) {
  for (unsigned port = first_; port + 1 <= last; port += 2)
    free_.push_back({static_cast<std::uint16_t>(port), TimePoint::min()});
  taken_.resize(free_.size());
  set_aside_.assign(std::min(set_aside, free_.size()), TimePoint::min());
  free_.erase(free_.begin(), free_.begin() + static_cast<std::ptrdiff_t>(set_aside_.size()));
  std::mt19937_64 random(seed);
  std::ranges::shuffle(free_, random);
}

std::optional<std::uint16_t> PortPool::take(TimePoint now) {
  if (free_.empty() || free_.front().usable > now) {
    for (std::size_t i = 0; i < set_aside_.size(); ++i) {
      const auto port = static_cast<std::uint16_t>(first_ + 2 * i);
      if (take(now, port)) return port;
    }
    return std::nullopt;
  }
  const std::uint16_t port = free_.front().port;
  free_.pop_front();
  taken_[(port - first_) / 2U] = true;
  ++in_use_;
  return port;
}

bool PortPool::take(TimePoint now, std::uint16_t port) {
  if (port < first_ || port % 2 != 0) return false;
  const std::size_t at = (port - first_) / 2U;
  if (at >= set_aside_.size() || taken_[at] || set_aside_[at] > now) return false;
  taken_[at] = true;
  ++in_use_;
  return true;
}

void PortPool::give_back(TimePoint now, std::uint16_t port) {
  if (port < first_ || port % 2 != 0) return;
  const std::size_t at = (port - first_) / 2U;
  if (at >= taken_.size() || !taken_[at]) return;
  taken_[at] = false;
  --in_use_;
  if (at < set_aside_.size()) {
    set_aside_[at] = now + kQuarantine;
  } else {
    free_.push_back({port, now + kQuarantine});
  }
}

}  // namespace dw::nat
