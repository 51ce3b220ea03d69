#pragma once
#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sbc/base/deadline_heap.hpp"
#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/metrics.hpp"
#include "tftp-proxy/core/name_budget.hpp"
#include "tftp-proxy/core/tftp_guard.hpp"
#include "tftp-proxy/core/tftp_outbox.hpp"
#include "tftp-proxy/core/tftp_probe.hpp"
#include "tftp-proxy/core/transfer.hpp"

namespace dw::tftp {

/// A datagram that came to a listener, or to a transfer's own port.
struct Arrival {
  Endpoint peer;
  Endpoint ours;          ///< the address it was sent to (never the wildcard), and the listener's port
  std::uint32_t via = 0;  ///< which listener, in the caller's numbering; comes back with the answers
  bool truncated = false;
  bool to_group = false;  ///< sent to a broadcast or multicast address
  Bytes octets;
};

struct SessionsOptions {
  /// Every packet of a transfer leaves from the address and port that were asked, so that it passes through
  /// the mapping which the RRQ opened in the client's router. Off: a fresh port (TID) for each (RFC 1350 §4).
  bool single_port = true;
  TermLimits terms;
  TransferOptions transfer;
  GuardOptions guard;
  std::uint32_t max_sessions = 8192;
  std::uint32_t max_sessions_per_source = 1024;
  std::uint32_t max_unproven = 4096;  ///< of sources that are not known; beyond it the oldest of them makes room
  friend bool operator==(const SessionsOptions&, const SessionsOptions&) = default;
};

/// All transfers of a TFTP server, and who is let in: takes datagrams and time, and writes into an outbox
/// what is to be done. Reads only: a WRQ gets ERROR 2. What belongs to no transfer is counted and never
/// answered, with one exception: an ACK from a new port of an address of which exactly one stalled transfer
/// waits for that block shows that a router has given the client another port, and the transfer follows it. One class,
/// as each datagram may touch the table, the limits and the transfer that it belongs to.
class Sessions {
 public:
  /// `known` and `names` outlive this. Without `names` any number of them may be tried.
  Sessions(const SessionsOptions& options, KnownSources& known, provisioning::NameBudget* names = nullptr);
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  void on_datagram(TimePoint now, const Arrival& arrival, Outbox& out);
  /// The same for what came to a session's own socket (single_port off).
  void on_tid_datagram(TimePoint now, SessionId id, const Arrival& arrival, Outbox& out);
  /// The file an Open asked for; and again after each of its changes. Stale ids are ignored.
  void on_content(TimePoint now, SessionId id, const provisioning::ContentPtr& content, Outbox& out);
  void on_deadline(TimePoint now, Outbox& out);
  std::optional<TimePoint> next_deadline() const { return deadlines_.next(); }

  /// There is no socket for it: it is dropped without an answer, so that the phone asks again.
  void drop(TimePoint now, SessionId id, std::string_view why, Outbox& out);
  /// New options; running transfers keep the terms they agreed to.
  void configure(const SessionsOptions& options);
  /// From now on no new transfer begins; requests are met with silence.
  void drain() { draining_ = true; }

  bool alive(SessionId id) const {
    return id.slot < places_.size() && places_[id.slot].generation == id.generation && places_[id.slot].session;
  }
  std::size_t active() const { return by_key_.size(); }
  std::size_t unproven() const { return unproven_.size() + unproven_known_.size(); }
  void append_metrics(MetricsText& out) const;

  struct Counters {
    std::uint64_t datagrams = 0, ignored = 0, rrq = 0, wrq = 0, repeated_rrq = 0, strays = 0, adopted_ports = 0,
                  strangers = 0, started = 0, evicted = 0, probes = 0;
    std::array<std::uint64_t, kRefusals> refused{};
    std::array<std::uint64_t, kTransferOutcomes> ended{};
  };
  const Counters& counters() const { return counters_; }
  const TransferCounters& transfer_counters() const { return transfer_counters_; }

 private:
  using Slot = std::uint32_t;
  struct Key {
    Endpoint peer;
    IpAddress local;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    KeyedHash hash;
    std::size_t operator()(const Key& key) const;
  };
  struct Session {
    Session(Transfer t, Key k, std::string f) : transfer(std::move(t)), key(std::move(k)), file(std::move(f)) {}
    Transfer transfer;
    Key key;
    std::string file;
    std::uint64_t request_hash = 0;
    std::uint32_t via = 0;
    bool fresh_tid = false;
    bool counted_proven = false;
    bool of_known = false;  ///< its source was known when it began
    std::list<Slot>::iterator in_unproven, in_source;
  };
  struct Place {
    std::optional<Session> session;
    std::uint32_t generation = 0;
  };

  void on_request(TimePoint now, const Arrival& arrival, const Request& request, Outbox& out);
  void on_repeated_request(TimePoint now, Slot slot, Outbox& out);
  void on_probe(const Arrival& arrival, ProbePort port, Outbox& out);
  void on_stray(TimePoint now, const Arrival& arrival, const Packet& packet, Outbox& out);
  void begin(TimePoint now, const Arrival& arrival, const Request& request, Mode mode, std::string file, Outbox& out);
  bool make_room(TimePoint now, const IpAddress& source, Outbox& out);
  void refuse(const Arrival& arrival, Refusal reason, std::string_view file, Outbox& out);
  void refuse_with(const Arrival& arrival, Refusal reason, std::string_view file, const ErrorMessage& error,
                   std::string detail, Outbox& out);
  bool admit(TimePoint now, const Arrival& arrival, std::string_view file, Outbox& out);
  bool admit_name(TimePoint now, const Arrival& arrival, std::string_view file, Outbox& out);
  void proved(Session& session);

  void rebind(Slot slot, const Endpoint& peer);
  Session& prepare(Slot slot, Outbox& out);
  void settle(TimePoint now, Slot slot, Outbox& out);
  void forget(Slot slot);
  Session* find(SessionId id);
  std::optional<Slot> find(const Endpoint& peer, const IpAddress& local) const;
  std::optional<Slot> stalled_of(const Arrival& arrival, std::uint16_t block) const;

  SessionsOptions options_;
  Guard guard_;
  provisioning::NameBudget* names_;
  Counters counters_;
  TransferCounters transfer_counters_;
  std::vector<Place> places_;
  std::vector<Slot> free_;
  std::unordered_map<Key, Slot, KeyHash> by_key_;
  std::unordered_map<IpAddress, std::list<Slot>, KeyedHash> by_source_;
  std::list<Slot> unproven_, unproven_known_;  ///< oldest first; of strangers, of known sources
  DeadlineHeap deadlines_;
  bool draining_ = false;
};

}  // namespace dw::tftp
