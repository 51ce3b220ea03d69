#include "sbc/phones/inventory.hpp"

namespace dw::phones {

void Inventory::note_heard(CallFigures& call, WallTime ended) {
  if (call.direct || (call.silent != CallFigures::Silent::central && call.from_central == 0)) return;
  heard_.last_silent = call.silent == CallFigures::Silent::central;
  ++(heard_.last_silent ? heard_.silent : heard_.calls);
  if (heard_.last_silent) heard_.silent_at = ended;
  call.box_deaf = heard_.last_silent && behind_router_;
}

}  // namespace dw::phones
