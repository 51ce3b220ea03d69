#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sbc/phones/inventory.hpp"

namespace dw::admin {

/// A file that phones requested, but that was not found or not available.
struct MissingFile {
  static constexpr std::size_t kMaxListed = 200;

  std::string name;  ///< as the phone requested it: untrusted text
  WallTime last_asked{};
  std::uint64_t times = 0;
  bool optional = false;  ///< phones work without it
  std::string reason;
};

/// From the phones' stories: those requested last come first, at most kMaxListed. A file that a phone got later is not
/// included.
std::vector<MissingFile> missing_files(const phones::Inventory& inventory);

}  // namespace dw::admin
