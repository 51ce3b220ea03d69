#include "nat/core/port_pool.hpp"

#include <algorithm>
#include <random>

namespace dw::nat {

PortPool::PortPool(std::uint16_t first, std::uint16_t last, std::uint64_t seed)
    : first_(static_cast<std::uint16_t>(first + first % 2)) {
  for (unsigned port = first_; port + 1 <= last; port += 2)
    free_.push_back({static_cast<std::uint16_t>(port), TimePoint::min()});
  taken_.resize(free_.size());
  std::mt19937_64 random(seed);
  std::ranges::shuffle(free_, random);
}

std::optional<std::uint16_t> PortPool::take(TimePoint now) {
  if (free_.empty() || free_.front().usable > now) return std::nullopt;
  const std::uint16_t port = free_.front().port;
  free_.pop_front();
  taken_[(port - first_) / 2U] = true;
  ++in_use_;
  return port;
}

void PortPool::give_back(TimePoint now, std::uint16_t port) {
  if (port < first_ || port % 2 != 0) return;
  const std::size_t at = (port - first_) / 2U;
  if (at >= taken_.size() || !taken_[at]) return;
  taken_[at] = false;
  --in_use_;
  free_.push_back({port, now + kQuarantine});
}

}  // namespace dw::nat
