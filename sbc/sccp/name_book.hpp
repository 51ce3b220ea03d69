#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "sbc/base/source_table.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw::sccp {

/// Whose a device name is, as far as can be known: a name is no secret, and SCCP has no password. Where it registered
/// from, after it took its own configuration there, is its home; another source becomes that only after a day of
/// registrations without one from home. And how often it may register: each source has a budget of its own for each
/// name, so that nobody uses up another's. Both bounded. No I/O.
class NameBook {
 public:
  static constexpr std::size_t kMaxNames = 65'536;
  static constexpr Duration kSettled = std::chrono::hours(24);

  NameBook(double registrations_per_minute, std::uint64_t seed);
  void configure(double registrations_per_minute);

  /// One registration of `name` that is asked for from there, `evidence` as below.
  bool may_register(TimePoint now, std::string_view name, const IpAddress& from, unsigned evidence);
  /// A call server took it.
  void registered(TimePoint now, std::string_view name, const IpAddress& from, bool took_config);
  /// What speaks for `from` being the place of the phone of that name: 0 nothing, 1 it is its home, or took its
  /// configuration there, 2 both.
  unsigned evidence(std::string_view name, const IpAddress& from, bool took_config) const;

  std::size_t names() const { return homes_.size(); }
  std::size_t budgets() const { return budgets_.size(); }

 private:
  struct Home {
    IpAddress home, other;  ///< sources; `other`: who registers it meanwhile
    TimePoint other_since{};
  };
  struct Budget {
    TokenBucket bucket{1, 1};
  };
  TokenBucket bucket() const;

  double a_minute_;
  SourceTable<std::string, Home> homes_;
  SourceTable<std::string, Budget> budgets_;  // by name and source
  TokenBucket crowd_;                         // of those for whom there is no place
};

}  // namespace dw::sccp
