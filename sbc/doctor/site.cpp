#include "sbc/doctor/site.hpp"

#include "sbc/doctor/finding_text.hpp"
#include "sbc/phones/inventory.hpp"
#include "sbc/phones/signalling_story.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

constexpr std::size_t kManyPhones = 8;  // that begin within kSameMoment: the power came back
constexpr std::chrono::seconds kSameMoment{120};
constexpr std::chrono::minutes kSeenLately{15};

}  // namespace

void Site::add(const Phone& phone, const VerdictBook& verdicts, WallTime now) {
  if (!phone.device.empty() && !phone.steps.empty() && now - phone.last_seen <= kSameMoment) {
    const auto began = verdicts.boot_began(phone);
    if (began && now - *began <= kSameMoment) ++booting;
  }
  if (phone.registered) {
    if (phone.protocol != Protocol::sip) ++registered;
  } else if (now - phone.last_seen <= kSeenLately) {
    const Standing standing = standing_of(phone);
    const bool closed = standing.is == Standing::Is::unanswered;
    if (closed || (standing.is == Standing::Is::refused && blames_address(*standing.step))) ++refused;
  }
}

std::vector<Finding> Site::findings() const {
  std::vector<Finding> out;
  if (booting >= kManyPhones) out.push_back(finding_of_many(booting));
  if (registered > 0 && refused > 0) out.push_back(finding_of_shared_address(registered, refused));
  return out;
}

std::vector<Finding> site_findings(const Inventory& inventory, const VerdictBook& verdicts, WallTime now) {
  Site site;
  inventory.for_each([&](const Phone& phone) { site.add(phone, verdicts, now); });
  return site.findings();
}

}  // namespace dw::doctor
