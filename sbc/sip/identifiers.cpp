#include "sbc/sip/identifiers.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "sbc/sip/bindings.hpp"

namespace dw::sip {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t kLoopHashLetters = 6;

std::string letters(std::uint64_t bits, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i, bits >>= 5)
    out += kAlphabet[bits & 31];
  return out;
}

}  // namespace

std::string Identifiers::token() {
  return letters(random_(), Binding::kTokenLength - 1) + letters(random_(), 1);
}

std::string Identifiers::branch_for(const Message& m, Side to) {
  return "z9hG4bK" + letters(random_(), 12) + "." + loop_hash(m, to);
}

/// RFC 3261 §16.6 step 8: where a request goes and as what.
std::string Identifiers::loop_hash(const Message& m, Side to) const {
  std::uint64_t hash = secret_ ^ (to == Side::access ? 0x5bd1e995U : 0);
  for (const std::string_view part : {m.request_uri(), m.call_id(), m.method_text()}) {
    for (const char c : part)
      hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  }
  return letters(hash ^ hash >> 29, kLoopHashLetters);
}

bool Identifiers::is_loop(const Message& m, Side to) const {
  bool first = true;
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::via) continue;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      if (std::exchange(first, false)) continue;
      const auto branch = find_param(value->substr(std::min(value->find(';'), value->size())), "branch");
      const auto dash = branch ? branch->value.rfind('.') : std::string_view::npos;
      if (dash != std::string_view::npos && branch->value.substr(dash + 1) == loop_hash(m, to)) return true;
    }
  }
  return false;
}

std::string Identifiers::tag_for(const Message& m) const {
  const std::size_t hash = std::hash<std::string_view>{}(m.via().branch) ^ std::hash<std::string_view>{}(m.call_id()) ^
                           static_cast<std::size_t>(secret_);
  return fmt::format("dw{:x}", hash);
}

}  // namespace dw::sip
