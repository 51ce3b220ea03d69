#include "conf/origin_text.hpp"

#include <algorithm>

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

/// Errors in placeholders, query and patterns (tftp-proxy/core/origin_url.hpp describes them); empty: none.
std::string_view doubt_of_rest(std::string_view scheme, std::string_view all, std::string_view authority) {
  constexpr std::size_t kMaxPatterns = 32;
  const std::size_t hash = std::min(all.find('#'), all.size());
  const std::string_view url = all.substr(0, hash);
  bool named = false, braces = false;
  for (std::size_t at = url.find('{'); at != url.npos; at = url.find('{', at + 1)) {
    braces = true;
    const std::string_view word = url.substr(at, std::min(url.find('}', at), url.size()) + 1 - at);
    if (word != "{file}" && word != "{base}" && word != "{mac}")
      return "only {file}, {base} and {mac} may be in braces";
    named = named || word != "{mac}";
  }
  if (std::ranges::count(url, '{') != std::ranges::count(url, '}'))
    return "only {file}, {base} and {mac} may be in braces";
  if (authority.contains('{')) return "the host can't have placeholders";
  if (braces && !named) return "use {file} or {base} for the file's name";
  if (braces && equal_ignoring_case(scheme, "file"))
    return "a directory has no placeholders: write the folder, and after \"#\" the files in it";
  if (url.contains('?') && !braces) return "a query needs a place for the file's name: ?file={file}";
  if (url.contains('?') && !starts_with_ignoring_case(scheme, "http")) return "only http and https have queries";
  if (hash == all.size()) return {};
  std::size_t patterns = 0;
  TextCursor cursor(all.substr(hash + 1));
  do {
    const std::string_view pattern = cursor.take_until(",");
    const bool plain = std::ranges::all_of(pattern, [](char c) {
      return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || std::string_view("*._-/+").contains(c);
    });
    if (pattern.empty() || !plain || ++patterns > kMaxPatterns)
      return "after \"#\" come patterns of file names, like #*.raw,*.rwb";
  } while (cursor.skip_char(','));
  return {};
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
    return refused("must start with http://, https://, tftp:// or file:///");
  }
  const std::string_view all = text.substr(colon + 3);
  if (all.find_first_of("\\\"<>^`|") != all.npos) return refused("quotes and similar characters are not allowed here");
  const std::string_view rest = all.substr(0, all.find_first_of("?#"));
  const bool placeholders = all.substr(0, all.find('#')).contains('{');
  const std::string_view authority = rest.substr(0, rest.find('/'));
  const std::string_view path = rest.substr(authority.size());
  if (const std::string_view why = doubt_of_rest(scheme, all, authority); !why.empty())
    return fail(Errc::invalid, std::string(why));
  if (climbs(path)) return refused("\".\" and \"..\" are not allowed in the path");
  if (equal_ignoring_case(scheme, "file")) {
    if (!authority.empty() || path.empty())
      return refused("a directory is written with three slashes: file:///srv/tftp");
    return std::string(text);
  }
  std::string_view host = authority;
  if (const auto at = authority.rfind('@'); at != authority.npos) {
    if (equal_ignoring_case(scheme, "tftp")) return refused("TFTP has no user and password");
    host = authority.substr(at + 1);
  }
  if (!HostPort::parse(host)) return refused("the host is missing, or is not a host and a port");
  const bool bare = path.empty() && rest.size() == all.size() && !placeholders;
  return std::string(text) + (bare ? "/" : "");
}

std::string masked_origin(std::string_view text) {
  const auto start = text.find("://");
  const auto mark = std::min(text.find('?'), text.size());
  const auto at = text.rfind('@', mark);
  std::string out(text.substr(0, mark));
  if (start != text.npos && at != text.npos && at > start)
    out = std::string(text.substr(0, start + 3)) + "***" + out.substr(at);
  TextCursor cursor(text.substr(mark));
  while (!cursor.at_end()) {  // everything in a query but placeholders may be a secret
    const std::string_view name = cursor.take_until("=#");
    out += name;
    if (!cursor.skip_char('=')) break;
    const std::string_view value = cursor.take_until("&#");
    out += value.starts_with('{') ? "=" + std::string(value) : "=***";
    if (cursor.peek() == '#') break;
  }
  return out + std::string(cursor.rest());
}

}  // namespace dw::conf
