#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"
#include "tests/support/sip_text.hpp"

namespace dw::sim {

inline constexpr int kNoStream = -1;

/// What a simulated end sends: a datagram from one of its ports, or a message of a connection.
struct SipSent {
  std::uint16_t from_port = 0;
  Endpoint to;
  int stream = kNoStream;
  std::string octets;
};

/// What it does with a call that comes.
struct SipPlan {
  Duration ring_after{}, answer_after{};
  int status = 200;       ///< 0: rings for ever
  int branches = 1;       ///< as if so many had been asked: early dialogs with a tag each
  bool all_take = false;  ///< each branch answers 200
};

/// One call as this end sees it.
struct SipCall {
  enum class State { calling, up, ending, over };
  std::string call_id, own_tag, far_tag;
  bool outgoing = false;
  State state = State::calling;
  int final_status = 0;  ///< of its first INVITE, as it was heard or said
  int established = 0;   ///< UAC: by the first 2xx; UAS: by ACK
  int ended = 0;         ///< after it was established
  bool cancel_wanted = false, cancel_sent = false, bye_wanted = false, heard_provisional = false;
  unsigned cseq = 0, version = 1;
  SipText invite;  ///< as it was sent, or came
  std::string branch;
  std::string target;
  std::vector<std::string> routes;
  std::optional<Endpoint> far_media;  ///< as the far end's last description said
  int stream = kNoStream;
  SipPlan plan;
  std::string server_key;
  TimePoint ring_at = TimePoint::max(), answer_at = TimePoint::max();
  std::string ok;  ///< a 2xx that waits for its ACK
  TimePoint ok_resend = TimePoint::max(), ok_until = TimePoint::max();
  Duration ok_gap{};
  int reinvites_done = 0;
};

/// A SIP phone, or a central server: registrar and everybody who can be called there. It runs RFC 3261 §17's
/// timers by itself and shares nothing with what is under test. No I/O: messages and time in, messages out.
class SipUa {
 public:
  struct Options {
    std::string user = "1001";
    std::string host = "pbx.example.net";  ///< in Request-URI, From and To
    Endpoint at;                           ///< where it listens, and what it says of itself
    std::uint16_t source_port = 0;         ///< 0: it sends from where it listens
    bool rport = false;
    bool stream = false;
    std::optional<Endpoint> next;  ///< where all its requests go; none: by their URI
    bool registrar = false;
    unsigned expires = 3600;
    std::string instance;
  };
  explicit SipUa(Options options) : options_(std::move(options)) {}

  void register_now(TimePoint now);
  void unregister(TimePoint now);
  bool registered(TimePoint now) const { return registered_until_ > now; }

  /// Key of the call; a phone calls `user`, a registrar a contact that it has of `user`. Empty: there is
  /// none.
  std::string call(TimePoint now, const std::string& user);
  void hang_up(TimePoint now, const std::string& key);  ///< CANCEL, or BYE
  void hold(TimePoint now, const std::string& key, bool on);

  void on_message(TimePoint now, const Endpoint& from, int stream, std::string_view octets);
  void stream_lost(TimePoint now, int stream);
  void on_deadline(TimePoint now);
  TimePoint next_deadline() const;
  std::vector<SipSent> take() { return std::exchange(sent_, {}); }

  static constexpr std::uint16_t kMedia = 16384;  ///< where its descriptions have it hear audio
  const std::map<std::string, SipCall>& calls() const { return calls_; }
  const std::vector<std::string>& faults() const { return faults_; }
  std::size_t absorbed() const { return absorbed_; }  ///< requests and responses that came again
  std::size_t contacts() const { return contacts_.size(); }
  const Options& options() const { return options_; }
  /// Forgets everything, and informs nobody.
  void restart();

  std::function<SipPlan()> plan = [] { return SipPlan{}; };
  bool silent = false;       ///< hears, and says nothing
  bool unavailable = false;  ///< 503 to all that is new

 private:
  struct Client {
    SipText m;
    std::string octets;
    Endpoint to;
    int stream = kNoStream;
    bool done = false;
    std::string call;
    TimePoint resend = TimePoint::max(), until = TimePoint::max();
    Duration gap{};
    std::string ack;
  };
  struct Server {
    SipText request;
    Endpoint to;
    int stream = kNoStream;
    std::string last;
    int status = 0;
    TimePoint resend = TimePoint::max(), until = TimePoint::max();
    Duration gap{};
  };
  struct Contact {
    std::string uri;
    int stream = kNoStream;
    TimePoint until{};
  };
  SipText begin(const std::string& method, const std::string& uri);
  std::string send_request(TimePoint now, SipText m, const std::string& call, int stream, bool counted = true);
  std::optional<Endpoint> next_hop(const SipText& m) const;
  void emit(const Endpoint& to, int stream, std::string octets);
  void respond(TimePoint now, const std::string& key, const SipText& response);
  void on_request(TimePoint now, const Endpoint& from, int stream, SipText m);
  void on_response(TimePoint now, const SipText& m);
  void on_invite(TimePoint now, const std::string& key, const SipText& m);
  void on_register(TimePoint now, const std::string& key, const SipText& m);
  void on_register_answer(TimePoint now, const SipText& m);
  void on_invite_answer(TimePoint now, const std::string& call, const SipText& m);
  void on_timeout(TimePoint now, const Client& client);
  void send_ok(TimePoint now, SipCall& call, const std::string& tag);
  void send_ack(TimePoint now, const SipCall& call, const SipText& ok);
  void bye(TimePoint now, SipCall& call, const std::string& far_tag, const std::string& target);
  void over(SipCall& call);
  SipText within(const SipCall& call, const std::string& method, unsigned cseq);
  std::string contact() const;
  std::string own_sdp(unsigned version, bool held) const;
  void fault(std::string what) { faults_.push_back(options_.user + ": " + std::move(what)); }

  Options options_;
  std::map<std::string, Client> clients_;    // by branch and method
  std::map<std::string, Server> servers_;    // by branch, sent-by and method
  std::map<std::string, SipCall> calls_;     // by Call-ID and own tag
  std::map<std::string, Contact> contacts_;  // registrar: by AOR's user and instance
  std::vector<SipSent> sent_;
  std::vector<std::string> faults_;
  std::size_t absorbed_ = 0;
  unsigned last_ = 0, register_cseq_ = 0;
  bool wants_registration_ = false;
  int stream_ = 0;  // a phone's own
  TimePoint registered_until_{}, register_at_ = TimePoint::max();
};

}  // namespace dw::sim
