#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/token_bucket.hpp"
#include "sbc/sip/bindings.hpp"
#include "sbc/sip/calls.hpp"
#include "sbc/sip/dialogs.hpp"
#include "sbc/sip/homes.hpp"
#include "sbc/sip/identifiers.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/proxy_options.hpp"
#include "sbc/sip/responder.hpp"
#include "sbc/sip/sources.hpp"

namespace dw::sip {

/// Which requests may go on, before anybody looks where to. Answers those that may not, through the Responder. Owns
/// whether we are about to stop, and how many probes of other Dropwires are answered. No I/O.
class Admission {
 public:
  /// What it reads and writes; all of it outlives it.
  struct Parts {
    const ProxyOptions& options;
    Bindings& bindings;
    const Dialogs& dialogs;
    Calls& calls;
    const Homes& homes;
    const Identifiers& identifiers;
    Sources& sources;
    Responder& responder;
    ProxyCounters& counters;
  };
  explicit Admission(const Parts& parts);

  /// RFC 3261 §16.3, and what is for ourselves. A source without a registered phone gets no answer, except to REGISTER
  /// and to what may become a call. False: the request goes no further.
  bool may_pass(TimePoint now, const Flow& from, Side side, const Message& m, Output& out);
  /// A phone's request outside of any dialog (sip-sbc §6.2). An emergency call always may, from a phone that is
  /// registered, or where others may call too: strangers could hide behind it. Whoever may not gets the same answer
  /// whether the called user exists or not. `again`: the dialogs that this very request has begun before.
  bool may_begin(TimePoint now, const Flow& from, const Message& m, const Binding* binding, const DialogSet* again,
                 bool emergency, Output& out);
  /// A call of the central side to a phone.
  bool may_ring(TimePoint now, const Flow& from, const Message& m, Output& out);
  /// Takes no more calls and registrations.
  void drain() { draining_ = true; }
  bool draining() const { return draining_; }

 private:
  bool calls_too_much(TimePoint now, const Flow& from, const Message& m, const Binding* binding, const DialogSet* again,
                      Output& out);
  bool refuses_fault(TimePoint now, const Flow& from, bool known, const Message& m, Output& out);

  const ProxyOptions& options_;
  Bindings& bindings_;
  const Dialogs& dialogs_;
  Calls& calls_;
  const Homes& homes_;
  const Identifiers& identifiers_;
  Sources& sources_;
  Responder& responder_;
  ProxyCounters& counters_;
  TokenBucket probe_answers_{10, 20};  ///< a second, to all sources
  bool draining_ = false;
};

/// INVITE, SUBSCRIBE and REFER make dialogs.
bool begins_dialogs(Method method);
/// An emergency call: an INVITE to one of these numbers, as sip: or tel:, or to the service (RFC 5031).
bool is_emergency_call(const Message& m, const std::vector<std::string>& numbers);
/// RFC 3261 §8.2.2.2: the first request of these dialogs is still under way, and has come again by another way.
bool is_merged(const DialogSet* set);

}  // namespace dw::sip
