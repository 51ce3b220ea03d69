#include "sbc/sip/response.hpp"

#include <algorithm>
#include <vector>

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

void line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

std::string amended_via(const Message& m, const Flow& flow) {
  const Via& via = m.via();
  const auto rport = find_param(via.params, "rport");
  const auto received = find_param(via.params, "received");
  const bool wants_rport = rport && !rport->has_value;
  const bool wants_received = wants_rport || received || !names_address(via.host, flow.peer.address);
  std::string out(via.text);
  // RFC 5118 §4.5: an IPv6 address without brackets.
  const std::string says = "received=" + flow.peer.address.to_string();
  // From the back, so that what stands before keeps its place. One that is there can't know what we see.
  const auto replace = [&](const Param& what, const std::string& with) {
    out.replace(offset_in(via.text, what.text), what.text.size(), with);
  };
  const std::string fills = "rport=" + std::to_string(flow.peer.port);
  const bool rport_last = wants_rport && received && rport->text.data() > received->text.data();
  if (rport_last) replace(*rport, fills);
  if (received) replace(*received, says);
  if (wants_rport && !rport_last) replace(*rport, fills);
  if (wants_received && !received) out += ";" + says;
  return out;
}

constexpr std::size_t kMaxCancelFields = 4096;  // octets

/// What each hop writes itself, and what would be of another request.
bool is_of_the_hop(FieldName name) {
  switch (name) {
    case FieldName::via:
    case FieldName::max_forwards:
    case FieldName::route:
    case FieldName::record_route:
    case FieldName::from:
    case FieldName::to:
    case FieldName::call_id:
    case FieldName::cseq:
    case FieldName::contact:
    case FieldName::require:
    case FieldName::proxy_require:  // RFC 3261 §9.1: CANCEL has neither
    case FieldName::path:
    case FieldName::service_route:
    case FieldName::content_type:
    case FieldName::content_length:
    case FieldName::content_encoding:
    case FieldName::content_disposition:
      return true;
    default:
      return false;
  }
}

std::string hop_request(const Message& sent, std::string_view method, std::string_view to,
                        std::string_view fields = {}) {
  std::string out;
  out.reserve(512);
  out += method;
  out += ' ';
  out += sent.request_uri();
  out += " SIP/2.0\r\n";
  line(out, "Via", sent.via().text);
  for (const Field& field : sent.fields()) {
    if (field.name == FieldName::route) line(out, "Route", sent.value(field));
  }
  line(out, "From", sent.from().text);
  line(out, "To", to);
  line(out, "Call-ID", sent.call_id());
  line(out, "CSeq", std::to_string(sent.cseq()) + " " + std::string(method));
  line(out, "Max-Forwards", "70");
  out += fields;
  line(out, "Content-Length", "0");
  return out += "\r\n";
}

constexpr std::size_t kMaxRouteOctets = 4096;

}  // namespace

std::optional<Fault> check_request(const Message& m) {
  if (m.fault()) return m.fault();
  const auto& uri = m.uri();
  if (!uri) return Fault{400, "Malformed Request-URI"};
  if (!uri->is_routable()) return Fault{416, "Unsupported URI Scheme"};
  if (!uri->headers.empty()) return Fault{400, "Request-URI Has Headers"};  // RFC 3261 §19.1.1
  const auto& from = m.from_uri();
  const auto& to = m.to_uri();
  if (!from) return Fault{400, "Malformed From"};
  if (!to) return Fault{400, "Malformed To"};
  if (m.from_tag().empty() && m.method() != Method::ack && m.via().branch.starts_with("z9hG4bK"))
    return Fault{400, "From Has No Tag"};
  const bool own_scheme = to->is_sip();
  if (m.method() == Method::register_ && !own_scheme) return Fault{400, "Malformed To"};
  for (const Field& field : m.fields()) {
    if (field.name == FieldName::proxy_require) return Fault{420, "Bad Extension"};
    if (field.name != FieldName::contact && field.name != FieldName::route && field.name != FieldName::record_route)
      continue;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      const auto address = parse_name_addr(*value);
      if (!address) return Fault{400, "Malformed Contact or Route"};
      if (!address->star && !parse_uri(address->uri)) return Fault{400, "Malformed Contact or Route"};
    }
  }
  return std::nullopt;
}

std::optional<Endpoint> seen_from(const Via& via) {
  const auto rport = find_param(via.params, "rport");
  const auto port = rport ? parse_number(rport->value, 65535) : std::nullopt;
  if (!port || *port == 0) return std::nullopt;
  const auto received = find_param(via.params, "received");
  std::string_view host = received ? received->value : via.host;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  if (!address || address->is_unspecified()) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

Endpoint answer_address(const Message& m, const Flow& flow, bool at_via) {
  if (m.via().rport) return flow.peer;
  if (at_via || names_address(m.via().host, flow.peer.address))
    return {flow.peer.address, m.via().port.value_or(kSipPort)};
  return flow.peer;
}

std::string via_lines(const Message& request, const Flow& flow) {
  std::string out;
  bool top = true;
  for (const Field& field : request.fields()) {
    if (field.name != FieldName::via) continue;
    std::string_view value = request.value(field);
    if (top) {
      top = false;
      const std::string_view first = request.via().text;
      out += "Via: " + amended_via(request, flow);
      out += value.substr(offset_in(value, first) + first.size());
      out += "\r\n";
    } else {
      line(out, "Via", value);
    }
  }
  return out;
}

std::string route_set(const Message& m) {
  std::vector<std::string_view> routes;
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::record_route) continue;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left))
      routes.push_back(*value);
  }
  if (!m.is_request()) std::ranges::reverse(routes);
  std::string lines;
  for (const std::string_view route : routes)
    lines.append("Route: ").append(route).append("\r\n");
  return lines.size() > kMaxRouteOctets ? std::string() : lines;
}

std::string make_response(const Message& request, const Flow& flow, std::uint16_t status, std::string_view reason,
                          std::string_view to_tag, std::string_view lines) {
  std::string out;
  out.reserve(512);
  out += "SIP/2.0 ";
  out += std::to_string(status);
  out += ' ';
  out += reason;
  out += "\r\n";
  out += via_lines(request, flow);
  line(out, "From", request.value_of(FieldName::from));
  std::string to(request.value_of(FieldName::to));
  if (request.to_tag().empty() && !to_tag.empty() && status != 100) to += ";tag=" + std::string(to_tag);
  line(out, "To", to);
  line(out, "Call-ID", request.call_id());
  line(out, "CSeq", request.value_of(FieldName::cseq));
  out += lines;
  line(out, "Content-Length", "0");
  return out += "\r\n";
}

std::string_view reason_phrase(std::uint16_t status) {
  switch (status) {
    case 100:
      return "Trying";
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 408:
      return "Request Timeout";
    case 415:
      return "Unsupported Media Type";
    case 480:
      return "Temporarily Unavailable";
    case 481:
      return "Call/Transaction Does Not Exist";
    case 482:
      return "Loop Detected";
    case 483:
      return "Too Many Hops";
    case 487:
      return "Request Terminated";
    case 488:
      return "Not Acceptable Here";
    case 500:
      return "Server Internal Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 513:
      return "Message Too Large";
    default:
      return "Error";
  }
}

std::string make_ack(const Message& sent, std::string_view to) {
  return hop_request(sent, "ACK", to);
}

std::string make_cancel(const Message& sent, std::string_view fields) {
  return hop_request(sent, "CANCEL", sent.value_of(FieldName::to), fields);
}

std::string cancel_fields(const Message& cancel, const IdentityRules* rules) {
  const auto& from = cancel.from_uri();
  const auto is_own = [&](std::string_view user) { return from && is_same_user(from->user, user); };
  std::string all, reasons;
  for (const Field& field : cancel.fields()) {
    const std::string_view text = cancel.text().substr(field.begin, field.end - field.begin);
    if (is_of_the_hop(field.name) || (rules && rules->removes(cancel, field, is_own))) continue;
    all += text;
    if (field.name == FieldName::reason) reasons += text;
  }
  if (all.size() <= kMaxCancelFields) return all;
  return reasons.size() <= kMaxCancelFields ? reasons : std::string();
}

}  // namespace dw::sip
