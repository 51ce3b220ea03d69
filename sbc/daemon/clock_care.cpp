#include "sbc/daemon/clock_care.hpp"

#include "sbc/net/log.hpp"

namespace dw {
namespace {

constexpr Duration kEach = std::chrono::seconds(1);

}  // namespace

ClockCare::ClockCare(net::Loop& loop, phones::Inventory& inventory)
    : loop_(loop), inventory_(inventory), watch_(loop.now(), wall_now()), timer_(loop, [this] { look(); }) {
  inventory_.clock_went_back(wall_now());
  timer_.arm_after(kEach);
}

void ClockCare::look() {
  timer_.arm_after(kEach);
  const WallTime now = wall_now();
  const auto by = watch_.look(loop_.now(), now);
  if (by.count() == 0) return;
  spdlog::info("event=clock_set by=\"{}{}\" now={}", by.count() < 0 ? "-" : "", to_words(std::chrono::abs(by)),
               to_rfc3339(now));
  if (by.count() < 0) inventory_.clock_went_back(now);
}

}  // namespace dw
