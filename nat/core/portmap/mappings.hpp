#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nat/core/portmap/actions.hpp"
#include "nat/core/portmap/epoch.hpp"
#include "nat/core/portmap/pcp.hpp"

namespace dw::nat::portmap {

/// The ports that are wanted, what the router has granted of them and when each is due, and what is known of the router
/// whichever protocol it speaks. Owned by Mapper, changed by the protocol that is spoken.
class Mappings {
 public:
  static constexpr std::uint32_t kMaxLifetime =
      24 * 3600;  ///< s; what is granted beyond is renewed as if it ended then
  static constexpr Duration kWatch = std::chrono::seconds(60);  ///< the router is asked something this often
  /// A port is asked for again no sooner, however short the router's lifetimes are (RFC 6887 §11.2.1).
  static constexpr Duration kRenewAgain = std::chrono::seconds(4);
  static constexpr unsigned kRemoveTries = 3;

  struct Options {
    std::chrono::seconds lifetime{};  ///< asked for
    std::function<std::uint64_t()> random;
  };
  struct Entry {
    Wanted wanted;
    pcp::Nonce nonce{};
    std::optional<Granted> granted;
    bool asked = false;  ///< a request is under way, `due` is when it is sent again
    bool tried = false;  ///< the router may have granted it without our knowing
    TimePoint due{};
    unsigned tries = 0;  ///< of the request under way
    unsigned refusals = 0;
    std::string problem;
    unsigned filter_asked = 0;   ///< PeerFilter::version() of the request under way
    unsigned filter_agreed = 0;  ///< of the last that was granted
  };
  /// How a protocol of datagrams asks.
  struct Pace {
    std::size_t window;  ///< requests under way
    unsigned tries;      ///< of one, before the router counts as silent
    bool other = false;  ///< a request that is for no port is under way
  };
  using Send = std::function<void(Entry&, std::uint32_t lifetime)>;  ///< lifetime 0: takes it back

  Mappings(const std::vector<Wanted>& wanted, Options options) : options_(std::move(options)) {
    for (const Wanted& one : wanted)
      entries.emplace_back().wanted = one;
  }

  /// All are asked for from the beginning.
  void begin(TimePoint now);
  std::uint32_t lifetime() const { return static_cast<std::uint32_t>(options_.lifetime.count()); }
  std::size_t at(const Entry& entry) const { return static_cast<std::size_t>(&entry - entries.data()); }
  std::size_t find(const Wanted& wanted) const;  ///< entries.size(): nowhere
  std::size_t under_way() const;
  /// An RTCP port waits for its RTP port's external one.
  bool may_ask(std::size_t at) const;
  /// The external port that we would like: what we had, else RTP's plus one, else the internal one, so that a router
  /// that knows nothing of a packet's mapping still sends it out from the right port.
  Endpoint suggestion(std::size_t at) const;
  /// Up to a tenth more or less, so that boxes that lost power together do not ask together.
  Duration jittered(Duration about) const;

  // What is due.
  /// Sends again what is due, then what is due for the first time, as far as the window lets it. False: the router does
  /// not answer any more.
  bool ask_due(TimePoint now, const Pace& pace, const Send& send);
  /// The same at the end, with lifetime 0; one that is not answered runs out by itself. False: none is left.
  bool remove_due(TimePoint now, std::size_t window, const Send& send, Actions& actions);
  /// The next of ask_due() and remove_due().
  TimePoint next_deadline(const Pace& pace) const;
  void expire(TimePoint now, Actions& actions);
  void forget_granted(TimePoint now, Actions& actions);  ///< nobody stands by them any more
  void removed(std::size_t at, Actions& actions);

  // What the router said.
  void on_granted(TimePoint now, std::size_t at, Endpoint external, std::uint32_t lifetime, Actions& actions);
  void on_refused(TimePoint now, std::size_t at, std::string why, Duration lasts, Actions& actions);
  /// Everything is asked for again at once; what we had stays until the answers say otherwise, as most routers grant
  /// the same again within a moment. A router whose epoch is nonsense loses its state with each answer: that is one
  /// loss, and one round of requests, every kRenewAgain.
  void on_state_lost(TimePoint now, Actions& actions);
  /// 0.0.0.0: the router has none, its connection is down; none: it did not say.
  void on_external(TimePoint now, const IpAddress& said, Actions& actions);
  void set_reflexive(const std::optional<IpAddress>& address, Actions& actions);
  const IpAddress& external() const { return external_; }

  std::vector<Granted> usable() const;
  void tell(Facts& facts) const;

  std::vector<Entry> entries;
  Epoch epoch;             ///< one for PCP and NAT-PMP: a router that speaks both has one clock
  std::string last_error;  ///< the last refusal or silence, in words

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
