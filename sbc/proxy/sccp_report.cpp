#include <algorithm>

#include "sbc/proxy/call_report.hpp"
#include "sbc/proxy/sccp_connection.hpp"
#include "sbc/proxy/sccp_proxy.hpp"

// What the SCCP proxy reports: log lines, steps of a phone's story, calls and metrics.
namespace dw::proxy {

void SccpProxy::tap(const Connection& c, WireRecord::Side side, bool sent, Bytes octets) const {
  if (octets.empty()) return;
  const bool phone = side == WireRecord::Side::phone;
  tap_->tell({.protocol = WireRecord::Protocol::sccp,
              .side = side,
              .sent = sent,
              .stream = true,
              .local = phone ? c.phone.local() : c.server.local(),
              .peer = phone ? c.session.phone() : c.server_at,
              .phone = c.session.phone().address,
              .device = c.session.device(),
              .octets = octets});
}

void SccpProxy::report_step(Connection& c, SignallingEvent event, std::string detail) {
  const bool lost = event == SignallingEvent::phone_lost || event == SignallingEvent::server_lost;
  if (lost)
    // event=phone_lost or event=server_lost
    lost_.info("event={} device={} peer={} reason=\"{}\"", to_string(event), c.session.device(),
               c.session.phone().to_string(), escaped(detail));
  if (c.session.device().empty() || !sinks_.on_step) return;
  phones::SignallingStep step;
  step.at = wall_now();
  step.device = c.session.device();
  step.protocol = phones::Protocol::sccp;
  step.event = event;
  step.peer = c.session.phone();
  step.stated = c.session.registration().stated();
  if (c.counted && !c.refused_here) step.server = servers_.at(c.target).name.to_string();
  step.detail = std::move(detail);
  step.version = c.session.registration().version();
  step.device_type = c.session.registration().device_type();
  step.firmware = c.session.registration().firmware();
  for (const auto& [line, number] : c.session.registration().lines())
    step.lines.push_back(number);
  sinks_.on_step(step);
}

void SccpProxy::report(Connection& c, const sccp::SessionEvent& event) {
  using Kind = sccp::SessionEvent::Kind;
  log_event(c, event);
  switch (event.kind) {
    case Kind::registered:
      ++registrations_;
      places_.settled(c.slot);
      note_known(c);
      names_.registered(loop_.now(), c.session.device(), c.slot, c.session.phone().address);
      preserved_.on_registered(loop_.now(), c.session.device(), c.session.phone().address,
                               c.session.registration().active_streams());
      break;
    case Kind::refused:
    case Kind::refused_here:
      ++refusals_;
      c.refused = true;
      c.refused_here = c.refused_here || event.kind == Kind::refused_here;
      break;
    case Kind::call_over:
      return call_over(*event.call, &c);
    case Kind::receives: {
      sccp::PreservedCalls::Over over;
      preserved_.on_receives(loop_.now(), c.session.device(), event.at, over);
      return report_over(over);
    }
    default:
      break;
  }
  if (const auto kind = in_story(event.kind)) report_step(c, *kind, event.text);
}

void SccpProxy::log_event(const Connection& c, const sccp::SessionEvent& event) {
  using Kind = sccp::SessionEvent::Kind;
  const std::string& device = c.session.device();
  const std::string peer = c.session.phone().to_string();
  switch (event.kind) {
    case Kind::registered:
      spdlog::info("event=registered device={} peer={} server={} protocol={} firmware=\"{}\"", device, peer,
                   servers_.at(c.target).name.to_string(), c.session.registration().version(),
                   escaped(c.session.registration().firmware()));
      return;
    case Kind::refused:
    case Kind::refused_here:
      refused_.warn("event=registration_refused device={} peer={} by={} reason=\"{}\"", device, peer,
                    event.kind == Kind::refused ? "server" : "dropwire", escaped(event.text));
      return;
    case Kind::unregistered:
      spdlog::info("event=unregistered device={} peer={}", device, peer);
      return;
    case Kind::reset:
      spdlog::info("event=reset device={} peer={} kind=\"{}\"", device, peer, event.text);
      return;
    case Kind::keepalive_missed:
      limit_.warn("event=keepalive_missed device={} peer={} side={}", device, peer, event.text);
      return;
    case Kind::call_up:
      spdlog::info("event=call_up device={} call={} line={} way={} number=\"{}\"", device, event.call->reference,
                   event.call->line, to_string(event.call->way), escaped(event.call->far_number));
      return;
    case Kind::call_refused:
      limit_.warn("event=call_refused device={} peer={} reason=\"{}\"", device, peer, event.text);
      return;
    case Kind::no_media:
      limit_.warn("event=no_media device={} peer={} reason=\"{}\" the call goes without audio", device, peer,
                  escaped(event.text));
      return;
    case Kind::media_silent:
      limit_.warn("event=media_silent device={} peer={} reason=\"{}\"", device, peer, event.text);
      return;
    case Kind::media_back:
      limit_.info("event=media_back device={} peer={} packets come again", device, peer);
      return;
    case Kind::dropped:
      limit_.warn("event=message_dropped device={} peer={} reason=\"{}\"", device, peer, escaped(event.text));
      return;
    case Kind::layout_conflict:
      limit_.warn("event=layout_conflict device={} peer={} protocol={} message=\"{}\" its length was followed", device,
                  peer, c.session.registration().version(), event.text);
      return;
    case Kind::alarm:
      limit_.info("event=phone_alarm device={} peer={} text=\"{}\"", device, peer, escaped(event.text));
      return;
    case Kind::connected:
    case Kind::lines:
    case Kind::call_over:
    case Kind::receives:
    case Kind::no_server:  // logged where the connection ends
    case Kind::phone_lost:
    case Kind::server_lost:
    case Kind::superseded:
    case Kind::call_preserved:
    case Kind::bad_password:  // the others are SIP's
    case Kind::unheard:
    case Kind::unreachable:
    case Kind::reachable:
    case Kind::altered:
    case Kind::no_date:
    case Kind::refreshed:
    case Kind::moved:
    case Kind::expired:
    case Kind::ice_removed:
    case Kind::auth_int:
    case Kind::large:
    case Kind::abuse:
    case Kind::banned:
    case Kind::server_up:
    case Kind::server_down:
    case Kind::asked:
      return;
  }
}

void SccpProxy::call_over(Call call, const Connection* c) {
  if (!call.answered && call.streams.empty()) return;  // it rang, or somebody only lifted the handset
  ++calls_;
  call = dated(std::move(call), loop_.now());
  if (c) call.peer = c->session.phone();
  if (c && c->counted) call.server = servers_.at(c->target).name.to_string();
  if (c && c->closing && !call.preserved) call.reason = "its connection ended";
  log_call_over(call);
  if (sinks_.on_call) sinks_.on_call(call);
}

void SccpProxy::call_preserved(Connection& c, sccp::LostCall& lost) {
  const std::string& device = c.session.device();
  lost_.info("event=call_preserved device={} peer={} call={} number=\"{}\" both sides still talk", device,
             c.session.phone().to_string(), lost.call.reference, escaped(lost.call.far_number));
  report_step(c, SignallingEvent::call_preserved, lost.call.far_number);
  sccp::PreservedCalls::Over over;
  preserved_.add(loop_.now(), device, std::move(lost), over);
  report_over(over);
  if (!preserved_timer_.armed()) preserved_timer_.arm_at(preserved_.next_deadline());
}

void SccpProxy::report_over(const sccp::PreservedCalls::Over& over) {
  for (const Call& call : over)
    call_over(call);
}

void SccpProxy::look_at_preserved() {
  sccp::PreservedCalls::Over over;
  preserved_.on_deadline(loop_.now(), over);
  report_over(over);
  if (preserved_.size() != 0) preserved_timer_.arm_at(preserved_.next_deadline());
}

std::vector<Call> SccpProxy::calls() const {
  std::vector<Call> all;
  const TimePoint now = loop_.now();
  for (const auto& c : slots_) {
    if (!c || c->closing) continue;
    for (Call& call : c->session.calls(now))
      all.push_back(dated(std::move(call), now));
  }
  for (Call& call : preserved_.calls(now))
    all.push_back(dated(std::move(call), now));
  return all;
}

std::size_t SccpProxy::registered() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(slots_, [](const auto& c) { return c && !c->closing && c->session.registered(); }));
}

void SccpProxy::append_metrics(MetricsText& out) const {
  out.gauge("dropwire_sccp_connections", "SCCP connections of phones.", static_cast<double>(live_));
  out.gauge("dropwire_sccp_registered", "Phones that are registered by SCCP.", static_cast<double>(registered()));
  out.gauge("dropwire_sccp_calls", "Running calls of SCCP phones.", static_cast<double>(calls().size()));
  out.gauge("dropwire_sccp_preserved_calls", "Calls that go on although their signalling connection was lost.",
            static_cast<double>(preserved_.size()));
  out.counter("dropwire_sccp_calls_total", "Calls of SCCP phones that are over.", calls_);
  out.counter("dropwire_sccp_calls_refused_total", "Calls of SCCP phones that a limit refused.",
              counters_.calls_refused);
  out.counter("dropwire_sccp_accepted_total", "SCCP connections that were taken.", accepted_);
  out.counter("dropwire_sccp_turned_away_total", "SCCP connections that were refused because of a limit.",
              turned_away_);
  places_.append_tables(out, "sccp");
  out.table("sccp_names", names_.book().names(), sccp::NameBook::kMaxNames);
  out.table("sccp_name_budgets", names_.book().budgets(), sccp::NameBook::kMaxNames);
  out.counter("dropwire_sccp_registrations_total", "Registrations that a call server took.", registrations_);
  out.counter("dropwire_sccp_refused_total", "Registrations that were refused, by a call server or by a limit.",
              refusals_);
  out.counter("dropwire_sccp_superseded_total", "Connections that a newer one of the same phone replaced.",
              superseded_);
  out.counter("dropwire_sccp_no_server_total", "Connections that ended because no call server answered.", no_server_);
  const char* messages = "SCCP messages that came, by the side that sent them.";
  out.counter("dropwire_sccp_messages_total", messages, counters_.from_phones, {{"from", "phone"}});
  out.counter("dropwire_sccp_messages_total", messages, counters_.from_servers, {{"from", "server"}});
  out.counter("dropwire_sccp_rewritten_total", "SCCP messages that left with other addresses.", counters_.rewritten);
  out.counter("dropwire_sccp_dropped_total", "SCCP messages that were not passed on.", counters_.dropped);
  out.counter("dropwire_sccp_malformed_total", "SCCP connections that ended with a bad frame.", counters_.malformed);
  out.counter("dropwire_sccp_layout_conflicts_total", "Messages whose length and version pointed to different layouts.",
              counters_.layout_conflicts);
  out.counter("dropwire_sccp_no_media_total", "Media channels refused for want of ports.", counters_.no_media);
  for (const auto& server : servers_.all()) {
    if (!server.configured && server.phones == 0) continue;
    const std::string name = server.name.to_string();
    out.gauge("dropwire_sccp_server_up", "Whether a call server answered when last asked.", server.up ? 1 : 0,
              {{"server", name}});
    out.gauge("dropwire_sccp_server_phones", "Connections to a call server.", server.phones, {{"server", name}});
  }
}

}  // namespace dw::proxy
