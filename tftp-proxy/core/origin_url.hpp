#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "sbc/base/result.hpp"

namespace dw::provisioning {

/// One place where files come from, as a person writes it: http://host[:port]/[dir/], https://…,
/// tftp://host[:port]/[dir/] (RFC 3617, ";mode=octet" allowed), file:///directory.
struct OriginUrl {
  enum class Scheme { http, https, tftp, file };

  Scheme scheme = Scheme::http;
  std::string userinfo;    ///< "user:password" as written, http and https only; never in a log
  std::string host;        ///< no brackets; empty for file
  std::uint16_t port = 0;  ///< never 0 but for file
  /// http(s): "/" or "/dir/", percent-encoded as written. tftp: "" or "dir/", decoded. file: absolute,
  /// decoded, without a "/" at its end.
  std::string path;

  bool http_family() const { return scheme == Scheme::http || scheme == Scheme::https; }
  /// For logs, metrics and stories: the URL without its user and password.
  std::string label() const;
  /// http(s): the address of one file. The name is data: every octet of it but unreserved characters and "/"
  /// is escaped, so it can't leave the path (RFC 3986 §2.3). Carries the user and password.
  std::string file_url(std::string_view name) const;
  friend bool operator==(const OriginUrl&, const OriginUrl&) = default;
};

std::string_view to_string(OriginUrl::Scheme scheme);

/// Errc::invalid with a sentence for the person who wrote it.
Result<OriginUrl> parse_origin(std::string_view text);

}  // namespace dw::provisioning
