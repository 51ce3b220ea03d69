#include "tftp-proxy/core/fetch_policy.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/file_name.hpp"
#include "tftp-proxy/core/trust_list.hpp"

namespace dw::provisioning {
namespace {

/// First match decides; matched against the last part of the path, without regard to case.
struct ClassRule {
  std::string_view start, end;
  CacheClass is;
};
constexpr std::array<ClassRule, 21> kClassRules = {{
    {"", ".default.loads", CacheClass::live},  // term45.default.loads: the boot loader's, unversioned
    {"tzupdater", ".jar", CacheClass::live},
    {"", ".loads", CacheClass::immutable},
    {"", ".sbn", CacheClass::immutable},
    {"", ".sb2", CacheClass::immutable},
    {"", ".sbin", CacheClass::immutable},
    {"", ".bin", CacheClass::immutable},
    {"", ".zup", CacheClass::immutable},
    {"", ".raw", CacheClass::immutable},  // ring tones
    {"", ".rwb", CacheClass::immutable},
    {"", ".png", CacheClass::immutable},  // wallpapers
    {"", ".bmp", CacheClass::immutable},
    {"", "-sccp.jar", CacheClass::immutable},  // locales: mk-sccp.jar, be-sip.jar…
    {"", "-sip.jar", CacheClass::immutable},
    {"", "-tones.xml", CacheClass::immutable},
    {"", "-font.xml", CacheClass::immutable},
    {"", "-font.dat", CacheClass::immutable},
    {"", "-kate.xml", CacheClass::immutable},
    {"", "-kate.utf-8.xml", CacheClass::immutable},
    {"", "-dictionary.xml", CacheClass::immutable},
    {"", "-dictionary.utf-8.xml", CacheClass::immutable},
}};

constexpr std::array<std::string_view, 7> kConfigStarts = {"SEP", "SIP", "XMLDefault", "WLAN",
                                                           "gk",  "ld",  "ff"};

/// Past a byte order mark, blanks and line ends.
std::string_view without_blanks(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

}  // namespace

std::string_view to_string(CacheClass c) {
  switch (c) {
    case CacheClass::immutable:
      return "immutable";
    case CacheClass::live:
      return "live";
    case CacheClass::never:
      return "never";
  }
  return "";
}

CacheClass cache_class(std::string_view name, bool drop_trust_lists) {
  if (is_trust_list_name(name)) return drop_trust_lists ? CacheClass::never : CacheClass::live;
  const std::string_view file = base_name(name);
  for (const ClassRule& rule : kClassRules) {
    if (starts_with_ignoring_case(file, rule.start) && ends_with_ignoring_case(file, rule.end))
      return rule.is;
  }
  return CacheClass::live;
}

Duration negative_ttl(std::string_view name, Duration longest) {
  const std::string_view file = base_name(name);
  if (cache_class(name, false) == CacheClass::immutable) return longest;
  const bool config = std::any_of(kConfigStarts.begin(), kConfigStarts.end(),
                                  [&](std::string_view s) { return starts_with_ignoring_case(file, s); });
  return config ? std::min<Duration>(longest, std::chrono::seconds(2)) : longest;
}

bool may_be_html(std::string_view name) {
  return ends_with_ignoring_case(name, ".html") || ends_with_ignoring_case(name, ".htm");
}

HttpVerdict judge_http(long status, std::string_view content_type, std::string_view name) {
  const std::string code = "HTTP " + std::to_string(status);
  if (status == 200 || status == 206 || status == 203) {
    const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
    if (equal_ignoring_case(type, "text/html") && !may_be_html(name)) {
      return {HttpMeaning::not_found, "it answered with an HTML page (" + code + ")"};
    }
    return {HttpMeaning::found, {}};
  }
  if (status == 304) return {HttpMeaning::unchanged, {}};
  if (status == 404 || status == 410) return {HttpMeaning::not_found, "it has no such file (" + code + ")"};
  if (status == 401 || status == 403) return {HttpMeaning::forbidden, "it refuses this file (" + code + ")"};
  if (status >= 300 && status < 400) {
    return {HttpMeaning::unavailable, "it answered with a redirect, which is not followed (" + code + ")"};
  }
  return {HttpMeaning::unavailable, "it answered " + code};
}

std::optional<bool> begins_as_html(Bytes start) {
  const bool all = start.size() >= kHtmlProbe;
  std::string_view text = as_text(start.first(std::min(start.size(), kHtmlProbe)));
  if (text.size() < 3 && std::string_view("\xef\xbb\xbf").starts_with(text)) return std::nullopt;
  const auto unsure = [all]() -> std::optional<bool> { return all ? std::optional(false) : std::nullopt; };
  text = without_blanks(text);
  if (starts_with_ignoring_case(text, "<?xml")) {
    const std::size_t end = text.find("?>");
    if (end == std::string_view::npos) return unsure();
    text = without_blanks(text.substr(end + 2));
  }
  if (text.empty()) return unsure();
  for (const std::string_view mark : {std::string_view("<!doctype html"), std::string_view("<html")}) {
    if (starts_with_ignoring_case(text, mark)) return true;
    if (starts_with_ignoring_case(mark, text)) return unsure();
  }
  return false;
}

void Findings::add(Error error) {
  if (!text_.empty()) text_ += "; ";
  text_ += error.text;
  switch (error.code) {
    case Errc::not_found:
      break;
    case Errc::forbidden:
      forbidden_ = true;
      break;
    case Errc::too_long:
      too_long_ = true;
      break;
    default:
      outage_ = true;
      break;
  }
}

void Findings::add_unasked(std::string_view origin, std::string_view last_error) {
  if (!text_.empty()) text_ += "; ";
  text_ += std::string(origin) + " is down and was not asked (" + std::string(last_error) + ")";
  outage_ = true;
}

Error Findings::verdict() const {
  if (text_.empty()) return {Errc::unavailable, "no origin is configured"};
  if (outage_) return {Errc::unavailable, text_};
  if (too_long_) return {Errc::too_long, text_};
  return {forbidden_ ? Errc::forbidden : Errc::not_found, text_};
}

}  // namespace dw::provisioning
