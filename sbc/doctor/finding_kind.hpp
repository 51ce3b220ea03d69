#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "sbc/doctor/finding.hpp"

namespace dw::doctor {

/// What a finding is about: this machine and its settings, the path to the central side, all phones of the
/// site together, or one phone.
enum class About : std::uint8_t { box, network, home, phone };
std::string_view to_string(About about);

/// One code that a finding can have. `means` and `remedy` are the texts unless what was observed allows better ones;
/// words in angle brackets in `remedy` stand for keys to press (keys.hpp).
struct FindingKind {
  std::string_view code;
  Severity worst{};  ///< the highest that it can have
  About about{};
  std::string_view title, means, remedy;
};

/// All codes: of the box, the network, files, registrations and calls.
std::span<const FindingKind> finding_kinds();

}  // namespace dw::doctor
