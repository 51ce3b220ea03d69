#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "sbc/base/call.hpp"
#include "sbc/base/time.hpp"
#include "sbc/net/log.hpp"
#include "sbc/phones/signalling.hpp"
#include "sbc/sip/proxy.hpp"

namespace dw::proxy {

/// What the SIP proxy reports: log lines, steps of a phone's story, calls that are over. Owns the rate limits of
/// the log, and counts requests that were refused while no server was up. On the loop's thread; the core outlives it.
class SipReport {
 public:
  using OnStep = std::function<void(const phones::SignallingStep&)>;
  using OnCall = std::function<void(const Call&)>;
  SipReport(const sip::Proxy& core, OnStep on_step, OnCall on_call)
      : core_(core), on_step_(std::move(on_step)), on_call_(std::move(on_call)) {}

  void on_event(TimePoint now, const sip::Event& event);
  /// The servers have changed: the next request that finds none is logged again.
  void servers_changed() { let_go_.reset(); }
  /// The rate limit of lines that are about no registration, refusal, ban or abuse.
  net::LogLimit& limit() { return limit_; }

 private:
  void log_event(const sip::Event& event);
  void step(const sip::Event& event, SignallingEvent kind, std::string detail);
  void call_over(TimePoint now, const sip::Event& event);
  std::string server_name(const sip::Event& event) const;

  const sip::Proxy& core_;
  OnStep on_step_;
  OnCall on_call_;
  net::LogLimit limit_, refused_, bad_, abuses_{20, 200}, lost_{20, 200}, registered_{50, 500};
  std::optional<std::uint64_t> let_go_;  ///< requests that were refused since no server has been up
};

}  // namespace dw::proxy
