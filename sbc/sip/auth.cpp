#include "sbc/sip/auth.hpp"

#include <algorithm>

#include "sbc/base/text_cursor.hpp"

namespace dw::sip {
namespace {

constexpr OctetSet kAuthNameEnds("=, \t\r\n\""), kAuthValueEnds(", \t\r\n");

/// Takes the next of the comma-separated words of a qop.
std::optional<std::string_view> next_qop_word(std::string_view& left) {
  if (left.empty()) return std::nullopt;
  const auto comma = std::min(left.find(','), left.size());
  const std::string_view word = trim(left.substr(0, comma));
  left.remove_prefix(std::min(comma + 1, left.size()));
  return word;
}

}  // namespace

std::optional<AuthParam> AuthParams::next() {
  for (;;) {
    TextCursor cursor(left_);
    cursor.skip_lws();
    while (cursor.skip_char(','))
      cursor.skip_lws();
    const std::string_view name = cursor.take_until(kAuthNameEnds);
    cursor.skip_lws();
    if (name.empty()) break;
    if (!cursor.skip_char('=')) {  // a scheme
      left_ = cursor.rest();
      continue;
    }
    cursor.skip_lws();
    AuthParam param{name, {}};
    if (cursor.skip_char('"')) {
      const std::string_view text = cursor.rest();
      std::size_t end = 0;
      while (end < text.size() && text[end] != '"')
        end += text[end] == '\\' ? 2 : 1;
      if (end >= text.size()) break;
      param.value = text.substr(0, end);
      left_ = text.substr(end + 1);
    } else {
      param.value = cursor.take_until(kAuthValueEnds);
      left_ = cursor.rest();
    }
    return param;
  }
  left_ = {};
  return std::nullopt;
}

std::string_view auth_param(std::string_view value, std::string_view name) {
  AuthParams params(value);
  while (const auto param = params.next()) {
    if (equal_ignoring_case(param->name, name)) return param->value;
  }
  return {};
}

bool offers_auth_int(std::string_view qop) {
  while (const auto word = next_qop_word(qop)) {
    if (equal_ignoring_case(*word, "auth-int")) return true;
  }
  return false;
}

std::optional<std::string> without_auth_int(std::string_view qop) {
  if (!offers_auth_int(qop)) return std::nullopt;
  std::string out;
  while (const auto word = next_qop_word(qop)) {
    if (word->empty() || equal_ignoring_case(*word, "auth-int")) continue;
    if (!out.empty()) out += ',';
    out += *word;
  }
  return out.empty() ? std::nullopt : std::optional(out);
}

}  // namespace dw::sip
