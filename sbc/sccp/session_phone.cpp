#include <algorithm>

#include "sbc/sccp/session.hpp"
#include "sbc/sccp/station_name.hpp"

// What a session does with the messages of a phone; those about media are in session_media.cpp.
namespace dw::sccp {
namespace {

using Id = MessageId;

constexpr std::size_t kAlarmText = 80;  // octets

/// Octets behind the name are whatever was in the phone's memory.
void clear_behind_name(MutableBytes payload) {
  MutableBytes name = payload.first(kNameOctets);
  std::fill(std::ranges::find(name, std::uint8_t{0}), name.end(), std::uint8_t{0});
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
  if (!may_pass(read(frame), out)) return !ended_;
  if (frame.id == number(Id::keep_alive_req) && !connect_asked_) {
    // A connection that is only held ready, at a server that we need not trouble for it (sccp §3.10).
    last_keepalive_ = now;
    answer(out.to_phone, frame, number(Id::keep_alive_ack));
    return true;
  }
  if (server_ && waiting_.empty() && !must_wait(frame.id)) {
    forward_from_phone(now, read(frame), out);
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
bool Session::may_pass(const Message& message, Output& out) {
  const MessageType& type = message.type();
  const Frame& frame = message.frame();
  if (!registered_) {
    if (type.early == MessageType::Early::dropped) {
      ++counters_.dropped;
      return false;
    }
    if (type.early == MessageType::Early::ends) {
      end(EndReason::not_allowed, std::string(type.name) + " came before registration", out);
      return false;
    }
    if (frame.octets.size() > kMaxBeforeRegistration) {
      end(EndReason::not_allowed, "a message that long came before registration", out);
      return false;
    }
  }
  const bool names =
      message.is(Id::register_req) || message.is(Id::register_token_req) || message.is(Id::spcp_register_token_req);
  if (names) return take_name(message, out);
  if (!type.may_come(Direction::from_phone)) {
    drop(message, "only a server may say that", out);
    return false;
  }
  return true;
}

bool Session::take_name(const Message& message, Output& out) {
  constexpr std::size_t kLeastRegister = 36;  // FreeSWITCH takes as little (sccp §1.5)
  auto name = station_name(message.frame().payload, options_.any_device_name);
  std::string wrong;
  if (!name) {
    wrong = name.error().text;
  } else if (!device_.empty() && *name != device_) {
    wrong = "a connection is one phone's, and it gave another name";
  } else if (message.is(Id::register_req) && message.frame().payload.size() < kLeastRegister) {
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
    if (const auto again = parse_frame(octets)) forward_from_phone(now, read(*again), out);
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
  Draft(Id::register_reject, kTextOctets).set(Field::text, text).write(out.to_phone, 0);
  ++counters_.answered;
  tell(SessionEvent::Kind::refused_here, std::string(why), out);
  end(EndReason::refused, std::string(why), out);
}

void Session::forward_from_phone(TimePoint now, const Message& message, Output& out) {
  const Frame& frame = message.frame();
  if (!message.is(Id::keep_alive_req)) phone_header_version_ = frame.version;
  if (frame.octets.size() > message.type().max_octets) {
    ++counters_.dropped;
    return;
  }
  note_conflict(message, out);
  switch (static_cast<Id>(frame.id)) {
    case Id::register_req:
      return on_register(now, message, out);
    case Id::register_token_req:
    case Id::spcp_register_token_req:
      return on_token(now, message, out);
    case Id::open_receive_channel_ack:
      return on_receive_ack(now, message, MediaKind::audio, out);
    case Id::open_multi_media_receive_channel_ack:
      return on_receive_ack(now, message, MediaKind::video, out);
    case Id::start_media_transmission_ack:
      return on_transmission_ack(message, MediaKind::audio, out);
    case Id::start_multi_media_transmission_ack:
      return on_transmission_ack(message, MediaKind::video, out);
    case Id::port_res:
      return on_port_res(now, message, out);
    case Id::enbloc_call:
      return on_enbloc(now, message, out);
    case Id::alarm:
      tell(SessionEvent::Kind::alarm, message.text(Field::text, kAlarmText), out);
      break;
    case Id::unregister_req:
      leaving_ = true;
      break;
    case Id::keep_alive_req:
      last_keepalive_ = now;
      liveness_.on_keepalive(now);
      break;
    case Id::keypad_button:
      calls_.on_phone(message);
      break;
    default:
      break;
  }
  pass(out.to_server, message);
}

void Session::on_register(TimePoint now, const Message& message, Output& out) {
  constexpr std::size_t kLoadOctets = 32;
  MutableBytes payload = pass(out.to_server, message);
  clear_behind_name(payload);
  if (message.layout().count != 0) stated_ = message.address().address;
  device_type_ = message.read(Field::device_type);
  active_streams_ = message.read(Field::active_streams);
  if (message.from(Field::load).size() >= kLoadOctets) firmware_ = message.text(Field::load, kLoadOctets);
  offered_ = 0;
  if (message.has(Field::version)) {
    std::uint8_t& version = payload[message.type().at(Field::version)];
    if (options_.max_version < kMaxProtocolVersion && version > options_.max_version)
      version = static_cast<std::uint8_t>(options_.max_version);
    offered_ = std::min<std::uint32_t>(version, kMaxProtocolVersion);
  }
  register_out_ = now;
  tell(SessionEvent::Kind::registering, {}, out);
}

void Session::on_token(TimePoint now, const Message& message, Output& out) {
  clear_behind_name(pass(out.to_server, message));
  token_out_ = now;
  token_id_ = message.frame().id;
  token_answered_ = false;
}

}  // namespace dw::sccp
