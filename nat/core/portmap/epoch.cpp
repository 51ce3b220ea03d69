#include "nat/core/portmap/epoch.hpp"

#include <utility>

namespace dw::nat::portmap {
namespace {

std::int64_t seconds_between(TimePoint from, TimePoint to) {
  return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}

}  // namespace

bool Epoch::lost_by_pcp(TimePoint now, std::uint32_t epoch) {
  const auto before = std::exchange(last_, Seen{now, epoch});
  if (!before) return false;
  const std::int64_t client = seconds_between(before->at, now);
  const std::int64_t server = std::int64_t{epoch} - before->epoch;
  if (server < -1) return true;  // one second less means two answers that overtook each other
  return client + 2 < server - server / 16 || server + 2 < client - client / 16;
}

bool Epoch::lost_by_nat_pmp(TimePoint now, std::uint32_t epoch) {
  const auto before = std::exchange(last_, Seen{now, epoch});
  if (!before) return false;
  const std::int64_t expected = before->epoch + seconds_between(before->at, now) * 7 / 8;
  return std::int64_t{epoch} + 2 < expected;
}

}  // namespace dw::nat::portmap
