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
  bool acked = false;               ///< and the phone said where it receives
  bool transmit = false;            ///< the server told the phone where to send
  std::optional<Endpoint> far_end;  ///< where, as the server said it; none: nowhere for now (hold)
  Endpoint told;                    ///< where, as the phone was told: a port of ours, as a rule
  Endpoint phone_stated;
  std::uint32_t compression_type = 0;
  std::uint32_t packet_ms = 0;
  std::uint32_t rfc2833_type = 0;
  std::uint32_t header_version = 0;  ///< of the server's OpenReceiveChannel
  bool encrypted = false;
  TimePoint opened{};
  std::optional<TimePoint> both_since;  ///< both directions are open since
  Duration both_before{};               ///< and had been, before
  std::optional<TimePoint> punch_at;    ///< when we tell the phone to send, if the server does not (sccp §4.2)
  bool punched = false;                 ///< we told it to send, and the server has not yet
  unsigned acks_of_ours = 0;            ///< how many of the phone's Acks will answer us, not the server
  std::optional<TimePoint> release_at;  ///< its call is over, and the server has not closed it
  TimePoint look_at{};                  ///< when to look next whether anything still comes
  bool silent = false;                  ///< nothing has come for media_idle: its ports may be taken for another

  void learn(const ChannelIds& said);  ///< the ids that a message has; 0: it has none
  void note_both(TimePoint now);       ///< after anything of the two directions has changed
};

/// What a message that names a channel does with it.
enum class Lookup : std::uint8_t {
  open,    ///< opens it: another call reference is another channel
  ack,     ///< confirms it, so the one that waits for that may be meant
  follow,  ///< anything else
};

/// The channels of one phone's connection. Found by kind, pass-through party id and call reference: no id that both
/// sides give may differ, and of several the one that agrees in most is meant. Where a message lacks the party, the
/// call reference tells, then the conference id, then that only one can be meant (sccp §4.1). Never across
/// connections.
class MediaChannels {
 public:
  static constexpr std::size_t kMaxChannels = 8;

  MediaChannel* find(MediaKind kind, const ChannelIds& ids, Lookup lookup = Lookup::follow);
  MediaChannel* find(MediaId id);
  /// Null when there are kMaxChannels.
  MediaChannel* add(MediaKind kind, const ChannelIds& ids);
  void remove(MediaChannel& channel);
  /// Our central-facing endpoint of a channel that was removed lately, for an Ack that comes late.
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
