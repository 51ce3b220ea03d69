#include "sbc/sip/hidden_hosts.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_';
}
/// A scope means nothing to anybody else.
IpAddress without_scope(const IpAddress& address) {
  return address.is_v6() && address.scope() != 0 ? IpAddress::v6(address.octets().first<16>()) : address;
}
constexpr std::size_t kLongestAddress = 45;
constexpr OctetSet kAddressOctets("0123456789abcdefABCDEF:.");

/// Four numbers below 256, of up to three digits each, at the beginning of `text`; 0: none is there.
std::size_t dotted_quad(std::string_view text, IpAddress& address) {
  std::uint32_t bits = 0;
  std::size_t at = 0;
  for (unsigned octets = 0; octets < 4; ++octets) {
    if (octets > 0 && (at == text.size() || text[at++] != '.')) return 0;
    std::uint32_t octet = 0;
    const std::size_t first = at;
    for (; at < text.size() && is_digit(text[at]) && at - first < 3; ++at)
      octet = octet * 10 + static_cast<std::uint32_t>(text[at] - '0');
    if (at == first || octet > 255) return 0;
    bits = bits << 8 | octet;
  }
  if (at < text.size() && is_digit(text[at])) return 0;
  address = IpAddress::v4(bits);
  return at;
}

/// IPv6 in `run`, which has nothing but hexadecimal digits, colons and dots; 0: there is none at its beginning.
std::size_t colon_hex(std::string_view run, IpAddress& address) {
  if (run.size() > kLongestAddress || std::ranges::count(run, ':') < 2) return 0;
  while (run.ends_with('.') || (run.ends_with(':') && !run.ends_with("::")))
    run.remove_suffix(1);
  const auto parsed = IpAddress::parse(run);
  if (!parsed) return 0;
  address = *parsed;
  return run.size();
}

/// Whether `name` stands in `text` as a word of its own, in any case; a piece of an address not as part of another.
bool names(std::string_view text, std::string_view name) {
  const bool piece = kAddressOctets.first_not_in(name) == name.npos;
  const auto goes_on = [&](char c) { return is_word(c) || (piece && (c == '.' || c == ':')); };
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  for (auto at = text.begin();; ++at) {
    at = std::search(at, text.end(), name.begin(), name.end(), same);
    if (at == text.end()) return false;
    const auto after = at + static_cast<std::ptrdiff_t>(name.size());
    if ((at == text.begin() || !goes_on(*(at - 1))) && (after == text.end() || !goes_on(*after))) return true;
  }
}

/// Whether what stands before `at`, the host of "word@host", makes an ID of it: no URI's user, unless it is "cid:".
bool is_id(std::string_view text, std::size_t at) {
  if (at == 0 || text[at - 1] != '@') return false;
  constexpr OctetSet kEnds("<>\"' \t\r\n;,=&()");
  const std::string_view before = text.substr(0, at - 1);
  const std::size_t end = kEnds.last_in(before);
  const std::string_view word = before.substr(end == before.npos ? 0 : end + 1);
  return !word.empty() && (!word.contains(':') || starts_with_ignoring_case(word, "cid:"));
}

}  // namespace

void HiddenHosts::hide(const IpAddress& address, std::string_view text) {
  if (address ? is_allowed(without_scope(address)) || (text.empty() && is_hidden(address))
              : !text.contains('.') && !text.contains(':'))
    return;
  too_many_ = too_many_ || count_ == kMax;
  if (!too_many_) hosts_[count_++] = {without_scope(address), text};
}

void HiddenHosts::allow(const IpAddress& address) {
  if (is_allowed(without_scope(address))) return;
  too_many_ = too_many_ || allowed_count_ == kMax;
  if (!too_many_) allowed_[allowed_count_++] = without_scope(address);
}

bool HiddenHosts::is_allowed(const IpAddress& address) const {
  const auto allowed = std::span(allowed_).first(allowed_count_);
  return address.is_unspecified() || address.is_multicast() || std::ranges::find(allowed, address) != allowed.end();
}

bool HiddenHosts::is_hidden(const IpAddress& address) const {
  return std::ranges::find(hosts(), without_scope(address), &Host::address) != hosts().end();
}

bool HiddenHosts::looks_like_ours(std::string_view text) const {
  return std::ranges::any_of(std::span(allowed_).first(allowed_count_),
                             [&](const IpAddress& ours) { return ours.to_string().contains(text); });
}

HiddenHosts::Found HiddenHosts::next_address(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (!kAddressOctets.has(text[at])) continue;
    // A number or a group of hexadecimal digits begins here, or "::" does.
    const bool begins = at == 0 || !kAddressOctets.has(text[at - 1]) || text[at - 1] == ':' || text[at - 1] == '.' ||
                        (is_digit(text[at]) && !is_digit(text[at - 1]));
    if (!begins) continue;
    const std::string_view rest = text.substr(at, kLongestAddress + 1);
    const std::string_view run = rest.substr(0, kAddressOctets.first_not_in(rest));
    Found found{at, 0, {}};
    found.length = colon_hex(run, found.address);
    if (found.length == 0 && is_digit(text[at])) found.length = dotted_quad(run, found.address);
    if (found.length != 0) return found;
  }
  return {};
}

bool HiddenHosts::is_in(std::string_view text) const {
  if (!text.contains('.')) {  // as most lines do
    const std::size_t colon = text.find(':');
    if (colon == text.npos || !text.substr(colon + 1).contains(':')) return false;
  }
  const auto dots = std::ranges::count(text, '.'), colons = std::ranges::count(text, ':');
  for (const Host& host : hosts()) {
    if (!host.address) {
      if (names(text, host.text)) return true;
    } else if (host.address.is_v6() ? colons > 1 : dots > 2) {
      const std::string own_text = host.text.empty() ? host.address.to_string() : std::string();
      const std::string_view wanted = host.text.empty() ? std::string_view(own_text) : host.text;
      if (text.contains(wanted) && !looks_like_ours(wanted)) return true;
    }
  }
  std::size_t from = 0;
  for (Found found = next_address(text, 0); found.length != 0; found = next_address(text, from)) {
    const bool ours = is_allowed(found.address);
    if (!ours && (is_hidden(found.address) || found.address.is_private())) return true;
    from = found.offset + (ours ? found.length : 1);  // the end of another may look like one
  }
  return false;
}

bool HiddenHosts::stands_in(std::string_view text) const {
  for (Found found = next_address(text, 0); found.length != 0; found = next_address(text, found.offset + 1)) {
    if (is_hidden(found.address) && !is_allowed(found.address)) return true;
  }
  return false;
}

bool HiddenHosts::put_without(std::string_view text, std::string_view with, std::string& out) const {
  std::size_t at = 0, from = 0;
  for (Found found = next_address(text, 0); found.length != 0; found = next_address(text, from)) {
    from = found.offset + 1;
    if (!is_hidden(found.address) || is_allowed(found.address) || is_id(text, found.offset)) continue;
    out += text.substr(at, found.offset - at);
    out += with;
    at = from = found.offset + found.length;
  }
  out += text.substr(at);
  return at != 0;
}

}  // namespace dw::sip
