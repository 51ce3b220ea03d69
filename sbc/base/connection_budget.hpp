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

/// Who may have a connection, and which one is closed to make room (DECISIONS.md). Half of the places are kept for
/// known sources. A settled connection is never evicted. When there is no room, a connection worth no more than the new
/// one is evicted: strangers' before known sources', idle ones before those that showed their purpose; among these the
/// oldest of the source with the most connections, unless it is young and another source's is not. So whoever fills the
/// places evicts his own. One object for each service, however many sockets it listens on. No I/O; each connection
/// costs O(log n).
class ConnectionBudget {
 public:
  using Id = std::uint64_t;  ///< the caller's number for a connection
  struct Options {
    std::size_t total = 10'000;
    std::size_t per_source = 1000;  ///< an IPv6 site has four times that
    double rate = 0;           ///< new connections per second and source, with a burst of five times that; 0: no limit
    std::size_t max_held = 0;  ///< octets of incomplete messages; 0: holds() is not called
    friend bool operator==(const Options&, const Options&) = default;
  };
  /// An idle connection younger than this is evicted only for a source that has fewer: a phone's first message may
  /// still be on its way, and may have to be retransmitted (after 1 s, 2 s: RFC 6298).
  static constexpr Duration kGrace = std::chrono::seconds(5);
  /// The same for one that showed its purpose: as long as a registration or a file may take.
  static constexpr Duration kShownGrace = std::chrono::minutes(1);
  static constexpr std::size_t kStrangersPart = 8,
                               kKnownPart = 4;  ///< a source holds an eighth, or a quarter, of max_held

  enum class Verdict : std::uint8_t { taken, total, per_source, rate };
  struct Answer {
    Verdict verdict = Verdict::taken;
    std::vector<Id> go{};  ///< to be closed; no longer counted
  };

  ConnectionBudget(const Options& options, std::uint64_t seed);
  /// Existing connections stay.
  void configure(const Options& options);

  /// A new connection. Once taken, it keeps its place until left().
  Answer arrive(TimePoint now, Id id, const IpAddress& from, Standing standing);
  void shown(TimePoint now, Id id);  ///< it showed its purpose: registers a phone, asked for a whole file
  void idle(TimePoint now, Id id);   ///< that is over: it is worth as much as a new one
  void settled(Id id);               ///< a phone is registered over it, somebody is logged in: it stays
  void left(Id id);
  /// It now holds this many octets, of a message that is incomplete or waits for a server. Returns the connections to
  /// close because that is too much; this one may be among them, even if it is settled.
  std::vector<Id> holds(Id id, std::size_t octets);

  std::size_t connections() const { return share_.held(); }
  std::size_t held_octets() const { return memory_.held(); }
  std::uint64_t evicted() const { return evicted_; }
  /// "sip" appends the tables sip_connections, sip_connection_rates and sip_held_octets.
  void append_tables(MetricsText& out, std::string_view service) const;

 private:
  struct Entry {
    IpAddress address;
    Standing standing = Standing::stranger;
    bool shown = false, settled = false;
    TimePoint since{};         ///< when it arrived, showed its purpose, or became idle
    std::uint64_t number = 0;  ///< increases with `since`
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
  std::array<SourceCrowd, 2 * kStandings> crowds_;  // those not settled: by standing, idle ones first
  std::array<SourceCrowd, 2> heavy_;                // those that hold octets: strangers', known sources'
  std::uint64_t arrivals_ = 0, evicted_ = 0;
};

/// The name of the setting behind it, without its service: "max_connections"; empty for taken.
std::string_view to_string(ConnectionBudget::Verdict verdict);

}  // namespace dw
