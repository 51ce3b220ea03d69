#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"

namespace dw::net {

/// One HTTP/1.1 request to a device on the LAN that may be hostile. Blocks its caller, so it belongs on the thread
/// pool. Whatever the device does, it takes no more memory than `max_octets` and no more time than `within`. Follows no
/// redirects, keeps no connection, ignores proxy variables.
struct HttpNow {
  std::string url;                        ///< http:// only
  std::vector<std::string> headers = {};  ///< "SOAPAction: …"
  std::string post = {};                  ///< the body of a POST; empty: GET
  std::size_t max_octets = 64 << 10;      ///< limit for the answer's body, and for its head
  Duration within = std::chrono::seconds(5);
  const std::atomic<bool>* give_up = nullptr;  ///< ends it within about a second
};
struct HttpNowReply {
  long status = 0;
  std::string body;
};
/// Errc::unavailable (refused, cut short, not HTTP, too slow), too_long. A status of 4xx or 5xx is no error.
Result<HttpNowReply> http_now(const HttpNow& request);

}  // namespace dw::net
