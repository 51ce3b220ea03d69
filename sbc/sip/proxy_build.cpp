#include <algorithm>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/auth.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/sip/response.hpp"

// What is changed in a message on its way: FORMAT.md says it in a table.
namespace dw::sip {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t kLoopHashLetters = 6;
constexpr unsigned kDefaultMaxForwards = 70;

std::string letters(std::uint64_t bits, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i, bits >>= 5)
    out += kAlphabet[bits & 31];
  return out;
}

/// Fields whose URIs may name us where the central domain is meant (sip-sbc §2.2).
bool names_hosts(FieldName name) {
  switch (name) {
    case FieldName::from:
    case FieldName::to:
    case FieldName::refer_to:
    case FieldName::referred_by:
    case FieldName::remote_party_id:
    case FieldName::p_asserted_identity:
    case FieldName::p_preferred_identity:
    case FieldName::diversion:
    case FieldName::reply_to:
      return true;
    default:
      return false;
  }
}

/// FNV-1a: it tells a changed text from an unchanged one, nothing more.
std::uint32_t check_of(std::string_view a, std::string_view b) {
  std::uint32_t hash = 0x811c9dc5;
  for (const std::string_view part : {a, std::string_view("|"), b}) {
    for (const char c : part)
      hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x01000193;
  }
  return hash;
}

std::string_view contact_host(const Message& m) {
  const Field* const field = m.find(FieldName::contact);
  if (!field) return {};
  std::string_view left = m.value(*field);
  const auto address = parse_name_addr(next_value(left).value_or(std::string_view{}));
  const auto uri = address ? parse_uri(address->uri) : fail(Errc::malformed, {});
  return uri ? uri->host_port : std::string_view{};
}

}  // namespace

std::string Proxy::token() {
  return letters(random_(), Binding::kTokenLength - 1) + letters(random_(), 1);
}

/// RFC 3261 §16.6 step 8: where a request goes and as what. A spiral comes back with another Request-URI.
std::string Proxy::loop_hash(const Message& m, Side to) const {
  std::uint64_t hash = secret_ ^ (to == Side::access ? 0x5bd1e995U : 0);
  for (const std::string_view part : {m.request_uri(), m.call_id(), m.method_text()}) {
    for (const char c : part)
      hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  }
  return letters(hash ^ hash >> 29, kLoopHashLetters);
}

std::string Proxy::new_branch(const Message& m, Side to) {
  return "z9hG4bK" + letters(random_(), 12) + "." + loop_hash(m, to);
}

bool Proxy::is_ours(std::string_view host, const Flow& phone) const {
  return names_address(host, phone.local.address) || (options_.advertise && names_address(host, *options_.advertise));
}

/// What stands in a URI for `uri`'s host and port on the other side; nothing: it stays.
std::optional<std::string> Proxy::mapped_host(const Uri& uri, const Hop& hop) const {
  if (hop.side == Side::central) return is_ours(uri.host, hop.phone) ? std::optional(hop.domain) : std::nullopt;
  if (!hop.maps_host || !equal_ignoring_case(uri.host, hop.domain)) return std::nullopt;
  return hop.us;
}

/// 0, or the status that the request is to be refused with.
std::uint16_t Proxy::build_request(TimePoint now, Transaction& t, const Message& m, const Hop& hop,
                                   std::string_view target, std::string_view routes, DialogSet* set, std::string& text,
                                   Output& out) {
  Edits edits(m);
  edit_request_uri(m, hop, target, edits);
  const Field* const via = m.find(FieldName::via);
  t.vias = via_lines(m, t.from);
  std::string top = fmt::format("Via: SIP/2.0/{} {};branch={}", to_string(hop.flow.transport), hop.us, t.branch);
  const std::string_view stated = contact_host(m);
  if (hop.side == Side::central) top += ";rport;dw=" + unaltered_check(hop.us, stated.empty() ? stated : hop.us);
  edits.insert_before(*via, top += "\r\n");
  t.ends_subscription = m.method() == Method::notify &&
                        starts_with_ignoring_case(m.value_of(FieldName::subscription_state), "terminated");
  t.record_routes.clear();
  for (const Field& field : m.fields()) {
    if (field.name == FieldName::route) edits.remove(field);
    if (field.name != FieldName::record_route) continue;
    t.record_routes += m.text().substr(field.begin, field.end - field.begin);
    edits.remove(field);
  }
  edits.remove_all(FieldName::via);
  edits.insert_before(*via, routes);
  edits.insert_before(*via, kept_routes(t, m, hop));
  if (const Field* const hops = m.find(FieldName::max_forwards)) {
    edits.replace(m.value(*hops), std::to_string(m.max_forwards().value_or(kDefaultMaxForwards) - 1));
  } else {
    edits.insert_before(*via, fmt::format("Max-Forwards: {}\r\n", kDefaultMaxForwards));
  }
  if (t.registering) {
    edit_register_contacts(*t.registering, m, hop, edits);
  } else {
    edit_contact(m, hop, edits);
  }
  edit_hosts(&t, m, hop, edits);
  edit_identity(m, hop, edits);
  const Negotiation part = begin_negotiation(t, set, m, other(hop.side));
  if (const auto refusal = edit_body(now, t, m, hop, part, set, edits, out)) return refusal;
  end_negotiation(now, t, set, m, other(hop.side), part);
  edits.write(text);
  return edits.ok() ? 0 : 500;
}

/// Whatever stands for the central domain on one side becomes what does on the other; how to get there is another
/// matter there. Whether anything changed.
bool Proxy::map_host(const Uri& uri, const Hop& hop, Edits& edits) const {
  const auto mapped = mapped_host(uri, hop);
  if (mapped) edits.replace(uri.host_port, *mapped);
  if (!mapped && !equal_ignoring_case(uri.host, hop.domain)) return false;
  const auto of_this_hop = hop_params(uri);
  for (const std::string_view param : of_this_hop)
    edits.replace(param, {});
  return mapped || !of_this_hop.empty();
}

void Proxy::edit_request_uri(const Message& m, const Hop& hop, std::string_view target, Edits& edits) const {
  if (!target.empty()) return edits.replace(m.request_uri(), target);
  const auto uri = parse_uri(m.request_uri());
  if (!uri || !uri->is_sip()) return;
  map_host(*uri, hop, edits);
  // No hop of ours is TLS, so that nobody may be promised it is (RFC 3261 §26.2.2).
  if (uri->scheme == Uri::Scheme::sips) edits.replace(uri->scheme_text, "sip");
}

/// Routes that a registered phone was given by its server (RFC 3608), or configured to: those to our servers stay, ours
/// has been gone, and nobody is sent elsewhere.
std::string Proxy::kept_routes(const Transaction& t, const Message& m, const Hop& hop) const {
  if (hop.side != Side::central || t.binding == 0 || !m.to_tag().empty()) return {};
  std::string lines;
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::route) continue;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      const auto address = parse_name_addr(*value);
      const auto uri = address ? parse_uri(address->uri) : fail(Errc::malformed, {});
      if (!uri || !uri->is_sip() || !find_param(uri->params, "lr") || is_ours(uri->host, hop.phone)) continue;
      if (servers_.named(uri->host, uri->port)) lines += fmt::format("Route: {}\r\n", *value);
    }
  }
  return lines;
}

/// Whether a field of a phone's message goes no further, or one of the server's that no phone is to see.
bool Proxy::removes(const Message& m, const Field& field, const Hop& hop) const {
  if (hop.side == Side::access) return field.name == FieldName::p_asserted_identity && wants_no_identity(m);
  return options_.identity.removes(m, field, [&](std::string_view user) {
    const auto own = parse_uri((m.is_request() ? m.from() : m.to()).uri);
    return (own && is_same_user(own->user, user)) || bindings_.is_user_at(hop.phone, user);
  });
}

void Proxy::edit_identity(const Message& m, const Hop& hop, Edits& edits) const {
  for (const Field& field : m.fields()) {
    if (removes(m, field, hop)) edits.remove(field);
  }
}

/// A digest over a body that is changed on the way can't be right (RFC 7616 §3.4.3): no phone is asked for one where
/// the server takes another too.
void Proxy::edit_challenges(const Message& m, const Flow& phone, Edits& edits, Output& out) const {
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::www_authenticate && field.name != FieldName::proxy_authenticate) continue;
    AuthParams params(m.value(field));
    while (const auto param = params.next()) {
      if (!equal_ignoring_case(param->name, "qop") || !offers_auth_int(param->value)) continue;
      if (const auto left = without_auth_int(param->value)) {
        edits.replace(param->value, *left);
      } else if (m.method() == Method::invite || m.method() == Method::update || m.method() == Method::prack) {
        out.events.push_back(event_of(Event::Kind::auth_int, phone, std::string(m.method_text())));
      }
    }
  }
}

/// Each Contact names us by its user; its header's parameters stay. One that redirects names whom it means
/// (RFC 3261 §8.1.3.4), so that only its host is mapped.
void Proxy::edit_contact(const Message& m, const Hop& hop, Edits& edits) const {
  const bool redirects = !m.is_request() && ((m.status() >= 300 && m.status() < 400) || m.status() == 485);
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::contact) continue;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      const auto address = parse_name_addr(*value);
      const auto uri = address && !address->star ? parse_uri(address->uri) : fail(Errc::malformed, {});
      if (!uri || !uri->is_sip()) continue;
      if (redirects) {
        // A phone that goes to a server past us would be nobody's there.
        if (!map_host(*uri, hop, edits) && hop.side == Side::access && servers_.named(uri->host, uri->port) &&
            !equal_ignoring_case(uri->host, hop.domain))
          edits.replace(uri->host_port, hop.us);
        if (hop.side == Side::central) options_.identity.edit_uri_headers(*uri, edits);
        continue;
      }
      std::string ours = "sip:";  // there is no TLS here
      if (!uri->user.empty()) ours.append(uri->user).append("@");
      ours += hop.us;
      ours += hop.contact;
      edits.replace(address->uri, address->bracketed ? ours : "<" + ours + ">");
    }
  }
}

void Proxy::edit_register_contacts(const Registering& r, const Message& m, const Hop& hop, Edits& edits) const {
  std::size_t next = 0;
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::contact) continue;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      const auto address = parse_name_addr(*value);
      if (!address || address->star || next == r.contacts.size()) continue;
      if (const auto uri = parse_uri(address->uri); !uri || !uri->is_sip()) continue;
      const RegisterContact& contact = r.contacts[next++];
      std::string ours = "sip:";
      if (!contact.user.empty()) ours += contact.user + "@";
      ours += fmt::format("{}{};dw={}", hop.us, hop.contact, contact.token);
      edits.replace(address->uri, address->bracketed ? ours : "<" + ours + ">");
      const auto expires = find_param(address->params, "expires");
      if (expires && asked(r, contact) != r.wanted(contact))
        edits.replace(expires->value, std::to_string(asked(r, contact)));
    }
  }
  if (const Field* const expires = m.find(FieldName::expires); expires && next != 0) {
    const std::uint32_t seconds = r.expires.value_or(0);
    const bool longer = options_.register_expires != Duration{} && seconds != 0;
    if (longer && seconds < Registering::kDefaultExpires)
      edits.replace(m.value(*expires), std::to_string(Registering::kDefaultExpires));
  }
  if (!options_.path || r.contacts.empty()) return;
  edits.insert_before(*m.find(FieldName::via),
                      fmt::format("Path: <sip:{}@{};lr>\r\nSupported: path\r\n", r.contacts.front().token, hop.us));
}

/// Hosts that are ours stand for the central domain, and back (sip-sbc §2.2). In a response From and To are
/// what its request had, host for host.
void Proxy::edit_hosts(Transaction* t, const Message& m, const Hop& hop, Edits& edits) const {
  for (const Field& field : m.fields()) {
    if (!names_hosts(field.name) || removes(m, field, hop)) continue;
    const bool from = field.name == FieldName::from, to = field.name == FieldName::to;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      const auto address = parse_name_addr(*value);
      const auto uri = address ? parse_uri(address->uri) : fail(Errc::malformed, {});
      if (!uri || !uri->is_sip()) continue;
      if (!m.is_request() && (from || to)) {
        const std::string& was = from ? t->from_host : t->to_host;
        if (!was.empty()) edits.replace(uri->tail(), was);
        continue;
      }
      if (field.name == FieldName::refer_to && hop.side == Side::central)
        options_.identity.edit_uri_headers(*uri, edits);
      if (!map_host(*uri, hop, edits)) continue;
      if (from) t->from_host = uri->tail();
      if (to) t->to_host = uri->tail();
    }
  }
}

MediaRequest Proxy::media_request(const DialogSet& set) const {
  MediaRequest request;
  request.phone = set.reach.flow.peer.address;
  request.phone_side = set.reach.flow.local.address;
  request.phone_says = set.reach.stated;
  if (const auto* const address = servers_.all()[set.server].address()) {
    request.central_side = address->local.address;
    request.call_server = address->peer.address;
  }
  request.other_servers = options_.trusted;
  for (const auto& server : servers_.all()) {
    for (const auto& address : server.addresses)
      request.other_servers.push_back(address.peer.address);
  }
  return request;
}

std::string Proxy::unaltered_check(std::string_view sent_by, std::string_view contact) {
  return fmt::format("{:08x}", check_of(sent_by, contact));
}

/// An edge says in its Via what it wrote into Via and Contact; nothing: this is of no Dropwire.
std::optional<bool> Proxy::told_unaltered(const Message& m) {
  const auto check = find_param(m.via().params, "dw");
  if (!check) return std::nullopt;
  return check->value == unaltered_check(m.via().sent_by, contact_host(m));
}

/// What comes with other addresses than it left with went through an application layer gateway.
void Proxy::note_altered(const Flow& from, const Message& m, Output& out) {
  if (told_unaltered(m) != false) return;
  const auto uri = parse_uri(m.from().uri);
  const Binding* const b = bindings_.of_phone(from, words_of(m));
  Event event = b ? event_of(Event::Kind::altered, *b) : event_of(Event::Kind::altered, from, {});
  if (uri) event.aor = plain_user(uri->user);
  event.text = fmt::format("{} came with Via {} and Contact {}, which are not what was sent",
                           m.method_text().substr(0, 32), m.via().sent_by, contact_host(m));
  out.events.push_back(std::move(event));
}

}  // namespace dw::sip
