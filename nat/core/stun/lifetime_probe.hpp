#pragma once
#include <string>

#include "nat/core/stun/asker.hpp"

namespace dw::nat {

/// Measures how long a NAT keeps an idle UDP mapping (RFC 5780 §4.6): a socket makes a mapping and waits; then another
/// one has the server answer into that mapping (RESPONSE-PORT). Each step uses a new mapping. The wait doubles until a
/// mapping is found dead; then the interval between the two bounds is halved. Takes minutes, with a few packets a step.
/// No I/O.
class LifetimeProbe {
 public:
  static constexpr std::chrono::seconds kFirst{5};
  static constexpr std::chrono::seconds kLongest{320};
  static constexpr std::chrono::seconds kFine{3};    ///< how close the two bounds get; an eighth, if they are long
  static constexpr std::chrono::seconds kRetry{30};  ///< after a step in which the server did not answer
  static constexpr unsigned kMaxFailures = 5;        ///< in a row

  struct Result {
    std::string error;                          ///< why there is no result
    std::optional<std::chrono::seconds> alive;  ///< a mapping lived this long
    std::optional<std::chrono::seconds> dead;   ///< and was gone after this long; nothing: none was, within kLongest
  };

  LifetimeProbe(const Endpoint& server, std::function<std::uint64_t()> random)
      : server_(server), asker_(std::move(random)) {}

  std::vector<StunSend> start(TimePoint now);
  std::vector<StunSend> on_datagram(TimePoint now, std::uint32_t socket, Bytes octets);
  std::vector<StunSend> on_deadline(TimePoint now);
  std::optional<TimePoint> next_deadline() const;
  /// Sockets below this number are no longer needed.
  std::uint32_t oldest_socket() const { return 2 * step_; }
  bool done() const { return done_; }
  const Result& result() const { return result_; }

 private:
  enum Tag { make, look, through };

  void begin_step(TimePoint now);
  void on_verdict(TimePoint now, bool alive);
  void on_failure(TimePoint now, std::string why);
  bool close_enough() const;

  Endpoint server_;
  StunAsker asker_;
  std::uint32_t step_ = 0;  // its sockets are 2·step_, which has the mapping, and the next
  std::chrono::seconds wait_ = kFirst;
  std::chrono::seconds alive_{0};
  std::optional<std::chrono::seconds> dead_;
  std::optional<TimePoint> wake_;
  std::optional<Endpoint> mapping_;  // of this step; nothing: it is to be made at wake_
  unsigned failures_ = 0;
  bool done_ = false;
  std::vector<StunSend> out_;
  Result result_;
};

}  // namespace dw::nat
