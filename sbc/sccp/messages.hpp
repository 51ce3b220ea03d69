#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace dw::sccp {

/// Who a frame comes from. No id means something in both directions.
enum class Direction : std::uint8_t { from_phone, from_server };

/// The messages that code reads or writes by name. All others are in the table only, so the id of a frame is a plain
/// number.
enum class MessageId : std::uint32_t {
  keep_alive_req = 0x0000,
  register_req = 0x0001,
  keypad_button = 0x0003,
  enbloc_call = 0x0004,
  on_hook = 0x0007,
  alarm = 0x0020,
  open_receive_channel_ack = 0x0022,
  unregister_req = 0x0027,
  register_token_req = 0x0029,
  open_multi_media_receive_channel_ack = 0x0031,
  port_res = 0x0045,
  register_ack = 0x0081,
  set_speaker_mode = 0x0088,
  start_media_transmission = 0x008a,
  stop_media_transmission = 0x008b,
  call_info = 0x008f,
  line_stat_res = 0x0092,
  register_reject = 0x009d,
  server_res = 0x009e,
  reset = 0x009f,
  keep_alive_ack = 0x0100,
  open_receive_channel = 0x0105,
  close_receive_channel = 0x0106,
  call_state = 0x0111,
  display_notify = 0x0114,
  unregister_ack = 0x0118,
  register_token_ack = 0x011a,
  register_token_reject = 0x011b,
  dialed_number = 0x011d,
  user_to_device_data = 0x011e,
  open_multi_media_receive_channel = 0x0131,
  start_multi_media_transmission = 0x0132,
  stop_multi_media_transmission = 0x0133,
  close_multi_media_receive_channel = 0x0136,
  user_to_device_data_version1 = 0x013f,
  line_stat_v2_res = 0x0147,
  call_info_v2 = 0x014a,
  port_req = 0x014b,
  port_close = 0x014c,
  start_media_transmission_ack = 0x0154,
  start_multi_media_transmission_ack = 0x0155,
  enhanced_alarm = 0x015a,
  spcp_register_token_req = 0x8000,
  spcp_register_token_ack = 0x8100,
  spcp_register_token_reject = 0x8101,
};

constexpr std::uint32_t number(MessageId id) {
  return static_cast<std::uint32_t>(id);
}

/// What is read from messages or written into them, besides addresses. u32 little-endian, unless said otherwise.
enum class Field : std::uint8_t {
  conference,
  party,  ///< pass-through party id
  call,   ///< call reference
  line,   ///< line instance
  status,
  codec,  ///< "compression type", see codec_name
  packet_ms,
  precedence,  ///< ToS octet of what the phone sends
  encryption,  ///< 0: no SRTP
  rfc2833_type,
  media_type,  ///< 0 audio
  call_state,
  call_type,  ///< 2: outgoing
  key,        ///< of the keypad
  mode,       ///< of the speaker: 2 off
  seconds,
  reset_type,
  version,  ///< one octet
  device_type,
  active_streams,
  load,  ///< text: the firmware's name
  text,
  dialled,  ///< text: a number
  calling_name,
  calling_number,
  called_name,
  called_number,
};
inline constexpr std::size_t kFields = static_cast<std::size_t>(Field::called_number) + 1;

/// How a message carries an address (sccp §2.1). `flat`: 4 octets in network order. `tagged`: a u32 type
/// (0 IPv4, 1 IPv6), then 16 octets, of which IPv4 uses the first 4. `v6`: 16 octets. Ports are u32 little-endian.
enum class AddressForm : std::uint8_t { flat, tagged, v6 };

/// What an address means, and after the colon what we put in its place.
enum class AddressRole : std::uint8_t {
  station,       ///< the phone's own, in its registration or an alarm: our address on the central side
  media_local,   ///< where the phone receives or sends from: our central-facing pair
  media_remote,  ///< where the phone is to send: our phone-facing pair
  media_echo,    ///< a remote address that the phone repeats: the one that the server had sent
  media_source,  ///< where the packets to the phone will come from: our phone-facing pair
  server,        ///< a call server: our address on the access side
  node,          ///< a router on the path: zeroes
  multicast,     ///< zeroes
};
inline constexpr std::size_t kAddressRoles = static_cast<std::size_t>(AddressRole::multicast) + 1;

/// Offsets count from the payload's first octet, in the flat form.
inline constexpr std::uint16_t kNone = 0xffff;
/// An offset: the payload's last four octets.
inline constexpr std::uint16_t kLast = 0xfffe;

/// `count` addresses one after the other, and their ports likewise. `flat` ones become tagged in the tagged form.
struct AddressPlace {
  AddressRole role{};
  AddressForm form{};
  std::uint16_t address = kNone;
  std::uint16_t port = kNone;
  std::uint16_t rtcp_port = kNone;
  std::uint8_t count = 1;
};

/// How to see whether a message has the flat or the tagged form (sccp §1.5). In the tagged form all that follows the
/// first address is 16 octets further back.
enum class FormBy : std::uint8_t {
  none,     ///< there is one form
  length,   ///< tagged from `tagged_octets` of payload on
  version,  ///< tagged from protocol version 17 and `tagged_octets` of payload on
  word,     ///< video: as `version`, and from 15 on when the word before the address reads as a tag
  from_end  ///< as `word`, and address, port and (tagged only) the requested type end the payload
};

/// One message: its sender, when it may come, and its layout as far as it matters here.
struct MessageType {
  enum class Early : std::uint8_t { ends, passes, dropped };  ///< before registration (sccp §6.1)
  static constexpr std::size_t kMaxPlaces = 2;

  std::uint32_t id = 0;
  std::string_view name = "unknown";
  Direction from{};
  bool one_way = false;  ///< we act on it, so the other side must not send it (sccp §6.2)
  Early early = Early::ends;
  std::string_view never;  ///< why it is never passed on; empty: it is
  FormBy form_by = FormBy::none;
  std::uint16_t tagged_octets = 0;
  std::array<AddressPlace, kMaxPlaces> places{};
  std::uint8_t place_count = 0;
  std::uint16_t requested_type = kNone;  ///< of the word that asks for IPv4 (0), IPv6 or both
  std::uint16_t text = kNone;            ///< where text begins in which a phone may say addresses
  std::uint16_t text_octets = kNone;     ///< how long it is; kNone: to the end
  std::uint16_t max_octets = kNone;      ///< of the frame; longer ones are dropped, as some servers hang up on them
  std::array<std::uint16_t, kFields> fields = no_fields();

  /// kNone: it has none; kLast.
  constexpr std::uint16_t at(Field field) const { return fields[static_cast<std::size_t>(field)]; }
  /// Whether that side may send it; else it is dropped. What we do not act on and has no address passes both ways.
  constexpr bool may_come(Direction side) const { return side == from || (!one_way && place_count == 0); }
  std::span<const AddressPlace> addresses() const { return {places.data(), place_count}; }
  static constexpr std::array<std::uint16_t, kFields> no_fields() {
    std::array<std::uint16_t, kFields> none{};
    none.fill(kNone);
    return none;
  }
};

/// Finds a message's row by its id, in constant time. The rows outlive the table.
class MessageTable {
 public:
  static constexpr std::uint32_t kIndexed = 0x180;  ///< ids below it have a place of their own
  static constexpr std::size_t kMaxBeyond = 8;      ///< rows with other ids

  /// `rows` sorted by id.
  explicit MessageTable(std::span<const MessageType> rows);
  /// A row of the name "unknown", without any field, for ids that have none.
  const MessageType& find(std::uint32_t id) const;
  std::span<const MessageType> rows() const { return rows_; }

 private:
  std::span<const MessageType> rows_;
  std::array<std::uint16_t, kIndexed> index_{};  // 1 + the row's place; 0: none
};

/// All messages, one row each.
const MessageTable& messages();
/// "OpenReceiveChannel"; "unknown" for others.
std::string_view name_of(std::uint32_t id);

}  // namespace dw::sccp
