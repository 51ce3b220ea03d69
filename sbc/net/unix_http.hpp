#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"

namespace dw::net {

/// One HTTP/1.1 request over a Unix socket, for commands that talk to a running daemon. Blocks the caller; the daemon
/// itself never uses it.
struct UnixHttpRequest {
  std::string socket;                            ///< path
  std::string method = "GET";                    ///< GET or POST
  std::string target;                            ///< "/api/status", percent-encoded
  std::uint64_t max_octets = 64 << 20;           ///< of the answer's body
  Duration timeout = std::chrono::seconds(120);  ///< for silence
  /// If set, the body of a 200 is passed here piece by piece, with the Content-Length if there is one, and not stored
  /// in the reply. Returning false aborts.
  std::function<bool(Bytes piece, std::optional<std::uint64_t> length)> on_octets = {};
};

struct UnixHttpReply {
  long status = 0;
  std::string body;
};

/// Errc::not_found: nobody listens there (no socket, or that of a dead process); forbidden: no permission; unavailable:
/// cut short, or timed out; too_long; exhausted: on_octets aborted.
Result<UnixHttpReply> unix_http(const UnixHttpRequest& request);

}  // namespace dw::net
