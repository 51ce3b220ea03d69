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
  firmware,  ///< the name carries the version: kept, and asked for again only when FetchLimits::revalidate has passed
  resource,  ///< ring tones, wallpapers, locales: as `live` where the origin gives validators, else as `firmware`
  live,      ///< asked each time (If-None-Match, If-Modified-Since), the kept copy served while no origin can be
             ///< had
  never,     ///< not fetched and not served: trust lists of a server whose configs are rewritten
};
std::string_view to_string(CacheClass c);

/// `termNN.default.loads`, which is a new file under an old name with each firmware, is live, as all is that has no
/// class of its own.
CacheClass cache_class(std::string_view name, bool drop_trust_lists);
/// Firmware and resources: the same octets for many phones, worth keeping and fetching ahead.
inline bool is_common(CacheClass c) {
  return c == CacheClass::firmware || c == CacheClass::resource;
}

/// How long "no such file" is believed: `longest`, and 2 s at most for a device's own config, which a person may
/// just be making.
Duration negative_ttl(std::string_view name, Duration longest);

/// What a final HTTP status means for a file.
enum class HttpMeaning { found, unchanged, not_found, forbidden, unavailable };
struct HttpVerdict {
  HttpMeaning meaning{};
  std::string why;  ///< for a person; empty when found
};
/// With 4xx and 5xx the status speaks, so an outage with a pretty page is no missing file. A redirect is never
/// followed.
HttpVerdict judge_http(long status);

/// Does the body begin as an HTML page does? Nothing while `start` is too short to decide.
std::optional<bool> begins_as_html(Bytes start);
inline constexpr std::size_t kHtmlProbe = 512;  ///< octets; enough to decide
/// Is the body (2xx) a page that says that there is no such file? Its octets decide. Servers say text/html of endings
/// that they do not know (Twisted) or where nobody set a type (PHP); where they do, a page may also begin with another
/// element than <html>, and bare text is no XML and no firmware. Nothing while `start` is too short to decide.
std::optional<bool> is_html_page(Bytes start, bool said_html, std::string_view name);
/// A list of all configs that a server has (CUCM's ConfigFileCacheList.txt and the like), however it is spelt. No phone
/// asks for one; who guesses names does.
bool is_server_list(std::string_view name);
bool says_html(std::string_view content_type);
bool may_be_html(std::string_view name);  ///< .html, .htm

/// Which of the failures of several origins a phone gets. Not found only when nothing stood in the way of
/// knowing: an origin that could not be asked may have the file. One that never answered since it was configured
/// (a port that the server does not have) has no vote where another one answers, and is left out of the words.
class Findings {
 public:
  /// `votes`: the origin has answered at some time.
  void add(const Error& error, bool votes = true);
  /// The origin was left alone: it is down.
  void add_unasked(std::string_view origin, std::string_view last_error, bool votes = true);
  Error verdict() const;

 private:
  std::string text_, silent_text_;  // of those that vote, and of the others
  bool answered_ = false, outage_ = false, forbidden_ = false, too_long_ = false;
};

}  // namespace dw::provisioning
