#pragma once
#include <cstddef>
#include <vector>

#include "sbc/phones/finding.hpp"
#include "sbc/phones/verdict_book.hpp"

namespace dw::phones {

/// What concerns no single phone: many that boot at once, a call server that refuses our address. For those who look at
/// some phones at a time.
struct Site {
  std::size_t booting = 0, registered = 0, refused = 0;
  void add(const Phone& phone, const VerdictBook& verdicts, WallTime now);
  std::vector<Finding> findings() const;
};
/// The same of all phones.
std::vector<Finding> site_findings(const Inventory& inventory, const VerdictBook& verdicts, WallTime now);

}  // namespace dw::phones
