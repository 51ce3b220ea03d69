#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "sbc/doctor/box_causes.hpp"
#include "sbc/doctor/phone_verdict.hpp"

namespace dw::phones {
class Inventory;
}
namespace dw::doctor {

/// The verdicts on all phones of an inventory, and their counts: kept up to date with each verdict, so that nobody goes
/// through thousands of phones to learn a number. A phone is judged when it changed, when the box's causes did, and
/// from time to time, as silence says something too: soon if it was seen lately, else seldom. The inventory outlives
/// it. No clock, no I/O; the inventory's thread.
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

  explicit VerdictBook(phones::Inventory& inventory) : inventory_(inventory) {}
  VerdictBook(const VerdictBook&) = delete;
  VerdictBook& operator=(const VerdictBook&) = delete;

  /// Judges at most `most` phones that are due and returns how many it did. To be called again and again, for a few at
  /// a time.
  std::size_t judge(WallTime now, std::size_t most);
  /// What the box says of itself; if that differs from before, all phones are due.
  void set_causes(const BoxCauses& causes);
  const BoxCauses& causes() const { return causes_; }
  /// Asks the inventory which phones changed or went, so that waiting() and counts() are of this moment. The two above
  /// do so themselves.
  void catch_up();

  /// The latest verdict; of a phone that was never judged an empty one.
  const PhoneVerdict& of(const phones::Phone& phone) const;
  /// revision() when the verdict last began to say something else; 0: never judged.
  std::uint64_t revision_of(const phones::Phone& phone) const;
  /// As it was judged, or looked up now if the phone changed since.
  std::optional<WallTime> boot_began(const phones::Phone& phone) const;

  const Counts& counts() const { return counts_; }
  /// Phones that changed and are not judged yet: the counts have them as they were.
  std::size_t waiting() const { return waiting_; }
  /// Counts up with each verdict that says something else than the one before.
  std::uint64_t revision() const { return revision_; }

 private:
  struct Kept {
    const phones::Phone* phone = nullptr;  // valid after catch_up()
    PhoneVerdict verdict;
    std::uint64_t judgement = 0;       // 0: never judged
    std::uint64_t revision = 0;        // the book's, of the last verdict that said something else
    std::uint64_t phone_revision = 0;  // the phone's, when it was judged
    bool due = false;                  // stands in due_, to be judged
  };
  /// When a phone that does not change is judged again.
  struct Again {
    std::uint64_t phone = 0;  // its number
    WallTime judged;
    std::uint64_t judgement = 0;  // one that was followed by another is not due any more
  };
  const Kept* find(const phones::Phone& phone) const;
  void make_due(const phones::Phone& phone);
  Kept* next(WallTime now);
  Kept* next_of(std::deque<Again>& from, WallTime now, std::chrono::seconds after);
  void keep(Kept& kept, PhoneVerdict verdict, WallTime now);
  void count(const PhoneVerdict& verdict, bool in);

  phones::Inventory& inventory_;
  BoxCauses causes_;
  std::unordered_map<std::uint64_t, Kept> kept_;  // by Phone::number
  Counts counts_;
  std::deque<std::uint64_t> due_;      // numbers, each once (Kept::due), and of those that went
  std::deque<Again> lately_, others_;  // in the order of `judged`
  std::size_t waiting_ = 0;            // of due_
  std::uint64_t judgements_ = 0, revision_ = 0;
};

}  // namespace dw::doctor
