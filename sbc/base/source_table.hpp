#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/source.hpp"
#include "sbc/base/time.hpp"

namespace dw {

/// Remembers a value for each source (or name, AOR, Call-ID: any Key that KeyedHash takes), with a bound and with
/// constant work for any input: kWays entries share a set, nothing is scanned or moved, and memory is allocated a set
/// at a time. In a full set the entry with the lowest standing is evicted, among equals the least recently used: so
/// forged sources evict forged sources. A standing lasts for kStandingKept after the last take(), or, if Value has
/// `Standing at(TimePoint)`, as long as that says. No I/O.
template <class Key, class Value>
class SourceTable {
 public:
  static constexpr std::size_t kWays = 8;
  static constexpr Duration kStandingKept = std::chrono::hours(1);

  /// Room for at least `entries`, rounded up to whole sets.
  SourceTable(std::size_t entries, std::uint64_t seed)
      : hash_(seed), sets_(std::bit_ceil(std::max<std::size_t>(1, (entries + kWays - 1) / kWays))) {}

  /// Null when there is no entry.
  template <class Like>
  Value* find(const Like& key) {
    Entry* const entry = entry_of(key);
    return entry ? &entry->value : nullptr;
  }
  template <class Like>
  const Value* find(const Like& key) const {
    return const_cast<SourceTable*>(this)->find(key);
  }

  /// Finds the entry, or creates it with `fresh`. Null when all entries of its set have a higher standing: then the
  /// caller counts it together with all others that found no room.
  template <class Like>
  Value* take(TimePoint now, const Like& key, Standing standing, const Value& fresh) {
    Entry* entry = entry_of(key);
    if (!entry) {
      entry = room_for(now, key, standing);
      if (!entry) return nullptr;
      size_ += entry->there ? 0 : 1;
      evicted_ += entry->there ? 1 : 0;
      *entry = {Key(key), fresh, now, standing, true};
    }
    entry->used = now;
    entry->standing = standing;
    return &entry->value;
  }
  template <class Like>
  void erase(const Like& key) {
    Entry* const entry = entry_of(key);
    if (!entry) return;
    *entry = Entry{};
    --size_;
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& set : sets_) {
      if (!set) continue;
      for (const Entry& e : *set) {
        if (e.there) visit(e.key, e.value);
      }
    }
  }
  template <class Visit>
  void for_each(Visit visit) {
    for (const auto& set : sets_) {
      if (!set) continue;
      for (Entry& e : *set) {
        if (e.there) visit(std::as_const(e.key), e.value);
      }
    }
  }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return sets_.size() * kWays; }
  std::uint64_t evicted() const { return evicted_; }  ///< entries that made room for others

 private:
  struct Entry {
    Key key{};
    Value value{};
    TimePoint used{};
    Standing standing = Standing::stranger;
    bool there = false;
  };
  using Set = std::array<Entry, kWays>;

  template <class Like>
  std::size_t place_of(const Like& key) const {
    return hash_(key) & (sets_.size() - 1);
  }
  template <class Like>
  Entry* entry_of(const Like& key) {
    const auto& set = sets_[place_of(key)];
    if (!set) return nullptr;
    for (Entry& e : *set) {
      if (e.there && e.key == key) return &e;
    }
    return nullptr;
  }
  template <class Like>
  Entry* room_for(TimePoint now, const Like& key, Standing standing) {
    auto& set = sets_[place_of(key)];
    if (!set) set = std::make_unique<Set>();
    const auto worth = [&](const Entry& e) {
      if constexpr (requires { e.value.at(now); }) {
        return e.value.at(now);
      } else {
        return now - e.used > kStandingKept ? Standing::stranger : e.standing;
      }
    };
    Entry* least = nullptr;
    for (Entry& e : *set) {
      if (!e.there) return &e;
      if (!least || std::pair(worth(e), e.used) < std::pair(worth(*least), least->used)) least = &e;
    }
    return worth(*least) <= standing ? least : nullptr;
  }

  KeyedHash hash_;
  std::vector<std::unique_ptr<Set>> sets_;
  std::size_t size_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace dw
