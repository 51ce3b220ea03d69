#include "sbc/admin/access.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "sbc/admin/json.hpp"
#include "sbc/admin/reply.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::admin {
namespace {

constexpr std::string_view kCookie = "dropwire_session";
constexpr std::string_view kNoPassword =
    "no password is set on this box: set one with \"dropwire passwd\", or use the dropwire command";

bool reads(const net::HttpExchange& exchange) {
  return exchange.method() == "GET" || exchange.method() == "HEAD";
}

/// From a person or a program on this very machine, and not passed on by a proxy that runs here.
bool is_local(const net::HttpExchange& exchange) {
  if (!exchange.peer().address.is_loopback()) return false;
  const std::array<const char*, 4> passed_on = {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};
  return std::ranges::all_of(passed_on, [&](const char* name) { return exchange.header(name).empty(); });
}

/// Whether a browser says that another site's page made this request: by Sec-Fetch-Site (Fetch Metadata), or by
/// an Origin (RFC 6454) that is not the host that was asked.
bool is_cross_site(const net::HttpExchange& exchange) {
  const std::string site = exchange.header("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none") return true;
  const std::string origin = exchange.header("Origin");
  if (origin.empty()) return false;
  const std::string host = exchange.header("Host");
  return !equal_ignoring_case(origin, "http://" + host) && !equal_ignoring_case(origin, "https://" + host);
}

bool is_json(std::string_view type) {
  return equal_ignoring_case(trim(TextCursor(type).take_until(";")), "application/json");
}

}  // namespace

void Access::use(const Credentials& credentials) {
  if (credentials.password != credentials_.password) sessions_.end_all();
  credentials_ = credentials;
}

Access::Caller Access::caller_of(const net::HttpExchange& exchange) {
  using Kind = Caller::Kind;
  if (exchange.over_unix()) return {Kind::socket, {}};
  const std::string authorization = exchange.header("Authorization");
  if (constexpr std::string_view kBearer = "Bearer "; starts_with_ignoring_case(authorization, kBearer)) {
    const std::string_view token = trim(std::string_view(authorization).substr(kBearer.size()));
    return {is_token(token, credentials_) ? Kind::token : Kind::wrong_token, {}};
  }
  const std::string cookies = exchange.header("Cookie");
  const auto* session = sessions_.find(Clock::now(), cookie_value(cookies, kCookie));
  return session ? Caller{Kind::session, session->csrf} : Caller{};
}

bool Access::admits(net::HttpExchange& exchange, Need need) {
  if (need == Need::nothing) return true;
  if (is_cross_site(exchange)) {
    ++cross_site_;
    exchange.reply(error_reply(403, "another site's page may not ask this"));
    return false;
  }
  const Caller caller = caller_of(exchange);
  if (caller.kind == Caller::Kind::wrong_token) {
    failed(exchange, "token");
    ask_to_log_in(exchange);
    return false;
  }
  if (!caller.known()) {
    if (need == Need::read && is_local(exchange)) return true;
    if (credentials_.password || credentials_.token) {
      ask_to_log_in(exchange);
    } else {
      exchange.reply(error_reply(403, kNoPassword));
    }
    return false;
  }
  note_known(exchange);
  if (caller.kind != Caller::Kind::session || reads(exchange)) return true;
  if (net::equal_in_constant_time(as_bytes(exchange.header("X-CSRF-Token")), as_bytes(caller.csrf))) return true;
  ++cross_site_;
  exchange.reply(error_reply(403, "the request does not show X-CSRF-Token as GET /api/session tells it"));
  return false;
}

void Access::note_known(net::HttpExchange& exchange) {
  if (exchange.over_unix()) return;
  callers_.proved(Clock::now(), exchange.peer().address, Standing::registered, Sessions::kLongest);
  exchange.settle_connection();
}

Standing Access::standing(TimePoint now, const IpAddress& source) const {
  return source.is_loopback() ? Standing::proven : callers_.standing(now, source);
}

std::function<bool()> Access::pass_of(const net::HttpExchange& exchange) {
  const Caller caller = caller_of(exchange);
  if (caller.kind == Caller::Kind::session) {
    return [this, id = std::string(cookie_value(exchange.header("Cookie"), kCookie))] {
      return sessions_.is_alive(Clock::now(), id);
    };
  }
  if (caller.kind == Caller::Kind::token)
    return [this, token = credentials_.token] { return credentials_.token == token; };
  return [] { return true; };
}

void Access::ask_to_log_in(net::HttpExchange& exchange) {
  net::HttpReply reply = error_reply(401, "log in first, or send the token that \"dropwire passwd --token\" made");
  reply.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"dropwire\"");
  exchange.reply(std::move(reply));
}

void Access::failed(const net::HttpExchange& exchange, std::string_view what) {
  ++wrong_;
  failed_log_.warn("event=login_failed peer={} reason=\"wrong {}\"", exchange.peer().address.to_string(), what);
}

void Access::put_off(net::HttpExchange& exchange, Duration wait) {
  ++put_off_;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
  net::HttpReply reply =
      error_reply(429, fmt::format("too many wrong passwords: try again in {}", to_words(seconds)));
  reply.headers.emplace_back("Retry-After", std::to_string(seconds.count()));
  exchange.reply(std::move(reply));
}

void Access::login(const std::shared_ptr<net::HttpExchange>& exchange) {
  if (exchange->method() != "POST") return exchange->reply(wrong_method("POST"));
  if (is_cross_site(*exchange)) {
    ++cross_site_;
    return exchange->reply(error_reply(403, "another site's page may not ask this"));
  }
  if (!is_json(exchange->header("Content-Type")))
    return exchange->reply(error_reply(415, "the body must be application/json"));
  if (!credentials_.password) return exchange->reply(error_reply(403, kNoPassword));
  const auto password = password_in(exchange->body());
  if (!password) return exchange->reply(error_reply(400, "the body is no {\"password\": \"…\"}"));
  const IpAddress source = exchange->peer().address;
  const TimePoint now = Clock::now();
  if (const Duration wait = limit_.wait(now, source); wait != Duration{}) return put_off(*exchange, wait);
  const PasswordHash asked = *credentials_.password;
  const bool taken =
      check_.ask(source, *password, asked, [this, exchange, source, asked](bool right) {
        if (!right || credentials_.password != asked) {  // it may have been changed meanwhile
          limit_.wrong(Clock::now(), source);
          failed(*exchange, "password");
          return exchange->reply(error_reply(401, "wrong password"));
        }
        limit_.right(Clock::now(), source);
        ++logins_;
        note_known(*exchange);
        spdlog::info("event=login peer={}", source.to_string());
        const Sessions::Begun begun = sessions_.begin(Clock::now());
        net::HttpReply reply = json_reply(nlohmann::json{{"csrf", begun.csrf}}.dump());
        reply.headers.emplace_back("Set-Cookie",
                                   fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict", kCookie, begun.id));
        exchange->reply(std::move(reply));
      });
  if (!taken) put_off(*exchange, std::chrono::seconds(1));
}

void Access::logout(net::HttpExchange& exchange) {
  if (exchange.method() != "POST") return exchange.reply(wrong_method("POST"));
  if (!admits(exchange, Need::login)) return;
  const std::string cookies = exchange.header("Cookie");
  sessions_.end(cookie_value(cookies, kCookie));
  net::HttpReply reply = json_reply(nlohmann::json{{"done", true}, {"said", "logged out"}}.dump());
  reply.headers.emplace_back("Set-Cookie",
                             fmt::format("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", kCookie));
  exchange.reply(std::move(reply));
}

void Access::session(net::HttpExchange& exchange) {
  if (!reads(exchange)) return exchange.reply(wrong_method("GET, HEAD"));
  const Caller caller = caller_of(exchange);
  nlohmann::json told = {{"password_set", credentials_.password.has_value()},
                         {"required", !exchange.over_unix() && !is_local(exchange)},
                         {"logged_in", caller.known()},
                         {"csrf", nullptr}};
  if (caller.kind == Caller::Kind::session && !is_cross_site(exchange)) told["csrf"] = caller.csrf;
  exchange.reply(json_reply(told.dump()));
}

void Access::append_metrics(MetricsText& out) const {
  out.gauge("dropwire_admin_sessions", "Browsers that are logged in.", static_cast<double>(sessions_.size()));
  out.counter("dropwire_admin_logins_total", "Logins that succeeded.", logins_);
  out.counter("dropwire_admin_wrong_total", "Passwords and tokens that were wrong.", wrong_);
  out.counter("dropwire_admin_put_off_total", "Logins that were told to come again later.", put_off_);
  out.counter("dropwire_admin_cross_site_total", "Requests that a page of another site made.", cross_site_);
}

}  // namespace dw::admin
