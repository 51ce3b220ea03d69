#pragma once
#include "nat/core/media/rtp.hpp"
#include "sbc/base/media_broker.hpp"

namespace dw::nat {

/// Cisco's gateways (VG224, VG248, ATA) switch from voice to T.38 between themselves, by named signalling events in the
/// RTP stream (NSE, payload type 100 unless signalling gives another; same layout as RFC 4733's events): 200 asks, 201
/// agrees, 202 refuses. No signalling message announces it, and UDPTL follows on the same ports. Both sides must have
/// sent 200 or 201.
class FaxSwitch {
 public:
  static constexpr std::uint8_t kPayloadType = 100;
  static constexpr std::size_t kOctets = 4;
  enum Event : std::uint8_t { kAsk = 200, kAgree = 201, kRefuse = 202 };

  /// Packets of this format may carry such events.
  static bool is_nse(const MediaFormat& format) {
    return format.kind == MediaFormat::Kind::nse || (format.payload_type == kPayloadType && format.clock_rate == 0);
  }
  void on_rtp(MediaSide from, const RtpHeader& header, const MediaFormat& format) {
    if (!is_nse(format) || header.payload < kOctets) return;
    bool& said = from == MediaSide::phone ? phone_ : central_;
    if (header.first == kAsk || header.first == kAgree) said = true;
    if (header.first == kRefuse) phone_ = central_ = false;
  }
  bool is_fax() const { return phone_ && central_; }

 private:
  bool phone_ = false, central_ = false;
};

}  // namespace dw::nat
