#include <algorithm>

#include "sbc/base/byte_writer.hpp"
#include "sbc/sccp/address_fields.hpp"
#include "sbc/sccp/message_id.hpp"
#include "sbc/sccp/payload_formats.hpp"
#include "sbc/sccp/session.hpp"

// What a session does with the messages that open, confirm and close media (sccp §4).
namespace dw::sccp {
namespace {

using Id = MessageId;

/// Of an Ack's status, as these servers understand it (sccp §4.4).
enum AckStatus : std::uint32_t { kOk = 0, kNotEnoughChannels = 2, kOutOfSockets = 8 };

/// Where a message that opens or confirms media says what.
struct OpenReceive {
  ChannelIds ids;
  std::uint32_t packet_ms = 0, compression_type = 0, rfc2833_type = 0;
  bool encrypted = false;
};

// OpenReceiveChannel: conf@0, ppid@4, ms@8, codec@12, callRef@24, encryption@28, RFC 2833 type@84. The one
// for video: conf@0, ppid@4, codec@8, line@12, callRef@16.
OpenReceive read_open_receive(Bytes payload, MediaKind kind) {
  OpenReceive open;
  open.ids = {read_u32(payload, 0), read_u32(payload, 4), read_u32(payload, kind == MediaKind::audio ? 24 : 16)};
  open.compression_type = read_u32(payload, kind == MediaKind::audio ? 12 : 8);
  if (kind == MediaKind::audio) {
    open.packet_ms = read_u32(payload, 8);
    open.encrypted = read_u32(payload, 28) != 0;
    open.rfc2833_type = read_u32(payload, 84);
  }
  return open;
}

// StartMediaTransmission: conf@0, ppid@4, address@8; behind it, at 16 or 32: ms, codec, precedence, …,
// callRef 24 further. The one for video: codec@8, address@12; behind it, at 20 or 36: callRef.
struct StartTransmission {
  ChannelIds ids;
  std::uint32_t packet_ms = 0, compression_type = 0, precedence = 0, rfc2833_type = 0;
};
StartTransmission read_start_transmission(Bytes payload, MediaKind kind, bool tagged) {
  StartTransmission start;
  start.ids = {read_u32(payload, 0), read_u32(payload, 4), 0};
  if (kind == MediaKind::video) {
    start.compression_type = read_u32(payload, 8);
    start.ids.call = read_u32(payload, tagged ? 36 : 20);
    return start;
  }
  const std::size_t behind = tagged ? 32 : 16;
  start.packet_ms = read_u32(payload, behind);
  start.compression_type = read_u32(payload, behind + 4);
  start.precedence = read_u32(payload, behind + 8);
  start.ids.call = read_u32(payload, behind + 24);
  start.rfc2833_type = read_u32(payload, tagged ? 116 : 100);
  return start;
}

/// Of CloseReceiveChannel, StopMediaTransmission and their video forms; short ones say less.
ChannelIds read_closing(Bytes payload) {
  return {read_u32(payload, 0), read_u32(payload, 4), read_u32(payload, 8)};
}

/// An endpoint of ours, or 0.0.0.0:0 when there is none or the form can't carry it.
void write_ours(MutableBytes payload, const AddressField& field, const std::optional<Endpoint>& ours) {
  if (!ours || !write_field(payload, field, *ours)) write_field(payload, field, {IpAddress::v4(0), 0});
}

void learn_ids(MediaChannel& channel, const ChannelIds& ids) {
  if (ids.conference != 0) channel.ids.conference = ids.conference;
  if (ids.party != 0) channel.ids.party = ids.party;
  if (ids.call != 0) channel.ids.call = ids.call;
}

}  // namespace

/// Conflicts of version and length are counted and told: they are what a wrong guess would look like.
std::optional<AddressLayout> Session::layout_of(const Frame& frame, Direction direction, Output& out) {
  auto layout = address_layout(frame, direction, negotiated_);
  if (layout && layout->conflict) {
    ++counters_.layout_conflicts;
    tell(SessionEvent::Kind::layout_conflict, to_string(frame), out);
  }
  return layout;
}

MediaChannel* Session::open_channel(TimePoint now, MediaKind kind, const ChannelIds& ids, std::uint32_t& status,
                                    Output& out) {
  status = kOk;
  if (MediaChannel* known = channels_.find(kind, ids, Lookup::open)) {
    learn_ids(*known, ids);
    known->release_at.reset();
    broker_.reopen(known->ports.id);
    return known;
  }
  if (channels_.all().size() == MediaChannels::kMaxChannels) make_room(now, ids.call, out);
  if (channels_.all().size() == MediaChannels::kMaxChannels) {
    status = kNotEnoughChannels;
    ++counters_.no_media;
    tell(SessionEvent::Kind::no_media, "the phone has as many media channels as one may have", out);
    return nullptr;
  }
  const auto ports = broker_.open(
      {side_.phone.address, side_.local, server_->local, server_->server.address, stated_, options_.call_servers});
  if (!ports) {
    status = kOutOfSockets;
    ++counters_.no_media;
    out.no_ports = true;
    tell(SessionEvent::Kind::no_media, ports.error().text, out);
    return nullptr;
  }
  MediaChannel* channel = channels_.add(kind, ids);
  channel->ports = *ports;
  channel->opened = now;
  channel->look_at = now + std::min(kLookAgain, options_.media_idle);
  calls_.on_media(now, ids.call);
  return channel;
}

bool Session::is_emergency_call(std::uint32_t reference) const {
  const auto call = std::ranges::find(calls_.calls(), reference, &Call::reference);
  return call != calls_.calls().end() && call->way != Call::Way::incoming && calls_for_help(*call);
}

/// Gives up a silent channel; for a call for help, else the oldest of another call.
void Session::make_room(TimePoint now, std::uint32_t call, Output& out) {
  auto at = std::ranges::find_if(channels_.all(), &MediaChannel::silent);
  if (at == channels_.all().end() && is_emergency_call(call))
    at = std::ranges::find_if(channels_.all(), [&](const MediaChannel& c) { return c.ids.call != call; });
  if (at == channels_.all().end()) return;
  tell(SessionEvent::Kind::media_silent,
       at->silent ? "another call needed its place: given up" : "a call for help needed its place: given up", out);
  finish(now, *at, MediaEnd::closed, out);
}

void Session::give_up_silent(TimePoint now, Output& out) {
  for (auto at = channels_.all().begin(); at != channels_.all().end();) {
    if (!at->silent) {
      ++at;
      continue;
    }
    tell(SessionEvent::Kind::media_silent, "another call needed its ports: given up", out);
    finish(now, *at, MediaEnd::closed, out);
    at = channels_.all().begin();
  }
}

/// In the phone's stead: it can't receive.
void Session::refuse_receive(const Frame& frame, MediaKind kind, const ChannelIds& ids, std::uint32_t status,
                             Output& out) {
  Buffer payload;
  ByteWriter writer(payload);
  writer.u32le(status);
  const std::size_t address_and_port = negotiated_ >= kFirstTaggedVersion ? 24 : 8;
  payload.resize(payload.size() + address_and_port);
  writer.u32le(ids.party);
  writer.u32le(ids.call);
  answer(out.to_server, frame,
         number(kind == MediaKind::audio ? Id::open_receive_channel_ack : Id::open_multi_media_receive_channel_ack),
         payload);
}

void Session::on_open_receive(TimePoint now, const Frame& frame, MediaKind kind, Output& out) {
  const OpenReceive open = read_open_receive(frame.payload, kind);
  std::uint32_t status = kOk;
  MediaChannel* channel = open_channel(now, kind, open.ids, status, out);
  if (!channel) return refuse_receive(frame, kind, open.ids, status, out);
  channel->receive = true;
  channel->acked = false;
  channel->compression_type = open.compression_type;
  channel->packet_ms = open.packet_ms;
  channel->rfc2833_type = open.rfc2833_type;
  channel->encrypted = open.encrypted;
  channel->header_version = frame.version;
  note_both(now, *channel);
  tell_formats(*channel);
  MutableBytes payload = pass(out.to_phone, frame);
  const auto layout = layout_of(frame, Direction::from_server, out);
  MediaSources sources;
  if (layout) {
    for (const AddressField& field : *layout) {
      const Endpoint source = read_field(frame.payload, field);
      if (!source.address || source.address.is_unspecified()) continue;
      sources.named.push_back(source.address);
      if (write_field(payload, field, channel->ports.phone_facing)) ++counters_.rewritten;
    }
  }
  // Music on hold often comes from a node that no message names.
  sources.first_comer = sources.named.empty();
  broker_.set_sources(channel->ports.id, sources);
  if (!layout) return;
  if (layout->requested_type != AddressField::kNone) write_u32(payload, layout->requested_type, 0);
}

void Session::tell_formats(const MediaChannel& channel) {
  const auto formats = payload_formats(channel.kind, channel.compression_type, channel.rfc2833_type);
  for (const MediaSide toward : {MediaSide::phone, MediaSide::central})
    broker_.set_formats(channel.ports.id, toward, formats);
}

// PortReq: conf@0, callRef@4, ppid@8, address type@16, media type@20 (0 audio, 1 and 2 video).
void Session::on_port_req(TimePoint now, const Frame& frame, Output& out) {
  const ChannelIds ids{read_u32(frame.payload, 0), read_u32(frame.payload, 8), read_u32(frame.payload, 4)};
  const MediaKind kind = read_u32(frame.payload, 20) == 0 ? MediaKind::audio : MediaKind::video;
  std::uint32_t status = kOk;
  MediaChannel* channel = open_channel(now, kind, ids, status, out);
  if (!channel) return;  // the server gives up waiting for PortRes
  channel->receive = true;
  MutableBytes payload = pass(out.to_phone, frame);
  if (const auto layout = layout_of(frame, Direction::from_server, out)) write_u32(payload, layout->requested_type, 0);
}

// OpenReceiveChannelAck: status@0, address@4; behind it: ppid, callRef (absent in the shortest).
void Session::on_receive_ack(TimePoint now, const Frame& frame, MediaKind kind, Output& out) {
  MutableBytes payload = pass(out.to_server, frame);
  const auto layout = layout_of(frame, Direction::from_phone, out);
  if (!layout) return;
  const AddressField& field = layout->fields[0];
  const std::size_t behind = field.port + 4U;
  const ChannelIds ids{0, read_u32(frame.payload, behind), read_u32(frame.payload, behind + 4)};
  ++counters_.rewritten;
  MediaChannel* channel = channels_.find(kind, ids, Lookup::ack);
  const bool failed = read_u32(frame.payload, 0) != kOk;
  if (!channel || failed) {
    // The phone's own address is nobody's business.
    write_ours(payload, field, failed ? std::nullopt : channels_.removed_lately(kind, ids));
    if (channel) {
      channel->receive = false;
      note_both(now, *channel);
      finish_if_closed(now, *channel, out);
    }
    return;
  }
  learn_ids(*channel, ids);
  ask_ports(*channel);
  write_ours(payload, field, channel->ports.central_facing);
  const Endpoint stated = read_field(frame.payload, field);
  acked(now, *channel, stated);
  out.events.push_back({SessionEvent::Kind::receives, {}, std::nullopt, stated});
}

// PortRes: conf@0, callRef@4, ppid@8, address@12, RTP port, RTCP port.
void Session::on_port_res(TimePoint now, const Frame& frame, Output& out) {
  MutableBytes payload = pass(out.to_server, frame);
  const auto layout = layout_of(frame, Direction::from_phone, out);
  if (!layout) return;
  const AddressField& field = layout->fields[0];
  const ChannelIds ids{read_u32(frame.payload, 0), read_u32(frame.payload, 8), read_u32(frame.payload, 4)};
  MediaChannel* channel = channels_.find(MediaKind::audio, ids);
  if (!channel) channel = channels_.find(MediaKind::video, ids);
  const Endpoint stated = read_field(frame.payload, field);
  ++counters_.rewritten;
  if (channel) ask_ports(*channel);
  if (!channel || !stated.address || stated.address.is_unspecified() ||
      !write_field(payload, field, channel->ports.central_facing)) {
    write_field(payload, field, {IpAddress::v4(0), 0});
    return;
  }
  const auto& outside = channel->ports.central_rtcp;
  if (outside && outside->address == channel->ports.central_facing.address)
    write_u32(payload, field.rtcp_port, outside->port);
  acked(now, *channel, stated);
  const std::uint32_t rtcp = read_u32(frame.payload, field.port + 4U);
  if (rtcp != 0 && rtcp <= 65535)
    broker_.set_rtcp(channel->ports.id, MediaSide::phone, Endpoint{stated.address, static_cast<std::uint16_t>(rtcp)});
  out.events.push_back({SessionEvent::Kind::receives, {}, std::nullopt, stated});
  channel->punch_at.reset();  // OpenReceiveChannel is still to come
}

/// A router may have another address than when the stream was opened.
void Session::ask_ports(MediaChannel& channel) {
  const MediaPorts now_told = broker_.ports(channel.ports.id);
  if (now_told.id != MediaId::none) channel.ports = now_told;
}

void Session::acked(TimePoint now, MediaChannel& channel, const Endpoint& stated) {
  channel.acked = true;
  channel.phone_stated = stated;
  broker_.set_phone_stated(channel.ports.id, stated);
  note_both(now, channel);
  const bool behind_router = stated.address != side_.phone.address;
  if (behind_router && !channel.transmit && !channel.punched && !channel.encrypted && channel.kind == MediaKind::audio)
    channel.punch_at = now + kPunchAfter;
}

bool Session::far_end_usable(const MediaChannel& channel, const Endpoint& far_end) const {
  const IpAddress& a = far_end.address;
  if (!a || a.is_multicast() || a.is_broadcast()) return false;
  if (a.is_loopback() && !server_->server.address.is_loopback()) return false;
  return far_end != channel.ports.central_facing && far_end != channel.ports.phone_facing;
}

void Session::on_start_transmission(TimePoint now, const Frame& frame, MediaKind kind, Output& out) {
  const auto layout = layout_of(frame, Direction::from_server, out);
  if (!layout) return drop(frame, "it is too short to say where to send", out);
  const AddressField& field = layout->fields[0];
  const StartTransmission start = read_start_transmission(frame.payload, kind, field.form == AddressForm::tagged);
  std::uint32_t status = kOk;
  MediaChannel* channel = open_channel(now, kind, start.ids, status, out);
  if (!channel) return drop(frame, "there is no relayed stream for it", out);
  const Endpoint far_end = read_field(frame.payload, field);
  const bool nowhere = far_end.port == 0 || far_end.address.is_unspecified();
  if (!far_end_usable(*channel, far_end) && !(far_end.address && nowhere)) {
    // The phone must not go on with the far end that it had.
    stop_phone(*channel, out);
    send_nowhere(now, *channel);
    drop(frame, far_end.to_string() + " is nowhere to send to", out);
    return finish_if_closed(now, *channel, out);
  }
  channel->transmit = true;
  channel->punched = false;
  channel->punch_at.reset();
  channel->compression_type = start.compression_type;
  if (start.packet_ms != 0) channel->packet_ms = start.packet_ms;
  if (start.rfc2833_type != 0) channel->rfc2833_type = start.rfc2833_type;
  tell_formats(*channel);
  constexpr std::uint32_t kOctet = 0xff;
  if (start.precedence != 0 && start.precedence <= kOctet)
    broker_.set_tos(channel->ports.id, static_cast<std::uint8_t>(start.precedence));
  if (nowhere) {
    // Hold: it says no address, so it may pass; a real one beside port 0 may not.
    channel->far_end.reset();
    broker_.set_far_end(channel->ports.id, std::nullopt);
    note_both(now, *channel);
    MutableBytes payload = pass(out.to_phone, frame);
    if (far_end.address.is_unspecified()) return;
    ++counters_.rewritten;
    write_field(payload, field, {IpAddress::v4(0), 0});
    return;
  }
  channel->far_end = far_end;
  channel->told = broker_.set_far_end(channel->ports.id, far_end);
  note_both(now, *channel);
  MutableBytes payload = pass(out.to_phone, frame);
  ++counters_.rewritten;
  if (!write_field(payload, field, channel->told)) write_field(payload, field, {IpAddress::v4(0), 0});
}

/// The server's far end is no more, or was one that nobody may be sent to.
void Session::send_nowhere(TimePoint now, MediaChannel& channel) {
  channel.transmit = channel.punched = false;
  channel.far_end.reset();
  broker_.set_far_end(channel.ports.id, std::nullopt);
  note_both(now, channel);
}

/// StopMediaTransmission in the server's stead, when the phone was told to send.
void Session::stop_phone(MediaChannel& channel, Output& out) {
  if (!channel.transmit && !channel.punched) return;
  Buffer payload(16);
  write_u32(payload, 0, channel.ids.conference);
  write_u32(payload, 4, channel.ids.party);
  write_u32(payload, 8, channel.ids.call);
  write_frame(
      out.to_phone, channel.header_version,
      number(channel.kind == MediaKind::audio ? Id::stop_media_transmission : Id::stop_multi_media_transmission),
      payload);
  ++counters_.answered;
}

// StartMediaTransmissionAck: conf@0, ppid@4, callRef@8, address@12. Some phones say only the call reference.
void Session::on_transmission_ack(const Frame& frame, MediaKind kind, Output& out) {
  const ChannelIds ids = read_closing(frame.payload);
  MediaChannel* channel = channels_.find(kind, ids);
  if (channel && channel->acks_of_ours != 0) {
    --channel->acks_of_ours;
    return;
  }
  MutableBytes payload = pass(out.to_server, frame);
  const auto layout = layout_of(frame, Direction::from_phone, out);
  if (!layout) return;
  ++counters_.rewritten;
  write_ours(payload, layout->fields[0],
             channel ? std::optional(channel->ports.central_facing) : channels_.removed_lately(kind, ids));
}

/// The phone says back an address that it was told: the server gets its own words.
void Session::on_echoed_address(const Frame& frame, const ChannelIds& ids, Output& out) {
  MutableBytes payload = pass(out.to_server, frame);
  const auto layout = layout_of(frame, Direction::from_phone, out);
  if (!layout) return;
  ++counters_.rewritten;
  MediaChannel* channel = channels_.find(MediaKind::audio, ids);
  if (!channel) channel = channels_.find(MediaKind::video, ids);
  for (const AddressField& field : *layout) {
    const bool known = field.role == AddressRole::media_echo && channel && channel->far_end;
    if (!known || !write_field(payload, field, *channel->far_end)) write_field(payload, field, {IpAddress::v4(0), 0});
  }
}

void Session::on_close_receive(TimePoint now, const Frame& frame, MediaKind kind, Output& out) {
  MediaChannel* channel = channels_.find(kind, read_closing(frame.payload));
  if (channel) unpunch(*channel, out);
  pass(out.to_phone, frame);
  if (channel) close_receive(now, *channel, out);
}

void Session::close_receive(TimePoint now, MediaChannel& channel, Output& out) {
  channel.receive = channel.acked = false;
  channel.punch_at.reset();
  note_both(now, channel);
  finish_if_closed(now, channel, out);
}

// PortClose: conf@0, callRef@4, ppid@8. It comes after CloseReceiveChannel, or in its place when PortReq was all.
void Session::on_port_close(TimePoint now, const Frame& frame, Output& out) {
  const ChannelIds ids{read_u32(frame.payload, 0), read_u32(frame.payload, 8), read_u32(frame.payload, 4)};
  pass(out.to_phone, frame);
  MediaChannel* channel = channels_.find(MediaKind::audio, ids);
  if (!channel) channel = channels_.find(MediaKind::video, ids);
  if (channel) close_receive(now, *channel, out);
}

void Session::on_stop_transmission(TimePoint now, const Frame& frame, MediaKind kind, Output& out) {
  pass(out.to_phone, frame);
  MediaChannel* channel = channels_.find(kind, read_closing(frame.payload));
  if (!channel) return;
  send_nowhere(now, *channel);
  finish_if_closed(now, *channel, out);
}

}  // namespace dw::sccp
