#include "sbc/doctor/phone_verdict.hpp"

#include <algorithm>
#include <functional>

#include "sbc/doctor/finding_code.hpp"
#include "sbc/doctor/findings.hpp"
#include "sbc/phones/boots.hpp"
#include "sbc/phones/phone.hpp"

namespace dw::doctor {
using namespace phones;
namespace {

std::size_t print_of(const std::vector<Finding>& findings) {
  const std::hash<std::string_view> hash;
  std::size_t print = findings.size();
  for (const Finding& f : findings)
    print = print * 31 + hash(f.code) + hash(f.seen) + static_cast<std::size_t>(f.severity) + hash(f.cause);
  return print;
}

/// Whether it is a phone, and not a program that fetched a file: only a phone is expected to register.
bool is_phone(const Phone& phone) {
  return !phone.device.empty() || std::ranges::any_of(phone.steps, &Step::is_live);
}

}  // namespace

std::optional<WallTime> last_boot_of(const Phone& phone) {
  const std::vector<Boot> boots = boots_of(phone);
  if (boots.empty()) return std::nullopt;
  for (std::size_t i = boots.back().begin; i < boots.back().end; ++i) {
    if (phone.steps[i].is_file()) return phone.steps[i].at;
  }
  return std::nullopt;
}

PhoneVerdict verdict_of(const Phone& phone, WallTime now, const BoxCauses& causes) {
  const auto found = findings(phone, now, causes);
  PhoneVerdict out;
  out.state = phone.registered || !is_phone(phone) || !causes.served(phone.protocol) ? State::ok : State::not_known;
  for (const Finding& f : found) {
    out.severity = out.severity ? std::max(*out.severity, f.severity) : f.severity;
    out.codes.push_back(f.code);
    out.state = worst(out.state, state_of(f.severity));
    if (!f.from_box()) continue;
    out.cause = f.cause;
    out.state = worst(out.state, phone.registered ? State::trouble : State::failed);
  }
  out.print = print_of(found);
  out.boot_began = last_boot_of(phone);
  out.counts = phone.proven || out.needs_attention();
  return out;
}

std::string_view reason(const Phone& phone, const PhoneVerdict& verdict) {
  if (verdict.needs_attention() || !verdict.cause.empty()) {
    const std::string_view code = verdict.needs_attention() ? verdict.codes.front() : verdict.cause;
    const auto kind = std::ranges::find(kFindingKinds, code, &FindingKind::code);
    return kind == kFindingKinds.end() ? code : kind->title;
  }
  if (verdict.state != State::not_known) return {};
  const bool was = std::ranges::any_of(phone.steps, [](const Step& s) {
    return s.type == StepType::signalling && s.event == SignallingEvent::registered;
  });
  return was ? "was registered, and is gone" : "not registered yet";
}

}  // namespace dw::doctor
