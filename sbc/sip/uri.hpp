#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/result.hpp"

namespace dw::sip {

/// One parameter of a list "name[=value]": `value` without the blanks around it, with its quotes if it has
/// some.
struct Param {
  std::string_view name, value;
  bool has_value = false;
  std::string_view text;  ///< all of it, from its name to its value's end
};

/// Walks ";a=b;c" (RFC 3261 §25.1: SEMI param): blanks, folds and quoted strings as they come. Nothing at the
/// end and where the text is no parameter; `well_formed` says which.
class Params {
 public:
  explicit Params(std::string_view text) : left_(text) {}
  std::optional<Param> next();
  bool well_formed() const { return well_formed_; }

 private:
  std::string_view left_;
  bool well_formed_ = true;
};
/// The first one of that name, in any case.
std::optional<Param> find_param(std::string_view params, std::string_view name);

/// A SIP or SIPS URI as views into its text (RFC 3261 §19.1), or another URI of which only the scheme is
/// read.
struct Uri {
  enum class Scheme : std::uint8_t { sip, sips, other };
  Scheme scheme = Scheme::other;
  std::string_view text;  ///< all of it
  std::string_view scheme_text;
  std::string_view user;       ///< with its password and escapes, without "@"; of tel: the number; empty: none
  std::string_view host_port;  ///< "pbx.example.net:5060", "[2001:db8::1]"
  std::string_view host;       ///< IPv6 literals in brackets
  std::optional<std::uint16_t> port;
  std::string_view params;   ///< from the first ";" on; empty: none
  std::string_view headers;  ///< from "?" on; empty: none

  bool is_sip() const { return scheme != Scheme::other; }
  /// tel: and urn: name whom a request is for as well (RFC 3966, RFC 5031); which way, the central server knows.
  bool is_routable() const;
  std::string_view tail() const;  ///< host, port and parameters: what follows "@", without headers
};
inline constexpr std::size_t kMaxUri = 1024;  ///< octets; phones take 512 (sip-sbc §2.6)

/// Errc::malformed for what is no URI, too_long past kMaxUri.
Result<Uri> parse_uri(std::string_view text);

/// The parameters of a SIP URI that say where the hop that gets it sends it, and by what (RFC 3261 §19.1.1); each
/// with its semicolon. No other hop may see them.
std::vector<std::string_view> hop_params(const Uri& uri);
/// The same address of record or contact spelled in another case of scheme and host, or with escapes that its user does
/// not need.
std::string uri_identity(std::string_view uri);

/// A URI's user, with the escapes of octets that need none written out: "%31" is "1" (RFC 3261 §19.1.4). Users are
/// compared, reported and counted so; what is sent on has them as they came.
std::string plain_user(std::string_view user);
bool is_same_user(std::string_view a, std::string_view b);
/// The key by which a user is found and counted: plain_user() in lower case, as some servers ignore case.
std::string user_key(std::string_view user);

/// A host name, an IPv4 address or an IPv6 address in brackets.
bool is_host(std::string_view text);
/// A host as SIP writes it is that address: "192.0.2.1", "[2001:db8::1]", "2001:db8::1".
bool names_address(std::string_view host, const IpAddress& address);

/// name-addr or addr-spec with the header's parameters (RFC 3261 §20.10): a value of Contact, From, To,
/// Route….
struct NameAddr {
  std::string_view text;     ///< all of it
  std::string_view display;  ///< as it stands, with quotes; empty: none
  std::string_view uri;      ///< between "<" and ">", or the bare addr-spec
  std::string_view params;   ///< of the header, from the first ";" on
  bool bracketed = false;
  bool star = false;  ///< Contact: *
};
/// Errc::malformed; without brackets, what follows ";" is the header's (RFC 3261 §20).
Result<NameAddr> parse_name_addr(std::string_view text);

/// Takes the next of the comma-separated values of a field; commas within quotes and brackets don't separate.
/// Nothing at the end. Blanks around it are left out; an empty value is returned as an empty view.
std::optional<std::string_view> next_value(std::string_view& left);

}  // namespace dw::sip
