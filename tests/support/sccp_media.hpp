#pragma once
#include "tests/support/sccp_wire.hpp"

/// The messages that carry media addresses, in each of their layouts (sccp.md §1.5, §2.2, §2.3).
namespace dw::sim {

/// How an address stands in a body: four octets, or a type word and sixteen octets.
enum class AddressForm { flat, wide };

inline constexpr AddressForm form_of_version(unsigned version) {
  return version >= 17 ? AddressForm::wide : AddressForm::flat;
}

struct ChannelIds {
  std::uint32_t conference = 0, party = 0, call = 0;
  friend bool operator==(const ChannelIds&, const ChannelIds&) = default;
};

/// OpenReceiveChannel 0x0105. `source` has no place in bodies below 108 octets.
struct OpenReceive {
  ChannelIds ids;
  std::uint32_t milliseconds = 20, codec = 4;
  Endpoint source;
};

/// StartMediaTransmission 0x008A.
struct StartMedia {
  ChannelIds ids;
  std::uint32_t milliseconds = 20, codec = 4;
  Endpoint remote;
};

/// OpenReceiveChannelAck 0x0022 (no conference id; no call reference in the form of 16 octets) and
/// StartMediaTransmissionAck 0x0154.
struct MediaAck {
  ChannelIds ids;
  std::uint32_t status = 0;
  Endpoint local;
};

Buffer write_open_receive(const OpenReceive& message, AddressForm form, std::size_t size);
Buffer write_start_media(const StartMedia& message, AddressForm form, std::size_t size);
Buffer write_open_ack(const MediaAck& message, AddressForm form, std::size_t size);
Buffer write_start_ack(const MediaAck& message, AddressForm form);
Buffer write_close(const ChannelIds& ids, std::size_t size);

/// As a phone or a server of that layout reads them; nothing when the body is too short for it.
std::optional<OpenReceive> read_open_receive(Bytes body, AddressForm form);
std::optional<StartMedia> read_start_media(Bytes body, AddressForm form);
std::optional<MediaAck> read_open_ack(Bytes body, AddressForm form);
std::optional<MediaAck> read_start_ack(Bytes body, AddressForm form);
std::optional<ChannelIds> read_close(Bytes body);

}  // namespace dw::sim
