#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "sbc/base/source_table.hpp"

namespace dw::sip {

/// Whose password a request with a digest tries, and from where.
struct PasswordTry {
  static constexpr std::size_t kMaxCredentials = 4;

  IpAddress source;
  bool blind = false;      ///< nothing shows that its source is not forged
  bool own = false;        ///< its user has a registered phone at that source
  std::uint16_t port = 0;  ///< that phone's, where it comes from there; 0: from elsewhere
  /// Hashes of the user that it names, and of the usernames of its digests where these are others. 0: none.
  std::array<std::uint64_t, 1 + kMaxCredentials> users{};
};

/// How often a password may be tried that turns out wrong: by user and source together, by source, and by user. We
/// can't check a digest, so we count what the server says of it. A source where the user is registered, or showed the
/// right password lately, is limited for its own tries alone: nobody can lock out a user from where he is known.
/// Whoever shows no nonce that was sent to its address may have forged that, and is counted apart. Bounded, constant
/// work; nothing but hashes is kept. No I/O.
class PasswordGuesses {
 public:
  static constexpr std::size_t kMaxPairs = 65'536, kMaxSources = 16'384, kMaxUsers = 16'384, kMaxNonces = 65'536;
  static constexpr Duration kProvenFor = std::chrono::hours(24 * 30);
  /// Wrong ones at once, and how long until one more.
  struct Limit {
    double at_once;
    Duration each;
  };
  static constexpr Limit kPair{10, std::chrono::seconds(60)}, kSource{50, std::chrono::seconds(10)},
      kUser{30, std::chrono::seconds(60)};
  /// Refused tries that a phone with a wrong password may come to; who tries faster is no phone.
  static constexpr Limit kRefused{20, std::chrono::seconds(5)};

  explicit PasswordGuesses(std::uint64_t seed)
      : hash_(seed),
        pairs_(kMaxPairs, seed + 1),
        sources_(kMaxSources, seed + 2),
        users_(kMaxUsers, seed + 3),
        nonces_(kMaxNonces, seed + 4) {}

  /// Names a user in `tried`, as a server may read it: escaped or quoted, in any case.
  void add_user(PasswordTry& tried, std::string_view user) const;
  /// A server's challenge goes to this source.
  void sent_nonce(TimePoint now, const IpAddress& source, std::string_view nonce, Standing standing);
  bool knows_nonce(const IpAddress& source, std::string_view nonce) const;

  enum class Verdict : std::uint8_t {
    passes,
    refused,
    hammers,  ///< refused, and it comes faster than a phone would
  };
  /// It counts as a wrong one until one of the next three is called.
  Verdict begin(TimePoint now, const PasswordTry& tried);
  void right(TimePoint now, const PasswordTry& tried);
  /// True: the first wrong one of this user from there. A phone with a wrong password counts as abuse once.
  bool wrong(TimePoint now, const PasswordTry& tried);
  void unknown(const PasswordTry& tried);  ///< the server said nothing of it

  /// `visit(name, entries, bound)` for each table.
  template <class Visit>
  void for_each_table(Visit visit) const {
    visit("sip_password_pairs", pairs_.size(), pairs_.capacity());
    visit("sip_password_sources", sources_.size(), sources_.capacity());
    visit("sip_password_users", users_.size(), users_.capacity());
    visit("sip_nonces", nonces_.size(), nonces_.capacity());
  }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t wrong() const { return wrong_; }

 private:
  /// What was counted, less one for each time that has passed.
  class Count {
   public:
    bool full(TimePoint now, const Limit& limit) {
      settle(now, limit);
      return counted_ + 1 > limit.at_once;
    }
    void add(TimePoint now, const Limit& limit) {
      settle(now, limit);
      counted_ += 1;
    }
    void take_back() { counted_ = counted_ > 1 ? counted_ - 1 : 0; }

   private:
    void settle(TimePoint now, const Limit& limit);
    double counted_ = 0;
    TimePoint at_{};
  };
  struct Pair {
    Count tries, refused;
    TimePoint proven_until{};
    bool was_wrong = false;
  };
  Pair* pair_of(TimePoint now, const PasswordTry& tried, std::uint64_t user);
  std::uint64_t pair_key(const PasswordTry& tried, std::uint64_t user) const;
  std::uint64_t source_key(const PasswordTry& tried) const;
  std::uint64_t nonce_key(const IpAddress& source, std::string_view nonce) const;
  bool takes(TimePoint now, const PasswordTry& tried, std::uint64_t user);

  KeyedHash hash_;
  SourceTable<std::uint64_t, Pair> pairs_;
  SourceTable<std::uint64_t, Count> sources_, users_;
  SourceTable<std::uint64_t, bool> nonces_;
  Count others_;  ///< of pairs that find no place
  std::uint64_t refused_ = 0, wrong_ = 0;
};

}  // namespace dw::sip
