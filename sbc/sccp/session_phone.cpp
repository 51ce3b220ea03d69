#include <algorithm>
#include <array>

#include "sbc/sccp/address_fields.hpp"
#include "sbc/sccp/message_id.hpp"
#include "sbc/sccp/message_rules.hpp"
#include "sbc/sccp/session.hpp"
#include "sbc/sccp/station_name.hpp"
#include "sbc/sccp/text_policy.hpp"

// What a session does with the messages of a phone; those about media are in session_media.cpp.
namespace dw::sccp {
namespace {

using Id = MessageId;

/// Where the text of a message begins that may carry addresses; nothing for the others.
std::optional<std::size_t> text_of(std::uint32_t id) {
  switch (static_cast<Id>(id)) {
    case Id::device_to_user_data:
    case Id::device_to_user_data_response:
      return 20;
    case Id::device_to_user_data_version1:
    case Id::device_to_user_data_response_version1:
      return 40;
    case Id::enhanced_alarm:
    case Id::location_info:
      return 0;
    default:
      return std::nullopt;
  }
}

}  // namespace

void Session::on_phone(TimePoint now, Bytes octets, Output& out) {
  last_phone_ = now;
  liveness_.on_phone(now);
  phone_stream_.feed(now, octets);
  while (!ended_) {
    const auto frame = phone_stream_.next();
    if (!frame) break;
    ++counters_.from_phones;
    if (!take_phone_frame(now, *frame, out)) break;
  }
  if (phone_stream_.error() && !ended_) {
    ++counters_.malformed;
    end(EndReason::bad_frame, phone_stream_.error()->text, out);
  }
}

bool Session::take_phone_frame(TimePoint now, const Frame& frame, Output& out) {
  first_frame_ = true;
  if (!may_pass(frame, out)) return !ended_;
  if (frame.id == number(Id::keep_alive_req) && !connect_asked_) {
    // A connection that is only held ready, at a server that we need not trouble for it (sccp §3.10).
    last_keepalive_ = now;
    answer(out.to_phone, frame, number(Id::keep_alive_ack));
    return true;
  }
  if (server_ && waiting_.empty() && !must_wait(frame.id)) {
    forward_from_phone(now, frame, out);
    return !ended_;
  }
  if (waiting_octets_ + frame.octets.size() > kMaxWaiting) {
    end(EndReason::overflow, "it said too much before the call server was there", out);
    return false;
  }
  waiting_octets_ += frame.octets.size();
  waiting_.emplace_back(frame.octets.begin(), frame.octets.end());
  // An alarm may wait for the message that names the phone: what becomes of it can then be told of somebody.
  const bool alarm = frame.id == number(Id::alarm) || frame.id == number(Id::enhanced_alarm);
  if (!connect_asked_ && !alarm) connect_asked_ = out.connect = true;
  if (server_) pump(now, out);
  return !ended_;
}

/// False: it is not to be passed on; the session may have ended.
bool Session::may_pass(const Frame& frame, Output& out) {
  if (!registered_) {
    if (dropped_before_registration(frame.id)) {
      ++counters_.dropped;
      return false;
    }
    if (!allowed_before_registration(frame.id)) {
      end(EndReason::not_allowed, std::string(name_of(frame.id)) + " came before registration", out);
      return false;
    }
    if (frame.octets.size() > kMaxBeforeRegistration) {
      end(EndReason::not_allowed, "a message that long came before registration", out);
      return false;
    }
  }
  const bool names = frame.id == number(Id::register_req) || frame.id == number(Id::register_token_req) ||
                     frame.id == number(Id::spcp_register_token_req);
  if (names) return take_name(frame, out);
  if (only_servers_say(frame.id)) {
    drop(frame, "only a server may say that", out);
    return false;
  }
  return true;
}

bool Session::take_name(const Frame& frame, Output& out) {
  constexpr std::size_t kLeastRegister = 36;  // FreeSWITCH takes as little (sccp §1.5)
  auto name = station_name(frame.payload, options_.any_device_name);
  std::string wrong;
  if (!name) {
    wrong = name.error().text;
  } else if (!device_.empty() && *name != device_) {
    wrong = "a connection is one phone's, and it gave another name";
  } else if (frame.id == number(Id::register_req) && frame.payload.size() < kLeastRegister) {
    wrong = "its RegisterReq is too short";
  }
  if (wrong.empty()) {
    device_ = std::move(*name);
    return true;
  }
  refuse("Device name refused", wrong, out);
  out.end = EndReason::bad_name;
  out.end_text = wrong;
  return false;
}

/// A RegisterReq waits until it may go; what comes behind it waits with it.
bool Session::must_wait(std::uint32_t id) const {
  return id == number(Id::register_req) && !admitted_;
}

void Session::pump(TimePoint now, Output& out) {
  while (!waiting_.empty() && !ended_) {
    const auto frame = parse_frame(waiting_.front());
    if (frame && must_wait(frame->id)) {
      if (!admit_asked_) admit_asked_ = out.admit = true;
      return;
    }
    const Buffer octets = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_octets_ -= octets.size();
    if (const auto again = parse_frame(octets)) forward_from_phone(now, *again, out);
  }
}

void Session::on_server_connected(TimePoint now, const ServerSide& side, Output& out) {
  server_ = side;
  pump(now, out);
}

void Session::on_admitted(TimePoint now, Output& out) {
  admitted_ = true;
  pump(now, out);
}

void Session::refuse(std::string_view text, std::string_view why, Output& out) {
  constexpr std::size_t kTextOctets = 32;
  Buffer payload(kTextOctets);
  std::ranges::copy(text.substr(0, kTextOctets - 1), payload.begin());
  write_frame(out.to_phone, 0, number(Id::register_reject), payload);
  ++counters_.answered;
  tell(SessionEvent::Kind::refused_here, std::string(why), out);
  end(EndReason::refused, std::string(why), out);
}

void Session::forward_from_phone(TimePoint now, const Frame& frame, Output& out) {
  if (frame.id != number(Id::keep_alive_req)) phone_header_version_ = frame.version;
  switch (static_cast<Id>(frame.id)) {
    case Id::register_req:
      return on_register(now, frame, out);
    case Id::register_token_req:
    case Id::spcp_register_token_req:
      return on_token(now, frame, out);
    case Id::alarm:
      return pass_alarm(frame, out);
    case Id::open_receive_channel_ack:
      return on_receive_ack(now, frame, MediaKind::audio, out);
    case Id::open_multi_media_receive_channel_ack:
      return on_receive_ack(now, frame, MediaKind::video, out);
    case Id::start_media_transmission_ack:
      return on_transmission_ack(frame, MediaKind::audio, out);
    case Id::start_multi_media_transmission_ack:
      return on_transmission_ack(frame, MediaKind::video, out);
    case Id::port_res:
      return on_port_res(now, frame, out);
    case Id::media_transmission_failure: {
      const bool tagged = frame.payload.size() >= 36;
      return on_echoed_address(
          frame, {read_u32(frame.payload, 0), read_u32(frame.payload, 4), read_u32(frame.payload, tagged ? 32 : 16)},
          out);
    }
    case Id::qos_resv_notify:
    case Id::qos_error_notify:
      return on_echoed_address(
          frame, {read_u32(frame.payload, 0), read_u32(frame.payload, 8), read_u32(frame.payload, 4)}, out);
    case Id::unregister_req:
      leaving_ = true;
      break;
    case Id::keep_alive_req:
      last_keepalive_ = now;
      liveness_.on_keepalive(now);
      break;
    case Id::keypad_button:
      calls_.on_phone(frame);
      break;
    case Id::enbloc_call:
      return on_enbloc(now, frame, out);
    default:
      if (const auto begin = text_of(frame.id)) return pass_text(frame, *begin, out);
      break;
  }
  pass(out.to_server, frame);
}

namespace {

/// Our address for the server's eyes where it can be written, nothing where not; IPv6 members always empty.
void write_station(MutableBytes payload, const AddressLayout& layout, const IpAddress& ours) {
  for (const AddressField& field : layout) {
    if (field.form == AddressForm::flat && !write_field(payload, field, {ours, 0}))
      write_field(payload, field, {IpAddress::v4(0), 0});
    if (field.form == AddressForm::v6) {
      constexpr std::array<std::uint8_t, 16> kNothing{};
      write_field(payload, field, {IpAddress::v6(kNothing), 0});
    }
  }
}

/// Octets behind the name are whatever was in the phone's memory.
void clear_behind_name(MutableBytes payload) {
  MutableBytes name = payload.first(kNameOctets);
  std::fill(std::ranges::find(name, std::uint8_t{0}), name.end(), std::uint8_t{0});
}

}  // namespace

void Session::on_register(TimePoint now, const Frame& frame, Output& out) {
  constexpr std::size_t kVersion = 40;
  constexpr std::size_t kLoad = 92;
  constexpr std::size_t kLoadOctets = 32;
  MutableBytes payload = pass(out.to_server, frame);
  ++counters_.rewritten;
  clear_behind_name(payload);
  if (const auto layout = address_layout(frame, Direction::from_phone, 0)) {
    stated_ = read_field(frame.payload, *layout->begin()).address;
    write_station(payload, *layout, server_->advertised);
  }
  device_type_ = read_u32(frame.payload, 28);
  active_streams_ = read_u32(frame.payload, 36);
  if (frame.payload.size() >= kLoad + kLoadOctets) firmware_ = fixed_text(frame.payload, kLoad, kLoadOctets);
  offered_ = 0;
  if (payload.size() > kVersion) {
    if (options_.max_version < kMaxProtocolVersion && payload[kVersion] > options_.max_version)
      payload[kVersion] = static_cast<std::uint8_t>(options_.max_version);
    offered_ = std::min<std::uint32_t>(payload[kVersion], kMaxProtocolVersion);
  }
  register_out_ = now;
  tell(SessionEvent::Kind::registering, {}, out);
}

void Session::on_token(TimePoint now, const Frame& frame, Output& out) {
  MutableBytes payload = pass(out.to_server, frame);
  ++counters_.rewritten;
  clear_behind_name(payload);
  if (const auto layout = address_layout(frame, Direction::from_phone, 0))
    write_station(payload, *layout, server_->advertised);
  token_out_ = now;
  token_id_ = frame.id;
  token_answered_ = false;
}

void Session::pass_alarm(const Frame& frame, Output& out) {
  constexpr std::size_t kText = 4;
  constexpr std::size_t kTextOctets = 80;
  tell(SessionEvent::Kind::alarm, fixed_text(frame.payload, kText, kTextOctets), out);
  MutableBytes payload = pass(out.to_server, frame);
  if (const auto layout = address_layout(frame, Direction::from_phone, negotiated_)) {
    write_station(payload, *layout, server_->advertised);
    ++counters_.rewritten;
  }
  if (options_.blank_text && payload.size() > kText)
    blank_addresses(payload.subspan(kText, std::min(kTextOctets, payload.size() - kText)));
}

void Session::pass_text(const Frame& frame, std::size_t begin, Output& out) {
  const bool optional = frame.id == number(Id::enhanced_alarm) || frame.id == number(Id::location_info);
  if (optional && frame.octets.size() > kMaxOptional) {
    ++counters_.dropped;
    return;
  }
  MutableBytes payload = pass(out.to_server, frame);
  if (options_.blank_text && begin < payload.size() && blank_addresses(payload.subspan(begin))) ++counters_.rewritten;
}

}  // namespace dw::sccp
