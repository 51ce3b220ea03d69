#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sbc/base/deadline_heap.hpp"
#include "sbc/base/fair_share.hpp"
#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/slot_table.hpp"
#include "sbc/sip/call_media.hpp"
#include "sbc/sip/flow.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/output.hpp"

namespace dw::sip {

/// One end of a dialog, as the other one must address it (RFC 3261 §12.1).
struct Party {
  std::string target;  ///< remote target: its Contact's URI as it came; empty: not known yet
  std::string routes;  ///< route set toward it: whole "Route: …" lines; empty: none
  /// Of the central side's end: the address and port that the dialog runs over, and where we listen toward it. None:
  /// wherever its server is.
  std::optional<Flow> place;
};

/// All dialogs that one request began: with each responder that answered it one, as the central server may
/// fork (RFC 3261 §12). Between them the media, of which there is one set.
struct DialogSet {
  static constexpr std::size_t kMaxDialogs = 32;  ///< responders

  /// Whether the responder's route set is final. What makes a dialog fixes it, except that the 2xx to an INVITE
  /// replaces the one of an early dialog (RFC 3261 §12.2, §13.2.2.4).
  enum class Routes : std::uint8_t { unknown, early, fixed };
  struct Dialog {
    std::string responder_tag;
    Party responder;
    Routes routes = Routes::unknown;
    bool confirmed = false;
  };

  std::size_t slot = 0;
  std::uint64_t id = 0;
  std::string key;
  std::string call_id, initiator_tag;
  Side initiator = Side::access;
  Method method = Method::other;  ///< INVITE, SUBSCRIBE, REFER
  Party initiator_party;
  std::vector<Dialog> dialogs;

  // The phone's end.
  std::uint64_t binding = 0;  ///< Binding::id; 0: it is not registered
  Reach reach;                ///< for when the binding is gone
  bool maps_host = false;
  std::string aor, device;  ///< of the phone
  std::string domain;       ///< that the central side has where the phone has our address
  // The central end.
  std::size_t server = 0;
  ConnectionId central = ConnectionId::none;

  // An INVITE's.
  CallMedia media;
  std::string far_number, far_name;
  std::string own_number;
  std::string limited_as;  ///< what CallLimits counts it for, while it does
  IpAddress limited_at;
  TimePoint began{};  ///< its INVITE came
  TimePoint since{};
  TimePoint heard{};                       ///< when both sides last agreed on something within it
  std::optional<TimePoint> session_until;  ///< by when it is to be refreshed (RFC 4028)
  bool silent = false;                     ///< no media came for long; it does not count as a call then
  Call::EndedBy ended_by = Call::EndedBy::unknown;
  std::string end_reason;
  std::string taken;     ///< responder of the first 2xx: the call's media are with it
  bool pending = false;  ///< its first request is not answered for good
  bool ringing = false, connected = false, over = false, counted = false;
  bool referred = false;                                     ///< a REFER went through: its NOTIFYs come
  TimePoint until = TimePoint::max();                        ///< forgotten then
  std::optional<std::pair<IpAddress, Standing>> counts_for;  ///< whose share it is of; none: the central side began it

  Dialog* find(std::string_view responder_tag);
  /// One more. Where there are too many the oldest early one goes, as one that is answered must have room; when all
  /// are answered, the oldest that the call is not with.
  Dialog& add(std::string_view responder_tag);
  /// Takes target and route set of the party that sent `m`: a request that begins dialogs (`begins`: or a response to
  /// one), or a response of the other party. `from`: the side of the request.
  void note(const Message& m, Side from, bool begins);
  /// A request within a dialog says where its sender is from now on (RFC 3261 §12.2). A NOTIFY may be the first that is
  /// heard of its dialog (RFC 6665 §4.4.1). `dialog`: of its sender; nullptr: it is not known yet.
  void refresh_target(const Message& m, bool from_initiator, Dialog* dialog);
  /// Of the dialog that a request of `from` is in.
  std::string_view responder_tag_of(const Message& request, Side from) const {
    return from == initiator ? request.to_tag() : request.from_tag();
  }
  bool is_call() const { return method == Method::invite; }
};

/// All dialogs, by Call-ID and tags. Bounded by `max`, of which the dialogs that strangers begin get half and one
/// source a part.
class Dialogs {
 public:
  Dialogs(std::size_t max, std::uint64_t seed);
  void set_max(std::size_t max);
  std::size_t max() const { return max_; }
  static constexpr std::size_t kBeyond = 100;  ///< emergency calls that `max` does not count
  DialogSet* begin(std::string_view call_id, std::string_view initiator_tag, Side initiator, bool beyond = false);
  /// The same for one that the access side begins. `help`: an emergency call, in nobody's share.
  DialogSet* begin_for(const IpAddress& source, Standing standing, std::string_view call_id, std::string_view tag,
                       bool help);
  /// That this phone's end has, by `binding`, or, for one that is not registered, by its address: a central
  /// server may fork one call to several phones of ours.
  DialogSet* find(std::string_view call_id, std::string_view initiator_tag, Side initiator, std::uint64_t binding,
                  const IpAddress& phone);
  DialogSet* by_id(std::uint64_t id);
  /// That a request from `from` belongs to, its sender the initiator or the responder.
  struct Match {
    DialogSet* set = nullptr;
    bool from_initiator = false;
    DialogSet::Dialog* dialog = nullptr;  ///< nullptr: the set has none with that responder yet
  };
  /// Of several sets with the same names, one that is `theirs` comes first, then one that is not over, then one that
  /// was answered (of others the callee says no BYE, RFC 3261 §15), then one that nobody ends yet.
  Match match(const Message& request, Side from, const std::function<bool(const DialogSet&)>& theirs = {});
  /// The same of this set alone.
  static Match match_in(DialogSet& set, const Message& request, Side from);
  /// Another phone of ours has taken the same call.
  bool is_answered_elsewhere(const DialogSet& set) const;
  void forget(DialogSet& set);
  void set_until(DialogSet& set, TimePoint until);
  DialogSet* pop_due(TimePoint now);
  std::optional<TimePoint> next_deadline() const { return deadlines_.next(); }
  std::size_t size() const { return all_.size(); }
  std::size_t calls() const { return calls_; }
  void count_call(DialogSet& set, int by) {
    set.counted = by > 0;
    calls_ = by > 0 ? calls_ + 1 : calls_ - 1;
  }
  template <class Visit>
  void for_each(Visit visit) const {
    all_.for_each(visit);
  }

 private:
  static FairShare::Options share_of(std::size_t max);

  std::size_t max_;
  FairShare share_;
  SlotTable<DialogSet> all_;
  std::size_t calls_ = 0;
  std::uint64_t last_id_ = 0;
  DialogSet* with_responder(std::string_view call_id, std::string_view initiator_tag, Side initiator,
                            std::string_view responder_tag, const std::function<bool(const DialogSet&)>& theirs);
  std::unordered_multimap<std::string_view, DialogSet*, KeyedHash> by_key_;  // one for each phone
  std::unordered_map<std::uint64_t, DialogSet*> by_id_;
  DeadlineHeap deadlines_;
};

}  // namespace dw::sip
