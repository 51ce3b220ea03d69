// What the simulated phone does with the messages of a call server.
#include <fmt/core.h>

#include <algorithm>

#include "tests/support/sccp_dialect.hpp"
#include "tests/support/sccp_phone.hpp"

namespace dw::sim {

namespace {

// The version that both ends speak (sccp.md §1.5): chan_skinny writes an ASCII zero, which binds to what the
// phone offered; none at all is a server of the flat layouts.
unsigned agreed_version(unsigned offered, Bytes ack) {
  const unsigned said = u8_at(ack, 16);
  if (said >= 1 && said <= kNewestVersion) return std::min(offered, said);
  return said == 0x30 ? offered : std::min(offered, 11U);
}

}  // namespace

void SccpPhone::take(TimePoint now, const SccpFrame& frame) {
  traffic_.push_back({false, 0, frame});
  if (frame.version != 0 && (frame.version < 3 || frame.version > kNewestVersion)) {
    problem("unknown header version in " + to_string(frame));
  }
  if (frame.id < 0x0080 || frame.id == id::kStartMediaAck || frame.id == id::kEnhancedAlarm) {
    problem("a phone's own message came back: " + to_string(frame));
    return;
  }
  const bool known = take_registration(now, frame) || take_call(frame) || take_media(frame);
  (void)known;  // lamps, texts and tones are for eyes and ears
}

bool SccpPhone::take_registration(TimePoint now, const SccpFrame& frame) {
  const Bytes body = frame.body;
  switch (frame.id) {
    case id::kRegisterAck:
      on_register_ack(now, body);
      return true;
    case id::kRegisterReject:
      tell({.kind = PhoneEvent::Kind::rejected, .text = text_at(body, 0, 32)});
      turn_.close = true;
      return true;
    case id::kCapabilitiesReq:
      send_template_requests();
      return true;
    case id::kSoftKeySet:
      send_line_requests();
      return true;
    case id::kTimeDate:
      if (!registered_) {
        registered_ = true;
        tell({.kind = PhoneEvent::Kind::registered, .version = version_, .keepalive = keepalive_});
      }
      return true;
    case id::kKeepAliveAck:
      unanswered_ = 0;
      return true;
    case id::kUnregisterAck:
      registered_ = false;
      next_keepalive_.reset();
      tell({.kind = PhoneEvent::Kind::unregistered, .value = u32_at(body, 0)});
      turn_.close = true;
      return true;
    case id::kReset:
      registered_ = false;
      tell({.kind = PhoneEvent::Kind::reset, .value = u32_at(body, 0)});
      turn_.close = true;
      return true;
    case id::kTokenAck:
      tell({.kind = PhoneEvent::Kind::token});
      return true;
    case id::kTokenReject:
      tell({.kind = PhoneEvent::Kind::token, .value = u32_at(body, 0)});
      return true;
    case id::kServerRes:
      on_server_res(body);
      return true;
    default:
      return false;
  }
}

void SccpPhone::on_register_ack(TimePoint now, Bytes body) {
  if (body.size() < 12) problem("RegisterAck is too short");
  version_ = agreed_version(options_.version, body);
  const unsigned said = u8_at(body, 16);
  header_version_ = version_ >= 17 && said >= 1 && said <= kNewestVersion ? version_ : 0;
  keepalive_ = std::chrono::seconds(u32_at(body, 0));
  if (keepalive_ <= Duration::zero()) {
    problem("RegisterAck without a keepalive interval");
    keepalive_ = std::chrono::seconds(30);
  }
  acked_ = true;
  unanswered_ = 0;
  next_keepalive_ = now + keepalive_;
}

bool SccpPhone::take_call(const SccpFrame& frame) {
  switch (frame.id) {
    case id::kCallState:
      on_call_state(frame.body);
      return true;
    case id::kStartTone:
      // Dial tone: what was to be dialled can be dialled.
      if (u32_at(frame.body, 0) == 0x21 && !to_dial_.empty()) {
        press(std::exchange(to_dial_, {}), newest(CallPhase::off_hook));
      }
      return true;
    case id::kStatisticsReq:
      send_statistics(frame.body);
      return true;
    default:
      return false;
  }
}

void SccpPhone::on_call_state(Bytes body) {
  const auto phase = static_cast<CallPhase>(u32_at(body, 0));
  const std::uint32_t call = u32_at(body, 8);
  const auto known = calls_.find(call);
  const bool changed = known == calls_.end() || known->second != phase;
  if (phase == CallPhase::on_hook) {
    calls_.erase(call);
    tell({.kind = PhoneEvent::Kind::ended, .call = call});
    return;
  }
  calls_[call] = phase;
  if (phase == CallPhase::off_hook) off_hook_asked_ = false;
  if (!changed) return;
  if (phase == CallPhase::ring_in) tell({.kind = PhoneEvent::Kind::ringing, .call = call});
  if (phase == CallPhase::proceed || phase == CallPhase::ring_out)
    tell({.kind = PhoneEvent::Kind::proceeding, .call = call});
  if (phase == CallPhase::connected) tell({.kind = PhoneEvent::Kind::connected, .call = call});
  if (phase == CallPhase::hold) tell({.kind = PhoneEvent::Kind::held, .call = call});
}

bool SccpPhone::take_media(const SccpFrame& frame) {
  switch (frame.id) {
    case id::kOpenReceive:
      on_open_receive(frame.body);
      return true;
    case id::kStartMedia:
      on_start_media(frame.body);
      return true;
    case id::kCloseReceive:
      on_close(frame.body, true);
      return true;
    case id::kStopMedia:
      on_close(frame.body, false);
      return true;
    default:
      return false;
  }
}

SccpPhone::Channel& SccpPhone::channel(const ChannelIds& ids) {
  Channel& found = channels_[ids.party];
  if (!found.receiving && !found.transmitting) {
    found = {};
    found.ids = ids;
    found.local_port = static_cast<std::uint16_t>(options_.media_ports + 2 * next_pair_);
    next_pair_ = static_cast<std::uint16_t>((next_pair_ + 1) % options_.media_pairs);
  }
  if (ids.call != 0) found.ids.call = ids.call;
  return found;
}

void SccpPhone::on_open_receive(Bytes body) {
  const auto open = read_open_receive(body, form());
  if (!open) return problem("OpenReceiveChannel is too short");
  MediaAck ack{open->ids, options_.open_status, {}};
  if (ack.status == 0) {
    Channel& opened = channel(open->ids);
    const bool again = std::exchange(opened.receiving, true);
    ack.local = {options_.station, opened.local_port};
    if (!again) {
      tell({.kind = PhoneEvent::Kind::receive_opened,
            .call = open->ids.call,
            .party = open->ids.party,
            .local_port = opened.local_port,
            .codec = open->codec,
            .milliseconds = open->milliseconds});
    }
  }
  const std::size_t size = form() == AddressForm::wide ? 36 : options_.short_open_ack ? 16 : 20;
  send(id::kOpenReceiveAck, write_open_ack(ack, form(), size));
}

void SccpPhone::on_start_media(Bytes body) {
  const auto start = read_start_media(body, form());
  if (!start) return problem("StartMediaTransmission is too short");
  if (form() == AddressForm::flat && body.size() >= 132) problem("StartMediaTransmission in the wide layout");
  if (!start->remote.address || start->remote.address.is_unspecified() || start->remote.port == 0) {
    return problem("StartMediaTransmission to " + start->remote.to_string());
  }
  Channel& started = channel(start->ids);
  started.transmitting = true;
  started.remote = start->remote;
  tell({.kind = PhoneEvent::Kind::transmit_started,
        .call = start->ids.call,
        .party = start->ids.party,
        .local_port = started.local_port,
        .remote = start->remote,
        .codec = start->codec,
        .milliseconds = start->milliseconds});
  if (version_ >= 17 && options_.transmit_acks) {
    send(id::kStartMediaAck, write_start_ack({start->ids, 0, {options_.station, started.local_port}}, form()));
  }
}

void SccpPhone::on_close(Bytes body, bool receive) {
  const auto ids = read_close(body);
  if (!ids) return problem("a Close or Stop is too short");
  const auto found = channels_.find(ids->party);
  if (found == channels_.end()) return;  // late: normal (sccp.md §4.4)
  bool& half = receive ? found->second.receiving : found->second.transmitting;
  if (std::exchange(half, false)) {
    tell({.kind = receive ? PhoneEvent::Kind::receive_closed : PhoneEvent::Kind::transmit_stopped,
          .party = ids->party,
          .local_port = found->second.local_port});
  }
  if (!found->second.receiving && !found->second.transmitting) channels_.erase(found);
}

void SccpPhone::on_server_res(Bytes body) {
  const bool wide = form() == AddressForm::wide && body.size() >= 360;
  std::string list;
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string name = text_at(body, 48 * i, 48);
    if (name.empty()) continue;
    const Endpoint at{ipv4_at(body, wide ? 264 + 20 * i : 260 + 4 * i),
                      static_cast<std::uint16_t>(u32_at(body, 240 + 4 * i))};
    list += fmt::format("{}{}={}", list.empty() ? "" : " ", name, at.to_string());
  }
  tell({.kind = PhoneEvent::Kind::servers, .text = list});
}

// Each layout of ConnectionStatisticsRes (sccp.md §2.5); from version 18 nothing behind octet 32 is aligned.
void SccpPhone::send_statistics(Bytes request) {
  const bool late = version_ >= 18;
  const std::string number = text_at(request, 0, 24);
  const std::uint32_t call = u32_at(request, late ? 28 : 24);
  const std::string quality = "MLQK=4.5000;MLQKav=4.5000;MLQKmn=4.5000;MLQKmx=4.5000;ICR=0.0000;CCR=0.0000";
  const std::size_t counters = late ? 33 : 32, text = late ? 65 : 64;
  Body body(text + quality.size() + 1);
  body.text(0, 24, number).u32(late ? 28 : 24, call).u32(counters, 100).u32(counters + 4, 17200);
  body.u32(text - 4, static_cast<std::uint32_t>(quality.size())).text(text, quality.size() + 1, quality);
  send(id::kStatisticsRes, body.take());
}

std::string_view to_string(PhoneEvent::Kind kind) {
  switch (kind) {
    case PhoneEvent::Kind::registered:
      return "registered";
    case PhoneEvent::Kind::rejected:
      return "rejected";
    case PhoneEvent::Kind::unregistered:
      return "unregistered";
    case PhoneEvent::Kind::ringing:
      return "ringing";
    case PhoneEvent::Kind::proceeding:
      return "proceeding";
    case PhoneEvent::Kind::connected:
      return "connected";
    case PhoneEvent::Kind::held:
      return "held";
    case PhoneEvent::Kind::ended:
      return "ended";
    case PhoneEvent::Kind::receive_opened:
      return "receive-opened";
    case PhoneEvent::Kind::receive_closed:
      return "receive-closed";
    case PhoneEvent::Kind::transmit_started:
      return "transmit-started";
    case PhoneEvent::Kind::transmit_stopped:
      return "transmit-stopped";
    case PhoneEvent::Kind::reset:
      return "reset";
    case PhoneEvent::Kind::token:
      return "token";
    case PhoneEvent::Kind::servers:
      return "servers";
    case PhoneEvent::Kind::lost:
      return "lost";
  }
  return "";
}

std::string to_string(const PhoneEvent& event) {
  std::string out(to_string(event.kind));
  if (event.kind == PhoneEvent::Kind::registered) {
    out += fmt::format(" keepalive={} version={}",
                       std::chrono::duration_cast<std::chrono::seconds>(event.keepalive).count(), event.version);
  }
  if (event.call != 0) out += fmt::format(" call={}", event.call);
  if (event.party != 0) out += fmt::format(" party={:#x}", event.party);
  if (event.local_port != 0) out += fmt::format(" local={}", event.local_port);
  if (event.remote.port != 0) out += fmt::format(" remote={}", event.remote.to_string());
  if (event.codec != 0) out += fmt::format(" codec={} ms={}", event.codec, event.milliseconds);
  if (event.kind == PhoneEvent::Kind::reset || event.kind == PhoneEvent::Kind::token)
    out += fmt::format(" value={}", event.value);
  if (!event.text.empty()) out += fmt::format(" text=\"{}\"", event.text);
  return out;
}

}  // namespace dw::sim
