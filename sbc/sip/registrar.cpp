#include "sbc/sip/registrar.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/auth.hpp"
#include "sbc/sip/events.hpp"
#include "sbc/sip/response.hpp"

namespace dw::sip {
namespace {

constexpr Duration kEventAgain = std::chrono::seconds(10);  // between two events of refreshes
constexpr Duration kChallengeKept = std::chrono::seconds(60);
constexpr unsigned kAgainForBadPassword = 2;

}  // namespace

Registrar::Registrar(const Parts& parts)
    : options_(parts.options),
      servers_(parts.servers),
      bindings_(parts.bindings),
      connections_(parts.connections),
      sources_(parts.sources),
      transactions_(parts.transactions),
      known_(parts.known),
      identifiers_(parts.identifiers),
      counters_(parts.counters),
      challenge_hash_(identifiers_.random()),
      challenged_(kMaxChallenged, identifiers_.random()),
      pace_(identifiers_.random()) {}

std::uint64_t Registrar::challenge_key(const Transaction& t) const {
  return challenge_hash_(t.registering->aor) ^ challenge_hash_(challenge_hash_(t.registering->call_id) +
                                                               challenge_hash_(source_of(t.server.from.peer.address)));
}

std::optional<std::string> Registrar::answer_from_cache(TimePoint now, Transaction& t, const Message& m, Output& out) {
  Binding* const b = t.binding != 0 ? bindings_.by_id(t.binding) : nullptr;
  if (lease() == Duration{} || !b || !servers_[b->server].up) return std::nullopt;
  const auto known = cache_.answer(now, b->id, t.server.from, m, *t.registering);
  if (!known) return std::nullopt;
  ++counters_.registrations_kept;
  t.central_server = b->server;
  const std::string lines =
      fmt::format("Contact: {}\r\nExpires: {}\r\n{}", with_expires(t.registering->contacts.front().value, known->lease),
                  known->lease, known->lines);
  registered(now, *b, Event::Kind::refreshed, out);
  return make_response(m, t.server.from, 200, "OK", "dw" + std::to_string(t.serial), lines);
}

std::optional<std::uint32_t> Registrar::put_off(TimePoint now, const Transaction& t, std::size_t server) {
  Challenged* const c = t.registering->authorized ? challenged_.find(challenge_key(t)) : nullptr;
  const bool follows_up = c && c->open && c->times == 0 && now - c->at <= kChallengeKept;
  const IpAddress& source = t.server.from.peer.address;
  if (pace_.take(now, servers_[server].registers, source, sources_.standing(now, source), follows_up)) {
    if (c) c->open = false;
    return std::nullopt;
  }
  ++counters_.registrations_put_off;
  // Whoever hammers is no crowd; those that are known go before strangers, so that they wait for their like alone.
  const Standing standing = sources_.standing(now, source);
  PutOff& crowd = standing == Standing::stranger ? strangers_put_off_ : known_put_off_;
  crowd.count *= std::exp2(-std::chrono::duration<double>(now - crowd.at).count() / 5);
  crowd.count += 1 - pace_.weight(now, source, standing);
  crowd.at = now;
  const double least = standing == Standing::stranger ? kMaxRetryAfter - kMinRetryAfter : kMinRetryAfter;
  return retry_after(crowd.count, least);
}

std::uint32_t Registrar::retry_after() {
  return retry_after(known_put_off_.count + strangers_put_off_.count, kMaxRetryAfter - kMinRetryAfter);
}

/// They are asked to come back over the time that all who wait need, and over `least` seconds at least.
std::uint32_t Registrar::retry_after(double waiting, double least) {
  const double seconds = waiting / std::max(1.0, options_.register_rate);
  const auto spread = static_cast<std::uint32_t>(std::clamp(2 * seconds, least, 300.0));
  return kMinRetryAfter + static_cast<std::uint32_t>(identifiers_.random() % (spread + 1));
}

void Registrar::accept(TimePoint now, Transaction& t, const Message& m, Output& out) {
  challenged_.erase(challenge_key(t));
  Registering& r = *t.registering;
  if (connections_.is_gone(t.server.from) || r.overtaken)
    return;  // the phone does not hear of it and registers again, or has unregistered since
  if (r.star || std::ranges::any_of(r.contacts, [&](const auto& c) { return r.unregisters(c); })) overtake(r);
  if (r.star) {
    for (Binding* const b : bindings_.by_aor(r.aor)) {
      out.events.push_back(event_of(Event::Kind::unregistered, *b));
      bindings_.remove(*b);
    }
    return;
  }
  bool fresh = false, stays = false;
  for (RegisterContact& contact : r.contacts) {
    if (!contact.keep_alive && !r.unregisters(contact)) grant(m, t, contact);
    stays = stays || contact.granted.value_or(0) != 0;
  }
  for (RegisterContact& contact : r.contacts) {  // one after the other, as the server does (RFC 3261 §10.3 step 7)
    if (contact.keep_alive) continue;            // whatever it says of expiry (sip-sbc §0)
    if (contact.granted.value_or(0) != 0) {
      fresh = bind(now, t, contact, *contact.granted, out) || fresh;
      continue;
    }
    if (!r.unregisters(contact)) not_listed(t, out);
    if (Binding* const b = bindings_.by_token(contact.token)) {
      if (!stays) out.events.push_back(event_of(Event::Kind::unregistered, *b));
      bindings_.remove(*b);
    }
  }
  if (fresh && !m.find(FieldName::date)) {
    Event event = event_of(Event::Kind::no_date, t.server.from, {});
    event.aor = r.user;
    event.device = r.device;
    event.server = t.central_server;
    out.events.push_back(std::move(event));
  }
}

/// A 2xx that lists others alone binds nothing (RFC 3261 §10.3 step 8).
void Registrar::not_listed(const Transaction& t, Output& out) {
  Event event = event_of(Event::Kind::refused, t.server.from, "its answer lists no contact of this phone");
  event.aor = t.registering->user;
  event.device = t.registering->device;
  event.device_type = t.registering->device_type;
  event.user_agent = t.registering->user_agent;
  event.stated = t.registering->reach.stated;
  event.server = t.central_server;
  event.status = 200;
  ++counters_.registrations_refused;
  out.events.push_back(std::move(event));
}

/// An answer that was lost and is sent again must not bind what was unregistered since (RFC 3261 §10.3 step
/// 7).
void Registrar::overtake(const Registering& by) {
  transactions_.for_each([&](Transaction& t) {
    if (t.registering && t.registering->call_id == by.call_id && t.registering->aor == by.aor &&
        t.registering->cseq < by.cseq)
      t.registering->overtaken = true;
  });
}

/// True: it is registered where it was not before.
bool Registrar::bind(TimePoint now, const Transaction& t, const RegisterContact& contact, std::uint32_t seconds,
                     Output& out) {
  const Registering& r = *t.registering;
  Binding* b = bindings_.by_token(contact.token);
  if (!b) b = bindings_.by_key(contact.key);  // another registration of it was faster
  ++counters_.registrations;
  Event::Kind kind = Event::Kind::refreshed;
  Reach reach = r.reach;
  if (contact.port != 0) reach.contact_port = contact.port;
  if (!b) {
    kind = Event::Kind::registered;
    Binding fresh;
    fresh.token = contact.token;
    fresh.key = contact.key;
    fresh.group = contact.group;
    fresh.aor = r.aor;
    fresh.user = r.user;
    fresh.reach = reach;
    fresh.expires_at = now + std::chrono::seconds(seconds) + Binding::kGrace;
    if (Binding* const gone = bindings_.too_many(r.aor)) {
      out.events.push_back(event_of(Event::Kind::expired, *gone));
      bindings_.remove(*gone);
    }
    b = bindings_.add(std::move(fresh));
    if (!b) return false;
  } else if (b->reach.flow.peer.address != reach.flow.peer.address) {
    kind = Event::Kind::moved;
  } else if (b->reach.flow.peer == reach.flow.peer && b->reach.contact_port == reach.contact_port &&
             !b->stale_connection) {
    reach.answers = b->reach.answers;
  }
  if (b->token != contact.token || b->key != contact.key)
    bindings_.rename(*b, contact.token, contact.key, contact.group);
  const ConnectionId old = b->reach.flow.connection;
  if (b->server != t.central_server) b->reported_at = {};
  const bool at_new_flow = kind != Event::Kind::refreshed || reach.answers == Reach::Answers::unknown;
  if (b->contact != contact.value) b->contact = with_expires(contact.value, std::nullopt);
  b->contact_uri = contact.uri;
  b->call_id = r.call_id;
  b->device = r.device;
  b->user_agent = r.user_agent;
  b->device_type = r.device_type;
  b->loses_token = contact.loses_token;
  b->maps_host = r.maps_host;
  b->server = t.central_server;
  b->central = t.client.to.connection;
  b->expires_at = now + std::chrono::seconds(seconds) + Binding::kGrace;
  b->stale_connection = false;
  if (at_new_flow) {
    b->unanswered = 0;
    // Which port does it hear? A connection has no other, and sipp takes no CR LF before a message.
    b->next_keepalive = reach.flow.transport == Transport::udp ? now : now + options_.keepalive;
  }
  bindings_.moved(*b, reach);
  note_known(now, reach.flow.peer.address, b->expires_at - now);
  connections_.registered(reach.flow.connection, t.client.to.connection);
  registered(now, *b, kind, out);
  if (kind == Event::Kind::registered) leave_old_home(*b, out);
  // One flow, one connection: the one that it left would only hold up what is sent there.
  if (old != ConnectionId::none && old != reach.flow.connection && connections_.find(old)) out.closes.push_back(old);
  return kind != Event::Kind::refreshed;
}

/// The central server let a phone in at this address: it stays known for a while when its time there is over.
void Registrar::note_known(TimePoint now, const IpAddress& address, Duration registered) {
  known_.proved(now, address, Standing::registered, registered);
  known_.proved(now, address, Standing::proven, registered + kKnownFor);
}

void Registrar::registered(TimePoint now, Binding& b, Event::Kind kind, Output& out) {
  if (kind == Event::Kind::refreshed && now - b.reported_at < kEventAgain) return;
  b.reported_at = now;
  Event event = event_of(kind, b);
  event.status = 200;
  out.events.push_back(std::move(event));
}

/// The config names another domain than before: nothing is left at the old one, whose server does not hear of it.
void Registrar::leave_old_home(const Binding& b, Output& out) {
  if (b.device.empty() || !b.maps_host) return;
  for (Binding* const old : bindings_.elsewhere(b)) {
    out.events.push_back(event_of(Event::Kind::expired, *old));
    bindings_.remove(*old);
  }
}

void Registrar::remember(TimePoint now, const Transaction& t, const Message& request, const Message& m,
                         std::string_view us) {
  const Registering& r = *t.registering;
  if (r.contacts.empty()) return;
  const RegisterContact& contact = r.contacts.front();
  const Binding* const b = bindings_.by_token(contact.token);
  if (!b) return;
  // The answer itself may have shown that the server has the wrong address.
  if (r.us != us || !contact.granted) return cache_.forget(b->id);
  // What a phone reads in each answer (RFC 3608 §6.1, RFC 7315 §4.1, RFC 5626 §6).
  std::string lines;
  for (const Field& field : m.fields()) {
    const std::string_view name = m.name_of(field);
    for (const char* const kept : {"Service-Route", "P-Associated-URI", "Supported", "k", "Require", "Flow-Timer"}) {
      if (equal_ignoring_case(name, kept)) lines += m.text().substr(field.begin, field.end - field.begin);
    }
  }
  cache_.remember(now, b->id, t.server.from, request, r, *contact.granted,
                  lease_of(r, *contact.granted, r.wanted(contact)), std::move(lines));
}

void Registrar::refused(TimePoint now, const Transaction& t, const Message& m, Output& out) {
  const Registering& r = *t.registering;
  Event event = event_of(Event::Kind::refused, t.server.from, std::string(m.reason()));
  event.aor = r.user;
  event.device = r.device;
  event.device_type = r.device_type;
  event.user_agent = r.user_agent;
  event.stated = r.reach.stated;
  event.server = t.central_server;
  event.status = m.status();
  if (m.status() == 401 || m.status() == 407) {
    Challenged* const kept =
        challenged_.take(now, challenge_key(t), sources_.standing(now, t.server.from.peer.address), {0, now});
    if (!kept) return;
    Challenged& c = *kept;
    if (now - c.at > kChallengeKept) c = {};
    c.at = now;
    c.open = true;
    // A nonce that has grown old is no wrong password (RFC 7616 §3.3).
    const bool is_stale = std::ranges::any_of(m.fields(), [&](const Field& field) {
      return (field.name == FieldName::www_authenticate || field.name == FieldName::proxy_authenticate) &&
             equal_ignoring_case(auth_param(m.value(field), "stale"), "true");
    });
    if (!r.authorized || is_stale || ++c.times < kAgainForBadPassword) return;
    c.times = 0;
    event.kind = Event::Kind::bad_password;
    ++counters_.registrations_refused;
    out.events.push_back(std::move(event));
    return;
  }
  ++counters_.registrations_refused;
  const bool retry = m.status() == 423 || m.status() == 503 || (m.status() == 403 && r.authorized);  // a wrong password
  out.events.push_back(std::move(event));
  if (!retry) sources_.abuse(now, t.server.from, fmt::format("a registration refused with {}", m.status()), out);
}

bool Registrar::restore(TimePoint now, Binding binding, Output& out) {
  if (binding.expires_at <= now || !bindings_.has_room(binding.reach.flow.peer.address) ||
      bindings_.by_token(binding.token) || bindings_.by_key(binding.key) || binding.server >= servers_.all().size())
    return false;
  binding.central = ConnectionId::none;
  binding.reach.flow.connection = ConnectionId::none;
  binding.stale_connection = binding.reach.flow.transport != Transport::udp;
  // Spread, lest all are asked at once.
  const auto spread = std::chrono::duration_cast<std::chrono::milliseconds>(options_.keepalive).count();
  const auto wait = std::chrono::milliseconds(
      static_cast<std::int64_t>(identifiers_.random() % static_cast<std::uint64_t>(std::max<std::int64_t>(spread, 1))));
  binding.next_keepalive = binding.stale_connection ? TimePoint::max() : now + wait;
  binding.unanswered = 0;
  const Binding* const kept = bindings_.add(std::move(binding));
  if (!kept) return false;
  note_known(now, kept->reach.flow.peer.address, kept->expires_at - now);
  if (!kept->stale_connection) out.events.push_back(event_of(Event::Kind::refreshed, *kept));
  return true;
}

void Registrar::forget(const Transaction& t) {
  const auto& contacts = t.registering->contacts;
  if (const Binding* const b = contacts.empty() ? nullptr : bindings_.by_token(contacts.front().token))
    cache_.forget(b->id);
}

void Registrar::append_tables(MetricsText& out) const {
  out.table("sip_register_sources", pace_.sources(), RegisterPace::kMaxSources);
  out.table("sip_challenges", challenged_.size(), challenged_.capacity());
}

}  // namespace dw::sip
