#pragma once
#include <optional>

#include "sbc/base/time.hpp"

namespace dw::sccp {

/// Whether the phone and the call server of one session are alive, by their keepalives (sccp §1.6). A side is dead when
/// three in a row are missing, as phones count. A side that still sends audio is never dead: the phone counts by
/// itself, and its call outlives the connection. No I/O.
class Liveness {
 public:
  static constexpr int kMissed = 3;  ///< keepalives, or answers to them, that may be missing
  static constexpr Duration kDefaultInterval = std::chrono::seconds(30);

  /// What on_deadline found. `phone_missed` and `server_missed` are set once for each silence.
  struct Found {
    bool phone_missed = false, server_missed = false;
    bool phone_silent = false, server_silent = false;
  };
  /// Which side has sent audio within the last seconds. A side whose audio does not pass here counts as sending.
  struct Audio {
    bool from_phone = false, from_central = false;
  };

  /// RegisterAck came, with this interval; from now on both are watched.
  void on_registered(TimePoint now, Duration interval);
  void on_phone(TimePoint now);      ///< something came from the phone
  void on_keepalive(TimePoint now);  ///< its KeepAliveReq went to the server
  void on_server();                  ///< something came from the server
  Found on_deadline(TimePoint now, const Audio& audio);
  TimePoint next_deadline() const;  ///< TimePoint::max(): nobody is watched

  Duration interval() const { return interval_; }

 private:
  Duration interval_ = kDefaultInterval;
  bool watched_ = false;
  bool phone_missed_ = false, server_missed_ = false;
  TimePoint phone_due_{};
  std::optional<TimePoint> server_due_;  // while a KeepAliveReq has no answer
};

}  // namespace dw::sccp
