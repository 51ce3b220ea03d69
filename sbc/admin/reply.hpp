#pragma once
#include <string>
#include <string_view>

#include "sbc/net/http_server.hpp"

namespace dw::admin {

/// The Content-Security-Policy of everything but the page: it runs nothing, and may not be framed.
inline constexpr std::string_view kNothingElse = "default-src 'none'; frame-ancestors 'none'";

/// An answer with all headers that restrict what a browser may do with it.
net::HttpReply reply_of(unsigned status, std::string type, std::string text,
                        std::string policy = std::string(kNothingElse));
net::HttpReply json_reply(std::string text, unsigned status = 200);
net::HttpReply error_reply(unsigned status, std::string_view text);  ///< {"error": text}
/// 429 with Retry-After: "WHY: try again in …".
net::HttpReply later_reply(std::string_view why, Duration wait);
net::HttpReply wrong_method(std::string_view allowed);  ///< 405

}  // namespace dw::admin
