#include "sbc/doctor/access_findings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sbc/doctor/finding_text.hpp"
#include "sbc/phones/text.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

/// One finding for all of them. Strangers from the internet are not in it: the setting is there to keep them out.
void refused(const BoxFacts& box, WallTime now, std::vector<Finding>& out) {
  constexpr std::size_t kNamed = 4;
  std::vector<const RefusedSource*> phones;
  for (const RefusedSource& r : box.refused) {
    if (!r.device.empty() || r.source.is_private()) phones.push_back(&r);
  }
  if (phones.empty()) return;
  std::string seen = "access.networks kept out ";
  for (std::size_t i = 0; i < std::min(phones.size(), kNamed); ++i) {
    const RefusedSource& r = *phones[i];
    seen += fmt::format("{}{}{} ({}, {} {}, {} ago)", i == 0 ? "" : ", ", r.source.to_string(),
                        r.device.empty() ? std::string() : " " + printable(r.device, 32), r.service, r.times,
                        r.times == 1 ? "time" : "times", to_words(std::max(now - r.last, WallTime::duration{})));
  }
  if (phones.size() > kNamed) seen += fmt::format(" and {} more", phones.size() - kNamed);
  out.push_back(make_finding("access_refused", Severity::warning, seen + "."));
}

/// One finding for all of them; by UDP their addresses may be forged.
void enumeration(const BoxFacts& box, WallTime now, std::vector<Finding>& out) {
  constexpr std::size_t kNamed = 4;
  constexpr auto kRecent = std::chrono::hours(1);
  std::string seen;
  std::size_t shown = 0, more = 0;
  for (const Enumerator& e : box.enumerators) {
    if (now - e.last > kRecent) continue;
    if (shown == kNamed) {
      ++more;
      continue;
    }
    seen += fmt::format("{}{} was refused {} names by {}, the last {} ago (\"{}\")", shown == 0 ? "" : "; ",
                        e.source.to_string(), e.refused, e.transport == "http" ? "HTTP" : "TFTP",
                        to_words(std::max(now - e.last, WallTime::duration{})), printable(e.example, 64));
    ++shown;
  }
  if (shown == 0) return;
  if (more > 0) seen += fmt::format("; and {} more sources", more);
  out.push_back(make_finding("enumeration", Severity::warning, seen + "."));
}

}  // namespace

std::vector<Finding> access_findings(const BoxFacts& box, WallTime now) {
  std::vector<Finding> out;
  refused(box, now, out);
  enumeration(box, now, out);
  if (box.configs_open)
    out.push_back(make_finding("configs_open", Severity::info, "hosted, and access.provisioning.phones is \"all\""));
  return out;
}

}  // namespace dw::doctor
