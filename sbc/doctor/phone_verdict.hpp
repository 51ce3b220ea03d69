#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sbc/base/time.hpp"
#include "sbc/doctor/finding.hpp"
#include "sbc/doctor/state.hpp"

namespace dw::phones {
struct Phone;
}
namespace dw::doctor {

struct BoxCauses;

/// The summary of one phone's findings. Kept and counted by the VerdictBook.
struct PhoneVerdict {
  State state = State::not_known;
  std::optional<Severity> severity;     ///< the highest of its findings; nothing: there is none
  std::vector<std::string_view> codes;  ///< of all findings, most severe first
  std::string_view cause;               ///< the code of the box's finding that caused one of them; empty: none
  std::optional<WallTime> boot_began;   ///< the first file of its last boot
  std::size_t print = 0;                ///< a hash: it differs if a person would read something else
  bool counts = false;                  ///< a stranger that took nothing and has no fault is not counted

  bool needs_attention() const { return severity && *severity != Severity::info; }
};

/// `causes`: faults of the box itself.
PhoneVerdict verdict_of(const phones::Phone& phone, WallTime now, const BoxCauses& causes);
/// When it asked for the first file of its last boot; nothing: no file is kept.
std::optional<WallTime> last_boot_of(const phones::Phone& phone);
/// In a few words, for a list: the title of the most severe finding, or "not registered yet". Empty: all is well.
std::string_view reason(const phones::Phone& phone, const PhoneVerdict& verdict);

}  // namespace dw::doctor
