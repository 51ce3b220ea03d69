#include "tests/support/sip_text.hpp"

#include <algorithm>

namespace dw::sim {
namespace {

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t'))
    s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t'))
    s.remove_suffix(1);
  return s;
}

int number(std::string_view s) {
  int n = 0;
  for (const char c : s) {
    if (c < '0' || c > '9') break;
    n = 10 * n + (c - '0');
  }
  return n;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

std::optional<std::string> param_of(std::string_view params, std::string_view name) {
  while (!params.empty()) {
    const auto end = std::min(params.find(';'), params.size());
    const std::string_view one = trimmed(params.substr(0, end));
    params.remove_prefix(std::min(end + 1, params.size()));
    const auto equals = std::min(one.find('='), one.size());
    if (!same_name(trimmed(one.substr(0, equals)), name)) continue;
    return std::string(trimmed(one.substr(std::min(equals + 1, one.size()))));
  }
  return std::nullopt;
}

std::string reason_of(int status) {
  switch (status) {
    case 100:
      return "Trying";
    case 180:
      return "Ringing";
    case 183:
      return "Session Progress";
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 401:
      return "Unauthorized";
    case 481:
      return "Call Leg/Transaction Does Not Exist";
    case 486:
      return "Busy Here";
    case 487:
      return "Request Cancelled";
    case 491:
      return "Request Pending";
    case 503:
      return "Service Unavailable";
    default:
      return "Because";
  }
}

}  // namespace

std::optional<SipText> SipText::read(std::string_view octets) {
  SipText m;
  const auto blank = octets.find("\r\n\r\n");
  if (blank == std::string_view::npos) return std::nullopt;
  m.body = octets.substr(blank + 4);
  std::string_view head = octets.substr(0, blank);
  bool first = true;
  while (!head.empty()) {
    const auto end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    if (std::exchange(first, false)) {
      m.first = line;
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    m.fields.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  const auto length = m.all("Content-Length");
  if (length.size() > 1 || (!length.empty() && length[0] != std::to_string(m.body.size()))) return std::nullopt;
  m.drop("Content-Length");
  return m;
}

std::string SipText::str() const {
  std::string out = first + "\r\n";
  for (const auto& [name, value] : fields)
    out += name + ": " + value + "\r\n";
  return out + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

int SipText::status() const {
  return is_request() ? 0 : number(std::string_view(first).substr(8));
}

std::string SipText::method() const {
  if (is_request()) return first.substr(0, first.find(' '));
  const std::string value = get("CSeq");
  return value.substr(std::min(value.find(' '), value.size() - 1) + 1);
}

std::string SipText::uri() const {
  const auto begin = first.find(' ') + 1;
  return first.substr(begin, first.rfind(' ') - begin);
}

unsigned SipText::cseq() const {
  return static_cast<unsigned>(number(get("CSeq")));
}

bool SipText::has(std::string_view name) const {
  return std::ranges::any_of(fields, [&](const auto& f) { return same_name(f.first, name); });
}

std::string SipText::get(std::string_view name) const {
  for (const auto& [n, value] : fields) {
    if (same_name(n, name)) return value;
  }
  return {};
}

std::vector<std::string> SipText::all(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [n, value] : fields) {
    if (same_name(n, name)) out.push_back(value);
  }
  return out;
}

SipText& SipText::set(std::string_view name, std::string value) {
  for (auto& [n, old] : fields) {
    if (!same_name(n, name)) continue;
    old = std::move(value);
    return *this;
  }
  return add(name, std::move(value));
}

SipText& SipText::add(std::string_view name, std::string value) {
  fields.emplace_back(name, std::move(value));
  return *this;
}

SipText& SipText::push_front(std::string_view name, std::string value) {
  fields.insert(fields.begin(), {std::string(name), std::move(value)});
  return *this;
}

SipText& SipText::drop(std::string_view name) {
  std::erase_if(fields, [&](const auto& f) { return same_name(f.first, name); });
  return *this;
}

SipText& SipText::with_body(std::string type, std::string octets) {
  set("Content-Type", std::move(type));
  body = std::move(octets);
  return *this;
}

std::optional<std::string> sip_param(std::string_view value, std::string_view name) {
  const auto close = value.find('>');
  const auto begin = close == std::string_view::npos ? value.find(';') : value.find(';', close);
  return begin == std::string_view::npos ? std::nullopt : param_of(value.substr(begin + 1), name);
}

std::optional<std::string> sip_uri_param(std::string_view uri, std::string_view name) {
  const auto begin = uri.find(';');
  return begin == std::string_view::npos ? std::nullopt : param_of(uri.substr(begin + 1), name);
}

std::string sip_uri(std::string_view value) {
  const auto open = value.find('<');
  if (open == std::string_view::npos) return std::string(value.substr(0, value.find(';')));
  return std::string(value.substr(open + 1, value.find('>') - open - 1));
}

std::string sip_user(std::string_view uri) {
  const auto at = uri.find('@');
  return at == std::string_view::npos ? std::string() : std::string(uri.substr(4, at - 4));
}

std::string sip_host(std::string_view uri) {
  const auto at = uri.find('@');
  std::string_view host = uri.substr(at == std::string_view::npos ? 4 : at + 1);
  return std::string(host.substr(0, host.find(';')));
}

std::string sip_tag(std::string_view value) {
  return sip_param(value, "tag").value_or("");
}

std::string sip_branch(const SipText& m) {
  return sip_param(m.get("Via"), "branch").value_or("");
}

std::string sip_sent_by(const SipText& m) {
  const std::string via = m.get("Via");
  const auto begin = via.find(' ');
  return via.substr(begin + 1, via.find(';') - begin - 1);
}

std::optional<Endpoint> sip_endpoint(std::string_view host_port) {
  constexpr std::uint16_t kSip = 5060;
  if (const auto both = Endpoint::parse(host_port)) return *both;
  const auto address = IpAddress::parse(host_port);
  return address ? std::optional(Endpoint{*address, kSip}) : std::nullopt;
}

SipText sip_answer(const SipText& request, int status, std::string_view to_tag) {
  SipText r;
  r.first = "SIP/2.0 " + std::to_string(status) + " " + reason_of(status);
  for (const auto& via : request.all("Via"))
    r.add("Via", via);
  if (status > 100 && status < 300) {
    for (const auto& route : request.all("Record-Route"))
      r.add("Record-Route", route);
  }
  r.add("From", request.get("From"));
  std::string to = request.get("To");
  if (sip_tag(to).empty() && !to_tag.empty() && status != 100) to += ";tag=" + std::string(to_tag);
  r.add("To", to).add("Call-ID", request.get("Call-ID")).add("CSeq", request.get("CSeq"));
  return r;
}

SipText sip_hop(const SipText& sent, std::string_view method, std::string to) {
  SipText r;
  r.first = std::string(method) + " " + sent.uri() + " SIP/2.0";
  r.add("Via", sent.get("Via")).add("Max-Forwards", "70");
  for (const auto& route : sent.all("Route"))
    r.add("Route", route);
  r.add("From", sent.get("From")).add("To", std::move(to)).add("Call-ID", sent.get("Call-ID"));
  r.add("CSeq", std::to_string(sent.cseq()) + " " + std::string(method));
  return r;
}

std::string sip_sdp(const Endpoint& at, unsigned version, std::string_view direction) {
  const std::string host = at.address.to_string();
  return "v=0\r\no=Cisco-SIPUA 4711 " + std::to_string(version) + " IN IP4 " + host + "\r\ns=SIP Call\r\nc=IN IP4 " +
         host + "\r\nt=0 0\r\nm=audio " + std::to_string(at.port) +
         " RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=" + std::string(direction) +
         "\r\n";
}

std::optional<Endpoint> sip_media(std::string_view sdp) {
  const auto connection = sdp.find("c=IN IP4 "), media = sdp.find("m=audio ");
  if (connection == std::string_view::npos || media == std::string_view::npos) return std::nullopt;
  const std::string_view host = sdp.substr(connection + 9, sdp.find("\r\n", connection) - connection - 9);
  const auto address = IpAddress::parse(host);
  if (!address) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(number(sdp.substr(media + 8)))};
}

}  // namespace dw::sim
