#pragma once
#include <string>
#include <string_view>
#include <unordered_map>

#include "sbc/admin/credentials.hpp"
#include "sbc/base/time.hpp"

namespace dw::admin {

/// Browsers that logged in. In memory alone: a restart ends them all. Kept by the digest of their id, so that
/// finding one tells nothing by its time. When there is no room the one not used for longest goes.
class Sessions {
 public:
  static constexpr std::size_t kMax = 64;
  static constexpr Duration kIdle = std::chrono::minutes(30);
  static constexpr Duration kLongest = std::chrono::hours(12);

  struct Session {
    Account account{};
    std::string csrf;  ///< what a POST must show beside the cookie
    TimePoint began{}, used{};
  };
  struct Begun {
    std::string id;  ///< 256 bits as hex digits: for the cookie, and kept nowhere
    std::string csrf;
  };

  Begun begin(TimePoint now, Account account = Account::full);
  /// One that is alive, whose idle time begins anew; null for all others.
  const Session* find(TimePoint now, std::string_view id);
  /// The same without being a use of it.
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

/// The value of `name` in a Cookie field (RFC 6265 §4.2.1), the first there is; empty when there is none.
std::string_view cookie_value(std::string_view field, std::string_view name);

}  // namespace dw::admin
