#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sbc/phones/signalling.hpp"

namespace dw::admin {

/// The quality of each call in its last minutes: loss and jitter of its first stream, each way, one sample every
/// kEvery. No I/O; computed from the figures of the calls that are up.
class CallHistory {
 public:
  static constexpr std::chrono::seconds kEvery{2};
  static constexpr std::size_t kMaxSamples = 90;  ///< three minutes
  static constexpr std::size_t kMaxCalls = 512;   ///< calls that are followed; further ones are not

  struct Sample {
    float loss_percent = -1;         ///< of what was sent since the previous sample; below 0: nothing was
    std::optional<float> jitter_ms;  ///< none: not measured
  };
  /// Oldest first.
  struct Lane {
    std::vector<Sample> samples;
    std::uint64_t packets = 0, lost = 0;  ///< at the latest sample
    void add(const MediaFlow& flow);
  };
  struct Stream {
    Lane from_phone, from_central;
  };

  /// Takes one sample of each call, and drops calls that have ended.
  void sample(std::span<const phones::Call> calls);
  /// Null when the stream is not followed.
  const Stream* find(const phones::Call::Stream& stream) const;
  std::size_t size() const { return streams_.size(); }

 private:
  using Key = std::pair<Endpoint, Endpoint>;  // our own two ports: no two open streams share them
  struct Followed {
    Stream stream;
    WallTime since{};  ///< of its call: if it changes, the ports were reused
    bool seen = false;
  };
  std::map<Key, Followed> streams_;
};

}  // namespace dw::admin
