#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/call.hpp"
#include "sbc/sccp/message.hpp"

namespace dw::sccp {

/// Octets of the fixed fields that carry a number.
inline constexpr std::size_t kNumberOctets = 24;

enum class MediaKind : std::uint8_t { audio, video };

/// The values of CallState (0x0111) that real servers send.
enum class CallState : std::uint32_t {
  off_hook = 1,
  on_hook = 2,
  ring_out = 3,
  ring_in = 4,
  connected = 5,
  busy = 6,
  congestion = 7,
  hold = 8,
  call_waiting = 9,
  call_transfer = 10,
  call_park = 11,
  proceed = 12,
  remote_multiline = 13,  ///< on a shared line, at another phone
  invalid_number = 14,
};
std::string_view words_of(std::uint32_t state);  ///< "off hook", "connected", "on hold"…; "in progress" for others

/// "PCMU" for 4 (the RTP/AVP names, RFC 3551); empty for numbers that are not known (sccp §4.5).
std::string_view codec_name(std::uint32_t compression_type);

/// One call of one phone as the server describes it to the phone, and what only the session needs.
struct TrackedCall : Call {
  enum class Limit : std::uint8_t { not_asked, counted, refused };

  std::uint32_t call_state = 0;        ///< CallState
  std::optional<TimePoint> connected;  ///< for the first time
  std::string dialled;                 ///< by the phone, as far as that was seen; untrusted text
  Limit limit = Limit::not_asked;      ///< what CallLimits says of it, once it is known which number it goes to
  bool over = false;                   ///< its CallState said so
  std::optional<TimePoint> ended;  ///< when it was last heard, where that is known; else it ends when it is reported

  /// As it is at that time, with its duration and state.
  Call at(TimePoint now) const;
};

/// Whether it goes to one of these numbers, or the phone dialled one.
bool calls_for_help(const TrackedCall& call, const std::vector<std::string>& numbers);

/// A call that lost its signalling, and its open streams. Whoever takes it has to close them.
struct LostCall {
  TrackedCall call;
  std::vector<CallStream> live;
};

/// The calls of one phone, as read from what the server makes it show. Changes no message.
class CallTable {
 public:
  static constexpr std::size_t kMaxCalls = 64;

  struct Change {
    std::optional<std::uint32_t> up;    ///< this call is connected for the first time
    std::optional<std::uint32_t> over;  ///< this call's CallState says so for the first time
  };
  /// CallState, CallInfo (both forms), DialedNumber; others are ignored.
  Change on_server(TimePoint now, const Message& message);
  /// KeypadButton and EnblocCall say what was dialled; others are ignored.
  void on_phone(const Message& message);
  /// There is media for this call: it is added if no CallState announced it.
  void on_media(TimePoint now, std::uint32_t reference);
  /// Adds an ended stream to its call, or to the latest one when its own is not known.
  void add_stream(std::uint32_t reference, CallStream stream);

  /// Removes the call and returns it; nothing: there is no such call.
  std::optional<TrackedCall> end(std::uint32_t reference);
  std::vector<TrackedCall>& calls() { return calls_; }
  const std::vector<TrackedCall>& calls() const { return calls_; }
  /// The call that the phone is dialling: the one of this reference, else the latest that is not connected. Null: none.
  TrackedCall* dialling(std::uint32_t reference);

 private:
  TrackedCall* find(std::uint32_t reference);
  TrackedCall* make(TimePoint now, std::uint32_t reference, std::uint32_t line);
  Change on_state(TimePoint now, const Message& message);
  void on_info(const Message& message);
  void on_info_v2(const Message& message);
  void on_dialled(const Message& message);

  std::vector<TrackedCall> calls_;  // oldest first
};

}  // namespace dw::sccp
