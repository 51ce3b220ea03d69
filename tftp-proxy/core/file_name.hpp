#pragma once
#include <string>
#include <string_view>

#include "sbc/base/result.hpp"

namespace dw::provisioning {

inline constexpr std::size_t kMaxFileName = 255;

/// The name of a file as a phone asks for it, made an opaque key: no leading "/" or "./" (phones send
/// "/mk-sip.jar", "//mk-sip.jar" where the locale has no name, and "./SIP001122334455.cnf"), "/" for "\", no doubled
/// "/", at least one octet. Case stays. Errors: malformed (nothing is left, or it names a directory), too_long (over
/// 255 octets as sent), forbidden: control characters, DEL, octets above 0x7e, a segment that begins with a dot (".."
/// and hidden files), ":" (drive letters, schemes), "\\" in front (a host), a first "@", "?", "#" or "~", a percent
/// escape of something that is refused when plain, and the names of DOS devices (tftp-nat §1.6, cases 6, 8, 71, 72).
/// The error's text is escaped and bounded.
Result<std::string> parse_file_name(std::string_view raw);

/// A parsed name as the path of a URL (RFC 3986 §2.1): everything but unreserved characters and "/" is
/// percent-encoded, so no name can add a query, a fragment, a host or a header line.
std::string url_path(std::string_view file_name);

/// The part behind the last "/".
std::string_view base_name(std::string_view file_name);

}  // namespace dw::provisioning
