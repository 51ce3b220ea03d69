#include "sbc/sccp/call_table.hpp"

#include <algorithm>

#include "sbc/base/byte_reader.hpp"
#include "sbc/base/emergency.hpp"

namespace dw::sccp {
namespace {

constexpr std::uint32_t kOutgoing = 2;  // a CallInfo's type; 1 inbound, 3 forwarded

}  // namespace

std::string_view words_of(std::uint32_t state) {
  switch (static_cast<CallState>(state)) {
    case CallState::off_hook:
      return "off hook";
    case CallState::on_hook:
      return "ended";
    case CallState::ring_out:
      return "ringing there";
    case CallState::ring_in:
      return "ringing";
    case CallState::connected:
      return "connected";
    case CallState::busy:
      return "busy";
    case CallState::congestion:
      return "congestion";
    case CallState::hold:
      return "on hold";
    case CallState::call_waiting:
      return "waiting";
    case CallState::call_transfer:
      return "being transferred";
    case CallState::call_park:
      return "parked";
    case CallState::proceed:
      return "proceeding";
    case CallState::remote_multiline:
      return "at another phone";
    case CallState::invalid_number:
      return "invalid number";
  }
  return "in progress";
}

std::string_view codec_name(std::uint32_t compression_type) {
  switch (compression_type) {
    case 2:
    case 3:
      return "PCMA";
    case 4:
    case 5:
      return "PCMU";
    case 6:
    case 7:
    case 8:
      return "G722";
    case 9:
      return "G723";
    case 10:
      return "G728";
    case 11:
    case 12:
    case 15:
    case 16:
      return "G729";
    case 18:
      return "GSM";
    case 25:
      return "L16";
    case 86:
      return "iLBC";
    case 100:
      return "H261";
    case 101:
      return "H263";
    case 103:
      return "H264";
    default:
      return {};
  }
}

Call TrackedCall::at(TimePoint now) const {
  Call call = *this;
  call.protocol = Protocol::sccp;
  call.state = preserved && !ended ? "preserved" : words_of(call_state);
  call.duration = ended.value_or(now) - start;
  if (connected) call.answered = *connected - start;
  return call;
}

bool calls_for_help(const TrackedCall& call, const std::vector<std::string>& numbers) {
  return is_emergency(call.dialled, numbers) || is_emergency(call.far_number, numbers);
}

TrackedCall* CallTable::find(std::uint32_t reference) {
  const auto at = std::ranges::find(calls_, reference, &TrackedCall::reference);
  return at == calls_.end() ? nullptr : &*at;
}

TrackedCall* CallTable::make(TimePoint now, std::uint32_t reference, std::uint32_t line) {
  if (TrackedCall* known = find(reference)) return known;
  if (calls_.size() == kMaxCalls) return nullptr;
  TrackedCall call;
  call.reference = reference;
  call.line = line;
  call.start = now;
  return &calls_.emplace_back(std::move(call));
}

CallTable::Change CallTable::on_server(TimePoint now, const Message& message) {
  switch (static_cast<MessageId>(message.frame().id)) {
    case MessageId::call_state:
      return on_state(now, message);
    case MessageId::call_info:
      on_info(message);
      break;
    case MessageId::call_info_v2:
      on_info_v2(message);
      break;
    case MessageId::dialed_number:
      on_dialled(message);
      break;
    default:
      break;
  }
  return {};
}

CallTable::Change CallTable::on_state(TimePoint now, const Message& message) {
  const std::uint32_t state = message.read(Field::call_state);
  const std::uint32_t line = message.read(Field::line);
  const std::uint32_t reference = message.read(Field::call);
  Change change;
  if (reference == 0) return change;
  const bool elsewhere = state == static_cast<std::uint32_t>(CallState::remote_multiline);
  if (state == static_cast<std::uint32_t>(CallState::on_hook)) {
    if (TrackedCall* known = find(reference); known && !known->over) {
      known->over = true;
      known->call_state = state;
      change.over = reference;
    }
    return change;
  }
  TrackedCall* call = elsewhere ? find(reference) : make(now, reference, line);
  if (!call) return change;
  call->call_state = state;
  if (line != 0) call->line = line;
  if (call->way == Call::Way::unknown) {
    if (state == static_cast<std::uint32_t>(CallState::off_hook)) call->way = Call::Way::outgoing;
    if (state == static_cast<std::uint32_t>(CallState::ring_in) ||
        state == static_cast<std::uint32_t>(CallState::call_waiting))
      call->way = Call::Way::incoming;
  }
  if (state == static_cast<std::uint32_t>(CallState::connected) && !call->connected) {
    call->connected = now;
    change.up = reference;
  }
  return change;
}

void CallTable::on_info(const Message& message) {
  constexpr std::size_t kPartyNameOctets = 40;
  if (message.from(Field::call_type).size() < 4) return;
  const bool outgoing = message.read(Field::call_type) == kOutgoing;
  TrackedCall* call = find(message.read(Field::call));
  if (!call) return;
  call->way = outgoing ? Call::Way::outgoing : Call::Way::incoming;
  call->far_number = message.text(outgoing ? Field::called_number : Field::calling_number, kNumberOctets);
  call->far_name = message.text(outgoing ? Field::called_name : Field::calling_name, kPartyNameOctets);
}

// CallInfoV2 ends with NUL-terminated texts: the numbers of calling, alternate calling, called, original called and
// last redirecting party, four mailboxes, and the names of calling, called, original called and last redirecting party
// (as chan_sccp sends it and Wireshark reads it).
void CallTable::on_info_v2(const Message& message) {
  ByteReader reader(message.from(Field::text));
  constexpr std::size_t kLongest = 256;
  const auto text = [&] { return std::string(reader.text_to_nul(kLongest, "text").substr(0, Call::kMaxText)); };
  const std::string calling = text();
  (void)text();
  const std::string called = text();
  for (int i = 0; i < 6; ++i)
    (void)text();
  const std::string calling_name = text();
  const std::string called_name = text();
  TrackedCall* call = find(message.read(Field::call));
  if (!call || (called.empty() && calling.empty())) return;
  const bool outgoing = message.read(Field::call_type) == kOutgoing;
  call->way = outgoing ? Call::Way::outgoing : Call::Way::incoming;
  call->far_number = outgoing ? called : calling;
  call->far_name = outgoing ? called_name : calling_name;
}

/// The number's field has 24 octets, or 25 and padding from version 18 on.
void CallTable::on_dialled(const Message& message) {
  constexpr std::size_t kLeast = 32;
  if (message.frame().payload.size() < kLeast) return;
  const std::string number = message.text(Field::dialled, kNumberOctets);
  TrackedCall* call = find(message.read(Field::call));
  if (!call) {
    const auto latest = std::ranges::find(calls_.rbegin(), calls_.rend(), Call::Way::outgoing, &TrackedCall::way);
    if (latest == calls_.rend()) return;
    call = &*latest;
  }
  if (call->far_number.empty()) call->far_number = number;
}

/// Older phones don't say which.
TrackedCall* CallTable::dialling(std::uint32_t reference) {
  if (TrackedCall* known = find(reference)) return known;
  const auto latest = std::ranges::find_if(calls_.rbegin(), calls_.rend(), [](const TrackedCall& call) {
    return !call.over && !call.connected && call.way != Call::Way::incoming;
  });
  return latest == calls_.rend() ? nullptr : &*latest;
}

void CallTable::on_phone(const Message& message) {
  constexpr std::string_view kKeys = "0123456789????*#";
  if (message.is(MessageId::enbloc_call)) {
    TrackedCall* call = dialling(0);
    if (call && call->dialled.empty()) call->dialled = message.text(Field::dialled, kNumberOctets);
    return;
  }
  if (!message.is(MessageId::keypad_button)) return;
  TrackedCall* call = dialling(message.read(Field::call));
  const std::uint32_t key = message.read(Field::key);
  if (call && !call->connected && key < kKeys.size() && call->dialled.size() < Call::kMaxText)
    call->dialled += kKeys[key];
}

void CallTable::on_media(TimePoint now, std::uint32_t reference) {
  if (reference != 0) make(now, reference, 0);
}

void CallTable::add_stream(std::uint32_t reference, CallStream stream) {
  TrackedCall* call = find(reference);
  if (!call && !calls_.empty()) call = &calls_.back();
  if (!call) return;
  if (call->streams.size() == Call::kMaxStreams) call->streams.erase(call->streams.begin());
  call->streams.push_back(std::move(stream));
}

std::optional<TrackedCall> CallTable::end(std::uint32_t reference) {
  const auto at = std::ranges::find(calls_, reference, &TrackedCall::reference);
  if (at == calls_.end()) return std::nullopt;
  TrackedCall call = std::move(*at);
  calls_.erase(at);
  call.call_state = static_cast<std::uint32_t>(CallState::on_hook);
  return call;
}

}  // namespace dw::sccp
