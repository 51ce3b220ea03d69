#include "nat/core/media/port_pool.hpp"

#include <algorithm>
#include <random>

namespace dw::nat {

PortPool::PortPool(std::uint16_t first, std::uint16_t last, std::uint64_t seed, std::size_t set_aside) {
  set_aside_.assign(std::min(set_aside, pairs(first, last)), TimePoint::min());
  configure(first, last, seed);
}

void PortPool::configure(std::uint16_t first, std::uint16_t last, std::uint64_t seed) {
  first_ = first;
  last_ = last;
  std::erase_if(free_, [this](const Free& free) { return !in_range(free.port); });
  std::vector<bool> known = taken_;
  for (const Free& free : free_)
    known[free.port / 2U] = true;
  std::vector<Free> fresh;
  for (std::size_t port = first_ + first_ % 2U + 2 * set_aside_.size(); port + 1 <= last_; port += 2) {
    if (!known[port / 2]) fresh.push_back({static_cast<std::uint16_t>(port), TimePoint::min()});
  }
  std::mt19937_64 random(seed);
  std::ranges::shuffle(fresh, random);
  free_.insert(free_.begin(), fresh.begin(), fresh.end());
}

std::optional<std::uint16_t> PortPool::take(TimePoint now) {
  if (free_.empty() || free_.front().usable > now) {
    for (std::size_t i = 0; i < set_aside_.size(); ++i) {
      const auto port = static_cast<std::uint16_t>(first_ + first_ % 2 + 2 * i);
      if (take(now, port)) return port;
    }
    return std::nullopt;
  }
  const std::uint16_t port = free_.front().port;
  free_.pop_front();
  taken_[port / 2U] = true;
  ++in_use_;
  return port;
}

bool PortPool::take(TimePoint now, std::uint16_t port) {
  const auto at = aside(port);
  if (!at || taken_[port / 2U] || set_aside_[*at] > now) return false;
  taken_[port / 2U] = true;
  ++in_use_;
  return true;
}

std::optional<std::size_t> PortPool::aside(std::uint16_t port) const {
  const unsigned begin = first_ + first_ % 2U;
  if (port < begin || port % 2 != 0) return std::nullopt;
  const std::size_t at = (port - begin) / 2U;
  return at < set_aside_.size() ? std::optional(at) : std::nullopt;
}

void PortPool::give_back(TimePoint now, std::uint16_t port) {
  if (port % 2 != 0 || !taken_[port / 2U]) return;
  taken_[port / 2U] = false;
  --in_use_;
  if (const auto at = aside(port)) {
    set_aside_[*at] = now + kQuarantine;
  } else if (in_range(port)) {
    free_.push_back({port, now + kQuarantine});
  }
}

}  // namespace dw::nat
