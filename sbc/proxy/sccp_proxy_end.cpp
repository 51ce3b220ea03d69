#include <utility>

#include "sbc/proxy/sccp_connection.hpp"
#include "sbc/proxy/sccp_proxy.hpp"

// How connections of the SCCP proxy end.
namespace dw::proxy {

void SccpProxy::phone_ended(Connection& c, bool clean, std::string_view why) {
  const bool reset = !clean;
  c.phone = {};
  if (c.closing) {
    if (!c.server) forget(c);
    return;
  }
  if (c.session.registered() && !c.session.unregistered())
    report_step(c, SignallingEvent::phone_lost, clean ? "it hung up" : std::string(why));
  if (reset) c.server.reset();
  hang_up(c, sccp::ClosedBy::phone);
}

void SccpProxy::server_ended(Connection& c, bool clean, std::string_view why) {
  if (c.connect_until) return connect_failed(c, std::string(why));
  c.server = {};
  if (c.closing) {
    if (!c.phone) return forget(c);
    return give_up_name(c);
  }
  if (!c.session.unregistered() && !c.refused) {
    const std::string reason = clean ? "it hung up" : std::string(why);
    report_step(c, SignallingEvent::server_lost,
                c.session.registered() ? reason : reason + " before it had answered the registration");
  }
  if (!clean) c.phone.reset();
  hang_up(c, sccp::ClosedBy::server);
}

/// Closes our half of both streams. The connection is forgotten when both peers have closed theirs, or after kHangUp.
void SccpProxy::hang_up(Connection& c, sccp::ClosedBy by) {
  if (c.closing) return;
  c.closing = true;
  names_.closing(c.session.device(), c.slot);
  c.lookup.reset();
  c.connect_until.reset();
  sccp::Output out;
  c.session.on_closed(loop_.now(), by, out);
  for (const auto& event : out.events)
    report(c, event);
  for (sccp::LostCall& lost : out.preserved)
    call_preserved(c, lost);
  c.phone.finish();
  c.server.finish();
  c.forget_at = loop_.now() + kHangUp;
  if (!c.phone && !c.server) return forget(c);
  arm(c);
}

void SccpProxy::forget(Connection& c) {
  const std::size_t slot = c.slot;
  deadlines_.clear(slot);
  places_.left(slot);
  if (c.counted) --servers_.at(c.target).phones;
  if (c.source) --source_use_[c.source];
  const auto owned = std::move(slots_[slot]);
  free_.push_back(slot);
  --live_;
  give_up_name(*owned);
}

/// Its server has heard the end of it: a newer connection of the same device may register.
void SccpProxy::give_up_name(Connection& c) {
  sccp::DeviceNames::Actions actions;
  names_.gone(c.session.device(), c.slot, actions);
  perform(actions);
}

void SccpProxy::drain() {
  draining_ = true;
  listeners_.clear();
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    Connection* c = slots_[slot].get();
    if (c && !c->closing && c->session.calls(loop_.now()).empty()) hang_up(*c);
  }
}

}  // namespace dw::proxy
