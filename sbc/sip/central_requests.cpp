#include "sbc/sip/central_requests.hpp"

#include <utility>

namespace dw::sip {

CentralRequests::CentralRequests(ProxyParts& parts, Forwarder& forwarder)
    : bindings_(parts.bindings),
      dialogs_(parts.dialogs),
      calls_(parts.calls),
      homes_(parts.homes),
      router_(parts.router),
      responder_(parts.responder),
      admission_(parts.admission),
      forwarder_(forwarder) {}

void CentralRequests::on_request(TimePoint now, const Flow& from, std::size_t server, const Message& m, std::string key,
                                 Output& out) {
  const Dialogs::Match match = dialogs_.match(m, Side::central);
  const Binding* const binding = match.set ? bindings_.by_id(match.set->binding) : router_.target_of(m, from, server);
  if (!match.set && !binding) return responder_.answer(now, m, from, m.to_tag().empty() ? 404 : 481, out);
  if (!responder_.takes_central(now, from, server, out)) return;
  if (!match.set && m.method() == Method::invite && !admission_.may_ring(now, from, m, out)) return;
  DialogSet* const again = !match.set && begins_dialogs(m.method())
                               ? dialogs_.find(m.call_id(), m.from_tag(), Side::central, binding->id, {})
                               : nullptr;
  if (is_merged(again)) return responder_.answer(now, m, from, 482, out);
  Transaction* const t = responder_.begin(now, from, Side::central, m, std::move(key), false, out);
  if (!t) return;
  t->central_server = server;
  t->binding = binding ? binding->id : 0;
  t->domain = match.set ? match.set->domain : homes_.domain_of(*binding);
  if (match.set) {
    note_request(*t, match, m, from);
  } else if (begins_dialogs(m.method())) {
    open_dialogs(now, *t, m, *binding, again);
  }
  if (m.method() == Method::invite) responder_.trying(now, *t, m, out);
  forwarder_.to_phone(now, *t, m, match.set ? Router::other_party(*match.set, match) : nullptr, out);
}

/// What a request within a dialog says of it.
void CentralRequests::note_request(Transaction& t, const Dialogs::Match& match, const Message& m, const Flow& from) {
  DialogSet& set = *match.set;
  t.dialogs = set.id;
  if (m.method() == Method::bye) set.ended_by = Call::EndedBy::central;
  set.refresh_target(m, match.from_initiator, match.dialog);
  if (match.from_initiator) return router_.note_request_place(set.initiator_party, m, from, set.server);
  DialogSet::Dialog* const dialog = match.dialog ? match.dialog : set.find(m.from_tag());
  if (dialog) router_.note_request_place(dialog->responder, m, from, set.server);
}

void CentralRequests::open_dialogs(TimePoint now, Transaction& t, const Message& m, const Binding& binding,
                                   DialogSet* again) {
  t.begins_dialogs = true;
  DialogSet* const set = again ? again : dialogs_.begin(m.call_id(), m.from_tag(), Side::central);
  if (!set) return;  // goes without: its dialog's requests will find none
  const Flow& from = t.server.from;
  t.dialogs = set->id;
  set->method = m.method();
  set->server = t.central_server;
  set->central = from.connection;
  set->binding = binding.id;
  set->reach = binding.reach;
  set->maps_host = binding.maps_host;
  set->domain = t.domain;
  set->aor = set->own_number = binding.user;
  set->device = binding.device;
  if (const auto& uri = m.from_uri()) set->far_number = uri->user;
  set->far_name = m.from().display;
  calls_.begin(now, *set);
  set->note(m, t.from_side, t.begins_dialogs);
  set->initiator_party.place = router_.place_of_sender(m, from, t.central_server);
}

}  // namespace dw::sip
