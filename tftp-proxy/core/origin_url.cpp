#include "tftp-proxy/core/origin_url.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/device_file.hpp"
#include "tftp-proxy/core/file_name.hpp"

namespace dw::provisioning {
namespace {

constexpr std::size_t kMaxUrl = 1024;  // characters

/// Nothing for a broken escape, or one that hides a NUL.
std::optional<std::string> decoded_path(std::string_view text) {
  auto path = percent_decoded(text);
  if (path && path->find('\0') != path->npos) return std::nullopt;
  return path;
}

constexpr std::array<std::string_view, 3> kPlaceholders = {"{file}", "{base}", "{mac}"};

/// `text` with each placeholder replaced by what `value` gives for it.
std::string expanded(std::string_view text, const auto& value) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    out += text.substr(0, open);
    text.remove_prefix(open);
    const auto at = std::ranges::find_if(kPlaceholders, [&](std::string_view p) { return text.starts_with(p); });
    if (at == kPlaceholders.end()) {
      out += text.substr(0, 1);
      text.remove_prefix(std::min<std::size_t>(text.size(), 1));
      continue;
    }
    out += value(*at);
    text.remove_prefix(at->size());
  }
  return out;
}

std::string_view plain_value(std::string_view placeholder, std::string_view name, std::string_view mac) {
  return placeholder == "{file}" ? name : placeholder == "{base}" ? base_name(name) : mac;
}

/// As a value in a query: "/" is data there (RFC 3986 §3.4 allows it, scripts that split by it do not expect it).
std::string query_value(std::string_view text) {
  std::string out;
  for (const char c : url_path(text)) {
    if (c == '/') {
      out += "%2F";
    } else {
      out += c;
    }
  }
  return out;
}

/// The digits of the device whose own file it is, as the name has them.
std::string_view mac_in_name(std::string_view name) {
  constexpr std::size_t kDigits = 12;
  if (!device_of_file(name).starts_with("SEP")) return {};
  const std::string_view base = base_name(name);
  for (std::size_t at = 0; at + kDigits <= base.size(); ++at) {
    const std::string_view digits = base.substr(at, kDigits);
    const bool ends = at + kDigits == base.size() || hex_digit(base[at + kDigits]) < 0;
    if (ends && std::ranges::all_of(digits, [](char c) { return hex_digit(c) >= 0; })) return digits;
  }
  return {};
}

/// "*" stands for any octets, also none.
bool fits_pattern(std::string_view name, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == pattern.npos) return equal_ignoring_case(name, pattern);
  if (!starts_with_ignoring_case(name, pattern.substr(0, star))) return false;
  name.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  while (!pattern.empty()) {
    const std::size_t next = std::min(pattern.find('*'), pattern.size());
    const std::string_view part = pattern.substr(0, next);
    if (next == pattern.size()) return ends_with_ignoring_case(name, part);
    std::size_t at = 0;
    while (at + part.size() <= name.size() && !equal_ignoring_case(name.substr(at, part.size()), part))
      ++at;
    if (at + part.size() > name.size()) return false;
    name.remove_prefix(at + part.size());
    pattern.remove_prefix(next + 1);
  }
  return true;
}

/// Of a query what may be shown: names, and values that are placeholders.
std::string shown_query(std::string_view query) {
  std::string out;
  TextCursor cursor(query);
  while (!cursor.at_end()) {
    const std::string_view pair = cursor.take_until("&");
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    const bool known = value.empty() || std::ranges::find(kPlaceholders, value) != kPlaceholders.end();
    out +=
        std::string(pair.substr(0, equals)) + (equals == pair.size() ? "" : "=") + (known ? std::string(value) : "…");
    if (cursor.skip_char('&')) out += '&';
  }
  return out;
}

bool climbs(std::string_view path) {
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part == ".." || part == ".") return true;
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return false;
}

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  // What stands between "//" and "@" may be a password: it is not repeated.
  const std::size_t at = text.find('@');
  const std::string shown = at == std::string_view::npos ? std::string(text) : "…" + std::string(text.substr(at));
  return fail(Errc::invalid, "origin \"" + escaped(shown) + "\": " + std::string(why));
}

bool set_patterns(OriginUrl& url, std::string_view text) {
  constexpr std::string_view kAlso = "*._-/+";
  TextCursor cursor(text);
  do {
    const std::string_view pattern = cursor.take_until(",");
    const bool plain = std::ranges::all_of(pattern, [&](char c) {
      return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || kAlso.contains(c);
    });
    if (pattern.empty() || !plain || url.only.size() == OriginUrl::kMaxPatterns) return false;
    url.only.emplace_back(pattern);
  } while (cursor.skip_char(','));
  return true;
}

/// Empty when what stands in braces is known, stands behind the host, and a file's name is among it.
std::string_view doubt_of_placeholders(std::string_view rest) {
  if (rest.find_first_of("\\\"<>^`|") != rest.npos) return "quotes and the like have no place in an origin";
  const std::string left = expanded(rest, [](std::string_view) { return ""; });
  if (left.find_first_of("{}") != left.npos) return "{file}, {base} and {mac} are all that may stand in braces";
  if (!rest.contains('{')) return {};
  if (rest.substr(0, rest.find_first_of("/?")).contains('{')) return "the host is one, whatever the file is";
  if (!rest.contains("{file}") && !rest.contains("{base}")) return "say with {file} or {base} where a file's name goes";
  return {};
}

Result<OriginUrl> parse_file(OriginUrl url, std::string_view text, std::string_view rest) {
  if (!rest.starts_with('/')) {
    return bad(text, "a directory is written with three slashes: file:///srv/tftp");
  }
  auto path = decoded_path(rest);
  if (!path || climbs(*path)) return bad(text, "not a plain absolute path");
  while (path->size() > 1 && path->ends_with('/'))
    path->pop_back();
  url.scheme = OriginUrl::Scheme::file;
  url.path = std::move(*path);
  return url;
}

Result<void> set_path(OriginUrl& url, std::string_view text, std::string_view path) {
  if (url.scheme == OriginUrl::Scheme::tftp) {
    if (const std::size_t mode = path.find(";mode="); mode != std::string_view::npos) {
      if (!equal_ignoring_case(path.substr(mode), ";mode=octet")) return bad(text, "only mode=octet is spoken");
      path = path.substr(0, mode);
    }
  }
  const auto decoded = decoded_path(path);
  if (!decoded) return bad(text, "a broken % escape in the path");
  if (climbs(*decoded)) return bad(text, "\".\" and \"..\" have no place in the path");
  if (url.has_placeholders) {
    url.path = url.scheme == OriginUrl::Scheme::tftp ? decoded->substr(decoded->starts_with('/') ? 1 : 0)
               : path.empty()                        ? "/"
                                                     : std::string(path);
    return {};
  }
  if (url.scheme == OriginUrl::Scheme::tftp) {
    url.path = decoded->starts_with('/') ? decoded->substr(1) : *decoded;
    if (!url.path.empty() && !url.path.ends_with('/')) url.path += '/';
  } else {
    url.path = path.empty() ? "/" : std::string(path);
    if (!url.path.ends_with('/')) url.path += '/';
  }
  return {};
}

}  // namespace

std::string_view to_string(OriginUrl::Scheme scheme) {
  switch (scheme) {
    case OriginUrl::Scheme::http:
      return "http";
    case OriginUrl::Scheme::https:
      return "https";
    case OriginUrl::Scheme::tftp:
      return "tftp";
    case OriginUrl::Scheme::file:
      return "file";
  }
  return "";
}

bool OriginUrl::covers(std::string_view name) const {
  if (path.contains("{mac}") && mac_in_name(name).empty()) return false;
  return only.empty() ||
         std::ranges::any_of(only, [&](const std::string& pattern) { return fits_pattern(name, pattern); });
}

std::string OriginUrl::remote_name(std::string_view name) const {
  if (!has_placeholders) return path + std::string(name);
  return expanded(path, [&](std::string_view p) { return plain_value(p, name, mac_in_name(name)); });
}

std::string OriginUrl::label() const {
  std::string out = place();
  if (has_placeholders && !query.empty()) out += "?" + shown_query(query);
  for (const std::string& pattern : only)
    out += (&pattern == &only.front() ? "#" : ",") + pattern;
  return out;
}

std::string OriginUrl::place() const {
  std::string out = std::string(to_string(scheme)) + "://";
  if (scheme == Scheme::file) return out + url_path(path);
  const bool literal6 = host.find(':') != std::string::npos;
  out += literal6 ? "[" + host + "]" : host;
  const std::uint16_t usual = scheme == Scheme::http ? 80 : scheme == Scheme::https ? 443 : 69;
  if (port != usual) out += ":" + std::to_string(port);
  if (has_placeholders) return out + (scheme == Scheme::tftp ? "/" : "") + path;
  return out + (scheme == Scheme::tftp ? "/" + url_path(path) : path);
}

std::string OriginUrl::file_url(std::string_view name) const {
  std::string out = std::string(to_string(scheme)) + "://";
  if (!userinfo.empty()) out += userinfo + "@";
  const bool literal6 = host.find(':') != std::string::npos;
  out += literal6 ? "[" + host + "]" : host;
  out += ":" + std::to_string(port);
  while (name.starts_with('/'))
    name.remove_prefix(1);
  if (!has_placeholders) return out + path + url_path(name);
  const std::string_view mac = mac_in_name(name);
  out += expanded(path, [&](std::string_view p) { return url_path(plain_value(p, name, mac)); });
  if (!query.empty())
    out += "?" + expanded(query, [&](std::string_view p) { return query_value(plain_value(p, name, mac)); });
  return out;
}

Result<OriginUrl> parse_origin(std::string_view text) {
  text = trim(text);
  if (text.size() > kMaxUrl) return fail(Errc::invalid, "an origin of more than 1024 characters");
  for (const char c : text) {
    if (c <= ' ' || c > '~') return bad(text, "blanks and characters beyond ASCII must be written as %XX");
  }
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) {
    return bad(text, "begin it with http://, https://, tftp:// or file:///");
  }
  const std::string_view scheme = text.substr(0, colon);
  std::string_view rest = text.substr(colon + 3);
  OriginUrl url;
  if (const std::size_t hash = rest.find('#'); hash != std::string_view::npos) {
    if (!set_patterns(url, rest.substr(hash + 1)))
      return bad(text, "behind \"#\" stand patterns of file names, like #*.raw,*.rwb");
    rest = rest.substr(0, hash);
  }
  if (const auto doubt = doubt_of_placeholders(rest); !doubt.empty()) return bad(text, doubt);
  url.has_placeholders = rest.contains('{');
  if (url.has_placeholders && equal_ignoring_case(scheme, "file"))
    return bad(text, "a directory has no placeholders: name the folder, and behind \"#\" which files are in it");
  if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
    if (!url.has_placeholders) return bad(text, "a query says where the file's name goes: ?file={file}");
    if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https"))
      return bad(text, "only http and https have queries");
    url.query = std::string(rest.substr(mark + 1));
    rest = rest.substr(0, mark);
  }
  if (equal_ignoring_case(scheme, "file")) return parse_file(std::move(url), text, rest);
  if (equal_ignoring_case(scheme, "https")) {
    url.scheme = OriginUrl::Scheme::https;
  } else if (equal_ignoring_case(scheme, "tftp")) {
    url.scheme = OriginUrl::Scheme::tftp;
  } else if (!equal_ignoring_case(scheme, "http")) {
    return bad(text, "begin it with http://, https://, tftp:// or file:///");
  }
  const std::size_t slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  const std::string_view path = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (!url.http_family()) return bad(text, "TFTP knows no user and password");
    url.userinfo = std::string(authority.substr(0, at));
    if (url.userinfo.find('@') != std::string::npos) return bad(text, "an \"@\" in a password is written %40");
    authority.remove_prefix(at + 1);
  }
  const auto where = HostPort::parse(authority);
  if (!where || where->host.empty()) return bad(text, "no host to ask");
  url.host = where->host;
  url.port = where->port;
  if (url.port == 0) {
    url.port = url.scheme == OriginUrl::Scheme::http ? 80 : url.scheme == OriginUrl::Scheme::https ? 443 : 69;
  }
  if (auto set = set_path(url, text, path); !set) return std::unexpected(set.error());
  return url;
}

}  // namespace dw::provisioning
