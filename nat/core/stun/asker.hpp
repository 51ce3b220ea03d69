#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "nat/core/stun/stun.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// What a probe wants sent, and by which of its sockets. Sockets are numbered by the probe; a number that is
/// new means a new one, at a free port of the address that routes to the server.
struct StunSend {
  std::uint32_t socket = 0;
  Endpoint to;
  Buffer octets;
};

/// Binding requests that wait for their answers, sent again with growing pauses (RFC 8489 §6.2.1, shorter).
/// For probes; each request has a tag of the probe's. No I/O.
class StunAsker {
 public:
  static constexpr std::size_t kMaxWaiting = 16;
  static constexpr unsigned kTries = 4;  ///< at 0, 0.3, 0.9, 2.1 s
  static constexpr Duration kFirstPause = std::chrono::milliseconds(300);
  static constexpr Duration kLastPause = std::chrono::milliseconds(700);  ///< after the last try
  /// Octets of a request, so that no answer is longer. SOFTWARE fills it up: PADDING would ask for an answer as long as
  /// the MTU, and may not stand beside RESPONSE-PORT (RFC 5780 §7.6).
  static constexpr std::size_t kPadded = 64;

  struct Ask {
    std::uint32_t socket = 0;
    Endpoint to;
    std::optional<StunMessage::ChangeRequest> change;
    std::optional<std::uint16_t> response_port;
  };
  struct Answered {
    int tag = 0;
    std::uint32_t by_socket = 0;      ///< where the answer arrived
    StunMessage message;              ///< its views are gone
    Duration round_trip{};            ///< since the last try
    bool arrived_as_request = false;  ///< our own request came in: a hairpin
  };

  explicit StunAsker(std::function<std::uint64_t()> random) : random_(std::move(random)) {}

  void ask(TimePoint now, int tag, const Ask& what, std::vector<StunSend>& out);
  /// What a datagram answers, of those that wait; it is taken off.
  std::optional<Answered> take(TimePoint now, std::uint32_t socket, Bytes octets);
  /// Sends again what is due; gives the tags of those that were given up.
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
