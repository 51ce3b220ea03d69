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

/// The verdicts on all phones of an inventory, and their counts, which are updated with each verdict so that nobody has
/// to go through thousands of phones for a number. A phone is judged when it has changed, when the box's causes have,
/// and from time to time, as silence has a meaning too: often if it was seen lately, else rarely. The inventory must
/// outlive it. No clock, no I/O; on the inventory's thread.
class VerdictBook {
 public:
  static constexpr std::chrono::seconds kLatelyEvery{10}, kOthersEvery{300};
  static constexpr std::chrono::minutes kLately{
      6};  ///< after a phone was seen; longer than any rule about a boot needs

  struct Counts {
    std::array<std::uint64_t, 4> states{};  ///< phones by State, if they fetched a file, registered or have a fault
    std::uint64_t attention = 0;            ///< with a warning or an error of their own
    std::map<std::string_view, std::uint64_t> codes;   ///< phones that have this finding
    std::map<std::string_view, std::uint64_t> causes;  ///< phones affected by this finding of the box
    std::uint64_t of(State state) const { return states.at(static_cast<std::size_t>(state)); }
  };

  explicit VerdictBook(phones::Inventory& inventory) : inventory_(inventory) {}
  VerdictBook(const VerdictBook&) = delete;
  VerdictBook& operator=(const VerdictBook&) = delete;

  /// Judges at most `most` phones that are due and returns how many. To be called repeatedly, for a few at
  /// a time.
  std::size_t judge(WallTime now, std::size_t most);
  /// Faults of the box itself; if they differ from before, all phones are due.
  void set_causes(const BoxCauses& causes);
  const BoxCauses& causes() const { return causes_; }
  /// Asks the inventory which phones have changed or are gone, so that waiting() and counts() are current. The two
  /// above do so themselves.
  void catch_up();

  /// The latest verdict; an empty one for a phone that was never judged.
  const PhoneVerdict& of(const phones::Phone& phone) const;
  /// revision() when the verdict last changed; 0: never judged.
  std::uint64_t revision_of(const phones::Phone& phone) const;
  /// As it was judged, or judged now if the phone has changed since.
  std::optional<WallTime> boot_began(const phones::Phone& phone) const;

  const Counts& counts() const { return counts_; }
  /// Phones that have changed and are not judged yet: counts() has their old verdicts.
  std::size_t waiting() const { return waiting_; }
  /// Incremented by each verdict that differs from the one before.
  std::uint64_t revision() const { return revision_; }

 private:
  struct Kept {
    const phones::Phone* phone = nullptr;  // valid after catch_up()
    PhoneVerdict verdict;
    std::uint64_t judgement = 0;       // 0: never judged
    std::uint64_t revision = 0;        // the book's, when the verdict last changed
    std::uint64_t phone_revision = 0;  // the phone's, when it was judged
    bool due = false;                  // is in due_
  };
  /// When a phone that does not change is judged again.
  struct Again {
    std::uint64_t phone = 0;  // its number
    WallTime judged;
    std::uint64_t judgement = 0;  // outdated if the phone was judged again since
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
  std::deque<std::uint64_t> due_;      // numbers, each once (Kept::due), also of phones that are gone
  std::deque<Again> lately_, others_;  // in the order of `judged`
  std::size_t waiting_ = 0;            // of due_
  std::uint64_t judgements_ = 0, revision_ = 0;
};

}  // namespace dw::doctor
