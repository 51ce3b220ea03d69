#pragma once
#include <cstddef>
#include <vector>

#include "sbc/doctor/finding.hpp"
#include "sbc/doctor/verdict_book.hpp"

namespace dw::doctor {

/// Findings about many phones together: many that boot at once, a call server that refuses our address. For callers
/// that pass some phones at a time.
struct Site {
  std::size_t booting = 0, registered = 0, refused = 0;
  void add(const phones::Phone& phone, const VerdictBook& verdicts, WallTime now);
  std::vector<Finding> findings() const;
};
/// The same for all phones.
std::vector<Finding> site_findings(const phones::Inventory& inventory, const VerdictBook& verdicts, WallTime now);

}  // namespace dw::doctor
