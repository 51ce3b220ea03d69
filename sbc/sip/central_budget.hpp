#pragma once
#include <array>
#include <cstdint>

#include "sbc/base/time.hpp"
#include "sbc/base/token_bucket.hpp"
#include "sbc/sip/servers.hpp"

namespace dw::sip {

/// How many requests each server may send by UDP, where its address may be forged: more than any real server sends.
/// Requests that contain a secret of ours (a token, a dialog's tags) have a budget of their own, which a forger can't
/// use up. No I/O.
class CentralBudget {
 public:
  static constexpr double kToPhones = 5000, kAnsweredHere = 200;  ///< a second
  static constexpr double kBurst = 5;                             ///< seconds' worth at once

  /// A request that goes on to a phone.
  bool admits(TimePoint now, std::size_t server) { return take(now, at(server).to_phones); }
  /// One that is answered here: for a phone or dialog that we don't have, or for ourselves.
  bool admits_answer(TimePoint now, std::size_t server) { return take(now, at(server).answered_here); }
  std::uint64_t refused() const { return refused_; }

 private:
  struct Of {
    TokenBucket to_phones{kToPhones, kBurst*kToPhones}, answered_here{kAnsweredHere, kBurst*kAnsweredHere};
  };
  Of& at(std::size_t server) { return servers_[server % servers_.size()]; }
  bool take(TimePoint now, TokenBucket& bucket) {
    if (bucket.take(now)) return true;
    ++refused_;
    return false;
  }

  std::array<Of, Servers::kMaxKept> servers_;
  std::uint64_t refused_ = 0;
};

}  // namespace dw::sip
