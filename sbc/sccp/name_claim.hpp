#pragma once
#include "sbc/base/time.hpp"

namespace dw::sccp {

/// A phone wants a device name that another connection holds (sccp §6.4). Names are no secret, so a stranger who knows
/// one must not be able to end its calls. But a phone that restarted, roamed, or whose router got another address must
/// not have to wait until its own old connection times out.
struct NameClaim {
  bool same_address = false;                ///< both come from one address: it restarted
  bool registered = false;                  ///< the old connection is registered
  bool proven = false;                      ///< on a LAN of our own, and the newcomer is the phone of that name
  unsigned evidence = 0, old_evidence = 0;  ///< NameBook::evidence of the newcomer and of the old one
  /// The newcomer gets the name at once. Otherwise the old connection is asked first whether it is alive.
  bool wins_at_once() const {
    return same_address || proven || evidence > old_evidence || (!registered && !loses_at_once());
  }
  /// The newcomer is refused at once: the old connection is about to register, and is more likely the phone.
  bool loses_at_once() const { return !registered && !same_address && !proven && evidence < old_evidence; }
};

/// Whether the old connection is alive. It was sent a few octets; it is alive when its TCP acknowledges them, or when
/// anything comes from it.
class ClaimQuestion {
 public:
  /// TCP sends a lost packet again after 0.2, 0.6 and 1.4 s (RFC 6298 with Linux' least timeout), so several may get
  /// lost. The phone is to be back within 5 s, and the server needs time to see the old connection end.
  static constexpr Duration kAnswerTime = std::chrono::milliseconds(2500);
  static constexpr Duration kLookAgain = std::chrono::milliseconds(100);

  enum class Answer { none_yet, lives, silent };

  explicit ClaimQuestion(TimePoint now) : asked_(now), look_at_(now + kLookAgain) {}
  TimePoint next_deadline() const { return look_at_; }
  /// `acknowledged`: its TCP has acknowledged all that it was sent; `heard`: when anything last came.
  Answer on_deadline(TimePoint now, bool acknowledged, TimePoint heard) {
    if (acknowledged || heard > asked_) return Answer::lives;
    if (now - asked_ >= kAnswerTime) return Answer::silent;
    look_at_ = now + kLookAgain;
    return Answer::none_yet;
  }

 private:
  TimePoint asked_, look_at_;
};

}  // namespace dw::sccp
