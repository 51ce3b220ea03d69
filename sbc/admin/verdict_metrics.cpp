#include "sbc/admin/verdict_metrics.hpp"

#include <array>

namespace dw::admin {

void append_verdict(MetricsText& out, const doctor::Verdict& verdict, const doctor::VerdictBook* book) {
  using doctor::State;
  constexpr std::array kStates = {State::ok, State::not_known, State::trouble, State::failed};
  for (const State state : kStates)
    out.gauge("dropwire_state", "The state of this box and everything that depends on it: 1 for the current one.",
              verdict.state == state ? 1 : 0, {{"state", to_string(state)}});
  for (const doctor::Part& part : verdict.parts) {
    for (const State state : kStates)
      out.gauge("dropwire_part_state", "The same of each part of it.", part.state == state ? 1 : 0,
                {{"part", part.name}, {"state", to_string(state)}});
  }
  if (!book) return;
  for (const State state : kStates)
    out.gauge("dropwire_phones_by_state", "Phones that took a file, registered or have a fault, by state.",
              static_cast<double>(book->counts().of(state)), {{"state", to_string(state)}});
  out.gauge("dropwire_phones_needing_attention", "Phones with a warning or an error of their own.",
            static_cast<double>(book->counts().attention));
  for (const auto& [code, phones] : book->counts().codes)
    out.gauge("dropwire_phones_by_finding", "Phones that have this finding.", static_cast<double>(phones),
              {{"code", code}});
}

}  // namespace dw::admin
