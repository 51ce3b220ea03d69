#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"

namespace dw::provisioning {

/// How long an origin's octets are good (cisco-provisioning §6).
enum class CacheClass {
  immutable,  ///< the name carries the version, or the octets never change under it: kept, never asked again
  live,   ///< asked each time (If-None-Match, If-Modified-Since), the kept copy served while no origin can be
          ///< had
  never,  ///< not fetched and not served: trust lists of a server whose configs are rewritten
};
std::string_view to_string(CacheClass c);

/// Firmware, ring tones, wallpapers and locale files are immutable; `termNN.default.loads`, which is a new
/// file under an old name with each firmware, and everything else is live.
CacheClass cache_class(std::string_view name, bool drop_trust_lists);

/// How long "no such file" is believed: `longest`, and 2 s at most for a device's own config, which a person may
/// just be making.
Duration negative_ttl(std::string_view name, Duration longest);

/// What a final HTTP status means for a file.
enum class HttpMeaning { found, unchanged, not_found, forbidden, unavailable };
struct HttpVerdict {
  HttpMeaning meaning{};
  std::string why;  ///< for a person; empty when found
};
/// A page of HTML that claims to be the file (2xx) is "not found"; with 4xx and 5xx the status speaks, so an
/// outage with a pretty page is no missing file. A redirect is never followed.
HttpVerdict judge_http(long status, std::string_view content_type, std::string_view name);

/// Does the body begin as an HTML page does? Nothing while `start` is too short to tell.
std::optional<bool> begins_as_html(Bytes start);
inline constexpr std::size_t kHtmlProbe = 512;  ///< octets; by then it is told
bool may_be_html(std::string_view name);        ///< .html, .htm

/// Which of the failures of several origins a phone is told. Not found only when nothing stood in the way of
/// knowing: an origin that could not be asked may have the file.
class Findings {
 public:
  void add(Error error);
  /// The origin was left alone: it is down.
  void add_unasked(std::string_view origin, std::string_view last_error);
  bool empty() const { return text_.empty(); }
  bool outage() const { return outage_; }  ///< a kept copy may stand in
  Error verdict() const;

 private:
  std::string text_;
  bool outage_ = false, forbidden_ = false, too_long_ = false;
};

}  // namespace dw::provisioning
