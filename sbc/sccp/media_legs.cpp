#include "sbc/sccp/media_legs.hpp"

#include <algorithm>

#include "sbc/sccp/payload_formats.hpp"

namespace dw::sccp {
namespace {

using Id = MessageId;

/// Of an Ack's status, as these servers understand it (sccp §4.4).
enum AckStatus : std::uint32_t { kOk = 0, kNotEnoughChannels = 2, kOutOfSockets = 8 };

}  // namespace

bool MediaLegs::on_phone(TimePoint now, const Message& message, Output& out) {
  switch (static_cast<Id>(message.frame().id)) {
    case Id::open_receive_channel_ack:
      on_receive_ack(now, message, MediaKind::audio, out);
      return true;
    case Id::open_multi_media_receive_channel_ack:
      on_receive_ack(now, message, MediaKind::video, out);
      return true;
    case Id::start_media_transmission_ack:
      on_transmission_ack(message, MediaKind::audio, out);
      return true;
    case Id::start_multi_media_transmission_ack:
      on_transmission_ack(message, MediaKind::video, out);
      return true;
    case Id::port_res:
      on_port_res(now, message, out);
      return true;
    default:
      return false;
  }
}

bool MediaLegs::on_server(TimePoint now, const Message& message, Output& out) {
  switch (static_cast<Id>(message.frame().id)) {
    case Id::open_receive_channel:
      on_open_receive(now, message, MediaKind::audio, out);
      return true;
    case Id::open_multi_media_receive_channel:
      on_open_receive(now, message, MediaKind::video, out);
      return true;
    case Id::start_media_transmission:
      on_start_transmission(now, message, MediaKind::audio, out);
      return true;
    case Id::start_multi_media_transmission:
      on_start_transmission(now, message, MediaKind::video, out);
      return true;
    case Id::close_receive_channel:
      on_close_receive(now, message, MediaKind::audio, out);
      return true;
    case Id::close_multi_media_receive_channel:
      on_close_receive(now, message, MediaKind::video, out);
      return true;
    case Id::stop_media_transmission:
      on_stop_transmission(now, message, MediaKind::audio, out);
      return true;
    case Id::stop_multi_media_transmission:
      on_stop_transmission(now, message, MediaKind::video, out);
      return true;
    case Id::port_req:
      on_port_req(now, message, out);
      return true;
    case Id::port_close:
      on_port_close(now, message, out);
      return true;
    default:
      return false;
  }
}

MutableBytes MediaLegs::pass(Buffer& to, const Message& message) {
  if (message.layout().empty()) return forwarder_.pass(to, message, StandIns());
  return forwarder_.pass(to, message, stand_ins(find_channel(message.ids())));
}

MediaChannel* MediaLegs::find_channel(const ChannelIds& ids) {
  MediaChannel* const audio = channels_.find(MediaKind::audio, ids);
  return audio ? audio : channels_.find(MediaKind::video, ids);
}

StandIns MediaLegs::stand_ins(const MediaChannel* channel) const {
  StandIns ours;
  if (sides_.server) ours[AddressRole::station] = Endpoint{sides_.server->advertised, 0};
  ours[AddressRole::server] = sides_.phone.advertised;
  if (!channel) return ours;
  ours[AddressRole::media_local] = channel->ports.central_facing;
  ours[AddressRole::media_source] = channel->ports.phone_facing;
  ours[AddressRole::media_echo] = channel->far_end;
  if (channel->far_end) ours[AddressRole::media_remote] = channel->remote;
  return ours;
}

MediaChannel* MediaLegs::open_channel(TimePoint now, MediaKind kind, const ChannelIds& ids, std::uint32_t& status,
                                      Output& out) {
  status = kOk;
  if (MediaChannel* known = channels_.find(kind, ids, Lookup::open)) {
    known->learn(ids);
    known->release_at.reset();
    broker_.reopen(known->ports.id);
    return known;
  }
  if (channels_.all().size() == MediaChannels::kMaxChannels) make_room(now, ids.call, out);
  if (channels_.all().size() == MediaChannels::kMaxChannels) {
    status = kNotEnoughChannels;
    ++counters_.no_media;
    out.report(SessionEvent::Kind::no_media, "the phone has as many media channels as one may have");
    return nullptr;
  }
  const auto ports = broker_.open({sides_.phone.phone.address, sides_.phone.local, sides_.server->local,
                                   sides_.server->server.address, registration_.stated(), options_.call_servers});
  if (!ports) {
    status = kOutOfSockets;
    ++counters_.no_media;
    out.no_ports = true;
    out.report(SessionEvent::Kind::no_media, ports.error().text);
    return nullptr;
  }
  MediaChannel* channel = channels_.add(kind, ids);
  channel->ports = *ports;
  channel->opened = now;
  channel->look_at = now + std::min(kLookAgain, options_.media_idle);
  calls_.on_media(now, ids.call);
  return channel;
}

bool MediaLegs::is_emergency_call(std::uint32_t reference) const {
  const auto call = std::ranges::find(calls_.calls(), reference, &TrackedCall::reference);
  return call != calls_.calls().end() && call->way != Call::Way::incoming && calls_for_help(*call, options_.emergency);
}

/// Closes a silent channel. When there is none and this is a call for help, the oldest channel of another call.
void MediaLegs::make_room(TimePoint now, std::uint32_t call, Output& out) {
  auto at = std::ranges::find_if(channels_.all(), &MediaChannel::silent);
  if (at == channels_.all().end() && is_emergency_call(call))
    at = std::ranges::find_if(channels_.all(), [&](const MediaChannel& c) { return c.ids.call != call; });
  if (at == channels_.all().end()) return;
  out.report(SessionEvent::Kind::media_silent,
             at->silent ? "another call needed its place: given up" : "a call for help needed its place: given up");
  finish(now, *at, MediaEnd::closed);
}

void MediaLegs::give_up_silent(TimePoint now, Output& out) {
  for (auto at = channels_.all().begin(); at != channels_.all().end();) {
    if (!at->silent) {
      ++at;
      continue;
    }
    out.report(SessionEvent::Kind::media_silent, "another call needed its ports: given up");
    finish(now, *at, MediaEnd::closed);
    at = channels_.all().begin();
  }
}

/// Answers in place of the phone: it can't receive.
void MediaLegs::refuse_receive(const Message& message, MediaKind kind, std::uint32_t status, Output& out) {
  constexpr std::size_t kFlatOctets = 20;
  constexpr std::size_t kTaggedOctets = 36;
  const Id id = kind == MediaKind::audio ? Id::open_receive_channel_ack : Id::open_multi_media_receive_channel_ack;
  Draft ack(id, registration_.version() >= kFirstTaggedVersion ? kTaggedOctets : kFlatOctets);
  ack.set(Field::status, status).set(message.ids());
  forwarder_.send(out.to_server, ack, message.frame().version);
}

void MediaLegs::on_open_receive(TimePoint now, const Message& message, MediaKind kind, Output& out) {
  std::uint32_t status = kOk;
  MediaChannel* channel = open_channel(now, kind, message.ids(), status, out);
  if (!channel) return refuse_receive(message, kind, status, out);
  channel->receive = true;
  channel->acked = false;
  channel->compression_type = message.read(Field::codec);
  channel->packet_ms = message.read(Field::packet_ms);
  channel->rfc2833_type = message.read(Field::rfc2833_type);
  channel->encrypted = message.read(Field::encryption) != 0;
  channel->header_version = message.frame().version;
  channel->note_both(now);
  set_formats(*channel);
  forwarder_.pass(out.to_phone, message, stand_ins(channel));
  MediaSources sources;
  const IpAddress source = message.address().address;
  if (source && !source.is_unspecified()) sources.named.push_back(source);
  // Music on hold often comes from a node that no message names.
  sources.first_comer = sources.named.empty();
  broker_.set_sources(channel->ports.id, sources);
}

void MediaLegs::set_formats(const MediaChannel& channel) {
  const auto formats = payload_formats(channel.kind, channel.compression_type, channel.rfc2833_type);
  for (const MediaSide toward : {MediaSide::phone, MediaSide::central})
    broker_.set_formats(channel.ports.id, toward, formats);
}

void MediaLegs::on_port_req(TimePoint now, const Message& message, Output& out) {
  const MediaKind kind = message.read(Field::media_type) == 0 ? MediaKind::audio : MediaKind::video;
  std::uint32_t status = kOk;
  MediaChannel* channel = open_channel(now, kind, message.ids(), status, out);
  if (!channel) return;  // the server gives up waiting for PortRes
  channel->receive = true;
  pass(out.to_phone, message);
}

void MediaLegs::on_receive_ack(TimePoint now, const Message& message, MediaKind kind, Output& out) {
  const ChannelIds ids = message.ids();
  const bool failed = message.read(Field::status) != kOk;
  MediaChannel* channel = channels_.find(kind, ids, Lookup::ack);
  const bool names_an_address = message.layout().count != 0;
  StandIns ours;
  if (!channel || failed || !names_an_address) {
    if (!failed) ours[AddressRole::media_local] = channels_.removed_lately(kind, ids);
    forwarder_.pass(out.to_server, message, ours);
    if (channel && names_an_address) {
      channel->receive = false;
      channel->note_both(now);
      finish_if_closed(now, *channel);
    }
    return;
  }
  channel->learn(ids);
  ask_ports(*channel);
  forwarder_.pass(out.to_server, message, stand_ins(channel));
  const Endpoint stated = message.address();
  acked(now, *channel, stated);
  out.events.push_back({SessionEvent::Kind::receives, {}, nullptr, stated});
}

void MediaLegs::on_port_res(TimePoint now, const Message& message, Output& out) {
  MediaChannel* channel = find_channel(message.ids());
  if (channel) ask_ports(*channel);
  StandIns ours = stand_ins(channel);
  const Endpoint stated = message.address();
  const bool no_port = !stated.address || stated.address.is_unspecified();
  if (no_port) ours[AddressRole::media_local].reset();
  MutableBytes payload = forwarder_.pass(out.to_server, message, ours);
  if (!channel || no_port) return;
  const AddressField& field = message.layout().fields[0];
  const auto& outside = channel->ports.central_rtcp;
  if (outside && outside->address == channel->ports.central_facing.address)
    write_u32(payload, field.rtcp_port, outside->port);
  acked(now, *channel, stated);
  const std::uint32_t rtcp = read_u32(message.frame().payload, field.rtcp_port);
  if (rtcp != 0 && rtcp <= 65535)
    broker_.set_rtcp(channel->ports.id, MediaSide::phone, Endpoint{stated.address, static_cast<std::uint16_t>(rtcp)});
  out.events.push_back({SessionEvent::Kind::receives, {}, nullptr, stated});
  channel->punch_at.reset();  // OpenReceiveChannel is still to come
}

/// A router may have another address than when the stream was opened.
void MediaLegs::ask_ports(MediaChannel& channel) {
  const MediaPorts ports = broker_.ports(channel.ports.id);
  if (ports.id != MediaId::none) channel.ports = ports;
}

void MediaLegs::acked(TimePoint now, MediaChannel& channel, const Endpoint& stated) {
  channel.acked = true;
  channel.phone_stated = stated;
  broker_.set_phone_stated(channel.ports.id, stated);
  channel.note_both(now);
  const bool behind_router = stated.address != sides_.phone.phone.address;
  if (behind_router && !channel.transmit && !channel.punched && !channel.encrypted && channel.kind == MediaKind::audio)
    channel.punch_at = now + kPunchAfter;
}

bool MediaLegs::far_end_usable(const MediaChannel& channel, const Endpoint& far_end) const {
  const IpAddress& a = far_end.address;
  if (!a || a.is_multicast() || a.is_broadcast()) return false;
  if (a.is_loopback() && !sides_.server->server.address.is_loopback()) return false;
  return far_end != channel.ports.central_facing && far_end != channel.ports.phone_facing;
}

void MediaLegs::on_start_transmission(TimePoint now, const Message& message, MediaKind kind, Output& out) {
  if (message.layout().count == 0) return forwarder_.drop(message, "it is too short to say where to send", out);
  std::uint32_t status = kOk;
  MediaChannel* channel = open_channel(now, kind, message.ids(), status, out);
  if (!channel) return forwarder_.drop(message, "there is no relayed stream for it", out);
  const Endpoint far_end = message.address();
  const bool nowhere = far_end.port == 0 || far_end.address.is_unspecified();
  if (!far_end_usable(*channel, far_end) && !(far_end.address && nowhere)) {
    // The phone must not go on with the far end that it had.
    stop_phone(*channel, out);
    send_nowhere(now, *channel);
    forwarder_.drop(message, far_end.to_string() + " is nowhere to send to", out);
    return finish_if_closed(now, *channel);
  }
  channel->transmit = true;
  channel->punched = false;
  channel->punch_at.reset();
  channel->compression_type = message.read(Field::codec);
  if (const auto ms = message.read(Field::packet_ms)) channel->packet_ms = ms;
  if (const auto type = message.read(Field::rfc2833_type)) channel->rfc2833_type = type;
  set_formats(*channel);
  constexpr std::uint32_t kOctet = 0xff;
  const std::uint32_t precedence = message.read(Field::precedence);
  if (precedence != 0 && precedence <= kOctet)
    broker_.set_tos(channel->ports.id, static_cast<std::uint8_t>(precedence));
  if (nowhere) {
    // Hold: it says no address, so it may pass; a real one beside port 0 may not.
    channel->far_end.reset();
    broker_.set_far_end(channel->ports.id, std::nullopt);
  } else {
    channel->far_end = far_end;
    channel->remote = broker_.set_far_end(channel->ports.id, far_end);
  }
  channel->note_both(now);
  forwarder_.pass(out.to_phone, message, stand_ins(channel));
}

/// The server has withdrawn the far end, or named one that nobody may send to.
void MediaLegs::send_nowhere(TimePoint now, MediaChannel& channel) {
  channel.transmit = channel.punched = false;
  channel.far_end.reset();
  broker_.set_far_end(channel.ports.id, std::nullopt);
  channel.note_both(now);
}

/// Sends StopMediaTransmission in place of the server, when the phone may be sending.
void MediaLegs::stop_phone(MediaChannel& channel, Output& out) {
  constexpr std::size_t kOctets = 16;
  if (!channel.transmit && !channel.punched) return;
  const Id id = channel.kind == MediaKind::audio ? Id::stop_media_transmission : Id::stop_multi_media_transmission;
  forwarder_.send(out.to_phone, Draft(id, kOctets).set(channel.ids), channel.header_version);
}

/// Some phones say only the call reference.
void MediaLegs::on_transmission_ack(const Message& message, MediaKind kind, Output& out) {
  const ChannelIds ids = message.ids();
  MediaChannel* channel = channels_.find(kind, ids);
  if (channel && channel->acks_of_ours != 0) {
    --channel->acks_of_ours;
    return;
  }
  StandIns ours = stand_ins(channel);
  if (!channel) ours[AddressRole::media_local] = channels_.removed_lately(kind, ids);
  forwarder_.pass(out.to_server, message, ours);
}

void MediaLegs::on_close_receive(TimePoint now, const Message& message, MediaKind kind, Output& out) {
  MediaChannel* channel = channels_.find(kind, message.ids());
  if (channel) unpunch(*channel, out);
  pass(out.to_phone, message);
  if (channel) close_receive(now, *channel);
}

void MediaLegs::close_receive(TimePoint now, MediaChannel& channel) {
  channel.receive = channel.acked = false;
  channel.punch_at.reset();
  channel.note_both(now);
  finish_if_closed(now, channel);
}

/// It comes after CloseReceiveChannel, or in its place when PortReq was all.
void MediaLegs::on_port_close(TimePoint now, const Message& message, Output& out) {
  pass(out.to_phone, message);
  if (MediaChannel* const channel = find_channel(message.ids())) close_receive(now, *channel);
}

void MediaLegs::on_stop_transmission(TimePoint now, const Message& message, MediaKind kind, Output& out) {
  pass(out.to_phone, message);
  MediaChannel* channel = channels_.find(kind, message.ids());
  if (!channel) return;
  send_nowhere(now, *channel);
  finish_if_closed(now, *channel);
}

}  // namespace dw::sccp
