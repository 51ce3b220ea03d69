// What the inventory takes of who is not admitted.
#include "sbc/phones/inventory.hpp"

namespace dw::phones {

/// A source that is not admitted may be anybody. One line of the story says that somebody came from elsewhere than the
/// phone is; that neither moves the phone nor counts as seeing it. A registered phone gets none. False: it may be it.
bool Inventory::keep_kept_out(const DeviceName& device, const Step& step) {
  const auto known = index_.find(device.str());
  if (device.empty() || known == index_.end() || known->second->address == step.from) return false;
  Phone& phone = *known->second;
  const bool said = !phone.steps.empty() && phone.steps.back().outcome == step.outcome && phone.steps.back().is_file();
  if (!phone.registered && !said) keep(phone, step);
  return true;
}

}  // namespace dw::phones
