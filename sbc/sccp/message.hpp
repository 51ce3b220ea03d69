#pragma once
#include <array>
#include <optional>
#include <string>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/sccp/frame.hpp"
#include "sbc/sccp/messages.hpp"

namespace dw::sccp {

/// Of the protocol: addresses have 16 octets and a type from here on.
inline constexpr unsigned kFirstTaggedVersion = 17;

/// The ids that a message carries; 0 where it says none.
struct ChannelIds {
  std::uint32_t conference = 0;
  std::uint32_t party = 0;  ///< pass-through party id
  std::uint32_t call = 0;   ///< call reference
};

/// One address inside a payload; offsets from its first octet.
struct AddressField {
  AddressRole role{};
  AddressForm form{};
  std::uint16_t address = 0;
  std::uint16_t port = kNone;
  std::uint16_t rtcp_port = kNone;
};

/// Where one payload keeps its addresses. Every field lies inside it.
struct AddressLayout {
  static constexpr std::size_t kMaxFields = 5;
  std::array<AddressField, kMaxFields> fields{};
  std::size_t count = 0;
  bool tagged = false;
  std::uint16_t requested_type = kNone;  ///< of the word that asks for IPv4 (0), IPv6 or both
  std::uint16_t cut_from = kNone;        ///< here an address begins that the payload does not hold all of
  /// The negotiated version and the length point to different forms; the length was followed (sccp §1.5).
  bool conflict = false;

  const AddressField* begin() const { return fields.data(); }
  const AddressField* end() const { return fields.data() + count; }
  bool empty() const { return count == 0 && requested_type == kNone && cut_from == kNone; }
};
/// `negotiated`: the protocol version; 0: not known.
AddressLayout address_layout(const MessageType& type, Bytes payload, unsigned negotiated);

/// The address and port at a field. An IPv6 address in a tagged field is given as such; a type that is
/// neither 0 nor 1 gives none.
Endpoint read_field(Bytes payload, const AddressField& field);
/// Writes them, IPv4 or IPv6 as the form can hold (a flat field takes IPv4 only: false when it can't). Octets
/// of a tagged field that IPv4 does not use become 0. The length stays.
bool write_field(MutableBytes payload, const AddressField& field, const Endpoint& value);

/// What leaves in the place of an address, by its role; zeroes for roles that have nothing.
class StandIns {
 public:
  std::optional<Endpoint>& operator[](AddressRole role) { return of_[static_cast<std::size_t>(role)]; }
  const std::optional<Endpoint>& operator[](AddressRole role) const { return of_[static_cast<std::size_t>(role)]; }

 private:
  std::array<std::optional<Endpoint>, kAddressRoles> of_;
};
/// No address of the layout's stays as it was, but for 0.0.0.0 in what a server says of media: that is hold. An address
/// that is cut off becomes zeroes, as does what can't be written. Asks for IPv4. Gives whether it wrote an address.
bool replace_addresses(MutableBytes payload, const AddressLayout& layout, const StandIns& ours);

std::uint32_t read_u32(Bytes payload, std::size_t offset);  ///< 0 when it lies outside
bool write_u32(MutableBytes payload, std::size_t offset, std::uint32_t value);

/// One frame, read by its row of the table. Views only: as long as the frame's octets.
class Message {
 public:
  Message(const Frame& frame, const MessageType& type, unsigned negotiated);

  const Frame& frame() const { return frame_; }
  const MessageType& type() const { return type_; }
  const AddressLayout& layout() const { return layout_; }
  bool is(MessageId id) const { return frame_.id == number(id); }
  bool has(Field field) const { return offset_of(field).has_value(); }
  std::uint32_t read(Field field) const;  ///< 0 when it lies outside
  std::uint8_t octet(Field field) const;  ///< its first octet
  /// The text in a fixed field of so many octets, up to its NUL, which may be missing.
  std::string text(Field field, std::size_t octets) const;
  Bytes from(Field field) const;  ///< the payload from there to its end
  ChannelIds ids() const { return {read(Field::conference), read(Field::party), read(Field::call)}; }
  Endpoint address() const;  ///< the first; none when it has none

 private:
  std::optional<std::size_t> offset_of(Field field) const;

  Frame frame_;
  const MessageType& type_;
  AddressLayout layout_;
};

/// A message of our own, all zeroes at first; its length and form as a peer of that protocol version expects them.
class Draft {
 public:
  Draft(MessageId id, std::size_t payload_octets, unsigned negotiated = 0);
  Draft& set(Field field, std::uint32_t value);
  Draft& set(Field field, std::string_view text);  ///< cut off where the payload ends; a NUL stays behind it
  Draft& set(const ChannelIds& ids);
  bool set_address(const Endpoint& value);  ///< false: it can't carry it
  void write(Buffer& out, std::uint32_t header_version) const;

 private:
  const MessageType& type_;
  Buffer payload_;
  AddressLayout layout_;
};

}  // namespace dw::sccp
