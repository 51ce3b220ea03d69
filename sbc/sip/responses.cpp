#include "sbc/sip/responses.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/edits.hpp"
#include "sbc/sip/events.hpp"
#include "sbc/sip/response.hpp"

namespace dw::sip {
namespace {

/// Where the sender of `m` is reached, else whom it names.
std::string_view answerer_of(const Message& m) {
  const Field* const field = m.find(FieldName::contact);
  std::string_view left = field ? m.value(*field) : std::string_view{};
  const auto contact = parse_name_addr(next_value(left).value_or(std::string_view{}));
  return contact && !contact->star ? contact->uri : m.to().uri;
}

}  // namespace

Responses::Responses(ProxyParts& parts, Forwarder& forwarder, FailOver& fail_over, StartOver& start_over)
    : counters_(parts.counters),
      identifiers_(parts.identifiers),
      bindings_(parts.bindings),
      dialogs_(parts.dialogs),
      transactions_(parts.transactions),
      rewriter_(parts.rewriter),
      bodies_(parts.bodies),
      calls_(parts.calls),
      router_(parts.router),
      registrar_(parts.registrar),
      watch_(parts.watch),
      passwords_(parts.passwords),
      responder_(parts.responder),
      forwarder_(forwarder),
      fail_over_(fail_over),
      start_over_(start_over) {}

void Responses::on_response(TimePoint now, const Flow& from, const Message& m, Output& out) {
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
      start_over_.answered(*t, m.status(), out);
    } else {
      watch_.answered(now, *t, out);
    }
    return transactions_.forget(*t);
  }
  if (t->from_side == Side::access) watch_.server_worked(now, t->central_server, out);
  const bool refusal = m.status() >= 300;
  if (t->is_invite() && refusal && !t->client.forwarded.empty()) {  // empty: a 2xx came before
    // The ACK of each one that is no 2xx is ours to send, also when it comes again (RFC 3261 §17.1.1.2).
    if (!t->client.forwarded.starts_with("ACK ") && stored_.parse(as_bytes(t->client.forwarded)))
      t->client.forwarded = make_ack(stored_, m.value_of(FieldName::to));
    out.send(t->client.to, t->client.forwarded);
  }
  const bool was_cancelled = t->client.cancelled;
  if (transactions_.on_response(now, *t, m.status()) == Transactions::Use::absorb) return;
  if (m.status() < 200 && was_cancelled && !t->client.cancel_sent) forwarder_.send_cancel(now, *t, out);
  if (m.status() == 100) return;
  if (m.status() == 503 && fail_over_.try_next(now, *t, out)) return;
  const auto slot = t->slot;
  const auto serial = t->serial;
  if (t->registering && m.status() >= 300 && m.status() < 400 && fail_over_.follow_redirect(now, *t, m, out)) return;
  forward(now, *t, m, out);
  const Transaction* const answered = transactions_.at(slot, serial);
  DialogSet* const set = answered && answered->dialogs != 0 ? dialogs_.by_id(answered->dialogs) : nullptr;
  if (set) router_.note_answer_place(*set, *answered, m, from);
}

/// A server that sees us at another address than before has wrong Contacts of ours.
void Responses::note_seen(const Transaction& t, const Message& answer) {
  const Router::Seen learnt = router_.note_seen(t, answer);
  if (learnt.translated) registrar_.behind_router();
  if (learnt.changed) registrar_.ask_server_again([&](const Binding& b) { return b.server == t.central_server; });
}

void Responses::forward(TimePoint now, Transaction& t, const Message& m, Output& out) {
  passwords_.settle(now, t, m, out);
  if (t.registering) {
    if (m.status() < 200) return;  // any provisional but 100 would end it for the phone (sip-sbc §0)
    on_register_answer(now, t, m, out);
  }
  DialogSet* set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  const auto hop = hop_back(t, set);
  if (!hop) {  // its connection is gone: what the answer means for a call counts all the same
    if (set) note_answer(now, t, m, out);
    return responder_.refuse(now, t, 408, out);
  }
  const bool success = m.status() >= 200 && m.status() < 300;
  // A 2xx after another final answer went: nobody would end what it begins.
  if (success && t.is_invite() && t.begins_dialogs && t.server.status >= 300) return hang_up(now, t, m, *hop, out);
  Edits edits(m);
  if (const auto refusal = bodies_.edit(now, t, m, *hop, set, edits, out)) return refuse(now, t, m, *hop, refusal, out);
  if (set) {
    note_answer(now, t, m, out);
    set = dialogs_.by_id(t.dialogs);
  }
  edit_header(now, t, m, *hop, edits, out);
  std::string text;
  edits.write(text);
  if (!edits.ok()) {  // more to change than is allowed: nothing goes on that should not
    if (m.status() < 200) return;
    refuse(now, t, m, *hop, 500, out);
    if (set && t.begins_dialogs && !set->over) calls_.end(now, *set, out);
    return;
  }
  if (t.from_side == Side::access) note_size(t.server.from, std::to_string(m.status()), text.size(), out);
  transactions_.respond(now, t, std::move(text), m.status(), out);
  if (m.status() >= 200) t.registering.reset();
}

/// Toward whoever sent the request; nothing: its connection is gone.
std::optional<Hop> Responses::hop_back(const Transaction& t, const DialogSet* set) const {
  const Binding* const binding = t.binding != 0 ? bindings_.by_id(t.binding) : nullptr;
  if (t.from_side == Side::central)
    return router_.hop_to_central(t.central_server, t.server.from, t.client.to,
                                  binding ? std::string_view(binding->token) : std::string_view{}, t.domain);
  Reach reach;
  reach.flow = t.server.from;
  reach.stated = t.server.from.peer.address;
  const bool maps = t.registering ? t.registering->maps_host : set ? set->maps_host : binding && binding->maps_host;
  return router_.hop_to_phone(reach, maps, t.domain);
}

void Responses::edit_header(TimePoint now, const Transaction& t, const Message& m, const Hop& hop, Edits& edits,
                            Output& out) const {
  rewriter_.edit_response(m, hop, t.back, edits);
  if (t.registering && m.status() < 300) {
    registrar_.restore_contacts(now, t, m, edits);
  } else {
    rewriter_.edit_contact(m, hop, edits);
  }
  if (m.status() == 401 || m.status() == 407) {
    for (unsigned i = rewriter_.edit_challenges(m, edits); i != 0; --i)
      out.events.push_back(event_of(Event::Kind::auth_int, t.server.from, std::string(m.method_text())));
  }
  // RFC 3261 §16.7 step 6: a proxy's 503 says that its own server is of no use, not that ours isn't. To a
  // registering phone it is what puts it off (sip-sbc §2.5).
  if (m.status() == 503 && !t.registering)
    edits.replace(m.text().substr(0, m.fields().front().begin - 2), "SIP/2.0 500 Server Internal Error");
}

/// What an answer means for the dialogs that its request began, or ran in.
void Responses::note_answer(TimePoint now, Transaction& t, const Message& m, Output& out) {
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

/// A final answer of the central server.
void Responses::on_register_answer(TimePoint now, Transaction& t, const Message& m, Output& out) {
  if (m.status() >= 200 && m.status() < 300) {
    registrar_.accept(now, t, m, out);
    if (registrar_.answers_refreshes() && stored_.parse(as_bytes(t.server.request))) {
      registrar_.remember(now, t, stored_, m,
                          router_.hop_to_central(t.central_server, t.client.to, t.server.from, {}, t.domain).us);
    } else {
      registrar_.forget(t);
    }
  } else if (m.status() >= 300) {
    registrar_.refused(now, t, m, out);
  }
}

/// A 2xx with a body that can't be passed on: whoever asked is refused, whoever answered is let go.
void Responses::refuse(TimePoint now, Transaction& t, const Message& m, const Hop& back, std::uint16_t status,
                       Output& out) {
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (t.is_invite()) hang_up(now, t, m, back, out);
  responder_.refuse(now, t, status, out, BodyRewriter::refusal_lines(status));
  if (set && t.begins_dialogs && !set->connected) calls_.end(now, *set, out);
}

/// A 2xx to INVITE that does not go on gets its ACK from us, and BYE if a dialog began with it. `back` leads to
/// whoever sent the INVITE.
void Responses::hang_up(TimePoint now, Transaction& t, const Message& m, const Hop& back, Output& out) {
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
