#include "sbc/sip/phone_requests.hpp"

#include <algorithm>
#include <utility>

#include "sbc/sip/events.hpp"
#include "sbc/sip/via_check.hpp"

namespace dw::sip {
namespace {

/// The address that a phone has for itself; none: its Via names a host.
IpAddress stated_address(const Message& m) {
  return IpAddress::parse(m.via().host).value_or(IpAddress{});
}
std::uint16_t listening_port(const Message& m, const Flow& flow) {
  return flow.transport == Transport::udp ? m.via().port.value_or(kSipPort) : flow.peer.port;
}
void note_alarm(const Flow& from, const Message& m, const Binding* binding, Output& out) {
  if (auto event = alarm_event(from, m, binding)) out.events.push_back(std::move(*event));
}

}  // namespace

PhoneRequests::PhoneRequests(ProxyParts& parts, Forwarder& forwarder, FailOver& fail_over)
    : options_(parts.options),
      counters_(parts.counters),
      bindings_(parts.bindings),
      dialogs_(parts.dialogs),
      transactions_(parts.transactions),
      calls_(parts.calls),
      sources_(parts.sources),
      homes_(parts.homes),
      router_(parts.router),
      registrar_(parts.registrar),
      passwords_(parts.passwords),
      responder_(parts.responder),
      admission_(parts.admission),
      forwarder_(forwarder),
      fail_over_(fail_over) {}

void PhoneRequests::on_request(TimePoint now, const Flow& from, const Message& m, std::string key, Output& out) {
  if (is_unaltered(m) == false) out.events.push_back(altered_event(from, m, bindings_.of_phone(from, words_of(m))));
  if (m.method() == Method::register_) return on_register(now, from, m, std::move(key), out);
  const Binding* const sender = bindings_.of_phone(from, words_of(m));
  note_alarm(from, m, sender, out);
  const Dialogs::Match match =
      dialogs_.match(m, Side::access, [&](const DialogSet& set) { return router_.is_phone_of(set, from); });
  if (match.set) {
    in_dialog(now, from, m, std::move(key), sender, match, out);
  } else if (m.to_tag().empty()) {
    out_of_dialog(now, from, m, std::move(key), sender, out);
  } else if (!sender && !sources_.takes_unregistered(from)) {
    sources_.abuse(now, from, "a request of no dialog", out);
  } else {
    responder_.answer(now, m, from, 481, out);
  }
}

void PhoneRequests::in_dialog(TimePoint now, const Flow& from, const Message& m, std::string key, const Binding* sender,
                              const Dialogs::Match& match, Output& out) {
  DialogSet& set = *match.set;
  if (!router_.is_phone_of(set, from)) {
    // Call-ID and tags are no secret to whoever was in between.
    sources_.abuse(now, from, "a request of somebody else's dialog", out);
    return responder_.answer(now, m, from, 481, out);
  }
  // Whose dialog it is was found when it began.
  const Binding* const began = bindings_.by_id(set.binding);
  const Binding* const binding = began || set.binding == 0 ? began : sender;
  Transaction* const t = begin(now, from, m, std::move(key), is_emergency_call(m, options_.emergency), out);
  if (!t) return;
  t->binding = binding ? binding->id : 0;
  t->dialogs = set.id;
  t->central_server = set.server;
  t->domain = set.domain;
  if (m.method() == Method::bye) set.ended_by = Call::EndedBy::phone;
  set.refresh_target(m, match.from_initiator, match.dialog);
  if (m.method() == Method::invite) responder_.trying(now, *t, m, out);
  if (!forwarder_.to_central(now, *t, m, Router::other_party(set, match), out))
    fail_over_.no_server_left(now, *t, m, out);
}

void PhoneRequests::out_of_dialog(TimePoint now, const Flow& from, const Message& m, std::string key,
                                  const Binding* binding, Output& out) {
  const std::uint64_t bound = binding ? binding->id : 0;
  DialogSet* const again = begins_dialogs(m.method())
                               ? dialogs_.find(m.call_id(), m.from_tag(), Side::access, bound, from.peer.address)
                               : nullptr;
  const bool emergency = is_emergency_call(m, options_.emergency);
  if (!admission_.may_begin(now, from, m, binding, again, emergency, out)) return;
  if (is_merged(again)) return responder_.answer(now, m, from, 482, out);
  Transaction* const t = begin(now, from, m, std::move(key), emergency, out);
  if (!t) return;
  t->binding = bound;
  t->central_server = binding ? binding->server : 0;
  t->domain = homes_.domain_of(m.from_uri(), from, binding);
  if (begins_dialogs(m.method())) open_dialogs(now, *t, m, binding, again);
  if (m.method() == Method::invite) responder_.trying(now, *t, m, out);
  if (!forwarder_.to_central(now, *t, m, nullptr, out)) fail_over_.no_server_left(now, *t, m, out);
}

/// The transaction of a request whose password may be tried; nullptr: it has been answered, or gets no answer.
Transaction* PhoneRequests::begin(TimePoint now, const Flow& from, const Message& m, std::string key, bool emergency,
                                  Output& out) {
  const auto& uri = m.method() == Method::register_ ? m.to_uri() : m.from_uri();
  std::optional<PasswordTry> tried;
  switch (passwords_.check(now, from, m, uri ? uri->user : std::string_view{}, tried, out)) {
    case PasswordDoor::Verdict::passes:
      break;
    case PasswordDoor::Verdict::refused:
      responder_.answer(now, m, from, 403, out, {}, "Too Many Wrong Passwords");
      return nullptr;
    case PasswordDoor::Verdict::ignored:
      return nullptr;
  }
  Transaction* const t = responder_.begin(now, from, Side::access, m, std::move(key), emergency, out);
  if (t) {
    t->password = tried;
  } else {
    passwords_.drop(tried);
  }
  return t;
}

void PhoneRequests::open_dialogs(TimePoint now, Transaction& t, const Message& m, const Binding* binding,
                                 DialogSet* again) {
  const Flow& phone = t.server.from;
  t.begins_dialogs = true;
  DialogSet* const set = again ? again
                               : dialogs_.begin_for(phone.peer.address, sources_.standing(now, phone.peer.address),
                                                    m.call_id(), m.from_tag(), t.emergency);
  if (!set) return;  // goes without: its dialog's requests will find none
  t.dialogs = set->id;
  set->method = m.method();
  set->server = t.central_server;
  set->domain = t.domain;
  set->reach.flow = phone;
  set->reach.stated = stated_address(m);
  set->reach.contact_port = listening_port(m, phone);
  if (const auto& uri = m.from_uri()) {
    set->own_number = plain_user(uri->user);
    set->maps_host = is_ours(uri->host, phone);
  }
  if (const auto& uri = m.to_uri()) set->far_number = uri->user;
  set->far_name = m.to().display;
  if (binding) {
    set->binding = binding->id;
    set->aor = binding->user;
    set->device = binding->device;
    if (phone.transport == Transport::udp) set->reach.answers = binding->reach.answers;
  }
  calls_.begin(now, *set);
  set->note(m, t.from_side, t.begins_dialogs);
}

// ---- REGISTER ----

void PhoneRequests::on_register(TimePoint now, const Flow& from, const Message& m, std::string key, Output& out) {
  auto read = read_register(m);
  const auto& to = m.to_uri();
  if (!read || !to || to->user.size() > 128) {
    ++counters_.malformed;
    sources_.abuse(now, from, read ? "an invalid To" : read.error().text, out);
    return responder_.answer(now, m, from, 400, out, {}, "Malformed REGISTER");
  }
  if (admission_.draining()) return responder_.answer(now, m, from, 503, out, "Retry-After: 5\r\n");
  Transaction* const t = begin(now, from, m, std::move(key), false, out);
  if (!t) return;
  t->registering = std::make_unique<Registering>(std::move(*read));
  describe(*t, m, *to);
  note_alarm(from, m, bindings_.by_id(t->binding), out);
  if (t->binding == 0 && !bindings_.has_room(from.peer.address) && !t->registering->is_query()) {
    out.events.push_back(event_of(Event::Kind::dropped, from, "access.sip.max_bindings"));
    return responder_.refuse(now, *t, 503, out, "Retry-After: 60\r\n");
  }
  if (auto kept = registrar_.answer_from_cache(now, *t, m, out)) {
    passwords_.drop(t->password);
    t->registering.reset();
    return transactions_.respond(now, *t, std::move(*kept), 200, out);
  }
  if (!forwarder_.to_registrar(now, *t, m, out)) fail_over_.no_server_left(now, *t, m, out);
}

/// Adds to what the REGISTER says whose it is: the home, the AOR, where the phone is reached, the binding that it
/// refreshes. `to`: the URI of its To.
void PhoneRequests::describe(Transaction& t, const Message& m, const Uri& to) {
  const Flow& from = t.server.from;
  Registering& r = *t.registering;
  r.maps_host = is_ours(to.host, from);
  r.user = plain_user(to.user);
  r.home = r.maps_host ? homes_.of_phone(r.device, r.user, from.peer.address)
                       : Home{std::string(to.host), to.port.value_or(0)};
  if (r.maps_host && r.home.host.empty()) r.home = homes_.kept(from, r.user);
  t.domain = r.maps_host ? homes_.domain_of(r.home) : homes_.default_domain();
  r.aor = user_key(r.user + "@" + (r.maps_host ? t.domain : std::string(to.host)));
  r.reach.flow = from;
  r.reach.stated = stated_address(m);
  r.reach.contact_port = listening_port(m, from);
  for (RegisterContact& contact : r.contacts) {
    const auto uri = parse_uri(contact.uri);
    if (uri && uri->is_sip() && from.transport == Transport::udp) contact.port = uri->port.value_or(kSipPort);
  }
  const auto stays = std::ranges::find_if(r.contacts, [&](const auto& c) { return !r.unregisters(c) && c.port != 0; });
  if (stays != r.contacts.end()) r.reach.contact_port = stays->port;
  registrar_.name_contacts(r);
  for (const RegisterContact& contact : r.contacts) {
    const Binding* const b = bindings_.by_token(contact.token);
    if (b && (t.binding == 0 || !r.unregisters(contact))) t.binding = b->id;
  }
  // Who hears answers at its Via's port hears requests there.
  if (t.server.answer_to != from.peer && t.server.answer_to == r.reach.at_contact())
    r.reach.answers = Reach::Answers::at_contact;
}

}  // namespace dw::sip
