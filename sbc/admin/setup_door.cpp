#include "sbc/admin/setup_door.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "sbc/admin/json.hpp"
#include "sbc/admin/network_json.hpp"
#include "sbc/admin/reply.hpp"
#include "sbc/admin/request_checks.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"

namespace dw::admin {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxTyped = 512;  // octets in each value sent

/// The JSON object in a body; nothing if there is none, or if a text in it is too long.
std::optional<Json> object_in(std::string_view body) {
  Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  for (const Json& value : json) {
    if (value.is_string() && value.get_ref<const std::string&>().size() > kMaxTyped) return std::nullopt;
  }
  return json;
}

std::string text_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<std::string> central_host(std::string_view typed) {
  std::string_view text = trim(typed);
  if (const auto scheme = text.find("://"); scheme != text.npos) {
    text.remove_prefix(scheme + 3);
    text = text.substr(0, text.find_first_of("/?#"));
    if (const auto user = text.rfind('@'); user != text.npos) text.remove_prefix(user + 1);
    const auto named = HostPort::parse(text);
    if (!named) return fail(Errc::invalid, "this is not the name or the address of a server");
    return named->host;  // the port belongs to one protocol's server, not to all
  }
  while (text.ends_with('/'))
    text.remove_suffix(1);
  if (text.empty()) return std::string();
  const auto named = HostPort::parse(text);
  if (!named) return fail(Errc::invalid, "this is not the name or the address of a server");
  if (named->port != 0) return fail(Errc::invalid, fmt::format("leave out the port: only {}", named->host));
  return named->host;
}

SetupDoor::SetupDoor(net::Loop& loop, Access& access, Setup setup)
    : loop_(loop), access_(access), setup_(std::move(setup)) {}

bool SetupDoor::is_at(std::string_view path) {
  return path == "/api/claim" || path == "/api/claim/try" || path == "/api/settings" || path == "/api/settings/try" ||
         path == "/api/settings/password" || path == "/api/restart";
}

bool SetupDoor::claim_open() const {
  return setup_.claim && setup_.claim->is_open(Clock::now());
}

void SetupDoor::handle(const Exchange& exchange, std::string_view path) {
  const bool post = exchange->method() == "POST";
  if (path == "/api/claim" && reads(*exchange)) return reply_claim(*exchange);
  if (path == "/api/settings" && reads(*exchange)) {
    if (access_.admits(*exchange, Need::login)) reply_settings(*exchange);
    return;
  }
  if (!post)
    return exchange->reply(wrong_method(path == "/api/claim" || path == "/api/settings" ? "GET, HEAD, POST" : "POST"));
  if (path == "/api/claim") return claim(exchange, false);
  if (path == "/api/claim/try") return claim(exchange, true);
  if (!access_.admits(*exchange, Need::act)) return;
  if (path == "/api/settings") return change(exchange);
  if (path == "/api/settings/password") return change_password(exchange);
  if (path == "/api/restart") {
    spdlog::info("event=operator_action action=restart_box by=\"{}\"", access_.who(*exchange));
    const Outcome outcome = setup_.restart();
    return exchange->reply(json_reply(outcome_json(outcome), outcome.status));
  }
  const auto object = object_in(exchange->body());
  if (!object) return exchange->reply(error_reply(400, "the body is no {\"central\": \"…\"}"));
  try_central(exchange, text_in(*object, "central"));
}

/// Only clients on this machine, with the right to use the control socket, get the code.
void SetupDoor::reply_claim(net::HttpExchange& exchange) const {
  if (!exchange.over_unix()) return exchange.reply(error_reply(403, "only over the control socket (admin.socket)"));
  const bool open = claim_open();
  Json state = {{"open", open},
                {"code", nullptr},
                {"until", nullptr},
                {"addresses", setup_.addresses ? setup_.addresses() : std::vector<std::string>()}};
  if (open) {
    state["code"] = setup_.claim->shown();
    state["until"] =
        to_rfc3339(wall_now() + std::chrono::floor<std::chrono::milliseconds>(setup_.claim->until() - Clock::now()));
  }
  exchange.reply(json_reply(dumped(state)));
}

void SetupDoor::reply_settings(net::HttpExchange& exchange) const {
  const PageSettings now = setup_.settings();
  const auto one = [](const PageSettings::One& s) {
    return Json{{"value", s.value}, {"from", s.from}, {"fixed", s.fixed}};
  };
  exchange.reply(json_reply(dumped({{"central", one(now.central)},
                                    {"port_mapping", one(now.port_mapping)},
                                    {"running_port_mapping", now.running_port_mapping},
                                    {"needs_restart", now.needs_restart},
                                    {"can_restart", now.can_restart}})));
}

/// Whether this request may claim the box; if not, it has been answered. It must come from the box's network, with the
/// code.
bool SetupDoor::may_claim(net::HttpExchange& exchange, std::string_view code) {
  using Kind = Claim::Verdict::Kind;
  const IpAddress source = exchange.peer().address;
  const Claim::Verdict verdict = setup_.claim ? setup_.claim->offer(Clock::now(), source, code) : Claim::Verdict{};
  switch (verdict.kind) {
    case Kind::right:
      return true;
    case Kind::closed:
      exchange.reply(error_reply(
          403, "nobody can claim this box now: it has a password, or is up for more than 24 hours; restart it"));
      break;
    case Kind::stranger:
      exchange.reply(error_reply(403, "only from the box's own network"));
      break;
    case Kind::wait:
      exchange.reply(later_reply("too many wrong codes", verdict.wait));
      break;
    case Kind::wrong:
      ++wrong_;
      log_.warn("event=claim_failed peer={} reason=\"wrong code\"", source.to_string());
      exchange.reply(error_reply(401, "this is not the code of this box"));
      break;
  }
  return false;
}

void SetupDoor::claim(const Exchange& exchange, bool only_try) {
  if (exchange->over_unix())
    return exchange->reply(error_reply(403, "over TCP alone; at this machine use \"dropwire passwd\""));
  if (is_cross_site(*exchange)) return exchange->reply(error_reply(403, "another site's page may not ask this"));
  if (is_passed_on(*exchange))
    return exchange->reply(error_reply(403, "not through a proxy: it hides from where this comes"));
  if (!is_json(*exchange)) return exchange->reply(error_reply(415, "the body must be application/json"));
  const auto object = object_in(exchange->body());
  if (!object) return exchange->reply(error_reply(400, "the body is no object with a code"));
  if (!may_claim(*exchange, text_in(*object, "code"))) return;
  if (only_try) return try_central(exchange, text_in(*object, "central"));
  take(exchange, text_in(*object, "password"), text_in(*object, "central"));
}

void SetupDoor::take(const Exchange& exchange, const std::string& password, const std::string& central) {
  const auto host = central_host(central);
  if (!host) return exchange->reply(error_reply(400, host.error().text));
  if (host->empty() && setup_.settings().central.value.empty())
    return exchange->reply(error_reply(400, "name the telephone server"));
  PageChange change;
  if (!host->empty() && *host != setup_.settings().central.value) change.central = *host;
  set_password(exchange, password, std::move(change));
}

void SetupDoor::set_password(const Exchange& exchange, const std::string& password, PageChange change) {
  if (const auto ok = check_password(password); !ok) return exchange->reply(error_reply(400, ok.error().text));
  if (busy_) return exchange->reply(error_reply(409, "somebody else sets a password just now"));
  busy_ = true;
  const auto hash = std::make_shared<std::optional<PasswordHash>>();
  loop_.work(
      [hash, password] {
        if (auto made = hash_password(password)) *hash = *made;
      },
      [this, exchange, hash, change = std::move(change), alive = std::weak_ptr(alive_)]() mutable {
        if (alive.expired()) return;
        if (!*hash) {
          busy_ = false;
          return exchange->reply(error_reply(500, "the password could not be kept"));
        }
        change.password = **hash;
        setup_.change(change, [this, exchange, alive](const Outcome& outcome) {
          if (alive.expired()) return;
          busy_ = false;
          if (!outcome.done()) return exchange->reply(json_reply(outcome_json(outcome), outcome.status));
          spdlog::info("event=password_set peer={}", exchange->peer().address.to_string());
          access_.let_in(*exchange, Account::full, {{"said", outcome.said}});
        });
      });
}

void SetupDoor::change(const Exchange& exchange) {
  const auto object = object_in(exchange->body());
  if (!object) return exchange->reply(error_reply(400, "the body is no object with settings"));
  PageChange change;
  for (const auto& [key, value] : object->items()) {
    if (key == "central" && value.is_string()) {
      auto host = central_host(value.get<std::string>());
      if (!host) return exchange->reply(error_reply(400, host.error().text));
      if (host->empty()) return exchange->reply(error_reply(400, "name the telephone server"));
      change.central = std::move(*host);
    } else if (key == "router_ports" && value.is_boolean()) {
      change.router_ports = value.get<bool>();
    } else {
      return exchange->reply(
          error_reply(400, "only \"central\", a text, and \"router_ports\", true or false, are changed here"));
    }
  }
  if (!change.central && !change.router_ports) return exchange->reply(error_reply(400, "there is nothing to change"));
  setup_.change(change, [exchange, alive = std::weak_ptr(alive_)](const Outcome& outcome) {
    if (!alive.expired()) exchange->reply(json_reply(outcome_json(outcome), outcome.status));
  });
}

void SetupDoor::change_password(const Exchange& exchange) {
  const auto object = object_in(exchange->body());
  if (!object) return exchange->reply(error_reply(400, "the body is no {\"old\": \"…\", \"new\": \"…\"}"));
  access_.prove(exchange, {text_in(*object, "old"), Account::full},
                [this, exchange, fresh = text_in(*object, "new"), alive = std::weak_ptr(alive_)] {
                  if (!alive.expired()) set_password(exchange, fresh, {});
                });
}

void SetupDoor::try_central(const Exchange& exchange, const std::string& central) {
  const auto host = central_host(central);
  if (!host) return exchange->reply(error_reply(400, host.error().text));
  if (host->empty()) return exchange->reply(error_reply(400, "name the telephone server"));
  const bool asked = setup_.try_central(
      *host, [exchange, host = *host, alive = std::weak_ptr(alive_)](const doctor::NetworkFacts& facts) {
        if (alive.expired()) return;
        Json network = network_json(facts);
        exchange->reply(json_reply(dumped({{"central", host},
                                           {"reach", network.value("reach", Json::array())},
                                           {"dns", network.value("dns", Json::array())}})));
      });
  if (!asked) exchange->reply(later_reply("a server is being asked already", std::chrono::seconds(5)));
}

void SetupDoor::append_metrics(MetricsText& out) const {
  out.gauge("dropwire_admin_claim_open", "1 while this box can be claimed by its one-time code.", claim_open() ? 1 : 0);
  out.counter("dropwire_admin_claim_wrong_total", "Codes that were wrong.", wrong_);
}

}  // namespace dw::admin
