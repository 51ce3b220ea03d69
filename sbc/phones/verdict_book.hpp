#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/phones/box_causes.hpp"
#include "sbc/phones/phone_verdict.hpp"

namespace dw::phones {

struct Phone;

/// Which phones are to be judged, and what all verdicts come to: counted as each is given, so that nobody goes through
/// thousands of phones to learn a number. A phone is due when it changed, when the box's causes did, and by and by, as
/// silence tells too: soon for those that were seen lately, else seldom. Belongs to the Inventory; no clock of its own.
class VerdictBook {
 public:
  static constexpr std::chrono::seconds kLatelyEvery{10}, kOthersEvery{300};
  static constexpr std::chrono::minutes kLately{
      6};  ///< after a phone was seen: longer than any rule about a boot waits

  struct Counts {
    std::array<std::uint64_t, 4> states{};  ///< phones by State: those that took a file, registered or have a fault
    std::uint64_t attention = 0;            ///< with a warning or an error of their own
    std::map<std::string_view, std::uint64_t> codes;   ///< phones that have this finding
    std::map<std::string_view, std::uint64_t> causes;  ///< phones that suffer from this finding of the box's
    std::uint64_t of(State state) const { return states.at(static_cast<std::size_t>(state)); }
  };

  void changed(Phone& phone);
  void gone(const Phone& phone);  ///< its verdict counts no more
  /// Another one than before: true, and each phone is to be told as changed().
  bool set_causes(const BoxCauses& causes);
  const BoxCauses& causes() const { return causes_; }

  struct Due {
    std::string key;
    std::optional<std::uint64_t> number;  ///< of the verdict that is to be renewed; another one since: not due any more
  };
  std::optional<Due> next(WallTime now);
  void keep(Phone& phone, PhoneVerdict verdict, WallTime now);

  const Counts& counts() const { return counts_; }
  /// Phones that changed and are not judged yet: the counts have them as they were.
  std::size_t waiting() const { return due_.size(); }
  /// Counts up with each verdict that says something else than the one before (Phone::verdict_revision).
  std::uint64_t revision() const { return revision_; }

 private:
  struct Again {
    std::string key;
    WallTime judged;
    std::uint64_t number = 0;
  };
  void count(const PhoneVerdict& verdict, bool in);
  static std::optional<Due> take(std::deque<Again>& from, WallTime now, std::chrono::seconds after);

  BoxCauses causes_;
  Counts counts_;
  std::deque<std::string> due_;        // each phone once (Phone::verdict_due)
  std::deque<Again> lately_, others_;  // in the order of `judged`
  std::uint64_t number_ = 0, revision_ = 0;
};

}  // namespace dw::phones
