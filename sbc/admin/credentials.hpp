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

/// What is stored of a password.
struct PasswordHash {
  net::ScryptCost cost;
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 32> hash{};
  friend bool operator==(const PasswordHash&, const PasswordHash&) = default;
};

/// The account of a login or a token.
enum class Account : std::uint8_t {
  full,    ///< may see and do everything
  reader,  ///< may see everything and change nothing
};
std::string_view to_string(Account account);  ///< "operator", "reader"

/// Who may use the admin side. Written by `dropwire passwd`, read by the daemon. A file with one entry per line; "#"
/// starts a comment:
///
///     password scrypt 32768 8 1 SALT HASH      n, r, p; 32 and 64 hex digits
///     token sha256 HASH                        64 hex digits
///     reader-password scrypt 32768 8 1 SALT HASH
///     reader-token sha256 HASH
struct Credentials {
  std::optional<PasswordHash> password;
  std::optional<net::Sha256> token;  ///< digest of the token's text
  std::optional<PasswordHash> reader_password;
  std::optional<net::Sha256> reader_token;
  const std::optional<PasswordHash>& password_of(Account account) const {
    return account == Account::reader ? reader_password : password;
  }
  const std::optional<net::Sha256>& token_of(Account account) const {
    return account == Account::reader ? reader_token : token;
  }
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

inline constexpr std::size_t kMinPassword = 8, kMaxPassword = 256;  ///< octets
inline constexpr std::size_t kMaxCredentials = 4096;                ///< octets in the file

/// Errc::malformed with the line that can't be parsed; too_long.
Result<Credentials> parse_credentials(std::string_view text);
std::string to_text(const Credentials& credentials);

/// Errc::invalid for a password that is too short, too long, or has control characters.
Result<void> check_password(std::string_view password);
/// With a new salt. Errc::invalid as check_password.
Result<PasswordHash> hash_password(std::string_view password, const net::ScryptCost& cost = {});
/// Takes as long as hash_password: not for the loop's thread.
bool is_password(std::string_view password, const PasswordHash& hash);

/// 256 random bits as 64 hex digits.
std::string new_token();
/// The account of the token; nothing if it is not valid.
std::optional<Account> account_of_token(std::string_view token, const Credentials& credentials);

/// Empty credentials if the file does not exist. Errc::system, malformed, too_long with the path.
Result<Credentials> read_credentials(const std::string& path);

}  // namespace dw::admin
