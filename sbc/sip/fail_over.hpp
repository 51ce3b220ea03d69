#pragma once
#include <cstddef>
#include <string>

#include "sbc/sip/forwarder.hpp"

namespace dw::sip {

/// What a phone's request does when its server does not take it: a request of no dialog goes to the next server, one
/// within a dialog to the next address of its server. Owns nothing. No I/O.
class FailOver {
 public:
  FailOver(ProxyParts& parts, Forwarder& forwarder);

  /// False: there is no other server or address.
  bool try_next(TimePoint now, Transaction& t, Output& out);
  /// The same server by UDP, where it took no connection for a request that is too large for a datagram (RFC 3261
  /// §18.1.1). False: it can't be sent.
  bool go_back_to_udp(TimePoint now, Transaction& t, Output& out);
  /// A registrar names another server (RFC 3261 §8.1.3.4). One of our own is asked by us, as a phone would go there
  /// past us. False: none of them is ours.
  bool follow_redirect(TimePoint now, Transaction& t, const Message& answer, Output& out);
  /// The server of this transaction takes nothing, or is silent: its next address is used from now on.
  void server_failed(TimePoint now, Transaction& t, std::string why, Output& out);
  /// Nobody is left to ask: 503. `m`: the request; not to be used afterwards.
  void no_server_left(TimePoint now, Transaction& t, const Message& m, Output& out);
  /// Whoever was asked is silent, and nobody else is left: the phone hears so while it still waits. What the server
  /// answers later does no harm: a call that rings then is cancelled.
  void give_up(TimePoint now, Transaction& t, Output& out);

 private:
  bool forward_again(TimePoint now, Transaction& t, const Message& m, Output& out);

  ProxyCounters& counters_;
  Servers& servers_;
  Bindings& bindings_;
  Dialogs& dialogs_;
  Transactions& transactions_;
  const Homes& homes_;
  Registrar& registrar_;
  Watch& watch_;
  Forwarder& forwarder_;
  Message stored_;  ///< a request of a transaction, parsed again
};

}  // namespace dw::sip
