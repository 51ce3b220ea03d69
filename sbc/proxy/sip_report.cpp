#include "sbc/proxy/sip_report.hpp"

#include <utility>

#include "sbc/proxy/call_report.hpp"

namespace dw::proxy {
namespace {

std::string_view lower_name(sip::Transport transport) {
  switch (transport) {
    case sip::Transport::udp:
      return "udp";
    case sip::Transport::tcp:
      return "tcp";
    case sip::Transport::tls:
      return "tls";
  }
  return "?";
}

}  // namespace

std::string SipReport::server_name(const sip::Event& event) const {
  return event.server && *event.server < core_.parts().servers.all().size()
             ? core_.parts().servers.all()[*event.server].name.to_string()
             : std::string();
}

void SipReport::step(const sip::Event& event, SignallingEvent kind, std::string detail) {
  if (!on_step_) return;
  phones::SignallingStep report;
  report.at = wall_now();
  report.device = event.device;
  report.protocol = phones::Protocol::sip;
  report.event = kind;
  report.peer = event.flow.peer;
  report.stated = event.stated;
  report.server = server_name(event);
  report.detail = std::move(detail);
  report.device_type = event.device_type;
  report.status = event.status;
  report.transport = lower_name(event.flow.transport);
  report.aor = event.aor;
  report.user_agent = event.user_agent;
  on_step_(report);
}

void SipReport::on_event(TimePoint now, const sip::Event& event) {
  using Kind = sip::Event::Kind;
  if (event.kind != Kind::refreshed) log_event(event);
  if (event.kind == Kind::call_over) return call_over(now, event);
  if (const auto kind = in_story(event.kind))
    step(event, *kind, event.kind == Kind::expired ? "its registration ran out" : event.text);
}

void SipReport::log_event(const sip::Event& event) {
  using Kind = sip::Event::Kind;
  const std::string peer = event.flow.peer.to_string();
  const auto who = [&] {
    return fmt::format("device={} aor=\"{}\" peer={}", event.device, escaped(event.aor, 64), peer);
  };
  const auto why = [&] { return escaped(event.text, 200); };
  switch (event.kind) {
    case Kind::registered:
    case Kind::moved:
      return registered_.info("event=registered {} transport={} server={} user_agent=\"{}\"", who(),
                              lower_name(event.flow.transport), server_name(event), escaped(event.user_agent, 64));
    case Kind::unregistered:
      return registered_.info("event=unregistered {}", who());
    case Kind::expired:
      return lost_.info("event=registration_expired {}", who());
    case Kind::phone_lost:
      return lost_.info("event=phone_lost {} reason=\"{}\"", who(), why());
    case Kind::refused:
      return refused_.warn("event=registration_refused {} by=server status={} reason=\"{}\"", who(), event.status,
                           why());
    case Kind::bad_password:
      return refused_.warn("event=sip_wrong_password {} the server challenged again what the phone had signed", who());
    case Kind::no_server:
      // Logged once, when it begins; the count is logged when a server is back.
      if (!let_go_)
        refused_.warn("event=no_server {} reason=\"{}\" phones are asked to come again until one is back", who(),
                      why());
      let_go_ = let_go_.value_or(0) + 1;
      return;
    case Kind::unheard:
      return limit_.warn("event=sip_answers_unheard {} reason=\"{}\"", who(), why());
    case Kind::unreachable:
      return limit_.warn("event=sip_unreachable {} tried=\"{}\" calls to it will not ring", who(), why());
    case Kind::reachable:
      return limit_.info("event=sip_reachable {}", who());
    case Kind::altered:
      return limit_.warn("event=sip_altered {} reason=\"{}\" a router on the way changes SIP", who(), why());
    case Kind::alarm:
      return limit_.info("event=phone_alarm {} text=\"{}\"", who(), why());
    case Kind::call_up:
      return spdlog::info("event=call_up {} call=\"{}\" way={} number=\"{}\"", who(), escaped(event.call->call_id),
                          to_string(event.call->way), escaped(event.call->far_number));
    case Kind::call_refused:
      return limit_.warn("event=call_refused {} reason=\"{}\"", who(), why());
    case Kind::no_media:
      return limit_.warn("event=no_media {} reason=\"{}\"", who(), why());
    case Kind::media_silent:
      return limit_.info("event=media_silent {} reason=\"{}\"", who(), why());
    case Kind::ice_removed:
      return spdlog::debug("event=ice_removed {} lines={} the relay stands between", who(), event.text);
    case Kind::auth_int:
      return limit_.warn(
          "event=sip_auth_int {} method={} the server takes only a digest over the body (qop=auth-int), which can't be "
          "right as the relay's address is put into it",
          who(), escaped(event.text, 32));
    case Kind::large:
      return limit_.warn("event=sip_large {} message=\"{}\" is more than a phone takes by UDP", who(), why());
    case Kind::dropped:
      return bad_.warn("event=sip_refused peer={} reason=\"{}\"", peer, why());
    case Kind::abuse:
      // A tool that bans by sip_offence must not ban a household with working phones.
      // event=sip_offence or event=sip_offence_registered
      return abuses_.warn("event={} peer={} reason=\"{}\"",
                          event.of_registered ? "sip_offence_registered" : "sip_offence",
                          event.flow.peer.address.to_string(), why());
    case Kind::banned:
      return abuses_.warn("event=sip_ban peer={} reason=\"{}\" it gets no answer for a while",
                          event.flow.peer.address.to_string(), why());
    case Kind::server_up:
      spdlog::info("event=server_up service=sip server={} away=\"{}\" requests_put_off={}", server_name(event), why(),
                   let_go_.value_or(0));
      let_go_.reset();
      return;
    case Kind::server_down:
      return limit_.warn("event=server_down service=sip server={} reason=\"{}\"", server_name(event), why());
    case Kind::asked:
      return spdlog::info("event=asked_to_start_over {} status={}", who(), event.status);
    case Kind::refreshed:
    case Kind::no_date:
    case Kind::call_over:
      return;
    case Kind::connected:  // the others are SCCP's
    case Kind::superseded:
    case Kind::reset:
    case Kind::server_lost:
    case Kind::keepalive_missed:
    case Kind::lines:
    case Kind::call_preserved:
    case Kind::refused_here:
    case Kind::media_back:
    case Kind::receives:
    case Kind::layout_conflict:
      return;
  }
}

void SipReport::call_over(TimePoint now, const sip::Event& event) {
  if (!event.call->answered) return;  // it rang, or was refused
  if (!event.text.empty()) {
    limit_.info("event=call_given_up device={} aor=\"{}\" call=\"{}\" reason=\"{}\"", event.device,
                escaped(event.aor, 64), escaped(event.call->call_id), escaped(event.text, 200));
    step(event, SignallingEvent::media_silent, "given up: " + event.text);
  }
  Call call = dated(*event.call, now);
  call.server = server_name(event);
  log_call_over(call);
  if (on_call_) on_call_(call);
}

}  // namespace dw::proxy
