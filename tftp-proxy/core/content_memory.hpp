#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sbc/base/time.hpp"
#include "tftp-proxy/core/content.hpp"

namespace dw::provisioning {

/// Whole files in memory by name: those somebody is reading are found as long as they are, and the most
/// recently used stay, `max_octets` of them in all.
class ContentMemory {
 public:
  static constexpr std::size_t kMaxNames = 8192;  ///< remembered names; beyond, only what is kept is found

  explicit ContentMemory(std::uint64_t max_octets) : max_octets_(max_octets) {}

  /// Takes a complete content. One that is larger than a quarter of all is not kept, only found while in use.
  void put(TimePoint now, const std::string& name, const ContentPtr& content);
  /// Nothing when unknown. What is found counts as used.
  ContentPtr find(const std::string& name);
  /// When it was put in. Of a name that find() finds.
  TimePoint since(const std::string& name) const { return by_name_.at(name).since; }
  void remove(const std::string& name);
  void limit(std::uint64_t max_octets);
  std::uint64_t octets() const { return octets_; }  ///< of what is kept

 private:
  struct Kept {
    std::string name;
    ContentPtr content;
  };
  struct Entry {
    std::weak_ptr<Content> content;
    std::list<Kept>::iterator kept;
    bool is_kept = false;
    TimePoint since{};
  };
  void drop_kept(Entry& entry);
  void shrink();
  void forget_unused();

  std::uint64_t max_octets_;
  std::uint64_t octets_ = 0;
  std::list<Kept> order_;  // most recently used first
  std::unordered_map<std::string, Entry> by_name_;
};

}  // namespace dw::provisioning
