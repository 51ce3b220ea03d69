#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace dw::sip {

/// One parameter of a challenge or of credentials (RFC 3261 §25.1 auth-param).
struct AuthParam {
  std::string_view name;
  std::string_view value;  ///< without its quotes, escapes as they stand
};
/// Walks a value of WWW-Authenticate, Authorization and their like: its schemes are skipped, so that several challenges
/// in one field are one list. Ends where the text makes no sense.
class AuthParams {
 public:
  explicit AuthParams(std::string_view value) : left_(value) {}
  std::optional<AuthParam> next();

 private:
  std::string_view left_;
};
/// The first one of that name, in any case; empty: none.
std::string_view auth_param(std::string_view value, std::string_view name);

/// A challenge's `qop` without auth-int, which no phone can satisfy as bodies are changed here. Nothing: it has no
/// auth-int, or nothing else.
std::optional<std::string> without_auth_int(std::string_view qop);
bool offers_auth_int(std::string_view qop);

}  // namespace dw::sip
