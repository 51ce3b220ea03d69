#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "sbc/base/source_table.hpp"
#include "sbc/base/token_bucket.hpp"

namespace dw::sccp {

/// From where each device name registers, and how often it may. A name is no secret and SCCP has no password, so the
/// name's home is the best evidence: the source from which it first registered after it took its own configuration
/// there. Another source becomes its home after a day of registrations without one from home. Each source has its own
/// budget of registrations for each name, so nobody can use up another's. Both tables are bounded. No I/O.
class NameBook {
 public:
  static constexpr std::size_t kMaxNames = 65'536;
  static constexpr Duration kSettled = std::chrono::hours(24);

  NameBook(double registrations_per_minute, std::uint64_t seed);
  void configure(double registrations_per_minute);

  /// Takes one registration of `name` out of the budget of that source. False: it is used up. `evidence` as below.
  bool may_register(TimePoint now, std::string_view name, const IpAddress& from, unsigned evidence);
  /// A call server took the registration. `took_config`: the device took its own configuration at that address.
  void registered(TimePoint now, std::string_view name, const IpAddress& from, bool took_config);
  /// How much shows that `from` is where the phone of that name is: 1 for its home, 1 for its configuration that was
  /// taken there.
  unsigned evidence(std::string_view name, const IpAddress& from, bool took_config) const;

  std::size_t names() const { return homes_.size(); }
  std::size_t budgets() const { return budgets_.size(); }

 private:
  struct Home {
    IpAddress home, other;  ///< sources; `other`: the one that registers the name now
    TimePoint other_since{};
  };
  struct Budget {
    TokenBucket bucket{1, 1};
  };
  TokenBucket bucket() const;

  double a_minute_;
  SourceTable<std::string, Home> homes_;
  SourceTable<std::string, Budget> budgets_;  // by name and source
  TokenBucket crowd_;                         // shared by those that do not fit into the table
};

}  // namespace dw::sccp
