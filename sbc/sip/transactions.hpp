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
#include "sbc/sip/flow.hpp"
#include "sbc/sip/hop.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/password_guesses.hpp"

namespace dw::sip {

// RFC 3261 §17, Table 4.
inline constexpr Duration kT1 = std::chrono::milliseconds(500);
inline constexpr Duration kT2 = std::chrono::seconds(4);
inline constexpr Duration kT4 = std::chrono::seconds(5);
inline constexpr Duration kTransactionTimeout = 64 * kT1;  ///< timers B, F, H, J, L, M
inline constexpr Duration kHeardWithin = 4 * kT1 / 5;      ///< whoever hears an answer repeats its request no more
inline constexpr Duration kTimerD = std::chrono::seconds(32);
inline constexpr Duration kTimerC = std::chrono::seconds(240);  ///< "greater than 3 minutes" (§16.6 step 11)

struct Registering;  // register.hpp

/// A request that we took and sent on, or one of our own: its server side toward whoever sent it, and its
/// client side toward whoever gets it (RFC 3261 §16, §17). Owned by Transactions.
struct Transaction {
  static constexpr TimePoint kNever = TimePoint::max();
  enum class Server : std::uint8_t {
    none,  ///< our own request
    trying,
    proceeding,
    completed,  ///< a final response went, and is sent again when the request is
    confirmed,  ///< its ACK came
    accepted,   ///< a 2xx to INVITE went (RFC 6026)
  };
  enum class Client : std::uint8_t { none, calling, proceeding, completed, accepted, ended };
  enum class Purpose : std::uint8_t { forward, server_ping, phone_probe, start_over, hang_up };

  std::size_t slot = 0;
  std::uint64_t serial = 0;  ///< never used twice: tells whether a slot still holds what it did
  Method method = Method::other;
  Purpose purpose = Purpose::forward;
  Side from_side = Side::access;

  Server server = Server::none;
  std::string key;  ///< of the server side
  Flow from;
  Endpoint answer_to;                 ///< UDP: where responses go
  std::string request;                ///< as it came
  std::size_t octets = 0;             ///< that the request had, as long as it counts
  std::optional<Standing> counts_as;  ///< in the share of its source; none: it is in nobody's
  std::string last_response;
  std::uint16_t last_status = 0;
  TimePoint sent_at{};  ///< to whom it is on now
  TimePoint answered_at{};
  bool brief = false;  ///< refused here before it went anywhere: answered again by refusing it again (RFC 3261 §8.2.7)
  unsigned repeats = 0;  ///< how often the request came again although it was answered

  Client client = Client::none;
  std::string branch;          ///< of what is sent next
  std::string branch_indexed;  ///< of what was sent: responses are found by it
  Flow to;
  std::string forwarded;   ///< as it was sent
  bool cancelled = false;  ///< by its sender
  bool cancel_sent = false;
  bool client_silent = true;  ///< whoever was asked has said nothing yet
  std::string cancel;         ///< as it was sent, while it may have to be again
  std::string cancel_fields;  ///< what it says beside what each has to: whole lines

  TimePoint client_resend = kNever, client_until = kNever, server_resend = kNever, server_until = kNever;
  TimePoint answer_by = kNever;  ///< the server that was asked is taken for dead then
  Duration client_interval{}, server_interval{};
  TimePoint armed = kNever;

  // What it is about.
  std::size_t central_server = 0;
  std::uint32_t tried = 0;             ///< central servers, one bit each
  std::vector<Endpoint> tried_places;  ///< within a dialog: addresses of its server
  std::uint64_t dialogs = 0;           ///< DialogSet::id; 0: none
  std::uint64_t binding = 0;           ///< Binding::id; 0: none
  std::string domain;                  ///< that the central side has where its phone has our address
  bool begins_dialogs = false;
  bool offered = false;            ///< the request had an offer: what its answers describe is the answer
  bool ends_subscription = false;  ///< a NOTIFY says so
  ReturnPath back;                 ///< of the request
  std::unique_ptr<Registering> registering;
  std::optional<PasswordTry> password;  ///< until the server has said whether it was right
  std::string hung_up;                  ///< To tags of 2xx that nobody was told of, each in angle brackets

  bool is_invite() const { return method == Method::invite; }
  bool client_pending() const { return client == Client::calling || client == Client::proceeding; }
  Transaction();
  ~Transaction();
};

/// All transactions there are: finds them, runs their timers (RFC 3261 §17.1, §17.2, RFC 6026, RFC 4320),
/// absorbs and repeats what UDP loses. What a message means is not known here. Bounded by `max`, of which strangers get
/// half, and by the octets of their requests.
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
  /// Sends CANCEL, now or once it is allowed (RFC 3261 §9.1); true: it was sent now.
  bool may_cancel(const Transaction& t) const { return t.client == Transaction::Client::proceeding; }
  void send_cancel(TimePoint now, Transaction& t, std::string cancel, Output& out);

  /// Sends a response on the server side, and keeps it for when the request comes again.
  void respond(TimePoint now, Transaction& t, std::string response, std::uint16_t status, Output& out);
  /// The request came again. True: although it was answered; not when it crossed its answer on the way, or
  /// was doubled there.
  bool on_repeat(TimePoint now, Transaction& t);
  /// What was answered is said again.
  static void answer_again(const Transaction& t, Output& out);
  /// An ACK that belongs to the server side; false: it is of a 2xx, and none of its business.
  bool on_ack(TimePoint now, Transaction& t);

  enum class Timeout : std::uint8_t {
    unanswered,  ///< `answer_by` passed without any response
    client,      ///< timer B, F or C
  };
  /// The next thing that is due. Resends by itself; told are those that somebody must decide on.
  std::optional<std::pair<Transaction*, Timeout>> on_deadline(TimePoint now, Output& out);
  std::optional<TimePoint> next_deadline() const { return deadlines_.next(); }
  void arm(Transaction& t);
  /// Timer C fired, and it is set once more (RFC 3261 §16.8).
  void go_on(TimePoint now, Transaction& t);
  /// The client side is over, nobody else will answer.
  void end_client(Transaction& t);
  void forget(Transaction& t);
  /// Once neither side has anything to wait for, and no timer would tell.
  void forget_if_over(std::size_t slot, std::uint64_t serial) {
    if (Transaction* const t = at(slot, serial); t && is_over(*t)) forget(*t);
  }

  template <class Visit>
  void for_each(Visit visit) const {
    all_.for_each(visit);
  }

 private:
  static bool reliable(const Flow& flow) { return flow.transport != Transport::udp; }
  bool is_over(const Transaction& t) const;
  void resend_due(TimePoint now, Transaction& t, Output& out);

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

/// What a request and its retransmissions have in common (RFC 3261 §17.2.3), and nobody else's from another
/// address. `method`: ACK and CANCEL are looked up as INVITE.
std::string server_key(const Message& m, const IpAddress& source, std::string_view method);

}  // namespace dw::sip
