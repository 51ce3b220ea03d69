#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "nat/core/stun/stun.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// A datagram that a probe wants sent, and from which of its sockets. The probe numbers its sockets; an unused number
/// means a new socket, at a free port of the address that routes to the server.
struct StunSend {
  std::uint32_t socket = 0;
  Endpoint to;
  Buffer octets;
};

/// Binding requests that wait for their answers, resent with growing pauses (like RFC 8489 §6.2.1, but shorter). Each
/// request has a tag chosen by the probe. No I/O.
class StunAsker {
 public:
  static constexpr std::size_t kMaxWaiting = 16;
  static constexpr unsigned kTries = 4;  ///< at 0, 0.3, 0.9, 2.1 s
  static constexpr Duration kFirstPause = std::chrono::milliseconds(300);
  static constexpr Duration kLastPause = std::chrono::milliseconds(700);  ///< after the last try
  /// Octets of a request; answers are no longer than it. SOFTWARE fills it up: PADDING would ask for an answer of the
  /// size of the MTU, and may not be combined with RESPONSE-PORT (RFC 5780 §7.6).
  static constexpr std::size_t kPadded = 64;

  struct Ask {
    std::uint32_t socket = 0;
    Endpoint to;
    std::optional<StunMessage::ChangeRequest> change;
    std::optional<std::uint16_t> response_port;
  };
  struct Answered {
    int tag = 0;
    std::uint32_t by_socket = 0;      ///< that received the answer
    StunMessage message;              ///< its views are empty
    Duration round_trip{};            ///< since the last try
    bool arrived_as_request = false;  ///< our own request came in: a hairpin
  };

  explicit StunAsker(std::function<std::uint64_t()> random) : random_(std::move(random)) {}

  void ask(TimePoint now, int tag, const Ask& what, std::vector<StunSend>& out);
  /// The waiting request that this datagram answers, if any; it no longer waits.
  std::optional<Answered> take(TimePoint now, std::uint32_t socket, Bytes octets);
  /// Resends what is due; returns the tags of requests that were given up.
  std::vector<int> on_deadline(TimePoint now, std::vector<StunSend>& out);
  std::optional<TimePoint> next_deadline() const;
  void forget(int tag);
  bool waits_for(int tag) const;
  bool idle() const { return waiting_.empty(); }
  bool full() const { return waiting_.size() >= kMaxWaiting; }

 private:
  struct Waiting {
    int tag = 0;
    StunId id{};
    StunSend send;
    unsigned tries = 1;
    TimePoint sent{}, due{};
  };
  std::function<std::uint64_t()> random_;
  std::vector<Waiting> waiting_;
};

}  // namespace dw::nat
