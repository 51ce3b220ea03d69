#include <algorithm>

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/edits.hpp"
#include "sbc/sip/events.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/sip/response.hpp"

// Responses, of both sides, and what becomes of requests that get none.
namespace dw::sip {
namespace {

constexpr Duration kStillAudio = std::chrono::seconds(30);

/// Where the sender of `m` is reached, else whom it names.
std::string_view answerer_of(const Message& m) {
  const Field* const field = m.find(FieldName::contact);
  std::string_view left = field ? m.value(*field) : std::string_view{};
  const auto contact = parse_name_addr(next_value(left).value_or(std::string_view{}));
  return contact && !contact->star ? contact->uri : m.to().uri;
}

}  // namespace

void Proxy::on_response(TimePoint now, const Flow& from, const Message& m, Output& out) {
  Transaction* const t = m.fault() ? nullptr : transactions_.find_client(m.via().branch);
  if (!t || !router_.may_answer(*t, from)) {
    ++counters_.dropped;
    return;
  }
  note_seen(*t, m);
  if (m.method() == Method::cancel) return transactions_.on_cancel_response(*t);
  if (m.method() != t->method) {
    ++counters_.dropped;
    return;
  }
  if (t->purpose != Transaction::Purpose::forward) {
    if (m.status() < 200) return;
    if (t->purpose == Transaction::Purpose::start_over) {
      on_start_over_answer(*t, m.status(), out);
    } else {
      watch_.answered(now, *t, out);
    }
    return transactions_.forget(*t);
  }
  if (t->from_side == Side::access) watch_.server_worked(now, t->central_server, out);
  const bool refusal = m.status() >= 300;
  if (t->is_invite() && refusal && !t->client.forwarded.empty()) {  // empty: a 2xx came before
    // The ACK of each one that is no 2xx is ours to send, also when it comes again (RFC 3261 §17.1.1.2).
    if (!t->client.forwarded.starts_with("ACK ") && other_.parse(as_bytes(t->client.forwarded)))
      t->client.forwarded = make_ack(other_, m.value_of(FieldName::to));
    out.send(t->client.to, t->client.forwarded);
  }
  const bool was_cancelled = t->client.cancelled;
  if (transactions_.on_response(now, *t, m.status()) == Transactions::Use::absorb) return;
  if (m.status() < 200 && was_cancelled && !t->client.cancel_sent) cancel(now, *t, out);
  if (m.status() == 100) return;
  if (m.status() == 503 && try_next_server(now, *t, out)) return;
  const auto slot = t->slot;
  const auto serial = t->serial;
  if (t->registering && m.status() >= 300 && m.status() < 400 && follow_redirect(now, *t, m, out)) return;
  forward_response(now, *t, m, out);
  const Transaction* const answered = transactions_.at(slot, serial);
  DialogSet* const set = answered && answered->dialogs != 0 ? dialogs_.by_id(answered->dialogs) : nullptr;
  if (set) router_.note_answer_place(*set, *answered, m, from);
}

/// A server that sees us at another address than before has wrong Contacts of ours.
void Proxy::note_seen(const Transaction& t, const Message& answer) {
  const Router::Seen learnt = router_.note_seen(t, answer);
  if (learnt.translated) registrar_.behind_router();
  if (learnt.changed) registrar_.ask_server_again([&](const Binding& b) { return b.server == t.central_server; });
}

void Proxy::forward_response(TimePoint now, Transaction& t, const Message& m, Output& out) {
  settle_try(now, t, m, out);
  if (t.registering) {
    if (m.status() < 200) return;  // any provisional but 100 would end it for the phone (sip-sbc §0)
    on_register_answer(now, t, m, out);
  }
  DialogSet* set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  std::optional<Hop> hop;
  if (t.from_side == Side::access) {
    Reach reach;
    reach.flow = t.server.from;
    const Binding* const binding = t.binding != 0 ? bindings_.by_id(t.binding) : nullptr;
    const bool maps = t.registering ? t.registering->maps_host : set ? set->maps_host : binding && binding->maps_host;
    reach.stated = t.server.from.peer.address;
    hop = router_.hop_to_phone(reach, maps, t.domain);
    if (!hop) {  // its connection is gone: what the answer means for a call counts all the same
      if (set) note_answer(now, t, m, out);
      return refuse(now, t, 408, out);
    }
  } else {
    const Binding* const binding = t.binding != 0 ? bindings_.by_id(t.binding) : nullptr;
    hop = router_.hop_to_central(t.central_server, t.server.from, t.client.to,
                                 binding ? std::string_view(binding->token) : std::string_view{}, t.domain);
  }
  const bool success = m.status() >= 200 && m.status() < 300;
  // A 2xx after another final answer went: nobody would end what it begins.
  if (success && t.is_invite() && t.begins_dialogs && t.server.status >= 300) return hang_up(now, t, m, *hop, out);
  Edits edits(m);
  if (const auto refusal = bodies_.edit(now, t, m, *hop, set, edits, out))
    return refuse_answer(now, t, m, *hop, refusal, out);
  if (set) {
    note_answer(now, t, m, out);
    set = dialogs_.by_id(t.dialogs);
  }
  rewriter_.edit_response(m, *hop, t.back, edits);
  if (t.registering && m.status() < 300) {
    registrar_.restore_contacts(now, t, m, edits);
  } else {
    rewriter_.edit_contact(m, *hop, edits);
  }
  if (m.status() == 401 || m.status() == 407) {
    for (unsigned i = rewriter_.edit_challenges(m, edits); i != 0; --i)
      out.events.push_back(event_of(Event::Kind::auth_int, t.server.from, std::string(m.method_text())));
  }
  // RFC 3261 §16.7 step 6: a proxy's 503 says that its own server is of no use, not that ours isn't. To a
  // registering phone it is what puts it off (sip-sbc §2.5).
  if (m.status() == 503 && !t.registering)
    edits.replace(m.text().substr(0, m.fields().front().begin - 2), "SIP/2.0 500 Server Internal Error");
  std::string text;
  edits.write(text);
  if (!edits.ok()) {  // more to change than is allowed: nothing goes on that should not
    if (m.status() < 200) return;
    refuse_answer(now, t, m, *hop, 500, out);
    if (set && t.begins_dialogs && !set->over) calls_.end(now, *set, out);
    return;
  }
  if (t.from_side == Side::access && t.server.from.transport == Transport::udp && text.size() > kMaxPhoneOctets)
    out.events.push_back(
        event_of(Event::Kind::large, t.server.from, fmt::format("{} of {} bytes", m.status(), text.size())));
  transactions_.respond(now, t, std::move(text), m.status(), out);
  if (m.status() >= 200) t.registering.reset();
}

/// What an answer means for the dialogs that its request began, or ran in.
void Proxy::note_answer(TimePoint now, Transaction& t, const Message& m, Output& out) {
  DialogSet* const set = dialogs_.by_id(t.dialogs);
  if (!set) return;
  const bool success = m.status() >= 200 && m.status() < 300;
  const bool began = t.begins_dialogs;
  if (success) Calls::note_life(now, *set, t, m);
  switch (t.method) {
    case Method::invite:
      if (m.status() == 180) set->ringing = true;
      if (m.status() > 100 && m.status() < 300 && !m.to_tag().empty()) set->note(m, t.from_side, t.begins_dialogs);
      if (success) {
        if (DialogSet::Dialog* const dialog = set->find(began ? m.to_tag() : std::string_view{}))
          dialog->confirmed = true;
        if (began && !set->connected) set->taken = m.to_tag();
        if (began) calls_.up(now, *set, out);
      } else if (m.status() >= 300) {
        if (!began) return;
        if (!set->connected && (m.status() == 401 || m.status() == 407)) {
          calls_.end_try(now, *set);  // it comes again, with the same Call-ID and tag
        } else if (!set->connected) {
          calls_.end(now, *set, out);
        }
      }
      return;
    case Method::subscribe:
    case Method::refer:
      if (success && !m.to_tag().empty()) {
        set->note(m, t.from_side, t.begins_dialogs);
        set->referred = set->referred || t.method == Method::refer;
        if (!set->is_call()) {
          const auto expires = parse_number(m.value_of(FieldName::expires), 0xffffffff).value_or(300);
          dialogs_.set_until(
              *set, now + std::chrono::seconds(std::min<std::uint64_t>(expires, 86'400)) + kTransactionTimeout);
        }
      } else if (m.status() >= 300 && !set->is_call() && set->dialogs.empty()) {
        dialogs_.forget(*set);
      }
      return;
    case Method::bye:
      // It is over for whoever said BYE, whatever the answer (RFC 3261 §15.1.1), unless that asks who he is.
      if (m.status() == 401 || m.status() == 407) {
        set->ended_by = Call::EndedBy::unknown;
      } else if (m.status() >= 200) {
        calls_.end_dialog(now, *set, set->responder_tag_of(m, t.from_side), out);
      }
      return;
    case Method::notify:
      // Nothing comes after it (RFC 6665 §4.1.3).
      if (success && t.ends_subscription && !set->is_call()) dialogs_.set_until(*set, now + kTransactionTimeout);
      return;
    case Method::update:
      if (success) set->note(m, t.from_side, t.begins_dialogs);
      return;
    default:
      return;
  }
}

/// RFC 3261 §16.8: nothing final came. RFC 4320: of what is no INVITE nobody hears anything then.
void Proxy::on_timeout(TimePoint now, Transaction& t, Transactions::Timeout timeout, Output& out) {
  if (t.purpose != Transaction::Purpose::forward) {
    if (t.purpose == Transaction::Purpose::start_over) {
      on_start_over_answer(t, 0, out);
    } else {
      watch_.unanswered(now, t, out);
    }
    return transactions_.forget(t);
  }
  if (t.from_side == Side::access && t.client.silent && !t.client.cancelled) {
    // One request that it leaves without an answer says nothing of a server that answers others.
    const auto* const address = servers_[t.central_server].address();
    const bool silent = servers_[t.central_server].last_heard < t.client.sent_at;
    if (silent && address && address->peer == t.client.to.peer) server_failed_for(now, t, "it does not answer", out);
    if (try_next_server(now, t, out)) return;
    const bool in_dialog = t.dialogs != 0 && !t.begins_dialogs;
    if (silent && !in_dialog && timeout == Transactions::Timeout::unanswered) return give_up(now, t, out);
  }
  if (timeout == Transactions::Timeout::unanswered) return;  // it has until timer B or F
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (t.is_invite()) {
    const auto slot = t.slot;
    const auto serial = t.serial;
    if (!t.client.cancelled && !t.client.cancel_sent && !t.client.silent) return on_timer_c(now, t, set, out);
    refuse(now, t, t.client.cancelled ? 487 : 408, out);
    if (set && t.begins_dialogs && !set->connected) calls_.end(now, *set, out);
    return transactions_.forget_if_over(slot, serial);
  }
  if (t.method == Method::bye && set && other_.parse(as_bytes(t.server.request)))
    calls_.end_dialog(now, *set, set->responder_tag_of(other_, t.from_side), out);
  if (set && !set->is_call() && set->dialogs.empty()) dialogs_.forget(*set);
  bodies_.drop_offer(now, t);
  transactions_.forget(t);
}

/// Whoever rings gets CANCEL, and its answer to that is the caller's answer. While there is audio, as of a
/// queue's music, it goes on: RFC 3261 §16.8 leaves that to us.
void Proxy::on_timer_c(TimePoint now, Transaction& t, DialogSet* set, Output& out) {
  transactions_.go_on(now, t);
  if (set && now - calls_.last_media(now, *set) < kStillAudio) return;
  t.client.cancel_fields = "Reason: SIP;cause=408;text=\"Request Timeout\"\r\n";
  cancel(now, t, out);
}

void Proxy::cancel(TimePoint now, Transaction& t, Output& out) {
  if (!other_.parse(as_bytes(t.client.forwarded))) return;
  transactions_.send_cancel(now, t, make_cancel(other_, t.client.cancel_fields), out);
}

/// A 2xx with a body that can't be passed on: whoever asked is refused, whoever answered is let go.
void Proxy::refuse_answer(TimePoint now, Transaction& t, const Message& m, const Hop& back, std::uint16_t status,
                          Output& out) {
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (t.is_invite()) hang_up(now, t, m, back, out);
  refuse(now, t, status, out, BodyRewriter::refusal_lines(status));
  if (set && t.begins_dialogs && !set->connected) calls_.end(now, *set, out);
}

/// A 2xx to INVITE that does not go on gets its ACK from us, and BYE if a dialog began with it. `back` leads to
/// whoever sent the INVITE.
void Proxy::hang_up(TimePoint now, Transaction& t, const Message& m, const Hop& back, Output& out) {
  std::optional<Hop> hop;
  if (back.side == Side::access) {
    hop = router_.hop_to_central(t.central_server, t.client.to, t.server.from, {}, t.domain);
  } else {
    Reach reach;
    reach.flow = t.client.to;
    hop = router_.hop_to_phone(reach, false, t.domain);
  }
  if (!hop) return;
  const std::string target(answerer_of(m)), routes = route_set(m);
  const std::string_view rport = hop->side == Side::central ? ";rport" : "";
  const auto request = [&](std::string_view method, std::uint32_t cseq, const std::string& branch) {
    return fmt::format(
        "{} {} SIP/2.0\r\nVia: SIP/2.0/{} {};branch={}{}\r\nMax-Forwards: 70\r\n{}From: {}\r\nTo: {}\r\n"
        "Call-ID: {}\r\nCSeq: {} {}\r\nContent-Length: 0\r\n\r\n",
        method, target, to_string(t.client.to.transport), hop->us, branch, rport, routes, m.value_of(FieldName::from),
        m.value_of(FieldName::to), m.call_id(), cseq, method);
  };
  out.send(t.client.to, request("ACK", m.cseq(), identifiers_.branch()));
  const std::string tag = fmt::format("<{}>", m.to_tag());
  if (!t.begins_dialogs || t.hung_up.contains(tag)) return;
  t.hung_up += tag;
  const Flow to = t.client.to;
  Transaction* const bye = transactions_.begin(Method::bye, {});
  if (!bye) return out.send(to, request("BYE", m.cseq() + 1, identifiers_.branch()));
  bye->purpose = Transaction::Purpose::hang_up;
  bye->client.to = to;
  bye->client.branch = identifiers_.branch();
  bye->client.forwarded = request("BYE", m.cseq() + 1, bye->client.branch);
  transactions_.send_request(now, *bye, {}, out);
}

}  // namespace dw::sip
