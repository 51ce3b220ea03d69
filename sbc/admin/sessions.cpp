#include "sbc/admin/sessions.hpp"

#include <algorithm>

#include "sbc/admin/credentials.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/net/digest.hpp"

namespace dw::admin {
namespace {

constexpr std::size_t kIdDigits = 64;

std::string digest_of(std::string_view id) {
  return net::to_hex(net::sha256(as_bytes(id)));
}

}  // namespace

Sessions::Begun Sessions::begin(TimePoint now, Account account) {
  std::erase_if(all_, [&](const auto& entry) { return is_over(now, entry.second); });
  if (all_.size() >= kMax)
    all_.erase(std::ranges::min_element(all_, {}, [](const auto& entry) { return entry.second.used; }));
  Begun begun{new_token(), new_token()};
  all_[digest_of(begun.id)] = {account, begun.csrf, now, now};
  return begun;
}

const Sessions::Session* Sessions::find(TimePoint now, std::string_view id) {
  if (id.size() != kIdDigits) return nullptr;
  const auto found = all_.find(digest_of(id));
  if (found == all_.end()) return nullptr;
  if (is_over(now, found->second)) {
    all_.erase(found);
    return nullptr;
  }
  found->second.used = now;
  return &found->second;
}

bool Sessions::is_alive(TimePoint now, std::string_view id) const {
  if (id.size() != kIdDigits) return false;
  const auto found = all_.find(digest_of(id));
  return found != all_.end() && !is_over(now, found->second);
}

void Sessions::end(std::string_view id) {
  if (id.size() == kIdDigits) all_.erase(digest_of(id));
}

std::string_view cookie_value(std::string_view field, std::string_view name) {
  TextCursor cursor(field);
  while (!cursor.at_end()) {
    TextCursor pair(trim(cursor.take_until(";")));
    cursor.skip_char(';');
    if (pair.take_until("=") == name && pair.skip_char('=')) return pair.rest();
  }
  return {};
}

}  // namespace dw::admin
