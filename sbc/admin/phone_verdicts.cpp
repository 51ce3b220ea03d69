#include "sbc/admin/phone_verdicts.hpp"

#include <algorithm>

namespace dw::admin {

void PhoneVerdicts::begin(std::size_t known_phones) {
  left_ = kAtOnce;
  if (kept_.size() > 2 * known_phones) kept_.clear();  // most of them are of phones that are gone
}

PhoneVerdicts::Verdict PhoneVerdicts::of(const phones::Phone& phone, WallTime now, bool must_be_fresh) {
  Kept& kept = kept_[phone.key()];
  const bool fresh =
      kept.at != WallTime{} && kept.revision == phone.revision && std::chrono::abs(now - kept.at) < kFresh;
  if (fresh || (!must_be_fresh && left_ == 0)) return kept.verdict;
  if (!must_be_fresh) --left_;
  const auto findings = phones::findings(phone, now);
  const auto worst =
      std::ranges::max_element(findings, {}, [](const phones::Finding& f) { return f.severity; });
  kept = {
      {worst == findings.end() ? std::string_view() : phones::to_string(worst->severity), findings.size()},
      phone.revision,
      now};
  return kept.verdict;
}

}  // namespace dw::admin
