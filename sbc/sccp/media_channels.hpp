#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "sbc/base/media_broker.hpp"
#include "sbc/sccp/call_table.hpp"
#include "sbc/sccp/message.hpp"

namespace dw::sccp {

/// One media channel of one phone: what the server opened for it to receive (0x0105) and to send (0x008A),
/// and the relayed stream that both share (sccp §4.1).
struct MediaChannel {
  MediaKind kind{};
  ChannelIds ids;
  MediaPorts ports;
  bool receive = false;             ///< opened by OpenReceiveChannel, not closed yet
  bool acked = false;               ///< and confirmed by the phone, with the port at which it receives
  bool transmit = false;            ///< opened by StartMediaTransmission, not closed yet
  std::optional<Endpoint> far_end;  ///< where the server wants the phone to send; none: nowhere for now (hold)
  Endpoint remote;                  ///< what the phone got in its place: a port of ours, as a rule
  Endpoint phone_stated;
  std::uint32_t compression_type = 0;
  std::uint32_t packet_ms = 0;
  std::uint32_t rfc2833_type = 0;
  std::uint32_t header_version = 0;  ///< of the server's OpenReceiveChannel
  bool encrypted = false;
  TimePoint opened{};
  std::optional<TimePoint> both_since;  ///< since when both directions are open
  Duration both_before{};               ///< for how long they had been open before
  std::optional<TimePoint> punch_at;    ///< when we make the phone send, if the server has not by then (sccp §4.2)
  bool punched = false;                 ///< we made it send, and the server has not yet
  unsigned acks_of_ours = 0;            ///< how many of the next Acks answer messages of ours, not of the server's
  std::optional<TimePoint> release_at;  ///< when we close it, as its call is over and the server has not
  TimePoint look_at{};                  ///< when to check next whether packets still come
  bool silent = false;  ///< no packet has come for media_idle: its ports may be given to another channel

  void learn(const ChannelIds& said);  ///< takes the ids that a message has; 0: it does not have that one
  void note_both(TimePoint now);       ///< to be called after either direction has changed
};

/// What a message that names a channel does with it.
enum class Lookup : std::uint8_t {
  open,    ///< opens it: another call reference is another channel
  ack,     ///< confirms it: without usable ids, the channel that waits for an Ack may be meant
  follow,  ///< anything else
};

/// The channels of one phone's connection, found by kind, pass-through party id and call reference. A channel matches
/// when no id differs that both it and the message have; of several matches, the one with the most equal ids is meant.
/// A message without party id is matched by call reference, then by conference id, then as the only candidate (sccp
/// §4.1). Ids mean nothing on another connection.
class MediaChannels {
 public:
  static constexpr std::size_t kMaxChannels = 8;

  MediaChannel* find(MediaKind kind, const ChannelIds& ids, Lookup lookup = Lookup::follow);
  MediaChannel* find(MediaId id);
  /// Null when there are kMaxChannels.
  MediaChannel* add(MediaKind kind, const ChannelIds& ids);
  void remove(MediaChannel& channel);
  /// The central-facing endpoint of one of the last removed channels, for an Ack that comes late.
  std::optional<Endpoint> removed_lately(MediaKind kind, const ChannelIds& ids) const;

  std::vector<MediaChannel>& all() { return channels_; }
  const std::vector<MediaChannel>& all() const { return channels_; }

 private:
  struct Removed {
    MediaKind kind{};
    ChannelIds ids;
    Endpoint central_facing;
  };
  MediaChannel* by_party(MediaKind kind, const ChannelIds& ids);
  std::vector<MediaChannel> channels_;
  std::vector<Removed> removed_;  // oldest first, at most kMaxChannels
};

}  // namespace dw::sccp
