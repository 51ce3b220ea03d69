#include "sbc/doctor/verdict_book.hpp"

#include <utility>

#include "sbc/phones/inventory.hpp"

namespace dw::doctor {
using namespace phones;

void VerdictBook::catch_up() {
  const Inventory::Unjudged unjudged = inventory_.take_unjudged();
  for (const std::uint64_t number : unjudged.gone) {
    const auto gone = kept_.extract(number);
    if (!gone) continue;
    if (gone.mapped().judgement != 0) count(gone.mapped().verdict, false);
    if (gone.mapped().due) --waiting_;
  }
  for (const Phone* const phone : unjudged.changed)
    make_due(*phone);
}

void VerdictBook::make_due(const Phone& phone) {
  Kept& kept = kept_[phone.number];
  kept.phone = &phone;
  if (std::exchange(kept.due, true)) return;
  due_.push_back(phone.number);
  ++waiting_;
}

void VerdictBook::set_causes(const BoxCauses& causes) {
  if (causes == causes_) return;
  causes_ = causes;
  catch_up();
  inventory_.for_each([this](const Phone& phone) { make_due(phone); });
}

std::size_t VerdictBook::judge(WallTime now, std::size_t most) {
  catch_up();
  std::size_t judged = 0;
  for (; judged < most; ++judged) {
    Kept* const kept = next(now);
    if (kept == nullptr) break;
    keep(*kept, verdict_of(*kept->phone, now, causes_), now);
  }
  return judged;
}

VerdictBook::Kept* VerdictBook::next(WallTime now) {
  while (!due_.empty()) {
    const auto kept = kept_.find(due_.front());
    due_.pop_front();
    if (kept != kept_.end()) return &kept->second;  // else it went
  }
  Kept* const lately = next_of(lately_, now, kLatelyEvery);
  return lately != nullptr ? lately : next_of(others_, now, kOthersEvery);
}

VerdictBook::Kept* VerdictBook::next_of(std::deque<Again>& from, WallTime now, std::chrono::seconds after) {
  // The clock may have been set back.
  while (!from.empty() && std::chrono::abs(now - from.front().judged) >= after) {
    const Again again = from.front();
    from.pop_front();
    const auto kept = kept_.find(again.phone);
    if (kept != kept_.end() && kept->second.judgement == again.judgement) return &kept->second;
  }
  return nullptr;
}

void VerdictBook::keep(Kept& kept, PhoneVerdict verdict, WallTime now) {
  const Phone& phone = *kept.phone;
  const bool first = kept.judgement == 0;
  if (!first) count(kept.verdict, false);
  if (first || kept.verdict.print != verdict.print || kept.verdict.state != verdict.state) kept.revision = ++revision_;
  kept.verdict = std::move(verdict);
  kept.judgement = ++judgements_;
  kept.phone_revision = phone.revision;
  if (std::exchange(kept.due, false)) --waiting_;
  count(kept.verdict, true);
  auto& again = std::chrono::abs(now - phone.last_seen) < kLately ? lately_ : others_;
  again.push_back({phone.number, now, kept.judgement});
}

void VerdictBook::count(const PhoneVerdict& verdict, bool in) {
  const auto add = [in](std::uint64_t& to) { in ? ++to : --to; };
  const auto add_to = [&](auto& map, std::string_view key) {
    const auto at = map.try_emplace(key).first;
    add(at->second);
    if (at->second == 0) map.erase(at);
  };
  if (verdict.counts) add(counts_.states.at(static_cast<std::size_t>(verdict.state)));
  if (verdict.needs_attention()) add(counts_.attention);
  for (const std::string_view code : verdict.codes)
    add_to(counts_.codes, code);
  if (!verdict.cause.empty()) add_to(counts_.causes, verdict.cause);
}

const VerdictBook::Kept* VerdictBook::find(const Phone& phone) const {
  const auto kept = kept_.find(phone.number);
  return kept == kept_.end() ? nullptr : &kept->second;
}

const PhoneVerdict& VerdictBook::of(const Phone& phone) const {
  static const PhoneVerdict kNone;
  const Kept* const kept = find(phone);
  return kept == nullptr ? kNone : kept->verdict;
}

std::uint64_t VerdictBook::revision_of(const Phone& phone) const {
  const Kept* const kept = find(phone);
  return kept == nullptr ? 0 : kept->revision;
}

std::optional<WallTime> VerdictBook::boot_began(const Phone& phone) const {
  const Kept* const kept = find(phone);
  const bool judged = kept != nullptr && kept->judgement != 0 && kept->phone_revision == phone.revision;
  return judged ? kept->verdict.boot_began : last_boot_of(phone);
}

}  // namespace dw::doctor
