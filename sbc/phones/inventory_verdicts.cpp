#include "sbc/phones/inventory.hpp"

namespace dw::phones {

std::size_t Inventory::judge(WallTime now, std::size_t most) {
  std::size_t judged = 0;
  for (std::size_t looked = 0; judged < most && looked < 4 * most; ++looked) {
    const auto due = verdicts_.next(now);
    if (!due) break;
    const auto found = index_.find(due->key);
    if (found == index_.end()) continue;
    Phone& phone = *found->second;
    if (due->number ? *due->number != phone.verdict_number : !phone.verdict_due) continue;
    verdicts_.keep(phone, verdict_of(phone, now, verdicts_.causes()), now);
    ++judged;
  }
  return judged;
}

void Inventory::set_causes(const BoxCauses& causes) {
  if (!verdicts_.set_causes(causes)) return;
  for (Phones* const phones : {&proven_, &unproven_}) {
    for (Phone& phone : *phones)
      verdicts_.changed(phone);
  }
}

}  // namespace dw::phones
