#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"
#include "sbc/net/digest.hpp"
#include "sbc/net/scrypt.hpp"

namespace dw::admin {

/// What is kept of the password.
struct PasswordHash {
  net::ScryptCost cost;
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 32> hash{};
  friend bool operator==(const PasswordHash&, const PasswordHash&) = default;
};

/// Who may change something through the admin side: `dropwire passwd` makes it, the daemon reads it. As a
/// file, one line each, "#" begins a comment:
///
///     password scrypt 32768 8 1 SALT HASH      n, r, p; 32 and 64 hex digits
///     token sha256 HASH                        64 hex digits
struct Credentials {
  std::optional<PasswordHash> password;
  std::optional<net::Sha256> token;  ///< of the token as text
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

inline constexpr std::size_t kMinPassword = 8, kMaxPassword = 256;  ///< octets
inline constexpr std::size_t kMaxCredentials = 4096;                ///< octets of the file

/// Errc::malformed with the line that makes no sense; too_long.
Result<Credentials> parse_credentials(std::string_view text);
std::string to_text(const Credentials& credentials);

/// Errc::invalid for one that is too short, too long, or has control characters.
Result<void> check_password(std::string_view password);
/// With a fresh salt. Errc::invalid as check_password.
Result<PasswordHash> hash_password(std::string_view password, const net::ScryptCost& cost = {});
/// Computes as long as hash_password does: not on the loop's thread.
bool is_password(std::string_view password, const PasswordHash& hash);

/// 256 random bits as 64 hex digits.
std::string new_token();
bool is_token(std::string_view token, const Credentials& credentials);

/// Empty ones when there is no such file. Errc::system, malformed, too_long with the path.
Result<Credentials> read_credentials(const std::string& path);

}  // namespace dw::admin
