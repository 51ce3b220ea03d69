#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/result.hpp"

namespace dw::provisioning {

/// One place where files come from, as a person writes it: http://host[:port]/[dir/], https://…,
/// tftp://host[:port]/[dir/] (RFC 3617, ";mode=octet" allowed), file:///directory.
///
/// Where files do not lie below a folder by their names, http, https and tftp take placeholders in the path, and http
/// and https in a query: {file} (the name, folders and all), {base} (its last part), {mac} (the twelve digits in the
/// name of a device's own file). One of the first two is in it. Behind "#" may stand which files are asked for there,
/// as patterns with "*", without regard to case: http://pbx/ringtones/{base}#*.raw,*.rwb
struct OriginUrl {
  enum class Scheme { http, https, tftp, file };

  Scheme scheme = Scheme::http;
  std::string userinfo;    ///< "user:password" as written, http and https only; never in a log
  std::string host;        ///< no brackets; empty for file
  std::uint16_t port = 0;  ///< never 0 but for file
  /// http(s): "/" or "/dir/", percent-encoded as written. tftp: "" or "dir/", decoded. file: absolute,
  /// decoded, without a "/" at its end. With placeholders: as written (tftp: decoded), and no "/" is put behind it.
  std::string path;
  std::string query;  ///< as written, without "?"; only with placeholders
  bool has_placeholders = false;
  std::vector<std::string> only;  ///< patterns of the names that it is asked for; empty: all

  static constexpr std::size_t kMaxPatterns = 32;

  /// False: this origin has nothing to say of that name, neither yes nor no.
  bool covers(std::string_view name) const;
  /// tftp: the name that is asked there.
  std::string remote_name(std::string_view name) const;
  bool http_family() const { return scheme == Scheme::http || scheme == Scheme::https; }
  /// For logs, metrics and stories: the URL without its user and password; of a query the placeholders and the names.
  std::string label() const;
  /// http(s): the address of one file. The name is data: every octet of it but unreserved characters and "/"
  /// is escaped, and in a query "/" too, so it can't leave the path or the value (RFC 3986 §2.3). Carries the user and
  /// password.
  std::string file_url(std::string_view name) const;
  friend bool operator==(const OriginUrl&, const OriginUrl&) = default;

 private:
  std::string place() const;
};

std::string_view to_string(OriginUrl::Scheme scheme);

/// Errc::invalid with a sentence for the person who wrote it.
Result<OriginUrl> parse_origin(std::string_view text);

}  // namespace dw::provisioning
