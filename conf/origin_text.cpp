#include "conf/origin_text.hpp"

#include "sbc/base/endpoint.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::conf {
namespace {

constexpr std::size_t kMaxOrigin = 1024;  // characters

bool climbs(std::string_view path) {
  TextCursor cursor(path);
  while (!cursor.at_end()) {
    const std::string_view part = cursor.take_until("/");
    if (part == "." || part == "..") return true;
    cursor.skip_char('/');
  }
  return false;
}

}  // namespace

Result<std::string> checked_origin(std::string_view text) {
  const auto refused = [](const char* why) { return fail(Errc::invalid, why); };
  text = trim(text);
  if (text.size() > kMaxOrigin) return refused("longer than 1024 characters");
  for (const char c : text) {
    if (c <= ' ' || c > '~') return refused("blanks and characters beyond ASCII are written as %XX");
  }
  const auto colon = text.find("://");
  const std::string_view scheme = text.substr(0, colon);
  if (colon == text.npos || !(equal_ignoring_case(scheme, "http") || equal_ignoring_case(scheme, "https") ||
                              equal_ignoring_case(scheme, "tftp") || equal_ignoring_case(scheme, "file"))) {
    return refused("begins with none of http://, https://, tftp://, file:///");
  }
  const std::string_view rest = text.substr(colon + 3);
  if (rest.find_first_of("?#\\\"<>^`{|}") != rest.npos)
    return refused("a query, a fragment or quotes have no place here");
  const std::string_view authority = rest.substr(0, rest.find('/'));
  const std::string_view path = rest.substr(authority.size());
  if (climbs(path)) return refused("\".\" and \"..\" have no place in the path");
  if (equal_ignoring_case(scheme, "file")) {
    if (!authority.empty() || path.empty())
      return refused("a directory is written with three slashes: file:///srv/tftp");
    return std::string(text);
  }
  std::string_view host = authority;
  if (const auto at = authority.rfind('@'); at != authority.npos) {
    if (equal_ignoring_case(scheme, "tftp")) return refused("TFTP knows no user and password");
    host = authority.substr(at + 1);
  }
  if (!HostPort::parse(host)) return refused("no host to ask, or not a host and a port");
  return std::string(text) + (path.empty() ? "/" : "");
}

std::string masked_origin(std::string_view text) {
  const auto start = text.find("://");
  const auto at = text.rfind('@');
  if (start == text.npos || at == text.npos || at < start) return std::string(text);
  return std::string(text.substr(0, start + 3)) + "***" + std::string(text.substr(at));
}

}  // namespace dw::conf
