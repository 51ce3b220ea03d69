#include "sbc/phones/call_tally.hpp"

namespace dw::phones {

void CallTally::add(CallFigures& call, WallTime ended) {
  ++totals_.calls;
  if (call.silent != CallFigures::Silent::nobody) ++totals_.one_way;
  totals_.from_phone += call.from_phone;
  totals_.lost_from_phone += call.lost_from_phone;
  totals_.from_central += call.from_central;
  totals_.lost_from_central += call.lost_from_central;
  if (call.direct || (call.silent != CallFigures::Silent::central && call.from_central == 0)) return;
  heard_.last_silent = call.silent == CallFigures::Silent::central;
  ++(heard_.last_silent ? heard_.silent : heard_.calls);
  if (heard_.last_silent) heard_.silent_at = ended;
  call.box_deaf = heard_.last_silent && behind_router_;
}

}  // namespace dw::phones
