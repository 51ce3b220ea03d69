#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/sccp/frame.hpp"

namespace dw::sccp {

/// Who a frame comes from. The same id never means something in both directions.
enum class Direction : std::uint8_t { from_phone, from_server };

/// How a message carries an address (sccp §2.1). `flat`: 4 octets in network order. `tagged`: a u32 type
/// (0 IPv4, 1 IPv6), then 16 octets, of which IPv4 uses the first 4. `v6`: 16 octets. Ports are u32
/// little-endian. All offsets count from the payload's first octet.
enum class AddressForm : std::uint8_t { flat, tagged, v6 };

/// What an address in a message stands for, and so what a proxy writes there.
enum class AddressRole : std::uint8_t {
  station,       ///< the phone's own, in its registration or an alarm
  media_local,   ///< where the phone receives or sends from: an Ack's
  media_remote,  ///< where the phone is to send: StartMediaTransmission's
  media_echo,    ///< the remote address as the phone was told it, said back
  media_source,  ///< where packets will come from: OpenReceiveChannel's
  node,          ///< some router's (QoS)
  multicast,
};

inline constexpr unsigned kFirstTaggedVersion =
    17;  ///< of the protocol: addresses have 16 octets and a type from here on

struct AddressField {
  AddressRole role{};
  AddressForm form{};
  std::uint16_t address = 0;
  std::uint16_t port = 0;  ///< offset, or kNone
  std::uint16_t rtcp_port = 0;
  static constexpr std::uint16_t kNone = 0xffff;
};

/// Where one frame keeps its addresses and what identifies its media channel.
struct AddressLayout {
  static constexpr std::size_t kMaxFields = 2;
  std::array<AddressField, kMaxFields> fields{};
  std::size_t count = 0;
  /// Offset of the u32 that asks for IPv4 (0), IPv6 or both.
  std::uint16_t requested_type = AddressField::kNone;
  /// The negotiated version and the length point to different forms; the length was followed (sccp §1.5).
  bool conflict = false;

  const AddressField* begin() const { return fields.data(); }
  const AddressField* end() const { return fields.data() + count; }
};

/// The layout of a frame's addresses, by its id, its payload's length and the negotiated protocol version
/// (`negotiated`, 0 when not known). Nothing when the id carries none, or none at this length. Every field it
/// gives lies inside the payload. ServerRes is not among them: see server_res.hpp.
std::optional<AddressLayout> address_layout(const Frame& frame, Direction direction, unsigned negotiated);

/// The address and port at a field. An IPv6 address in a tagged field is given as such; a type that is
/// neither 0 nor 1 gives none.
Endpoint read_field(Bytes payload, const AddressField& field);
/// Writes them, IPv4 or IPv6 as the form can hold (a flat field takes IPv4 only: false when it can't). Octets
/// of a tagged field that IPv4 does not use become 0. The length stays.
bool write_field(MutableBytes payload, const AddressField& field, const Endpoint& value);

std::uint32_t read_u32(Bytes payload, std::size_t offset);  ///< 0 when it lies outside
bool write_u32(MutableBytes payload, std::size_t offset, std::uint32_t value);

}  // namespace dw::sccp
