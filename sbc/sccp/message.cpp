#include "sbc/sccp/message.hpp"

#include <algorithm>

#include "sbc/base/byte_reader.hpp"

namespace dw::sccp {
namespace {

constexpr std::size_t kWord = 4;
constexpr std::uint16_t kTagAndRest = 16;  // octets that a tagged address has more than a flat one
constexpr std::size_t kTaggedAddress = 20;

std::size_t octets_of(AddressForm form) {
  switch (form) {
    case AddressForm::flat:
      return kWord;
    case AddressForm::tagged:
      return kTaggedAddress;
    case AddressForm::v6:
      return 16;
  }
  return 0;
}

/// Takes the field if all of it lies inside the payload; notes where it begins if only a part does.
void add(AddressLayout& layout, std::size_t payload_octets, const AddressField& field) {
  const auto inside = [&](std::size_t offset, std::size_t n) {
    return offset == kNone || offset + n <= payload_octets;
  };
  const bool whole = inside(field.address, octets_of(field.form)) && inside(field.port, kWord) &&
                     inside(field.rtcp_port, kWord) && layout.count < AddressLayout::kMaxFields;
  if (whole) {
    layout.fields[layout.count++] = field;
  } else if (field.address < payload_octets) {
    layout.cut_from = std::min(layout.cut_from, field.address);
  }
}

/// chan_sccp uses the tagged form of video already at 15 and 16, Wireshark says 17: there the word decides, as
/// no flat IPv4 address reads as 0 or 1.
bool video_is_tagged(Bytes payload, std::size_t offset, unsigned negotiated) {
  if (negotiated >= kFirstTaggedVersion) return true;
  return negotiated >= 15 && read_u32(payload, offset) <= 1 && payload.size() >= offset + kTaggedAddress + kWord;
}

/// The sources differ in what stands before, and agree when counted from the end (sccp §2.3).
AddressLayout layout_from_end(const MessageType& type, Bytes payload, unsigned negotiated) {
  AddressLayout layout;
  if (payload.size() < type.tagged_octets) return layout;
  const auto back = [&](std::size_t n) { return static_cast<std::uint16_t>(payload.size() - n); };
  layout.tagged = video_is_tagged(payload, back(28), negotiated);
  const AddressRole role = type.places[0].role;
  if (layout.tagged) {
    add(layout, payload.size(), {role, AddressForm::tagged, back(28), back(8)});
    layout.requested_type = back(4);
  } else {
    add(layout, payload.size(), {role, AddressForm::flat, back(8), back(4)});
  }
  return layout;
}

bool is_tagged(const MessageType& type, Bytes payload, unsigned negotiated) {
  switch (type.form_by) {
    case FormBy::none:
    case FormBy::from_end:
      return false;
    case FormBy::length:
      return payload.size() >= type.tagged_octets;
    case FormBy::version:
      return negotiated >= kFirstTaggedVersion && payload.size() >= type.tagged_octets;
    case FormBy::word:
      return video_is_tagged(payload, type.places[0].address, negotiated);
  }
  return false;
}

/// Where a flat offset lies in the form that the payload has.
std::uint16_t moved(const MessageType& type, bool tagged, std::uint16_t offset) {
  const bool behind = type.place_count != 0 && offset > type.places[0].address && offset < kLast;
  return tagged && behind ? static_cast<std::uint16_t>(offset + kTagAndRest) : offset;
}

}  // namespace

AddressLayout address_layout(const MessageType& type, Bytes payload, unsigned negotiated) {
  if (type.form_by == FormBy::from_end) return layout_from_end(type, payload, negotiated);
  AddressLayout layout;
  layout.tagged = is_tagged(type, payload, negotiated);
  for (const AddressPlace& place : type.addresses()) {
    // Only the first address of a message has two forms.
    const bool tagged = layout.tagged && &place == type.places.data();
    const auto form = tagged ? AddressForm::tagged : place.form;
    const auto at = [&](std::uint16_t offset) { return moved(type, layout.tagged, offset); };
    for (std::size_t i = 0; i < place.count; ++i) {
      const auto nth = [i](std::uint16_t offset, std::size_t size) {
        return offset == kNone ? kNone : static_cast<std::uint16_t>(offset + i * size);
      };
      add(layout, payload.size(),
          {place.role, form, nth(at(place.address), octets_of(form)), nth(at(place.port), kWord),
           nth(at(place.rtcp_port), kWord)});
    }
  }
  // ServerRes is flat at any version from many servers (sccp §2.3).
  const bool by_length = (type.form_by == FormBy::length && type.places[0].role != AddressRole::server) ||
                         (type.form_by == FormBy::version && !layout.tagged);
  layout.conflict =
      by_length && layout.count != 0 && negotiated != 0 && layout.tagged != (negotiated >= kFirstTaggedVersion);
  if (type.requested_type == kNone) return layout;
  const std::size_t requested = moved(type, layout.tagged, type.requested_type);
  // In the flat OpenReceiveChannel only version 16 has it, and ends with it (Wireshark).
  const bool has = layout.tagged || type.place_count == 0 ? requested + kWord <= payload.size()
                                                          : requested + kWord == payload.size();
  if (has) layout.requested_type = static_cast<std::uint16_t>(requested);
  return layout;
}

std::uint32_t read_u32(Bytes payload, std::size_t offset) {
  if (offset > payload.size()) return 0;
  ByteReader reader(payload.subspan(offset));
  return reader.u32le("word");
}

bool write_u32(MutableBytes payload, std::size_t offset, std::uint32_t value) {
  if (offset > payload.size() || payload.size() - offset < kWord) return false;
  for (unsigned i = 0; i < kWord; ++i)
    payload[offset + i] = static_cast<std::uint8_t>(value >> (8 * i));
  return true;
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
    at = at.subspan(kWord);
  }
  std::ranges::copy(value.address.octets(), at.begin());
  if (field.port != kNone) write_u32(payload, field.port, value.port);
  if (field.rtcp_port != kNone) write_u32(payload, field.rtcp_port, value.port == 0 ? 0 : value.port + 1U);
  return true;
}

bool replace_addresses(MutableBytes payload, const AddressLayout& layout, const StandIns& ours) {
  constexpr std::array<std::uint8_t, 16> kNothing{};
  bool wrote = false;
  for (const AddressField& field : layout) {
    const IpAddress said = read_field(payload, field).address;
    const bool may_be_hold = field.role == AddressRole::media_remote || field.role == AddressRole::media_source;
    if (may_be_hold && said && said.is_unspecified()) continue;
    const auto& value = ours[field.role];
    const bool v6 = field.form == AddressForm::v6;
    if (v6 || !value || !write_field(payload, field, *value))
      write_field(payload, field, {v6 ? IpAddress::v6(kNothing) : IpAddress::v4(0), 0});
    wrote = true;
  }
  if (layout.cut_from != kNone) {
    std::ranges::fill(payload.subspan(layout.cut_from), std::uint8_t{0});
    wrote = true;
  }
  if (layout.requested_type != kNone) write_u32(payload, layout.requested_type, 0);
  return wrote;
}

Message::Message(const Frame& frame, const MessageType& type, unsigned negotiated)
    : frame_(frame), type_(type), layout_(address_layout(type, frame.payload, negotiated)) {}

std::optional<std::size_t> Message::offset_of(Field field) const {
  const std::uint16_t flat = type_.at(field);
  const std::size_t octets = frame_.payload.size();
  if (flat == kNone) return std::nullopt;
  if (flat == kLast) return octets < kWord ? std::nullopt : std::optional(octets - kWord);
  const std::size_t at = moved(type_, layout_.tagged, flat);
  return at < octets ? std::optional(at) : std::nullopt;
}

std::uint32_t Message::read(Field field) const {
  const auto at = offset_of(field);
  return at ? read_u32(frame_.payload, *at) : 0;
}

std::uint8_t Message::octet(Field field) const {
  const auto at = offset_of(field);
  return at ? frame_.payload[*at] : std::uint8_t{0};
}

std::string Message::text(Field field, std::size_t octets) const {
  const auto at = offset_of(field);
  return at ? fixed_text(frame_.payload, *at, octets) : std::string();
}

Bytes Message::from(Field field) const {
  const auto at = offset_of(field);
  return at ? frame_.payload.subspan(*at) : Bytes();
}

Endpoint Message::address() const {
  return layout_.count == 0 ? Endpoint{} : read_field(frame_.payload, layout_.fields[0]);
}

Draft::Draft(MessageId id, std::size_t payload_octets, unsigned negotiated)
    : type_(messages().find(number(id))),
      payload_(payload_octets),
      layout_(address_layout(type_, payload_, negotiated)) {}

Draft& Draft::set(Field field, std::uint32_t value) {
  write_u32(payload_, moved(type_, layout_.tagged, type_.at(field)), value);
  return *this;
}

Draft& Draft::set(Field field, std::string_view text) {
  const std::size_t at = type_.at(field);
  if (at < payload_.size()) {
    const std::size_t room = payload_.size() - at - 1;
    std::ranges::copy(text.substr(0, room), payload_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return *this;
}

Draft& Draft::set(const ChannelIds& ids) {
  set(Field::conference, ids.conference);
  set(Field::party, ids.party);
  return set(Field::call, ids.call);
}

bool Draft::set_address(const Endpoint& value) {
  return layout_.count != 0 && write_field(payload_, layout_.fields[0], value);
}

void Draft::write(Buffer& out, std::uint32_t header_version) const {
  write_frame(out, header_version, type_.id, payload_);
}

}  // namespace dw::sccp
