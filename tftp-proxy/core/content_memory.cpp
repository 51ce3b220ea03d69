#include "tftp-proxy/core/content_memory.hpp"

namespace dw::provisioning {

void ContentMemory::put(TimePoint now, const std::string& name, const ContentPtr& content) {
  remove(name);
  if (by_name_.size() >= kMaxNames) forget_unused();
  const std::uint64_t size = content->octets().size();
  const bool keep = size <= max_octets_ / 4;
  if (!keep && by_name_.size() >= kMaxNames) return;
  Entry& entry = by_name_[name];
  entry.content = content;
  entry.since = now;
  if (!keep) return;
  order_.push_front({name, content});
  entry.kept = order_.begin();
  entry.is_kept = true;
  octets_ += size;
  shrink();
}

ContentPtr ContentMemory::find(const std::string& name) {
  const auto at = by_name_.find(name);
  if (at == by_name_.end()) return nullptr;
  if (at->second.is_kept) order_.splice(order_.begin(), order_, at->second.kept);
  ContentPtr content = at->second.content.lock();
  if (!content) by_name_.erase(at);
  return content;
}

void ContentMemory::remove(const std::string& name) {
  const auto at = by_name_.find(name);
  if (at == by_name_.end()) return;
  drop_kept(at->second);
  by_name_.erase(at);
}

void ContentMemory::limit(std::uint64_t max_octets) {
  max_octets_ = max_octets;
  shrink();
}

void ContentMemory::drop_kept(Entry& entry) {
  if (!entry.is_kept) return;
  octets_ -= entry.kept->content->octets().size();
  order_.erase(entry.kept);
  entry.is_kept = false;
}

void ContentMemory::shrink() {
  while (!order_.empty() && (octets_ > max_octets_ || order_.size() > kMaxNames)) {
    drop_kept(by_name_.at(order_.back().name));
  }
}

void ContentMemory::forget_unused() {
  std::erase_if(by_name_, [](const auto& entry) { return !entry.second.is_kept && entry.second.content.expired(); });
}

}  // namespace dw::provisioning
