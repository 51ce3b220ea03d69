#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace dw {

/// Walks untrusted text without copying it. Every `take_…` consumes what it returns; nothing reads past the
/// end. Works on octets: bytes above 0x7f are neither letters, digits nor blanks.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : all_(text), left_(text) {}

  bool at_end() const { return left_.empty(); }
  std::size_t offset() const { return all_.size() - left_.size(); }
  std::string_view rest() const { return left_; }
  char peek() const { return left_.empty() ? '\0' : left_.front(); }

  bool skip_char(char c);
  bool skip_text(std::string_view t);
  void skip_blanks();  ///< spaces and tabs
  void skip_lws();     ///< spaces, tabs, CR and LF: blanks of a field that may be folded
  /// Up to (without) the first of `stops`, or all that is left; the stop itself stays.
  std::string_view take_until(std::string_view stops);
  /// Up to the next blank.
  std::string_view take_token();
  /// One line without its CR LF, LF or CR; the line end is consumed.
  std::string_view take_line();
  /// Decimal digits as a number; nothing, and nothing consumed, when there is no digit or it exceeds `max`.
  std::optional<std::uint64_t> take_number(std::uint64_t max);

 private:
  std::string_view all_;
  std::string_view left_;
};

/// Where `part`, a view into `whole`, begins in it.
std::size_t offset_in(std::string_view whole, std::string_view part);
std::string_view trim(std::string_view text);  ///< blanks, CR and LF off both ends
/// The whole text as a decimal number at most `max`: no sign, no blanks, no prefix.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max);
/// ASCII only, independent of the locale.
char lower(char c);
bool equal_ignoring_case(std::string_view a, std::string_view b);
bool ends_with_ignoring_case(std::string_view text, std::string_view end);
bool starts_with_ignoring_case(std::string_view text, std::string_view start);

}  // namespace dw
