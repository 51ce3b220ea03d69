#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sbc/base/deadline_heap.hpp"
#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/slot_table.hpp"
#include "sbc/base/source.hpp"
#include "sbc/base/time.hpp"
#include "sbc/sip/flow.hpp"
#include "sbc/sip/message.hpp"

namespace dw::sip {

/// One AOR's contact at one phone, as the central server took it (sip-sbc §2.8). Not to be confused with a router's
/// mapping.
struct Binding {
  static constexpr std::size_t kTokenLength = 13;
  static constexpr Duration kGrace = std::chrono::seconds(10);

  std::size_t slot = 0;
  std::uint64_t id = 0;     ///< never used twice; 0: none
  std::string token;        ///< names it in the Contact that the central server has
  std::string key;          ///< of the same contact registered again: binding_key()
  std::string group;        ///< of one phone's contacts: contact_group(); empty: its Contact has no instance
  std::string aor;          ///< "1001@pbx.example.net", as the central server has it
  std::string user;         ///< of the AOR, plain_user
  std::string contact;      ///< the phone's Contact value without its expires parameter, octet for octet
  std::string contact_uri;  ///< out of it
  std::string call_id;      ///< of its registrations
  std::string device;       ///< "SEP001122334455"; empty: not known
  std::string user_agent;
  unsigned device_type = 0;
  Reach reach;
  bool loses_token = false;                   ///< as the server's answer listed it
  bool maps_host = false;                     ///< it writes our address where the central domain is meant
  std::size_t server = 0;                     ///< the central server that took it
  ConnectionId central = ConnectionId::none;  ///< that it registered over; none: UDP
  TimePoint expires_at{};                     ///< as the central server granted it, and kGrace
  TimePoint next_keepalive = TimePoint::max();
  unsigned unanswered = 0;  ///< OPTIONS in a row
  bool reported_unreachable = false;
  TimePoint reported_at{};        ///< the last event of its registration
  bool stale_connection = false;  ///< its TCP connection is gone
};

/// What a request says about its sender.
struct PhoneWords {
  std::string_view user;         ///< From's
  std::string_view contact_uri;  ///< empty: none
  std::string_view instance;     ///< +sip.instance, with its quotes; empty: none
  IpAddress stated;              ///< its Via's host; none: a name
};
PhoneWords words_of(const Message& m);

/// Our location service: every binding, found by token, by contact, by user and by source. Bounded by `max`, of which
/// one AOR has kMaxPerAor and one source a quarter. take_changed() says what to write to disk. About 30
/// methods, as one table is searched in a dozen ways. No I/O.
class Bindings {
 public:
  static constexpr std::size_t kMaxPerAor = 20;  ///< then the one that expires first is removed for a new one
  static constexpr std::size_t kLeastPerSource = 64;
  Bindings(std::size_t max, std::uint64_t seed)
      : max_(max), sources_(0, KeyedHash(seed)), counts_(0, KeyedHash(seed + 1)) {}
  void set_max(std::size_t max) { max_ = max; }  ///< those above it stay until they expire

  Binding* by_token(std::string_view token);
  Binding* by_key(std::string_view key);
  Binding* by_id(std::uint64_t id);
  /// The only one of this user at this central server, of several the only one in this domain; nullptr when that
  /// leaves several.
  Binding* only_by_user(std::string_view user, std::size_t server, std::string_view domain = {});
  /// Those of the same line of the same phone at the same address whose AOR is another.
  std::vector<Binding*> elsewhere(const Binding& b);
  std::vector<Binding*> by_aor(std::string_view aor);
  /// The binding that a phone's request belongs to. Several phones may stand at one address, so the address alone says
  /// nothing: its Contact decides, or its user at the same flow or host; then the flow, where that is one phone's alone
  /// and its Contact does not say otherwise; then its instance. nullptr when none of these decides.
  Binding* of_phone(const Flow& flow, const PhoneWords& says);
  /// How it is reached, without its Contact's port where that is another phone's at the same address: of a router's
  /// port only one has it.
  Reach reach_of(const Binding& b) const;
  bool knows_source(const IpAddress& source) const { return sources_.contains(source); }

  bool uses(ConnectionId connection, const IpAddress& source) const;
  /// Those of one phone's flow, the oldest first.
  std::vector<Binding*> by_group(std::string_view aor, std::string_view group);
  /// Whether a phone at this flow has registered this user. On a LAN an address is one phone's; behind a router it
  /// isn't.
  bool is_user_at(const Flow& flow, std::string_view user) const;
  /// A binding of this user at that flow, else at its address.
  const Binding* of_user_at(const Flow& flow, std::string_view user) const;
  /// Whether it has room for another one of that source.
  bool has_room(const IpAddress& source) const;
  /// Of an AOR that has kMaxPerAor, the one to remove for a new one.
  Binding* too_many(std::string_view aor);
  /// nullptr when there is no room. `b` is new: its token and key are not in use.
  Binding* add(Binding b);
  /// After its reach, expiry or call changed.
  void moved(Binding& b, const Reach& reach);
  void touched(Binding& b);
  /// Gives it another contact's token and key. Any other binding with that token or key is removed.
  void rename(Binding& b, const std::string& token, const std::string& key, const std::string& group);
  void remove(Binding& b);
  /// The bindings of this connection: they are unreachable until they register again.
  std::vector<Binding*> connection_closed(ConnectionId connection);

  /// What is due: expiry or keepalive. The caller moves the deadline on, or removes the binding.
  Binding* pop_due(TimePoint now);
  std::optional<TimePoint> next_deadline() const { return deadlines_.next(); }
  void arm(Binding& b);

  std::size_t size() const { return all_.size(); }
  std::size_t max() const { return max_; }
  /// Tokens whose binding changed or is gone since the last call.
  std::vector<std::string> take_changed();
  template <class Visit>
  void for_each(Visit visit) const {
    all_.for_each(visit);
  }

 private:
  void index_source(const Binding& b);
  void unindex_source(const Binding& b);

  std::size_t max_;
  SlotTable<Binding> all_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::string_view, Binding*> tokens_, keys_;
  std::unordered_multimap<std::string, Binding*> users_;  // by user_key()
  std::unordered_multimap<IpAddress, Binding*, KeyedHash> sources_;
  std::unordered_map<IpAddress, std::size_t, KeyedHash> counts_;  // by source_of()
  std::unordered_map<std::uint64_t, Binding*> ids_;
  std::unordered_set<std::string> changed_;
  DeadlineHeap deadlines_;
};

/// What stands behind the @ of an AOR.
std::string_view domain_in(std::string_view aor);
/// What the contacts of one phone's flow have in common: the AOR, +sip.instance and reg-id (RFC 5626 §6). A newer one
/// takes the place of an older one; flows of other reg-ids stay. Empty without an instance.
std::string contact_group(std::string_view aor, std::string_view instance, std::string_view reg_id);
/// The identity of one contact of an AOR: its group and URI; without an instance its URI and where it comes
/// from, as homes share private addresses.
std::string binding_key(std::string_view aor, std::string_view group, std::string_view contact_uri,
                        const IpAddress& source);

}  // namespace dw::sip
