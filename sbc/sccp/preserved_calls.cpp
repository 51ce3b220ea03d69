#include "sbc/sccp/preserved_calls.hpp"

#include <algorithm>

namespace dw::sccp {
namespace {

std::optional<TimePoint> last_heard(const Call& call) {
  std::optional<TimePoint> last;
  for (const CallStream& stream : call.streams)
    last = std::max({last, stream.media.from_phone.heard, stream.media.from_central.heard});
  return last;
}

}  // namespace

PreservedCalls::~PreservedCalls() {
  for (const Kept& kept : kept_) {
    for (const CallStream& stream : kept.lost.live)
      broker_.close(stream.ports.id, MediaEnd::closed);
  }
}

std::size_t PreservedCalls::streams() const {
  std::size_t all = 0;
  for (const Kept& kept : kept_)
    all += kept.lost.live.size();
  return all;
}

void PreservedCalls::add(TimePoint now, const std::string& device, LostCall call, Over& over) {
  const auto of_device = [&] {
    std::size_t all = 0;
    for (const Kept& kept : kept_)
      all += kept.device == device ? kept.lost.live.size() : 0;
    return all;
  };
  while (of_device() != 0 && of_device() + call.live.size() > kMaxStreamsOfDevice)
    finish(now, static_cast<std::size_t>(std::ranges::find(kept_, device, &Kept::device) - kept_.begin()), over);
  if (kept_.empty()) look_at_ = now + kLookAgain;
  kept_.push_back({device, std::move(call), std::nullopt});
  if (streams() > kMaxStreams) finish(now, kept_.size() - 1, over);
}

void PreservedCalls::on_registered(TimePoint now, const std::string& device, const IpAddress& phone,
                                   std::uint32_t active_streams) {
  for (Kept& kept : kept_) {
    if (kept.device != device) continue;
    for (const CallStream& stream : kept.lost.live)
      broker_.set_phone(stream.ports.id, phone);
    kept.idle_since.reset();
    if (active_streams == 0) kept.idle_since = now;
  }
}

void PreservedCalls::on_receives(TimePoint now, const std::string& device, const Endpoint& at, Over& over) {
  for (std::size_t i = kept_.size(); i-- > 0;) {
    Kept& kept = kept_[i];
    if (kept.device != device) continue;
    for (std::size_t s = kept.lost.live.size(); s-- > 0;) {
      if (kept.lost.live[s].phone_stated == at) close(kept, s);
    }
    if (kept.lost.live.empty()) finish(now, i, over);
  }
}

void PreservedCalls::on_deadline(TimePoint now, Over& over) {
  if (now < next_deadline()) return;
  look_at_ = now + kLookAgain;
  for (std::size_t i = kept_.size(); i-- > 0;) {
    Kept& kept = kept_[i];
    for (std::size_t s = kept.lost.live.size(); s-- > 0;) {
      if (is_over(now, kept, kept.lost.live[s])) close(kept, s);
    }
    if (kept.lost.live.empty()) finish(now, i, over);
  }
}

bool PreservedCalls::is_over(TimePoint now, const Kept& kept, const CallStream& stream) const {
  const MediaReport report = broker_.report(stream.ports.id);
  const auto& phone = report.from_phone.heard;
  const auto& central = report.from_central.heard;
  if (!phone || !central || now - std::min(*phone, *central) >= media_idle_) return true;
  return kept.idle_since && now - std::max(*phone, *kept.idle_since) >= kBackAndSilent;
}

/// Its last report stays with the call.
void PreservedCalls::close(Kept& kept, std::size_t stream) {
  CallStream ended = std::move(kept.lost.live[stream]);
  kept.lost.live.erase(kept.lost.live.begin() + static_cast<std::ptrdiff_t>(stream));
  broker_.settle(ended.ports.id);
  ended.media = broker_.report(ended.ports.id);
  broker_.close(ended.ports.id, MediaEnd::closed);
  auto& streams = kept.lost.call.streams;
  if (streams.size() == Call::kMaxStreams) streams.erase(streams.begin());
  streams.push_back(std::move(ended));
}

void PreservedCalls::finish(TimePoint now, std::size_t index, Over& over) {
  Kept kept = std::move(kept_[index]);
  kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(index));
  while (!kept.lost.live.empty())
    close(kept, kept.lost.live.size() - 1);
  TrackedCall& call = kept.lost.call;
  call.call_state = static_cast<std::uint32_t>(CallState::on_hook);
  call.ended = last_heard(call).value_or(now);
  over.push_back(call.at(now));
  over.back().device = std::move(kept.device);
}

std::size_t PreservedCalls::talking(TimePoint now) const {
  const auto recent = [&](const std::optional<TimePoint>& heard) { return heard && now - *heard < kTalking; };
  const auto talks = [&](const CallStream& stream) {
    const MediaReport report = broker_.report(stream.ports.id);
    return recent(report.from_phone.heard) && recent(report.from_central.heard);
  };
  return static_cast<std::size_t>(
      std::ranges::count_if(kept_, [&](const Kept& kept) { return std::ranges::any_of(kept.lost.live, talks); }));
}

std::vector<Call> PreservedCalls::calls(TimePoint now) const {
  std::vector<Call> all;
  for (const Kept& kept : kept_) {
    Call& call = all.emplace_back(kept.lost.call.at(now));
    call.device = kept.device;
    for (CallStream stream : kept.lost.live) {
      stream.media = broker_.report(stream.ports.id);
      call.streams.push_back(std::move(stream));
    }
  }
  return all;
}

}  // namespace dw::sccp
