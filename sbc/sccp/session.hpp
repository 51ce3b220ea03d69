#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/call_limits.hpp"
#include "sbc/base/media_broker.hpp"
#include "sbc/sccp/admission.hpp"
#include "sbc/sccp/call_policy.hpp"
#include "sbc/sccp/call_table.hpp"
#include "sbc/sccp/forwarder.hpp"
#include "sbc/sccp/frame.hpp"
#include "sbc/sccp/liveness.hpp"
#include "sbc/sccp/media_legs.hpp"
#include "sbc/sccp/message.hpp"
#include "sbc/sccp/registration.hpp"
#include "sbc/sccp/session_types.hpp"
#include "sbc/sccp/timers.hpp"

namespace dw::sccp {

/// One phone's SCCP connection and its one connection to a call server: what either says is passed to the
/// other with addresses rewritten, so that all media goes through the relay (sccp §2 to §4). What waits before the
/// server is there is Admission's, who registers as what is Registration's, media is MediaLegs', limits on calls are
/// CallPolicy's, and whether both sides live is Liveness'. What is left is tokens, Reset, and which part gets which
/// message and which deadline, in which order. That order is one thing, so this class is large: any message may move
/// deadlines, end calls and end the connection. No I/O. Owned by the shell, one a phone; the broker, the counters, the
/// limits and the table of messages outlive it.
class Session {
 public:
  using PhoneSide = sccp::PhoneSide;
  using ServerSide = sccp::ServerSide;

  static constexpr Duration kPartialFrame = std::chrono::seconds(10);
  static constexpr Duration kFirstFrame = std::chrono::seconds(10);
  static constexpr Duration kToRegister = std::chrono::seconds(60);
  static constexpr Duration kRegisterAnswer = std::chrono::seconds(15);
  static constexpr Duration kTokenAnswer = std::chrono::seconds(3);
  static constexpr Duration kResetGrace = std::chrono::seconds(10);  ///< without a call
  static constexpr Duration kResetPutOff = std::chrono::hours(4);    ///< with calls that have no media

  Session(const SessionOptions& options, MediaBroker& broker, SessionCounters& counters, const PhoneSide& side,
          TimePoint now, CallLimits* limits = nullptr, const MessageTable& messages = sccp::messages());
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void on_phone(TimePoint now, Bytes octets, Output& out);
  void on_server(TimePoint now, Bytes octets, Output& out);
  void on_server_connected(TimePoint now, const ServerSide& side, Output& out);
  void on_admitted(TimePoint now, Output& out);
  /// Sends the phone RegisterReject with `text`, at most 31 characters, reports `why`, and ends.
  void refuse(std::string_view text, std::string_view why, Output& out);
  /// Sends the phone Reset in place of the server, as a person asked; only while it is registered. What follows is the
  /// same as after the server's own.
  void reset_phone(TimePoint now, ResetType type, Output& out);
  void on_deadline(TimePoint now, Output& out);
  /// Gives up the channels that have been silent for media_idle, as others need their ports.
  void give_up_silent(TimePoint now, Output& out);
  /// Sends the phone KeepAliveAck, which phones take at any time: that its TCP acknowledges it shows that it lives.
  void ask_phone(Output& out);
  /// Either side is gone. Calls whose media flows both ways become Output::preserved, all else is given up and
  /// reported; nothing may be called afterwards but the destructor.
  void on_closed(TimePoint now, ClosedBy by, Output& out);
  TimePoint next_deadline() const { return timers_.next(); }  ///< may move with every call

  const std::string& device() const { return admission_.device(); }  ///< empty until it named itself
  bool registered() const { return registration_.registered(); }
  bool unregistered() const { return registration_.left(); }
  const Registration& registration() const { return registration_; }
  std::size_t held() const { return phone_stream_.held() + admission_.held(); }  ///< octets of the phone's that wait
  TimePoint last_heard() const { return last_phone_; }                           ///< from the phone
  Duration keepalive() const { return liveness_.interval(); }
  const Endpoint& phone() const { return sides_.phone.phone; }
  /// Running calls, their open streams included.
  std::vector<Call> calls(TimePoint now) const;

 private:
  Message read(const Frame& frame) const { return {frame, messages_.find(frame.id), registration_.version()}; }
  void end(EndReason reason, std::string text, Output& out);
  /// After each call from outside: ends calls whose media has ended, and sets the timers of the parts.
  void settle(TimePoint now, Output& out);
  void end_finished_calls(TimePoint now, Output& out);
  void on_timer(TimePoint now, Timer timer, Output& out);
  void look_at_liveness(TimePoint now, Output& out);
  void look_at_reset(TimePoint now, Output& out);
  void note_conflict(const Message& message, Output& out);
  void preserve_calls(TimePoint now, Output& out);

  // session_phone.cpp
  void take_phone_frame(TimePoint now, const Frame& frame, Output& out);
  bool may_pass(const Message& message, Output& out);
  void pump(TimePoint now, Output& out);
  void forward_from_phone(TimePoint now, const Message& message, Output& out);
  void on_register(TimePoint now, const Message& message, Output& out);
  void on_token(TimePoint now, const Message& message, Output& out);
  void answer_token(Output& out);
  // session_server.cpp
  void forward_from_server(TimePoint now, const Message& message, Output& out);
  void on_register_ack(TimePoint now, const Message& message, Output& out);
  void on_reset(TimePoint now, const Message& message, Output& out);
  void begin_reset(TimePoint now, ResetType type);
  bool in_call() const;
  void pass_server_res(const Message& message, Output& out);
  void on_calls(TimePoint now, const Message& message, Output& out);
  Call as_shown(TimePoint now, const TrackedCall& call) const;
  void end_call_if_over(TimePoint now, std::uint32_t reference, Output& out);

  const SessionOptions& options_;
  SessionCounters& counters_;
  const MessageTable& messages_;
  Sides sides_;
  FrameStream phone_stream_, server_stream_;
  Forwarder forwarder_;
  Timers timers_;
  Admission admission_;
  Registration registration_;
  Liveness liveness_;
  CallTable calls_;
  HeaderVersions versions_;
  CallPolicy policy_;
  MediaLegs media_;

  bool ended_ = false;
  TimePoint last_phone_;
  TimePoint reset_asked_{};
  std::uint32_t token_id_ = 0;
  bool token_answered_ = false;
};

}  // namespace dw::sccp
