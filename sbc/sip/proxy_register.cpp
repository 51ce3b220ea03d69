#include <algorithm>
#include <cmath>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/auth.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/sip/response.hpp"

// REGISTER: the phone's contacts become ours toward the central server, and come back to it as they were
// (sip-sbc §2.8). Nothing is bound before the server took it.
namespace dw::sip {
namespace {

constexpr Duration kToldAgain = std::chrono::seconds(10);  // refreshes, to whoever keeps phones' stories
constexpr Duration kChallengeKept = std::chrono::seconds(60);
constexpr unsigned kAgainForBadPassword = 2;
constexpr std::uint32_t kMinRetryAfter = 5, kMaxRetryAfter = 30;  // s (sip-sbc §2.8)

}  // namespace

std::uint64_t Proxy::challenge_key(const Transaction& t) const {
  return challenge_hash_(t.registering->aor) ^
         challenge_hash_(challenge_hash_(t.registering->call_id) + challenge_hash_(source_of(t.from.peer.address)));
}

void Proxy::on_register(TimePoint now, const Flow& from, const Message& m, std::string key, Output& out) {
  auto read = read_register(m);
  const auto to = parse_uri(m.to().uri);
  if (!read || !to || to->user.size() > 128) {
    ++counters_.malformed;
    offence(now, from, read ? "a To that is none" : read.error().text, out);
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
  r.home =
      r.maps_host ? home_of(r.device, r.user, from.peer.address) : Home{std::string(to->host), to->port.value_or(0)};
  if (r.maps_host && r.home.host.empty()) r.home = kept_home(from, r.user);
  t->domain = r.maps_host ? domain_of(r.home) : domain_;
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
  name_contacts(r);
  for (const RegisterContact& contact : r.contacts) {
    const Binding* const b = bindings_.by_token(contact.token);
    if (b && (t->binding == 0 || !r.unregisters(contact))) t->binding = b->id;
  }
  // Who hears answers at its Via's port hears requests there.
  if (t->answer_to != from.peer && t->answer_to == r.reach.at_contact()) r.reach.answers = Reach::Answers::at_contact;
  note_alarm(from, m, bindings_.by_id(t->binding), out);
  if (t->binding == 0 && !bindings_.has_room(from.peer.address) && !r.is_query()) {
    out.events.push_back(event_of(Event::Kind::dropped, from, "access.sip.max_bindings"));
    return refuse(now, *t, 503, out, "Retry-After: 60\r\n");
  }
  if (answer_from_cache(now, *t, m, out)) return;
  if (!forward_register(now, *t, m, out)) no_server_left(now, *t, m, out);
}

/// A registration that the server took for long enough is said again here (RegisterCache).
bool Proxy::answer_from_cache(TimePoint now, Transaction& t, const Message& m, Output& out) {
  Binding* const b = t.binding != 0 ? bindings_.by_id(t.binding) : nullptr;
  if (lease() == Duration{} || !b || !servers_[b->server].up) return false;
  const auto known = register_cache_.answer(now, b->id, t.from, m, *t.registering);
  if (!known) return false;
  ++counters_.registrations_kept;
  if (t.password) guesses_.unknown(*t.password);
  t.password.reset();
  t.central_server = b->server;
  const std::string lines =
      fmt::format("Contact: {}\r\nExpires: {}\r\n{}", with_expires(t.registering->contacts.front().value, known->told),
                  known->told, known->lines);
  transactions_.respond(now, t, make_response(m, t.from, 200, "OK", "dw" + std::to_string(t.serial), lines), 200, out);
  t.registering.reset();
  tell_registered(now, *b, Event::Kind::refreshed, {}, out);
  return true;
}

/// The central server never hears more registrations a second than it is meant to; who answers a challenge of
/// half a second ago goes first (sip-sbc §2.8), and light sources before heavy ones.
bool Proxy::may_register(TimePoint now, Transaction& t, std::size_t server, Output& out) {
  Challenged* const c = t.registering->authorized ? challenged_.find(challenge_key(t)) : nullptr;
  const bool follows_up = c && c->open && c->times == 0 && now - c->at <= kChallengeKept;
  const IpAddress& source = t.from.peer.address;
  if (register_pace_.take(now, servers_[server].registers, source, standing_of(now, source), follows_up)) {
    if (c) c->open = false;
    return true;
  }
  ++counters_.registrations_put_off;
  // Whoever hammers is no crowd; those that are known go before strangers, so that they wait for their like alone.
  const Standing standing = standing_of(now, source);
  PutOff& crowd = standing == Standing::stranger ? strangers_put_off_ : known_put_off_;
  crowd.count *= std::exp2(-std::chrono::duration<double>(now - crowd.at).count() / 5);
  crowd.count += 1 - register_pace_.weight(now, source, standing);
  crowd.at = now;
  const double least = standing == Standing::stranger ? kMaxRetryAfter - kMinRetryAfter : kMinRetryAfter;
  refuse(now, t, 503, out, fmt::format("Retry-After: {}\r\n", retry_after(crowd.count, least)));
  return false;
}

std::uint32_t Proxy::retry_after() {
  return retry_after(known_put_off_.count + strangers_put_off_.count, kMaxRetryAfter - kMinRetryAfter);
}

/// They are asked to come back over the time that all who wait need, and over `least` seconds at least.
std::uint32_t Proxy::retry_after(double waiting, double least) {
  const double seconds = waiting / std::max(1.0, options_.register_rate);
  const auto spread = static_cast<std::uint32_t>(std::clamp(2 * seconds, least, 300.0));
  return kMinRetryAfter + static_cast<std::uint32_t>(identifiers_.random() % (spread + 1));
}

bool Proxy::forward_register(TimePoint now, Transaction& t, const Message& m, Output& out,
                             std::optional<std::size_t> named) {
  const auto picked =
      named ? named
            : servers_.pick(now, t.tried, false, servers_.choose(t.registering->home.host, t.registering->home.port));
  if (!picked) return false;
  t.central_server = *picked;
  t.tried |= 1U << *picked;
  if (!may_register(now, t, *picked, out)) return true;
  const Endpoint owner{t.from.peer.address, t.from.transport == Transport::udp ? t.answer_to.port : t.from.peer.port};
  const auto flow = central_flow(now, *picked, owner, servers_[*picked].transport, out);
  if (!flow) return false;
  Hop hop = hop_to_central(*picked, *flow, t.from, {}, t.domain);
  t.registering->us = hop.us;
  t.branch = identifiers_.branch_for(m, Side::central);
  t.forwarded.clear();
  if (const auto refusal = build_request(now, t, m, hop, {}, {}, nullptr, t.forwarded, out)) {
    refuse(now, t, refusal == 500 ? 513 : refusal, out, refusal == 500 ? std::string_view{} : refusal_lines(refusal));
    return true;
  }
  t.to = *flow;
  if (flow->transport == Transport::udp && t.forwarded.size() > kMaxDatagram && !servers_[*picked].no_tcp) {
    if (const auto large = central_flow(now, *picked, {}, Transport::tcp, out)) {
      hop.flow = t.to = *large;
      t.forwarded.clear();
      if (build_request(now, t, m, hop, {}, {}, nullptr, t.forwarded, out) != 0) return false;
    }
  }
  transactions_.send_request(now, t, options_.answer_timeout, out);
  servers_.asked(now, *picked);
  connections_.shown(now, t.from.connection);
  return true;
}

/// A final answer of the central server.
void Proxy::on_register_answer(TimePoint now, Transaction& t, const Message& m, Output& out) {
  if (m.status() >= 200 && m.status() < 300) {
    challenged_.erase(challenge_key(t));
    accept(now, t, m, out);
    remember_registration(now, t, m);
  } else if (m.status() >= 300) {
    note_refusal(now, t, m, out);
  }
}

void Proxy::accept(TimePoint now, Transaction& t, const Message& m, Output& out) {
  Registering& r = *t.registering;
  if (connections_.is_gone(t.from) || r.overtaken)
    return;  // it hears nothing of it and registers again, or wants it no more
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
    Event event = event_of(Event::Kind::no_date, t.from, {});
    event.aor = r.user;
    event.device = r.device;
    event.server = t.central_server;
    out.events.push_back(std::move(event));
  }
}

/// A 2xx that lists others alone binds nothing (RFC 3261 §10.3 step 8).
void Proxy::not_listed(const Transaction& t, Output& out) {
  Event event = event_of(Event::Kind::refused, t.from, "its answer lists no contact of this phone");
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
void Proxy::overtake(const Registering& by) {
  transactions_.for_each([&](Transaction& t) {
    if (t.registering && t.registering->call_id == by.call_id && t.registering->aor == by.aor &&
        t.registering->cseq < by.cseq)
      t.registering->overtaken = true;
  });
}

/// True: it is registered where it was not before.
bool Proxy::bind(TimePoint now, const Transaction& t, const RegisterContact& contact, std::uint32_t seconds,
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
    b = bindings_.add(std::move(fresh), now);
    if (!b) return false;
  } else if (b->reach.flow.peer.address != reach.flow.peer.address) {
    kind = Event::Kind::moved;
  } else if (b->reach.flow.peer == reach.flow.peer && b->reach.contact_port == reach.contact_port &&
             !b->stale_connection) {
    reach.answers = b->reach.answers;
  }
  if (b->token != contact.token || b->key != contact.key)
    bindings_.rename(*b, contact.token, contact.key, contact.group);
  std::string from_where = kind == Event::Kind::moved ? b->reach.flow.peer.to_string() : std::string();
  const ConnectionId old = b->reach.flow.connection;
  if (b->server != t.central_server) b->told = {};
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
  b->central = t.to.connection;
  b->expires_at = now + std::chrono::seconds(seconds) + Binding::kGrace;
  b->stale_connection = false;
  if (at_new_flow) {
    b->unanswered = 0;
    // Which port does it hear? A connection has no other, and sipp takes no CR LF before a message.
    b->next_keepalive = reach.flow.transport == Transport::udp ? now : now + options_.keepalive;
  }
  bindings_.moved(*b, reach);
  note_known(now, reach.flow.peer.address, b->expires_at - now);
  connections_.registered(reach.flow.connection, t.to.connection);
  tell_registered(now, *b, kind, std::move(from_where), out);
  if (kind == Event::Kind::registered) leave_old_home(*b, out);
  // One flow, one connection: the one that it left would only hold up what is sent there.
  if (old != ConnectionId::none && old != reach.flow.connection && connections_.find(old)) out.closes.push_back(old);
  return kind != Event::Kind::refreshed;
}

/// The central server let a phone in at this address: it stays known for a while when its time there is over.
void Proxy::note_known(TimePoint now, const IpAddress& address, Duration registered) {
  known_.proved(now, address, Standing::registered, registered);
  known_.proved(now, address, Standing::proven, registered + kKnownFor);
}

void Proxy::tell_registered(TimePoint now, Binding& b, Event::Kind kind, std::string text, Output& out) {
  if (kind == Event::Kind::refreshed && now - b.told < kToldAgain) return;
  b.told = now;
  Event event = event_of(kind, b);
  event.text = std::move(text);
  event.status = 200;
  out.events.push_back(std::move(event));
}

/// Keeps what the next registrations of this phone can be answered with, once the server has taken this one.
void Proxy::remember_registration(TimePoint now, const Transaction& t, const Message& m) {
  const Registering& r = *t.registering;
  if (r.contacts.empty()) return;
  const RegisterContact& contact = r.contacts.front();
  const Binding* const b = bindings_.by_token(contact.token);
  if (!b) return;
  // The answer itself may have shown that the server was told the wrong address.
  const bool right = r.us == hop_to_central(t.central_server, t.to, t.from, {}, t.domain).us;
  if (lease() == Duration{} || !right || !contact.granted || !other_.parse(as_bytes(t.request)))
    return register_cache_.forget(b->id);
  // What a phone takes from each answer anew (RFC 3608 §6.1, RFC 7315 §4.1, RFC 5626 §6).
  std::string lines;
  for (const Field& field : m.fields()) {
    const std::string_view name = m.name_of(field);
    for (const char* const kept : {"Service-Route", "P-Associated-URI", "Supported", "k", "Require", "Flow-Timer"}) {
      if (equal_ignoring_case(name, kept)) lines += m.text().substr(field.begin, field.end - field.begin);
    }
  }
  register_cache_.remember(now, b->id, t.from, other_, r, *contact.granted,
                           told(r, *contact.granted, r.wanted(contact)), std::move(lines));
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
      return other_.parse(as_bytes(t.request)) && forward_register(now, t, other_, out, server);
    }
  }
  return false;
}

void Proxy::note_refusal(TimePoint now, const Transaction& t, const Message& m, Output& out) {
  const Registering& r = *t.registering;
  Event event = event_of(Event::Kind::refused, t.from, std::string(m.reason()));
  event.aor = r.user;
  event.device = r.device;
  event.device_type = r.device_type;
  event.user_agent = r.user_agent;
  event.stated = r.reach.stated;
  event.server = t.central_server;
  event.status = m.status();
  if (m.status() == 401 || m.status() == 407) {
    Challenged* const kept = challenged_.take(now, challenge_key(t), standing_of(now, t.from.peer.address), {0, now});
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
  if (!retry) offence(now, t.from, fmt::format("a registration refused with {}", m.status()), out);
}

}  // namespace dw::sip
