#include "sbc/phones/learning.hpp"

#include <algorithm>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/phones/alarm.hpp"
#include "sbc/phones/inventory.hpp"
#include "sbc/phones/sip_lines.hpp"

namespace dw::phones {
namespace {

constexpr std::size_t kMaxLineText = 32;

/// "Cisco-CP7960G/8.0" → "8.0".
std::string_view firmware_in_user_agent(std::string_view user_agent) {
  const auto slash = user_agent.find('/');
  if (!starts_with_ignoring_case(user_agent, "Cisco-CP") || slash == user_agent.npos) return {};
  return user_agent.substr(slash + 1);
}

/// "a/SCCP45.9-4-2SR4-3S.loads" → "SCCP45.9-4-2SR4-3S".
std::string_view load_named_in(std::string_view name) {
  const auto slash = name.rfind('/');
  const std::string_view base = slash == name.npos ? name : name.substr(slash + 1);
  return base.substr(0, base.rfind('.'));
}

bool is_miss(FileOutcome outcome) {
  return outcome == FileOutcome::not_found || outcome == FileOutcome::unavailable ||
         outcome == FileOutcome::forbidden || outcome == FileOutcome::refused || outcome == FileOutcome::not_admitted;
}

/// The name of a load says more than its version: the name stays.
void learn_user_agent(Phone& phone, std::string_view user_agent) {
  if (user_agent.empty()) return;
  phone.user_agent = escaped(user_agent, kMaxSaid);
  narrow_model(phone, models_in_user_agent(user_agent), true);
  const std::string_view version = firmware_in_user_agent(user_agent);
  const bool none_known = phone.firmware.empty() || (phone.firmware[0] >= '0' && phone.firmware[0] <= '9');
  if (!version.empty() && none_known) phone.firmware = escaped(version, kMaxSaid);
}

}  // namespace

void narrow_model(Phone& phone, Models evidence, bool from_phone) {
  if (evidence.empty()) return;
  const Models before = Models::parse(phone.model);
  const Models both = before & evidence;
  if (before.empty() || (both.empty() && from_phone)) {
    phone.model = evidence.to_string();
  } else if (!both.empty()) {
    phone.model = both.to_string();
  }
}

void learn(Phone& phone, const FileStep& file, FileKind kind) {
  narrow_model(phone, models_asking(file.name), true);
  narrow_model(phone, models_in_user_agent(file.user_agent), true);
  if (kind == FileKind::loads || kind == FileKind::firmware) narrow_model(phone, models_of_load(file.name), false);
  if (const Protocol protocol = protocol_of_file(file.name); protocol != Protocol::unknown) phone.protocol = protocol;
  if (file.transport == "http") phone.uses_http = true;
  const bool image = kind == FileKind::loads || kind == FileKind::firmware;
  if (kind == FileKind::loads && file.outcome == FileOutcome::sent) {
    phone.firmware = escaped(load_named_in(file.name), kMaxSaid);
  } else if (image && is_miss(file.outcome)) {
    phone.firmware = phone.running;  // it goes on with what it has
  }
}

void learn_named_load(Phone& phone, std::string_view load) {
  narrow_model(phone, models_of_load(load), false);
  const auto last = std::find_if(phone.steps.rbegin(), phone.steps.rend(), [&](const Step& s) {
    return s.is_file() && (s.kind == FileKind::firmware ||
                           (s.kind == FileKind::loads && equal_ignoring_case(load_named_in(s.name), load)));
  });
  if (last != phone.steps.rend() && is_miss(last->outcome)) return;
  phone.firmware = escaped(load, kMaxSaid);
}

void learn(Phone& phone, const SignallingStep& reported) {
  if (reported.protocol != Protocol::unknown) phone.protocol = reported.protocol;
  narrow_model(phone, models_of_device_type(reported.device_type), true);
  if (!reported.firmware.empty()) phone.running = phone.firmware = escaped(reported.firmware, kMaxSaid);
  if (reported.event == SignallingEvent::alarm) {
    if (const auto alarm = parse_alarm(reported.detail); alarm && !alarm->load.empty())
      phone.running = escaped(alarm->load, kMaxSaid);
  }
  learn_user_agent(phone, reported.user_agent);
  if (reported.event != SignallingEvent::lines || reported.protocol == Protocol::sip) return;
  phone.lines.clear();
  for (const std::string& line : reported.lines) {
    if (phone.lines.size() == Inventory::kMaxLines) break;
    phone.lines.push_back(escaped(line, kMaxLineText));
  }
}

bool may_be(const Phone& phone, std::string_view user_agent) {
  const bool by_sccp = phone.registered && phone.sip_lines.empty();
  if (by_sccp || is_foreign(user_agent)) return false;
  const Models said = models_in_user_agent(user_agent), known = Models::parse(phone.model);
  return said.empty() || known.empty() || !(said & known).empty();
}

}  // namespace dw::phones
