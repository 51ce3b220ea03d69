#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"

namespace dw::net {

/// One HTTP/1.1 request to a device on the LAN that may be hostile; blocks its caller, so it is for the
/// thread pool. Whatever the device does, it takes no more memory than `max_octets` and no more time than
/// `within`. Follows no redirect, keeps no connection, reads no proxy environment.
struct HttpNow {
  std::string url;                        ///< http:// alone
  std::vector<std::string> headers = {};  ///< "SOAPAction: …"
  std::string post = {};                  ///< a body: POST; empty: GET
  std::size_t max_octets = 64 << 10;      ///< of the answer's body, and of its head
  Duration within = std::chrono::seconds(5);
  const std::atomic<bool>* give_up = nullptr;  ///< ends it within a second or so
};
struct HttpNowReply {
  long status = 0;
  std::string body;
};
/// Errc::unavailable (refused, cut short, not HTTP, not within the time), too_long. A status of 4xx or 5xx is
/// no error.
Result<HttpNowReply> http_now(const HttpNow& request);

}  // namespace dw::net
