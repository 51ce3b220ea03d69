#pragma once
#include <optional>
#include <vector>

#include "sbc/base/media_broker.hpp"
#include "sbc/sccp/call_table.hpp"
#include "sbc/sccp/forwarder.hpp"
#include "sbc/sccp/liveness.hpp"
#include "sbc/sccp/media_channels.hpp"
#include "sbc/sccp/registration.hpp"

namespace dw::sccp {

/// The media of one phone's connection: what its call server opens and closes, what the phone confirms, and the relayed
/// streams between them (sccp §4). Owns the channels and closes their streams at the broker. Reads the calls, and gives
/// each ended stream to its call. No I/O. It is large because it is one state machine: every
/// message and every timer here changes the same channel, its stream and the deadline of both.
class MediaLegs {
 public:
  static constexpr Duration kAfterCall = std::chrono::seconds(10);
  static constexpr Duration kPunchAfter = std::chrono::milliseconds(300);
  static constexpr Duration kLookAgain = std::chrono::seconds(30);
  static constexpr Duration kAudioFlows = std::chrono::seconds(10);  ///< a packet that long ago is audio now
  static constexpr Duration kSilentKept = std::chrono::hours(4);     ///< a silent channel's ports

  /// All of them outlive it.
  MediaLegs(const SessionOptions& options, MediaBroker& broker, SessionCounters& counters, Forwarder& forwarder,
            CallTable& calls, const Sides& sides, const Registration& registration)
      : options_(options),
        broker_(broker),
        counters_(counters),
        forwarder_(forwarder),
        calls_(calls),
        sides_(sides),
        registration_(registration) {}
  MediaLegs(const MediaLegs&) = delete;
  MediaLegs& operator=(const MediaLegs&) = delete;

  /// Handles a message about media. False: it is not about media, and nothing was done.
  bool on_phone(TimePoint now, const Message& message, Output& out);
  bool on_server(TimePoint now, const Message& message, Output& out);
  /// Passes on any message, with our addresses in place of its own: those of the channel that its ids name.
  MutableBytes pass(Buffer& to, const Message& message);

  /// CallState says that the call is over: its channels end after kAfterCall, unless the server closes them before.
  void on_call_over(TimePoint now, std::uint32_t call);
  void on_deadline(TimePoint now, Output& out);
  TimePoint next_deadline() const;  ///< TimePoint::max(): none
  /// Ends the channels that have been silent for media_idle, to free their ports.
  void give_up_silent(TimePoint now, Output& out);
  void finish_all(TimePoint now, MediaEnd how);
  /// Ends the channels on which not both sides have sent within media_idle.
  void finish_idle(TimePoint now);

  /// The calls of the channels that have ended since the last call, one entry for each channel.
  std::vector<std::uint32_t> take_finished();
  /// An open channel. Whoever takes it has to close it at the broker.
  struct Live {
    std::uint32_t call = 0;
    TimePoint opened{};
    CallStream stream;
  };
  std::vector<Live> take_all(TimePoint now);

  bool empty() const { return channels_.all().empty(); }
  bool has_call(std::uint32_t call) const;
  Liveness::Audio audio(TimePoint now) const;
  void add_streams(TimePoint now, std::vector<Call>& calls) const;  ///< the open ones, each to its call

 private:
  // media_legs.cpp: messages
  void on_open_receive(TimePoint now, const Message& message, MediaKind kind, Output& out);
  void on_receive_ack(TimePoint now, const Message& message, MediaKind kind, Output& out);
  void on_port_res(TimePoint now, const Message& message, Output& out);
  void on_start_transmission(TimePoint now, const Message& message, MediaKind kind, Output& out);
  void on_transmission_ack(const Message& message, MediaKind kind, Output& out);
  void on_close_receive(TimePoint now, const Message& message, MediaKind kind, Output& out);
  void on_stop_transmission(TimePoint now, const Message& message, MediaKind kind, Output& out);
  void on_port_req(TimePoint now, const Message& message, Output& out);
  void on_port_close(TimePoint now, const Message& message, Output& out);
  StandIns stand_ins(const MediaChannel* channel) const;
  MediaChannel* find_channel(const ChannelIds& ids);  ///< of either kind
  /// The channel of these ids, opened if there is none. Null when there is no room or no port; `status` is then what
  /// OpenReceiveChannelAck has to say.
  MediaChannel* open_channel(TimePoint now, MediaKind kind, const ChannelIds& ids, std::uint32_t& status, Output& out);
  void make_room(TimePoint now, std::uint32_t call, Output& out);
  bool is_emergency_call(std::uint32_t reference) const;
  void refuse_receive(const Message& message, MediaKind kind, std::uint32_t status, Output& out);
  void close_receive(TimePoint now, MediaChannel& channel);
  bool far_end_usable(const MediaChannel& channel, const Endpoint& far_end) const;
  void ask_ports(MediaChannel& channel);
  void acked(TimePoint now, MediaChannel& channel, const Endpoint& stated);
  void send_nowhere(TimePoint now, MediaChannel& channel);
  void stop_phone(MediaChannel& channel, Output& out);
  void set_formats(const MediaChannel& channel);
  // media_streams.cpp: what happens by itself
  void punch(MediaChannel& channel, Output& out);
  void unpunch(MediaChannel& channel, Output& out);
  void look_at(TimePoint now, MediaChannel& channel, Output& out);
  void look_at_silence(TimePoint now, MediaChannel& channel, Output& out);
  bool talks(TimePoint now, const MediaChannel& channel) const;
  void finish_if_closed(TimePoint now, MediaChannel& channel);
  void finish(TimePoint now, MediaChannel& channel, MediaEnd how);
  std::vector<MediaId> ids() const;
  CallStream stream_of(TimePoint now, const MediaChannel& channel) const;

  const SessionOptions& options_;
  MediaBroker& broker_;
  SessionCounters& counters_;
  Forwarder& forwarder_;
  CallTable& calls_;
  const Sides& sides_;
  const Registration& registration_;
  MediaChannels channels_;
  std::vector<std::uint32_t> finished_;
};

}  // namespace dw::sccp
