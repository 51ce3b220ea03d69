#include "sbc/sip/watch.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sbc/sip/events.hpp"
#include "sbc/sip/own_requests.hpp"
#include "sbc/sip/via_check.hpp"

namespace dw::sip {
namespace {

constexpr Duration kProbeWithin = std::chrono::seconds(3);
constexpr Duration kProbeAgain = std::chrono::seconds(1);
constexpr Duration kLanProbe = std::chrono::minutes(5);
constexpr unsigned kProbesBeforeEvent = 4;  // two of each port
constexpr std::string_view kKeepalive = "\r\n";

}  // namespace

Watch::Watch(const Parts& parts)
    : options_(parts.options),
      servers_(parts.servers),
      bindings_(parts.bindings),
      transactions_(parts.transactions),
      router_(parts.router),
      identifiers_(parts.identifiers),
      homes_(parts.homes) {}

TimePoint Watch::next_ping() const {
  TimePoint next = TimePoint::max();
  if (options_.ping == Duration{}) return next;
  for (const auto& server : servers_.all()) {
    if (server.configured && server.address()) next = std::min(next, server.next_ping);
  }
  return next;
}

void Watch::ping_servers(TimePoint now, Output& out) {
  if (options_.ping == Duration{}) return;
  for (std::size_t i = 0; i < servers_.all().size(); ++i) {
    auto& server = servers_[i];
    if (!server.configured || server.next_ping > now || !server.address()) continue;
    server.next_ping = now + (server.up ? options_.ping : ping_while_down());
    Transaction* const t = transactions_.begin(Method::options, {});
    const auto flow = t ? router_.to_server(now, i, {}, server.transport, out) : std::nullopt;
    if (!t || !flow) continue;
    t->purpose = Transaction::Purpose::server_ping;
    t->central_server = i;
    t->client.to = *flow;
    const Hop hop = router_.hop_to_central(i, *flow, {}, {}, {});
    const bool one = !server.domains.empty() && !server.domains.front().starts_with('*');
    const std::string& asked = one ? server.domains.front() : homes_.default_domain();
    send_options(now, *t, "sip:" + asked, hop.us, options_.answer_timeout, out);
    servers_.asked(now, i);
  }
}

void Watch::server_failed(TimePoint now, std::size_t server, std::string why, Output& out) {
  Event event = event_of(Event::Kind::server_down, Flow{}, why);
  event.server = server;
  if (servers_.failed(now, server, std::move(why))) out.events.push_back(std::move(event));
  servers_[server].next_ping = std::min(servers_[server].next_ping, now + ping_while_down());
}

void Watch::server_worked(TimePoint now, std::size_t server, Output& out) {
  const auto away = servers_.worked(now, server);
  if (!away) return;
  Event event = event_of(Event::Kind::server_up, Flow{}, to_words(*away));
  event.server = server;
  out.events.push_back(std::move(event));
}

void Watch::suspect(TimePoint now, std::size_t server) {
  auto& s = servers_[server];
  const bool lately = s.suspected_at && now - *s.suspected_at < ping_while_down();
  if (!s.configured || lately) return;
  s.suspected_at = now;
  s.next_ping = now;
}

void Watch::keep_alive(TimePoint now, Binding& b, Output& out) {
  const bool nat = b.reach.behind_nat();
  b.next_keepalive = now + (nat ? options_.keepalive : kLanProbe);
  bindings_.arm(b);
  if (b.reach.flow.transport != Transport::udp) {
    if (nat && !b.stale_connection) out.send(b.reach.flow, std::string(kKeepalive));
    return;
  }
  Flow flow = b.reach.flow;
  const Reach reach = bindings_.reach_of(b);
  flow.peer = reach.destination();
  // After silence the other port, if there is one, is asked in turn; requests go there once it has answered.
  if (b.unanswered % 2 == 1) flow.peer = reach.other_destination();
  // Lines of one phone share what keeps its port open.
  TimePoint& last = kept_alive_[flow.peer];
  if (last != TimePoint{} && now - last < options_.keepalive / 2 && b.unanswered == 0 &&
      b.reach.answers != Reach::Answers::unknown)
    return;
  last = now;
  probe(now, b, flow, out);
}

void Watch::suspect(TimePoint now, Binding& b, const Endpoint& at) {
  b.next_keepalive = now;
  kept_alive_.erase(at);
  bindings_.arm(b);
}

void Watch::probe(TimePoint now, Binding& b, const Flow& flow, Output& out) {
  Transaction* const t = transactions_.begin(Method::options, {});
  if (!t) return;
  t->purpose = Transaction::Purpose::phone_probe;
  t->binding = b.id;
  t->client.to = flow;
  send_options(now, *t, b.contact_uri, router_.us_for(b), kProbeWithin, out);
}

void Watch::answered(TimePoint now, const Transaction& t, Output& out) {
  if (t.purpose == Transaction::Purpose::server_ping) {
    servers_[t.central_server].answers_pings = true;
    return server_worked(now, t.central_server, out);
  }
  Binding* const b = bindings_.by_id(t.binding);
  if (!b) return;
  const auto answers =
      t.client.to.peer == b->reach.at_contact() ? Reach::Answers::at_contact : Reach::Answers::at_source;
  b->unanswered = 0;
  if (std::exchange(b->reported_unreachable, false)) out.events.push_back(event_of(Event::Kind::reachable, *b));
  if (b->reach.answers != answers) {
    b->reach.answers = answers;
    bindings_.touched(*b);
  }
  b->next_keepalive = now + (b->reach.behind_nat() ? options_.keepalive : kLanProbe);
  bindings_.arm(*b);
}

/// The port that was asked does not answer: the other one is asked, if there is one. People hear of it once both are
/// silent.
void Watch::unanswered(TimePoint now, const Transaction& t, Output& out) {
  if (t.purpose == Transaction::Purpose::server_ping) return server_unanswered(now, t.central_server, out);
  Binding* const b = bindings_.by_id(t.binding);
  if (!b || b->stale_connection) return;
  ++b->unanswered;
  const bool two_ports = b->reach.flow.peer != b->reach.at_contact();
  if (b->unanswered >= kProbesBeforeEvent) {
    b->reach.answers = Reach::Answers::unknown;
    b->next_keepalive = now + options_.keepalive;
    if (!std::exchange(b->reported_unreachable, true)) {
      Event event = event_of(Event::Kind::unreachable, *b);
      event.text = two_ports ? fmt::format("neither {} nor {}", b->reach.flow.peer.to_string(),
                                           b->reach.at_contact().to_string())
                             : b->reach.flow.peer.to_string();
      out.events.push_back(std::move(event));
    }
  } else {
    b->next_keepalive = now + kProbeAgain;
    kept_alive_.erase(t.client.to.peer);
  }
  bindings_.touched(*b);
}

void Watch::server_unanswered(TimePoint now, std::size_t number, Output& out) {
  auto& server = servers_[number];
  // One that never answered OPTIONS may be of the kind that doesn't.
  if (!server.answers_pings) return;
  server.next_ping = std::min(server.next_ping, now + kProbeAgain);
  if (++server.pings_missed < Servers::kPingsMissed && server.up) return;
  server_failed(now, number, "it does not answer OPTIONS", out);
  server.next_ping = server.up ? now : now + ping_while_down();
}

void Watch::send_options(TimePoint now, Transaction& t, std::string_view uri, const std::string& us, Duration within,
                         Output& out) {
  t.client.branch = identifiers_.branch();
  const bool to_server = t.purpose == Transaction::Purpose::server_ping;
  t.client.forwarded =
      options_request({t.client.to.transport, us, t.client.branch, identifiers_.token(), identifiers_.token()}, uri,
                      to_server ? ";rport;dw=" + via_check(us, us) : std::string());
  transactions_.send_request(now, t, within, out);
}

void Watch::forget_old(TimePoint now) {
  if (kept_alive_.size() > options_.max_bindings) kept_alive_.clear();
  std::erase_if(kept_alive_, [&](const auto& entry) { return now - entry.second > kLanProbe; });
}

}  // namespace dw::sip
