#pragma once
#include <cstddef>
#include <vector>

#include "sbc/phones/phone.hpp"

namespace dw::phones {

/// One run through the list of files: steps [begin, end) of a phone.
struct Boot {
  std::size_t begin = 0, end = 0;
  bool recovery = false;  ///< the boot loader's, after a factory reset or a failed upgrade
};

/// A phone that is silent for so long and then asks for its first file again has restarted.
constexpr std::chrono::seconds kBootPause{30};

/// The phone's steps, cut where a boot begins: at its first CTL, config or termNN.default.loads. What comes
/// before the first such file counts as a boot too; empty only for a phone without steps.
std::vector<Boot> boots_of(const Phone& phone);

/// When a step was over.
inline WallTime end_of(const Step& step) {
  return step.at + step.took;
}

}  // namespace dw::phones
