#include "tftp-proxy/core/service_links.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/cnf_rewrite.hpp"
#include "tftp-proxy/core/device_file.hpp"
#include "tftp-proxy/core/fetch_policy.hpp"
#include "tftp-proxy/core/trust_list.hpp"

namespace dw::provisioning {
namespace {

constexpr std::size_t kSignatureDigits = 16;  // hex digits
constexpr std::size_t kMaxHost = 253;
constexpr std::size_t kMaxLinks = 1024;  // of one page
constexpr std::uint16_t kHttpPort = 80, kHttpsPort = 443;
constexpr OctetSet kXmlBlanks(" \t\r\n");

bool is_host_text(std::string_view host) {
  return !host.empty() && host.size() <= kMaxHost && std::ranges::all_of(host, [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '.' || c == '-' || c == '_' ||
           c == ':';
  });
}

std::string place_text(const ServicePlace& place) {
  return fmt::format("{}~{}~{}", place.https ? "https" : "http", place.host, place.port);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned differ = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    differ |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  return differ == 0;
}

bool is_link_element(std::string_view name) {
  return equal_ignoring_case(name, "URL") || equal_ignoring_case(name, "URLDown");
}

bool is_link_attribute(std::string_view name) {
  return is_link_element(name) || starts_with_ignoring_case(name, "onApp");
}

bool may_be_link(std::string_view text) {
  return starts_with_ignoring_case(text, "http://") || starts_with_ignoring_case(text, "https://") ||
         (text.starts_with('/') && !text.starts_with("//"));
}

/// Past a byte order mark, the declaration, comments and blanks.
std::string_view at_root(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (;;) {
    text.remove_prefix(std::min(kXmlBlanks.first_not_in(text), text.size()));
    const std::string_view end = text.starts_with("<?") ? "?>" : text.starts_with("<!--") ? "-->" : "";
    if (end.empty()) return text;
    const std::size_t at = text.find(end, 2);
    if (at == text.npos) return {};
    text.remove_prefix(at + end.size());
  }
}

/// Walks tags and text; knows no more of XML than where links can be.
class LinkScan {
 public:
  LinkScan(std::string_view text, const std::function<std::optional<std::string>(std::string_view)>& move)
      : text_(text), cursor_(text), move_(move) {}

  std::vector<Edit> run() {
    while (!cursor_.at_end() && edits_.size() < kMaxLinks) {
      const std::size_t offset = cursor_.offset();
      const std::string_view data = cursor_.take_until("<");
      if (is_link_element(element_)) consider(offset, data);
      if (!cursor_.skip_char('<')) break;
      take_markup();
    }
    return std::move(edits_);
  }

 private:
  void skip_to(std::string_view end) {
    const std::size_t at = cursor_.rest().find(end);
    cursor_.skip_text(at == std::string_view::npos ? cursor_.rest() : cursor_.rest().substr(0, at + end.size()));
  }

  void take_markup() {
    if (cursor_.skip_text("!--")) return skip_to("-->");
    if (cursor_.skip_text("![CDATA[")) {
      const std::size_t offset = cursor_.offset();
      const std::string_view data = cursor_.rest().substr(0, cursor_.rest().find("]]>"));
      if (is_link_element(element_)) consider(offset, data);
      return skip_to("]]>");
    }
    if (cursor_.skip_char('?')) return skip_to("?>");
    element_ = {};
    if (cursor_.peek() == '/' || cursor_.peek() == '!') return skip_to(">");
    element_ = cursor_.take_until(" \t\r\n/>");
    take_attributes();
  }

  void take_attributes() {
    while (!cursor_.at_end()) {
      cursor_.skip_lws();
      if (cursor_.skip_char('>')) return;
      if (cursor_.skip_char('/')) {
        element_ = {};
        continue;
      }
      const std::string_view name = trim(cursor_.take_until("=/> \t\r\n"));
      cursor_.skip_lws();
      if (!cursor_.skip_char('=')) {
        if (name.empty() && cursor_.peek() != '>' && cursor_.peek() != '/') return;  // no XML
        continue;
      }
      cursor_.skip_lws();
      const std::string_view quote = cursor_.peek() == '\'' ? "'" : "\"";
      if (!cursor_.skip_text(quote)) return;
      const std::size_t offset = cursor_.offset();
      const std::string_view value = cursor_.take_until(quote);
      if (is_link_attribute(name)) consider(offset, value);
      cursor_.skip_text(quote);
    }
  }

  void consider(std::size_t offset, std::string_view data) {
    const std::string_view link = trim(data);
    if (!may_be_link(link) || edits_.size() == kMaxLinks) return;
    auto to = move_(link);
    if (to && *to != link) edits_.push_back({offset + offset_in(data, link), link.size(), std::move(*to)});
  }

  std::string_view text_;
  TextCursor cursor_;
  const std::function<std::optional<std::string>(std::string_view)>& move_;
  std::string_view element_;
  std::vector<Edit> edits_;
};

bool climbs_out(std::string_view path) {
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (path.substr(0, slash) == "..") return true;
    path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
  }
  return false;
}

/// What stands between the marks of a path and a query, with escapes undone as an origin may, twice.
void for_each_word(std::string_view path, std::string_view query, const std::function<void(std::string_view)>& look) {
  for (const std::string_view part : {path, query}) {
    const auto once = percent_decoded(part);
    const std::string text = once ? percent_decoded(*once).value_or(*once) : std::string(part);
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find_first_of("/?&=;+,~:| "), rest.size());
      look(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
}

}  // namespace

std::string ServicePlace::to_url() const {
  const std::string shown = host.contains(':') ? "[" + host + "]" : host;
  return fmt::format("{}://{}:{}", https ? "https" : "http", shown, port);
}

std::string place_path(const ServicePlace& place, const PlaceSigner& sign) {
  const std::string text = place_text(place);
  return "/~" + sign(text).substr(0, kSignatureDigits) + "~" + text;
}

std::optional<PlacedPath> parse_placed_path(std::string_view path, const PlaceSigner& sign) {
  if (!path.starts_with("/~")) return std::nullopt;
  const std::size_t slash = std::min(path.find('/', 1), path.size());
  TextCursor cursor(path.substr(2, slash - 2));
  const std::string_view signature = cursor.take_until("~");
  if (!cursor.skip_char('~')) return std::nullopt;
  const std::string_view text = cursor.rest();
  PlacedPath out;
  const std::string_view scheme = cursor.take_until("~");
  out.place.https = scheme == "https";
  if ((!out.place.https && scheme != "http") || !cursor.skip_char('~')) return std::nullopt;
  out.place.host = std::string(cursor.take_until("~"));
  if (!is_host_text(out.place.host) || !cursor.skip_char('~')) return std::nullopt;
  const auto port = parse_number(cursor.rest(), UINT16_MAX);
  if (!port || *port == 0) return std::nullopt;
  out.place.port = static_cast<std::uint16_t>(*port);
  if (!equal_in_constant_time(signature, sign(text).substr(0, kSignatureDigits))) return std::nullopt;
  out.rest = path.substr(slash);
  return out;
}

std::optional<SplitUrl> split_url(std::string_view url) {
  SplitUrl out;
  out.place.https = starts_with_ignoring_case(url, "https://");
  if (!out.place.https && !starts_with_ignoring_case(url, "http://")) return std::nullopt;
  url.remove_prefix(url.find("//") + 2);
  const std::size_t end = std::min(url.find_first_of("/?#"), url.size());
  std::string_view authority = url.substr(0, end);
  if (const auto at = authority.rfind('@'); at != authority.npos) {
    out.userinfo = authority.substr(0, at + 1);
    authority.remove_prefix(at + 1);
  }
  const auto where = HostPort::parse(authority);
  if (!where || !is_host_text(where->host)) return std::nullopt;
  out.place.host = where->host;
  out.place.port = where->port != 0 ? where->port : out.place.https ? kHttpsPort : kHttpPort;
  out.rest = url.substr(end);
  return out;
}

bool is_phone_object(Bytes body) {
  return body.size() <= kMaxPhoneObject && starts_with_ignoring_case(at_root(as_text(body)), "<CiscoIPPhone");
}

std::vector<Edit> link_edits(Bytes body, const std::function<std::optional<std::string>(std::string_view)>& move) {
  if (body.size() > kMaxPhoneObject) return {};
  return LinkScan(as_text(body), move).run();
}

std::optional<std::pair<std::size_t, std::size_t>> url_in_refresh(std::string_view value) {
  TextCursor cursor(value);
  cursor.take_until(";,");
  if (!cursor.skip_char(';')) cursor.skip_char(',');
  cursor.skip_blanks();
  if (!starts_with_ignoring_case(cursor.rest(), "url=")) return std::nullopt;
  cursor.take_until("=");
  cursor.skip_char('=');
  const std::string_view url = trim(cursor.rest());
  if (url.empty()) return std::nullopt;
  return std::pair(offset_in(value, url), url.size());
}

bool is_service_target(std::string_view path, std::string_view query) {
  if (!path.starts_with('/') || path.size() + query.size() > kMaxServiceTarget) return false;
  const auto plain = [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '<' && c != '>' && c != '\\' && c != '#';
  };
  if (!std::ranges::all_of(path, plain) || !std::ranges::all_of(query, plain)) return false;
  const auto decoded = percent_decoded(path);
  if (!decoded ||
      std::ranges::any_of(*decoded, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\\'; }))
    return false;
  const auto twice = percent_decoded(*decoded);
  return !climbs_out(*decoded) && !(twice && climbs_out(*twice));
}

std::vector<std::string> devices_named(std::string_view path, std::string_view query) {
  std::vector<std::string> out;
  for_each_word(path, query, [&](std::string_view word) {
    if (out.size() < kMaxNamedDevices && !device_of_file(word).empty() && std::ranges::find(out, word) == out.end())
      out.emplace_back(word);
  });
  return out;
}

bool names_config(std::string_view path, std::string_view query) {
  bool found = false;
  for_each_word(path, query, [&](std::string_view word) {
    found = found || cnf_kind(word) != CnfKind::none || is_trust_list_name(word) || is_server_list(word);
  });
  return found;
}

}  // namespace dw::provisioning
