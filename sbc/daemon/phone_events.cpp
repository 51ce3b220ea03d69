#include "sbc/daemon/phone_events.hpp"

#include <algorithm>

#include "sbc/admin/json.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/net/log.hpp"

namespace dw {
namespace {

phones::Note story_note(provisioning::NoteCode code) {
  switch (code) {
    case provisioning::NoteCode::passed_signed:
    case provisioning::NoteCode::passed_encrypted:
      return phones::Note::signed_passed;
    case provisioning::NoteCode::passed_malformed:
    case provisioning::NoteCode::passed_encoding:
    case provisioning::NoteCode::passed_unexpected:
    case provisioning::NoteCode::too_long:
      return phones::Note::malformed_passed;
    case provisioning::NoteCode::rewritten:
    case provisioning::NoteCode::dropped:
    case provisioning::NoteCode::removed:
    case provisioning::NoteCode::emergency_route:
    case provisioning::NoteCode::vpn_present:
      return phones::Note::rewritten;
    case provisioning::NoteCode::left_alone:
      return phones::Note::sip_server_left;
  }
  return phones::Note::rewritten;
}

}  // namespace

void PhoneEvents::on_call(const phones::Call& call) {
  // If a router keeps audio away, that is one fault of the box, and not one of each phone.
  const auto way = network_.audio_way();
  parts_.inventory.set_behind_router(way && way->behind_router());
  parts_.inventory.on_call(call);
  parts_.records->add(wall_now(), admin::record_json(phones::record_of(call)));
}

void PhoneEvents::on_file(const phones::FileStep& step) {
  parts_.inventory.on_file(step);
  const bool taken = step.outcome == phones::FileOutcome::sent;
  if (taken && parts_.admissions.taken(parts_.loop.now(), wall_now(), step.peer.address, step.name))
    spdlog::info("event=admitted file=\"{}\" peer={} transport={}", escaped(step.name), step.peer.address.to_string(),
                 step.transport);
  if (step.outcome != phones::FileOutcome::not_found) return;
  const auto near = parts_.pipeline->near_names(step.name);
  const WallTime ended = step.at + std::chrono::floor<std::chrono::milliseconds>(step.took);
  if (!near.empty())
    parts_.inventory.on_near_configs(DeviceName::in_file_name(step.name), step.peer.address, ended, near);
}

/// Older SIP firmware names no device: then it is the only one at the address, if that fetched its own config there.
void PhoneEvents::on_signalling(const phones::SignallingStep& step) {
  constexpr auto kTook = std::chrono::hours(24 * 30);
  parts_.inventory.on_signalling(step);
  if (step.event != phones::SignallingEvent::registered) return;
  std::string device = step.device;
  std::string_view user = step.protocol == phones::Protocol::sip ? std::string_view(step.aor) : std::string_view();
  if (device.empty()) {
    const phones::Phone* const alone = parts_.inventory.find_at(step.peer.address);
    if (!alone || !phones::took_its_config(*alone, step.peer.address, wall_now(), kTook)) return;
    device = alone->device.str();
    user = {};
  }
  if (parts_.admissions.registered(wall_now(), device, step.peer.address, user))
    spdlog::info("event=admitted device={} peer={} by=registration", escaped(device), step.peer.address.to_string());
}

void PhoneEvents::on_rewrite(const provisioning::FileRequest& asked, const provisioning::Rewritten& made) {
  if (asked.transport == provisioning::Transport::control) return;  // a person looked, no phone asked
  const DeviceName device = DeviceName::in_file_name(asked.name);
  const WallTime now = wall_now();
  const auto add_note = [&](phones::Note note, const std::string& text) {
    parts_.inventory.on_note(device, asked.peer.address, now, note, text);
  };
  for (const auto& note : made.notes) {
    if (note.code == provisioning::NoteCode::left_alone) {
      add_note(story_note(note.code), note.text);
      spdlog::info("event=sip_server_left device={} peer={} file=\"{}\" {}", device.str(), asked.peer.to_string(),
                   escaped(asked.name), note.text);
    }
    if (provisioning::is_passed(note.code) || note.code == provisioning::NoteCode::too_long) {
      add_note(story_note(note.code), note.text);
      spdlog::warn("event=config_passed device={} peer={} file=\"{}\" reason={} {}", device.str(),
                   asked.peer.to_string(), escaped(asked.name), to_string(note.code), note.text);
    }
  }
  if (made.changed) add_note(phones::Note::rewritten, fmt::format("{} places changed", made.edits.size()));
  if (!made.facts.passwords.empty()) add_note(phones::Note::password_doubt, to_string(made.facts.passwords.front()));
  phones::ConfigHints hints;
  for (const auto& load : made.facts.loads) {
    if (load.use == provisioning::LoadName::Use::phone) hints.load = load.name;
  }
  hints.protocol = made.facts.signalling == provisioning::Signalling::sip    ? phones::Protocol::sip
                   : made.facts.signalling == provisioning::Signalling::sccp ? phones::Protocol::sccp
                                                                             : phones::Protocol::unknown;
  hints.follow_ups = made.facts.files;
  hints.homes = homes_.homes_in(asked, made);
  parts_.inventory.on_config(device, asked.peer.address, now, hints);
  if (hints.homes) homes_.on_homes(asked, *hints.homes);
}

}  // namespace dw
