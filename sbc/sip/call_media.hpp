#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/media_broker.hpp"
#include "sbc/sip/flow.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/sdp.hpp"

namespace dw::sip {

/// The media of one call: a relayed stream for each m-line, and what either side is told of them (sip-sbc
/// §2.3, §3). Both sides' SDP comes through here, offers and answers alike; which is which makes no
/// difference to a relay that learns from packets where the phone is.
class CallMedia {
 public:
  /// Answers of one branch must not disturb what another one that was taken says (RFC 3261 §13.2.2.4).
  enum class Standing : std::uint8_t {
    applies,  ///< from now on
    informs,  ///< is told on with the relay's addresses, and changes nothing
  };

  /// The body with the relay's addresses, nothing when it has no SDP to change. Errc::exhausted: no ports are
  /// left for a stream that it needs.
  Result<std::optional<std::string>> rewrite(TimePoint now, const Message& m, Side from, Standing standing,
                                             const MediaRequest& request, MediaBroker& broker);
  /// A re-INVITE failed: what was before it applies again (RFC 3261 §14.1).
  void keep();
  void restore(MediaBroker& broker);

  void close(MediaBroker& broker, MediaEnd end);
  bool is_open() const { return !streams_.empty(); }
  /// Both sides have said where they receive.
  bool both_ways() const;
  /// The phone, or the far end, wants to hear nothing.
  bool held() const { return held_by_phone_ || held_by_far_end_; }
  std::size_t ice_lines_removed() const { return ice_lines_; }
  std::vector<CallStream> report(TimePoint now, const MediaBroker& broker) const;

 private:
  struct Stream {
    MediaPorts ports;
    Endpoint phone_stated;
    std::optional<Endpoint> far_end;
    std::optional<Endpoint> kept_far_end;  ///< before the offer that is under way
    Endpoint told_phone;                   ///< where the phone is to send
    std::string codec;
    bool opaque = false;
    TimePoint both_since{};  ///< epoch: not both ways
    Duration both_before{};
  };
  /// RFC 3264 §8: whoever hears another description must see another version, and none that goes back.
  struct Versions {
    std::uint64_t told = 0, seen = 0, offset = 0;
    std::size_t hash = 0;
    bool any = false;
  };
  Result<void> rewrite_sdp_body(TimePoint now, std::string_view body, Side from, Standing standing,
                                const MediaRequest& request, MediaBroker& broker, std::string& out);
  std::uint64_t version_for(Side from, const Sdp& sdp, std::string_view body, const SdpRewrite& rewrite);
  void note_both(TimePoint now, Stream& stream);

  std::vector<Stream> streams_;  // by m-line
  Versions to_phone_, to_central_;
  bool held_by_phone_ = false, held_by_far_end_ = false;
  bool kept_held_by_phone_ = false, kept_held_by_far_end_ = false;
  std::size_t ice_lines_ = 0;
};

}  // namespace dw::sip
