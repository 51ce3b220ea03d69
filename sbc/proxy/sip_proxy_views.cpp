#include <algorithm>

#include "sbc/proxy/call_report.hpp"
#include "sbc/proxy/sip_proxy.hpp"

// What others ask of the SIP proxy: running calls, metrics, to have a phone start over.
namespace dw::proxy {

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
  out.gauge("dropwire_sip_calls", "Running calls of SIP phones.", static_cast<double>(running()));
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
