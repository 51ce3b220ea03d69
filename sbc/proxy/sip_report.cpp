#include <algorithm>

#include "sbc/proxy/call_report.hpp"
#include "sbc/proxy/sip_proxy.hpp"

// What the SIP proxy tells people: log lines, steps of a phone's story, calls and metrics.
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

std::string SipProxy::server_name(const sip::Event& event) const {
  return event.server && *event.server < servers().size() ? servers()[*event.server].name.to_string() : std::string();
}

void SipProxy::tell_step(const sip::Event& event, phones::SignallingEvent step, std::string detail) {
  if (!sinks_.on_step) return;
  phones::SignallingStep told;
  told.at = wall_now();
  told.device = event.device;
  told.protocol = phones::Protocol::sip;
  told.event = step;
  told.peer = event.flow.peer;
  told.stated = event.stated;
  told.server = server_name(event);
  told.detail = std::move(detail);
  told.device_type = event.device_type;
  told.status = event.status;
  told.transport = lower_name(event.flow.transport);
  told.aor = event.aor;
  told.user_agent = event.user_agent;
  sinks_.on_step(told);
}

void SipProxy::tap(const sip::Flow& flow, bool sent, Bytes octets) const {
  const bool central = core_.parts().sources.is_central(flow);
  tap_->tell({.protocol = WireRecord::Protocol::sip,
              .side = central ? WireRecord::Side::central : WireRecord::Side::phone,
              .sent = sent,
              .stream = flow.transport != sip::Transport::udp,
              .local = flow.local,
              .peer = flow.peer,
              .phone = {},
              .device = {},
              .octets = octets});
}

void SipProxy::tell(const sip::Event& event) {
  using Kind = sip::Event::Kind;
  using Step = phones::SignallingEvent;
  if (event.kind != Kind::refreshed) log_event(event);
  switch (event.kind) {
    case Kind::registered:
    case Kind::moved:
    case Kind::refreshed:
      return tell_step(event, Step::registered, {});
    case Kind::refused:
      return tell_step(event, Step::refused, event.text);
    case Kind::bad_password:
      return tell_step(event, Step::bad_password, event.text);
    case Kind::unregistered:
      return tell_step(event, Step::unregistered, {});
    case Kind::expired:
      return tell_step(event, Step::phone_lost, "its registration ran out");
    case Kind::phone_lost:
      return tell_step(event, Step::phone_lost, event.text);
    case Kind::no_server:
      return tell_step(event, Step::no_server, event.text);
    case Kind::unheard:
      return tell_step(event, Step::unheard, event.text);
    case Kind::unreachable:
      return tell_step(event, Step::unreachable, event.text);
    case Kind::reachable:
      return tell_step(event, Step::reachable, {});
    case Kind::altered:
      return tell_step(event, Step::altered, event.text);
    case Kind::no_date:
      return tell_step(event, Step::no_date, {});
    case Kind::alarm:
      return tell_step(event, Step::alarm, event.text);
    case Kind::call_refused:
      return tell_step(event, Step::call_refused, event.text);
    case Kind::call_over:
      return call_over(event);
    case Kind::media_silent:
      return tell_step(event, Step::media_silent, event.text);
    case Kind::asked:
      if (const auto asked = asked_.extract(event.request)) asked.mapped()(event.status);
      return;
    case Kind::call_up:
    case Kind::no_media:
    case Kind::ice_removed:
    case Kind::auth_int:
    case Kind::large:
    case Kind::dropped:
    case Kind::abuse:
    case Kind::banned:
    case Kind::server_up:
    case Kind::server_down:
      return;
  }
}

void SipProxy::log_event(const sip::Event& event) {
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
      // One line when it begins; how many there were is told when a server is back.
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
      // What bans by sip_offence must not ban a household with phones that work.
      // event=sip_offence or event=sip_offence_registered
      return offences_.warn("event={} peer={} reason=\"{}\"",
                            event.of_registered ? "sip_offence_registered" : "sip_offence",
                            event.flow.peer.address.to_string(), why());
    case Kind::banned:
      return offences_.warn("event=sip_ban peer={} reason=\"{}\" it gets no answer for a while",
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
  }
}

void SipProxy::call_over(const sip::Event& event) {
  if (!event.call->answered) return;  // it rang, or was refused
  if (!event.text.empty()) {
    limit_.info("event=call_given_up device={} aor=\"{}\" call=\"{}\" reason=\"{}\"", event.device,
                escaped(event.aor, 64), escaped(event.call->call_id), escaped(event.text, 200));
    tell_step(event, phones::SignallingEvent::media_silent, "given up: " + event.text);
  }
  Call call = dated(*event.call, loop_.now());
  call.server = server_name(event);
  log_call_over(call);
  if (sinks_.on_call) sinks_.on_call(call);
}

std::vector<Call> SipProxy::calls() const {
  std::vector<Call> all = core_.parts().calls.running(loop_.now());
  for (Call& call : all)
    call = dated(std::move(call), loop_.now());
  return all;
}

Result<void> SipProxy::start_over(const phones::Phone& phone, bool boot,
                                  std::function<void(std::uint16_t status)> done) {
  const sip::Binding* found = nullptr;
  core_.parts().bindings.for_each([&](const sip::Binding& b) {
    const bool named = !b.device.empty() && b.device == phone.device.str();
    const bool nameless =
        b.device.empty() && std::ranges::any_of(phone.sip_lines, [&](const phones::SipLine& line) {
          return line.peer.address == b.reach.flow.peer.address && line.aor == escaped(b.user, phones::Step::kMaxAor);
        });
    if ((named || nameless) && (!found || (found->stale_connection && !b.stale_connection))) found = &b;
  });
  if (!found) return fail(Errc::not_found, phone.key() + " is not registered by SIP now");
  if (asked_.size() >= kMaxAsked) return fail(Errc::exhausted, "too many phones are being asked at once");
  const auto request = core_.ask_to_start_over(loop_.now(), *found, boot, out_);
  if (!request) return fail(Errc::unavailable, phone.key() + " can't be reached until it registers again");
  asked_[*request] = std::move(done);
  perform();
  return {};
}

void SipProxy::append_metrics(MetricsText& out) const {
  const sip::ProxyCounters& c = core_.parts().counters;
  out.gauge("dropwire_sip_registered", "Contacts that are registered by SIP.", static_cast<double>(registered()));
  out.gauge("dropwire_sip_calls", "Running calls of SIP phones.", static_cast<double>(running_calls()));
  out.gauge("dropwire_sip_transactions", "SIP transactions under way.",
            static_cast<double>(core_.parts().transactions.size()));
  out.gauge("dropwire_sip_connections", "TCP connections for SIP.", static_cast<double>(connections_.size()));
  const char* messages = "SIP messages that came, by the side that sent them.";
  out.counter("dropwire_sip_messages_total", messages, c.from_phones, {{"from", "phone"}});
  out.counter("dropwire_sip_messages_total", messages, c.from_central, {{"from", "central"}});
  out.counter("dropwire_sip_registrations_total", "Registrations that a central server took.", c.registrations);
  out.counter("dropwire_sip_refused_registrations_total", "Registrations that a central server refused.",
              c.registrations_refused);
  out.counter("dropwire_sip_put_off_total",
              "Registrations that were asked to come back later, to spare the central server.",
              c.registrations_put_off);
  out.counter("dropwire_sip_kept_registrations_total",
              "Registrations that were answered here, as the central server had taken them for longer.",
              c.registrations_kept);
  out.counter("dropwire_sip_calls_total", "Calls of SIP phones that were taken.", c.calls);
  out.counter("dropwire_sip_calls_refused_total", "Calls of SIP phones that a limit refused.",
              core_.parts().calls.refused());
  out.counter("dropwire_sip_malformed_total", "SIP messages that made no sense.", c.malformed);
  out.counter("dropwire_sip_refused_total", "SIP requests that were refused here.", c.refused);
  out.counter("dropwire_sip_repeated_total", "Retransmissions that were absorbed.", c.repeated);
  out.counter("dropwire_sip_dropped_total", "SIP messages that belonged to nothing.", c.dropped);
  core_.parts().passwords.guesses().for_each_table(
      [&](std::string_view name, std::size_t entries, std::size_t bound) { out.table(name, entries, bound); });
  out.counter("dropwire_sip_wrong_passwords_total", "Digests that a central server did not take.",
              core_.parts().passwords.guesses().wrong());
  out.counter("dropwire_sip_tries_refused_total", "Requests that were refused as too many wrong passwords came before.",
              core_.parts().passwords.guesses().refused());
  out.counter("dropwire_sip_outside_total", "SIP messages of strangers that came to an edge through its router.",
              c.outside);
  out.counter("dropwire_sip_other_port_total", "SIP datagrams with the address of a central server, and another port.",
              c.other_port);
  out.counter("dropwire_sip_central_limited_total",
              "Requests in the name of a central server beyond what servers send.",
              core_.parts().responder.central_budget().refused());
  out.counter("dropwire_sip_no_media_total", "Media streams refused for want of ports.", c.no_media);
  out.counter("dropwire_sip_fail_overs_total", "Requests that went to another central server.", c.fail_overs);
  out.counter("dropwire_sip_no_server_total", "Requests for which no central server answered.", c.no_server);
  out.counter("dropwire_sip_truncated_total", "SIP datagrams that were too long.", truncated_);
  out.counter("dropwire_sip_undelivered_total", "ICMP messages that said that a SIP datagram did not arrive.",
              c.undelivered);
  out.counter("dropwire_sip_accepted_total", "SIP connections that were taken.", accepted_);
  out.counter("dropwire_sip_turned_away_total", "SIP connections that were refused because of a limit.", turned_away_);
  out.counter("dropwire_sip_offences_total", "What only scanners do.", core_.parts().sources.guard().abuses());
  out.counter("dropwire_sip_limited_total", "Messages over a source's rate.", core_.parts().sources.guard().limited());
  out.counter("dropwire_sip_ignored_total", "Messages of banned sources.", core_.parts().sources.guard().ignored());
  stun_.append_metrics(out);
  core_.parts().append_tables(out);
  out.gauge("dropwire_sip_banned", "Sources that are banned now.", static_cast<double>(bans().size()));
  for (const auto& server : servers()) {
    if (!server.configured) continue;
    const std::string name = server.name.to_string();
    out.gauge("dropwire_sip_server_up", "Whether a central server answered when last asked.", server.up ? 1 : 0,
              {{"server", name}});
  }
}

}  // namespace dw::proxy
