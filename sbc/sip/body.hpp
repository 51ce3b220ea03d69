#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/result.hpp"
#include "sbc/sip/hidden_hosts.hpp"
#include "sbc/sip/message.hpp"

namespace dw::sip {

inline constexpr unsigned kMaxBodyDepth = 4;  ///< multipart in multipart

/// What becomes of a message's body, wherever in it an SDP stands.
struct BodyRules {
  /// Appends an SDP with other addresses. Its errors are those of rewrite_body().
  std::function<Result<void>(std::string_view sdp, std::string& out)> sdp;
  /// In other text each hidden address is replaced by `own`.
  HiddenHosts hosts;
  std::string own;
  bool written_text = false;  ///< also in text/plain and text/html, where no person has written them
};

/// Rewrites a body by its Content-Type. An SDP is given to `rules.sdp`: application/sdp, and a body of no or another
/// type that begins as an SDP does. So is each such part of multipart/…, at any depth up to kMaxBodyDepth; the
/// Content-Length of the part is corrected. Nothing: the body stays as it came.
/// unsupported: an SDP may be in a content or transfer encoding that is not read (RFC 3261 §8.2.3: 415).
/// malformed, too_long, forbidden: what may contain an SDP can't be read, or contains a hidden host.
Result<std::optional<std::string>> rewrite_body(const Message& m, const BodyRules& rules);

}  // namespace dw::sip
