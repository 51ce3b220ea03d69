#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/fair_share.hpp"
#include "sbc/base/known_sources.hpp"
#include "sbc/base/latest_few.hpp"
#include "sbc/base/metrics.hpp"
#include "tftp-proxy/core/admissions.hpp"

namespace dw::provisioning {

/// How many names that nobody knows to exist a source may ask for, whichever door it comes to: names of configs hold
/// MACs, which can be guessed. A name that was served, or that is known to be missing, costs nothing and is never
/// refused. UDP sources can be forged, so what comes by UDP takes from a budget for UDP alone; what comes by TCP takes
/// from both. One for all doors; bounded, constant work. No I/O.
class NameBudget {
 public:
  struct Options {
    double rate = 10;             ///< names a second of a source
    double registered_rate = 50;  ///< of one with a registered phone
    double burst = 20;            ///< seconds' worth that may come at once: what a site asks for when it boots first
    bool trust_lists_are_free = true;  ///< they are always missing, and no origin is asked (is_trust_list_name)
    friend bool operator==(const Options&, const Options&) = default;
  };
  enum class Way : std::uint8_t { udp, tcp };
  /// abuse: no, and it is to be reported (once in kSaidAgain for each source).
  enum class Verdict : std::uint8_t { yes, no, abuse };
  struct Enumerator {
    IpAddress source;
    Way way{};
    std::string example;  ///< a name that was refused; not escaped
    std::uint64_t refused = 0;
    TimePoint last{};
  };
  static constexpr std::size_t kMaxNames = 65'536, kMaxSources = 16'384;
  static constexpr std::size_t kKept = 16;        ///< enumerators
  static constexpr std::size_t kMaxExample = 64;  ///< octets
  static constexpr Duration kSaidAgain = std::chrono::minutes(1);

  NameBudget(KnownSources& known, const Options& options, std::uint64_t seed);
  void configure(const Options& options);
  /// A name that the source may not have costs as much as one that nobody knows, so that nobody finds out by it which
  /// exist. Outlives this.
  void use(const Admissions& admissions) { admissions_ = &admissions; }

  Verdict admits(TimePoint now, const IpAddress& source, Way way, std::string_view name);
  void exists(TimePoint now, std::string_view name);                    ///< it was served, or is kept
  void missing(TimePoint now, std::string_view name, TimePoint until);  ///< answered from memory until then
  bool knows(TimePoint now, std::string_view name) const;

  /// Those that were refused, the latest first.
  const std::vector<Enumerator>& enumerators() const { return enumerators_.all(); }
  void append_metrics(MetricsText& out) const;

 private:
  struct Name {
    bool exists = false;
    TimePoint missing_until{};
  };
  static FairRate::Options rate_of(const Options& options);
  std::uint64_t key_of(std::string_view name) const;
  Verdict refuse(TimePoint now, const IpAddress& source, Way way, std::string_view name);

  bool is_free(std::string_view name) const;

  KnownSources& known_;
  const Admissions* admissions_ = nullptr;
  Options options_;
  KeyedHash hash_;
  SourceTable<std::uint64_t, Name> names_;
  FairRate udp_, tcp_;
  SourceTable<IpAddress, TimePoint> said_;  ///< when its abuse was last reported
  LatestFew<Enumerator, kKept> enumerators_;
  std::array<std::uint64_t, 2> refused_{};
};

std::string_view to_string(NameBudget::Way way);  ///< "tftp", "http"

}  // namespace dw::provisioning
