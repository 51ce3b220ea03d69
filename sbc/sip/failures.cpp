#include "sbc/sip/failures.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sbc/sip/events.hpp"

namespace dw::sip {
namespace {

constexpr Duration kStillAudio = std::chrono::seconds(30);
constexpr std::size_t kMaxBranch = 128;

/// Of the topmost Via, as far as it is there whole.
std::string_view branch_in(std::string_view text) {
  constexpr std::string_view kBefore = ";branch=";
  const auto begin = text.find(kBefore);
  if (begin == text.npos) return {};
  text = text.substr(begin + kBefore.size(), kMaxBranch);
  const auto end = text.find_first_of(";, \r\n");
  return end == text.npos ? std::string_view() : text.substr(0, end);
}

}  // namespace

Failures::Failures(ProxyParts& parts, Forwarder& forwarder, FailOver& fail_over, StartOver& start_over)
    : counters_(parts.counters),
      servers_(parts.servers),
      bindings_(parts.bindings),
      dialogs_(parts.dialogs),
      transactions_(parts.transactions),
      connections_(parts.connections),
      bodies_(parts.bodies),
      calls_(parts.calls),
      registrar_(parts.registrar),
      watch_(parts.watch),
      responder_(parts.responder),
      forwarder_(forwarder),
      fail_over_(fail_over),
      start_over_(start_over) {}

/// RFC 3261 §16.8: nothing final came. RFC 4320: of what is no INVITE nobody hears anything then.
void Failures::on_timeout(TimePoint now, Transaction& t, Transactions::Timeout timeout, Output& out) {
  if (t.purpose != Transaction::Purpose::forward) return own_unanswered(now, t, out);
  if (t.from_side == Side::access && t.client.silent && !t.client.cancelled) {
    // One request that it leaves without an answer says nothing of a server that answers others.
    const auto* const address = servers_[t.central_server].address();
    const bool silent = servers_[t.central_server].last_heard < t.client.sent_at;
    if (silent && address && address->peer == t.client.to.peer)
      fail_over_.server_failed(now, t, "it does not answer", out);
    if (fail_over_.try_next(now, t, out)) return;
    const bool in_dialog = t.dialogs != 0 && !t.begins_dialogs;
    if (silent && !in_dialog && timeout == Transactions::Timeout::unanswered) return fail_over_.give_up(now, t, out);
  }
  if (timeout == Transactions::Timeout::unanswered) return;  // it has until timer B or F
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (t.is_invite()) {
    const auto slot = t.slot;
    const auto serial = t.serial;
    if (!t.client.cancelled && !t.client.cancel_sent && !t.client.silent) return on_timer_c(now, t, set, out);
    responder_.refuse(now, t, t.client.cancelled ? 487 : 408, out);
    if (set && t.begins_dialogs && !set->connected) calls_.end(now, *set, out);
    return transactions_.forget_if_over(slot, serial);
  }
  if (t.method == Method::bye && set && stored_.parse(as_bytes(t.server.request)))
    calls_.end_dialog(now, *set, set->responder_tag_of(stored_, t.from_side), out);
  if (set && !set->is_call() && set->dialogs.empty()) dialogs_.forget(*set);
  bodies_.drop_offer(now, t);
  transactions_.forget(t);
}

/// A request of our own.
void Failures::own_unanswered(TimePoint now, Transaction& t, Output& out) {
  if (t.purpose == Transaction::Purpose::start_over) {
    start_over_.answered(t, 0, out);
  } else {
    watch_.unanswered(now, t, out);
  }
  transactions_.forget(t);
}

/// Whoever rings gets CANCEL, and its answer to that is the caller's answer. While there is audio, as of a
/// queue's music, it goes on: RFC 3261 §16.8 leaves that to us.
void Failures::on_timer_c(TimePoint now, Transaction& t, DialogSet* set, Output& out) {
  transactions_.go_on(now, t);
  if (set && now - calls_.last_media(now, *set) < kStillAudio) return;
  t.client.cancel_fields = "Reason: SIP;cause=408;text=\"Request Timeout\"\r\n";
  forwarder_.send_cancel(now, t, out);
}

void Failures::on_undelivered(TimePoint now, const Endpoint& peer, Bytes quoted, std::string_view why, Output& out) {
  ++counters_.undelivered;
  const std::string_view branch = branch_in(as_text(quoted));
  Transaction* const t = branch.empty() ? nullptr : transactions_.find_client(branch);
  if (!t || t->client.to.transport != Transport::udp || t->client.to.peer != peer || !t->client.pending()) {
    if (const auto server = servers_.at(peer); server && branch.empty()) watch_.suspect(now, *server);
    return;
  }
  const bool to_central = t->purpose == Transaction::Purpose::server_ping ||
                          (t->purpose == Transaction::Purpose::forward && t->from_side == Side::access);
  if (!to_central) return undelivered_to_phone(now, *t, out);
  const Servers::Address* const address = servers_[t->central_server].address();
  if (address && address->peer == peer) fail_over_.server_failed(now, *t, std::string(why), out);
  undelivered_to_central(now, *t, out);
}

void Failures::undelivered_to_central(TimePoint now, Transaction& t, Output& out) {
  if (t.purpose == Transaction::Purpose::server_ping) return transactions_.forget(t);
  if (t.client.silent && fail_over_.try_next(now, t, out)) return;
  const auto slot = t.slot;
  const auto serial = t.serial;
  transactions_.end_client(t);
  if (!stored_.parse(as_bytes(t.server.request))) return transactions_.forget_if_over(slot, serial);
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (stored_.to_tag().empty()) {
    fail_over_.no_server_left(now, t, stored_, out);
  } else if (t.method == Method::bye && set) {
    const std::string tag(set->responder_tag_of(stored_, t.from_side));
    responder_.refuse(now, t, 503, out);
    calls_.end_dialog(now, *set, tag, out);
  } else {
    responder_.refuse(now, t, 503, out, fmt::format("Retry-After: {}\r\n", registrar_.retry_after()));
  }
  transactions_.forget_if_over(slot, serial);
}

/// The phone is not there, or not at that port: the other one is asked soon.
void Failures::undelivered_to_phone(TimePoint now, Transaction& t, Output& out) {
  if (t.purpose != Transaction::Purpose::forward) return own_unanswered(now, t, out);
  if (Binding* const b = bindings_.by_id(t.binding); b && !b->stale_connection) {
    watch_.suspect(now, *b, t.client.to.peer);
  }
  const auto slot = t.slot;
  const auto serial = t.serial;
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  std::string tag;
  if (t.method == Method::bye && set && stored_.parse(as_bytes(t.server.request)))
    tag = set->responder_tag_of(stored_, t.from_side);
  transactions_.end_client(t);
  responder_.refuse(now, t, t.client.cancelled && t.is_invite() ? 487 : 480, out);
  if (set && !tag.empty()) {
    calls_.end_dialog(now, *set, tag, out);
  } else if (set && t.begins_dialogs && !set->connected) {
    calls_.end(now, *set, out);
  }
  transactions_.forget_if_over(slot, serial);
}

void Failures::on_connection_closed(TimePoint now, ConnectionId connection, std::string_view why, Output& out) {
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
    if (t->purpose == Transaction::Purpose::forward) {
      lost_with(now, *t, closed, out);
      continue;
    }
    if (t->purpose == Transaction::Purpose::start_over) start_over_.answered(*t, 0, out);
    transactions_.forget(*t);
  }
}

/// A request that waited for an answer over a connection.
void Failures::lost_with(TimePoint now, Transaction& t, const Connection& closed, Output& out) {
  if (!closed.accepted && t.client.silent) {
    if (servers_[closed.server].transport == Transport::udp) {
      t.tried &= ~(1U << closed.server);
      if (!t.tried_places.empty()) t.tried_places.pop_back();
    }
    if (servers_[closed.server].no_tcp && fail_over_.go_back_to_udp(now, t, out)) return;
    if (fail_over_.try_next(now, t, out)) return;
  }
  const auto slot = t.slot;
  const auto serial = t.serial;
  transactions_.end_client(t);
  const bool in_dialog = t.dialogs != 0 && !t.begins_dialogs;
  if (!closed.accepted && !in_dialog && stored_.parse(as_bytes(t.server.request))) {
    fail_over_.no_server_left(now, t, stored_, out);
  } else {
    responder_.refuse(now, t, closed.accepted ? 480 : 503, out);
  }
  if (DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
      set && t.begins_dialogs && !set->connected)
    calls_.end(now, *set, out);
  transactions_.forget_if_over(slot, serial);
}

}  // namespace dw::sip
