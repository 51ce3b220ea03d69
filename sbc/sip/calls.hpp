#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/call_limits.hpp"
#include "sbc/base/media_broker.hpp"
#include "sbc/sip/bindings.hpp"
#include "sbc/sip/dialogs.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/proxy_options.hpp"
#include "sbc/sip/transactions.hpp"

namespace dw::sip {

/// Calls as people see them: when one begins, is answered, goes on, and is over. Owns how many calls each line and
/// source has (CallLimits); what is known of a call stands in its DialogSet. Closes its media when it ends. No I/O.
class Calls {
 public:
  Calls(const ProxyOptions& options, Dialogs& dialogs, const Bindings& bindings, MediaBroker& broker,
        ProxyCounters& counters, std::uint64_t seed)
      : options_(options),
        dialogs_(dialogs),
        bindings_(bindings),
        broker_(broker),
        counters_(counters),
        limits_(options.call_limits, seed) {}
  void configure() { limits_.configure(options_.call_limits); }

  /// Whether a line, or an address, calls too much. One that was challenged and comes again is the same attempt.
  /// `again`: the dialogs that this request has begun before; `domain`: of the binding.
  CallLimits::Verdict attempt(TimePoint now, const Message& m, const Flow& from, const Binding* binding,
                              const DialogSet* again, std::string_view domain);
  /// Also of a call that is tried again under the same Call-ID and tag.
  void begin(TimePoint now, DialogSet& set);
  void up(TimePoint now, DialogSet& set, Output& out);
  /// A 2xx within a dialog shows that both ends are there; one to INVITE or UPDATE says how long that is good for.
  static void note_life(TimePoint now, DialogSet& set, const Transaction& t, const Message& m);
  /// Whether it goes on. Its media may say so, or whoever refreshes its session, or nobody: a call may be held, or have
  /// media that pass elsewhere. So it is ended only after a day without any sign of life, or once a session that was to
  /// be refreshed was not.
  void look_at(TimePoint now, DialogSet& set, Output& out);
  /// When a packet of its media last came, from either side; long ago where there was none.
  TimePoint last_media(TimePoint now, const DialogSet& set) const;
  /// No ports are left: the call that has been silent longest gives up its own, and goes on without.
  bool free_silent_media(TimePoint now, Output& out);

  /// Its INVITE was challenged and will come again. Until then it holds no ports, as a caller without a password never
  /// comes again.
  void end_try(TimePoint now, DialogSet& set);
  /// Of several that were answered the caller keeps one (RFC 3261 §13.2.2.4): the call goes on with it.
  void end_dialog(TimePoint now, DialogSet& set, std::string_view responder_tag, Output& out);
  /// Its media end now; what still comes of its dialogs is passed on for a while. `why`: neither side has ended it.
  void end(TimePoint now, DialogSet& set, Output& out, std::string_view why = {});
  /// A request of it reached nobody. What it began ends with it, and what a BYE was to end as well: whoever sent that
  /// has forgotten the call. `responder_tag`: of the dialog of a BYE.
  void unreached(TimePoint now, const Transaction& t, std::string_view responder_tag, Output& out);

  std::vector<Call> running(TimePoint now) const;
  std::uint64_t refused() const { return limits_.refused(); }

 private:
  Call call_of(TimePoint now, const DialogSet& set) const;
  std::string unregistered_caller(const IpAddress& address, std::string_view user) const;

  const ProxyOptions& options_;
  Dialogs& dialogs_;
  const Bindings& bindings_;
  MediaBroker& broker_;
  ProxyCounters& counters_;
  CallLimits limits_;
};

}  // namespace dw::sip
