#include "sbc/sccp/messages.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace dw::sccp {
namespace {

using F = Field;
using Role = AddressRole;

constexpr std::string_view kNotAcross = "it does not cross a router";
constexpr std::string_view kServersPath = "it is of the path between server and relay";
constexpr std::uint16_t kFrameTaken = 2000;  // octets; chan_skinny hangs up on longer ones (sccp §1.2)

/// Writes a row from left to right.
struct Row : MessageType {
  constexpr Row(Direction sender, std::uint32_t number, std::string_view words) {
    id = number;
    name = words;
    from = sender;
  }
  constexpr Row one_way_only() const {
    Row row = *this;
    row.one_way = true;
    return row;
  }
  constexpr Row early() const {
    Row row = one_way_only();
    row.MessageType::early = Early::passes;
    return row;
  }
  constexpr Row dropped_early() const {
    Row row = *this;
    row.MessageType::early = Early::dropped;
    return row;
  }
  constexpr Row never(std::string_view why) const {
    Row row = *this;
    row.MessageType::never = why;
    return row;
  }
  constexpr Row place(const AddressPlace& at) const {
    Row row = *this;
    row.places[row.place_count++] = at;
    return row;
  }
  constexpr Row address(Role role, std::uint16_t at, std::uint16_t port = kNone, std::uint16_t rtcp = kNone) const {
    return place({role, AddressForm::flat, at, port, rtcp});
  }
  constexpr Row v6(std::uint16_t at) const { return place({Role::station, AddressForm::v6, at}); }
  constexpr Row list(Role role, std::uint16_t at, std::uint16_t ports, std::uint8_t count) const {
    return place({role, AddressForm::flat, at, ports, kNone, count});
  }
  constexpr Row form(FormBy by, std::uint16_t octets) const {
    Row row = *this;
    row.form_by = by;
    row.tagged_octets = octets;
    return row;
  }
  constexpr Row by_length(std::uint16_t octets) const { return form(FormBy::length, octets); }
  constexpr Row by_version(std::uint16_t octets) const { return form(FormBy::version, octets); }
  constexpr Row asks_for(std::uint16_t at) const {
    Row row = *this;
    row.requested_type = at;
    return row;
  }
  constexpr Row says(std::uint16_t at, std::uint16_t octets = kNone) const {
    Row row = *this;
    row.text = at;
    row.text_octets = octets;
    return row;
  }
  constexpr Row at_most(std::uint16_t octets) const {
    Row row = *this;
    row.max_octets = octets;
    return row;
  }
  constexpr Row with(std::initializer_list<std::pair<Field, std::uint16_t>> all) const {
    Row row = *this;
    for (const auto& [field, offset] : all)
      row.fields[static_cast<std::size_t>(field)] = offset;
    return row;
  }
};
constexpr Row phone(std::uint32_t id, std::string_view name) {
  return {Direction::from_phone, id, name};
}
constexpr Row server(std::uint32_t id, std::string_view name) {
  return {Direction::from_server, id, name};
}
constexpr MessageType kUnknown = phone(0, "unknown");

// Sorted by id. Names as Wireshark shows them; offsets from the protocol page (sccp §2), in the flat form.
constexpr MessageType kRows[] = {
    phone(0x0000, "KeepAliveReq").early(),
    phone(0x0001, "RegisterReq")
        .early()
        .address(Role::station, 24)
        .v6(72)
        .with({{F::device_type, 28}, {F::active_streams, 36}, {F::version, 40}, {F::load, 92}}),
    phone(0x0002, "IpPort").early(),
    phone(0x0003, "KeypadButton").with({{F::key, 0}, {F::line, 4}, {F::call, 8}}),
    phone(0x0004, "EnblocCall").with({{F::dialled, 0}, {F::line, 24}}),
    phone(0x0005, "Stimulus"),
    phone(0x0006, "OffHook"),
    phone(0x0007, "OnHook").with({{F::line, 0}, {F::call, 4}}),
    phone(0x0008, "HookFlash"),
    phone(0x0009, "ForwardStatReq"),
    phone(0x000a, "SpeedDialStatReq"),
    phone(0x000b, "LineStatReq"),
    phone(0x000c, "ConfigStatReq"),
    phone(0x000d, "TimeDateReq"),
    phone(0x000e, "ButtonTemplateReq"),
    phone(0x000f, "VersionReq"),
    phone(0x0010, "CapabilitiesRes"),
    phone(0x0012, "ServerReq"),
    phone(0x0020, "Alarm").early().address(Role::station, 88).says(4, 80).with({{F::text, 4}}),
    phone(0x0021, "MulticastMediaReceptionAck"),
    phone(0x0022, "OpenReceiveChannelAck")
        .address(Role::media_local, 4, 8)
        .by_length(36)
        .with({{F::status, 0}, {F::party, 12}, {F::call, 16}}),
    phone(0x0023, "ConnectionStatisticsRes"),
    phone(0x0024, "OffHookWithCallingPartyNumber"),
    phone(0x0025, "SoftKeySetReq"),
    phone(0x0026, "SoftKeyEvent"),
    phone(0x0027, "UnregisterReq").early(),
    phone(0x0028, "SoftKeyTemplateReq"),
    phone(0x0029, "RegisterTokenReq").early().address(Role::station, 24).v6(32),
    phone(0x002a, "MediaTransmissionFailure")
        .address(Role::media_echo, 8, 12)
        .by_length(36)
        .with({{F::conference, 0}, {F::party, 4}, {F::call, 16}}),
    phone(0x002b, "HeadsetStatus"),
    phone(0x002c, "MediaResourceNotification"),
    phone(0x002d, "RegisterAvailableLines"),
    phone(0x002e, "DeviceToUserData").says(20),
    phone(0x002f, "DeviceToUserDataResponse").says(20),
    phone(0x0030, "UpdateCapabilities"),
    phone(0x0031, "OpenMultiMediaReceiveChannelAck")
        .address(Role::media_local, 4, 8)
        .by_length(36)
        .with({{F::status, 0}, {F::party, 12}, {F::call, 16}}),
    phone(0x0032, "ClearConference"),
    phone(0x0033, "ServiceURLStatReq"),
    phone(0x0034, "FeatureStatReq"),
    phone(0x0035, "CreateConferenceRes"),
    phone(0x0036, "DeleteConferenceRes"),
    phone(0x0037, "ModifyConferenceRes"),
    phone(0x0038, "AddParticipantRes"),
    phone(0x0039, "AuditConferenceRes"),
    phone(0x0040, "AuditParticipantRes"),
    phone(0x0041, "DeviceToUserDataVersion1").says(40),
    phone(0x0042, "DeviceToUserDataResponseVersion1").says(40),
    phone(0x0043, "CapabilitiesV2Res"),
    phone(0x0044, "CapabilitiesV3Res"),
    phone(0x0045, "PortRes")
        .address(Role::media_local, 12, 16, 20)
        .by_length(40)
        .with({{F::conference, 0}, {F::call, 4}, {F::party, 8}}),
    phone(0x0046, "QoSResvNotify")
        .address(Role::media_echo, 12, 16)
        .by_length(40)
        .with({{F::conference, 0}, {F::call, 4}, {F::party, 8}}),
    phone(0x0047, "QoSErrorNotify")
        .address(Role::media_echo, 12, 16)
        .address(Role::node, 28)
        .by_length(56)
        .with({{F::conference, 0}, {F::call, 4}, {F::party, 8}}),
    phone(0x0048, "SubscriptionStatReq"),
    phone(0x0049, "MediaPathEvent"),
    phone(0x004a, "MediaPathCapability"),
    phone(0x004c, "MwiNotification"),
    server(0x0081, "RegisterAck").one_way_only().with({{F::seconds, 0}, {F::version, 16}}),
    server(0x0082, "StartTone"),
    server(0x0083, "StopTone"),
    server(0x0085, "SetRinger"),
    server(0x0086, "SetLamp"),
    server(0x0087, "SetHookFlashDetect"),
    server(0x0088, "SetSpeakerMode").with({{F::mode, 0}}),
    server(0x0089, "SetMicroMode"),
    server(0x008a, "StartMediaTransmission")
        .one_way_only()
        .address(Role::media_remote, 8, 12)
        .by_length(132)
        .with({{F::conference, 0},
               {F::party, 4},
               {F::packet_ms, 16},
               {F::codec, 20},
               {F::precedence, 24},
               {F::call, 40},
               {F::rfc2833_type, 100}}),
    server(0x008b, "StopMediaTransmission").one_way_only().with({{F::conference, 0}, {F::party, 4}, {F::call, 8}}),
    server(0x008f, "CallInfo")
        .with({{F::calling_name, 0},
               {F::calling_number, 40},
               {F::called_name, 64},
               {F::called_number, 104},
               {F::line, 128},
               {F::call, 132},
               {F::call_type, 136}}),
    server(0x0090, "ForwardStatRes"),
    server(0x0091, "SpeedDialStatRes"),
    server(0x0092, "LineStatRes").with({{F::line, 0}, {F::text, 4}}),
    server(0x0093, "ConfigStatRes"),
    server(0x0094, "TimeDateRes"),
    server(0x0095, "StartSessionTransmission").address(Role::media_remote, 0).by_length(24).never(kNotAcross),
    server(0x0096, "StopSessionTransmission").address(Role::media_remote, 0).by_length(24).never(kNotAcross),
    server(0x0097, "ButtonTemplateRes"),
    server(0x0098, "VersionRes"),
    server(0x0099, "DisplayText"),
    server(0x009a, "ClearDisplay"),
    server(0x009b, "CapabilitiesReq"),
    server(0x009d, "RegisterReject").one_way_only().with({{F::text, 0}}),
    server(0x009e, "ServerRes").one_way_only().list(Role::server, 260, 240, 5).by_length(360).with({{F::text, 0}}),
    server(0x009f, "Reset").one_way_only().with({{F::reset_type, 0}}),
    server(0x0100, "KeepAliveAck").one_way_only(),
    server(0x0101, "StartMulticastMediaReception").address(Role::multicast, 8, 12).by_length(48).never(kNotAcross),
    server(0x0102, "StartMulticastMediaTransmission").address(Role::multicast, 8, 12).by_length(56).never(kNotAcross),
    server(0x0103, "StopMulticastMediaReception"),
    server(0x0104, "StopMulticastMediaTransmission"),
    server(0x0105, "OpenReceiveChannel")
        .one_way_only()
        .address(Role::media_source, 100, 104)
        .by_version(128)
        .asks_for(108)
        .with({{F::conference, 0},
               {F::party, 4},
               {F::packet_ms, 8},
               {F::codec, 12},
               {F::call, 24},
               {F::encryption, 28},
               {F::rfc2833_type, 84}}),
    server(0x0106, "CloseReceiveChannel").one_way_only().with({{F::conference, 0}, {F::party, 4}, {F::call, 8}}),
    server(0x0107, "ConnectionStatisticsReq"),
    server(0x0108, "SoftKeyTemplateRes"),
    server(0x0109, "SoftKeySetRes"),
    server(0x0110, "SelectSoftKeys"),
    server(0x0111, "CallState").with({{F::call_state, 0}, {F::line, 4}, {F::call, 8}}),
    server(0x0112, "DisplayPromptStatus"),
    server(0x0113, "ClearPromptStatus"),
    server(0x0114, "DisplayNotify").with({{F::seconds, 0}, {F::text, 4}}),
    server(0x0115, "ClearNotify"),
    server(0x0116, "ActivateCallPlane"),
    server(0x0117, "DeactivateCallPlane"),
    server(0x0118, "UnregisterAck").one_way_only().with({{F::status, 0}}),
    server(0x0119, "BackSpaceRes"),
    server(0x011a, "RegisterTokenAck").one_way_only(),
    server(0x011b, "RegisterTokenReject").one_way_only(),
    server(0x011c, "StartMediaFailureDetection"),
    server(0x011d, "DialedNumber").with({{F::dialled, 0}, {F::call, kLast}}),
    server(0x011e, "UserToDeviceData"),
    server(0x011f, "FeatureStatRes"),
    server(0x0120, "DisplayPriNotify"),
    server(0x0121, "ClearPriNotify"),
    server(0x0122, "StartAnnouncement"),
    server(0x0123, "StopAnnouncement"),
    server(0x0124, "AnnouncementFinish"),
    server(0x0127, "NotifyDtmfTone"),
    server(0x0128, "SendDtmfTone"),
    server(0x0129, "SubscribeDtmfPayloadReq"),
    phone(0x012a, "SubscribeDtmfPayloadRes"),
    phone(0x012b, "SubscribeDtmfPayloadErr"),
    server(0x012c, "UnSubscribeDtmfPayloadReq"),
    phone(0x012d, "UnSubscribeDtmfPayloadRes"),
    phone(0x012e, "UnSubscribeDtmfPayloadErr"),
    server(0x012f, "ServiceURLStatRes"),
    server(0x0130, "CallSelectStatRes"),
    server(0x0131, "OpenMultiMediaReceiveChannel")
        .one_way_only()
        .address(Role::media_source, kNone)
        .form(FormBy::from_end, 144)
        .with({{F::conference, 0}, {F::party, 4}, {F::codec, 8}, {F::call, 16}}),
    server(0x0132, "StartMultiMediaTransmission")
        .one_way_only()
        .address(Role::media_remote, 12, 16)
        .form(FormBy::word, 0)
        .with({{F::conference, 0}, {F::party, 4}, {F::codec, 8}, {F::call, 20}}),
    server(0x0133, "StopMultiMediaTransmission").one_way_only().with({{F::conference, 0}, {F::party, 4}, {F::call, 8}}),
    server(0x0134, "MiscellaneousCommand"),
    server(0x0135, "FlowControlCommand"),
    server(0x0136, "CloseMultiMediaReceiveChannel")
        .one_way_only()
        .with({{F::conference, 0}, {F::party, 4}, {F::call, 8}}),
    server(0x0137, "CreateConferenceReq"),
    server(0x0138, "DeleteConferenceReq"),
    server(0x0139, "ModifyConferenceReq"),
    server(0x013a, "AddParticipantReq"),
    server(0x013b, "DropParticipantReq"),
    server(0x013c, "AuditConferenceReq"),
    server(0x013d, "AuditParticipantReq"),
    server(0x013e, "ChangeParticipantReq"),
    server(0x013f, "UserToDeviceDataVersion1"),
    server(0x0140, "VideoDisplayCommand"),
    server(0x0141, "FlowControlNotify"),
    server(0x0142, "ConfigStatV2Res"),
    server(0x0143, "DisplayNotifyV2"),
    server(0x0144, "DisplayPriNotifyV2"),
    server(0x0145, "DisplayPromptStatusV2"),
    server(0x0146, "FeatureStatV2Res"),
    server(0x0147, "LineStatV2Res").with({{F::line, 0}, {F::text, 8}}),
    server(0x0148, "ServiceURLStatV2Res"),
    server(0x0149, "SpeedDialStatV2Res"),
    server(0x014a, "CallInfoV2").with({{F::line, 0}, {F::call, 4}, {F::call_type, 8}, {F::text, 32}}),
    server(0x014b, "PortReq")
        .one_way_only()
        .asks_for(16)
        .with({{F::conference, 0}, {F::call, 4}, {F::party, 8}, {F::media_type, 20}}),
    server(0x014c, "PortClose").one_way_only().with({{F::conference, 0}, {F::call, 4}, {F::party, 8}}),
    server(0x014d, "QoSListen").address(Role::media_remote, 12, 16).by_version(36).never(kServersPath),
    server(0x014e, "QoSPath").address(Role::media_remote, 12, 16).by_version(36).never(kServersPath),
    server(0x014f, "QoSTeardown").address(Role::media_remote, 12, 16).by_version(36).never(kServersPath),
    server(0x0150, "UpdateDSCP").address(Role::media_remote, 12, 16).by_version(36).never(kServersPath),
    server(0x0151, "QoSModify").address(Role::media_remote, 12, 16).by_version(36).never(kServersPath),
    server(0x0152, "SubscriptionStatRes"),
    server(0x0153, "Notification"),
    phone(0x0154, "StartMediaTransmissionAck")
        .address(Role::media_local, 12, 16)
        .by_length(40)
        .with({{F::conference, 0}, {F::party, 4}, {F::call, 8}}),
    phone(0x0155, "StartMultiMediaTransmissionAck")
        .address(Role::media_local, 12, 16)
        .by_length(40)
        .with({{F::conference, 0}, {F::party, 4}, {F::call, 8}}),
    server(0x0156, "CallHistoryInfo"),
    phone(0x0157, "LocationInfo").dropped_early().says(0).at_most(kFrameTaken),
    server(0x0158, "MwiRes"),
    phone(0x0159, "AddOnDeviceCapabilities"),
    phone(0x015a, "EnhancedAlarm").early().says(0).at_most(kFrameTaken),
    phone(0x015e, "CallCountReq").dropped_early(),
    server(0x015f, "CallCountResp"),
    server(0x0160, "RecordingStatus"),
    phone(0x8000, "SPCPRegisterTokenReq").early().address(Role::station, 24),
    server(0x8100, "SPCPRegisterTokenAck").one_way_only(),
    server(0x8101, "SPCPRegisterTokenReject").one_way_only(),
};
static_assert(std::ranges::is_sorted(kRows, {}, &MessageType::id));

}  // namespace

MessageTable::MessageTable(std::span<const MessageType> rows) : rows_(rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].id < kIndexed) index_[rows[i].id] = static_cast<std::uint16_t>(i + 1);
  }
}

const MessageType& MessageTable::find(std::uint32_t id) const {
  if (id < kIndexed) return index_[id] == 0 ? kUnknown : rows_[index_[id] - 1U];
  const auto beyond = rows_.last(std::min(rows_.size(), kMaxBeyond));
  const auto at = std::ranges::find(beyond, id, &MessageType::id);
  return at == beyond.end() ? kUnknown : *at;
}

const MessageTable& messages() {
  static const MessageTable table(kRows);
  return table;
}

std::string_view name_of(std::uint32_t id) {
  return messages().find(id).name;
}

}  // namespace dw::sccp
