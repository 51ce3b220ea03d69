#include <algorithm>
#include <cmath>

#include "sbc/base/text_cursor.hpp"
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

std::string challenge_key(const Registering& r) {
  return r.aor + "\n" + r.call_id;
}

}  // namespace

void Proxy::on_register(TimePoint now, const Flow& from, const Message& m, Output& out) {
  auto read = read_register(m);
  const auto to = parse_uri(m.to().uri);
  if (!read || !to || to->user.size() > 128) {
    ++counters_.malformed;
    offence(now, from, read ? "a To that is none" : read.error().text, out);
    return answer(m, from, 400, out, {}, "Malformed REGISTER");
  }
  if (draining_) return answer(m, from, 503, out, "Retry-After: 5\r\n");
  Transaction* const t = begin(now, from, Side::access, m, out);
  if (!t) return;
  t->registering = std::make_unique<Registering>(std::move(*read));
  Registering& r = *t->registering;
  r.maps_host = is_ours(to->host, from);
  r.user = to->user;
  r.aor = r.user + "@" + (r.maps_host ? domain_ : std::string(to->host));
  std::ranges::transform(r.aor, r.aor.begin(), lower);
  const auto via_host = IpAddress::parse(m.via().host);
  r.reach.flow = from;
  r.reach.stated = via_host ? *via_host : IpAddress{};
  r.reach.contact_port = from.transport == Transport::udp ? m.via().port.value_or(kSipPort) : from.peer.port;
  for (RegisterContact& contact : r.contacts) {
    contact.key = binding_key(r.aor, contact.instance, contact.uri, from.peer.address);
    const Binding* const b = bindings_.by_key(contact.key);
    contact.token = b ? b->token : token();
    if (b) t->binding = b->id;
    if (const auto uri = parse_uri(contact.uri); uri && uri->is_sip() && from.transport == Transport::udp)
      r.reach.contact_port = uri->port.value_or(kSipPort);
  }
  // Who hears answers at its Via's port hears requests there.
  if (t->answer_to != from.peer && t->answer_to == r.reach.at_contact())
    r.reach.answers = Reach::Answers::at_contact;
  note_alarm(from, m, bindings_.by_id(t->binding), out);
  if (t->binding == 0 && bindings_.full() && !r.is_query()) {
    out.events.push_back(event_of(Event::Kind::dropped, from, "access.sip.max_bindings"));
    return refuse(now, *t, 503, out, "Retry-After: 60\r\n");
  }
  if (!forward_register(now, *t, m, out)) no_server_left(now, *t, m, out);
}

/// The central server never hears more registrations a second than it is meant to; who answers a challenge of
/// half a second ago goes first (sip-sbc §2.8).
bool Proxy::may_register(TimePoint now, Transaction& t, std::size_t server, const Message& m, Output& out) {
  (void)m;
  const bool follows_up = t.registering->authorized && challenged_.contains(challenge_key(*t.registering));
  auto& bucket = servers_[server].registers;
  if (follows_up ? bucket.take_ahead(now) : bucket.take(now)) return true;
  ++counters_.registrations_put_off;
  // How many wait, as far as they said lately: they are asked to come back over the time that they need.
  put_off_recently_ *= std::exp2(-std::chrono::duration<double>(now - put_off_at_).count() / 5);
  put_off_recently_ += 1;
  put_off_at_ = now;
  refuse(now, t, 503, out, fmt::format("Retry-After: {}\r\n", retry_after(now)));
  return false;
}

std::uint32_t Proxy::retry_after(TimePoint now) {
  (void)now;
  const double seconds = put_off_recently_ / std::max(1.0, options_.register_rate);
  const auto spread =
      static_cast<std::uint32_t>(std::clamp(2 * seconds, double{kMaxRetryAfter - kMinRetryAfter}, 300.0));
  return kMinRetryAfter + static_cast<std::uint32_t>(random_() % (spread + 1));
}

bool Proxy::forward_register(TimePoint now, Transaction& t, const Message& m, Output& out) {
  const auto picked = servers_.pick(now, t.tried);
  if (!picked) return false;
  t.central_server = *picked;
  t.tried |= 1U << *picked;
  if (!may_register(now, t, *picked, m, out)) return true;
  const Endpoint owner{t.from.peer.address,
                       t.from.transport == Transport::udp ? t.answer_to.port : t.from.peer.port};
  const auto flow = central_flow(now, *picked, owner, servers_[*picked].transport, out);
  if (!flow) return false;
  Hop hop = hop_to_central(*picked, *flow, t.from, {});
  t.branch = new_branch(m, Side::central);
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
  transactions_.send_request(now, t, servers_.configured() > 1 ? options_.answer_timeout : Duration{}, out);
  return true;
}

/// A final answer of the central server.
void Proxy::on_register_answer(TimePoint now, Transaction& t, const Message& m, Output& out) {
  if (m.status() >= 200 && m.status() < 300) {
    if (!challenged_.empty()) challenged_.erase(challenge_key(*t.registering));
    accept(now, t, m, out);
  } else if (m.status() >= 300) {
    note_refusal(now, t, m, out);
  }
}

void Proxy::accept(TimePoint now, Transaction& t, const Message& m, Output& out) {
  Registering& r = *t.registering;
  if (is_gone(t.from) || r.overtaken)
    return;  // it hears nothing of it and registers again, or wants it no more
  if (r.star ||
      std::ranges::any_of(r.contacts, [&](const auto& c) { return r.wanted(c) == 0 && !c.keep_alive; }))
    overtake(r);
  if (r.star) {
    for (Binding* const b : bindings_.by_aor(r.aor)) {
      out.events.push_back(event_of(Event::Kind::unregistered, *b));
      bindings_.remove(*b);
    }
    return;
  }
  bool fresh = false;
  for (RegisterContact& contact : r.contacts) {
    if (contact.keep_alive) continue;  // whatever it says of expiry (sip-sbc §0)
    Binding* const b = bindings_.by_key(contact.key);
    if (r.wanted(contact) == 0) {
      if (!b) continue;
      out.events.push_back(event_of(Event::Kind::unregistered, *b));
      bindings_.remove(*b);
      continue;
    }
    contact.granted = granted(m, contact);
    if (contact.granted.value_or(0) == 0) continue;
    fresh = bind(now, t, contact, *contact.granted, out) || fresh;
  }
  if (fresh && !m.find(FieldName::date)) {
    Event event = event_of(Event::Kind::no_date, t.from, {});
    event.aor = r.user;
    event.device = r.device;
    event.server = t.central_server;
    out.events.push_back(std::move(event));
  }
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
  Binding* b = bindings_.by_key(contact.key);
  ++counters_.registrations;
  Event::Kind kind = Event::Kind::refreshed;
  Reach reach = r.reach;
  if (!b) {
    // The same phone from elsewhere: its instance is in the key, so a contact without one is another binding.
    kind = Event::Kind::registered;
    Binding fresh;
    fresh.token = contact.token;
    fresh.key = contact.key;
    fresh.aor = r.aor;
    fresh.user = r.user;
    fresh.reach = reach;
    fresh.expires_at = now + std::chrono::seconds(seconds) + Binding::kGrace;
    b = bindings_.add(std::move(fresh), now);
    if (!b) return false;
  } else if (b->reach.flow.peer.address != reach.flow.peer.address) {
    kind = Event::Kind::moved;
  } else if (b->reach.flow.peer == reach.flow.peer && b->reach.contact_port == reach.contact_port &&
             !b->stale_connection) {
    reach.answers = b->reach.answers;
  }
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
  if (kind != Event::Kind::refreshed || now - b->told >= kToldAgain) {
    b->told = now;
    Event event = event_of(kind, *b);
    event.text = std::move(from_where);
    event.status = 200;
    out.events.push_back(std::move(event));
  }
  // One phone, one connection: the one that it left would only hold up what is sent there.
  if (old != ConnectionId::none && old != reach.flow.connection && connections_.contains(old))
    out.closes.push_back(old);
  return kind != Event::Kind::refreshed;
}

/// What the server granted this contact: its own parameter, else the Expires header, else what was asked
/// (RFC 3261 §10.2.4). Nothing: the server's list has no such contact.
std::optional<std::uint32_t> Proxy::granted(const Message& m, const RegisterContact& contact) const {
  constexpr std::uint64_t kMax = 0xffffffff;
  bool any = false;
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::contact) continue;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      any = true;
      const auto address = parse_name_addr(*value);
      const auto uri = address ? parse_uri(address->uri) : fail(Errc::malformed, {});
      if (!uri) continue;
      const auto named = find_param(uri->params, "dw");
      if (!named || named->value != contact.token) continue;
      if (const auto expires = find_param(address->params, "expires"))
        return static_cast<std::uint32_t>(parse_number(trim(expires->value), kMax).value_or(0));
      any = false;  // it is there, the header says for how long
      break;
    }
  }
  if (any) return std::nullopt;
  if (const auto header = parse_number(m.value_of(FieldName::expires), kMax))
    return static_cast<std::uint32_t>(*header);
  constexpr std::uint32_t kDefault = 3600;
  return contact.expires.value_or(kDefault);
}

/// The phone reads its own contacts only, octet for octet as it wrote them, and how long each is good; never
/// less than it would take for an end (sip-sbc §0, §2.3).
void Proxy::restore_contacts(TimePoint now, const Transaction& t, const Message& m, Edits& edits) {
  const Registering& r = *t.registering;
  std::string lines;
  std::uint32_t shortest = 0;
  const auto add = [&](std::string_view value, std::uint32_t seconds) {
    const std::uint32_t told = std::max(seconds, kLeastExpires);
    shortest = shortest == 0 ? told : std::min(shortest, told);
    lines += "Contact: " + with_expires(value, told) + "\r\n";
  };
  if (r.is_query()) {
    for (const Binding* const b : bindings_.by_aor(r.aor)) {
      const Duration good = b->expires_at - Binding::kGrace - now;
      const auto left = std::chrono::duration_cast<std::chrono::seconds>(good).count();
      if (b->reach.flow.peer.address == t.from.peer.address)
        add(b->contact, static_cast<std::uint32_t>(std::max<std::int64_t>(left, 0)));
    }
  }
  for (const RegisterContact& contact : r.contacts) {
    if (contact.granted.value_or(0) != 0) add(contact.value, *contact.granted);
    // A heartbeat is answered in its own words.
    if (contact.keep_alive && m.find(FieldName::contact)) lines += "Contact: " + contact.value + "\r\n";
  }
  const Field* const first = m.find(FieldName::contact);
  if (first) {
    edits.insert_before(*first, lines);
    edits.remove_all(FieldName::contact);
  } else {
    edits.insert_at_end_of_header(lines);
  }
  if (shortest == 0) return;
  const Field* const expires = m.find(FieldName::expires);
  if (!expires) {
    edits.insert_at_end_of_header(fmt::format("Expires: {}\r\n", shortest));
  } else if (const auto says = parse_number(m.value(*expires), 0xffffffff);
             says && *says != 0 && *says < kLeastExpires) {
    edits.replace(m.value(*expires), std::to_string(kLeastExpires));
  }
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
    if (challenged_.size() >= kMaxRemembered)
      std::erase_if(challenged_, [&](const auto& entry) { return now - entry.second.at > kChallengeKept; });
    if (challenged_.size() >= kMaxRemembered) return;
    Challenged& c = challenged_[challenge_key(r)];
    if (now - c.at > kChallengeKept) c = {};
    c.at = now;
    // A nonce that has grown old is no wrong password (RFC 2617 §3.2.1).
    const auto stale =
        m.value_of(m.status() == 401 ? FieldName::www_authenticate : FieldName::proxy_authenticate);
    const bool is_stale =
        stale.find("stale=true") != stale.npos || stale.find("stale=\"true\"") != stale.npos;
    if (!r.authorized || is_stale || ++c.times < kAgainForBadPassword) return;
    c.times = 0;
    event.kind = Event::Kind::bad_password;
    ++counters_.registrations_refused;
    out.events.push_back(std::move(event));
    return offence(now, t.from, "a wrong password", out);
  }
  ++counters_.registrations_refused;
  const bool retry = m.status() == 423 || m.status() == 503;
  out.events.push_back(std::move(event));
  if (!retry) offence(now, t.from, fmt::format("a registration refused with {}", m.status()), out);
}

}  // namespace dw::sip
