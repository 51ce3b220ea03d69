#include "sbc/sip/proxy.hpp"

#include <algorithm>
#include <utility>

#include "sbc/sip/events.hpp"
#include "sbc/sip/keepalive.hpp"

namespace dw::sip {

Proxy::Proxy(ProxyOptions options, MediaBroker& broker, KnownSources& known, std::function<std::uint64_t()> random)
    : parts_(std::move(options), broker, known, std::move(random)) {}

// ---- messages ----

void Proxy::on_message(TimePoint now, const Flow& from, Bytes octets, Output& out) {
  Sources& sources = parts_.sources;
  ProxyCounters& counters = parts_.counters;
  const auto server = sources.server_of(from);
  const Side side = server ? Side::central : Side::access;
  if (from.connection != ConnectionId::none) parts_.connections.heard(now, from.connection);
  if (side == Side::access && !sources.hears(from)) {
    ++counters.outside;
    return sources.not_heard(now, from, out);
  }
  bool over_rate = false;
  const bool other_port = side == Side::access && sources.is_other_port_of_server(from);
  if (other_port) {
    if (!as_text(octets).starts_with("SIP/2.0 ")) {
      ++counters.other_port;
      return sources.refuse_other_port(now, from, out);
    }
  } else if (side == Side::access) {
    ++counters.from_phones;
    const Standing standing = sources.standing(now, from.peer.address);
    over_rate = !sources.guard().admits(now, from, standing);
    if (over_rate && !(standing == Standing::registered && as_text(octets).starts_with("INVITE "))) return;
  } else {
    ++counters.from_central;
  }
  const auto ok = message_.parse(octets);
  if (over_rate && !(ok && message_.is_request() && is_emergency_call(message_, parts_.options.emergency))) return;
  if (!ok) {
    if (is_keepalive(octets)) return;
    ++counters.malformed;
    if (other_port) {
      ++counters.other_port;
      return sources.refuse_other_port(now, from, out);
    }
    if (side == Side::access) sources.abuse(now, from, ok.error().text, out);
    out.events.push_back(event_of(Event::Kind::dropped, from, ok.error().text));
    return;
  }
  if (!message_.is_request()) return responses_.on_response(now, from, message_, out);
  on_request(now, from, side, server.value_or(0), message_, out);
}

void Proxy::on_request(TimePoint now, const Flow& from, Side side, std::size_t server, const Message& m, Output& out) {
  if (side == Side::access && parts_.sources.guard().is_scanner(m.value_of(FieldName::user_agent)))
    return parts_.sources.abuse(now, from, "a scanner: " + std::string(m.value_of(FieldName::user_agent)), out);
  if (m.method() == Method::ack) return forwarder_.ack(now, from, side, m, out);
  if (m.method() == Method::cancel) return forwarder_.cancel(now, from, m, out);
  std::string key = server_key(m, from.peer.address, m.method_text());
  if (Transaction* const t = parts_.transactions.find_server(key)) return parts_.responder.repeat(now, *t, m, out);
  if (!parts_.admission.may_pass(now, from, side, m, out)) return;
  if (side == Side::access) {
    phone_requests_.on_request(now, from, m, std::move(key), out);
  } else {
    central_requests_.on_request(now, from, server, m, std::move(key), out);
  }
}

void Proxy::on_undelivered(TimePoint now, const Endpoint& peer, Bytes quoted, std::string_view why, Output& out) {
  failures_.on_undelivered(now, peer, quoted, why, out);
}

// ---- connections ----

ConnectionBudget::Verdict Proxy::may_connect(TimePoint now, const IpAddress& address, Output& out) {
  if (parts_.sources.is_central({Transport::tcp, {}, {address, 0}, ConnectionId::none}))
    return ConnectionBudget::Verdict::taken;
  return parts_.connections.may_connect(now, address, parts_.sources.standing(now, address), out);
}

ConnectionId Proxy::on_accepted(TimePoint now, const Endpoint& peer, const Endpoint& local) {
  const auto server = parts_.sources.server_of({Transport::tcp, local, peer, ConnectionId::none});
  return parts_.connections.accepted(now, server ? Side::central : Side::access, server.value_or(0), peer, local);
}

void Proxy::on_connected(TimePoint now, ConnectionId connection, const Endpoint& local) {
  parts_.connections.connected(now, connection, local);
}

void Proxy::on_connection_closed(TimePoint now, ConnectionId connection, std::string_view why, Output& out) {
  failures_.on_connection_closed(now, connection, why, out);
}

void Proxy::on_half_message(ConnectionId connection, std::size_t octets, Output& out) {
  parts_.connections.holds(connection, octets, out);
}

void Proxy::on_bad_stream(TimePoint now, const Flow& from, std::string_view why, Output& out) {
  ++parts_.counters.malformed;
  if (!parts_.sources.is_central(from)) parts_.sources.abuse(now, from, why, out);
  out.events.push_back(event_of(Event::Kind::dropped, from, std::string(why)));
  out.closes.push_back(from.connection);
}

void Proxy::on_ping(TimePoint now, ConnectionId connection) {
  const Connection* const c = parts_.connections.find(connection);
  // Whoever may do nothing without a registration is not kept for its keepalives.
  const bool may_stay = c && (!c->accepted || c->side != Side::access || parts_.options.unregistered_calls ||
                              parts_.bindings.uses(connection, c->flow.peer.address));
  if (may_stay) parts_.connections.pinged(now, connection);
}

// ---- time ----

TimePoint Proxy::due(Timer timer) const {
  switch (timer) {
    case Timer::transactions:
      return parts_.transactions.next_deadline().value_or(TimePoint::max());
    case Timer::bindings:
      return parts_.bindings.next_deadline().value_or(TimePoint::max());
    case Timer::dialogs:
      return parts_.dialogs.next_deadline().value_or(TimePoint::max());
    case Timer::pings:
      return parts_.watch.next_ping();
    case Timer::housekeeping:
      return housekeeping_.next();
  }
  return TimePoint::max();
}

void Proxy::on_timer(TimePoint now, Timer timer, Output& out) {
  switch (timer) {
    case Timer::transactions:
      while (const auto due = parts_.transactions.on_deadline(now, out))
        failures_.on_timeout(now, *due->first, due->second, out);
      return;
    case Timer::bindings:
      while (Binding* const b = parts_.bindings.pop_due(now)) {
        if (b->expires_at > now) {
          parts_.watch.keep_alive(now, *b, out);
          continue;
        }
        out.events.push_back(event_of(Event::Kind::expired, *b));
        parts_.bindings.remove(*b);
      }
      return;
    case Timer::dialogs:
      while (DialogSet* const set = parts_.dialogs.pop_due(now)) {
        parts_.calls.end(now, *set, out);
        set->media.close(parts_.broker, MediaEnd::closed);  // what came after its end may have opened some
        parts_.dialogs.forget(*set);
      }
      return;
    case Timer::pings:
      return parts_.watch.ping_servers(now, out);
    case Timer::housekeeping:
      return housekeeping_.run(now, out);
  }
}

void Proxy::on_deadline(TimePoint now, Output& out) {
  for (const Timer timer : kTimers) {
    if (due(timer) <= now) on_timer(now, timer, out);
  }
}

TimePoint Proxy::next_deadline() const {
  TimePoint next = TimePoint::max();
  for (const Timer timer : kTimers)
    next = std::min(next, due(timer));
  return next;
}

// ---- what is learnt elsewhere ----

void Proxy::set_server_addresses(std::size_t server, std::vector<Servers::Address> addresses) {
  parts_.servers.set_addresses(server, std::move(addresses));
}

void Proxy::server_lookup_failed(TimePoint now, std::size_t server, std::string why, Output& out) {
  if (parts_.servers[server].address()) return;  // what was known is still tried
  parts_.watch.server_failed(now, server, std::move(why), out);
}

void Proxy::on_addresses(TimePoint now, const std::string& name, const std::vector<IpAddress>& addresses, Output& out) {
  parts_.bodies.on_addresses(now, name, addresses, out);
}

void Proxy::restore(Binding binding, TimePoint now, Output& out) {
  parts_.registrar.restore(now, std::move(binding), out);
}

void Proxy::set_mapped(std::vector<Router::Mapped> mapped) {
  if (parts_.router.set_mapped(std::move(mapped)))
    parts_.registrar.ask_server_again([](const Binding&) { return true; });
}

bool Proxy::configure(ProxyOptions options) {
  return parts_.configure(std::move(options), [this](std::size_t server) { return housekeeping_.uses_server(server); });
}

}  // namespace dw::sip
