#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nat/core/portmap/actions.hpp"
#include "nat/core/portmap/epoch.hpp"
#include "nat/core/portmap/pcp.hpp"

namespace dw::nat::portmap {

/// The wanted ports, what the router has granted for each and when each is due, and what is known of the router
/// whatever protocol it speaks. Owned by Mapper; the active protocol changes it.
class Mappings {
 public:
  static constexpr std::uint32_t kMaxLifetime = 24 * 3600;      ///< s; a longer one is renewed as if it were this long
  static constexpr Duration kWatch = std::chrono::seconds(60);  ///< the router is asked something at least this often
  /// The shortest interval between two requests for a port, however short the router's lifetimes are (RFC 6887
  /// §11.2.1).
  static constexpr Duration kRenewAgain = std::chrono::seconds(4);
  static constexpr unsigned kRemoveTries = 3;

  struct Options {
    std::chrono::seconds lifetime{};  ///< what we ask for
    std::function<std::uint64_t()> random;
  };
  struct Entry {
    Wanted wanted;
    pcp::Nonce nonce{};
    std::optional<Granted> granted;
    bool asked = false;  ///< a request is waiting for its answer; `due` is when to resend it
    bool tried = false;  ///< the router may have granted it, even if no answer came
    TimePoint due{};
    unsigned tries = 0;  ///< of the current request
    unsigned refusals = 0;
    std::string problem;
    unsigned filter_asked = 0;   ///< PeerFilter::version() of the current request
    unsigned filter_agreed = 0;  ///< version that the router granted last
  };
  /// How fast a datagram protocol asks.
  struct Pace {
    std::size_t window;  ///< requests waiting for an answer
    unsigned tries;      ///< of one request, until the router counts as silent
    bool other = false;  ///< a request that concerns no port is waiting too
  };
  using Send = std::function<void(Entry&, std::uint32_t lifetime)>;  ///< lifetime 0: removes the mapping

  Mappings(const std::vector<Wanted>& wanted, Options options) : options_(std::move(options)) {
    for (const Wanted& one : wanted)
      entries.emplace_back().wanted = one;
  }

  /// All ports are due, from the beginning.
  void begin(TimePoint now);
  std::uint32_t lifetime() const { return static_cast<std::uint32_t>(options_.lifetime.count()); }
  std::size_t at(const Entry& entry) const { return static_cast<std::size_t>(&entry - entries.data()); }
  std::size_t find(const Wanted& wanted) const;  ///< entries.size(): not found
  std::size_t under_way() const;
  /// False: an RTCP port that still needs the external port of its RTP port.
  bool may_ask(std::size_t at) const;
  /// The external port to suggest: the last one granted, else RTP's plus one, else the internal one, so that packets
  /// leave from the right port even if the router ignores the mapping for them.
  Endpoint suggestion(std::size_t at) const;
  /// Up to a tenth more or less, so that boxes that lost power together do not all ask at the same time.
  Duration jittered(Duration about) const;

  // What is due.
  /// Sends what is due again, then what is due for the first time, within the window. False: the router no longer
  /// answers.
  bool ask_due(TimePoint now, const Pace& pace, const Send& send);
  /// The same at the end, with lifetime 0; a mapping whose removal is not answered is left to expire. False: nothing is
  /// left.
  bool remove_due(TimePoint now, std::size_t window, const Send& send, Actions& actions);
  /// When ask_due() or remove_due() has something to do.
  TimePoint next_deadline(const Pace& pace) const;
  void expire(TimePoint now, Actions& actions);
  void forget_granted(TimePoint now, Actions& actions);  ///< the router no longer keeps them
  void removed(std::size_t at, Actions& actions);

  // What the router said.
  void on_granted(TimePoint now, std::size_t at, Endpoint external, std::uint32_t lifetime, Actions& actions);
  void on_refused(TimePoint now, std::size_t at, std::string why, Duration lasts, Actions& actions);
  /// Asks for all mappings again at once. The old ones stay valid until answers say otherwise, as most routers grant
  /// the same ones again. Counts once every kRenewAgain, as a router whose epoch makes no sense seems to lose its state
  /// with each answer.
  void on_state_lost(TimePoint now, Actions& actions);
  /// 0.0.0.0: the router has none, as its connection is down; unset: it did not say.
  void on_external(TimePoint now, const IpAddress& said, Actions& actions);
  void set_reflexive(const std::optional<IpAddress>& address, Actions& actions);
  const IpAddress& external() const { return external_; }

  std::vector<Granted> usable() const;
  void fill(Facts& facts) const;

  std::vector<Entry> entries;
  Epoch epoch;             ///< shared by PCP and NAT-PMP: a router that speaks both has one clock
  std::string last_error;  ///< the last refusal or timeout, in words

 private:
  void judge_address(Actions& actions);

  Options options_;
  IpAddress external_;
  std::optional<IpAddress> reflexive_;
  bool double_nat_ = false;
  TimePoint state_lost_ = TimePoint::min();
  std::uint64_t reboots_ = 0;
};

}  // namespace dw::nat::portmap
