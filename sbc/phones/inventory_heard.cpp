#include "sbc/phones/inventory.hpp"

namespace dw::phones {

void Inventory::count(const CallFigures& call) {
  ++call_totals_.calls;
  if (call.silent != CallFigures::Silent::nobody) ++call_totals_.one_way;
  call_totals_.from_phone += call.from_phone;
  call_totals_.lost_from_phone += call.lost_from_phone;
  call_totals_.from_central += call.from_central;
  call_totals_.lost_from_central += call.lost_from_central;
}

void Inventory::note_heard(CallFigures& call, WallTime ended) {
  if (call.direct || (call.silent != CallFigures::Silent::central && call.from_central == 0)) return;
  heard_.last_silent = call.silent == CallFigures::Silent::central;
  ++(heard_.last_silent ? heard_.silent : heard_.calls);
  if (heard_.last_silent) heard_.silent_at = ended;
  call.box_deaf = heard_.last_silent && behind_router_;
}

}  // namespace dw::phones
