#include <algorithm>
#include <unordered_set>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/events.hpp"
#include "sbc/sip/own_requests.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/sip/response.hpp"

// What is due by time, our own requests to phones, and what becomes of a connection that was closed.
namespace dw::sip {
namespace {

constexpr Duration kStartOverWithin = std::chrono::seconds(10);
constexpr Duration kLookAround = std::chrono::seconds(25);
constexpr std::string_view kPing = "\r\n\r\n";
constexpr std::size_t kMaxAlarm = 160;

}  // namespace

TimePoint Proxy::due(Timer timer) const {
  switch (timer) {
    case Timer::transactions:
      return transactions_.next_deadline().value_or(TimePoint::max());
    case Timer::bindings:
      return bindings_.next_deadline().value_or(TimePoint::max());
    case Timer::dialogs:
      return dialogs_.next_deadline().value_or(TimePoint::max());
    case Timer::pings:
      return watch_.next_ping();
    case Timer::look_around:
      return look_around_at_;
  }
  return TimePoint::max();
}

void Proxy::on_timer(TimePoint now, Timer timer, Output& out) {
  switch (timer) {
    case Timer::transactions:
      while (const auto due = transactions_.on_deadline(now, out))
        on_timeout(now, *due->first, due->second, out);
      return;
    case Timer::bindings:
      while (Binding* const b = bindings_.pop_due(now)) {
        if (b->expires_at > now) {
          watch_.keep_alive(now, *b, out);
          continue;
        }
        out.events.push_back(event_of(Event::Kind::expired, *b));
        bindings_.remove(*b);
      }
      return;
    case Timer::dialogs:
      while (DialogSet* const set = dialogs_.pop_due(now)) {
        calls_.end(now, *set, out);
        set->media.close(broker_, MediaEnd::closed);  // what came after its end may have opened some
        dialogs_.forget(*set);
      }
      return;
    case Timer::pings:
      return watch_.ping_servers(now, out);
    case Timer::look_around:
      look_around(now, out);
      look_around_at_ = now + kLookAround;
      return;
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

void Proxy::server_lookup_failed(TimePoint now, std::size_t server, std::string why, Output& out) {
  if (servers_[server].address()) return;  // what was known is still tried
  watch_.server_failed(now, server, std::move(why), out);
}

std::optional<std::uint64_t> Proxy::ask_to_start_over(TimePoint now, const Binding& b, bool boot, Output& out) {
  if (b.stale_connection || connections_.is_gone(b.reach.flow)) return std::nullopt;
  Transaction* const t = transactions_.begin(Method::notify, {});
  if (!t) return std::nullopt;
  t->purpose = Transaction::Purpose::start_over;
  t->binding = b.id;
  t->client.to = b.reach.flow;
  if (t->client.to.transport == Transport::udp) t->client.to.peer = bindings_.reach_of(b).destination();
  const std::string us = router_.us_for(b);
  t->client.branch = identifiers_.branch();
  t->client.forwarded = start_over_request(
      {t->client.to.transport, us, t->client.branch, identifiers_.token(), identifiers_.token()}, b, boot);
  transactions_.send_request(now, *t, kStartOverWithin, out);
  return t->serial;
}

void Proxy::on_start_over_answer(const Transaction& t, std::uint16_t status, Output& out) {
  const Binding* const b = bindings_.by_id(t.binding);
  Event event = b ? event_of(Event::Kind::asked, *b) : event_of(Event::Kind::asked, t.client.to, {});
  event.request = t.serial;
  event.status = status;
  out.events.push_back(std::move(event));
}

/// What the phone says of itself: a Reason field with cisco-alarm, or a REFER with an alarm's XML
/// (cisco-provisioning §5.3).
void Proxy::note_alarm(const Flow& from, const Message& m, const Binding* binding, Output& out) {
  std::string text;
  if (m.method() == Method::register_) {
    const std::string_view reason = m.value_of(FieldName::reason);
    const auto begin = reason.find("cisco-alarm");
    if (begin == reason.npos) return;
    text = reason.substr(begin, std::min(reason.find('"', begin) - begin, kMaxAlarm));
  } else if (m.method() == Method::refer &&
             m.value_of(FieldName::content_type).find("x-cisco-alarm+xml") != std::string_view::npos) {
    constexpr std::string_view kReason = "ReasonForOutOfService\">";
    const auto begin = m.body().find(kReason);
    text = begin == std::string_view::npos
               ? "an alarm"
               : "out of service, reason " +
                     std::string(
                         m.body().substr(begin + kReason.size(), m.body().substr(begin + kReason.size(), 8).find('<')));
  } else {
    return;
  }
  Event event = binding ? event_of(Event::Kind::alarm, *binding) : event_of(Event::Kind::alarm, from, {});
  event.text = std::move(text);
  event.user_agent = m.value_of(FieldName::user_agent).substr(0, 128);
  if (const Field* const contact = m.find(FieldName::contact); contact && event.device.empty()) {
    if (const auto address = parse_name_addr(m.value(*contact))) event.device = device_of(address->params);
  }
  if (const auto& uri = m.from_uri(); uri && event.aor.empty()) event.aor = plain_user(uri->user);
  out.events.push_back(std::move(event));
}

// ---- connections, and what is left over ----

void Proxy::on_connection_closed(TimePoint now, ConnectionId connection, std::string_view why, Output& out) {
  const auto was = connections_.closed(connection);
  if (!was) return;
  const Connection& closed = *was;
  for (Binding* const b : bindings_.connection_closed(connection)) {
    Event event = event_of(Event::Kind::phone_lost, *b);
    event.text = why;
    out.events.push_back(std::move(event));
  }
  if (!closed.accepted && servers_[closed.server].transport == Transport::tcp)
    registrar_.ask_server_again([&](const Binding& b) { return b.central == connection; });
  std::vector<std::pair<std::size_t, std::uint64_t>> waiting;
  transactions_.for_each([&](const Transaction& t) {
    if (t.client.pending() && t.client.to.connection == connection) waiting.emplace_back(t.slot, t.serial);
  });
  // One that somebody else opened has no server: there need not be any.
  if (!closed.accepted && servers_[closed.server].transport == Transport::udp) {
    servers_[closed.server].no_tcp = true;  // it was for large requests: they go by UDP again
  } else if (!closed.accepted && !waiting.empty()) {
    const auto* const address = servers_[closed.server].address();
    if (address && address->peer == closed.flow.peer) watch_.server_failed(now, closed.server, std::string(why), out);
  }
  for (const auto& [slot, serial] : waiting) {
    Transaction* const t = transactions_.at(slot, serial);
    if (!t) continue;
    if (t->purpose != Transaction::Purpose::forward) {
      if (t->purpose == Transaction::Purpose::start_over) on_start_over_answer(*t, 0, out);
      transactions_.forget(*t);
      continue;
    }
    if (!closed.accepted && t->client.silent) {
      if (servers_[closed.server].transport == Transport::udp) {
        t->tried &= ~(1U << closed.server);
        if (!t->tried_places.empty()) t->tried_places.pop_back();
      }
      // A large request, whose server takes no connections (RFC 3261 §18.1.1), goes by UDP.
      if (servers_[closed.server].no_tcp && other_.parse(as_bytes(t->server.request)) &&
          forward_again(now, *t, other_, out))
        continue;
      if (try_next_server(now, *t, out)) continue;
    }
    transactions_.end_client(*t);
    const bool in_dialog = t->dialogs != 0 && !t->begins_dialogs;
    if (!closed.accepted && !in_dialog && other_.parse(as_bytes(t->server.request))) {
      no_server_left(now, *t, other_, out);
    } else {
      refuse(now, *t, closed.accepted ? 480 : 503, out);
    }
    if (DialogSet* const set = t->dialogs != 0 ? dialogs_.by_id(t->dialogs) : nullptr;
        set && t->begins_dialogs && !set->connected)
      calls_.end(now, *set, out);
    transactions_.forget_if_over(slot, serial);
  }
}

/// A connection that we made for one phone, over which nothing runs and nothing is registered, goes.
void Proxy::close_idle_to_servers(TimePoint now, Output& out) {
  std::unordered_set<ConnectionId> idle = connections_.unused_since(now - kTransactionTimeout);
  if (idle.empty()) return;
  bindings_.for_each([&](const Binding& b) { idle.erase(b.central); });
  transactions_.for_each([&](const Transaction& t) {
    idle.erase(t.client.to.connection);
    idle.erase(t.server.from.connection);
  });
  dialogs_.for_each([&](const DialogSet& set) {
    if (set.over) return;
    idle.erase(set.central);
    if (set.initiator_party.place) idle.erase(set.initiator_party.place->connection);
    for (const auto& dialog : set.dialogs) {
      if (dialog.responder.place) idle.erase(dialog.responder.place->connection);
    }
  });
  for (const ConnectionId id : idle)
    out.closes.push_back(id);
}

void Proxy::look_around(TimePoint now, Output& out) {
  close_idle_to_servers(now, out);
  connections_.for_each([&](ConnectionId id, const Connection& c) {
    if (!c.accepted) {
      out.send(c.flow, std::string(kPing));
    } else if (c.side == Side::access && now - c.last_heard > options_.idle_timeout &&
               !bindings_.uses(id, c.flow.peer.address)) {
      out.closes.push_back(id);
    }
  });
  servers_.forget_unused([this](std::size_t server) { return uses_server(server); });
  servers_.forget_former([this](const Endpoint& peer) { return uses_place(peer); });
  registrar_.forget_unbound();
  watch_.forget_old(now);
  dialogs_.for_each([&](DialogSet& set) {
    if (set.is_call() && !set.over && set.connected) calls_.look_at(now, set, out);
  });
}

}  // namespace dw::sip
