#include "sbc/admin/phone_verdicts.hpp"

#include <algorithm>

namespace dw::admin {

void PhoneVerdicts::begin(std::size_t known_phones, const phones::NoServer& no_server) {
  left_ = kAtOnce;
  if (no_server != no_server_) ++no_server_number_;
  no_server_ = no_server;
  if (kept_.size() > 2 * known_phones) kept_.clear();  // most of them are of phones that are gone
}

PhoneVerdicts::Verdict PhoneVerdicts::of(const phones::Phone& phone, WallTime now, bool must_be_fresh) {
  Kept& kept = kept_[phone.key()];
  const bool fresh = kept.at != WallTime{} && kept.revision == phone.revision &&
                     kept.judged_by == no_server_number_ && std::chrono::abs(now - kept.at) < kFresh;
  if (fresh || (!must_be_fresh && left_ == 0)) return kept.verdict;
  if (!must_be_fresh) --left_;
  const auto findings = phones::findings(phone, now, no_server_);
  const auto worst =
      std::ranges::max_element(findings, {}, [](const phones::Finding& f) { return f.severity; });
  const auto caused = std::ranges::find_if(findings, [](const phones::Finding& f) { return !f.cause.empty(); });
  kept.verdict = {worst == findings.end() ? std::string_view() : phones::to_string(worst->severity), findings.size(),
                  caused == findings.end() ? std::string_view() : caused->cause};
  kept.revision = phone.revision;
  kept.judged_by = no_server_number_;
  kept.at = now;
  return kept.verdict;
}

}  // namespace dw::admin
