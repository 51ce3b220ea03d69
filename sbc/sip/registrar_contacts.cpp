#include "sbc/sip/registrar.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"

// The Contacts of a REGISTER: the token under which the server knows each, for how long it accepted it, and what the
// phone reads of that (sip-sbc §2.8).
namespace dw::sip {
namespace {

/// For how long the server's answer lists a Contact that is no SIP URI.
std::optional<std::uint32_t> granted_other(const Message& m, std::string_view contact) {
  const auto asked = parse_name_addr(contact);
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::contact || !asked) continue;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      const auto address = parse_name_addr(*value);
      if (!address || uri_identity(address->uri) != uri_identity(asked->uri)) continue;
      const auto expires = find_param(address->params, "expires");
      const Field* const header = m.find(FieldName::expires);
      return read_expires(expires ? expires->value : header ? m.value(*header) : std::string_view{});
    }
  }
  return std::nullopt;
}

}  // namespace

void Registrar::name_contacts(Registering& r) {
  for (RegisterContact& contact : r.contacts) {
    contact.group = contact_group(r.aor, contact.instance, contact.reg_id);
    contact.key = binding_key(r.aor, contact.group, contact.uri, r.reach.flow.peer.address);
    if (const Binding* const b = bindings_.by_key(contact.key)) contact.token = b->token;
  }
  const auto is_taken = [&](const Binding& b) {
    return std::ranges::any_of(r.contacts, [&](const auto& c) { return c.token == b.token; });
  };
  for (RegisterContact& contact : r.contacts) {
    if (!contact.token.empty()) continue;
    const auto same = std::ranges::find(r.contacts, contact.key, &RegisterContact::key);
    if (!same->token.empty()) {
      contact.token = same->token;
      continue;
    }
    const Binding* before = nullptr;
    if (contact.group.empty()) {
      // Nothing but its Call-ID shows that it is the same phone, at another address (RFC 3261 §10.2.4).
      for (const Binding* const b : bindings_.by_aor(r.aor)) {
        if (b->group.empty() && b->call_id == r.call_id && uri_identity(b->contact_uri) == uri_identity(contact.uri) &&
            !is_taken(*b))
          before = b;
      }
    } else if (!contact.reg_id.empty() || !r.unregisters(contact)) {
      // Without a reg-id a Contact that goes is known by its URI alone.
      for (const Binding* const b : bindings_.by_group(r.aor, contact.group)) {
        if (!before && !is_taken(*b)) before = b;
      }
    }
    contact.token = before ? before->token : identifiers_.token();
  }
}

/// The longest expiry that phones get; zero: what the server granted. Only a phone's next registration can give the
/// server a router's new address, as the digest is the phone's own.
Duration Registrar::lease() const {
  constexpr Duration kRouterMayMove = std::chrono::seconds(60);
  if (options_.register_expires != Duration{}) return options_.register_expires;
  return behind_router_ && !options_.central_advertise ? kRouterMayMove : Duration{};
}

/// What the server granted this contact: its own parameter, else the Expires header, else what was asked
/// (RFC 3261 §10.2.4). Nothing: the server's list has no such contact. One that lost its token on the way through the
/// server is known by the rest of its URI (RFC 3261 §19.1.4).
void Registrar::grant(const Message& m, const Transaction& t, RegisterContact& contact) const {
  contact.granted.reset();
  contact.loses_token = true;
  bool lists = false, found = false;
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::contact) continue;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      lists = true;
      const auto address = parse_name_addr(*value);
      const auto uri = address ? parse_uri(address->uri) : fail(Errc::malformed, {});
      if (!uri) continue;
      const auto named = find_param(uri->params, "dw");
      const bool is_it = named ? named->value == contact.token
                               : t.registering->contacts.size() == 1 && is_same_user(uri->user, contact.user) &&
                                     equal_ignoring_case(uri->host_port, t.registering->us);
      if (!is_it) continue;
      if (named) contact.loses_token = false;
      if (const auto expires = find_param(address->params, "expires"); expires && !contact.granted)
        contact.granted = read_expires(expires->value);
      found = true;
    }
  }
  if (contact.granted || (lists && !found)) return;
  const Field* const header = m.find(FieldName::expires);
  contact.granted =
      header ? read_expires(m.value(*header)) : t.registering->asked(contact, options_.register_expires != Duration{});
}

/// How much of `granted` s the phone gets: less where refreshes are answered here, and to a Cisco phone never so little
/// that it takes it for an end (sip-sbc §0, §2.3).
std::uint32_t Registrar::lease_of(const Registering& r, std::uint32_t granted, std::uint32_t wanted) const {
  std::uint32_t seconds = granted;
  if (lease() != Duration{}) {
    const auto most = std::chrono::duration_cast<std::chrono::seconds>(lease()).count();
    seconds = std::min({seconds, wanted, static_cast<std::uint32_t>(most)});
  }
  return r.is_cisco ? std::max(seconds, kLeastExpires) : seconds;
}

void Registrar::restore_contacts(TimePoint now, const Transaction& t, const Message& m, Edits& edits) const {
  const Registering& r = *t.registering;
  std::string lines;
  std::uint32_t shortest = 0;
  bool wants = false;
  const auto add = [&](std::string_view value, std::uint32_t seconds, std::uint32_t wanted) {
    const std::uint32_t says = lease_of(r, seconds, wanted);
    shortest = shortest == 0 ? says : std::min(shortest, says);
    lines += "Contact: " + with_expires(value, says) + "\r\n";
  };
  if (r.is_query()) {
    for (const auto& [b, seconds] : listed(now, t, m))
      add(b->contact, seconds, seconds);
  }
  for (const RegisterContact& contact : r.contacts) {
    wants = wants || (!contact.keep_alive && !r.unregisters(contact));
    if (contact.granted.value_or(0) != 0) add(contact.value, *contact.granted, r.wanted(contact));
    // A heartbeat is answered in its own words.
    if (contact.keep_alive && m.find(FieldName::contact)) lines += "Contact: " + contact.value + "\r\n";
  }
  for (const std::string& other : r.others) {
    const auto seconds = granted_other(m, other);
    wants = wants || seconds;
    if (seconds) add(other, *seconds, *seconds);
  }
  const Field* const first = m.find(FieldName::contact);
  if (first) {
    edits.insert_before(*first, lines);
    edits.remove_all(FieldName::contact);
  } else {
    edits.insert_at_end_of_header(lines);
  }
  // None of its contacts is there: a phone that looks at Expires alone must not take it for bound (RFC 3261 §10.3 step
  // 8).
  if (shortest == 0 && !wants) return;
  const Field* const expires = m.find(FieldName::expires);
  if (!expires) return edits.insert_at_end_of_header(fmt::format("Expires: {}\r\n", shortest));
  const std::uint32_t says = read_expires(m.value(*expires));
  const bool too_short = r.is_cisco && says != 0 && says < kLeastExpires;
  const bool too_long = lease() != Duration{} && says > shortest;
  if (shortest == 0 || too_short || too_long) edits.replace(m.value(*expires), std::to_string(shortest));
}

/// The phone's own bindings that the server lists in its answer, and for how long.
std::vector<std::pair<const Binding*, std::uint32_t>> Registrar::listed(TimePoint now, const Transaction& t,
                                                                        const Message& m) const {
  std::vector<std::pair<const Binding*, std::uint32_t>> all;
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::contact) continue;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      const auto address = parse_name_addr(*value);
      const auto uri = address ? parse_uri(address->uri) : fail(Errc::malformed, {});
      const auto named = uri ? find_param(uri->params, "dw") : std::nullopt;
      const Binding* const b = named ? bindings_.by_token(named->value) : nullptr;
      if (!b || b->aor != t.registering->aor || b->reach.flow.peer.address != t.server.from.peer.address) continue;
      const auto left_here = std::chrono::duration_cast<std::chrono::seconds>(b->expires_at - Binding::kGrace - now);
      const auto expires = find_param(address->params, "expires");
      all.emplace_back(b, expires ? read_expires(expires->value)
                                  : static_cast<std::uint32_t>(std::max<std::int64_t>(left_here.count(), 0)));
    }
  }
  return all;
}

}  // namespace dw::sip
