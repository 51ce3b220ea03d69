#include "sbc/phones/verdict_book.hpp"

#include "sbc/phones/phone.hpp"

namespace dw::phones {

void VerdictBook::changed(Phone& phone) {
  if (phone.verdict_due) return;
  phone.verdict_due = true;
  due_.push_back(phone.key());
}

void VerdictBook::gone(const Phone& phone) {
  if (phone.verdict_number != 0) count(phone.verdict, false);
}

bool VerdictBook::set_causes(const BoxCauses& causes) {
  if (causes == causes_) return false;
  causes_ = causes;
  return true;
}

std::optional<VerdictBook::Due> VerdictBook::take(std::deque<Again>& from, WallTime now, std::chrono::seconds after) {
  // The clock may have been set back.
  if (from.empty() || std::chrono::abs(now - from.front().judged) < after) return std::nullopt;
  Due due{std::move(from.front().key), from.front().number};
  from.pop_front();
  return due;
}

std::optional<VerdictBook::Due> VerdictBook::next(WallTime now) {
  if (!due_.empty()) {
    Due due{std::move(due_.front()), std::nullopt};
    due_.pop_front();
    return due;
  }
  if (auto due = take(lately_, now, kLatelyEvery)) return due;
  return take(others_, now, kOthersEvery);
}

void VerdictBook::keep(Phone& phone, PhoneVerdict verdict, WallTime now) {
  const bool first = phone.verdict_number == 0;
  if (!first) count(phone.verdict, false);
  if (first || phone.verdict.print != verdict.print || phone.verdict.state != verdict.state)
    phone.verdict_revision = ++revision_;
  phone.verdict = std::move(verdict);
  phone.verdict_number = ++number_;
  phone.verdict_due = false;
  count(phone.verdict, true);
  auto& again = std::chrono::abs(now - phone.last_seen) < kLately ? lately_ : others_;
  again.push_back({phone.key(), now, number_});
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

}  // namespace dw::phones
