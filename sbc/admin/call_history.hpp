#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sbc/phones/signalling.hpp"

namespace dw::admin {

/// How the last minutes of each call sounded: of its first stream, each way, what was lost and how much it
/// jittered, one sample each kEvery. No I/O; asked anew from the figures of calls that are up.
class CallHistory {
 public:
  static constexpr std::chrono::seconds kEvery{2};
  static constexpr std::size_t kMaxSamples = 90;  ///< three minutes
  static constexpr std::size_t kMaxCalls = 512;   ///< that are followed; further ones are not

  struct Sample {
    float loss_percent = -1;         ///< of what was sent meanwhile; below 0: nothing passed
    std::optional<float> jitter_ms;  ///< none: not measured
  };
  /// Oldest first.
  struct Lane {
    std::vector<Sample> samples;
    std::uint64_t packets = 0, lost = 0;  ///< at the last one
    void add(const MediaFlow& flow);
  };
  struct Stream {
    Lane from_phone, from_central;
  };

  /// One sample of each; what is not up any more is forgotten.
  void sample(std::span<const phones::Call> calls);
  /// Null when it is not followed.
  const Stream* find(const phones::Call::Stream& stream) const;
  std::size_t size() const { return streams_.size(); }

 private:
  using Key = std::pair<Endpoint, Endpoint>;  // our own two ends: no two streams that are open share them
  struct Followed {
    Stream stream;
    WallTime since{};  ///< of its call: another one means that the ports are used anew
    bool seen = false;
  };
  std::map<Key, Followed> streams_;
};

}  // namespace dw::admin
