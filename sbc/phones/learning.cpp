#include "sbc/phones/learning.hpp"

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

/// The name of a load tells more than its version: that stays.
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
  if (kind == FileKind::loads || kind == FileKind::firmware)
    narrow_model(phone, models_of_load(file.name), false);
  if (const Protocol protocol = protocol_of_file(file.name); protocol != Protocol::unknown)
    phone.protocol = protocol;
  if (file.transport == "http") phone.uses_http = true;
  if (kind == FileKind::loads && file.outcome == FileOutcome::sent) {
    const auto slash = file.name.rfind('/');
    const std::string base = slash == std::string::npos ? file.name : file.name.substr(slash + 1);
    phone.firmware = escaped(base.substr(0, base.rfind('.')), kMaxSaid);
  }
}

void learn(Phone& phone, const SignallingStep& told) {
  if (told.protocol != Protocol::unknown) phone.protocol = told.protocol;
  narrow_model(phone, models_of_device_type(told.device_type), true);
  if (!told.firmware.empty()) phone.running = phone.firmware = escaped(told.firmware, kMaxSaid);
  if (told.event == SignallingEvent::alarm) {
    if (const auto alarm = parse_alarm(told.detail); alarm && !alarm->load.empty())
      phone.running = escaped(alarm->load, kMaxSaid);
  }
  learn_user_agent(phone, told.user_agent);
  if (told.event != SignallingEvent::lines || told.protocol == Protocol::sip) return;
  phone.lines.clear();
  for (const std::string& line : told.lines) {
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
