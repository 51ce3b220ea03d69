#include "sbc/admin/reply.hpp"

#include <fmt/format.h>

#include "sbc/admin/json.hpp"

namespace dw::admin {

net::HttpReply reply_of(unsigned status, std::string type, std::string text, std::string policy) {
  net::HttpReply reply;
  reply.status = status;
  reply.headers = {
      {"Content-Type", std::move(type)},
      {"Cache-Control", "no-store"},
      {"Content-Security-Policy", std::move(policy)},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"}};
  reply.text = std::move(text);
  return reply;
}

net::HttpReply json_reply(std::string text, unsigned status) {
  return reply_of(status, "application/json", std::move(text));
}

net::HttpReply error_reply(unsigned status, std::string_view text) {
  return json_reply(error_json(text), status);
}

net::HttpReply later_reply(std::string_view why, Duration wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
  net::HttpReply reply = error_reply(429, fmt::format("{}: try again in {}", why, to_words(seconds)));
  reply.headers.emplace_back("Retry-After", std::to_string(seconds.count()));
  return reply;
}

net::HttpReply wrong_method(std::string_view allowed) {
  net::HttpReply reply = error_reply(405, fmt::format("only {} here", allowed));
  reply.headers.emplace_back("Allow", allowed);
  return reply;
}

}  // namespace dw::admin
