#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/call_limits.hpp"
#include "sbc/sccp/call_table.hpp"
#include "sbc/sccp/forwarder.hpp"

namespace dw::sccp {

/// Header versions that a session writes into messages of its own: those that either side uses, beside keepalives.
struct HeaderVersions {
  std::uint32_t server = 0, phone = 0;
};

/// Keeps the outgoing calls of one phone within CallLimits, and hangs up those that are too many. Owns nothing: counts
/// are kept in the calls and in the limits, and all that it was given outlives it. No I/O.
class CallPolicy {
 public:
  static constexpr std::uint32_t kNoticeSeconds = 10;  ///< how long a phone shows that it calls too much

  /// Who calls. The name is empty until the phone has said it.
  struct Caller {
    const std::string& device;
    const IpAddress& address;
  };
  /// `limits`: null, there are none.
  CallPolicy(CallTable& calls, CallLimits* limits, const std::vector<std::string>& emergency, Caller caller,
             const HeaderVersions& versions, Forwarder& forwarder, SessionCounters& counters)
      : calls_(calls),
        limits_(limits),
        emergency_(emergency),
        caller_(caller),
        versions_(versions),
        forwarder_(forwarder),
        counters_(counters) {}
  CallPolicy(const CallPolicy&) = delete;
  CallPolicy& operator=(const CallPolicy&) = delete;

  /// EnblocCall: whether it may be passed on.
  bool may_call(TimePoint now, const Message& enbloc, Output& out);
  /// After the server has said more of the calls.
  void look(TimePoint now, Output& out);
  void is_over(std::uint32_t reference);                     ///< it counts no more
  std::optional<TrackedCall> take(std::uint32_t reference);  ///< out of the table; it counts no more

 private:
  CallLimits::Verdict attempt(TimePoint now);
  void uncount(TrackedCall& call);
  void hang_up(const TrackedCall& call, Output& out);
  void report_refused(CallLimits::Verdict verdict, Output& out);

  CallTable& calls_;
  CallLimits* limits_;
  const std::vector<std::string>& emergency_;
  const Caller caller_;
  const HeaderVersions& versions_;
  Forwarder& forwarder_;
  SessionCounters& counters_;
  bool enbloc_passed_ = false;  // it was one attempt, and the server has not shown the call yet
};

}  // namespace dw::sccp
