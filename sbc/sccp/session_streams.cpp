#include <algorithm>

#include "sbc/sccp/session.hpp"

// What a session does with its streams by itself: early media, silence, and the end.
namespace dw::sccp {
namespace {

using Id = MessageId;

}  // namespace

/// StartMediaTransmission in the server's stead: the phone sends, so its router lets early media in (sccp
/// §4.2).
void Session::punch(MediaChannel& channel, Output& out) {
  channel.punch_at.reset();
  if (!channel.receive || !channel.acked || channel.transmit) return;
  constexpr std::uint32_t kExpedited = 0xb8;  // ToS octet of DSCP 46
  constexpr std::size_t kFlatOctets = 116;
  constexpr std::size_t kTaggedOctets = 132;
  constexpr std::size_t kLongOctets = 168;
  constexpr std::uint32_t kFirstLongVersion = 21;
  const std::size_t octets = negotiated_ < kFirstTaggedVersion ? kFlatOctets
                             : negotiated_ < kFirstLongVersion ? kTaggedOctets
                                                               : kLongOctets;
  Draft start(Id::start_media_transmission, octets, negotiated_);
  if (!start.set_address(channel.ports.phone_facing)) return;
  start.set(channel.ids)
      .set(Field::packet_ms, channel.packet_ms)
      .set(Field::codec, channel.compression_type)
      .set(Field::precedence, kExpedited)
      .set(Field::rfc2833_type, channel.rfc2833_type)
      .write(out.to_phone, channel.header_version);
  channel.punched = true;
  ++channel.acks_of_ours;
  ++counters_.answered;
}

void Session::unpunch(MediaChannel& channel, Output& out) {
  if (!channel.punched || channel.transmit) return;
  stop_phone(channel, out);
  channel.punched = false;
}

void Session::look_at(TimePoint now, MediaChannel& channel, Output& out) {
  if (channel.punch_at && *channel.punch_at <= now) punch(channel, out);
  if (channel.release_at && *channel.release_at <= now) return finish(now, channel, MediaEnd::closed, out);
  if (channel.look_at <= now) look_at_silence(now, channel, out);
}

/// A call may be silent for as long as it likes: what comes again finds its way as before. But its ports are the first
/// to go when others are needed, and a server that never closes must not hold them for ever.
void Session::look_at_silence(TimePoint now, MediaChannel& channel, Output& out) {
  channel.look_at = now + std::min(kLookAgain, options_.media_idle);
  const MediaReport report = broker_.report(channel.ports.id);
  const TimePoint last = std::max({channel.opened, report.from_phone.heard.value_or(channel.opened),
                                   report.from_central.heard.value_or(channel.opened)});
  const bool was = channel.silent;
  channel.silent = !report.direct && now - last >= options_.media_idle;
  if (was && !channel.silent) tell(SessionEvent::Kind::media_back, to_words(now - last), out);
  if (!was && channel.silent)
    tell(SessionEvent::Kind::media_silent, "nothing has come from either side for " + to_words(now - last), out);
  if (!channel.silent || now - last < std::max(kSilentKept, options_.media_idle)) return;
  tell(SessionEvent::Kind::media_silent, "nothing has come from either side for " + to_words(now - last) + ": given up",
       out);
  finish(now, channel, MediaEnd::closed, out);
}

/// Audio that goes directly between phones is not seen, so neither side is called dead for the want of it; but a phone
/// must be heard somehow.
Liveness::Audio Session::audio(TimePoint now) const {
  Liveness::Audio audio;
  const auto lately = [now](const MediaFlow& flow) { return flow.heard && now - *flow.heard < kAudioFlows; };
  for (const MediaChannel& channel : channels_.all()) {
    const MediaReport report = broker_.report(channel.ports.id);
    audio.from_phone = audio.from_phone || lately(report.from_phone);
    audio.from_central = audio.from_central || report.direct || lately(report.from_central);
  }
  return audio;
}

bool Session::talks(TimePoint now, const MediaChannel& channel) const {
  if (channel.release_at || !channel.receive || !channel.transmit || !channel.far_end) return false;
  const MediaReport report = broker_.report(channel.ports.id);
  const auto alive = [&](const MediaFlow& flow) { return flow.heard && now - *flow.heard < options_.media_idle; };
  return !report.direct && alive(report.from_phone) && alive(report.from_central);
}

/// A phone whose call server is gone goes on talking until somebody hangs up (sccp §4.4).
void Session::preserve_calls(TimePoint now, Output& out) {
  std::vector<MediaId> ids;
  for (const MediaChannel& channel : channels_.all())
    ids.push_back(channel.ports.id);
  std::erase_if(ids, [&](MediaId id) {
    MediaChannel* const channel = channels_.find(id);
    if (talks(now, *channel)) return false;
    finish(now, *channel, MediaEnd::lost, out);
    return true;
  });
  for (const MediaId id : ids) {
    MediaChannel* const channel = channels_.find(id);
    const std::uint32_t reference = channel->ids.call;
    auto at = std::ranges::find(out.preserved, reference, [](const LostCall& lost) { return lost.call.reference; });
    if (at == out.preserved.end()) {
      LostCall lost{take_call(reference).value_or(Call{}), {}};
      lost.call.reference = reference;
      lost.call.preserved = true;
      if (lost.call.since == TimePoint{}) lost.call.since = channel->opened;
      at = out.preserved.insert(out.preserved.end(), std::move(lost));
    }
    at->live.push_back(stream_of(now, *channel));
    channels_.remove(*channel);
  }
}

void Session::note_both(TimePoint now, MediaChannel& channel) {
  const bool both = channel.receive && channel.acked && channel.transmit && channel.far_end;
  if (both && !channel.both_since) channel.both_since = now;
  if (!both && channel.both_since) {
    channel.both_before += now - *channel.both_since;
    channel.both_since.reset();
  }
}

void Session::finish_if_closed(TimePoint now, MediaChannel& channel, Output& out) {
  if (!channel.receive && !channel.transmit) finish(now, channel, MediaEnd::closed, out);
}

CallStream Session::stream_of(TimePoint now, const MediaChannel& channel) const {
  CallStream stream;
  stream.kind = channel.kind;
  stream.compression_type = channel.compression_type;
  stream.phone_stated = channel.phone_stated;
  stream.ports = channel.ports;
  stream.far_end = channel.far_end;
  stream.report = broker_.report(channel.ports.id);
  if (!stream.far_end) stream.far_end = stream.report.far_end;
  stream.both_open = channel.both_before + (channel.both_since ? now - *channel.both_since : Duration{});
  return stream;
}

void Session::finish(TimePoint now, MediaChannel& channel, MediaEnd how, Output& out) {
  const std::uint32_t call = channel.ids.call;
  if (reset_at_) reset_at_ = now + kResetGrace;
  calls_.add_stream(call, stream_of(now, channel));
  broker_.close(channel.ports.id, how);
  channels_.remove(channel);
  end_call_if_over(call, out);
}

void Session::finish_all(TimePoint now, MediaEnd how, Output& out) {
  while (!channels_.all().empty())
    finish(now, channels_.all().back(), how, out);
}

/// A call is told as over once its media is, so that all of that is known.
void Session::end_call_if_over(std::uint32_t reference, Output& out) {
  const auto call = std::ranges::find(calls_.calls(), reference, &Call::reference);
  if (call == calls_.calls().end() || !call->over) return;
  const auto of_call = [&](const MediaChannel& channel) { return channel.ids.call == reference; };
  if (std::ranges::any_of(channels_.all(), of_call)) return;
  out.events.push_back({SessionEvent::Kind::call_over, {}, take_call(reference), {}});
}

}  // namespace dw::sccp
