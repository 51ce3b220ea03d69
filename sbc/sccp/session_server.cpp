#include <algorithm>

#include "sbc/base/byte_writer.hpp"
#include "sbc/sccp/address_fields.hpp"
#include "sbc/sccp/message_id.hpp"
#include "sbc/sccp/message_rules.hpp"
#include "sbc/sccp/server_res.hpp"
#include "sbc/sccp/session.hpp"
#include "sbc/sccp/text_policy.hpp"

// What a session does with the messages of a call server; those about media are in session_media.cpp.
namespace dw::sccp {
namespace {

using Id = MessageId;

}  // namespace

void Session::on_server(TimePoint now, Bytes octets, Output& out) {
  if (!server_) return;
  liveness_.on_server();
  server_stream_.feed(now, octets);
  while (!ended_) {
    const auto frame = server_stream_.next();
    if (!frame) break;
    ++counters_.from_servers;
    forward_from_server(now, *frame, out);
  }
  if (server_stream_.error() && !ended_) {
    ++counters_.malformed;
    end(EndReason::bad_frame, "the call server: " + server_stream_.error()->text, out);
  }
}

void Session::forward_from_server(TimePoint now, const Frame& frame, Output& out) {
  if (only_phones_say(frame.id)) return drop(frame, "only a phone may say that", out);
  if (registered_ && frame.id != number(Id::keep_alive_ack)) header_version_ = frame.version;
  switch (static_cast<Id>(frame.id)) {
    case Id::register_ack:
      return on_register_ack(now, frame, out);
    case Id::register_reject:
      register_out_.reset();
      tell(SessionEvent::Kind::refused, fixed_text(frame.payload, 0, std::min<std::size_t>(frame.payload.size(), 32)),
           out);
      break;
    case Id::unregister_ack:
      leaving_ = false;  // a phone in a call may be told to stay
      if (read_u32(frame.payload, 0) == 0) {
        unregistered_ = true;
        tell(SessionEvent::Kind::unregistered, {}, out);
      }
      break;
    case Id::register_token_ack:
    case Id::register_token_reject:
    case Id::spcp_register_token_ack:
    case Id::spcp_register_token_reject:
      token_out_.reset();
      if (token_answered_) return drop(frame, "the phone has had its answer", out);
      break;
    case Id::reset:
      return on_reset(now, frame, out);
    case Id::server_res:
      return pass_server_res(frame, out);
    case Id::line_stat_res:
    case Id::line_stat_v2_res:
      on_lines(frame, out);
      break;
    case Id::call_state:
    case Id::call_info:
    case Id::call_info_v2:
    case Id::dialed_number:
      return on_calls(now, frame, out);
    case Id::open_receive_channel:
      return on_open_receive(now, frame, MediaKind::audio, out);
    case Id::open_multi_media_receive_channel:
      return on_open_receive(now, frame, MediaKind::video, out);
    case Id::start_media_transmission:
      return on_start_transmission(now, frame, MediaKind::audio, out);
    case Id::start_multi_media_transmission:
      return on_start_transmission(now, frame, MediaKind::video, out);
    case Id::close_receive_channel:
      return on_close_receive(now, frame, MediaKind::audio, out);
    case Id::close_multi_media_receive_channel:
      return on_close_receive(now, frame, MediaKind::video, out);
    case Id::stop_media_transmission:
      return on_stop_transmission(now, frame, MediaKind::audio, out);
    case Id::stop_multi_media_transmission:
      return on_stop_transmission(now, frame, MediaKind::video, out);
    case Id::port_req:
      return on_port_req(now, frame, out);
    case Id::port_close:
      return on_port_close(now, frame, out);
    case Id::start_multicast_media_reception:
    case Id::start_multicast_media_transmission:
    case Id::start_session_transmission:
    case Id::stop_session_transmission:
      return drop(frame, "it does not cross a router", out);
    case Id::qos_listen:
    case Id::qos_path:
    case Id::qos_teardown:
    case Id::update_dscp:
    case Id::qos_modify:
      return drop(frame, "it is of the path between server and relay", out);
    case Id::user_to_device_data:
    case Id::user_to_device_data_version1:
      if (starts_media_by_uri(frame.payload)) return drop(frame, "it starts media that would pass by the relay", out);
      break;
    default:
      break;
  }
  pass(out.to_phone, frame);
}

void Session::on_register_ack(TimePoint now, const Frame& frame, Output& out) {
  constexpr std::size_t kVersion = 16;
  constexpr std::uint32_t kChanSkinny = 0x30;  // an ASCII '0', and the layouts of what the phone offered
  constexpr std::uint32_t kFlatOnly = 11;
  constexpr std::uint32_t kLongestKeepalive = 600;  // s
  const std::uint32_t answered = frame.payload.size() > kVersion ? frame.payload[kVersion] : 0;
  if (answered >= 1 && answered <= kMaxProtocolVersion) {
    negotiated_ = offered_ == 0 ? answered : std::min(offered_, answered);
  } else {
    negotiated_ = answered == kChanSkinny ? offered_ : std::min(offered_, kFlatOnly);
  }
  const std::uint32_t seconds = read_u32(frame.payload, 0);
  liveness_.on_registered(
      now, seconds == 0 ? Liveness::kDefaultInterval : std::chrono::seconds(std::min(seconds, kLongestKeepalive)));
  register_out_.reset();
  registered_ = true;
  leaving_ = unregistered_ = false;
  last_phone_ = now;
  pass(out.to_phone, frame);
  tell(SessionEvent::Kind::registered, {}, out);
}

void Session::on_reset(TimePoint now, const Frame& frame, Output& out) {
  pass(out.to_phone, frame);
  const std::uint32_t type = read_u32(frame.payload, 0);
  begin_reset(now, static_cast<ResetType>(type));
  tell(SessionEvent::Kind::reset, type == 1 ? "reset" : type == 3 ? "apply config" : "restart", out);
}

void Session::reset_phone(TimePoint now, ResetType type, Output& out) {
  if (!registered_ || ended_) return;
  Buffer payload;
  ByteWriter(payload).u32le(static_cast<std::uint32_t>(type));
  write_frame(out.to_phone, header_version_, number(Id::reset), payload);
  begin_reset(now, type);
}

/// The phone hangs up by itself, after UnregisterReq or not, once it has no call (sccp §3.9). Apply-config may need
/// no restart at all.
void Session::begin_reset(TimePoint now, ResetType type) {
  if (type == ResetType::apply_config) return;
  reset_asked_ = now;
  reset_at_ = now + kResetGrace;
}

bool Session::in_call() const {
  return !channels_.all().empty() || std::ranges::any_of(calls_.calls(), [](const Call& call) { return !call.over; });
}

/// A phone that is in a call puts Reset off. Media has bounds of its own; a call without any may be one that the
/// server has forgotten.
void Session::look_at_reset(TimePoint now, Output& out) {
  const bool puts_off = !channels_.all().empty() || (in_call() && now - reset_asked_ < kResetPutOff);
  if (!puts_off) return end(EndReason::reset, "it was reset", out);
  reset_at_ = now + kResetGrace;
}

// LineStatRes (0x0092): line@0, number S24@4. LineStatV2Res (0x0147): line@0, type@4, number to NUL@8.
void Session::on_lines(const Frame& frame, Output& out) {
  constexpr std::size_t kNumberOctets = 24;
  const bool v2 = frame.id == number(Id::line_stat_v2_res);
  const std::size_t begin = v2 ? 8 : 4;
  if (frame.payload.size() <= begin) return;
  const std::string text = fixed_text(frame.payload, begin, std::min(kNumberOctets, frame.payload.size() - begin));
  const std::uint32_t line = read_u32(frame.payload, 0);
  if (text.empty() || (lines_.size() == kMaxLines && !lines_.contains(line)) || lines_[line] == text) return;
  lines_[line] = text;
  tell(SessionEvent::Kind::lines, {}, out);
}

void Session::pass_server_res(const Frame& frame, Output& out) {
  const auto ours = server_res_naming(frame, side_.advertised);
  if (!ours) return drop(frame, ours.error().text, out);
  ++counters_.rewritten;
  out.to_phone.insert(out.to_phone.end(), ours->begin(), ours->end());
}

}  // namespace dw::sccp
