#include "sbc/admin/judging.hpp"

namespace dw::admin {
namespace {

constexpr Duration kCausesEvery = std::chrono::seconds(1);
constexpr std::size_t kBetweenLooksAtTheClock = 4;  // phones

}  // namespace

Judging::Judging(net::Loop& loop, const Sources& sources)
    : loop_(loop), sources_(sources), timer_(loop, [this] { tick(); }) {
  if (sources_.verdicts) timer_.arm_after(kIdle);
}

void Judging::take_causes(TimePoint now) {
  if (causes_taken_ != TimePoint{} && now - causes_taken_ < kCausesEvery) return;
  causes_taken_ = now;
  sources_.verdicts->set_causes(sources_.causes_now());
}

void Judging::look() {
  if (!sources_.verdicts) return;
  causes_taken_ = loop_.now();
  sources_.verdicts->set_causes(sources_.causes_now());
  sources_.verdicts->judge(wall_now(), kAtOnce);
}

void Judging::tick() {
  const TimePoint began = Clock::now();
  take_causes(began);
  const WallTime now = wall_now();
  bool more = true;
  while (more && Clock::now() - began < kSlice)
    more = sources_.verdicts->judge(now, kBetweenLooksAtTheClock) == kBetweenLooksAtTheClock;
  timer_.arm_after(more ? kBetween : kIdle);
}

}  // namespace dw::admin
