#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sbc/base/time.hpp"

namespace dw::provisioning {

/// Which files are in the cache, which go first when it is full. Names exact or in any case; octets are only
/// counted. No I/O, no clock.
class CacheIndex {
 public:
  static constexpr std::size_t kMaxFiles = 65'536;

  struct Entry {
    std::string name;
    std::uint64_t size = 0;
    std::string sha256;  ///< 64 lower-case hex digits: the object's name on disk
    std::string etag, last_modified, origin;
    WallTime fetched{};
    WallTime last_used{};
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  explicit CacheIndex(std::uint64_t max_octets, std::size_t max_files = kMaxFiles)
      : max_octets_(max_octets), max_files_(max_files) {}
  CacheIndex(CacheIndex&&) = default;  // no copies: the maps look into the list
  CacheIndex& operator=(CacheIndex&&) = default;

  const Entry* find(std::string_view name) const;
  /// The exact name if there is one, else the most recently used of those that differ in case only.
  const Entry* find_ignoring_case(std::string_view name) const;

  /// What must go, least recently used first, so that `size` more octets and one more file fit; already taken
  /// out of the index. `keep` is spared (it is about to be replaced). Nothing goes when it can't fit at all.
  std::vector<Entry> make_room(std::uint64_t size, std::string_view keep);
  /// Puts it in as the most recently used. Gives what stood under that name.
  std::vector<Entry> put(Entry entry);
  /// Gives what was removed: one or none.
  std::vector<Entry> remove(std::string_view name);
  void used(std::string_view name, WallTime now);
  void refreshed(std::string_view name, WallTime now);

  /// Gives what must go for it, as make_room does.
  std::vector<Entry> set_max_octets(std::uint64_t max_octets) {
    max_octets_ = max_octets;
    return make_room(0, {});
  }

  std::uint64_t octets() const { return octets_; }
  std::uint64_t max_octets() const { return max_octets_; }
  std::size_t files() const { return by_name_.size(); }
  void for_each(const std::function<void(const Entry&)>& visit) const;  ///< most recently used first

 private:
  using Order = std::list<Entry>;
  Entry take_out(Order::iterator entry);

  std::uint64_t max_octets_;
  std::size_t max_files_;
  std::uint64_t octets_ = 0;
  Order order_;                                                    // most recently used first
  std::unordered_map<std::string_view, Order::iterator> by_name_;  // keys look into order_
  std::unordered_multimap<std::string, Order::iterator> by_folded_name_;
};

}  // namespace dw::provisioning
