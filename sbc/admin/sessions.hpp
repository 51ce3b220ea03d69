#pragma once
#include <string>
#include <string_view>
#include <unordered_map>

#include "sbc/admin/credentials.hpp"
#include "sbc/base/time.hpp"

namespace dw::admin {

/// Browser sessions. In memory only: a restart ends them all. Stored under the digest of their id, so that the time of
/// a lookup reveals nothing. When there is no room, the least recently used is evicted.
class Sessions {
 public:
  static constexpr std::size_t kMax = 64;
  static constexpr Duration kIdle = std::chrono::minutes(30);
  static constexpr Duration kLongest = std::chrono::hours(12);

  struct Session {
    Account account{};
    std::string csrf;  ///< what a POST must send besides the cookie
    TimePoint began{}, used{};
  };
  struct Begun {
    std::string id;  ///< 256 bits as hex digits: for the cookie, and not stored
    std::string csrf;
  };

  Begun begin(TimePoint now, Account account = Account::full);
  /// The session if it is alive, whose idle time starts again; otherwise null.
  const Session* find(TimePoint now, std::string_view id);
  /// The same, but does not count as use.
  bool is_alive(TimePoint now, std::string_view id) const;
  void end(std::string_view id);
  void end_all(Account account) {
    std::erase_if(all_, [account](const auto& entry) { return entry.second.account == account; });
  }
  std::size_t size() const { return all_.size(); }

 private:
  static bool is_over(TimePoint now, const Session& s) { return now - s.used >= kIdle || now - s.began >= kLongest; }
  std::unordered_map<std::string, Session> all_;  // by the hex digest of their id
};

/// The value of `name` in a Cookie field (RFC 6265 §4.2.1), the first if there are several; empty if there is none.
std::string_view cookie_value(std::string_view field, std::string_view name);

}  // namespace dw::admin
