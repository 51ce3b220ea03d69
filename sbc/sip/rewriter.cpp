#include "sbc/sip/rewriter.hpp"

#include <fmt/format.h>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/auth.hpp"
#include "sbc/sip/response.hpp"
#include "sbc/sip/via_check.hpp"

namespace dw::sip {
namespace {

constexpr unsigned kDefaultMaxForwards = 70;

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

}  // namespace

void Rewriter::edit_request(const Message& m, const Hop& hop, const Request& request, ReturnPath& back,
                            Edits& edits) const {
  edit_request_uri(m, hop, request.target, edits);
  const Field* const via = m.find(FieldName::via);
  std::string top = fmt::format("Via: SIP/2.0/{} {};branch={}", to_string(hop.flow.transport), hop.us, request.branch);
  const std::string_view stated = contact_host(m);
  if (hop.side == Side::central) top += ";rport;dw=" + via_check(hop.us, stated.empty() ? stated : hop.us);
  edits.insert_before(*via, top += "\r\n");
  back.record_routes.clear();
  for (const Field& field : m.fields()) {
    if (field.name == FieldName::route) edits.remove(field);
    if (field.name != FieldName::record_route) continue;
    back.record_routes += m.text().substr(field.begin, field.end - field.begin);
    edits.remove(field);
  }
  edits.remove_all(FieldName::via);
  edits.insert_before(*via, request.routes);
  if (request.keeps_routes) edits.insert_before(*via, kept_routes(m, hop));
  if (const Field* const hops = m.find(FieldName::max_forwards)) {
    edits.replace(m.value(*hops), std::to_string(m.max_forwards().value_or(kDefaultMaxForwards) - 1));
  } else {
    edits.insert_before(*via, fmt::format("Max-Forwards: {}\r\n", kDefaultMaxForwards));
  }
  if (request.registering) {
    edit_register_contacts(*request.registering, m, hop, edits);
  } else {
    edit_contact(m, hop, edits);
  }
  edit_hosts(m, hop, &back, nullptr, edits);
  edit_identity(m, hop, edits);
}

void Rewriter::edit_response(const Message& m, const Hop& hop, const ReturnPath& back, Edits& edits) const {
  edits.insert_before(*m.find(FieldName::via), back.vias);
  edits.remove_all(FieldName::via);
  edits.remove_all(FieldName::record_route);
  if (!back.record_routes.empty() && m.status() > 100 && m.status() < 300)
    edits.insert(m.fields().front().begin, back.record_routes);
  edit_hosts(m, hop, nullptr, &back, edits);
  edit_identity(m, hop, edits);
}

/// What stands in a URI for `uri`'s host and port on the other side; nothing: it stays.
std::optional<std::string> Rewriter::mapped_host(const Uri& uri, const Hop& hop) const {
  if (hop.side == Side::central) return is_ours(uri.host, hop.phone) ? std::optional(hop.domain) : std::nullopt;
  if (!hop.maps_host || !equal_ignoring_case(uri.host, hop.domain)) return std::nullopt;
  return hop.us;
}

/// What stands for the central domain on one side becomes what stands for it on the other; parameters that say how to
/// get there go. True: something changed.
bool Rewriter::map_host(const Uri& uri, const Hop& hop, Edits& edits) const {
  const auto mapped = mapped_host(uri, hop);
  if (mapped) edits.replace(uri.host_port, *mapped);
  if (!mapped && !equal_ignoring_case(uri.host, hop.domain)) return false;
  const auto of_this_hop = hop_params(uri);
  for (const std::string_view param : of_this_hop)
    edits.replace(param, {});
  return mapped || !of_this_hop.empty();
}

void Rewriter::edit_request_uri(const Message& m, const Hop& hop, std::string_view target, Edits& edits) const {
  if (!target.empty()) return edits.replace(m.request_uri(), target);
  const auto& uri = m.uri();
  if (!uri || !uri->is_sip()) return;
  map_host(*uri, hop, edits);
  // No hop of ours is TLS, so that nobody may be promised it is (RFC 3261 §26.2.2).
  if (uri->scheme == Uri::Scheme::sips) edits.replace(uri->scheme_text, "sip");
}

/// Routes that a registered phone has from its server (RFC 3608) or from its config: those to our servers stay, ours
/// goes, and nobody is sent elsewhere.
std::string Rewriter::kept_routes(const Message& m, const Hop& hop) const {
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
bool Rewriter::removes(const Message& m, const Field& field, const Hop& hop) const {
  if (hop.side == Side::access) return field.name == FieldName::p_asserted_identity && wants_no_identity(m);
  return options_.identity.removes(m, field, [&](std::string_view user) {
    const auto& own = m.is_request() ? m.from_uri() : m.to_uri();
    return (own && is_same_user(own->user, user)) || bindings_.is_user_at(hop.phone, user);
  });
}

void Rewriter::edit_identity(const Message& m, const Hop& hop, Edits& edits) const {
  for (const Field& field : m.fields()) {
    if (removes(m, field, hop)) edits.remove(field);
  }
}

unsigned Rewriter::edit_challenges(const Message& m, Edits& edits) const {
  unsigned left_over = 0;
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::www_authenticate && field.name != FieldName::proxy_authenticate) continue;
    AuthParams params(m.value(field));
    while (const auto param = params.next()) {
      if (!equal_ignoring_case(param->name, "qop") || !offers_auth_int(param->value)) continue;
      if (const auto left = without_auth_int(param->value)) {
        edits.replace(param->value, *left);
      } else if (m.method() == Method::invite || m.method() == Method::update || m.method() == Method::prack) {
        ++left_over;
      }
    }
  }
  return left_over;
}

void Rewriter::edit_contact(const Message& m, const Hop& hop, Edits& edits) const {
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

void Rewriter::edit_register_contacts(const Registering& r, const Message& m, const Hop& hop, Edits& edits) const {
  const bool longer = options_.register_expires != Duration{};
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
      const std::uint32_t asked = r.asked(contact, longer);
      if (expires && asked != r.wanted(contact)) edits.replace(expires->value, std::to_string(asked));
    }
  }
  if (const Field* const expires = m.find(FieldName::expires); expires && next != 0) {
    const std::uint32_t seconds = r.expires.value_or(0);
    if (longer && seconds != 0 && seconds < Registering::kDefaultExpires)
      edits.replace(m.value(*expires), std::to_string(Registering::kDefaultExpires));
  }
  if (!options_.path || r.contacts.empty()) return;
  edits.insert_before(*m.find(FieldName::via),
                      fmt::format("Path: <sip:{}@{};lr>\r\nSupported: path\r\n", r.contacts.front().token, hop.us));
}

/// Hosts that are ours stand for the central domain, and back (sip-sbc §2.2). In a response From and To are
/// what its request had, host for host.
void Rewriter::edit_hosts(const Message& m, const Hop& hop, ReturnPath* noted, const ReturnPath* back,
                          Edits& edits) const {
  for (const Field& field : m.fields()) {
    if (!names_hosts(field.name) || removes(m, field, hop)) continue;
    const bool from = field.name == FieldName::from, to = field.name == FieldName::to;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      const auto address = parse_name_addr(*value);
      const auto uri = address ? parse_uri(address->uri) : fail(Errc::malformed, {});
      if (!uri || !uri->is_sip()) continue;
      if (back && (from || to)) {
        const std::string& was = from ? back->from_host : back->to_host;
        if (!was.empty()) edits.replace(uri->tail(), was);
        continue;
      }
      if (field.name == FieldName::refer_to && hop.side == Side::central)
        options_.identity.edit_uri_headers(*uri, edits);
      if (!map_host(*uri, hop, edits)) continue;
      if (noted && from) noted->from_host = uri->tail();
      if (noted && to) noted->to_host = uri->tail();
    }
  }
}

}  // namespace dw::sip
