#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"

/// SCCP as the simulated phone and call server speak it: written from the protocol page alone, so that it can
/// contradict the parser under test. It trusts nothing of sbc/sccp and shares nothing with it.
namespace dw::sim {

namespace id {  // sccp.md §2, §3
inline constexpr std::uint32_t kKeepAlive = 0x0000, kRegister = 0x0001, kIpPort = 0x0002, kKeypadButton = 0x0003,
                               kEnblocCall = 0x0004, kStimulus = 0x0005, kOffHook = 0x0006, kOnHook = 0x0007,
                               kForwardStatReq = 0x0009, kSpeedDialStatReq = 0x000A, kLineStatReq = 0x000B,
                               kConfigStatReq = 0x000C, kTimeDateReq = 0x000D, kButtonTemplateReq = 0x000E,
                               kCapabilitiesRes = 0x0010, kServerReq = 0x0012, kAlarm = 0x0020,
                               kOpenReceiveAck = 0x0022, kStatisticsRes = 0x0023, kSoftKeySetReq = 0x0025,
                               kSoftKeyEvent = 0x0026, kUnregister = 0x0027, kSoftKeyTemplateReq = 0x0028,
                               kTokenReq = 0x0029, kAvailableLines = 0x002D, kUpdateCapabilities = 0x0030,
                               kServiceUrlStatReq = 0x0033, kFeatureStatReq = 0x0034, kUpdateCapabilitiesV3 = 0x0044,
                               kEnhancedAlarm = 0x015A, kStartMediaAck = 0x0154;
inline constexpr std::uint32_t kRegisterAck = 0x0081, kStartTone = 0x0082, kStopTone = 0x0083, kSetRinger = 0x0085,
                               kSetLamp = 0x0086, kSetSpeakerMode = 0x0088, kStartMedia = 0x008A, kStopMedia = 0x008B,
                               kCallInfo = 0x008F, kForwardStat = 0x0090, kLineStat = 0x0092, kConfigStat = 0x0093,
                               kTimeDate = 0x0094, kButtonTemplate = 0x0097, kCapabilitiesReq = 0x009B,
                               kRegisterReject = 0x009D, kServerRes = 0x009E, kReset = 0x009F, kKeepAliveAck = 0x0100,
                               kOpenReceive = 0x0105, kCloseReceive = 0x0106, kStatisticsReq = 0x0107,
                               kSoftKeyTemplate = 0x0108, kSoftKeySet = 0x0109, kSelectSoftKeys = 0x0110,
                               kCallState = 0x0111, kPrompt = 0x0112, kClearPrompt = 0x0113, kActivatePlane = 0x0116,
                               kUnregisterAck = 0x0118, kTokenAck = 0x011A, kTokenReject = 0x011B,
                               kDialedNumber = 0x011D, kFeatureStat = 0x011F, kDynamicPrompt = 0x0145,
                               kDynamicLineStat = 0x0147, kDynamicCallInfo = 0x014A;
}  // namespace id

/// CallState's first word (0x0111).
enum class CallPhase : std::uint32_t {
  off_hook = 1,
  on_hook = 2,
  ring_out = 3,
  ring_in = 4,
  connected = 5,
  busy = 6,
  hold = 8,
  proceed = 12
};

/// SoftKeyEvent's first word (0x0026), sccp.md §3.5 to §3.8.
enum class SoftKey : std::uint32_t { new_call = 2, hold = 3, transfer = 4, end_call = 9, resume = 10, answer = 11 };

/// One message: octets 0 length, 4 header version, 8 id, 12 body.
struct SccpFrame {
  std::uint32_t version = 0;
  std::uint32_t id = 0;
  Buffer body;
  friend bool operator==(const SccpFrame&, const SccpFrame&) = default;
};

Buffer to_octets(const SccpFrame& frame);
/// "0x0022 v17 36 octets"
std::string to_string(const SccpFrame& frame);

/// A frame that went over a connection, as one end saw it.
struct SccpRecord {
  bool sent = false;
  int connection = 0;
  SccpFrame frame;
};

/// Cuts a TCP stream into frames. Above `limit` octets of a whole frame, or with a length below 4, the stream
/// is broken for good (sccp.md §1.4).
class SccpFramer {
 public:
  SccpFramer() = default;
  explicit SccpFramer(std::size_t limit) : limit_(limit) {}
  void add(Bytes octets);
  std::optional<SccpFrame> next();
  bool broken() const { return broken_; }
  std::size_t held() const { return held_.size(); }

 private:
  std::deque<std::uint8_t> held_;
  std::size_t limit_ = 4096;
  bool broken_ = false;
};

/// A body being written: fields by offset, everything else zero. What does not fit is not written, so one
/// description serves a message's shorter forms too.
class Body {
 public:
  explicit Body(std::size_t size) : octets_(size) {}
  Body& u8(std::size_t at, std::uint32_t value);
  Body& u16(std::size_t at, std::uint32_t value);
  Body& u32(std::size_t at, std::uint32_t value);
  Body& text(std::size_t at, std::size_t room, std::string_view value);  ///< NUL-terminated within `room`
  Body& ipv4(std::size_t at, const IpAddress& address);                  ///< network order
  Body& add_text(std::string_view value);                                ///< appended with its NUL
  Body& pad();                                                           ///< to a multiple of four
  Buffer take() { return std::move(octets_); }

 private:
  Buffer octets_;
};

/// Fields of a body by offset; zero or empty where the body ends before.
std::uint32_t u8_at(Bytes body, std::size_t at);
std::uint32_t u32_at(Bytes body, std::size_t at);
std::string text_at(Bytes body, std::size_t at, std::size_t room);
IpAddress ipv4_at(Bytes body, std::size_t at);

}  // namespace dw::sim
