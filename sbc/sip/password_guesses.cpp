#include "sbc/sip/password_guesses.hpp"

#include <algorithm>
#include <string>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/uri.hpp"

namespace dw::sip {
namespace {

constexpr PasswordGuesses::Limit kOthers{1000, std::chrono::milliseconds(10)};
constexpr std::size_t kMaxUser = 256;  // octets that count

}  // namespace

void PasswordGuesses::Count::settle(TimePoint now, const Limit& limit) {
  using Seconds = std::chrono::duration<double>;
  counted_ = std::max(0.0, counted_ - Seconds(now - at_).count() / Seconds(limit.each).count());
  at_ = now;
}

void PasswordGuesses::add_user(PasswordTry& tried, std::string_view user) const {
  std::string plain = plain_user(user.substr(0, kMaxUser));
  std::erase(plain, '\\');
  std::ranges::transform(plain, plain.begin(), lower);
  const std::uint64_t hash = hash_(plain) | 1U;
  for (std::uint64_t& place : tried.users) {
    if (place == hash) return;
    if (place != 0) continue;
    place = hash;
    return;
  }
}

std::uint64_t PasswordGuesses::nonce_key(const IpAddress& source, std::string_view nonce) const {
  return hash_(nonce) ^ hash_(source_of(source));
}

void PasswordGuesses::sent_nonce(TimePoint now, const IpAddress& source, std::string_view nonce, Standing standing) {
  (void)nonces_.take(now, nonce_key(source, nonce), standing, true);
}

bool PasswordGuesses::knows_nonce(const IpAddress& source, std::string_view nonce) const {
  return nonces_.find(nonce_key(source, nonce)) != nullptr;
}

std::uint64_t PasswordGuesses::source_key(const PasswordTry& tried) const {
  return hash_(hash_(source_of(tried.source)) + (tried.blind ? 1U : 0U));
}

std::uint64_t PasswordGuesses::pair_key(const PasswordTry& tried, std::uint64_t user) const {
  return hash_(user ^ hash_(source_key(tried) + tried.port));
}

PasswordGuesses::Pair* PasswordGuesses::pair_of(TimePoint now, const PasswordTry& tried, std::uint64_t user) {
  const std::uint64_t key = pair_key(tried, user);
  const Pair* const known = pairs_.find(key);
  const bool proven = known && known->proven_until > now;
  const Standing standing = tried.own ? Standing::registered : proven ? Standing::proven : Standing::stranger;
  return pairs_.take(now, key, standing, Pair{});
}

bool PasswordGuesses::takes(TimePoint now, const PasswordTry& tried, std::uint64_t user) {
  Pair* const pair = pair_of(now, tried, user);
  if (!pair) return !others_.full(now, kOthers);
  if (pair->tries.full(now, kPair)) return false;
  if (tried.own || pair->proven_until > now) return true;
  Count* const source = sources_.find(source_key(tried));
  if (source && source->full(now, kSource)) return false;
  Count* const all = users_.find(user + (tried.blind ? 1U : 0U));
  return !all || !all->full(now, kUser);
}

PasswordGuesses::Verdict PasswordGuesses::begin(TimePoint now, const PasswordTry& tried) {
  const bool passes =
      std::ranges::all_of(tried.users, [&](std::uint64_t user) { return user == 0 || takes(now, tried, user); });
  if (!passes) {
    ++refused_;
    Pair* const pair = pair_of(now, tried, tried.users[0]);
    if (!pair) return Verdict::refused;
    if (pair->refused.full(now, kRefused)) return Verdict::hammers;
    pair->refused.add(now, kRefused);
    return Verdict::refused;
  }
  for (const std::uint64_t user : tried.users) {
    if (user == 0) continue;
    if (Pair* const pair = pair_of(now, tried, user)) {
      pair->tries.add(now, kPair);
    } else {
      others_.add(now, kOthers);
    }
  }
  return Verdict::passes;
}

void PasswordGuesses::right(TimePoint now, const PasswordTry& tried) {
  for (const std::uint64_t user : tried.users) {
    Pair* const pair = user != 0 ? pair_of(now, tried, user) : nullptr;
    if (!pair) continue;
    *pair = {};
    pair->proven_until = now + kProvenFor;
    (void)pair_of(now, tried, user);  // its standing is another one now
  }
}

bool PasswordGuesses::wrong(TimePoint now, const PasswordTry& tried) {
  ++wrong_;
  const Standing standing = tried.own ? Standing::registered : Standing::stranger;
  if (Count* const source = sources_.take(now, source_key(tried), standing, Count{})) source->add(now, kSource);
  bool first = false;
  for (const std::uint64_t user : tried.users) {
    if (user == 0) continue;
    if (Count* const all = users_.take(now, user + (tried.blind ? 1U : 0U), standing, Count{})) all->add(now, kUser);
    Pair* const pair = pair_of(now, tried, user);
    if (!pair) continue;
    first = first || !pair->was_wrong;
    pair->was_wrong = true;
  }
  return first;
}

void PasswordGuesses::unknown(const PasswordTry& tried) {
  for (const std::uint64_t user : tried.users) {
    Pair* const pair = user != 0 ? pairs_.find(pair_key(tried, user)) : nullptr;
    if (pair) pair->tries.take_back();
  }
}

}  // namespace dw::sip
