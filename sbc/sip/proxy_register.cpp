#include <algorithm>

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/auth.hpp"
#include "sbc/sip/events.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/sip/response.hpp"

// REGISTER on its way: which server gets it, and what becomes of its answer. What it means is for the Registrar.
namespace dw::sip {
void Proxy::on_register(TimePoint now, const Flow& from, const Message& m, std::string key, Output& out) {
  auto read = read_register(m);
  const auto& to = m.to_uri();
  if (!read || !to || to->user.size() > 128) {
    ++counters_.malformed;
    sources_.abuse(now, from, read ? "an invalid To" : read.error().text, out);
    return answer(now, m, from, 400, out, {}, "Malformed REGISTER");
  }
  if (draining_) return answer(now, m, from, 503, out, "Retry-After: 5\r\n");
  std::optional<PasswordTry> tried;
  if (!may_try(now, from, m, to->user, tried, out)) return;
  Transaction* const t = begin(now, from, Side::access, m, std::move(key), out);
  if (!t) {
    if (tried) guesses_.unknown(*tried);
    return;
  }
  t->password = tried;
  t->registering = std::make_unique<Registering>(std::move(*read));
  Registering& r = *t->registering;
  r.maps_host = is_ours(to->host, from);
  r.user = plain_user(to->user);
  r.home = r.maps_host ? homes_.of_phone(r.device, r.user, from.peer.address)
                       : Home{std::string(to->host), to->port.value_or(0)};
  if (r.maps_host && r.home.host.empty()) r.home = homes_.kept(from, r.user);
  t->domain = r.maps_host ? homes_.domain_of(r.home) : homes_.default_domain();
  r.aor = user_key(r.user + "@" + (r.maps_host ? t->domain : std::string(to->host)));
  const auto via_host = IpAddress::parse(m.via().host);
  r.reach.flow = from;
  r.reach.stated = via_host ? *via_host : IpAddress{};
  r.reach.contact_port = from.transport == Transport::udp ? m.via().port.value_or(kSipPort) : from.peer.port;
  for (RegisterContact& contact : r.contacts) {
    const auto uri = parse_uri(contact.uri);
    if (uri && uri->is_sip() && from.transport == Transport::udp) contact.port = uri->port.value_or(kSipPort);
  }
  const auto stays = std::ranges::find_if(r.contacts, [&](const auto& c) { return !r.unregisters(c) && c.port != 0; });
  if (stays != r.contacts.end()) r.reach.contact_port = stays->port;
  registrar_.name_contacts(r);
  for (const RegisterContact& contact : r.contacts) {
    const Binding* const b = bindings_.by_token(contact.token);
    if (b && (t->binding == 0 || !r.unregisters(contact))) t->binding = b->id;
  }
  // Who hears answers at its Via's port hears requests there.
  if (t->server.answer_to != from.peer && t->server.answer_to == r.reach.at_contact())
    r.reach.answers = Reach::Answers::at_contact;
  note_alarm(from, m, bindings_.by_id(t->binding), out);
  if (t->binding == 0 && !bindings_.has_room(from.peer.address) && !r.is_query()) {
    out.events.push_back(event_of(Event::Kind::dropped, from, "access.sip.max_bindings"));
    return refuse(now, *t, 503, out, "Retry-After: 60\r\n");
  }
  if (auto kept = registrar_.answer_from_cache(now, *t, m, out)) {
    if (t->password) guesses_.unknown(*t->password);
    t->password.reset();
    t->registering.reset();
    return transactions_.respond(now, *t, std::move(*kept), 200, out);
  }
  if (!forward_register(now, *t, m, out)) no_server_left(now, *t, m, out);
}

bool Proxy::forward_register(TimePoint now, Transaction& t, const Message& m, Output& out,
                             std::optional<std::size_t> named) {
  const auto picked =
      named ? named
            : servers_.pick(now, t.tried, false, servers_.choose(t.registering->home.host, t.registering->home.port));
  if (!picked) return false;
  t.central_server = *picked;
  t.tried |= 1U << *picked;
  if (const auto seconds = registrar_.put_off(now, t, *picked)) {
    refuse(now, t, 503, out, fmt::format("Retry-After: {}\r\n", *seconds));
    return true;
  }
  const auto flow = router_.to_server(now, *picked, owner_of(t), servers_[*picked].transport, out);
  if (!flow) return false;
  Hop hop = router_.hop_to_central(*picked, *flow, t.server.from, {}, t.domain);
  t.registering->us = hop.us;
  const auto refusal = send_to_central(now, t, m, std::move(hop), {}, {}, nullptr, options_.answer_timeout, out);
  if (!refusal) return false;
  if (*refusal == 500) {  // more to change than one message may have
    refuse(now, t, 513, out);
  } else if (*refusal != 0) {
    refuse(now, t, *refusal, out, BodyRewriter::refusal_lines(*refusal));
  } else {
    connections_.shown(now, t.server.from.connection);
  }
  return true;
}

/// A final answer of the central server.
void Proxy::on_register_answer(TimePoint now, Transaction& t, const Message& m, Output& out) {
  if (m.status() >= 200 && m.status() < 300) {
    registrar_.accept(now, t, m, out);
    if (registrar_.answers_refreshes() && other_.parse(as_bytes(t.server.request))) {
      registrar_.remember(now, t, other_, m,
                          router_.hop_to_central(t.central_server, t.client.to, t.server.from, {}, t.domain).us);
    } else {
      registrar_.forget(t);
    }
  } else if (m.status() >= 300) {
    registrar_.refused(now, t, m, out);
  }
}

/// The server names another one (RFC 3261 §8.1.3.4). One of our own servers is asked by us, as a phone would go there
/// past us; true: it was.
bool Proxy::follow_redirect(TimePoint now, Transaction& t, const Message& m, Output& out) {
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::contact) continue;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      const auto address = parse_name_addr(*value);
      const auto uri = address ? parse_uri(address->uri) : fail(Errc::malformed, {});
      const auto server = uri && uri->is_sip() ? servers_.named(uri->host, uri->port) : std::nullopt;
      if (!server || (t.tried >> *server & 1U) != 0 || !servers_[*server].address()) continue;
      return other_.parse(as_bytes(t.server.request)) && forward_register(now, t, other_, out, server);
    }
  }
  return false;
}

}  // namespace dw::sip
