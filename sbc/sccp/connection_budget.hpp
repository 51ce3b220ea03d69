#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sbc/base/fair_share.hpp"
#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/source.hpp"
#include "sbc/base/time.hpp"

namespace dw::sccp {

/// Who may have a connection, and who has to go for whom. One that is registered never goes. When there is no room, the source
/// with the most unregistered connections gives up its oldest: strangers before known sources, those that said nothing of weight
/// before those that named a phone. So whoever fills the slots loses his own to whoever comes with one. A slot is the caller's
/// number for a connection. No I/O; what an arrival costs grows with the logarithm of the connections alone.
class ConnectionBudget {
 public:
  struct Options {
    std::size_t total = 10'000;
    std::size_t per_source = 1000;
    double rate = 100;  ///< new ones a second and source; five times that at once
    friend bool operator==(const Options&, const Options&) = default;
  };
  static constexpr unsigned kKeptForKnown = 25;                     ///< percent of the slots
  static constexpr Duration kGrace = std::chrono::seconds(5);       ///< a connection that young goes for a lighter source alone
  static constexpr std::size_t kMaxHeld = std::size_t{8} << 20U;    ///< octets of unregistered ones, of messages that wait

  enum class Verdict : std::uint8_t { taken, total, per_source, rate };
  struct Answer {
    Verdict verdict = Verdict::taken;
    std::vector<std::size_t> go{};  ///< slots that are to be hung up on; they count no more
  };

  ConnectionBudget(const Options& options, std::uint64_t seed);
  void configure(const Options& options);

  /// A connection comes; when it is taken it has `slot` from now on, until left().
  Answer arrive(TimePoint now, std::size_t slot, const IpAddress& from, Standing standing);
  /// It said which phone it is, and wants to register it.
  void named(std::size_t slot);
  void registered(std::size_t slot);
  /// It holds so many octets of what it said, which wait for their rest or for the server. Returned: who is to go as that is too
  /// much in all.
  std::optional<std::size_t> holds(std::size_t slot, std::size_t octets);
  void left(std::size_t slot);

  std::size_t connections() const { return share_.held(); }
  std::size_t rates() const { return rate_.size(); }  ///< sources whose rate is remembered
  std::size_t held_octets() const { return held_; }
  std::uint64_t evicted() const { return evicted_; }

 private:
  struct Entry {
    IpAddress source;
    Standing standing = Standing::stranger;
    bool there = false, named = false, registered = false;
    TimePoint since{};
    std::uint64_t number = 0;  ///< counts up with each arrival
    std::size_t held = 0;
  };
  using Place = std::pair<std::uint64_t, std::size_t>;  ///< Entry::number and slot: the oldest first
  /// Unregistered connections of one kind, by source.
  struct Crowd {
    explicit Crowd(std::uint64_t seed) : sources(0, KeyedHash(seed)) {}
    struct Source {
      std::set<Place> places;
      std::uint64_t ranked_as = 0;  ///< the number in `ranks`
    };
    void add(const IpAddress& source, Place place);
    void remove(const IpAddress& source, Place place);
    std::size_t count(const IpAddress& source) const;
    std::optional<std::size_t> oldest_of(const IpAddress& source) const;
    /// Of the source with the most, of equals the one whose oldest is oldest: how many, and which slot.
    std::optional<std::pair<std::size_t, std::size_t>> oldest_of_most() const;

    using Rank = std::tuple<std::size_t, std::uint64_t, IpAddress>;  ///< how many, how old, whose
    std::unordered_map<IpAddress, Source, KeyedHash> sources;
    std::set<Rank> ranks;

   private:
    Rank rank_of(const IpAddress& source, const Source& of) const;
  };
  Crowd& crowd_of(const Entry& entry);
  std::optional<std::size_t> victim(TimePoint now, const IpAddress& source, Standing standing, FairShare::Verdict why) const;
  std::size_t waiting_of(const IpAddress& source) const;
  void set_held(std::size_t slot, std::size_t octets);
  void remove(std::size_t slot);

  Options options_;
  FairShare share_;
  FairRate rate_;
  std::vector<Entry> entries_;  // by slot
  std::vector<Crowd> crowds_;   // the first goes first: strangers' idle ones, strangers that named a phone, then known ones
  std::set<std::pair<std::size_t, std::size_t>> heavy_;  // octets held and slot, of unregistered ones
  std::size_t held_ = 0;
  std::uint64_t arrivals_ = 0, evicted_ = 0;
};

/// The setting that it stands for: "access.sccp.max_connections"; empty for taken.
std::string_view to_string(ConnectionBudget::Verdict verdict);

}  // namespace dw::sccp
