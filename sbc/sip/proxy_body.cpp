#include <algorithm>

#include "sbc/sip/proxy.hpp"
#include "sbc/sip/response.hpp"

// What is changed in a body, and what becomes of a message whose body can't be read: an address of one side that
// we don't find is one that we would tell the other.
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

/// Where the sender of `m` is reached, else whom it names.
std::string_view answerer_of(const Message& m) {
  const Field* const field = m.find(FieldName::contact);
  std::string_view left = field ? m.value(*field) : std::string_view{};
  const auto contact = parse_name_addr(next_value(left).value_or(std::string_view{}));
  return contact && !contact->star ? contact->uri : m.to().uri;
}

void strip(Edits& edits) {
  for (const FieldName name : {FieldName::content_type, FieldName::content_encoding, FieldName::content_disposition})
    edits.remove_all(name);
  edits.set_body({});
}

}  // namespace

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

/// What the receiver may be told of us, and not of the sender.
Telling Proxy::telling(const Message& m, const Hop& hop, const DialogSet* set) const {
  Telling out;
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

/// 0: it goes on. Else the status that its request is answered with: 500 there are no ports, 415 it is encoded,
/// 488 (to a phone) or 502 (to the central side) it can't be read. What nobody can be told that of, an ACK or an
/// answer that ends no negotiation, goes on without a body.
std::uint16_t Proxy::edit_body(TimePoint now, const Transaction& t, const Message& m, const Hop& hop,
                               const Negotiation& part, DialogSet* set, Edits& edits, Output& out) {
  if (m.body().empty()) return 0;
  const bool media = set && set->is_call() && negotiates(m);
  const std::size_t ice = set ? set->media.ice_lines_removed() : 0;
  Telling may_tell = telling(m, hop, set);
  // An answer that comes again says what it said.
  if (m.is_request() ? part.offers != 0 : t.is_invite() && !t.offered)
    may_tell.codecs = hop.side == Side::central ? &options_.codecs_to_central : &options_.codecs_to_phones;
  auto body = media ? set->media.rewrite(now, m, other(hop.side), part.standing, media_request(*set), may_tell, broker_)
                    : hide_media(m, may_tell);
  if (!body && body.error().code == Errc::exhausted && free_silent_media(now, out))
    body = set->media.rewrite(now, m, other(hop.side), part.standing, media_request(*set), may_tell, broker_);
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

std::string_view Proxy::refusal_lines(std::uint16_t status) {
  if (status == 415) return "Accept: application/sdp\r\nAccept-Encoding: identity\r\n";
  return status == 500 ? "Retry-After: 10\r\n" : std::string_view{};
}

/// A 2xx with a body that can't be passed on: whoever asked is refused, whoever answered is let go.
void Proxy::refuse_answer(TimePoint now, Transaction& t, const Message& m, const Hop& back, std::uint16_t status,
                          Output& out) {
  DialogSet* const set = t.dialogs != 0 ? dialogs_.by_id(t.dialogs) : nullptr;
  if (t.is_invite()) hang_up(now, t, m, back, out);
  refuse(now, t, status, out, refusal_lines(status));
  if (set && t.begins_dialogs && !set->connected) end_call(now, *set, out);
}

/// A 2xx to INVITE that nobody is told of gets its ACK from us, and BYE if a dialog began with it. `back` leads to
/// whoever sent the INVITE.
void Proxy::hang_up(TimePoint now, Transaction& t, const Message& m, const Hop& back, Output& out) {
  std::optional<Hop> hop;
  if (back.side == Side::access) {
    hop = router_.hop_to_central(t.central_server, t.to, t.from, {}, t.domain);
  } else {
    Reach reach;
    reach.flow = t.to;
    hop = router_.hop_to_phone(reach, false, t.domain);
  }
  if (!hop) return;
  const std::string target(answerer_of(m)), routes = route_set(m);
  const std::string_view rport = hop->side == Side::central ? ";rport" : "";
  const auto request = [&](std::string_view method, std::uint32_t cseq, const std::string& branch) {
    return fmt::format(
        "{} {} SIP/2.0\r\nVia: SIP/2.0/{} {};branch={}{}\r\nMax-Forwards: 70\r\n{}From: {}\r\nTo: {}\r\n"
        "Call-ID: {}\r\nCSeq: {} {}\r\nContent-Length: 0\r\n\r\n",
        method, target, to_string(t.to.transport), hop->us, branch, rport, routes, m.value_of(FieldName::from),
        m.value_of(FieldName::to), m.call_id(), cseq, method);
  };
  out.send(t.to, request("ACK", m.cseq(), identifiers_.branch()));
  const std::string tag = fmt::format("<{}>", m.to_tag());
  if (!t.begins_dialogs || t.hung_up.contains(tag)) return;
  t.hung_up += tag;
  const Flow to = t.to;
  Transaction* const bye = transactions_.begin(Method::bye, {});
  if (!bye) return out.send(to, request("BYE", m.cseq() + 1, identifiers_.branch()));
  bye->purpose = Transaction::Purpose::hang_up;
  bye->to = to;
  bye->branch = identifiers_.branch();
  bye->forwarded = request("BYE", m.cseq() + 1, bye->branch);
  transactions_.send_request(now, *bye, {}, out);
}

/// Names in the place of a far end's address. Signalling goes on meanwhile: nobody is told that address.
void Proxy::look_up_names(DialogSet& set, Output& out) {
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

void Proxy::on_addresses(TimePoint now, const std::string& name, const std::vector<IpAddress>& addresses, Output& out) {
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
