#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dw {

/// A set of octets, as a table for fast lookup.
class OctetSet {
 public:
  constexpr explicit OctetSet(std::string_view octets) {
    for (const char c : octets)
      has_[static_cast<std::uint8_t>(c)] = true;
  }
  constexpr bool has(char c) const { return has_[static_cast<std::uint8_t>(c)]; }
  /// Index of the first (last) octet of `text` that is (not) in the set; npos if there is none.
  constexpr std::size_t first_in(std::string_view text) const { return first(text, true); }
  constexpr std::size_t first_not_in(std::string_view text) const { return first(text, false); }
  constexpr std::size_t last_in(std::string_view text) const { return last(text, true); }
  constexpr std::size_t last_not_in(std::string_view text) const { return last(text, false); }

 private:
  constexpr std::size_t first(std::string_view text, bool in) const {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (has(text[i]) == in) return i;
    }
    return text.npos;
  }
  constexpr std::size_t last(std::string_view text, bool in) const {
    for (std::size_t i = text.size(); i != 0; --i) {
      if (has(text[i - 1]) == in) return i - 1;
    }
    return text.npos;
  }
  std::array<bool, 256> has_{};
};

/// Reads untrusted text without copying it. Every `take_…` consumes what it returns; nothing reads past the end. Works
/// on octets: bytes above 0x7f are neither letters, digits nor blanks.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : all_(text), left_(text) {}

  bool at_end() const { return left_.empty(); }
  std::size_t offset() const { return all_.size() - left_.size(); }
  std::string_view rest() const { return left_; }
  char peek() const { return left_.empty() ? '\0' : left_.front(); }

  bool skip_char(char c) {
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  bool skip_text(std::string_view t);
  void skip_blanks();  ///< spaces and tabs
  void skip_lws();     ///< spaces, tabs, CR and LF: blanks in a field that may be folded
  /// Up to, but without, the first of `stops`, or all that is left. The stop is not consumed.
  std::string_view take_until(std::string_view stops);
  std::string_view take_until(const OctetSet& stops);
  /// Up to the next blank.
  std::string_view take_token();
  /// One line without its CR LF, LF or CR; the line end is consumed.
  std::string_view take_line();
  /// A decimal number; nothing, with nothing consumed, when there is no digit or the number exceeds `max`.
  std::optional<std::uint64_t> take_number(std::uint64_t max);

 private:
  std::string_view all_;
  std::string_view left_;
};

/// The index in `whole` where `part`, a view into it, begins.
std::size_t offset_in(std::string_view whole, std::string_view part);
std::string_view trim(std::string_view text);  ///< removes blanks, CR and LF from both ends
/// The whole text as a decimal number of at most `max`: no sign, blanks or prefix.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max);
/// ASCII only, independent of the locale.
inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool equal_ignoring_case(std::string_view a, std::string_view b);
bool ends_with_ignoring_case(std::string_view text, std::string_view end);
bool starts_with_ignoring_case(std::string_view text, std::string_view start);
bool contains_ignoring_case(std::string_view text, std::string_view part);

}  // namespace dw
