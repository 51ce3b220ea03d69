#include "tftp-proxy/core/cache_index.hpp"

#include <algorithm>
#include <utility>

#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/spelling.hpp"

namespace dw::provisioning {

const CacheIndex::Entry* CacheIndex::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &*found->second;
}

const CacheIndex::Entry* CacheIndex::find_ignoring_case(std::string_view name) const {
  if (const Entry* exact = find(name); exact != nullptr) return exact;
  const Entry* best = nullptr;
  const auto [first, last] = by_folded_name_.equal_range(folded(name));
  for (auto it = first; it != last; ++it) {
    if (best == nullptr || it->second->last_used > best->last_used) best = &*it->second;
  }
  return best;
}

CacheIndex::Entry CacheIndex::take_out(Order::iterator entry) {
  by_name_.erase(entry->name);
  const auto [first, last] = by_folded_name_.equal_range(folded(entry->name));
  by_folded_name_.erase(std::find_if(first, last, [&](const auto& pair) { return pair.second == entry; }));
  octets_ -= entry->size;
  Entry out = std::move(*entry);
  order_.erase(entry);
  return out;
}

std::vector<CacheIndex::Entry> CacheIndex::make_room(std::uint64_t size, std::string_view keep) {
  std::vector<Entry> gone;
  if (size > max_octets_ || max_files_ == 0) return gone;
  const Entry* const replaced = find(keep);
  const std::uint64_t freed = replaced != nullptr ? replaced->size : 0;
  const std::size_t added = replaced != nullptr ? 0 : 1;
  const auto fits = [&] { return octets_ - freed + size <= max_octets_ && by_name_.size() + added <= max_files_; };
  auto it = order_.end();
  while (!fits() && it != order_.begin()) {
    --it;
    if (it->name == keep) continue;
    const auto victim = it++;
    gone.push_back(take_out(victim));
  }
  return gone;
}

std::vector<CacheIndex::Entry> CacheIndex::put(Entry entry) {
  std::vector<Entry> replaced = remove(entry.name);
  octets_ += entry.size;
  order_.push_front(std::move(entry));
  by_name_.emplace(order_.front().name, order_.begin());
  by_folded_name_.emplace(folded(order_.front().name), order_.begin());
  return replaced;
}

std::vector<CacheIndex::Entry> CacheIndex::remove(std::string_view name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return {};
  std::vector<Entry> removed;
  removed.push_back(take_out(found->second));
  return removed;
}

void CacheIndex::used(std::string_view name, WallTime now) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  found->second->last_used = now;
  order_.splice(order_.begin(), order_, found->second);
}

void CacheIndex::refreshed(std::string_view name, WallTime now) {
  if (const auto found = by_name_.find(name); found != by_name_.end()) found->second->fetched = now;
}

void CacheIndex::for_each(const std::function<void(const Entry&)>& visit) const {
  for (const Entry& entry : order_)
    visit(entry);
}

}  // namespace dw::provisioning
