#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sbc/base/fair_share.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/source.hpp"
#include "sbc/base/source_crowd.hpp"
#include "sbc/base/time.hpp"

namespace dw {

/// Who may have a connection, and who has to go for whom (DECISIONS.md). Half of the places are kept for known sources.
/// A settled connection never goes for another. When there is no room, a connection makes place that is worth no more
/// than the one that comes: strangers' before known ones', idle ones before those that showed what they are for; of
/// these the oldest of the source with the most, unless it is young and another source's is not. So whoever fills the
/// places loses his own. One for a service, whichever sockets it listens on. No I/O; what a connection costs grows with
/// the logarithm of how many there are.
class ConnectionBudget {
 public:
  using Id = std::uint64_t;  ///< the caller's number for a connection
  struct Options {
    std::size_t total = 10'000;
    std::size_t per_source = 1000;  ///< and four times that for an IPv6 site
    double rate = 0;                ///< new ones a second and source, five times that at once; 0: no bound
    std::size_t max_held = 0;       ///< octets of messages that are not whole; 0: holds() is not called
    friend bool operator==(const Options&, const Options&) = default;
  };
  /// Younger than that, an idle connection goes for a source with fewer alone: what a phone says first may be under
  /// way, and may have to be sent again (1 s, 2 s: RFC 6298).
  static constexpr Duration kGrace = std::chrono::seconds(5);
  /// The same for one that showed what it is for: as long as a registration, or a file, may take.
  static constexpr Duration kShownGrace = std::chrono::minutes(1);
  static constexpr std::size_t kStrangersPart = 8,
                               kKnownPart = 4;  ///< a source holds an eighth, or a quarter, of max_held

  enum class Verdict : std::uint8_t { taken, total, per_source, rate };
  struct Answer {
    Verdict verdict = Verdict::taken;
    std::vector<Id> go{};  ///< are to be closed; they count no more
  };

  ConnectionBudget(const Options& options, std::uint64_t seed);
  /// Whoever is connected stays.
  void configure(const Options& options);

  /// A connection comes; when it is taken it has its place until left().
  Answer arrive(TimePoint now, Id id, const IpAddress& from, Standing standing);
  void shown(TimePoint now, Id id);  ///< it said what it is for: registers a phone, asked for a whole file
  void idle(TimePoint now, Id id);   ///< that is done: it is worth as much as one that comes now
  void settled(Id id);               ///< a phone is registered over it, somebody is logged in: it stays
  void left(Id id);
  /// It holds so many octets, of a message that waits for its rest or for a server. Returned: who is to be closed as
  /// that is too much; it may be this one, also when it is settled.
  std::vector<Id> holds(Id id, std::size_t octets);

  std::size_t connections() const { return share_.held(); }
  std::size_t held_octets() const { return memory_.held(); }
  std::uint64_t evicted() const { return evicted_; }
  /// "sip" gives the tables sip_connections, sip_connection_rates and sip_held_octets.
  void append_tables(MetricsText& out, std::string_view service) const;

 private:
  struct Entry {
    IpAddress address;
    Standing standing = Standing::stranger;
    bool shown = false, settled = false;
    TimePoint since{};         ///< it came, showed something, or became idle
    std::uint64_t number = 0;  ///< counts up with that
    std::size_t held = 0;
  };
  using Entries = std::unordered_map<Id, Entry>;
  static constexpr std::size_t kStandings = 3;

  static SourceCrowd::Member place_of(Id id, const Entry& entry);
  static SourceCrowd::Member weight_of(Id id, const Entry& entry);
  SourceCrowd& crowd_of(const Entry& entry);
  SourceCrowd& heavy_of(const Entry& entry) { return heavy_[entry.standing == Standing::stranger ? 0 : 1]; }
  void move(TimePoint now, Id id, bool shown);
  bool is_young(TimePoint now, Id id) const;
  std::size_t waiting_of(const IpAddress& source) const;
  std::optional<Id> victim(TimePoint now, const IpAddress& from, Standing standing, FairShare::Verdict why) const;
  Id heaviest(Id asks, const Entry& entry, std::size_t octets, FairShare::Verdict why) const;
  void let_hold(Id id, Entry& entry, std::size_t octets);
  void remove(Entries::iterator at);

  Options options_;
  FairShare share_;
  FairRate rate_;
  FairShare memory_;
  Entries entries_;
  std::array<SourceCrowd, 2 * kStandings> crowds_;  // that are not settled: by standing, idle ones first
  std::array<SourceCrowd, 2> heavy_;                // what they hold: strangers, known ones
  std::uint64_t arrivals_ = 0, evicted_ = 0;
};

/// The setting that it stands for, without its service: "max_connections"; empty for taken.
std::string_view to_string(ConnectionBudget::Verdict verdict);

}  // namespace dw
