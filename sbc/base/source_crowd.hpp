#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/source.hpp"

namespace dw {

/// Things that belong to sources, each with a weight and an order. Answers which source has the most weight, overall or
/// within an IPv6 site, and which of its things is first. Each operation costs O(log n). No I/O.
class SourceCrowd {
 public:
  struct Member {
    IpAddress source;  ///< source_of() an address
    std::uint64_t order = 0;
    std::uint64_t id = 0;
    std::size_t weight = 1;  ///< not 0
  };
  struct Most {
    std::size_t weight = 0;  ///< of the source
    std::uint64_t id = 0;    ///< its first
  };

  explicit SourceCrowd(std::uint64_t seed) : sources_(0, KeyedHash(seed)), sites_(0, KeyedHash(seed + 1)) {}

  void add(const Member& member);
  void remove(const Member& member);  ///< exactly as it was added

  std::size_t weight_of(const IpAddress& source) const;
  std::optional<std::uint64_t> first_of(const IpAddress& source) const;
  std::optional<std::uint64_t> first() const;  ///< of all sources
  /// Of the source with the most weight; among equals, the one whose first thing is earliest.
  std::optional<Most> most() const { return most_in(ranks_); }
  std::optional<Most> most_of_site(const IpAddress& site) const;
  bool empty() const { return ranks_.empty(); }

 private:
  using Rank = std::tuple<std::size_t, std::uint64_t, IpAddress>;  // weight, reversed order, source
  using Ranks = std::set<Rank>;
  struct Source {
    std::set<std::pair<std::uint64_t, std::uint64_t>> members;  // by order and id
    std::size_t weight = 0;
  };
  static Rank rank_of(const IpAddress& source, const Source& of);
  void enter(const IpAddress& source, const Source& of);
  void leave(const IpAddress& source, const Source& of);
  std::optional<Most> most_in(const Ranks& ranks) const;

  std::unordered_map<IpAddress, Source, KeyedHash> sources_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> members_;  // of all sources, by order and id
  std::unordered_map<IpAddress, Ranks, KeyedHash> sites_;      // only for IPv6
  Ranks ranks_;
};

}  // namespace dw
