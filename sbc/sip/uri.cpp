#include "sbc/sip/uri.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/token.hpp"

namespace dw::sip {
namespace {

constexpr OctetSet kNameEnds("=;, \t\r\n\"<>"), kValueEnds("; \t\r\n,<>"), kHostPortEnds(";?");
/// RFC 3986 allows no blanks, controls, quotes or brackets in a URI; what is above 0x7e isn't either.
constexpr OctetSet kUriChars(
    "!#$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");
constexpr OctetSet kUnreserved("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()");
constexpr OctetSet kHostChars("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

/// The length of the quoted string that `text` begins with, its quotes included; 0: it does not end.
std::size_t quoted_length(std::string_view text) {
  constexpr OctetSet kStops("\\\"");
  for (std::size_t i = 1; i < text.size();) {
    const std::size_t stop = kStops.first_in(text.substr(i));
    if (stop == text.npos) return 0;
    i += stop;
    if (text[i] == '"') return i + 1;
    i += 2;
  }
  return 0;
}

/// An IPv6 address in brackets. RFC 3261's grammar lets a third colon stand before an IPv4 part, which is
/// tolerated (RFC 5118 §4.10).
bool is_ipv6_reference(std::string_view text) {
  if (IpAddress::parse(text)) return true;
  std::string spelled(text);
  const auto colons = spelled.find(":::");
  if (colons == spelled.npos || spelled.find('.') == spelled.npos) return false;
  return IpAddress::parse(spelled.erase(colons, 1)).has_value();
}

/// "host[:port]" or "[v6][:port]".
Result<void> split_host_port(std::string_view text, Uri& uri) {
  uri.host_port = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos || !is_ipv6_reference(text.substr(0, close + 1)))
      return fail(Errc::malformed, "a URI's IPv6 address is none");
    uri.host = text.substr(0, close + 1);
    port = text.substr(close + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    uri.host = text.substr(0, colon);
    port = text.substr(colon);
    if (uri.host.empty() || kHostChars.first_not_in(uri.host) != text.npos)
      return fail(Errc::malformed, "a URI's host is none");
  }
  if (port.empty()) return {};
  const auto number = port.front() == ':' ? parse_number(port.substr(1), 65535) : std::nullopt;
  if (!number) return fail(Errc::malformed, "a URI's port is none");
  uri.port = static_cast<std::uint16_t>(*number);
  return {};
}

}  // namespace

std::optional<Param> Params::next() {
  TextCursor cursor(left_);
  cursor.skip_lws();
  if (cursor.at_end()) {
    left_ = {};
    return std::nullopt;
  }
  const auto stop = [this]() -> std::optional<Param> {
    well_formed_ = false;
    left_ = {};
    return std::nullopt;
  };
  if (!cursor.skip_char(';')) return stop();
  cursor.skip_lws();
  const std::string_view from_name = cursor.rest();
  Param param;
  param.name = cursor.take_until(kNameEnds);
  if (param.name.empty()) return stop();
  std::size_t end = cursor.offset();
  TextCursor ahead = cursor;
  ahead.skip_lws();
  if (ahead.skip_char('=')) {
    ahead.skip_lws();
    param.has_value = true;
    if (ahead.peek() == '"') {
      const std::size_t length = quoted_length(ahead.rest());
      if (length == 0) return stop();
      param.value = ahead.rest().substr(0, length);
      ahead = TextCursor(ahead.rest().substr(length));
      end = offset_in(left_, param.value) + length;
    } else {
      param.value = ahead.take_until(kValueEnds);
      end = offset_in(left_, param.value) + param.value.size();
    }
  }
  param.text = from_name.substr(0, end - offset_in(left_, from_name));
  left_ = left_.substr(end);
  return param;
}

std::optional<Param> find_param(std::string_view params, std::string_view name) {
  Params all(params);
  while (const auto param = all.next()) {
    if (equal_ignoring_case(param->name, name)) return param;
  }
  return std::nullopt;
}

Result<Uri> parse_uri(std::string_view text) {
  if (text.size() > kMaxUri) return fail(Errc::too_long, "a URI is too long");
  Uri uri;
  uri.text = text;
  const auto colon = text.find(':');
  if (colon == text.npos || colon == 0) return fail(Errc::malformed, "a URI has no scheme");
  uri.scheme_text = text.substr(0, colon);
  const auto is_scheme_char = [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  };
  if (!std::ranges::all_of(uri.scheme_text, is_scheme_char)) return fail(Errc::malformed, "a URI's scheme is none");
  if (kUriChars.first_not_in(text) != text.npos) return fail(Errc::malformed, "a URI has a character that none has");
  if (equal_ignoring_case(uri.scheme_text, "sip")) uri.scheme = Uri::Scheme::sip;
  if (equal_ignoring_case(uri.scheme_text, "sips")) uri.scheme = Uri::Scheme::sips;
  std::string_view rest = text.substr(colon + 1);
  if (equal_ignoring_case(uri.scheme_text, "tel")) uri.user = rest.substr(0, rest.find(';'));
  if (!uri.is_sip()) return uri;
  // The user part may hold ";" and "?" (RFC 3261 §25.1 user-unreserved), so "@" is looked for first; a header
  // part has its own "@" escaped.
  if (const auto at = rest.find('@'); at != rest.npos) {
    uri.user = rest.substr(0, at);
    rest = rest.substr(at + 1);
    if (uri.user.empty()) return fail(Errc::malformed, "a URI's user is empty");
  }
  const auto params = std::min(kHostPortEnds.first_in(rest), rest.size());
  if (auto ok = split_host_port(rest.substr(0, params), uri); !ok) return std::unexpected(ok.error());
  rest = rest.substr(params);
  const auto headers = std::min(rest.find('?'), rest.size());
  uri.params = rest.substr(0, headers);
  uri.headers = rest.substr(headers);
  return uri;
}

bool Uri::is_routable() const {
  return is_sip() || equal_ignoring_case(scheme_text, "tel") || equal_ignoring_case(scheme_text, "urn");
}

std::string_view Uri::tail() const {
  if (!is_sip()) return {};
  const std::size_t begin = offset_in(text, host_port);
  return text.substr(begin, text.size() - headers.size() - begin);
}

std::vector<std::string_view> hop_params(const Uri& uri) {
  std::vector<std::string_view> out;
  Params all(uri.params);
  while (const auto param = all.next()) {
    if (!equal_ignoring_case(param->name, "transport") && !equal_ignoring_case(param->name, "maddr") &&
        !equal_ignoring_case(param->name, "ttl"))
      continue;
    const std::size_t name = offset_in(uri.params, param->text);
    const std::size_t begin = uri.params.rfind(';', name);  // there is one: parameters begin with it
    out.push_back(uri.params.substr(begin, name + param->text.size() - begin));
  }
  return out;
}

std::string uri_identity(std::string_view text) {
  const auto uri = parse_uri(text);
  if (!uri) return std::string(text);
  std::string out;
  out.reserve(text.size());
  const auto small = [&](std::string_view part) { std::ranges::transform(part, std::back_inserter(out), lower); };
  small(uri->scheme_text);
  if (!uri->is_sip()) return out.append(text.substr(uri->scheme_text.size()));
  out += ':';
  if (!uri->user.empty()) out.append(plain_user(uri->user)).append("@");
  small(uri->host_port);
  return out.append(uri->params).append(uri->headers);
}

std::string plain_user(std::string_view user) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < user.size(); ++i) {
    const bool escape = user[i] == '%' && i + 2 < user.size() && digit(user[i + 1]) >= 0 && digit(user[i + 2]) >= 0;
    const char octet = escape ? static_cast<char>(digit(user[i + 1]) * 16 + digit(user[i + 2])) : user[i];
    const bool plain = escape && kUnreserved.has(octet);
    out += plain ? octet : user[i];
    if (plain) i += 2;
  }
  return out;
}

bool is_same_user(std::string_view a, std::string_view b) {
  return a == b || ((a.contains('%') || b.contains('%')) && plain_user(a) == plain_user(b));
}

std::string user_key(std::string_view user) {
  std::string key = plain_user(user);
  std::ranges::transform(key, key.begin(), lower);
  return key;
}

bool is_host(std::string_view text) {
  if (text.starts_with('[')) return text.ends_with(']') && is_ipv6_reference(text);
  return !text.empty() && kHostChars.first_not_in(text) == text.npos;
}

bool names_address(std::string_view host, const IpAddress& address) {
  if (host.empty() ||
      (host.front() != '[' && (host.front() < '0' || host.front() > '9') && host.find(':') == host.npos))
    return false;
  const auto parsed = IpAddress::parse(host);
  return parsed && *parsed == address;
}

Result<NameAddr> parse_name_addr(std::string_view text) {
  NameAddr out;
  text = trim(text);
  out.text = text;
  if (text == "*") {
    out.star = true;
    return out;
  }
  TextCursor cursor(text);
  if (cursor.peek() == '"') {
    const std::size_t length = quoted_length(text);
    if (length == 0) return fail(Errc::malformed, "a quoted name does not end");
    out.display = text.substr(0, length);
    cursor = TextCursor(text.substr(length));
    cursor.skip_lws();
    if (cursor.peek() != '<') return fail(Errc::malformed, "no URI follows a quoted name");
  } else if (const auto bracket = text.find('<'); bracket != text.npos) {
    out.display = trim(text.substr(0, bracket));
    // RFC 3261 §25.1 allows tokens and blanks. Phones leave the quotes out of "Zoë" and "me@home" too; what others
    // would read in two ways is refused all the same.
    for (const char c : out.display) {
      const auto octet = static_cast<unsigned char>(c);
      const bool control = (octet < 0x20 && c != '\t' && c != '\r' && c != '\n') || octet == 0x7f;
      if (control || c == '"' || c == ',' || c == ';' || c == '>' || c == '\\')
        return fail(Errc::malformed, "a name must be quoted");
    }
    cursor = TextCursor(text.substr(bracket));
  }
  if (cursor.skip_char('<')) {
    out.bracketed = true;
    out.uri = cursor.take_until(">");
    if (!cursor.skip_char('>')) return fail(Errc::malformed, "a URI in brackets does not end");
    out.params = trim(cursor.rest());
  } else {
    out.uri = trim(cursor.take_until(";,?"));
    if (cursor.peek() == '?') return fail(Errc::malformed, "a URI with headers must stand in brackets");
    out.params = trim(cursor.rest());
  }
  if (out.uri.empty()) return fail(Errc::malformed, "a URI is missing");
  if (!out.params.empty() && out.params.front() != ';')
    return fail(Errc::malformed, "something else than a parameter follows a URI");
  return out;
}

std::optional<std::string_view> next_value(std::string_view& left) {
  TextCursor cursor(left);
  cursor.skip_lws();
  if (cursor.at_end()) return std::nullopt;
  const std::string_view text = cursor.rest();
  if (!text.contains(',')) {  // as nearly all
    left = {};
    return trim(text);
  }
  bool bracketed = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && !bracketed) {
      const std::size_t length = quoted_length(text.substr(i));
      i = length == 0 ? text.size() - 1 : i + length - 1;
    } else if (c == '<') {
      bracketed = true;
    } else if (c == '>') {
      bracketed = false;
    } else if (c == ',' && !bracketed) {
      break;
    }
  }
  left = i < text.size() ? text.substr(i + 1) : std::string_view{};
  return trim(text.substr(0, i));
}

}  // namespace dw::sip
