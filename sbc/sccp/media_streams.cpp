#include <algorithm>
#include <utility>

#include "sbc/sccp/media_legs.hpp"

// What happens to streams without a message: early media, silence, and the end.
namespace dw::sccp {
namespace {

using Id = MessageId;

}  // namespace

/// Sends StartMediaTransmission in place of the server: the phone sends, so its router lets early media in (sccp §4.2).
void MediaLegs::punch(MediaChannel& channel, Output& out) {
  channel.punch_at.reset();
  if (!channel.receive || !channel.acked || channel.transmit) return;
  constexpr std::uint32_t kExpedited = 0xb8;  // ToS octet of DSCP 46
  constexpr std::size_t kFlatOctets = 116;
  constexpr std::size_t kTaggedOctets = 132;
  constexpr std::size_t kLongOctets = 168;
  constexpr std::uint32_t kFirstLongVersion = 21;
  const std::size_t octets = registration_.version() < kFirstTaggedVersion ? kFlatOctets
                             : registration_.version() < kFirstLongVersion ? kTaggedOctets
                                                                           : kLongOctets;
  Draft start(Id::start_media_transmission, octets, registration_.version());
  if (!start.set_address(channel.ports.phone_facing)) return;
  start.set(channel.ids)
      .set(Field::packet_ms, channel.packet_ms)
      .set(Field::codec, channel.compression_type)
      .set(Field::precedence, kExpedited)
      .set(Field::rfc2833_type, channel.rfc2833_type);
  forwarder_.send(out.to_phone, start, channel.header_version);
  channel.punched = true;
  ++channel.acks_of_ours;
}

void MediaLegs::unpunch(MediaChannel& channel, Output& out) {
  if (!channel.punched || channel.transmit) return;
  stop_phone(channel, out);
  channel.punched = false;
}

void MediaLegs::look_at(TimePoint now, MediaChannel& channel, Output& out) {
  if (channel.punch_at && *channel.punch_at <= now) punch(channel, out);
  if (channel.release_at && *channel.release_at <= now) return finish(now, channel, MediaEnd::closed);
  if (channel.look_at <= now) look_at_silence(now, channel, out);
}

/// A call may be silent for any time, and what comes again passes as before. But its ports are the first to be taken
/// when others are needed, and a server that never closes must not hold them for ever.
void MediaLegs::look_at_silence(TimePoint now, MediaChannel& channel, Output& out) {
  channel.look_at = now + std::min(kLookAgain, options_.media_idle);
  const MediaReport report = broker_.report(channel.ports.id);
  const TimePoint last = std::max({channel.opened, report.from_phone.heard.value_or(channel.opened),
                                   report.from_central.heard.value_or(channel.opened)});
  const bool was = channel.silent;
  channel.silent = !report.direct && now - last >= options_.media_idle;
  if (was && !channel.silent) out.report(SessionEvent::Kind::media_back, to_words(now - last));
  if (!was && channel.silent)
    out.report(SessionEvent::Kind::media_silent, "nothing has come from either side for " + to_words(now - last));
  if (!channel.silent || now - last < std::max(kSilentKept, options_.media_idle)) return;
  out.report(SessionEvent::Kind::media_silent,
             "nothing has come from either side for " + to_words(now - last) + ": given up");
  finish(now, channel, MediaEnd::closed);
}

/// Audio that goes directly between phones is not seen here, so its absence proves nothing about the central side.
Liveness::Audio MediaLegs::audio(TimePoint now) const {
  Liveness::Audio audio;
  const auto lately = [now](const MediaFlow& flow) { return flow.heard && now - *flow.heard < kAudioFlows; };
  for (const MediaChannel& channel : channels_.all()) {
    const MediaReport report = broker_.report(channel.ports.id);
    audio.from_phone = audio.from_phone || lately(report.from_phone);
    audio.from_central = audio.from_central || report.direct || lately(report.from_central);
  }
  return audio;
}

bool MediaLegs::talks(TimePoint now, const MediaChannel& channel) const {
  if (channel.release_at || !channel.receive || !channel.transmit || !channel.far_end) return false;
  const MediaReport report = broker_.report(channel.ports.id);
  const auto alive = [&](const MediaFlow& flow) { return flow.heard && now - *flow.heard < options_.media_idle; };
  return !report.direct && alive(report.from_phone) && alive(report.from_central);
}

std::vector<MediaId> MediaLegs::ids() const {
  std::vector<MediaId> ids;
  for (const MediaChannel& channel : channels_.all())
    ids.push_back(channel.ports.id);
  return ids;
}

void MediaLegs::on_call_over(TimePoint now, std::uint32_t call) {
  for (MediaChannel& channel : channels_.all()) {
    if (channel.ids.call == call) channel.release_at = now + kAfterCall;
  }
}

TimePoint MediaLegs::next_deadline() const {
  TimePoint next = TimePoint::max();
  for (const MediaChannel& channel : channels_.all())
    next = std::min({next, channel.look_at, channel.punch_at.value_or(next), channel.release_at.value_or(next)});
  return next;
}

void MediaLegs::on_deadline(TimePoint now, Output& out) {
  for (const MediaId id : ids()) {
    if (MediaChannel* const channel = channels_.find(id)) look_at(now, *channel, out);
  }
}

void MediaLegs::finish_idle(TimePoint now) {
  for (const MediaId id : ids()) {
    MediaChannel* const channel = channels_.find(id);
    if (!talks(now, *channel)) finish(now, *channel, MediaEnd::lost);
  }
}

std::vector<MediaLegs::Live> MediaLegs::take_all(TimePoint now) {
  std::vector<Live> live;
  while (!channels_.all().empty()) {
    MediaChannel& channel = channels_.all().front();
    broker_.settle(channel.ports.id);
    live.push_back({channel.ids.call, channel.opened, stream_of(now, channel)});
    channels_.remove(channel);
  }
  return live;
}

std::vector<std::uint32_t> MediaLegs::take_finished() {
  return std::exchange(finished_, {});
}

bool MediaLegs::has_call(std::uint32_t call) const {
  return std::ranges::any_of(channels_.all(), [call](const MediaChannel& channel) { return channel.ids.call == call; });
}

void MediaLegs::add_streams(TimePoint now, std::vector<Call>& calls) const {
  for (const MediaChannel& channel : channels_.all()) {
    auto at = std::ranges::find(calls, channel.ids.call, &Call::reference);
    if (at == calls.end()) {
      if (calls.empty()) continue;
      at = std::prev(calls.end());
    }
    at->streams.push_back(stream_of(now, channel));
  }
}

void MediaLegs::finish_if_closed(TimePoint now, MediaChannel& channel) {
  if (!channel.receive && !channel.transmit) finish(now, channel, MediaEnd::closed);
}

CallStream MediaLegs::stream_of(TimePoint now, const MediaChannel& channel) const {
  CallStream stream;
  stream.codec = codec_name(channel.compression_type);
  stream.phone_stated = channel.phone_stated;
  stream.ports = channel.ports;
  stream.far_end = channel.far_end;
  stream.media = broker_.report(channel.ports.id);
  if (!stream.far_end) stream.far_end = stream.media.far_end;
  stream.both_open = channel.both_before + (channel.both_since ? now - *channel.both_since : Duration{});
  return stream;
}

void MediaLegs::finish(TimePoint now, MediaChannel& channel, MediaEnd how) {
  finished_.push_back(channel.ids.call);
  broker_.settle(channel.ports.id);
  calls_.add_stream(channel.ids.call, stream_of(now, channel));
  broker_.close(channel.ports.id, how);
  channels_.remove(channel);
}

void MediaLegs::finish_all(TimePoint now, MediaEnd how) {
  while (!channels_.all().empty())
    finish(now, channels_.all().back(), how);
}

}  // namespace dw::sccp
