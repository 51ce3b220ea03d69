#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>

#include "sbc/base/fair_share.hpp"
#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/source.hpp"
#include "sbc/base/time.hpp"
#include "sbc/sip/flow.hpp"

namespace dw::sip {

/// The connections that phones have to us, counted by source. One over which a phone is registered stays; of the others the one
/// that is open longest makes room when its source, or all strangers together, have as many as they may: idle ones hold
/// nobody up. Strangers get half of all. No I/O.
class ConnectionSlots {
 public:
  struct Options {
    std::size_t total = 10'000;
    std::size_t per_source = 1000;
  };
  static constexpr Duration kGrace = std::chrono::milliseconds(500);  ///< in which a phone says something

  ConnectionSlots(const Options& options, std::uint64_t seed);
  void configure(const Options& options) { share_.configure(share_of(options)); }

  struct Verdict {
    FairShare::Verdict why = FairShare::Verdict::granted;
    std::optional<ConnectionId> evicted;  ///< closed for it
    bool granted() const { return why == FairShare::Verdict::granted; }
  };
  /// When granted it has a slot, which opened() or give_up() is to follow for.
  Verdict take(TimePoint now, const IpAddress& address, Standing standing);
  void opened(TimePoint now, ConnectionId id, const IpAddress& address, Standing standing);
  /// A phone is registered over it.
  void settled(ConnectionId id);
  void closed(ConnectionId id);
  std::size_t size() const { return share_.held(); }
  std::size_t total() const { return share_.total(); }

 private:
  struct Entry {
    IpAddress address;
    Standing standing = Standing::stranger;
    TimePoint opened{};
    bool settled = false;
  };
  using Ids = std::set<ConnectionId>;  // they grow: the first is open longest
  static FairShare::Options share_of(const Options& options);
  std::optional<ConnectionId> oldest(TimePoint now, const Ids& ids) const;
  void let_go(ConnectionId id, const Entry& entry);

  FairShare share_;
  std::unordered_map<ConnectionId, Entry> all_;
  Ids unsettled_, strangers_;  // strangers_: of unsettled_, those of sources that nobody knows
  std::unordered_map<IpAddress, Ids, KeyedHash> by_source_;  // of unsettled_
};

/// The memory of messages of which a part came, in blocks, by source.
class HalfMessages {
 public:
  static constexpr std::size_t kBlock = 4096;             ///< octets
  static constexpr std::size_t kBlocks = 16'384;          ///< 64 MiB in all, half for those who are known
  static constexpr std::size_t kOfStranger = 256, kOfKnown = 4096;  ///< 1 MiB, 16 MiB

  explicit HalfMessages(std::uint64_t seed) : share_({kBlocks, kOfStranger, kOfKnown, 50}, seed) {}

  struct Held {
    std::size_t blocks = 0;
    Standing standing = Standing::stranger;  ///< that they are held with
  };
  /// `octets` of it wait for the rest. False: that is too much, and nothing is held any more.
  bool hold(Held& held, const IpAddress& address, Standing standing, std::size_t octets);
  std::size_t blocks() const { return share_.held(); }

 private:
  FairShare share_;
};

}  // namespace dw::sip
