#include "sbc/sccp/session.hpp"

#include <algorithm>
#include <array>

#include "sbc/sccp/text_policy.hpp"

namespace dw::sccp {

void Output::clear() {
  to_phone.clear();
  to_server.clear();
  connect = admit = no_ports = false;
  end.reset();
  end_text.clear();
  events.clear();
  preserved.clear();
}

Session::Session(const SessionOptions& options, MediaBroker& broker, SessionCounters& counters, const PhoneSide& side,
                 TimePoint now, CallLimits* limits, const MessageTable& messages)
    : options_(options),
      broker_(broker),
      counters_(counters),
      messages_(messages),
      side_(side),
      began_(now),
      last_phone_(now),
      last_keepalive_(now),
      limits_(limits) {}

void Session::end(EndReason reason, std::string text, Output& out) {
  if (ended_) return;
  ended_ = true;
  out.end = reason;
  out.end_text = std::move(text);
}

void Session::tell(SessionEvent::Kind kind, std::string text, Output& out) {
  out.events.push_back({kind, std::move(text), std::nullopt, {}});
}

void Session::drop(const Message& message, std::string_view why, Output& out) {
  ++counters_.dropped;
  tell(SessionEvent::Kind::dropped, std::string(message.type().name) + ": " + std::string(why), out);
}

void Session::answer(Buffer& to, const Frame& like, std::uint32_t id, Bytes payload) {
  ++counters_.answered;
  write_frame(to, like.version, id, payload);
}

/// The one place where messages pass, so that none passes with an address that nobody has thought of.
MutableBytes Session::pass(Buffer& to, const Message& message, const StandIns& ours) {
  const Frame& frame = message.frame();
  const MessageType& type = message.type();
  to.insert(to.end(), frame.octets.begin(), frame.octets.end());
  const MutableBytes payload = MutableBytes(to).last(frame.payload.size());
  bool rewritten = replace_addresses(payload, message.layout(), ours);
  if (options_.blank_text && type.text < payload.size()) {
    const std::size_t octets = std::min<std::size_t>(type.text_octets, payload.size() - type.text);
    rewritten = blank_addresses(payload.subspan(type.text, octets)) || rewritten;
  }
  if (rewritten) ++counters_.rewritten;
  return payload;
}

MutableBytes Session::pass(Buffer& to, const Message& message) {
  if (message.layout().empty()) return pass(to, message, StandIns());
  return pass(to, message, stand_ins(find_channel(message.ids())));
}

MediaChannel* Session::find_channel(const ChannelIds& ids) {
  MediaChannel* const audio = channels_.find(MediaKind::audio, ids);
  return audio ? audio : channels_.find(MediaKind::video, ids);
}

StandIns Session::stand_ins(const MediaChannel* channel) const {
  StandIns ours;
  ours[AddressRole::station] = Endpoint{server_->advertised, 0};
  ours[AddressRole::server] = side_.advertised;
  if (!channel) return ours;
  ours[AddressRole::media_local] = channel->ports.central_facing;
  ours[AddressRole::media_source] = channel->ports.phone_facing;
  ours[AddressRole::media_echo] = channel->far_end;
  if (channel->far_end) ours[AddressRole::media_remote] = channel->told;
  return ours;
}

/// Conflicts of version and length are counted and reported: they are what a wrong guess would look like.
void Session::note_conflict(const Message& message, Output& out) {
  if (!message.layout().conflict) return;
  ++counters_.layout_conflicts;
  tell(SessionEvent::Kind::layout_conflict, to_string(message.frame()), out);
}

TimePoint Session::next_deadline() const {
  TimePoint next = TimePoint::max();
  const auto at = [&](TimePoint when) { next = std::min(next, when); };
  if (!first_frame_) at(began_ + kFirstFrame);
  if (const auto since = phone_stream_.partial_since()) at(*since + kPartialFrame);
  if (const auto since = server_stream_.partial_since()) at(*since + kPartialFrame);
  at(registered_ ? liveness_.next_deadline() : last_keepalive_ + kToRegister);
  if (register_out_) at(*register_out_ + kRegisterAnswer);
  if (token_out_) at(*token_out_ + kTokenAnswer);
  if (reset_at_) at(*reset_at_);
  for (const MediaChannel& channel : channels_.all()) {
    at(channel.look_at);
    if (channel.punch_at) at(*channel.punch_at);
    if (channel.release_at) at(*channel.release_at);
  }
  return next;
}

void Session::on_deadline(TimePoint now, Output& out) {
  const auto due = [now](TimePoint when) { return when <= now; };
  const auto stuck = [&](const FrameStream& stream) {
    return stream.partial_since() && due(*stream.partial_since() + kPartialFrame);
  };
  if (!first_frame_ && due(began_ + kFirstFrame)) end(EndReason::too_slow, "it said nothing", out);
  if (stuck(phone_stream_) || stuck(server_stream_))
    end(EndReason::bad_frame, "the rest of a message did not come", out);
  if (!registered_ && due(last_keepalive_ + kToRegister)) end(EndReason::too_slow, "it did not register", out);
  if (register_out_ && due(*register_out_ + kRegisterAnswer))
    end(EndReason::server_silent, "the call server did not answer the registration", out);
  if (registered_ && due(liveness_.next_deadline())) look_at_liveness(now, out);
  if (reset_at_ && due(*reset_at_)) look_at_reset(now, out);
  if (token_out_ && due(*token_out_ + kTokenAnswer)) {
    // chan_skinny and FreeSWITCH don't know tokens, and the phone would wait for ever (sccp §3.10).
    token_out_.reset();
    token_answered_ = true;
    const bool spcp = token_id_ == number(MessageId::spcp_register_token_req);
    constexpr std::array<std::uint8_t, 4> kFeatures{0xff, 0xff, 0, 0};
    ++counters_.answered;
    write_frame(out.to_phone, 0, number(spcp ? MessageId::spcp_register_token_ack : MessageId::register_token_ack),
                spcp ? Bytes(kFeatures) : Bytes());
  }
  std::vector<MediaId> open;
  for (const MediaChannel& channel : channels_.all())
    open.push_back(channel.ports.id);
  for (const MediaId id : open) {
    if (MediaChannel* channel = channels_.find(id)) look_at(now, *channel, out);
  }
}

void Session::look_at_liveness(TimePoint now, Output& out) {
  const Liveness::Found found = liveness_.on_deadline(now, audio(now));
  if (found.server_missed) tell(SessionEvent::Kind::keepalive_missed, "server", out);
  if (found.phone_missed) tell(SessionEvent::Kind::keepalive_missed, "phone", out);
  if (found.server_silent) end(EndReason::server_silent, "the call server did not answer three keepalives", out);
  if (found.phone_silent)
    end(EndReason::phone_silent, "nothing came from the phone for three keepalive intervals", out);
}

void Session::ask_phone(Output& out) {
  write_frame(out.to_phone, 0, number(MessageId::keep_alive_ack), {});
  ++counters_.answered;
}

void Session::on_closed(TimePoint now, ClosedBy by, Output& out) {
  ended_ = true;
  if (leaving_ && !unregistered_) tell(SessionEvent::Kind::unregistered, {}, out);  // it did not wait for the answer
  // A phone that says good-bye, or does what Reset asks, has hung up.
  const bool hung_up = leaving_ || unregistered_ || (by == ClosedBy::phone && reset_at_);
  if (!hung_up && by != ClosedBy::shutdown) preserve_calls(now, out);
  finish_all(now, MediaEnd::lost, out);
  while (!calls_.calls().empty()) {
    SessionEvent event{SessionEvent::Kind::call_over, {}, take_call(calls_.calls().front().reference), {}};
    out.events.push_back(std::move(event));
  }
}

std::vector<Call> Session::calls(TimePoint now) const {
  std::vector<Call> all = calls_.calls();
  for (const MediaChannel& channel : channels_.all()) {
    auto at = std::ranges::find(all, channel.ids.call, &Call::reference);
    if (at == all.end()) {
      if (all.empty()) continue;
      at = std::prev(all.end());
    }
    at->streams.push_back(stream_of(now, channel));
  }
  return all;
}

}  // namespace dw::sccp
