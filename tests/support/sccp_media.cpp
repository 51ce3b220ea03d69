#include "tests/support/sccp_media.hpp"

namespace dw::sim {

namespace {

// The address field and what stands behind it: 4 + 4 octets flat, 4 + 16 + 4 wide.
void put_endpoint(Body& body, std::size_t at, const Endpoint& endpoint, AddressForm form) {
  const bool wide = form == AddressForm::wide;
  body.ipv4(wide ? at + 4 : at, endpoint.address).u32(wide ? at + 20 : at + 4, endpoint.port);
}

Endpoint endpoint_at(Bytes body, std::size_t at, AddressForm form) {
  const bool wide = form == AddressForm::wide;
  if (wide && u32_at(body, at) != 0) return {};  // IPv6: these ends have none
  return {ipv4_at(body, wide ? at + 4 : at), static_cast<std::uint16_t>(u32_at(body, wide ? at + 20 : at + 4))};
}

std::size_t after_endpoint(std::size_t at, AddressForm form) {
  return at + (form == AddressForm::wide ? 24 : 8);
}

}  // namespace

Buffer write_open_receive(const OpenReceive& message, AddressForm form, std::size_t size) {
  Body body(size);
  body.u32(0, message.ids.conference).u32(4, message.ids.party).u32(8, message.milliseconds);
  body.u32(12, message.codec).u32(24, message.ids.call);
  body.u32(84, 101).u32(88, 10);  // RFC 2833 payload type, DTMF type
  if (size >= 108 && message.source.port != 0) put_endpoint(body, 100, message.source, form);
  return body.take();
}

Buffer write_start_media(const StartMedia& message, AddressForm form, std::size_t size) {
  Body body(size);
  body.u32(0, message.ids.conference).u32(4, message.ids.party);
  put_endpoint(body, 8, message.remote, form);
  const std::size_t tail = after_endpoint(8, form);
  body.u32(tail, message.milliseconds).u32(tail + 4, message.codec).u32(tail + 8, 184);
  body.u32(tail + 24, message.ids.call).u32(tail + 84, 101).u32(tail + 88, 10);
  return body.take();
}

Buffer write_open_ack(const MediaAck& message, AddressForm form, std::size_t size) {
  Body body(size);
  body.u32(0, message.status);
  put_endpoint(body, 4, message.local, form);
  const std::size_t tail = after_endpoint(4, form);
  body.u32(tail, message.ids.party).u32(tail + 4, message.ids.call);
  return body.take();
}

Buffer write_start_ack(const MediaAck& message, AddressForm form) {
  Body body(form == AddressForm::wide ? 40 : 24);
  body.u32(0, message.ids.conference).u32(4, message.ids.party).u32(8, message.ids.call);
  put_endpoint(body, 12, message.local, form);
  body.u32(after_endpoint(12, form), message.status);
  return body.take();
}

Buffer write_close(const ChannelIds& ids, std::size_t size) {
  return Body(size).u32(0, ids.conference).u32(4, ids.party).u32(8, ids.call).take();
}

std::optional<OpenReceive> read_open_receive(Bytes body, AddressForm form) {
  if (body.size() < 28) return std::nullopt;
  OpenReceive out{{u32_at(body, 0), u32_at(body, 4), u32_at(body, 24)}, u32_at(body, 8), u32_at(body, 12), {}};
  if (body.size() >= (form == AddressForm::wide ? 128U : 108U)) out.source = endpoint_at(body, 100, form);
  return out;
}

std::optional<StartMedia> read_start_media(Bytes body, AddressForm form) {
  if (body.size() < (form == AddressForm::wide ? 60U : 40U)) return std::nullopt;
  const std::size_t tail = after_endpoint(8, form);
  return StartMedia{{u32_at(body, 0), u32_at(body, 4), u32_at(body, tail + 24)},
                    u32_at(body, tail),
                    u32_at(body, tail + 4),
                    endpoint_at(body, 8, form)};
}

std::optional<MediaAck> read_open_ack(Bytes body, AddressForm form) {
  if (body.size() < (form == AddressForm::wide ? 36U : 16U)) return std::nullopt;
  const std::size_t tail = after_endpoint(4, form);
  return MediaAck{{0, u32_at(body, tail), u32_at(body, tail + 4)}, u32_at(body, 0), endpoint_at(body, 4, form)};
}

std::optional<MediaAck> read_start_ack(Bytes body, AddressForm form) {
  if (body.size() < (form == AddressForm::wide ? 40U : 24U)) return std::nullopt;
  return MediaAck{{u32_at(body, 0), u32_at(body, 4), u32_at(body, 8)},
                  u32_at(body, after_endpoint(12, form)),
                  endpoint_at(body, 12, form)};
}

std::optional<ChannelIds> read_close(Bytes body) {
  if (body.size() < 8) return std::nullopt;
  return ChannelIds{u32_at(body, 0), u32_at(body, 4), u32_at(body, 8)};
}

}  // namespace dw::sim
