#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sbc/admin/sources.hpp"

namespace dw::admin {

/// What changed since the last look: which of the API's answers should be requested again.
struct Changes {
  static constexpr std::size_t kMaxPhones = 64;

  bool status = false, calls = false, files = false, doctor = false;
  bool many = false;                ///< more phones changed than `phones` has
  std::vector<std::string> phones;  ///< keys, at most kMaxPhones

  bool any() const { return status || calls || files || doctor || many || !phones.empty(); }
  /// Adds the changes in `more`.
  void merge(const Changes& more);
};

/// Compares the Sources with the last look and reports what changed. Each kind has a minimum interval, so that a busy
/// box sends its pages at most a few events a second. Changed findings of phones are reported by the VerdictBook.
class ChangeWatch {
 public:
  static constexpr std::chrono::milliseconds kPhonesEvery{400}, kStatusEvery{1000}, kCallsEvery{1000},
      kFilesEvery{5000};

  explicit ChangeWatch(const Sources& sources) : sources_(sources) {}
  Changes look(TimePoint now);
  /// The doctor's findings; the next look() reports whether they changed.
  void on_box_findings(const std::vector<doctor::Finding>& findings);

 private:
  /// When something was last done.
  struct Last {
    TimePoint at{};
    bool due(TimePoint now, Duration every);
  };
  void look_at_phones(Changes& out);
  static void add(Changes& out, const std::string& key);

  const Sources& sources_;
  Last phones_, status_, calls_, files_;
  std::uint64_t revision_ = 0, verdicts_ = 0, revision_of_files_ = 0;
  std::size_t status_print_ = 0, box_print_ = 0, box_print_reported_ = 0;
  std::uint64_t cached_ = 0, cached_of_files_ = 0;  ///< number of files plus octets
  std::size_t running_calls_ = 0;
};

}  // namespace dw::admin
