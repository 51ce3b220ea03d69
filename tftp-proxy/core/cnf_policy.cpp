#include "tftp-proxy/core/cnf_policy.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::provisioning {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// "[2001:db8::1]" in a URL, else as it is.
std::string url_host(const std::string& host) {
  return host.contains(':') ? "[" + host + "]" : host;
}

std::string with_port(const std::string& host, std::uint16_t port, std::uint16_t usual) {
  return port == usual ? url_host(host) : fmt::format("{}:{}", url_host(host), port);
}

/// scheme://[user@]host[:port]/… at our address; HTTPS keeps its port, because the HTTP door speaks no TLS.
std::optional<std::string> moved_url(std::string_view url, const RewriteOptions& options) {
  if (options.sign_place && split_url(url)) return link_to(url, options);
  const auto colon = url.find("://");
  if (colon == url.npos) return std::nullopt;
  const std::string_view scheme = url.substr(0, colon);
  const std::size_t start = colon + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", start), url.size());
  std::string_view authority = url.substr(start, end - start);
  if (authority.empty()) return std::nullopt;
  const auto at = authority.rfind('@');
  const std::size_t user = at == authority.npos ? 0 : at + 1;
  authority.remove_prefix(user);
  std::string ours;
  if (equal_ignoring_case(scheme, "http")) {
    ours = with_port(options.host, options.http_port, 80);
  } else if (equal_ignoring_case(scheme, "tftp")) {
    ours = with_port(options.host, options.tftp_port, 69);
  } else if (equal_ignoring_case(scheme, "https")) {
    const auto port = authority.rfind(':');
    const bool given = port != authority.npos && is_digits(authority.substr(port + 1));
    ours = url_host(options.host) + std::string(given ? authority.substr(port) : std::string_view());
  } else {
    return std::nullopt;
  }
  return std::string(url.substr(0, start + user)) + ours + std::string(url.substr(end));
}

std::string spelt_flag(std::string_view word, std::string_view value) {
  if (!is_digits(value)) return equal_ignoring_case(word, value) ? std::string(value) : std::string(word);
  return word == "true" ? "1" : "0";
}

std::uint64_t mixed(std::uint64_t x) {  // the finisher of splitmix64
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

std::uint64_t hash(Bytes octets, std::uint64_t seed) {  // FNV-1a
  for (const std::uint8_t octet : octets)
    seed = (seed ^ octet) * 0x100000001b3U;
  return seed;
}

std::string policy_text(const RewriteOptions& options) {
  std::string text = fmt::format("{} {} {} {} {} {}", options.host, options.tftp_port, options.http_port,
                                 options.sccp_port, options.sip_port, options.sips_port);
  for (const RewriteGroup& group : rewrite_groups())
    text += fmt::format(" {}", to_string(options.*group.action));
  const bool moves = options.urls == Action::rewrite || options.secure_urls == Action::rewrite;
  if (moves && options.sign_place) text += " " + options.sign_place("");  // another key gives other URLs
  return text;
}

}  // namespace

bool names_host(std::string_view value) {
  constexpr std::array<std::string_view, 5> kNobody = {"", "USECALLMANAGER", "UNPROVISIONED", "0.0.0.0", "::"};
  return std::ranges::none_of(kNobody, [&](auto nobody) { return equal_ignoring_case(value, nobody); });
}

std::optional<std::string> link_to(std::string_view url, const RewriteOptions& options) {
  const auto split = split_url(url);
  if (!split || !options.sign_place) return std::nullopt;
  if (split->place == ServicePlace{false, options.host, options.http_port}) return std::nullopt;
  const std::string_view slash = split->rest.starts_with('/') ? "" : "/";
  return fmt::format("http://{}{}{}{}{}", split->userinfo, with_port(options.host, options.http_port, 80),
                     place_path(split->place, options.sign_place), slash, split->rest);
}

bool is_central(std::string_view host, const RewriteOptions& options) {
  if (options.central_hosts.empty()) return true;
  const auto literal = IpAddress::parse(host);
  return std::ranges::any_of(options.central_hosts, [&](std::string_view known) {
    if (equal_ignoring_case(known, host)) return true;
    if (known.starts_with("*.")) return host.size() >= known.size() && ends_with_ignoring_case(host, known.substr(1));
    return literal && IpAddress::parse(known) == *literal;
  });
}

bool is_plain_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || std::string_view(".-:_%").contains(c);
  });
}

std::optional<std::string> changed_value(const Change& change, std::string_view value, const RewriteOptions& options) {
  if (value.empty()) return std::nullopt;
  std::optional<std::string> out;
  switch (change.becomes) {
    case Becomes::same:
      break;
    case Becomes::host:
      if (names_host(value)) out = options.host;
      break;
    case Becomes::host_v6:
      if (names_host(value)) out = options.host.contains(':') ? options.host : "";
      break;
    case Becomes::host_port:
      out = fmt::format("{}:{}", url_host(options.host), options.http_port);
      break;
    case Becomes::url:
      out = moved_url(value, options);
      break;
    case Becomes::word:
      out = std::string(change.word);
      break;
    case Becomes::flag:
      out = spelt_flag(change.word, value);
      break;
    case Becomes::empty:
      out = "";
      break;
    case Becomes::no_host:
      if (names_host(value)) out = "";
      break;
    case Becomes::no_url:
      if (!starts_with_ignoring_case(value, "Application:")) out = "";
      break;
  }
  if (out && *out == value) out.reset();
  return out;
}

void CnfEditor::note(NoteCode code, std::string_view what, std::string text, std::size_t offset) {
  if (out_.notes.size() < kMaxNotes) out_.notes.push_back({code, std::string(what), std::move(text), offset});
}

void CnfEditor::refuse(NoteCode code, std::string_view what, std::string_view why, std::size_t offset) {
  if (refused_) return;
  refused_ = true;
  out_.edits.clear();
  out_.notes.clear();
  left_alone_.clear();
  note(code, what, fmt::format("passed on unchanged: {}", why), offset);
}

void CnfEditor::replace(std::string_view what, std::size_t offset, std::size_t length, std::string spelt,
                        std::string shown) {
  const NoteCode code = spelt.empty() || spelt == "\"\"" ? NoteCode::dropped : NoteCode::rewritten;
  note(code, what, std::move(shown), offset);
  out_.edits.push_back({offset, length, std::move(spelt)});
}

void CnfEditor::remove(std::string_view what, Edit edit, std::string shown) {
  note(NoteCode::removed, what, std::move(shown), edit.offset);
  out_.edits.push_back(std::move(edit));
}

void CnfEditor::leave_alone(std::string_view what, std::uint32_t line, std::string_view host, std::size_t offset) {
  constexpr std::size_t kMaxShown = 64;
  const std::string who = line == 0 ? std::string("its SIP server") : fmt::format("the SIP server of line {}", line);
  left_alone_ += fmt::format("{} {};", line, host);
  out_.facts.servers_left = out_.facts.servers_left || line == 0;
  for (CnfLine& known : out_.facts.lines)
    known.left = known.left || (line != 0 && known.number == line);
  note(NoteCode::left_alone, what, fmt::format("{}, {}, is not in the settings", who, escaped(host, kMaxShown)),
       offset);
}

void CnfEditor::finish(Bytes original) {
  if (refused_ || out_.edits.empty()) return;
  auto octets = splice(original, out_.edits);
  if (!octets) return refuse(NoteCode::passed_unexpected, "", octets.error().text, octets.error().offset);
  out_.octets = std::move(*octets);
  out_.changed = true;
  if (out_.octets.size() > kMaxCnfOctets)
    note(NoteCode::too_long, "", fmt::format("{} octets, a phone takes at most {}", out_.octets.size(), kMaxCnfOctets),
         0);
}

std::string new_stamp(std::string_view stamp, Bytes original, const RewriteOptions& options,
                      std::string_view left_alone) {
  const std::string policy = policy_text(options) + std::string(left_alone);
  std::uint64_t state = hash(as_bytes(policy), hash(original, 0xcbf29ce484222325U));
  std::string out(stamp);
  std::size_t last = out.npos;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] < '0' || out[i] > '9') continue;
    state = mixed(state);
    out[i] = static_cast<char>('0' + state % 10);
    last = i;
  }
  if (last != out.npos && out == stamp) out[last] = out[last] == '9' ? '0' : static_cast<char>(out[last] + 1);
  return out;
}

}  // namespace dw::provisioning
