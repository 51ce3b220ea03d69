#include "sbc/admin/request_checks.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/text_cursor.hpp"

namespace dw::admin {

bool reads(const net::HttpExchange& exchange) {
  return exchange.method() == "GET" || exchange.method() == "HEAD";
}

bool is_passed_on(const net::HttpExchange& exchange) {
  constexpr std::array<const char*, 4> kNames = {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};
  return std::ranges::any_of(kNames, [&](const char* name) { return !exchange.header(name).empty(); });
}

bool is_local(const net::HttpExchange& exchange) {
  return exchange.peer().address.is_loopback() && !is_passed_on(exchange);
}

bool is_cross_site(const net::HttpExchange& exchange) {
  const std::string site = exchange.header("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none") return true;
  const std::string origin = exchange.header("Origin");
  if (origin.empty()) return false;
  const std::string host = exchange.header("Host");
  return !equal_ignoring_case(origin, "http://" + host) && !equal_ignoring_case(origin, "https://" + host);
}

bool is_json(const net::HttpExchange& exchange) {
  const std::string type = exchange.header("Content-Type");
  return equal_ignoring_case(trim(TextCursor(type).take_until(";")), "application/json");
}

}  // namespace dw::admin
