#include "tests/support/sccp_phone.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace dw::sim {

namespace {

constexpr int kMissedKeepAlives = 3;  // sccp.md §1.6

std::uint32_t model_of(unsigned version) {
  if (version <= 11) return 7;      // 7960
  if (version <= 17) return 30018;  // 7961
  return 436;                       // 7965
}

std::size_t register_size(unsigned version) {
  return version <= 11 ? 68 : version <= 17 ? 124 : 172;  // as seen from 7960, 7941 and 7975 (sccp.md §8)
}

// SEP001122334455 carries its own MAC.
void put_mac(Body& body, std::size_t at, std::string_view device) {
  for (std::size_t i = 0; i < 6 && 3 + 2 * i + 1 < device.size(); ++i) {
    const std::string pair(device.substr(3 + 2 * i, 2));
    body.u8(at + i, static_cast<std::uint32_t>(std::strtoul(pair.c_str(), nullptr, 16)));
  }
}

}  // namespace

PhoneTurn SccpPhone::connected(TimePoint) {
  turn_ = {};
  framer_ = SccpFramer{};
  version_ = header_version_ = 0;
  acked_ = registered_ = unregistering_ = off_hook_asked_ = false;
  next_keepalive_.reset();
  unanswered_ = 0;
  to_dial_.clear();
  channels_.clear();
  calls_.clear();
  send_alarms();
  send_registration();
  return finish();
}

PhoneTurn SccpPhone::on_octets(TimePoint now, Bytes octets) {
  framer_.add(octets);
  while (const auto frame = framer_.next())
    take(now, *frame);
  if (framer_.broken() && !turn_.close) {
    problem("the stream can't be cut into frames");
    tell({.kind = PhoneEvent::Kind::lost, .text = "broken stream"});
    turn_.close = true;
  }
  return finish();
}

PhoneTurn SccpPhone::on_deadline(TimePoint now) {
  if (!next_keepalive_ || now < *next_keepalive_) return finish();
  if (unanswered_ >= kMissedKeepAlives) {
    next_keepalive_.reset();
    registered_ = false;
    tell({.kind = PhoneEvent::Kind::lost, .text = "keepalives unanswered"});
    turn_.close = true;
    return finish();
  }
  ++unanswered_;
  next_keepalive_ = now + keepalive_;
  send(id::kKeepAlive);
  return finish();
}

PhoneTurn SccpPhone::disconnected(TimePoint) {
  const bool was_registered = std::exchange(registered_, false);
  next_keepalive_.reset();
  if (unregistering_) {
    if (was_registered) tell({.kind = PhoneEvent::Kind::unregistered});
  } else {
    tell({.kind = PhoneEvent::Kind::lost, .text = "closed by the far end"});
  }
  return finish();
}

PhoneTurn SccpPhone::finish() {
  PhoneTurn turn = std::move(turn_);
  turn_ = {};
  if (options_.writes == Writes::per_frame || turn.writes.empty()) return turn;
  Buffer all;
  for (const Buffer& write : turn.writes)
    all.insert(all.end(), write.begin(), write.end());
  turn.writes.clear();
  if (options_.writes == Writes::coalesced) {
    turn.writes.push_back(std::move(all));
  } else {
    for (const std::uint8_t octet : all)
      turn.writes.push_back({octet});
  }
  return turn;
}

void SccpPhone::send(std::uint32_t message, Buffer body) {
  // Registration, keepalive and farewell go with 0 whatever was agreed (sccp.md §1.5).
  const bool plain = message == id::kRegister || message == id::kIpPort || message == id::kKeepAlive ||
                     message == id::kUnregister || message == id::kAlarm;
  SccpFrame frame{plain ? 0U : header_version_, message, std::move(body)};
  turn_.writes.push_back(to_octets(frame));
  traffic_.push_back({true, 0, std::move(frame)});
}

void SccpPhone::send_alarms() {
  if (options_.version >= 20) {  // loads 9.x; the text is not NUL-terminated
    const std::string station = options_.station.to_string();
    const std::string xml = fmt::format(
        "<x-cisco-alarm><Alarm Name=\"LastOutOfServiceInformation\"><ParameterList><String "
        "name=\"DeviceName\">{}"
        "</String><String name=\"DeviceIPv4Address\">{}/24</String><String "
        "name=\"IPv4DefaultGateway\">192.168.1.1"
        "</String><Enum name=\"ReasonForOutOfService\">9</Enum></ParameterList></Alarm></x-cisco-alarm>",
        options_.device, station);
    send(id::kEnhancedAlarm, to_buffer(xml));
  }
  Body alarm(92);
  alarm.u32(0, 2).text(4, 80, fmt::format("25: Name={} Load=8.12(2.0) Last=Initialized", options_.device));
  alarm.ipv4(88, options_.station);
  send(id::kAlarm, alarm.take());
}

void SccpPhone::send_registration() {
  const bool wide = options_.version >= 17;
  Body body(register_size(options_.version));
  body.text(0, 16, options_.device).u32(20, 1).ipv4(24, options_.station);
  body.u32(28, options_.device_type != 0 ? options_.device_type : model_of(options_.version));
  body.u32(32, 5).u8(40, options_.version).u8(42, wide ? 0x72 : 0x60).u8(43, 0x85);
  put_mac(body, 52, options_.device);
  body.u32(64, wide ? 3 : 0).u32(68, 2).text(92, 32, "SCCP45.9-4-2SR3-1S").text(124, 48, "1700000000-deadbeef");
  send(id::kRegister, body.take());
  send(id::kIpPort, Body(4).u32(0, options_.media_ports).take());
}

void SccpPhone::send_template_requests() {
  constexpr std::uint32_t codecs[] = {4, 2, 6, 11, 12};
  const bool brief = options_.version < 17;
  // CapabilitiesRes: a count, then 16 octets each. The longer forms have counts and custom pictures before.
  const std::size_t start = brief ? 4 : options_.v3_capabilities ? 60 : 52;
  Body body(brief ? 4 + 18 * 16 : options_.v3_capabilities ? 2380 : 1840);
  body.u32(0, std::size(codecs));
  for (std::size_t i = 0; i < std::size(codecs); ++i)
    body.u32(start + 16 * i, codecs[i]).u32(start + 16 * i + 4, 40);
  send(brief                      ? id::kCapabilitiesRes
       : options_.v3_capabilities ? id::kUpdateCapabilitiesV3
                                  : id::kUpdateCapabilities,
       body.take());
  send(id::kButtonTemplateReq, Body(4).u32(0, 8).take());
  send(id::kSoftKeyTemplateReq);
  send(id::kSoftKeySetReq);
  send(id::kConfigStatReq);  // not every server answers: nothing waits for it
}

void SccpPhone::send_line_requests() {
  send(id::kLineStatReq, Body(4).u32(0, 1).take());
  send(id::kForwardStatReq, Body(4).u32(0, 1).take());
  send(id::kFeatureStatReq, Body(4).u32(0, 1).take());
  send(id::kAvailableLines, Body(4).u32(0, 1).take());
  send(id::kTimeDateReq);
}

void SccpPhone::soft_key(SoftKey key, std::uint32_t call) {
  send(id::kSoftKeyEvent, Body(12).u32(0, static_cast<std::uint32_t>(key)).u32(4, 1).u32(8, call).take());
}

void SccpPhone::press(std::string_view digits, std::uint32_t call) {
  for (const char digit : digits) {
    const std::uint32_t button = digit == '*' ? 14 : digit == '#' ? 15 : static_cast<std::uint32_t>(digit - '0');
    send(id::kKeypadButton, Body(12).u32(0, button).u32(4, 1).u32(8, call).take());
  }
}

std::uint32_t SccpPhone::newest(CallPhase phase) const {
  for (auto it = calls_.rbegin(); it != calls_.rend(); ++it) {
    if (it->second == phase) return it->first;
  }
  return 0;
}

PhoneTurn SccpPhone::off_hook(TimePoint) {
  off_hook_asked_ = true;
  send(id::kOffHook, version_ > 3 ? Body(8).u32(0, 1).take() : Buffer{});
  return finish();
}

PhoneTurn SccpPhone::dial(TimePoint, std::string_view digits) {
  if (const std::uint32_t call = newest(CallPhase::off_hook); call != 0) {
    press(digits, call);
  } else if (options_.enbloc) {
    send(id::kEnblocCall, Body(28).text(0, 24, digits).u32(24, 1).take());
  } else {
    to_dial_ = digits;
    if (!off_hook_asked_) soft_key(SoftKey::new_call, 0);
  }
  return finish();
}

PhoneTurn SccpPhone::answer(TimePoint) {
  soft_key(SoftKey::answer, newest(CallPhase::ring_in));
  return finish();
}

PhoneTurn SccpPhone::hold(TimePoint) {
  soft_key(SoftKey::hold, newest(CallPhase::connected));
  return finish();
}

PhoneTurn SccpPhone::resume(TimePoint) {
  soft_key(SoftKey::resume, newest(CallPhase::hold));
  return finish();
}

PhoneTurn SccpPhone::transfer(TimePoint) {
  const bool second = newest(CallPhase::hold) != 0;
  off_hook_asked_ = !second;  // the server offers the second call by itself
  soft_key(SoftKey::transfer, second ? newest_call() : newest(CallPhase::connected));
  return finish();
}

PhoneTurn SccpPhone::on_hook(TimePoint) {
  if (version_ > 3) {
    soft_key(SoftKey::end_call, newest_call());
  } else {
    send(id::kOnHook);
  }
  return finish();
}

PhoneTurn SccpPhone::unregister(TimePoint) {
  unregistering_ = true;
  send(id::kUnregister);
  return finish();
}

PhoneTurn SccpPhone::ask_servers(TimePoint) {
  send(id::kServerReq);
  return finish();
}

PhoneTurn SccpPhone::ask_token(TimePoint) {
  Body body(52);
  body.text(0, 16, options_.device).u32(20, 1).ipv4(24, options_.station).u32(28, model_of(options_.version));
  send(id::kTokenReq, body.take());
  return finish();
}

}  // namespace dw::sim
