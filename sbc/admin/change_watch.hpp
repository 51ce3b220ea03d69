#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "sbc/admin/sources.hpp"

namespace dw::admin {

/// What is different from the last look: which of the API's answers are worth asking for again.
struct Changes {
  static constexpr std::size_t kMaxPhones = 64;

  bool status = false, calls = false, files = false, doctor = false;
  bool many = false;                ///< more phones changed than `phones` has
  std::vector<std::string> phones;  ///< keys, at most kMaxPhones

  bool any() const { return status || calls || files || doctor || many || !phones.empty(); }
  /// Adds what `more` has.
  void merge(const Changes& more);
};

/// Looks at the Sources again and again and tells what changed. Each kind has its own shortest interval, so
/// that a busy box costs its pages a few answers a second at most. Findings come with time as well (a phone
/// that stays silent): those of the phones seen lately are judged anew.
class ChangeWatch {
 public:
  static constexpr std::chrono::milliseconds kPhonesEvery{400}, kStatusEvery{1000}, kCallsEvery{1000},
      kFilesEvery{5000}, kFindingsEvery{3000};
  static constexpr std::size_t kMaxJudged = 256;  ///< phones whose findings are judged anew, those seen last
  static constexpr std::chrono::minutes kJudgedFor{15};  ///< after they were seen

  explicit ChangeWatch(const Sources& sources) : sources_(sources) {}
  Changes look(TimePoint now, WallTime wall);
  /// What the doctor found; the next look tells whether it is news.
  void on_box_findings(const std::vector<phones::Finding>& findings);

 private:
  /// When something was done last.
  struct Last {
    TimePoint at{};
    bool due(TimePoint now, Duration every);
  };
  void look_at_phones(Changes& out);
  void judge(Changes& out, WallTime wall);
  static void add(Changes& out, const std::string& key);

  const Sources& sources_;
  Last phones_, status_, calls_, files_, findings_;
  std::uint64_t revision_ = 0, revision_of_files_ = 0;
  std::size_t status_print_ = 0, box_print_ = 0, box_print_told_ = 0;
  std::uint64_t cached_ = 0, cached_of_files_ = 0;  ///< files and octets, added up
  std::size_t running_calls_ = 0;
  phones::NoServer no_server_;            ///< when they were judged last
  std::unordered_map<std::string, std::size_t> judged_;  ///< a fingerprint of their findings, by key
};

}  // namespace dw::admin
