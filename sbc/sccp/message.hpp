#pragma once
#include <array>
#include <optional>
#include <string>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/sccp/frame.hpp"
#include "sbc/sccp/messages.hpp"

namespace dw::sccp {

/// The first protocol version in which addresses are tagged.
inline constexpr unsigned kFirstTaggedVersion = 17;

/// The ids of a message that belong to a media channel; 0: it does not have that one.
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

/// Where the addresses are in one payload. Every field lies inside it.
struct AddressLayout {
  static constexpr std::size_t kMaxFields = 5;
  std::array<AddressField, kMaxFields> fields{};
  std::size_t count = 0;
  bool tagged = false;
  std::uint16_t requested_type = kNone;  ///< of the word that asks for IPv4 (0), IPv6 or both
  std::uint16_t cut_from = kNone;        ///< where an address begins that the payload ends within
  /// The negotiated version and the length point to different forms; the length was followed (sccp §1.5).
  bool conflict = false;

  const AddressField* begin() const { return fields.data(); }
  const AddressField* end() const { return fields.data() + count; }
  bool empty() const { return count == 0 && requested_type == kNone && cut_from == kNone; }
};
/// `negotiated`: the protocol version; 0: not known.
AddressLayout address_layout(const MessageType& type, Bytes payload, unsigned negotiated);

/// The address and port at a field. A tagged field may have IPv6; a tag that is neither 0 nor 1 gives no address.
Endpoint read_field(Bytes payload, const AddressField& field);
/// Writes an address and port. False, and nothing is written, when the field can't hold it: IPv6 in a flat one. Octets
/// of a tagged field that IPv4 does not use become 0. The payload keeps its length.
bool write_field(MutableBytes payload, const AddressField& field, const Endpoint& value);

/// What replaces an address, by its role. Nothing: zeroes.
class StandIns {
 public:
  std::optional<Endpoint>& operator[](AddressRole role) { return of_[static_cast<std::size_t>(role)]; }
  const std::optional<Endpoint>& operator[](AddressRole role) const { return of_[static_cast<std::size_t>(role)]; }

 private:
  std::array<std::optional<Endpoint>, kAddressRoles> of_;
};
/// Replaces every address of the layout, and the requested address type by IPv4. Only 0.0.0.0 in a server's media
/// message stays, as that means hold. An address that is cut off, or whose replacement does not fit, becomes zeroes.
/// Returns whether an address was written.
bool replace_addresses(MutableBytes payload, const AddressLayout& layout, const StandIns& ours);

std::uint32_t read_u32(Bytes payload, std::size_t offset);  ///< 0 when it lies outside
bool write_u32(MutableBytes payload, std::size_t offset, std::uint32_t value);

/// One frame and its row of the table. Only views: valid as long as the frame's octets.
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
  Endpoint address() const;  ///< the first address and its port; none: the message has none

 private:
  std::optional<std::size_t> offset_of(Field field) const;

  Frame frame_;
  const MessageType& type_;
  AddressLayout layout_;
};

/// A message of our own, with all octets zero at first. The caller gives it the length that a peer of that protocol
/// version expects.
class Draft {
 public:
  Draft(MessageId id, std::size_t payload_octets, unsigned negotiated = 0);
  Draft& set(Field field, std::uint32_t value);
  Draft& set(Field field, std::string_view text);  ///< shortened so that a NUL follows it within the payload
  Draft& set(const ChannelIds& ids);
  bool set_address(const Endpoint& value);  ///< false: the message can't hold it
  void write(Buffer& out, std::uint32_t header_version) const;

 private:
  const MessageType& type_;
  Buffer payload_;
  AddressLayout layout_;
};

}  // namespace dw::sccp
