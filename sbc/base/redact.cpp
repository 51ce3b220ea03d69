#include "sbc/base/redact.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/text_cursor.hpp"

namespace dw {
namespace {

constexpr std::string_view kRemoved = "(removed)";

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool contains(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return !std::ranges::search(text, word, same).empty();
}

/// Headers whose whole value is a secret.
bool is_secret_header(std::string_view name) {
  constexpr std::array<std::string_view, 7> kNames = {"authorization",      "proxy-authorization", "www-authenticate",
                                                      "proxy-authenticate", "authentication-info", "cookie",
                                                      "set-cookie"};
  return std::ranges::any_of(kNames, [&](std::string_view n) { return equal_ignoring_case(n, name); });
}

bool is_secret_name(std::string_view name) {
  constexpr std::array<std::string_view, 11> kParts = {"password",   "passwd",      "passphrase",   "secret",
                                                       "token",      "credential",  "csrf",         "nonce",
                                                       "privatekey", "private_key", "authorization"};
  constexpr std::array<std::string_view, 9> kWhole = {"response", "pwd", "pass",    "pin",   "psk",
                                                      "key",      "ha1", "session", "cookie"};
  return std::ranges::any_of(kParts, [&](std::string_view p) { return contains(name, p); }) ||
         std::ranges::any_of(kWhole, [&](std::string_view w) { return equal_ignoring_case(w, name); }) ||
         (name.size() > 3 && contains(name.substr(name.size() - 4), "_key"));
}

/// Redacts one line, from left to right.
class Line {
 public:
  explicit Line(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (!element() && !inline_key() && !named() && !user_part()) out_ += text_[at_++];
    }
    return std::move(out_);
  }

 private:
  bool starts(std::size_t at, std::string_view word) const {
    return starts_with_ignoring_case(text_.substr(std::min(at, text_.size())), word);
  }
  void keep_to(std::size_t end) {
    out_ += text_.substr(at_, end - at_);
    at_ = end;
  }
  void remove_to(std::size_t end) {
    if (end > at_) out_ += kRemoved;
    at_ = end;
  }

  /// <authPassword>word</authPassword>
  bool element() {
    if (text_[at_] != '<') return false;
    std::size_t end = at_ + 1;
    while (end < text_.size() && is_name(text_[end]))
      ++end;
    const std::string_view name = text_.substr(at_ + 1, end - at_ - 1);
    const std::size_t open = text_.find('>', end);
    if (name.empty() || open == text_.npos || text_[open - 1] == '/' || !is_secret_name(name)) return false;
    keep_to(open + 1);
    remove_to(std::min(text_.find('<', at_), text_.size()));
    return true;
  }

  /// password=word, "token": "word", nonce="a, b", Authorization: the whole value
  bool named() {
    if (!is_name(text_[at_]) || (at_ > 0 && is_name(text_[at_ - 1]))) return false;
    std::size_t end = at_;
    while (end < text_.size() && is_name(text_[end]))
      ++end;
    const std::string_view name = text_.substr(at_, end - at_);
    std::size_t after = end;
    if (after < text_.size() && (text_[after] == '"' || text_[after] == '\'')) ++after;
    while (after < text_.size() && text_[after] == ' ')
      ++after;
    const char sign = after < text_.size() ? text_[after] : '\0';
    if ((sign != '=' && sign != ':') || (!is_secret_name(name) && !is_secret_header(name))) {
      keep_to(end);
      return true;
    }
    ++after;
    while (after < text_.size() && text_[after] == ' ')
      ++after;
    keep_to(after);
    if (sign == ':' && is_secret_header(name)) return remove_to(text_.size()), true;
    value();
    return true;
  }
  void value() {
    if (at_ >= text_.size()) return;
    const char quote = text_[at_];
    if (quote == '"' || quote == '\'') {
      keep_to(at_ + 1);
      std::size_t end = at_;
      while (end < text_.size() && text_[end] != quote)
        end += text_[end] == '\\' ? 2 : 1;
      return remove_to(std::min(end, text_.size()));
    }
    remove_to(std::min(text_.find_first_of(" ,;&\t", at_), text_.size()));
  }

  /// //user:word@host
  bool user_part() {
    if (!starts(at_, "//")) return false;
    const std::size_t end = std::min(text_.find_first_of(" /?#\"'<>", at_ + 2), text_.size());
    const std::size_t mark = text_.substr(0, end).rfind('@');
    keep_to(at_ + 2);
    if (mark != text_.npos && mark > at_) remove_to(mark);
    return true;
  }

  /// a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WORD|2^20 (RFC 4568)
  bool inline_key() {
    constexpr std::string_view kInline = "inline:";
    if (!starts(at_, kInline)) return false;
    keep_to(at_ + kInline.size());
    remove_to(std::min(text_.find_first_of(" \t;", at_), text_.size()));
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string redacted(std::string_view text) {
  std::string out;
  bool in_key = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const bool begins = line.find("-----BEGIN") != line.npos && line.find("PRIVATE KEY") != line.npos;
    if (begins && !in_key) out += std::string(kRemoved) + "\n";
    in_key = in_key || begins;
    if (!in_key) {
      out += Line(line).run();
      if (end < text.size()) out += '\n';
    }
    if (in_key && line.find("-----END") != line.npos) in_key = false;
    at = end + 1;
  }
  return out;
}

}  // namespace dw
