#pragma once
#include <doctest/doctest.h>
#include <set>
#include "tests/unit/doctor/found.hpp"

/// Phones whose boots fail, and what is found.
namespace dw::failing {

using namespace dw::test;

inline void expect(const Replay& r, const std::string& code, Severity severity, const std::string& key = kDevice) {
  const auto all = found_in(r, key);
  const auto found = std::ranges::find(all, code, &Finding::code);
  CHECK_MESSAGE(found != all.end(), code, " expected, there is: ", codes_of(r, key));
  if (found == all.end()) return;
  CHECK(found->severity == severity);
  CHECK(!found->seen.empty());
  CHECK(!found->means.empty());
  CHECK(!found->remedy.empty());
}

/// By the transport that it is on.
inline void heals(Replay& r, const std::vector<std::string>& boot = kBootB) {
  r.wait(40s).boot(boot).wait(90s);
  CHECK_MESSAGE(!worries(r), "still there: ", codes_of(r));
}

inline FileStep stalled(const Replay& r, const std::string& name, std::uint64_t block) {
  FileStep s = r.step(name, FileOutcome::stalled);
  s.last_block = block;
  s.octets = block * 512;
  s.size = 3'000'000;
  s.took = 40s;
  return s;
}

}  // namespace dw::failing
