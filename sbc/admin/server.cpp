#include "sbc/admin/server.hpp"

#include <algorithm>
#include <utility>

#include "sbc/admin/host_check.hpp"
#include "sbc/admin/json.hpp"
#include "sbc/admin/page.hpp"
#include "sbc/admin/query.hpp"
#include "sbc/admin/reply.hpp"
#include "sbc/admin/routes.hpp"
#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/http_semantics.hpp"

namespace dw::admin {
namespace {

constexpr std::string_view kPhones = "/api/phones";
constexpr std::string_view kFiles = "/api/files", kOperations = "/api/operations";
constexpr std::size_t kAtOnce = 500;  // calls, admissions
constexpr std::size_t kMaxAtOnce = 5000;
constexpr std::size_t kMaxBody = 4096;  // octets: a password is the longest that is sent

std::size_t limit_in(std::string_view query) {
  const auto limit = query_number(query, "limit", UINT64_MAX).value_or(kAtOnce);
  return static_cast<std::size_t>(std::min<std::uint64_t>(limit, kMaxAtOnce));
}

/// The parts of "/api/phones/SEP001122334455/restart": the phone (still percent-encoded) and the action.
struct Asked {
  std::string_view subject, verb;
};
std::optional<Asked> asked_of(std::string_view path, std::string_view under) {
  if (!path.starts_with(under) || path.size() <= under.size() || path[under.size()] != '/') return std::nullopt;
  const std::string_view rest = path.substr(under.size() + 1);
  const std::size_t slash = rest.rfind('/');
  if (slash == rest.npos || slash == 0) return std::nullopt;
  return Asked{rest.substr(0, slash), rest.substr(slash + 1)};
}

std::optional<PhoneAction> phone_action(std::string_view path) {
  const auto asked = asked_of(path, kPhones);
  if (!asked) return std::nullopt;
  if (asked->verb == "restart") return PhoneAction::restart;
  if (asked->verb == "reset") return PhoneAction::reset;
  if (asked->verb == "forget") return PhoneAction::forget;
  return std::nullopt;
}

bool is_refresh(std::string_view path) {
  const auto asked = asked_of(path, kFiles);
  return asked && asked->verb == "refresh";
}

/// Sources have no limit of their own, as all operators may be behind one address, such as a proxy's.
ConnectionBudget::Options places_of(const AdminServer::Options& options) {
  ConnectionBudget::Options places;
  places.total = places.per_source = options.max_connections;
  return places;
}

/// Listening pages leave half of the connections to other requests.
unsigned listeners_of(const AdminServer::Options& options) {
  return std::min(EventFeed::kMaxListeners, options.max_connections / 2);
}

}  // namespace

AdminServer::AdminServer(net::Loop& loop, const Options& options, Sources sources)
    : loop_(loop),
      options_(options),
      sources_(std::move(sources)),
      access_(loop),
      files_(loop, options.first_answer),
      events_(std::make_unique<EventFeed>(loop, sources_, EventFeed::Options{})),
      judging_(loop, sources_),
      sampling_(loop, [this] { sample_calls(); }),
      page_policy_(page_policy(page_html())),
      places_(places_of(options),
              [this](TimePoint now, const IpAddress& source) { return access_.standing(now, source); }) {
  events_->allow(listeners_of(options_));
  if (sources_.calls) sampling_.arm_after(CallHistory::kEvery);
  if (sources_.admissions) admissions_.emplace(loop, *sources_.admissions);
  if (sources_.setup) setup_ = std::make_unique<SetupDoor>(loop, access_, *sources_.setup);
  if (sources_.inventory) list_.emplace(loop, *sources_.inventory, *sources_.verdicts);
  if (sources_.inventory && sources_.act)
    operations_.emplace(loop, *sources_.inventory, *sources_.verdicts, sources_.act);
  if (sources_.tap) traces_ = std::make_unique<TraceDoor>(loop, *sources_.tap, sources_.inventory);
}

AdminServer::~AdminServer() = default;

Result<void> AdminServer::open(net::HttpServer::Options options) {
  options.max_body = kMaxBody;
  options.max_connections = options_.max_connections;
  options.places = &places_;
  options.admits = admits();
  auto door = net::HttpServer::start(loop_, options,
                                     [this](const std::shared_ptr<net::HttpExchange>& exchange) { handle(exchange); });
  if (!door) return std::unexpected(door.error());
  doors_.push_back(std::move(*door));
  return {};
}

std::function<bool(const IpAddress&)> AdminServer::admits() {
  return [this](const IpAddress& from) { return !from || !admits_ || admits_(from); };
}

Result<Endpoint> AdminServer::listen(const Endpoint& at, std::function<bool(const IpAddress&)> admits) {
  net::HttpServer::Options options;
  options.listen = at;
  admits_ = std::move(admits);
  const auto opened = open(std::move(options));
  if (!opened) return std::unexpected(opened.error());
  return doors_.back()->local();
}

Result<void> AdminServer::listen_on_socket(const std::string& path) {
  net::HttpServer::Options options;
  options.unix_path = path;
  return open(std::move(options));
}

void AdminServer::close_tcp() {
  std::erase_if(doors_, [](const auto& door) { return static_cast<bool>(door->local().address); });
}

void AdminServer::stop_accepting() {
  for (const auto& door : doors_)
    door->stop_accepting();
}

Result<void> AdminServer::configure(const Options& options) {
  std::erase_if(old_, [](const auto& door) { return door->stats().connections == 0; });
  if (options.max_connections != options_.max_connections) {
    net::HttpServer::Options limits;
    limits.max_connections = options.max_connections;
    limits.max_body = kMaxBody;
    limits.places = &places_;
    limits.admits = admits();
    places_.configure(places_of(options));
    for (auto& door : doors_) {
      auto renewed = door->renew(limits);
      if (!renewed) return std::unexpected(renewed.error());
      old_.push_back(std::exchange(door, std::move(*renewed)));
    }
  }
  options_ = options;
  events_->allow(listeners_of(options_));
  return {};
}

void AdminServer::handle(const std::shared_ptr<net::HttpExchange>& exchange) {
  const std::string_view path = exchange->target();
  const std::string_view method = exchange->method();
  const bool reads = method == "GET" || method == "HEAD";
  if (path == "/healthz" && reads) return health(*exchange);
  if (!exchange->over_unix() &&
      !host_is_ours(exchange->header("Host"), exchange->local().address, options_.host_names)) {
    refused_log_.warn("event=admin_refused peer={} reason=\"asked for host {}, which is not this box\"",
                      exchange->peer().to_string(), escaped(exchange->header("Host")));
    return exchange->reply(
        error_reply(421, "this box is not known by that name; use its address, or set admin.host_names"));
  }
  if (path == "/api/login") return access_.login(exchange);
  if (path == "/api/logout") return access_.logout(*exchange);
  if (path == "/api/session") return access_.session(*exchange, setup_ && setup_->claim_open());
  if (setup_ && SetupDoor::is_at(path)) return setup_->handle(exchange, path);
  const Found found = find_route(method, path);
  if (!found.route && (!reads || !found.allowed.empty()))
    return exchange->reply(wrong_method(found.allowed.empty() ? "GET, HEAD" : found.allowed));
  // Configuration files and captures can contain the phones' passwords, and TCP is not encrypted here. Lines of a trace
  // contain none.
  const bool capture = TraceDoor::phone_in(path) && query_value(exchange->query(), "format") == "pcapng";
  if (!access_.admits(*exchange, !found.route ? Need::read : capture ? Need::socket : found.route->need)) return;
  if (!found.route) return exchange->reply(error_reply(404, "there is nothing at this address"));
  if (method == "POST") return act(exchange, path);
  route(exchange, path);
}

void AdminServer::act(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view path) {
  const std::string who = access_.who(*exchange);
  if (path == "/api/reload") {
    spdlog::info("event=operator_action action=reload by=\"{}\"", who);
    if (!sources_.reload) return exchange->reply(error_reply(404, "this daemon cannot reload"));
    const ReloadOutcome outcome = sources_.reload();
    return exchange->reply(json_reply(reload_json(outcome), outcome.taken ? 200 : 422));
  }
  if (path == "/api/log") return set_log_level(*exchange, who);
  const auto done = [exchange, alive = std::weak_ptr(alive_)](const Outcome& outcome) {
    if (!alive.expired()) exchange->reply(json_reply(outcome_json(outcome), outcome.status));
  };
  if (path.starts_with(kOperations) && operations_) return operations_->act(exchange, path, who);
  if (admissions_ && AdmissionDoor::is_action(path)) return admissions_->act(*exchange, path, who);
  if (const auto action = phone_action(path); action && sources_.inventory && sources_.act) {
    const Asked asked = asked_of(path, kPhones).value();
    const phones::Phone* phone = find_phone(*exchange, asked.subject);
    if (!phone) return;
    spdlog::info("event=operator_action action={} device={} by=\"{}\"", asked.verb, phone->key(), who);
    return sources_.act(*phone, *action, query_number(exchange->query(), "force", 1) == 1, done);
  }
  if (is_refresh(path) && sources_.refresh) {
    const std::string_view subject = asked_of(path, kFiles).value().subject;
    const auto name = provisioning::name_in_target(path.substr(kFiles.size(), subject.size() + 1));
    if (!name) return exchange->reply(error_reply(400, name.error().text));
    spdlog::info("event=operator_action action=refresh file=\"{}\" by=\"{}\"", escaped(*name), who);
    return sources_.refresh(*name, done);
  }
  exchange->reply(error_reply(404, "there is nothing at this address"));
}

/// POST /api/log?level=debug: until the next start or reload.
void AdminServer::set_log_level(net::HttpExchange& exchange, const std::string& who) {
  TextCursor cursor(exchange.query());
  const bool good = cursor.skip_text("level=") && net::set_log_level(cursor.rest());
  if (!good) return exchange.reply(error_reply(400, "level= is one of trace, debug, info, warn, error"));
  spdlog::warn("event=operator_action action=log_level level={} by=\"{}\" until the next start or reload",
               cursor.rest(), who);
  exchange.reply(json_reply(fmt::format("{{\"level\":\"{}\"}}\n", cursor.rest())));
}

void AdminServer::route(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view path) {
  if (path == "/") return page(*exchange);
  if (path == "/metrics") return metrics(exchange);
  if (path == "/api/status" && sources_.status) return status(exchange);
  if (path == "/api/events") return events_->listen(exchange, json_reply({}), access_.pass_of(*exchange));
  if (path == "/api/connect")
    return exchange->reply(
        json_reply(connect_json(sources_.status ? sources_.status().phone_addresses : std::vector<std::string>())));
  if (path == "/api/admissions" && admissions_) return admissions_->list(*exchange, limit_in(exchange->query()));
  if (path == "/api/calls") return calls(*exchange);
  if (path == "/api/calls/finished" && sources_.records) return finished_calls(exchange);
  if (path == "/api/doctor" && sources_.doctor) return doctor(exchange);
  if (path == "/api/report" && sources_.report && sources_.inventory) return report(exchange);
  if (path == "/api/log" && sources_.log) {
    const std::uint64_t after = query_number(exchange->query(), "after", UINT64_MAX).value_or(0);
    return exchange->reply(json_reply(log_json(sources_.log->lines(after), after)));
  }
  if (const auto phone = TraceDoor::phone_in(path); phone && traces_)
    return traces_->give(exchange, *phone, access_.pass_of(*exchange));
  if (path.starts_with("/api/files/") && sources_.open_file) {
    const auto name = provisioning::name_in_target(path.substr(kFiles.size()));
    if (!name) return exchange->reply(error_reply(400, name.error().text));
    return files_.give(exchange, sources_.open_file(*name));
  }
  if (path == kFiles && sources_.files)
    return exchange->reply(json_reply(files_json(sources_.files(), sources_.inventory)));
  if ((path == kPhones || path.starts_with("/api/phones/")) && sources_.inventory) return phones(exchange, path);
  if (path == kOperations && operations_) return operations_->list(*exchange);
  exchange->reply(error_reply(404, "there is nothing at this address"));
}

void AdminServer::phones(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view path) {
  if (path == kPhones) {
    judging_.look();
    return list_->give(exchange);
  }
  const phones::Phone* phone = find_phone(*exchange, path.substr(kPhones.size() + 1));
  if (!phone) return;
  const auto calls = sources_.calls ? sources_.calls() : std::vector<phones::Call>();
  exchange->reply(
      json_reply(phone_json(*phone, sources_.absences(), calls, sources_.causes_now(), now_by_both(), &history_)));
}

/// The phone named in the path; null if there is none, which has been answered.
const phones::Phone* AdminServer::find_phone(net::HttpExchange& exchange, std::string_view subject) {
  const auto key = percent_decoded(subject);
  if (!key) {
    exchange.reply(error_reply(400, "broken percent escape in the address"));
    return nullptr;
  }
  const phones::Phone* phone = sources_.inventory->find(*key);
  // Calls and people also use the address as a phone's name.
  if (const auto address = IpAddress::parse(*key); phone == nullptr && address)
    phone = sources_.inventory->find_at(*address);
  if (!phone) exchange.reply(error_reply(404, "no such phone has asked for a file or registered"));
  return phone;
}

void AdminServer::calls(net::HttpExchange& exchange) {
  const auto calls = sources_.calls ? sources_.calls() : std::vector<phones::Call>();
  exchange.reply(json_reply(calls_json(calls, now_by_both(), limit_in(exchange.query()), &history_)));
}

/// "since_s": those that ended within the last so many seconds; without it, all that are kept.
void AdminServer::finished_calls(const std::shared_ptr<net::HttpExchange>& exchange) {
  constexpr std::uint64_t kMaxSeconds = 1'000'000'000;
  const auto seconds = query_number(exchange->query(), "since_s", kMaxSeconds);
  const WallTime since = seconds ? wall_now() - std::chrono::seconds(*seconds) : WallTime{};
  sources_.records->finished(since, limit_in(exchange->query()), [exchange](const RecordStore::Answer& answer) {
    exchange->reply(json_reply(finished_json(answer.total, answer.records)));
  });
}

void AdminServer::sample_calls() {
  history_.sample(sources_.calls());
  sampling_.arm_after(CallHistory::kEvery);
}

void AdminServer::health(net::HttpExchange& exchange) {
  if (!sources_.status) return exchange.reply(error_reply(404, "there is nothing at this address"));
  const Status status = sources_.status();
  if (status.ready()) return exchange.reply(reply_of(200, "text/plain; charset=utf-8", "ok\n"));
  std::string why = status.draining ? "not ready: shutting down\n" : "";
  for (const Service& s : status.services) {
    if (s.enabled && !s.up())
      why += fmt::format("not ready: {} does not listen{}{}\n", s.name, s.error.empty() ? "" : ": ", s.error);
  }
  exchange.reply(reply_of(503, "text/plain; charset=utf-8", std::move(why)));
}

void AdminServer::page(net::HttpExchange& exchange) {
  exchange.reply(reply_of(200, "text/html; charset=utf-8", std::string(page_html()), page_policy_));
}

}  // namespace dw::admin
