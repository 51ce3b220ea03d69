// Registrations and calls: whose they are, and what they say of a phone.
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/phones/alarm.hpp"
#include "sbc/phones/inventory.hpp"
#include "sbc/phones/learning.hpp"
#include "sbc/phones/signalling_story.hpp"
#include "sbc/phones/sip_lines.hpp"
#include "sbc/phones/text.hpp"

namespace dw::phones {
namespace {

bool ends_registration(SignallingEvent event) {
  switch (event) {
    case SignallingEvent::no_server:
    case SignallingEvent::refused:
    case SignallingEvent::unregistered:
    case SignallingEvent::superseded:
    case SignallingEvent::phone_lost:
    case SignallingEvent::server_lost:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Inventory::on_signalling(const SignallingStep& reported) {
  if (reported.protocol == Protocol::sip) return on_sip(reported);
  const auto device = DeviceName::station(reported.device);
  if (!device) return;
  const auto known = index_.find(device->str());
  const Phone* const before = known == index_.end() ? nullptr : &*known->second;
  // Whoever else says this name while the phone is registered does not move it.
  const bool other = before != nullptr && before->registered && reported.event != SignallingEvent::registered &&
                     reported.peer != before->registered_from;
  Phone& phone = touch(*device, other ? before->address : reported.peer.address, reported.at);
  if (!other) {
    learn(phone, reported);
    if (reported.event == SignallingEvent::registered) {
      phone.registered = true;
      phone.registered_from = reported.peer;
      phone.server = printable(reported.server, Step::kMaxName);
      phone.version = reported.version;
      phone.sip_lines.clear();
      phone.transport.clear();
      phone.user_agent.clear();
    } else if (ends_registration(reported.event)) {
      phone.registered = false;
      phone.registered_from = {};
      phone.server.clear();
    }
  }
  const bool news = reported.event != SignallingEvent::connected && reported.event != SignallingEvent::lines &&
                    (reported.event != SignallingEvent::alarm || alarm_is_news(phone, reported.detail));
  if (news) keep_signalling(phone, reported, other);
  if (phone.registered) prove(phone);
}

void Inventory::on_sip(const SignallingStep& reported) {
  const auto named = DeviceName::station(reported.device);
  if (!named && (!reported.device.empty() || !reported.peer.address)) return;
  const SipTrace trace{aor_of(reported.aor), reported.user_agent, reported.event == SignallingEvent::registered};
  const DeviceName device = named ? *named : owner_at(reported.peer.address, trace, reported.at);
  const auto known = index_.find(device.empty() ? reported.peer.address.to_string() : device.str());
  const Phone* const before = known == index_.end() ? nullptr : &*known->second;
  const bool other = before != nullptr && is_other(*before, reported);
  Phone& phone = phone_for(device, other ? before->address : reported.peer.address, reported.at);
  const bool news = is_news(phone, reported);
  if (!other) {
    learn(phone, reported);
    update_lines(phone, reported);
    if (trace.registers) phone.transport = escaped(reported.transport, Step::kMaxAor);
  }
  // The line was a nameless one's at this address until now.
  if (const auto record = index_.find(reported.peer.address.to_string());
      trace.registers && !device.empty() && record != index_.end()) {
    take_line(*record->second, trace.aor);
    mark(*record->second);
  }
  if (news) keep_signalling(phone, reported, other);
  if (phone.registered) prove(phone);
}

void Inventory::keep_signalling(Phone& phone, const SignallingStep& reported, bool other) {
  const bool said = other && !phone.steps.empty() && phone.steps.back().type == StepType::signalling &&
                    phone.steps.back().from == reported.peer.address;
  if (!said && !repeats_line(phone, reported)) keep(phone, step_of(reported));
}

/// The phone that a step without a device belongs to; empty: the record of the address.
DeviceName Inventory::owner_at(const IpAddress& address, const SipTrace& trace, WallTime at) const {
  if (const auto here = at_address_.find(address); here != at_address_.end()) {
    const auto has = [&](const std::string& key) { return line_of(*index_.at(key), trace.aor) != nullptr; };
    const auto key = std::ranges::find_if(here->second, has);
    if (key != here->second.end()) return index_.at(*key)->device;
  }
  const auto record = index_.find(address.to_string());
  if (!trace.registers && record != index_.end() && line_of(*record->second, trace.aor) != nullptr) return {};
  const Phone* const only = only_device_at(address, at);
  return only != nullptr && may_be(*only, trace.user_agent) ? only->device : DeviceName();
}

void Inventory::on_call(const Call& call) {
  const auto named = DeviceName::station(call.device);
  const bool nameless = call.protocol == Protocol::sip && call.device.empty() && call.peer.address;
  if ((!named && !nameless) || is_empty(call)) return;
  const WallTime ended = call.since + std::chrono::duration_cast<std::chrono::milliseconds>(call.duration);
  const SipTrace trace{aor_of(call.own_number), {}, false};
  const DeviceName device = named ? *named : owner_at(call.peer.address, trace, ended);
  const auto known = index_.find(device.str());
  const IpAddress address = known == index_.end() ? call.peer.address : known->second->address;
  Step step = step_of(call);
  ended_calls_.add(step.call, ended);
  keep(phone_for(device, address, ended), std::move(step));
}

}  // namespace dw::phones
