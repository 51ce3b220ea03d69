#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dw::provisioning {

/// What may keep a phone from the password of one of its SIP lines. Never the password itself.
struct PasswordDoubt {
  static constexpr std::size_t kMaxTaken = 30;  ///< characters that a phone takes (cisco-provisioning §3.2)

  enum class Why : std::uint8_t {
    too_long,
    bare_markup,    ///< & or < in XML that is not written as an entity
    escaped_twice,  ///< &amp;amp; or an entity in CDATA: the phone sends "&amp;"
    escaped_text,   ///< an entity in a text file, which is no XML: likewise
  };
  std::uint32_t line = 0;  ///< from 1; 0: not known
  Why why{};
  std::size_t characters = 0;
  friend bool operator==(const PasswordDoubt&, const PasswordDoubt&) = default;
};
/// "line 1 has 34 characters, and a phone takes 30"
std::string to_string(const PasswordDoubt& doubt);

/// How it stands in the file.
enum class Spelling : std::uint8_t { xml, cdata, text };
/// `spelt`: the password's octets in the file.
std::optional<PasswordDoubt> doubt_of(std::uint32_t line, std::string_view spelt, Spelling spelling);
/// XML that does not parse: the password in which it breaks, when it breaks in one. `offset`: where it does.
std::optional<PasswordDoubt> broken_password(std::string_view xml, std::size_t offset);

}  // namespace dw::provisioning
