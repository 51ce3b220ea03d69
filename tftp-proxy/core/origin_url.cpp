#include "tftp-proxy/core/origin_url.hpp"

#include <optional>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"
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
  const std::string shown =
      at == std::string_view::npos ? std::string(text) : "…" + std::string(text.substr(at));
  return fail(Errc::invalid, "origin \"" + escaped(shown) + "\": " + std::string(why));
}

Result<OriginUrl> parse_file(std::string_view text, std::string_view rest) {
  if (!rest.starts_with('/')) {
    return bad(text, "a directory is written with three slashes: file:///srv/tftp");
  }
  auto path = decoded_path(rest);
  if (!path || climbs(*path)) return bad(text, "not a plain absolute path");
  while (path->size() > 1 && path->ends_with('/'))
    path->pop_back();
  OriginUrl url;
  url.scheme = OriginUrl::Scheme::file;
  url.path = std::move(*path);
  return url;
}

Result<void> set_path(OriginUrl& url, std::string_view text, std::string_view path) {
  if (url.scheme == OriginUrl::Scheme::tftp) {
    if (const std::size_t mode = path.find(";mode="); mode != std::string_view::npos) {
      if (!equal_ignoring_case(path.substr(mode), ";mode=octet"))
        return bad(text, "only mode=octet is spoken");
      path = path.substr(0, mode);
    }
  }
  const auto decoded = decoded_path(path);
  if (!decoded) return bad(text, "a broken % escape in the path");
  if (climbs(*decoded)) return bad(text, "\".\" and \"..\" have no place in the path");
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

std::string OriginUrl::label() const {
  std::string out = std::string(to_string(scheme)) + "://";
  if (scheme == Scheme::file) return out + url_path(path);
  const bool literal6 = host.find(':') != std::string::npos;
  out += literal6 ? "[" + host + "]" : host;
  const std::uint16_t usual = scheme == Scheme::http ? 80 : scheme == Scheme::https ? 443 : 69;
  if (port != usual) out += ":" + std::to_string(port);
  return out + (scheme == Scheme::tftp ? "/" + url_path(path) : path);
}

std::string OriginUrl::file_url(std::string_view name) const {
  std::string out = std::string(to_string(scheme)) + "://";
  if (!userinfo.empty()) out += userinfo + "@";
  const bool literal6 = host.find(':') != std::string::npos;
  out += literal6 ? "[" + host + "]" : host;
  out += ":" + std::to_string(port) + path;
  while (name.starts_with('/'))
    name.remove_prefix(1);
  return out + url_path(name);
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
  if (rest.find_first_of("?#\\\"<>^`{|}") != std::string_view::npos) {
    return bad(text, "a query, a fragment or quotes have no place in an origin");
  }
  OriginUrl url;
  if (equal_ignoring_case(scheme, "file")) return parse_file(text, rest);
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
    if (url.userinfo.find('@') != std::string::npos)
      return bad(text, "an \"@\" in a password is written %40");
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
