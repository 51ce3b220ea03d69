#include "tftp-proxy/core/fetch_policy.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/percent.hpp"
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
    {"", ".loads", CacheClass::firmware},
    {"", ".sbn", CacheClass::firmware},
    {"", ".sb2", CacheClass::firmware},
    {"", ".sbin", CacheClass::firmware},
    {"", ".bin", CacheClass::firmware},
    {"", ".zup", CacheClass::firmware},
    {"", ".raw", CacheClass::resource},  // ring tones
    {"", ".rwb", CacheClass::resource},
    {"", ".png", CacheClass::resource},  // wallpapers
    {"", ".bmp", CacheClass::resource},
    {"", "-sccp.jar", CacheClass::resource},  // locales: mk-sccp.jar, be-sip.jar…
    {"", "-sip.jar", CacheClass::resource},
    {"", "-tones.xml", CacheClass::resource},
    {"", "-font.xml", CacheClass::resource},
    {"", "-font.dat", CacheClass::resource},
    {"", "-kate.xml", CacheClass::resource},
    {"", "-kate.utf-8.xml", CacheClass::resource},
    {"", "-dictionary.xml", CacheClass::resource},
    {"", "-dictionary.utf-8.xml", CacheClass::resource},
}};

constexpr std::array<std::string_view, 7> kConfigStarts = {"SEP", "SIP", "XMLDefault", "WLAN", "gk", "ld", "ff"};

/// Elements that an error page may begin with; no file for phones does.
constexpr std::array<std::string_view, 24> kPageElements = {
    "html", "head", "body", "title", "meta", "link", "style", "script", "h1",     "h2",   "h3", "h4",
    "h5",   "h6",   "p",    "div",   "span", "br",   "hr",    "center", "strong", "font", "b",  "pre"};

constexpr std::array<std::string_view, 10> kBinaryEnds = {".sbn", ".sb2", ".sbin", ".bin", ".zup",
                                                          ".raw", ".rwb", ".png",  ".bmp", ".jar"};
bool is_binary_name(std::string_view file) {
  return std::ranges::any_of(kBinaryEnds, [&](std::string_view e) { return ends_with_ignoring_case(file, e); });
}

bool is_text_octet(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet == '\t' || octet == '\n' || octet == '\r' || (octet >= 0x20 && octet < 0x7f);
}

/// Past a byte order mark, blanks and line ends.
std::string_view without_blanks(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

}  // namespace

std::string_view to_string(CacheClass c) {
  switch (c) {
    case CacheClass::firmware:
      return "firmware";
    case CacheClass::resource:
      return "resource";
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
    if (starts_with_ignoring_case(file, rule.start) && ends_with_ignoring_case(file, rule.end)) return rule.is;
  }
  return CacheClass::live;
}

bool is_server_list(std::string_view name) {
  constexpr std::array<std::string_view, 5> kLists = {"ConfigFileCacheList.txt", "BinFileCacheList.txt", "FileList.txt",
                                                      "PerfMon.txt", "ParamList.txt"};
  std::string plain(name);
  for (int i = 0; i < 2; ++i)
    plain = percent_decoded(plain).value_or(plain);
  const std::string_view base = base_name(plain);
  return std::ranges::any_of(kLists, [&](std::string_view list) { return starts_with_ignoring_case(base, list); });
}

Duration negative_ttl(std::string_view name, Duration longest) {
  const std::string_view file = base_name(name);
  if (is_common(cache_class(name, false))) return longest;
  const bool config = std::any_of(kConfigStarts.begin(), kConfigStarts.end(),
                                  [&](std::string_view s) { return starts_with_ignoring_case(file, s); });
  return config ? std::min<Duration>(longest, std::chrono::seconds(2)) : longest;
}

bool may_be_html(std::string_view name) {
  return ends_with_ignoring_case(name, ".html") || ends_with_ignoring_case(name, ".htm");
}

HttpVerdict judge_http(long status) {
  const std::string code = "HTTP " + std::to_string(status);
  if (status == 200 || status == 206 || status == 203) return {HttpMeaning::found, {}};
  if (status == 304) return {HttpMeaning::unchanged, {}};
  if (status == 404 || status == 410) return {HttpMeaning::not_found, "it has no such file (" + code + ")"};
  if (status == 401)
    return {HttpMeaning::forbidden,
            "it wants a user and a password, or others than the origin's URL has (" + code + ")"};
  if (status == 403) return {HttpMeaning::forbidden, "it refuses this file (" + code + ")"};
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

bool says_html(std::string_view content_type) {
  return equal_ignoring_case(trim(content_type.substr(0, content_type.find(';'))), "text/html");
}

std::optional<bool> is_html_page(Bytes start, bool said_html, std::string_view name) {
  const std::optional<bool> plainly = begins_as_html(start);
  if (!plainly || *plainly || !said_html) return plainly;
  const std::string_view head = as_text(start.first(std::min(start.size(), kHtmlProbe)));
  if (!std::ranges::all_of(head, is_text_octet)) return false;
  const std::string_view text = without_blanks(head);
  if (!text.starts_with('<')) return ends_with_ignoring_case(name, ".xml") || is_binary_name(base_name(name));
  const std::size_t end = text.find_first_of(" \t\r\n/>", 1);
  if (end == std::string_view::npos && start.size() < kHtmlProbe) return std::nullopt;
  const std::string_view element = text.substr(1, end == std::string_view::npos ? 0 : end - 1);
  return std::ranges::any_of(kPageElements, [&](std::string_view e) { return equal_ignoring_case(e, element); });
}

void Findings::add(const Error& error, bool votes) {
  const bool answer = error.code == Errc::not_found || error.code == Errc::forbidden || error.code == Errc::too_long;
  std::string& text = answer || votes ? text_ : silent_text_;
  if (!text.empty()) text += "; ";
  text += error.text;
  answered_ = answered_ || answer;
  forbidden_ = forbidden_ || error.code == Errc::forbidden;
  too_long_ = too_long_ || error.code == Errc::too_long;
  outage_ = outage_ || (!answer && votes);
}

void Findings::add_unasked(std::string_view origin, std::string_view last_error, bool votes) {
  add({Errc::unavailable, std::string(origin) + " is down and was not asked (" + std::string(last_error) + ")"}, votes);
}

Error Findings::verdict() const {
  if (text_.empty() && silent_text_.empty()) return {Errc::unavailable, "no origin is configured"};
  if (outage_ || !answered_) {
    const std::string_view between = text_.empty() || silent_text_.empty() ? "" : "; ";
    return {Errc::unavailable, text_ + std::string(between) + silent_text_};
  }
  if (too_long_) return {Errc::too_long, text_};
  return {forbidden_ ? Errc::forbidden : Errc::not_found, text_};
}

}  // namespace dw::provisioning
