#pragma once
#include <poll.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/lab/sip_call.hpp"
#include "tests/lab/sip_digest.hpp"
#include "tests/lab/sip_link.hpp"
#include "tests/support/sip_text.hpp"

namespace dw::lab {

/// RFC 3261 Table 4.
inline constexpr Duration kT1 = std::chrono::milliseconds(500), kT2 = 8 * kT1, kTransaction = 64 * kT1;

enum class SipModel { cp7960, cp7970, cp7975 };

struct SipFirmware {
  const char *agent, *model, *supported;  ///< User-Agent, model number, Supported of a REGISTER
};
SipFirmware firmware(SipModel model);
const char* supported_in_calls(SipModel model);  ///< Supported of an INVITE and its answers
std::string lower_mac(const std::string& device);

struct SipLabOptions {
  SipLinkOptions link;
  IpAddress bind;  ///< own address; none: as routed
  std::uint16_t listen_port = 5060;
  SipModel model = SipModel::cp7970;
  std::string device = "SEP001122334455";
  unsigned first_extension = 1001;
  std::string password;  ///< "": the extension
  unsigned expires = 3600;
  std::uint16_t rtp = 16384;
  bool qop = true;       ///< uses qop=auth when it is offered
  bool lenient = false;  ///< follows route sets and any Contact: for a server without a Dropwire in front
  bool echo = false;     ///< a UAS that answers and sends each packet back where it came from
  bool auto_answer = false;
  bool early_media = false;       ///< rings with 183 and a description, and talks
  bool zero_hold = false;         ///< holds with c=0.0.0.0
  bool any_media = false;         ///< media addresses other than the server's are no problem
  std::optional<Duration> retry;  ///< TCP: connect again so long after a loss
  bool quiet = false, log_messages = false;
  std::string forge_from,
      forge_to;  ///< changes what comes in before it is judged, to see that the judge notices
  std::vector<std::string> script;
};

/// Where each phone of a run is in its script, for "sync".
struct SipFleet {
  std::vector<std::size_t> at;
  bool failed = false;
};

/// A Cisco 7900 phone with SIP firmware as the protocol page describes it (cisco-provisioning §5, sip-sbc §0,
/// §2.4), driven by poll(2), that works through a script. What a real phone would not take is a problem, and
/// fails the run. Prints a line an event.
class SipLabPhone {
 public:
  SipLabPhone(unsigned index, const SipLabOptions& options, SipFleet& fleet, TimePoint now);

  void add_polls(std::vector<pollfd>& polls);
  void take_polls(TimePoint now, const std::vector<pollfd>& polls);
  void on_time(TimePoint now);  ///< what is due: script, RTP, retransmissions, registration
  TimePoint next_time(TimePoint now) const;
  bool done() const { return failed_ || (at_ == options_.script.size() && !options_.echo); }
  bool failed() const { return failed_ || problems_ > 0; }
  unsigned problems() const { return problems_; }
  void fail(const std::string& why);
  const RtpTally& total() const { return total_; }
  std::string summary() const;

 private:
  enum class Step { done, waiting };
  struct ClientTransaction {
    SipText request;
    std::string call;  ///< Call-ID
    TimePoint next, deadline;
    Duration interval;
    bool provisional = false, finished = false;
    std::string ack;  ///< of a final response ≥ 300 to an INVITE
  };
  struct ServerTransaction {
    std::string response;
    TimePoint forget;
  };
  struct Registration {
    std::string call_id, tag, contact;
    unsigned cseq = 100, challenges = 0;
    bool wanted = false;
    std::optional<TimePoint> refresh;
  };

  // sip_lab_phone.cpp: messages in and out, transactions
  void say(const std::string& line) const;
  void problem(const std::string& what);
  void happen(const std::string& event, const std::string& more = "");
  void transmit(const std::string& message, const Endpoint& to);
  void request(TimePoint now, SipText message, const std::string& call);
  void retransmit(TimePoint now);
  void on_octets(TimePoint now, Bytes octets, const Endpoint& from);
  void on_request(TimePoint now, const SipText& message, const Endpoint& from);
  void on_response(TimePoint now, const SipText& message);
  std::string respond(TimePoint now, const SipText& to, const Endpoint& from, int code, const std::string& reason,
                      const std::string& tag = "", std::vector<SipField> more = {}, const std::string& sdp = "");
  Endpoint way_back(const SipText& to, const Endpoint& from) const;
  Endpoint next_hop(const SipText& request) const;
  std::string via() const;
  std::string host() const;         ///< the server as the phone writes it in URIs
  std::string contact_uri() const;  ///< its own
  SipText message(const std::string& method, const std::string& uri, const std::string& from, const std::string& to,
                  const std::string& call_id, unsigned cseq) const;
  void finish(SipText& message, const std::string& type, const std::string& body) const;
  bool answer_challenge(SipText& again, const SipText& challenge) const;

  // sip_lab_register.cpp
  void connect(TimePoint now);
  void send_token(TimePoint now);
  void send_register(TimePoint now, Registration& registration, const std::string& kind,
                     const SipText* challenge = nullptr);
  void on_register_response(TimePoint now, const SipText& sent, const SipText& response);
  void on_registered(TimePoint now, const SipText& sent, const SipText& response);

  // sip_lab_judge.cpp: what a real phone would not take
  void judge_message(const SipText& message, std::size_t octets);
  void judge_request(const SipText& message);
  void judge_response(const SipText& message, const SipText& sent);
  void judge_route(const std::string& uri, const std::string& where);
  void judge_in_dialog(const SipText& message, const SipCall& call);
  void judge_service_control(const SipText& message);
  void judge_registered(const SipText& response, const std::string& contact);

  // sip_lab_dialog.cpp, sip_lab_transfer.cpp: calls
  SipCall& make_call(const std::string& id, bool outgoing);
  SipText in_dialog(const SipCall& call, const std::string& method, unsigned cseq) const;
  void dial(TimePoint now, const std::string& number, bool late_offer);
  SipCall& invite(TimePoint now, const std::string& uri, std::vector<SipField> more, bool late_offer);
  void reinvite(TimePoint now, SipCall& call, const std::string& doing);
  void on_invite(TimePoint now, const SipText& message, const Endpoint& from);
  void on_new_call(TimePoint now, const SipText& message, const Endpoint& from);
  void on_reinvite(TimePoint now, const SipText& message, const Endpoint& from);
  void ring(TimePoint now, SipCall& call);
  void acknowledge_later(TimePoint now, SipCall& call, std::string ok);
  void answer(TimePoint now, SipCall& call);
  void on_ack(TimePoint now, const SipText& message);
  void on_bye(TimePoint now, const SipText& message, const Endpoint& from);
  void on_cancel(TimePoint now, const SipText& message, const Endpoint& from);
  void on_refer(TimePoint now, const SipText& message, const Endpoint& from);
  void on_notify(TimePoint now, const SipText& message, const Endpoint& from);
  void on_invite_response(TimePoint now, ClientTransaction& sent, const SipText& response);
  void on_invite_success(TimePoint now, SipCall& call, const SipText& sent, const SipText& response);
  void on_invite_failure(TimePoint now, SipCall& call, const SipText& sent, const SipText& response);
  void on_call_response(TimePoint now, const SipText& sent, const SipText& response);
  void hang_up(TimePoint now, SipCall& call);
  void end(SipCall& call, const std::string& why);
  void transfer(TimePoint now, SipCall& call, const std::string& refer_to);
  void notify(TimePoint now, SipCall& call, unsigned refer_cseq, const std::string& sipfrag, bool last);
  void tell_referrer(TimePoint now, const SipCall& call, const std::string& sipfrag, bool last);
  void take_description(SipCall& call, const SdpAudio& audio);
  std::optional<SdpAudio> described(const SipText& message);
  void open_media(SipCall& call);
  SipCall* find_call(const std::string& id);
  SipCall* active();
  SipCall* held();
  void send_rtp(TimePoint now);
  bool transmits() const;

  // sip_lab_script.cpp
  Step step(TimePoint now, const std::vector<std::string>& words);
  std::optional<Step> act(TimePoint now, const std::vector<std::string>& words);
  std::optional<Step> act_on_call(TimePoint now, const std::vector<std::string>& words);
  Step wait_for(TimePoint now, const std::vector<std::string>& words);
  Step wait_for_file(TimePoint now, const std::vector<std::string>& words);
  Step expect_not(TimePoint now, const std::vector<std::string>& words);
  Step expect_rtp(TimePoint now, const std::vector<std::string>& words);
  Step expect_silence(TimePoint now, Duration time);
  Step sync(TimePoint now);
  bool late(TimePoint now, Duration patience, const std::string& what);
  std::string number_of(const std::string& word) const;
  std::string name_of(const std::string& word) const;

  unsigned index_;
  const SipLabOptions& options_;
  SipFleet& fleet_;
  std::string device_, user_, password_;
  IpAddress own_;
  SipLink link_;
  TimePoint born_;
  std::optional<TimePoint> retry_at_;

  std::map<std::string, ClientTransaction> client_;  ///< by branch and method
  std::map<std::string, ServerTransaction> server_;  ///< by branch, sent-by and method
  Registration registration_, heartbeat_;
  std::map<std::string, std::unique_ptr<SipCall>> calls_;  ///< by Call-ID
  std::vector<std::string> recent_;                        ///< Call-IDs, the one in hand last
  unsigned media_ports_ = 0;
  std::uint32_t streams_ = 0;
  TimePoint next_rtp_{};
  RtpTally tally_, total_;
  std::vector<std::string> polled_calls_;
  std::size_t first_poll_ = 0;

  unsigned problems_ = 0, strangers_ = 0;
  std::size_t at_ = 0;                        ///< in the script
  std::optional<TimePoint> began_;            ///< of the step under way
  std::map<std::string, unsigned> happened_;  ///< events since the last thing done
  bool failed_ = false;
};

}  // namespace dw::lab
