#include "sbc/phones/first_call.hpp"

#include <algorithm>
#include <set>

#include "sbc/phones/boots.hpp"

namespace dw::phones {
namespace {

/// What a phone does without: trust lists that are withheld, and what nobody has, are no files that it waits for.
bool counts(const Step& step) {
  if (!step.is_file()) return false;
  return step.outcome != FileOutcome::not_found && step.outcome != FileOutcome::refused;
}

bool both_heard(const Call& call) {
  return std::ranges::any_of(call.streams, [](const Call::Stream& s) {
    return s.media.from_phone.audio > 0 && s.media.from_phone.delivered > 0 && s.media.from_central.audio > 0 &&
           s.media.from_central.delivered > 0;
  });
}

void count_files(const Phone& phone, FirstCall& out) {
  const auto boots = boots_of(phone);
  if (boots.empty()) return;
  std::set<std::string_view> taken, known(phone.follow_ups.begin(), phone.follow_ups.end());
  for (std::size_t i = boots.back().begin; i < boots.back().end; ++i) {
    const Step& step = phone.steps[i];
    if (!step.is_file()) continue;
    if (!counts(step)) {
      known.erase(step.name);
      continue;
    }
    known.insert(step.name);
    if (step.outcome == FileOutcome::sent) taken.insert(step.name);
  }
  out.files = taken.size();
  out.files_known = known.size();
}

}  // namespace

std::string_view to_string(FirstCall::Stage stage) {
  using At = FirstCall::Stage;
  switch (stage) {
    case At::asked:
      return "asked";
    case At::fetching:
      return "fetching";
    case At::registered:
      return "registered";
    case At::calling:
      return "calling";
    case At::one_sided:
      return "one_sided";
    case At::heard:
      return "heard";
  }
  return "";
}

FirstCall first_call_of(const Phone& phone, const std::vector<const Call*>& calls) {
  using At = FirstCall::Stage;
  FirstCall out;
  count_files(phone, out);
  if (!calls.empty()) {
    out.stage =
        std::ranges::any_of(calls, [](const Call* call) { return both_heard(*call); }) ? At::heard : At::calling;
    return out;
  }
  if (!phone.registered) {
    out.stage = out.files > 0 ? At::fetching : At::asked;
    return out;
  }
  const auto last = std::find_if(phone.steps.rbegin(), phone.steps.rend(),
                                 [](const Step& step) { return step.type == StepType::call; });
  if (last == phone.steps.rend()) {
    out.stage = At::registered;
  } else if (last->call.direct) {
    out.stage = At::registered;  // the phones spoke past us: nobody knows what they heard
  } else {
    out.stage =
        last->call.from_phone > 0 && last->call.from_central > 0 && last->call.delivered() ? At::heard : At::one_sided;
  }
  return out;
}

}  // namespace dw::phones
