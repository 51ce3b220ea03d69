#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sbc/phones/inventory.hpp"

namespace dw::admin {

/// A file that phones asked for and that was not found, or could not be had.
struct MissingFile {
  static constexpr std::size_t kMaxListed = 200;

  std::string name;  ///< as the phone asked: untrusted text
  WallTime last_asked{};
  std::uint64_t times = 0;
  bool optional = false;  ///< phones do without it
  std::string reason;
};

/// Out of the phones' stories; those asked last first, at most kMaxListed. A file that a phone got later is
/// none.
std::vector<MissingFile> missing_files(const phones::Inventory& inventory);

}  // namespace dw::admin
