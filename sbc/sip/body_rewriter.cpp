#include "sbc/sip/body_rewriter.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sbc/sip/events.hpp"
#include "sbc/sip/response.hpp"

namespace dw::sip {
namespace {

constexpr std::size_t kMaxLookups = 256;  // names at a time
constexpr std::size_t kMaxWaiting = 64;   // dialog sets for one name

/// Methods whose SDP is an offer or an answer, and so are those of their answers up to 2xx (RFC 6337 §2, RFC 3311).
bool negotiates(const Message& m) {
  const bool method = m.method() == Method::invite || m.method() == Method::ack || m.method() == Method::prack ||
                      m.method() == Method::update;
  return method && (m.is_request() || m.status() < 300);
}

IpAddress host_of(std::string_view host) {
  const auto address = IpAddress::parse(host);
  return address ? *address : IpAddress{};
}

IpAddress host_of_contact(const Message& m) {
  const Field* const field = m.find(FieldName::contact);
  if (!field) return {};
  std::string_view left = m.value(*field);
  const auto address = parse_name_addr(next_value(left).value_or(std::string_view{}));
  const auto uri = address ? parse_uri(address->uri) : fail(Errc::malformed, {});
  return uri ? host_of(uri->host) : IpAddress{};
}

void strip(Edits& edits) {
  for (const FieldName name : {FieldName::content_type, FieldName::content_encoding, FieldName::content_disposition})
    edits.remove_all(name);
  edits.set_body({});
}

}  // namespace

BodyRewriter::BodyRewriter(const Parts& parts)
    : options_(parts.options),
      servers_(parts.servers),
      dialogs_(parts.dialogs),
      calls_(parts.calls),
      broker_(parts.broker),
      counters_(parts.counters) {}

std::uint16_t BodyRewriter::edit(TimePoint now, Transaction& t, const Message& m, const Hop& hop, DialogSet* set,
                                 Edits& edits, Output& out) {
  const Side from = other(hop.side);
  const Negotiation part = begin_negotiation(t, set, m, from);
  if (const auto refusal = edit_body(now, t, m, hop, part, set, edits, out)) return refusal;
  end_negotiation(now, t, set, m, from, part);
  return 0;
}

MediaRequest BodyRewriter::media_request(const DialogSet& set) const {
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

/// What the receiver may see of us, and what it must not see of the sender.
Disclosure BodyRewriter::disclosure(const Message& m, const Hop& hop, const DialogSet* set) const {
  Disclosure out;
  const std::string uri = "sip:" + hop.us;
  const auto us = parse_uri(uri);
  if (us) out.own = host_of(us->host);
  if (hop.side == Side::access) {
    if (set) {
      if (const auto* const server = servers_.all()[set->server].address()) out.hidden[0] = server->peer.address;
    }
    return out;
  }
  out.hidden = {hop.phone.peer.address, set ? set->reach.stated : IpAddress{}, host_of_contact(m)};
  if (m.is_request() && !out.hidden[1]) out.hidden[1] = host_of(m.via().host);
  out.in_text = true;
  // What a person writes is not ours to change, but an offer is written by none.
  out.in_written_text = negotiates(m) || m.method() == Method::options;
  return out;
}

std::uint16_t BodyRewriter::edit_body(TimePoint now, const Transaction& t, const Message& m, const Hop& hop,
                                      const Negotiation& part, DialogSet* set, Edits& edits, Output& out) {
  if (m.body().empty()) return 0;
  const bool media = set && set->is_call() && negotiates(m);
  const std::size_t ice = set ? set->media.ice_lines_removed() : 0;
  Disclosure may_show = disclosure(m, hop, set);
  // An answer that comes again says what it said.
  if (m.is_request() ? part.offers != 0 : t.is_invite() && !t.offered)
    may_show.codecs = hop.side == Side::central ? &options_.codecs_to_central : &options_.codecs_to_phones;
  auto body = media ? set->media.rewrite(now, m, other(hop.side), part.standing, media_request(*set), may_show, broker_)
                    : hide_media(m, may_show);
  if (!body && body.error().code == Errc::exhausted && calls_.free_silent_media(now, out))
    body = set->media.rewrite(now, m, other(hop.side), part.standing, media_request(*set), may_show, broker_);
  if (!body) {
    const bool no_ports = body.error().code == Errc::exhausted;
    Event event = set ? event_of(no_ports ? Event::Kind::no_media : Event::Kind::dropped, *set)
                      : event_of(Event::Kind::dropped, hop.phone, {});
    if (no_ports) {
      ++counters_.no_media;
      event.text = body.error().text;
    } else {
      if (body.error().code != Errc::unavailable) ++counters_.malformed;  // that one was read
      event.text = fmt::format("{} {} of {}: {}", m.is_request() ? "a body in" : std::to_string(m.status()) + " to",
                               m.method_text().substr(0, 32),
                               hop.side == Side::central ? "the phone" : "the central side", body.error().text);
    }
    out.events.push_back(std::move(event));
    const bool answerable = m.is_request() ? m.method() != Method::ack : media && m.status() >= 200;
    if (!answerable) {
      strip(edits);
      return 0;
    }
    if (no_ports) return 500;
    if (body.error().code == Errc::unavailable) return 488;  // no codec is left
    if (body.error().code == Errc::unsupported && m.is_request()) return 415;
    return hop.side == Side::central && m.is_request() ? 488 : 502;
  }
  if (*body) edits.set_body(std::move(**body));
  if (set && set->media.ice_lines_removed() != ice) {
    Event event = event_of(Event::Kind::ice_removed, *set);
    event.text = std::to_string(set->media.ice_lines_removed() - ice);
    out.events.push_back(std::move(event));
  }
  if (media) look_up_names(*set, out);
  return 0;
}

std::string_view BodyRewriter::refusal_lines(std::uint16_t status) {
  if (status == 415) return "Accept: application/sdp\r\nAccept-Encoding: identity\r\n";
  return status == 500 ? "Retry-After: 10\r\n" : std::string_view{};
}

/// Names in the place of a far end's address. Signalling goes on meanwhile: no message has that address.
void BodyRewriter::look_up_names(DialogSet& set, Output& out) {
  for (std::string& name : set.media.take_names()) {
    const auto at = lookups_.find(name);
    if (at != lookups_.end()) {
      if (at->second.size() < kMaxWaiting) at->second.push_back(set.id);
      continue;
    }
    if (lookups_.size() >= kMaxLookups) continue;
    lookups_[name].push_back(set.id);
    out.lookups.push_back(std::move(name));
  }
}

void BodyRewriter::on_addresses(TimePoint now, const std::string& name, const std::vector<IpAddress>& addresses,
                                Output& out) {
  const auto at = lookups_.find(name);
  if (at == lookups_.end()) return;
  const std::vector<std::uint64_t> waiting = std::move(at->second);
  lookups_.erase(at);
  for (const std::uint64_t id : waiting) {
    DialogSet* const set = dialogs_.by_id(id);
    if (!set || set->over) continue;
    set->media.set_addresses(now, name, addresses, broker_);
    if (!addresses.empty()) continue;
    Event event = event_of(Event::Kind::no_media, *set);
    event.text = fmt::format("the far end's host {} can't be found", name);
    out.events.push_back(std::move(event));
  }
}

}  // namespace dw::sip
