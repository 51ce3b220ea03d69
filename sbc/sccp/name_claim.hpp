#pragma once
#include "sbc/base/time.hpp"

namespace dw::sccp {

/// A phone registers under a device name that another connection has (sccp §6.4). A name is no secret, so a stranger
/// who knows one must not be able to end its calls; and a phone that restarted, roamed, or whose router has another
/// address now must not wait for its own old connection to time out.
struct NameClaim {
  bool same_address = false;                ///< both come from one address: it restarted
  bool registered = false;                  ///< the old one is
  bool proven = false;                      ///< on a LAN of our own, and the newcomer is the phone of that name
  unsigned evidence = 0, old_evidence = 0;  ///< NameBook::evidence of the newcomer and of the old one
  /// The newcomer has the name at once; else the old connection is asked first whether it lives.
  bool wins_at_once() const {
    return same_address || proven || evidence > old_evidence || (!registered && !loses_at_once());
  }
  /// The old one is about to register, and is more likely the phone.
  bool loses_at_once() const { return !registered && !same_address && !proven && evidence < old_evidence; }
};

/// The old connection's answer. It was sent a few octets: that its TCP acknowledges them, or that anything comes from
/// it, shows that it lives.
class ClaimQuestion {
 public:
  /// A lost packet is sent again after 0.2, 0.6 and 1.4 s (RFC 6298 with Linux' least timeout), so several of them
  /// may get lost; what is left of 5 s is for the server to see the old connection end.
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
