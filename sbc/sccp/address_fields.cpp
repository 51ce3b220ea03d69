#include "sbc/sccp/address_fields.hpp"

#include <algorithm>

#include "sbc/base/byte_reader.hpp"
#include "sbc/sccp/message_id.hpp"

namespace dw::sccp {
namespace {

constexpr std::uint16_t kNone = AddressField::kNone;
constexpr std::size_t kTaggedAddress = 20;

/// One id whose address is flat below `tagged_from` octets of payload and tagged from there on. Ports and
/// what follows move by 16.
struct TwoForms {
  MessageId id;
  Direction direction;
  AddressRole role;
  std::uint16_t address;      // the same in both forms
  std::uint16_t flat_octets;  // the least payload that has the flat form
  std::uint16_t tagged_from;  // 0: the length doesn't tell, the version does
  bool rtcp_port = false;
  bool has_port = true;
};

constexpr auto kTwoForms = std::to_array<TwoForms>({
    {MessageId::open_receive_channel_ack, Direction::from_phone, AddressRole::media_local, 4, 12, 36},
    {MessageId::open_multi_media_receive_channel_ack, Direction::from_phone, AddressRole::media_local, 4, 12, 36},
    {MessageId::media_transmission_failure, Direction::from_phone, AddressRole::media_echo, 8, 16, 36},
    {MessageId::port_res, Direction::from_phone, AddressRole::media_local, 12, 24, 40, true},
    {MessageId::qos_resv_notify, Direction::from_phone, AddressRole::media_echo, 12, 20, 40},
    {MessageId::qos_error_notify, Direction::from_phone, AddressRole::media_echo, 12, 20, 56},
    {MessageId::start_media_transmission_ack, Direction::from_phone, AddressRole::media_local, 12, 20, 40},
    {MessageId::start_multi_media_transmission_ack, Direction::from_phone, AddressRole::media_local, 12, 20, 40},
    {MessageId::start_media_transmission, Direction::from_server, AddressRole::media_remote, 8, 16, 132},
    {MessageId::start_session_transmission, Direction::from_server, AddressRole::media_remote, 0, 8, 24, false, false},
    {MessageId::stop_session_transmission, Direction::from_server, AddressRole::media_remote, 0, 8, 24, false, false},
    {MessageId::start_multicast_media_reception, Direction::from_server, AddressRole::multicast, 8, 16, 48},
    {MessageId::start_multicast_media_transmission, Direction::from_server, AddressRole::multicast, 8, 16, 56},
    {MessageId::start_multi_media_transmission, Direction::from_server, AddressRole::media_remote, 12, 20, 0},
    {MessageId::qos_listen, Direction::from_server, AddressRole::media_remote, 12, 20, 0},
    {MessageId::qos_path, Direction::from_server, AddressRole::media_remote, 12, 20, 0},
    {MessageId::qos_teardown, Direction::from_server, AddressRole::media_remote, 12, 20, 0},
    {MessageId::update_dscp, Direction::from_server, AddressRole::media_remote, 12, 20, 0},
    {MessageId::qos_modify, Direction::from_server, AddressRole::media_remote, 12, 20, 0},
});

std::size_t octets_of(AddressForm form) {
  switch (form) {
    case AddressForm::flat:
      return 4;
    case AddressForm::tagged:
      return kTaggedAddress;
    case AddressForm::v6:
      return 16;
  }
  return 0;
}

class Builder {
 public:
  explicit Builder(std::size_t payload_octets) : octets_(payload_octets) {}

  /// Takes the field if all of it lies inside the payload.
  void add(const AddressField& field) {
    const auto inside = [&](std::size_t offset, std::size_t n) { return offset + n <= octets_; };
    if (!inside(field.address, octets_of(field.form))) return;
    if (field.port != kNone && !inside(field.port, 4)) return;
    if (field.rtcp_port != kNone && !inside(field.rtcp_port, 4)) return;
    if (layout_.count < AddressLayout::kMaxFields) layout_.fields[layout_.count++] = field;
  }
  void requested_type(std::size_t offset) {
    if (offset + 4 <= octets_) layout_.requested_type = static_cast<std::uint16_t>(offset);
  }
  void conflict(bool is) { layout_.conflict = is; }
  std::optional<AddressLayout> done() const {
    if (layout_.count == 0 && layout_.requested_type == kNone) return std::nullopt;
    return layout_;
  }

 private:
  std::size_t octets_;
  AddressLayout layout_;
};

/// chan_sccp uses the tagged form of video already at 15 and 16, Wireshark says 17: there the word tells, as
/// no flat IPv4 address reads as 0 or 1.
bool video_is_tagged(Bytes payload, std::size_t offset, unsigned negotiated) {
  if (negotiated >= kFirstTaggedVersion) return true;
  return negotiated >= 15 && read_u32(payload, offset) <= 1 && payload.size() >= offset + kTaggedAddress + 4;
}

std::optional<AddressLayout> two_forms(const TwoForms& row, const Frame& frame, unsigned negotiated) {
  const std::size_t octets = frame.payload.size();
  if (octets < row.flat_octets) return std::nullopt;
  bool tagged = false;
  if (row.tagged_from != 0) {
    tagged = octets >= row.tagged_from;
  } else if (row.id == MessageId::start_multi_media_transmission) {
    tagged = video_is_tagged(frame.payload, row.address, negotiated);
  } else {
    tagged = negotiated >= kFirstTaggedVersion;
  }
  Builder layout(octets);
  const auto after = static_cast<std::uint16_t>(row.address + (tagged ? kTaggedAddress : 4));
  AddressField field{row.role, tagged ? AddressForm::tagged : AddressForm::flat, row.address, kNone, kNone};
  if (row.has_port) field.port = after;
  if (row.rtcp_port) field.rtcp_port = static_cast<std::uint16_t>(after + 4);
  layout.add(field);
  if (row.id == MessageId::qos_error_notify)
    layout.add({AddressRole::node, AddressForm::flat, static_cast<std::uint16_t>(tagged ? 44 : 28), kNone, kNone});
  layout.conflict(row.tagged_from != 0 && negotiated != 0 && tagged != (negotiated >= kFirstTaggedVersion));
  return layout.done();
}

/// Short forms have no address at all: 68 octets from CallManager 4.1, 92 from others at version 11.
std::optional<AddressLayout> open_receive_channel(const Frame& frame, unsigned negotiated) {
  constexpr std::size_t kLeastFlat = 108;
  constexpr std::size_t kLeastTagged = 128;
  const std::size_t octets = frame.payload.size();
  if (octets < kLeastFlat) return std::nullopt;
  Builder layout(octets);
  if (octets >= kLeastTagged && negotiated >= kFirstTaggedVersion) {
    layout.add({AddressRole::media_source, AddressForm::tagged, 100, 120, kNone});
    layout.requested_type(124);
  } else {
    layout.add({AddressRole::media_source, AddressForm::flat, 100, 104, kNone});
    if (octets == 112) layout.requested_type(108);  // version 16 alone (Wireshark)
    layout.conflict(negotiated >= kFirstTaggedVersion);
  }
  return layout.done();
}

/// The sources differ in what stands before, and agree when counted from the end (sccp §2.3).
std::optional<AddressLayout> open_multi_media_receive_channel(const Frame& frame, unsigned negotiated) {
  constexpr std::size_t kLeast = 144;
  const std::size_t octets = frame.payload.size();
  if (octets < kLeast) return std::nullopt;
  const auto back = [&](std::size_t n) { return static_cast<std::uint16_t>(octets - n); };
  Builder layout(octets);
  if (video_is_tagged(frame.payload, back(28), negotiated)) {
    layout.add({AddressRole::media_source, AddressForm::tagged, back(28), back(8), kNone});
    layout.requested_type(back(4));
  } else {
    layout.add({AddressRole::media_source, AddressForm::flat, back(8), back(4), kNone});
  }
  return layout.done();
}

}  // namespace

std::uint32_t read_u32(Bytes payload, std::size_t offset) {
  if (offset > payload.size()) return 0;
  ByteReader reader(payload.subspan(offset));
  return reader.u32le("word");
}

bool write_u32(MutableBytes payload, std::size_t offset, std::uint32_t value) {
  if (offset > payload.size() || payload.size() - offset < 4) return false;
  for (unsigned i = 0; i < 4; ++i)
    payload[offset + i] = static_cast<std::uint8_t>(value >> (8 * i));
  return true;
}

std::optional<AddressLayout> address_layout(const Frame& frame, Direction direction, unsigned negotiated) {
  const auto row = std::ranges::find_if(
      kTwoForms, [&](const TwoForms& r) { return number(r.id) == frame.id && r.direction == direction; });
  if (row != kTwoForms.end()) return two_forms(*row, frame, negotiated);
  Builder layout(frame.payload.size());
  if (direction == Direction::from_server) {
    switch (static_cast<MessageId>(frame.id)) {
      case MessageId::open_receive_channel:
        return open_receive_channel(frame, negotiated);
      case MessageId::open_multi_media_receive_channel:
        return open_multi_media_receive_channel(frame, negotiated);
      case MessageId::port_req:
        layout.requested_type(16);
        break;
      default:
        break;
    }
    return layout.done();
  }
  switch (static_cast<MessageId>(frame.id)) {
    case MessageId::register_req:
      layout.add({AddressRole::station, AddressForm::flat, 24, kNone, kNone});
      layout.add({AddressRole::station, AddressForm::v6, 72, kNone, kNone});
      break;
    case MessageId::register_token_req:
      layout.add({AddressRole::station, AddressForm::flat, 24, kNone, kNone});
      // 16 octets of IPv6, or a tagged one of 20: zeroes here empty both.
      layout.add({AddressRole::station, AddressForm::v6, 32, kNone, kNone});
      break;
    case MessageId::spcp_register_token_req:
      layout.add({AddressRole::station, AddressForm::flat, 24, kNone, kNone});
      break;
    case MessageId::alarm:
      layout.add({AddressRole::station, AddressForm::flat, 88, kNone, kNone});
      break;
    default:
      break;
  }
  return layout.done();
}

Endpoint read_field(Bytes payload, const AddressField& field) {
  ByteReader reader(payload);
  reader.skip(field.address, "offset");
  Endpoint out;
  bool is_v6 = field.form == AddressForm::v6;
  if (field.form == AddressForm::tagged) {
    const std::uint32_t type = reader.u32le("address type");
    if (type > 1) return out;
    is_v6 = type == 1;
  }
  if (is_v6) {
    const Bytes octets = reader.take(16, "address");
    if (octets.size() == 16) out.address = IpAddress::v6(octets.first<16>());
  } else {
    const std::uint32_t address = reader.u32be("address");
    if (reader.ok()) out.address = IpAddress::v4(address);
  }
  if (field.port != kNone) {
    const std::uint32_t port = read_u32(payload, field.port);
    if (port <= 0xffff) out.port = static_cast<std::uint16_t>(port);
  }
  return out;
}

bool write_field(MutableBytes payload, const AddressField& field, const Endpoint& value) {
  if (field.form == AddressForm::flat && !value.address.is_v4()) return false;
  if (field.form == AddressForm::v6 && value.address.is_v4()) return false;
  const std::size_t size = octets_of(field.form);
  if (payload.size() < size || field.address > payload.size() - size) return false;
  MutableBytes at = payload.subspan(field.address, size);
  std::ranges::fill(at, std::uint8_t{0});
  if (field.form == AddressForm::tagged) {
    write_u32(at, 0, value.address.is_v6() ? 1 : 0);
    at = at.subspan(4);
  }
  std::ranges::copy(value.address.octets(), at.begin());
  if (field.port != kNone) write_u32(payload, field.port, value.port);
  if (field.rtcp_port != kNone) write_u32(payload, field.rtcp_port, value.port == 0 ? 0 : value.port + 1U);
  return true;
}

}  // namespace dw::sccp
