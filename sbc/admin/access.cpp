#include "sbc/admin/access.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sbc/admin/json.hpp"
#include "sbc/admin/reply.hpp"
#include "sbc/admin/request_checks.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::admin {
namespace {

constexpr std::string_view kCookie = "dropwire_session";
constexpr std::string_view kNoPassword =
    "no password is set on this box: set one with \"dropwire passwd\", or use the dropwire command";

}  // namespace

void Access::use(const Credentials& credentials) {
  for (const Account account : {Account::full, Account::reader}) {
    if (credentials.password_of(account) != credentials_.password_of(account)) sessions_.end_all(account);
  }
  credentials_ = credentials;
}

Access::Caller Access::caller_of(const net::HttpExchange& exchange) {
  using Kind = Caller::Kind;
  if (exchange.over_unix()) return {Kind::socket, {}};
  const std::string authorization = exchange.header("Authorization");
  if (constexpr std::string_view kBearer = "Bearer "; starts_with_ignoring_case(authorization, kBearer)) {
    const std::string_view token = trim(std::string_view(authorization).substr(kBearer.size()));
    const auto account = account_of_token(token, credentials_);
    return {account ? Kind::token : Kind::wrong_token, {}, account.value_or(Account::full)};
  }
  const std::string cookies = exchange.header("Cookie");
  const auto* session = sessions_.find(Clock::now(), cookie_value(cookies, kCookie));
  return session ? Caller{Kind::session, session->csrf, session->account} : Caller{};
}

bool Access::admits(net::HttpExchange& exchange, Need need) {
  if (need == Need::nothing) return true;
  if (need == Need::socket && !exchange.over_unix()) {
    // A client that may not even read does not learn what exists.
    if (admits(exchange, Need::read)) exchange.reply(error_reply(403, "only over the control socket (admin.socket)"));
    return false;
  }
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
    if (credentials_.password || credentials_.token || credentials_.reader_password || credentials_.reader_token) {
      ask_to_log_in(exchange);
    } else {
      exchange.reply(error_reply(403, kNoPassword));
    }
    return false;
  }
  note_known(exchange);
  if (need == Need::act && caller.account == Account::reader) {
    exchange.reply(error_reply(403, "this account only reads: log in as operator to change something"));
    return false;
  }
  if (caller.kind != Caller::Kind::session || reads(exchange)) return true;
  if (net::equal_in_constant_time(as_bytes(exchange.header("X-CSRF-Token")), as_bytes(caller.csrf))) return true;
  ++cross_site_;
  exchange.reply(error_reply(403, "X-CSRF-Token is missing or wrong: GET /api/session returns the right one"));
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
    return [this, account = caller.account, token = credentials_.token_of(caller.account)] {
      return credentials_.token_of(account) == token;
    };
  return [] { return true; };
}

std::string Access::who(const net::HttpExchange& exchange) {
  const Caller caller = caller_of(exchange);
  if (caller.kind == Caller::Kind::socket) return "control socket";
  return fmt::format("{} at {}", caller.known() ? to_string(caller.account) : "nobody",
                     exchange.peer().address.to_string());
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
  exchange.reply(later_reply("too many wrong passwords", wait));
}

void Access::login(const std::shared_ptr<net::HttpExchange>& exchange) {
  if (exchange->method() != "POST") return exchange->reply(wrong_method("POST"));
  if (is_cross_site(*exchange)) {
    ++cross_site_;
    return exchange->reply(error_reply(403, "another site's page may not ask this"));
  }
  if (!is_json(*exchange)) return exchange->reply(error_reply(415, "the body must be application/json"));
  if (!credentials_.password && !credentials_.reader_password) return exchange->reply(error_reply(403, kNoPassword));
  const auto shown = login_in(exchange->body());
  if (!shown)
    return exchange->reply(
        error_reply(400, "the body is no {\"password\": \"…\"}, with \"account\": \"operator\" or \"reader\""));
  prove(exchange, *shown, [this, exchange, account = shown->account] {
    ++logins_;
    spdlog::info("event=login peer={} account={}", exchange->peer().address.to_string(), to_string(account));
    let_in(*exchange, account, nlohmann::json::object());
  });
}

void Access::prove(const std::shared_ptr<net::HttpExchange>& exchange, const Login& shown,
                   std::function<void()> right) {
  const Account account = shown.account;
  if (!credentials_.password_of(account))
    return exchange->reply(
        error_reply(403, fmt::format("the account \"{}\" has no password on this box", to_string(account))));
  const IpAddress source = exchange->peer().address;
  const TimePoint now = Clock::now();
  if (const Duration wait = limit_.wait(now, source); wait != Duration{}) return put_off(*exchange, wait);
  const PasswordHash asked = *credentials_.password_of(account);
  const bool taken = check_.ask(
      source, shown.password, asked, [this, exchange, source, asked, account, right = std::move(right)](bool is_right) {
        if (!is_right || credentials_.password_of(account) != asked) {  // it may have changed meanwhile
          limit_.wrong(Clock::now(), source);
          failed(*exchange, "password");
          return exchange->reply(error_reply(401, "wrong password"));
        }
        limit_.right(Clock::now(), source);
        right();
      });
  if (!taken) put_off(*exchange, std::chrono::seconds(1));
}

void Access::let_in(net::HttpExchange& exchange, Account account, nlohmann::json answer) {
  note_known(exchange);
  const Sessions::Begun begun = sessions_.begin(Clock::now(), account);
  answer["csrf"] = begun.csrf;
  net::HttpReply reply = json_reply(answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  reply.headers.emplace_back("Set-Cookie", fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict", kCookie, begun.id));
  exchange.reply(std::move(reply));
}

void Access::logout(net::HttpExchange& exchange) {
  if (exchange.method() != "POST") return exchange.reply(wrong_method("POST"));
  if (!admits(exchange, Need::login)) return;
  const std::string cookies = exchange.header("Cookie");
  sessions_.end(cookie_value(cookies, kCookie));
  net::HttpReply reply = json_reply(nlohmann::json{{"done", true}, {"said", "logged out"}}.dump());
  reply.headers.emplace_back("Set-Cookie", fmt::format("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", kCookie));
  exchange.reply(std::move(reply));
}

void Access::session(net::HttpExchange& exchange, bool claim_open) {
  if (!reads(exchange)) return exchange.reply(wrong_method("GET, HEAD"));
  const Caller caller = caller_of(exchange);
  nlohmann::json state = {
      {"password_set", credentials_.password.has_value() || credentials_.reader_password.has_value()},
      {"reader_set", credentials_.reader_password.has_value()},
      {"account", caller.known() ? nlohmann::json(to_string(caller.account)) : nlohmann::json()},
      {"required", !exchange.over_unix() && !is_local(exchange)},
      {"logged_in", caller.known()},
      {"claim_open", claim_open && !credentials_.password},
      {"csrf", nullptr}};
  if (caller.kind == Caller::Kind::session && !is_cross_site(exchange)) state["csrf"] = caller.csrf;
  exchange.reply(json_reply(state.dump()));
}

void Access::append_metrics(MetricsText& out) const {
  out.gauge("dropwire_admin_sessions", "Browsers that are logged in.", static_cast<double>(sessions_.size()));
  out.counter("dropwire_admin_logins_total", "Logins that succeeded.", logins_);
  out.counter("dropwire_admin_wrong_total", "Passwords and tokens that were wrong.", wrong_);
  out.counter("dropwire_admin_put_off_total", "Logins that were asked to come back later.", put_off_);
  out.counter("dropwire_admin_cross_site_total", "Requests that a page of another site made.", cross_site_);
}

}  // namespace dw::admin
