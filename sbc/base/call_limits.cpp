#include "sbc/base/call_limits.hpp"

#include <algorithm>

namespace dw {
namespace {

constexpr double kAttemptSeconds = 60;
constexpr Duration kAttemptsKept = std::chrono::minutes(1), kLookAgain = std::chrono::seconds(1);

}  // namespace

void CallLimits::configure(const Options& options) {
  if (options == options_) return;
  options_ = options;
  const auto start_over = [](auto& loads, std::uint32_t attempts) {
    for (auto& [key, load] : loads.by_key)
      load.attempts = TokenBucket(attempts / kAttemptSeconds, std::max<double>(attempts, 1));
  };
  start_over(phones_, options_.attempts_per_phone);
  start_over(sources_, options_.attempts_per_source);
}

/// nullptr: the table is full of entries that have calls or recent attempts.
template <class Key>
CallLimits::Load* CallLimits::load_of(TimePoint now, Loads<Key>& loads, const Key& key, std::uint32_t attempts) {
  auto& map = loads.by_key;
  if (const auto known = map.find(key); known != map.end()) {
    known->second.last = now;
    return &known->second;
  }
  if (map.size() >= kMaxKept && now >= loads.next_look) {
    loads.next_look = now + kLookAgain;
    std::erase_if(
        map, [&](const auto& entry) { return entry.second.calls == 0 && now - entry.second.last > kAttemptsKept; });
  }
  if (map.size() >= kMaxKept) return nullptr;
  Load& load = map[key];
  load.attempts = TokenBucket(attempts / kAttemptSeconds, std::max<double>(attempts, 1));
  load.last = now;
  return &load;
}

CallLimits::Verdict CallLimits::attempt(TimePoint now, std::string_view phone, const IpAddress& source) {
  if (off()) return Verdict::passes;
  Load* const by_phone = load_of(now, phones_, std::string(phone), options_.attempts_per_phone);
  Load* const by_source = load_of(now, sources_, source, options_.attempts_per_source);
  const auto many = [](const Load* load, std::uint32_t most) { return most != 0 && load && load->calls >= most; };
  const auto often = [&](Load* load, std::uint32_t most) { return most != 0 && load && !load->attempts.take(now); };
  const bool phone_often = often(by_phone, options_.attempts_per_phone);
  const bool source_often = often(by_source, options_.attempts_per_source);
  const Verdict verdict = many(by_phone, options_.calls_per_phone)     ? Verdict::phone_calls
                          : phone_often                                ? Verdict::phone_attempts
                          : many(by_source, options_.calls_per_source) ? Verdict::source_calls
                          : source_often                               ? Verdict::source_attempts
                                                                       : Verdict::passes;
  if (verdict != Verdict::passes) ++refused_;
  return verdict;
}

void CallLimits::began(TimePoint now, std::string_view phone, const IpAddress& source) {
  if (Load* const load = load_of(now, phones_, std::string(phone), options_.attempts_per_phone)) ++load->calls;
  if (Load* const load = load_of(now, sources_, source, options_.attempts_per_source)) ++load->calls;
}

void CallLimits::ended(std::string_view phone, const IpAddress& source) {
  const auto end = [](auto& loads, const auto& key) {
    const auto known = loads.by_key.find(key);
    if (known != loads.by_key.end() && known->second.calls > 0) --known->second.calls;
  };
  end(phones_, std::string(phone));
  end(sources_, source);
}

std::string_view to_string(CallLimits::Verdict verdict) {
  switch (verdict) {
    case CallLimits::Verdict::passes:
      return "";
    case CallLimits::Verdict::phone_calls:
      return "calls_per_phone";
    case CallLimits::Verdict::phone_attempts:
      return "call_attempts_per_phone";
    case CallLimits::Verdict::source_calls:
      return "calls_per_source";
    case CallLimits::Verdict::source_attempts:
      return "call_attempts_per_source";
  }
  return "";
}

}  // namespace dw
