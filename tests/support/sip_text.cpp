#include "tests/support/sip_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "tests/support/sip_lines.hpp"

namespace dw::sim {
namespace {

std::string_view long_name(std::string_view name) {
  static constexpr std::array<std::pair<char, std::string_view>, 11> kForms{{{'v', "Via"},
                                                                             {'f', "From"},
                                                                             {'t', "To"},
                                                                             {'i', "Call-ID"},
                                                                             {'m', "Contact"},
                                                                             {'l', "Content-Length"},
                                                                             {'c', "Content-Type"},
                                                                             {'k', "Supported"},
                                                                             {'r', "Refer-To"},
                                                                             {'b', "Referred-By"},
                                                                             {'o', "Event"}}};
  if (name.size() != 1) return name;
  const auto found =
      std::ranges::find(kForms, static_cast<char>(name[0] | 0x20), &std::pair<char, std::string_view>::first);
  return found == kForms.end() ? name : found->second;
}

bool is_field(const SipField& field, std::string_view name) {
  return same_sip_name(long_name(field.first), name);
}

/// Splits at a separator that is neither in quotes nor in angle brackets.
std::vector<std::string_view> split_outside(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  bool quoted = false, angled = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == separator && !quoted && !angled)) {
      out.push_back(trimmed_sip(text.substr(begin, i - begin)));
      begin = i + 1;
    } else if (text[i] == '\\' && quoted) {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (text[i] == '<' || text[i] == '>')) {
      angled = text[i] == '<';
    }
  }
  return out;
}

std::optional<std::string> param_of(std::string_view params, std::string_view name, char separator = ';') {
  for (const std::string_view one : split_outside(params, separator)) {
    const auto equals = std::min(one.find('='), one.size());
    if (!same_sip_name(trimmed_sip(one.substr(0, equals)), name)) continue;
    return std::string(trimmed_sip(one.substr(std::min(equals + 1, one.size()))));
  }
  return std::nullopt;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      out.push_back(static_cast<char>(value));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
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

std::optional<SipText> SipText::read(std::string_view octets, std::string* why) {
  SipText m;
  std::string fault;
  const auto take = [&](std::string_view line) {
    const std::string_view text = line.substr(0, line.size() - 2);
    if (text.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos) {
      fault = "a line with a CR or NUL in it";
    } else if ((text.starts_with(' ') || text.starts_with('\t')) && !m.fields.empty()) {
      m.fields.back().second += " " + std::string(trimmed_sip(text));
    } else if (const auto field = split_sip_line(line)) {
      m.fields.emplace_back(trimmed_sip(field->name), field->value);
    } else {
      fault = "a header without a name: " + std::string(text);
    }
    return fault.empty();
  };
  const auto frame = read_sip_lines(octets, take);
  if (frame) {
    m.first = frame->start;
    m.body = frame->body;
    const auto length = m.all("Content-Length");
    if (m.is_request() ? !m.first.ends_with(" SIP/2.0") || m.uri().empty() : m.status() < 100) {
      fault = "an invalid start line: " + m.first;
    } else if (length.size() > 1 || (!length.empty() && length[0] != std::to_string(m.body.size()))) {
      fault = "Content-Length " + length[0] + " and " + std::to_string(m.body.size()) + " octets of body";
    }
  } else if (fault.empty()) {
    fault = "no empty line after the headers";
  }
  if (fault.empty()) return m;
  if (why) *why = std::move(fault);
  return std::nullopt;
}

std::string SipText::str() const {
  const std::string length = std::to_string(body.size());
  std::string out = first + "\r\n";
  for (const SipField& field : fields)
    out += field.first + ": " + (is_field(field, "Content-Length") ? length : field.second) + "\r\n";
  if (!has("Content-Length")) out += "Content-Length: " + length + "\r\n";
  return out + "\r\n" + body;
}

int SipText::status() const {
  return is_request() || first.size() < 11 ? 0 : static_cast<int>(number_at(std::string_view(first).substr(8)));
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
  return number_at(get("CSeq"));
}

bool SipText::has(std::string_view name) const {
  return std::ranges::any_of(fields, [&](const SipField& f) { return is_field(f, name); });
}

std::string SipText::get(std::string_view name) const {
  const auto found = std::ranges::find_if(fields, [&](const SipField& f) { return is_field(f, name); });
  return found == fields.end() ? std::string() : found->second;
}

std::vector<std::string> SipText::all(std::string_view name) const {
  std::vector<std::string> out;
  for (const SipField& f : fields) {
    if (is_field(f, name)) out.push_back(f.second);
  }
  return out;
}

std::vector<std::string> SipText::values(std::string_view name) const {
  std::vector<std::string> out;
  for (const SipField& f : fields) {
    if (!is_field(f, name)) continue;
    for (const std::string_view value : split_outside(f.second, ','))
      out.emplace_back(value);
  }
  return out;
}

SipText& SipText::set(std::string_view name, std::string value) {
  const auto found = std::ranges::find_if(fields, [&](const SipField& f) { return is_field(f, name); });
  if (found == fields.end()) return add(name, std::move(value));
  found->second = std::move(value);
  return *this;
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
  std::erase_if(fields, [&](const SipField& f) { return is_field(f, name); });
  return *this;
}

SipText& SipText::with_body(std::string type, std::string octets) {
  set("Content-Type", std::move(type));
  body = std::move(octets);
  return *this;
}

std::optional<std::string> SipStream::next() {
  while (octets_.starts_with("\r\n")) {
    octets_.erase(0, 2);
    ++pings_;
  }
  std::optional<std::size_t> length;
  const auto frame = read_sip_lines(octets_, [&](std::string_view line) {
    const auto field = split_sip_line(line);
    if (field && same_sip_name(long_name(trimmed_sip(field->name)), "Content-Length")) length = number_at(field->value);
    return true;
  });
  broken_ = broken_ || (frame && !length);
  if (!frame || broken_ || frame->body.size() < *length) return std::nullopt;
  const std::size_t size = octets_.size() - frame->body.size() + *length;
  std::string message = octets_.substr(0, size);
  octets_.erase(0, size);
  return message;
}

std::optional<SipUri> SipUri::read(std::string_view text) {
  SipUri out;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  out.scheme = text.substr(0, colon);
  if (!same_sip_name(out.scheme, "sip") && !same_sip_name(out.scheme, "sips")) return std::nullopt;
  text.remove_prefix(colon + 1);
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    out.user = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    out.headers = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  if (const std::size_t mark = text.find(';'); mark != std::string_view::npos) {
    out.params = text.substr(mark);
    text = text.substr(0, mark);
  }
  const std::size_t end = text.starts_with('[') ? text.find(']') : 0;
  if (end == std::string_view::npos) return std::nullopt;
  const std::size_t port = text.find(':', end);
  out.host = end == 0 ? text.substr(0, port) : text.substr(1, end - 1);
  if (port != std::string_view::npos) {
    out.port = static_cast<std::uint16_t>(number_at(text.substr(port + 1)));
    if (std::to_string(out.port) != text.substr(port + 1) || out.port == 0) return std::nullopt;
  }
  return out.host.empty() ? std::nullopt : std::optional(std::move(out));
}

std::string SipUri::header(std::string_view name) const {
  return unescaped(param_of(headers, name, '&').value_or(""));
}

std::string SipUri::without_headers() const {
  return scheme + ":" + (user.empty() ? "" : user + "@") + host + (port == 0 ? "" : ":" + std::to_string(port)) +
         params;
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

std::string sip_auth_param(std::string_view params, std::string_view name) {
  std::string value = param_of(params, name, ',').value_or("");
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value.substr(1, value.size() - 2) : value;
}

std::string sip_uri(std::string_view value) {
  const auto open = value.find('<');
  if (open == std::string_view::npos) return std::string(value.substr(0, value.find(';')));
  return std::string(value.substr(open + 1, value.find('>') - open - 1));
}

std::string sip_display(std::string_view value) {
  const auto open = value.find('<');
  return open == std::string_view::npos ? std::string() : std::string(trimmed_sip(value.substr(0, open)));
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

std::string sip_via(const SipText& m) {
  const auto all = m.values("Via");
  return all.empty() ? std::string() : all.front();
}

std::string sip_branch(const SipText& m) {
  return sip_param(sip_via(m), "branch").value_or("");
}

std::string sip_sent_by(const SipText& m) {
  const std::string via = sip_via(m);
  const auto begin = std::min(via.find(' ') + 1, via.size());
  return via.substr(begin, via.find(';') - begin);
}

std::optional<Endpoint> sip_endpoint(std::string_view host_port) {
  constexpr std::uint16_t kSip = 5060;
  if (const auto both = Endpoint::parse(host_port)) return *both;
  const bool brackets = host_port.starts_with('[') && host_port.ends_with(']');
  const auto address = IpAddress::parse(brackets ? host_port.substr(1, host_port.size() - 2) : host_port);
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
  return Endpoint{*address, static_cast<std::uint16_t>(number_at(sdp.substr(media + 8)))};
}

}  // namespace dw::sim
