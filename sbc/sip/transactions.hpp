#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sbc/base/deadline_heap.hpp"
#include "sbc/base/fair_share.hpp"
#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/slot_table.hpp"
#include "sbc/sip/client_half.hpp"
#include "sbc/sip/flow.hpp"
#include "sbc/sip/hop.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/password_guesses.hpp"
#include "sbc/sip/server_half.hpp"
#include "sbc/sip/timers.hpp"

namespace dw::sip {

struct Registering;  // register.hpp

/// A request that was received and sent on, or one of our own: its server half toward whoever sent it, its client half
/// toward whoever gets it (RFC 3261 §16, §17), and what it is about. Owned by Transactions.
struct Transaction {
  enum class Purpose : std::uint8_t { forward, server_ping, phone_probe, start_over, hang_up };

  std::size_t slot = 0;
  std::uint64_t serial = 0;  ///< never reused: shows whether a slot still holds the same transaction
  Method method = Method::other;
  Purpose purpose = Purpose::forward;
  Side from_side = Side::access;
  ServerHalf server;
  ClientHalf client;
  TimePoint armed = kNever;

  // What it is about.
  std::size_t central_server = 0;
  std::uint32_t tried = 0;             ///< central servers, one bit each
  std::vector<Endpoint> tried_places;  ///< within a dialog: addresses of its server
  std::uint64_t dialogs = 0;           ///< DialogSet::id; 0: none
  std::uint64_t binding = 0;           ///< Binding::id; 0: none
  std::string domain;                  ///< that the central side has where its phone has our address
  bool emergency = false;              ///< an emergency call: no limit refuses it
  bool begins_dialogs = false;
  bool offered = false;            ///< the request had an offer: what its answers describe is the answer
  bool ends_subscription = false;  ///< a NOTIFY says so
  ReturnPath back;                 ///< of the request
  std::unique_ptr<Registering> registering;
  std::optional<PasswordTry> password;  ///< until the server has said whether it was right
  std::string hung_up;                  ///< To tags of 2xx that did not go on to the caller, each in angle brackets

  bool is_invite() const { return method == Method::invite; }
  Transaction();
  ~Transaction();
};

/// All transactions there are: finds them, and runs their timers (RFC 3261 §17.1, §17.2, RFC 6026, RFC 4320). Owns
/// them, the indexes by key and by branch, the deadlines, and the share of each source. Knows nothing of what a message
/// means. Bounded by `max`, of which strangers get half, and by the octets of their requests.
class Transactions {
 public:
  /// `may_resend`: whether a request is sent again now, or only at its next time.
  using MayResend = std::function<bool(TimePoint now, const Transaction& t)>;
  struct Options {
    std::size_t max = 20'000;
    std::size_t per_source = 2000;  ///< that one known source began; a stranger gets a quarter
  };
  Transactions(const Options& options, std::uint64_t seed, MayResend may_resend);
  void configure(const Options& options);

  static constexpr std::size_t kBeyond = 100;  ///< emergency calls that `max` does not count
  /// nullptr when there are `max`. With a server side when `key` is given.
  Transaction* begin(Method method, std::string key, bool beyond = false);
  Transaction* find_server(std::string_view key);
  Transaction* find_client(std::string_view branch);
  Transaction* at(std::size_t slot, std::uint64_t serial);
  std::size_t size() const { return all_.size(); }
  static constexpr std::size_t kMaxOctets = 256UZ << 20U, kMaxStrangersOctets = 32UZ << 20U;  ///< of all requests
  /// As begin(), for a request of the access side: counted for its source, unless it calls for help.
  Transaction* begin_for(const Message& m, const Flow& from, Standing standing, std::string key, bool help);
  const FairShare& share() const { return share_; }
  std::size_t octets() const { return octets_; }

  /// Sends `forwarded` to `to` under `branch`, which is new. `answer_within`: 0 none.
  void send_request(TimePoint now, Transaction& t, Duration answer_within, Output& out);

  /// What is to be done with a response to the client side.
  enum class Use : std::uint8_t { forward, absorb };
  Use on_response(TimePoint now, Transaction& t, std::uint16_t status);
  void on_cancel_response(Transaction& t);
  /// Where ClientHalf::may_cancel().
  void send_cancel(TimePoint now, Transaction& t, std::string cancel, Output& out);

  /// Sends a response on the server side, and keeps it for when the request comes again.
  void respond(TimePoint now, Transaction& t, std::string response, std::uint16_t status, Output& out);
  /// An ACK that belongs to the server half; false: it is the ACK of a 2xx, which goes on end to end.
  bool on_ack(TimePoint now, Transaction& t);

  enum class Timeout : std::uint8_t {
    unanswered,  ///< `answer_by` passed without any response
    client,      ///< timer B, F or C
  };
  /// The next thing that is due. What is sent again is sent here; what somebody must decide on is returned.
  std::optional<std::pair<Transaction*, Timeout>> on_deadline(TimePoint now, Output& out);
  std::optional<TimePoint> next_deadline() const { return deadlines_.next(); }
  void arm(Transaction& t);
  /// Timer C fired, and it is set once more (RFC 3261 §16.8).
  void go_on(TimePoint now, Transaction& t);
  /// Nobody else will answer.
  void end_client(Transaction& t);
  void forget(Transaction& t);
  /// Where neither half waits for anything, so that no timer will end it.
  void forget_if_over(std::size_t slot, std::uint64_t serial) {
    if (Transaction* const t = at(slot, serial); t && is_over(*t)) forget(*t);
  }

  template <class Visit>
  void for_each(Visit visit) const {
    all_.for_each(visit);
  }

 private:
  static bool is_over(const Transaction& t) { return t.client.is_over() && t.server.is_over(); }

  static FairShare::Options share_of(const Options& options);

  std::size_t max_;
  MayResend may_resend_;
  SlotTable<Transaction> all_;
  std::uint64_t serial_ = 0;
  std::unordered_map<std::string_view, std::size_t, KeyedHash> by_key_, by_branch_;  // keys live in the transaction
  FairShare share_;
  std::size_t octets_ = 0, strangers_octets_ = 0;
  DeadlineHeap deadlines_;
};

/// The same for a request and its retransmissions, and different from any other request's (RFC 3261 §17.2.3). `method`:
/// ACK and CANCEL are looked up as INVITE.
std::string server_key(const Message& m, const IpAddress& source, std::string_view method);

}  // namespace dw::sip
