#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/call_limits.hpp"
#include "sbc/base/media_broker.hpp"
#include "sbc/sccp/call_table.hpp"
#include "sbc/sccp/frame.hpp"
#include "sbc/sccp/liveness.hpp"
#include "sbc/sccp/media_channels.hpp"
#include "sbc/sccp/message.hpp"

namespace dw::sccp {

struct SessionOptions {
  bool any_device_name = false;                     ///< see station_name
  std::uint32_t max_version = kMaxProtocolVersion;  ///< phones that offer a higher one offer this
  bool blank_text = false;                          ///< addresses in texts of phones become zeroes
  Duration media_idle = std::chrono::seconds(300);  ///< a channel without packets for so long is silent
  std::vector<std::string> emergency;               ///< numbers whose calls find room in any case
  /// All addresses of the configured call servers, as far as they are known: audio may come from each. The shell keeps
  /// them right.
  std::vector<IpAddress> call_servers{};
};

/// Counted over all sessions.
struct SessionCounters {
  std::uint64_t from_phones = 0, from_servers = 0;  ///< whole messages
  std::uint64_t rewritten = 0;                      ///< messages that left with another content
  std::uint64_t dropped = 0;                        ///< by policy: wrong direction, multicast, URIs that start media
  std::uint64_t malformed = 0;                      ///< connections that ended with a bad frame
  std::uint64_t layout_conflicts = 0;
  std::uint64_t answered = 0;       ///< messages that we answered ourselves
  std::uint64_t no_media = 0;       ///< channels refused, as there were no ports
  std::uint64_t calls_refused = 0;  ///< by CallLimits
};

/// What the people who look after phones want to know.
struct SessionEvent {
  enum class Kind : std::uint8_t {
    registering,  ///< RegisterReq went to the server
    registered,
    refused,       ///< by the server: `text` has its words
    refused_here,  ///< by us: `text`
    unregistered,
    reset,             ///< `text`: "reset", "restart", "apply config"
    alarm,             ///< `text`: why the phone says that it restarted
    keepalive_missed,  ///< `text`: "phone" or "server"
    lines,             ///< Session::lines() has grown
    call_up,
    call_over,        ///< `call` is all that is known of it
    call_refused,     ///< by a limit: `text` names the setting
    no_media,         ///< a channel was refused: `text`
    media_silent,     ///< a channel has been silent for media_idle, or was given up as it was: `text`
    media_back,       ///< packets come again on a channel that was silent
    receives,         ///< the phone said that it receives at `at`
    dropped,          ///< a message was not passed on: `text`
    layout_conflict,  ///< length and version of a message point to different layouts: `text`
  };
  Kind kind{};
  std::string text;
  std::optional<Call> call;
  Endpoint at;
};

/// Why a session has to end.
enum class EndReason : std::uint8_t {
  bad_frame,    ///< not SCCP, or not any more
  not_allowed,  ///< a message that is not taken before registration
  bad_name,
  refused,        ///< `refuse` was called
  too_slow,       ///< nothing came, or no registration
  overflow,       ///< too much came before the server could be had
  phone_silent,   ///< for three keepalive intervals
  server_silent,  ///< it did not answer three keepalives, or the registration
  reset,          ///< the phone was reset, has no call, and did not hang up
};

/// Whose doing the end of a connection is.
enum class ClosedBy : std::uint8_t {
  phone,
  server,
  us,        ///< we hung up
  shutdown,  ///< as the program ends: nothing goes on
};

/// Reset's type (sccp §3.9).
enum class ResetType : std::uint32_t { reset = 1, restart = 2, apply_config = 3 };

/// What is to be done after a call of the session's; the shell clears and reuses it.
struct Output {
  Buffer to_phone, to_server;    ///< whole frames
  bool connect = false;          ///< open the connection to a server: on_server_connected or on_closed follows
  bool admit = false;            ///< may `device()` register? on_admitted or refuse follows
  bool no_ports = false;         ///< a channel found no ports: silent ones of other sessions should give way
  std::optional<EndReason> end;  ///< send what there is, close both sides, then call on_closed
  std::string end_text;
  std::vector<SessionEvent> events;
  std::vector<LostCall> preserved;  ///< of on_closed: calls that go on; their streams are the caller's now
  void clear();
};

/// One phone's SCCP connection and its one connection to a call server: what either says is passed to the
/// other with addresses rewritten, so that all media goes through the relay (sccp §2 to §4). No I/O. Owned by
/// the shell, one a phone; the broker, the counters and the limits outlive it.
class Session {
 public:
  static constexpr std::size_t kMaxBeforeRegistration = 2560;  ///< octets of one frame (sccp §1.2)
  static constexpr std::size_t kMaxWaiting = 8192;             ///< octets kept until the server is there
  static constexpr std::size_t kMaxLines = 42;
  static constexpr Duration kPartialFrame = std::chrono::seconds(10);
  static constexpr Duration kFirstFrame = std::chrono::seconds(10);
  static constexpr Duration kToRegister = std::chrono::seconds(60);
  static constexpr Duration kRegisterAnswer = std::chrono::seconds(15);
  static constexpr Duration kTokenAnswer = std::chrono::seconds(3);
  static constexpr Duration kResetGrace = std::chrono::seconds(10);  ///< without a call
  static constexpr Duration kResetPutOff = std::chrono::hours(4);    ///< with calls that have no media
  static constexpr Duration kAfterCall = std::chrono::seconds(10);
  static constexpr Duration kPunchAfter = std::chrono::milliseconds(300);
  static constexpr Duration kLookAgain = std::chrono::seconds(30);
  static constexpr Duration kAudioFlows = std::chrono::seconds(10);  ///< a packet that long ago is audio now
  static constexpr Duration kSilentKept = std::chrono::hours(4);     ///< a silent channel's ports
  static constexpr std::uint32_t kNoticeSeconds = 10;                ///< how long a phone shows what we tell it

  /// Where the phone's connection comes from, and how we are called on that side.
  struct PhoneSide {
    Endpoint phone;
    IpAddress local;      ///< our address that it came to
    Endpoint advertised;  ///< what the phone knows us by: `local` and the SCCP port, or what was configured
  };
  /// The same for the server's.
  struct ServerSide {
    IpAddress local;       ///< our address that the connection goes out from
    IpAddress advertised;  ///< what the server is told: `local`, or what was configured
    Endpoint server;
  };

  Session(const SessionOptions& options, MediaBroker& broker, SessionCounters& counters, const PhoneSide& side,
          TimePoint now, CallLimits* limits = nullptr, const MessageTable& messages = sccp::messages());
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void on_phone(TimePoint now, Bytes octets, Output& out);
  void on_server(TimePoint now, Bytes octets, Output& out);
  void on_server_connected(TimePoint now, const ServerSide& side, Output& out);
  void on_admitted(TimePoint now, Output& out);
  /// Tells the phone RegisterReject with `text`, at most 31 characters, and people `why`; and ends.
  void refuse(std::string_view text, std::string_view why, Output& out);
  /// Tells the phone Reset in the server's stead, as a person asked; only while it is registered. What follows
  /// is as when the server had said it.
  void reset_phone(TimePoint now, ResetType type, Output& out);
  void on_deadline(TimePoint now, Output& out);
  /// Gives up the channels that have been silent for media_idle, as others need their ports.
  void give_up_silent(TimePoint now, Output& out);
  /// Tells the phone KeepAliveAck, which phones take at any time: that its TCP acknowledges it shows that it lives.
  void ask_phone(Output& out);
  /// Either side is gone. Calls whose media flows both ways become Output::preserved, all else is given up and
  /// reported; nothing may be called afterwards but the destructor.
  void on_closed(TimePoint now, ClosedBy by, Output& out);
  TimePoint next_deadline() const;  ///< may move with every call

  const std::string& device() const { return device_; }  ///< empty until it named itself
  bool registered() const { return registered_; }
  bool unregistered() const { return leaving_ || unregistered_; }              ///< and said good-bye
  std::size_t held() const { return phone_stream_.held() + waiting_octets_; }  ///< octets of the phone's that wait
  TimePoint last_heard() const { return last_phone_; }                         ///< from the phone
  std::uint32_t active_streams() const { return active_streams_; }  ///< that it said it had when it registered
  unsigned version() const { return negotiated_; }                  ///< protocol version agreed; 0: not known
  Duration keepalive() const { return liveness_.interval(); }
  std::uint32_t device_type() const { return device_type_; }
  const std::string& firmware() const { return firmware_; }  ///< untrusted text
  const IpAddress& stated() const { return stated_; }        ///< the phone's address in its own words
  const std::map<std::uint32_t, std::string>& lines() const { return lines_; }  ///< untrusted text
  const Endpoint& phone() const { return side_.phone; }
  /// Running calls, their open streams included.
  std::vector<Call> calls(TimePoint now) const;

 private:
  bool take_phone_frame(TimePoint now, const Frame& frame, Output& out);
  bool may_pass(const Message& message, Output& out);
  bool take_name(const Message& message, Output& out);
  void pump(TimePoint now, Output& out);
  bool must_wait(std::uint32_t id) const;
  void forward_from_phone(TimePoint now, const Message& message, Output& out);
  void forward_from_server(TimePoint now, const Message& message, Output& out);
  /// Appends the message with `ours` in place of its addresses; its payload, for what else is to change in it.
  MutableBytes pass(Buffer& to, const Message& message, const StandIns& ours);
  /// As that; its ids tell what stands in for its addresses.
  MutableBytes pass(Buffer& to, const Message& message);
  StandIns stand_ins(const MediaChannel* channel) const;
  Message read(const Frame& frame) const { return {frame, messages_.find(frame.id), negotiated_}; }
  void note_conflict(const Message& message, Output& out);
  void end(EndReason reason, std::string text, Output& out);
  void tell(SessionEvent::Kind kind, std::string text, Output& out);
  void drop(const Message& message, std::string_view why, Output& out);
  void answer(Buffer& to, const Frame& like, std::uint32_t id, Bytes payload = {});

  // From the phone.
  void on_register(TimePoint now, const Message& message, Output& out);
  void on_token(TimePoint now, const Message& message, Output& out);
  // From the server.
  void on_register_ack(TimePoint now, const Message& message, Output& out);
  void on_reset(TimePoint now, const Message& message, Output& out);
  void begin_reset(TimePoint now, ResetType type);
  bool in_call() const;
  void look_at_reset(TimePoint now, Output& out);
  void look_at_liveness(TimePoint now, Output& out);
  void on_lines(const Message& message, Output& out);
  void pass_server_res(const Message& message, Output& out);
  // session_calls.cpp
  void on_calls(TimePoint now, const Message& message, Output& out);
  void on_enbloc(TimePoint now, const Message& message, Output& out);
  void look_at_limits(TimePoint now, Output& out);
  void count(TimePoint now, Call& call);
  void uncount(Call& call);
  void hang_up_for_phone(const Call& call, Output& out);
  void tell_refused(CallLimits::Verdict verdict, Output& out);
  bool calls_for_help(const Call& call) const;
  std::optional<Call> take_call(std::uint32_t reference);
  // session_media.cpp
  void on_open_receive(TimePoint now, const Message& message, MediaKind kind, Output& out);
  void on_receive_ack(TimePoint now, const Message& message, MediaKind kind, Output& out);
  void on_port_res(TimePoint now, const Message& message, Output& out);
  void on_start_transmission(TimePoint now, const Message& message, MediaKind kind, Output& out);
  void on_transmission_ack(const Message& message, MediaKind kind, Output& out);
  void on_close_receive(TimePoint now, const Message& message, MediaKind kind, Output& out);
  void on_stop_transmission(TimePoint now, const Message& message, MediaKind kind, Output& out);
  void on_port_req(TimePoint now, const Message& message, Output& out);
  void on_port_close(TimePoint now, const Message& message, Output& out);
  void close_receive(TimePoint now, MediaChannel& channel, Output& out);
  /// The channel of these ids, opened if need be; null when there is no room or no port: `status` is what an
  /// OpenReceiveChannelAck says then.
  MediaChannel* open_channel(TimePoint now, MediaKind kind, const ChannelIds& ids, std::uint32_t& status, Output& out);
  void make_room(TimePoint now, std::uint32_t call, Output& out);
  MediaChannel* find_channel(const ChannelIds& ids);  ///< of either kind
  bool is_emergency_call(std::uint32_t reference) const;
  void refuse_receive(const Message& message, MediaKind kind, std::uint32_t status, Output& out);
  bool far_end_usable(const MediaChannel& channel, const Endpoint& far_end) const;
  void ask_ports(MediaChannel& channel);
  void acked(TimePoint now, MediaChannel& channel, const Endpoint& stated);
  void punch(MediaChannel& channel, Output& out);
  void unpunch(MediaChannel& channel, Output& out);
  void look_at(TimePoint now, MediaChannel& channel, Output& out);
  void look_at_silence(TimePoint now, MediaChannel& channel, Output& out);
  Liveness::Audio audio(TimePoint now) const;
  bool talks(TimePoint now, const MediaChannel& channel) const;
  void preserve_calls(TimePoint now, Output& out);
  void send_nowhere(TimePoint now, MediaChannel& channel);
  void stop_phone(MediaChannel& channel, Output& out);
  void tell_formats(const MediaChannel& channel);
  void note_both(TimePoint now, MediaChannel& channel);
  void finish_if_closed(TimePoint now, MediaChannel& channel, Output& out);
  void finish(TimePoint now, MediaChannel& channel, MediaEnd end, Output& out);
  void finish_all(TimePoint now, MediaEnd end, Output& out);
  void end_call_if_over(std::uint32_t reference, Output& out);
  CallStream stream_of(TimePoint now, const MediaChannel& channel) const;

  const SessionOptions& options_;
  MediaBroker& broker_;
  SessionCounters& counters_;
  const MessageTable& messages_;
  PhoneSide side_;
  std::optional<ServerSide> server_;
  FrameStream phone_stream_, server_stream_;
  std::deque<Buffer> waiting_;  // whole frames of the phone's, until the server is there and it may register
  std::size_t waiting_octets_ = 0;

  std::string device_, firmware_;
  IpAddress stated_;
  std::uint32_t device_type_ = 0;
  std::uint32_t offered_ = 0, negotiated_ = 0, active_streams_ = 0;
  std::uint32_t header_version_ = 0;        // of what the server says beside keepalives
  std::uint32_t phone_header_version_ = 0;  // of what the phone says beside keepalives
  bool connect_asked_ = false, admit_asked_ = false, admitted_ = false;
  bool registered_ = false, leaving_ = false, unregistered_ = false, ended_ = false;

  TimePoint began_, last_phone_, last_keepalive_;
  Liveness liveness_;
  std::optional<TimePoint> register_out_, token_out_;
  std::optional<TimePoint> reset_at_;  // when to look whether the phone may still be in a call
  TimePoint reset_asked_{};
  std::uint32_t token_id_ = 0;
  bool token_answered_ = false;
  bool first_frame_ = false;

  MediaChannels channels_;
  CallTable calls_;
  CallLimits* limits_;
  bool enbloc_passed_ = false;  // it was one attempt, and the server has not shown the call yet
  std::map<std::uint32_t, std::string> lines_;
};

}  // namespace dw::sccp
