#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sbc/doctor/finding_kind.hpp"
#include "sbc/doctor/findings.hpp"
#include "sbc/doctor/site.hpp"
#include "tests/unit/phones/line.hpp"

// What phones that ask for files, register and call are found to have.
namespace dw::test {

using namespace dw::doctor;

inline std::vector<Finding> found_in(const Replay& r, const std::string& key = kDevice, const BoxCauses& causes = {}) {
  return findings(r.phone(key), r.now, causes);
}
inline std::string codes_of(const Replay& r, const std::string& key = kDevice, const BoxCauses& causes = {}) {
  std::string out;
  for (const Finding& f : found_in(r, key, causes))
    out += (out.empty() ? "" : " ") + std::string(f.code);
  return out;
}
inline bool worries(const Replay& r, const std::string& key = kDevice, const BoxCauses& causes = {}) {
  return std::ranges::any_of(found_in(r, key, causes), [](const Finding& f) { return f.severity != Severity::info; });
}
inline Finding finding_in(const Replay& r, const std::string& code, const std::string& key = kDevice,
                          const BoxCauses& causes = {}) {
  for (const Finding& f : found_in(r, key, causes)) {
    if (f.code != code) continue;
    CHECK_FALSE(f.means.empty());
    CHECK_FALSE(f.remedy.empty());
    return f;
  }
  FAIL_CHECK("no ", code, " among: ", codes_of(r, key, causes));
  return {};
}
/// Of all phones together.
inline std::vector<Finding> of_site(Replay& r, WallTime at) {
  return site_findings(r.inventory, VerdictBook(r.inventory), at);
}

}  // namespace dw::test
