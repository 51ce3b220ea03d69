#pragma once
#include <cstdint>
#include <string_view>

#include "sbc/sip/fail_over.hpp"
#include "sbc/sip/start_over.hpp"

namespace dw::sip {

/// Requests that get no answer: their time is over (timers B, C and F), ICMP says that they did not arrive (RFC 3261
/// §18.4), or their connection is closed. Each goes to the next server, or its sender is refused and what it began
/// ends. Owns nothing. No I/O.
class Failures {
 public:
  Failures(ProxyParts& parts, Forwarder& forwarder, FailOver& fail_over, StartOver& start_over);

  void on_timeout(TimePoint now, Transaction& t, Transactions::Timeout timeout, Output& out);
  /// ICMP says that a datagram to `peer` did not arrive; `quoted` is its beginning. Ports and addresses of servers are
  /// no secret, so anybody can make such a message up. One that shows the branch of a transaction that goes there ends
  /// it; any other makes us ask the server, and counts for nothing else. Registrations and calls stay: a router or a
  /// phone that starts over causes the same for a moment.
  void on_undelivered(TimePoint now, const Endpoint& peer, Bytes quoted, std::string_view why, Output& out);
  void on_connection_closed(TimePoint now, ConnectionId connection, std::string_view why, Output& out);

 private:
  void on_timer_c(TimePoint now, Transaction& t, DialogSet* set, Output& out);
  void own_unanswered(TimePoint now, Transaction& t, Output& out);
  void undelivered_to_central(TimePoint now, Transaction& t, Output& out);
  void undelivered_to_phone(TimePoint now, Transaction& t, Output& out);
  void lost_with(TimePoint now, Transaction& t, const Connection& closed, Output& out);

  ProxyCounters& counters_;
  Servers& servers_;
  Bindings& bindings_;
  Dialogs& dialogs_;
  Transactions& transactions_;
  Connections& connections_;
  BodyRewriter& bodies_;
  Calls& calls_;
  Registrar& registrar_;
  Watch& watch_;
  Responder& responder_;
  Forwarder& forwarder_;
  FailOver& fail_over_;
  StartOver& start_over_;
  Message stored_;  ///< a request of a transaction, parsed again
};

}  // namespace dw::sip
