#include <algorithm>

#include "sbc/phones/boots.hpp"
#include "sbc/phones/inventory.hpp"

namespace dw::phones {
namespace {

/// False when nothing of it was later.
bool bring_back(Phone& phone, WallTime now) {
  WallTime latest = std::max(phone.first_seen, phone.last_seen);
  for (const Step& step : phone.steps)
    latest = std::max(latest, end_of(step));
  if (latest <= now) return false;
  const auto by = latest - now;
  for (Step& step : phone.steps) {
    if (end_of(step) > now) step.at -= by;
  }
  std::ranges::stable_sort(phone.steps, {}, &Step::at);
  phone.first_seen = std::min(phone.first_seen, now);
  phone.last_seen = std::min(phone.last_seen, now);
  return true;
}

}  // namespace

void Inventory::clock_went_back(WallTime now) {
  for (Phones* const phones : {&proven_, &unproven_}) {
    for (Phone& phone : *phones) {
      if (bring_back(phone, now)) mark(phone);
    }
  }
}

}  // namespace dw::phones
