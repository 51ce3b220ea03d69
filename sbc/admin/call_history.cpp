#include "sbc/admin/call_history.hpp"

namespace dw::admin {

void CallHistory::Lane::add(const MediaFlow& flow) {
  Sample sample;
  // A restarted stream counts from zero again; a late packet lowers the number of lost ones.
  const bool restarted = flow.packets < packets;
  const std::uint64_t came = flow.packets - (restarted ? 0 : packets);
  const std::uint64_t lost_before = restarted ? 0 : lost;
  const std::uint64_t went = flow.lost > lost_before ? flow.lost - lost_before : 0;
  if (came + went > 0) {
    sample.loss_percent = 100.0F * static_cast<float>(went) / static_cast<float>(came + went);
    if (flow.jitter) sample.jitter_ms = std::chrono::duration<float, std::milli>(*flow.jitter).count();
  }
  packets = flow.packets;
  lost = flow.lost;
  if (samples.size() == kMaxSamples) samples.erase(samples.begin());
  samples.push_back(sample);
}

void CallHistory::sample(std::span<const phones::Call> calls) {
  for (auto& [key, followed] : streams_)
    followed.seen = false;
  for (const phones::Call& call : calls) {
    if (call.streams.empty() || call.streams.front().media.direct) continue;
    const phones::Call::Stream& stream = call.streams.front();
    const Key key{stream.ports.phone_facing, stream.ports.central_facing};
    auto found = streams_.find(key);
    if (found == streams_.end()) {
      if (streams_.size() >= kMaxCalls) continue;
      found = streams_.try_emplace(key).first;
    }
    Followed& followed = found->second;
    // A call's start is computed back from its duration, so it varies slightly.
    if (std::chrono::abs(followed.since - call.since) > kEvery) followed = {};
    followed.since = call.since;
    followed.seen = true;
    followed.stream.from_phone.add(stream.media.from_phone);
    followed.stream.from_central.add(stream.media.from_central);
  }
  std::erase_if(streams_, [](const auto& entry) { return !entry.second.seen; });
}

const CallHistory::Stream* CallHistory::find(const phones::Call::Stream& stream) const {
  const auto found = streams_.find({stream.ports.phone_facing, stream.ports.central_facing});
  return found == streams_.end() ? nullptr : &found->second.stream;
}

}  // namespace dw::admin
