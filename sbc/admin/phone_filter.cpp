#include "sbc/admin/phone_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/doctor/finding_kind.hpp"

namespace dw::admin {
namespace {

using doctor::State;
using phones::Phone;
using phones::Protocol;
using Show = PhoneFilter::Show;

template <class T>
struct Word {
  std::string_view name;
  T value;
};
constexpr std::array<Word<Show>, 3> kShowWords = {
    {{"attention", Show::attention}, {"registered", Show::registered}, {"unregistered", Show::unregistered}}};
constexpr std::array<Word<State>, 4> kStateWords = {
    {{"ok", State::ok}, {"not_known", State::not_known}, {"trouble", State::trouble}, {"failed", State::failed}}};
constexpr std::array<Word<Protocol>, 3> kProtocolWords = {
    {{"sccp", Protocol::sccp}, {"sip", Protocol::sip}, {PhoneFilter::kUnknown, Protocol::unknown}}};

template <class T, std::size_t N>
Result<T> one_of(const std::array<Word<T>, N>& words, std::string_view name, std::string_view value) {
  std::string known;
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i].name == value) return words[i].value;
    known += fmt::format("{}{}", i == 0 ? "" : i + 1 == N ? " or " : ", ", words[i].name);
  }
  return fail(Errc::invalid, fmt::format("{} is {}", name, known));
}

template <class T, std::size_t N>
std::string_view word_of(const std::array<Word<T>, N>& words, T value) {
  const auto found = std::ranges::find(words, value, &Word<T>::value);
  return found == words.end() ? std::string_view() : found->name;
}

bool contains(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return !std::ranges::search(text, word, same).empty();
}

/// "00112233" for "0011.2233", "00:11:22:33" or "00-11-22-33", also for parts of a MAC address; empty if it can't be
/// one.
std::string mac_digits_in(std::string_view word) {
  std::string digits;
  for (const char c : word) {
    const bool in_fours = c == '.' && !digits.empty() && digits.size() % 4 == 0;  // otherwise it may be an IPv4 address
    if (in_fours || c == ':' || c == '-') continue;
    if (hex_digit(c) < 0) return {};
    digits += c;
  }
  return digits.size() >= 4 && digits.size() != word.size() ? digits : std::string();
}

/// Texts that only some words need are made once for all of them.
bool has_words(const Phone& p, std::string_view words) {
  const std::string address = p.address ? p.address.to_string() : std::string();
  const std::string mac = p.device.empty() ? std::string() : p.device.mac();
  const std::array<std::string_view, 7> texts = {p.device.str(), mac,      address,     p.model,
                                                 p.firmware,     p.server, p.user_agent};
  for (TextCursor cursor(words); !cursor.at_end(); (void)cursor.skip_char(' ')) {
    const std::string_view word = cursor.take_until(" ");
    if (word.empty() || phones::to_string(p.protocol) == word) continue;
    if (const std::string digits = mac_digits_in(word); !digits.empty() && contains(p.device.mac_digits(), digits))
      continue;
    const auto has = [&](std::string_view text) { return contains(text, word); };
    if (!std::ranges::any_of(texts, has) && !std::ranges::any_of(p.lines, has)) return false;
  }
  return true;
}

/// Whether `wanted` is one of "7945/7965", or the whole text.
bool is_model(std::string_view models, std::string_view wanted) {
  if (wanted == PhoneFilter::kUnknown) return models.empty();
  if (equal_ignoring_case(models, wanted)) return true;
  for (TextCursor cursor(models); !cursor.at_end(); (void)cursor.skip_char('/')) {
    if (equal_ignoring_case(cursor.take_until("/"), wanted)) return true;
  }
  return false;
}

Result<std::string> code_in(std::string_view name, std::string_view value) {
  const auto kinds = doctor::finding_kinds();
  if (std::ranges::find(kinds, value, &doctor::FindingKind::code) != kinds.end()) return std::string(value);
  return fail(Errc::invalid,
              fmt::format("{} is the code of a finding, and this is none; \"dropwire findings\" lists them", name));
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : percent_encoded_path(text))
    out += c == '/' ? std::string("%2f") : std::string(1, c);
  return out;
}

}  // namespace

std::string_view group_of(const doctor::PhoneVerdict& verdict) {
  return !verdict.cause.empty() ? verdict.cause : verdict.codes.empty() ? std::string_view() : verdict.codes.front();
}

bool PhoneFilter::fits(const Phone& phone, const doctor::PhoneVerdict& verdict) const {
  if (show == Show::registered && !phone.registered) return false;
  if (show == Show::unregistered && phone.registered) return false;
  if (show == Show::attention && !verdict.needs_attention()) return false;
  if (state && verdict.state != *state) return false;
  if (protocol && phone.protocol != *protocol) return false;
  if (network && !network->contains(phone.address)) return false;
  if (!cause.empty() && group_of(verdict) != cause) return false;
  if (!finding.empty() && verdict.cause != finding && std::ranges::find(verdict.codes, finding) == verdict.codes.end())
    return false;
  if (!model.empty() && !is_model(phone.model, model)) return false;
  if (!firmware.empty() && (firmware == kUnknown ? !phone.firmware.empty() : !contains(phone.firmware, firmware)))
    return false;
  return text.empty() || has_words(phone, text);
}

std::string PhoneFilter::to_query() const {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, encoded(value));
  };
  add("q", text);
  add("show", word_of(kShowWords, show));
  if (state) add("state", word_of(kStateWords, *state));
  add("finding", finding);
  add("cause", cause);
  add("model", model);
  add("firmware", firmware);
  if (protocol) add("protocol", word_of(kProtocolWords, *protocol));
  if (network) add("network", network->to_string());
  return out;
}

Result<bool> take(PhoneFilter& filter, std::string_view name, std::string_view value) {
  const auto set = [](auto& into, auto got) -> Result<bool> {
    if (!got) return std::unexpected(got.error());
    into = *std::move(got);
    return true;
  };
  const auto text = [&](std::string& into) -> Result<bool> {
    if (value.size() > PhoneFilter::kMaxText)
      return fail(Errc::invalid, fmt::format("{} has more than {} bytes", name, PhoneFilter::kMaxText));
    into = value;
    return true;
  };
  if (name == "q") return text(filter.text);
  if (name == "show")
    return value == "all" || value.empty() ? Result<bool>(true) : set(filter.show, one_of(kShowWords, name, value));
  if (name == "model") return text(filter.model);
  if (name == "firmware") return text(filter.firmware);
  if (name == "state") return set(filter.state, one_of(kStateWords, name, value));
  if (name == "protocol") return set(filter.protocol, one_of(kProtocolWords, name, value));
  if (name == "finding") return set(filter.finding, code_in(name, value));
  if (name == "cause") return set(filter.cause, code_in(name, value));
  if (name == "network") {
    auto network = IpNetwork::parse(value);
    if (!network) return fail(Errc::invalid, "network is an address or a network, such as 192.0.2.0/24");
    filter.network = *network;
    return true;
  }
  return false;
}

}  // namespace dw::admin
