#include "sbc/admin/server.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sbc/admin/host_check.hpp"
#include "sbc/admin/json.hpp"
#include "sbc/admin/page.hpp"
#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/http_semantics.hpp"

namespace dw::admin {
namespace {

constexpr std::string_view kPhones = "/api/phones";
constexpr std::string_view kFiles = "/api/files";
constexpr std::size_t kPhonesAtOnce = 500;  // and calls
constexpr std::size_t kMaxPhonesAtOnce = 5000;
constexpr std::string_view kNothingElse = "default-src 'none'; frame-ancestors 'none'";
/// What only the control socket is told: octets of configs, log lines; and what changes something.
constexpr std::array<std::string_view, 2> kSocketOnly = {"/api/log", "/api/reload"};

net::HttpReply reply_of(unsigned status, std::string type, std::string text,
                        std::string policy = std::string(kNothingElse)) {
  net::HttpReply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", std::move(type)},
                   {"Cache-Control", "no-store"},
                   {"Content-Security-Policy", std::move(policy)},
                   {"X-Content-Type-Options", "nosniff"},
                   {"X-Frame-Options", "DENY"},
                   {"Referrer-Policy", "no-referrer"},
                   {"Cross-Origin-Resource-Policy", "same-origin"}};
  reply.text = std::move(text);
  return reply;
}

net::HttpReply json_reply(std::string text) {
  return reply_of(200, "application/json", std::move(text));
}

net::HttpReply error_reply(unsigned status, std::string_view text) {
  return reply_of(status, "application/json", error_json(text));
}

net::HttpReply wrong_method(std::string_view allowed) {
  net::HttpReply reply = error_reply(405, fmt::format("only {} here", allowed));
  reply.headers.emplace_back("Allow", allowed);
  return reply;
}

/// What stands after "name=" in "…&name=123&…", as sent.
std::optional<std::string_view> query_value(std::string_view query, std::string_view name) {
  TextCursor cursor(query);
  while (!cursor.at_end()) {
    TextCursor pair(cursor.take_until("&"));
    cursor.skip_char('&');
    if (pair.take_until("=") == name && pair.skip_char('=')) return pair.rest();
  }
  return std::nullopt;
}

/// Nothing when it is not there, or is no number up to `max`.
std::optional<std::uint64_t> query_number(std::string_view query, std::string_view name, std::uint64_t max) {
  const auto value = query_value(query, name);
  return value ? parse_number(*value, max) : std::nullopt;
}

Result<PhoneFilter> phone_filter(std::string_view query) {
  using Show = PhoneFilter::Show;
  PhoneFilter wanted;
  wanted.limit = static_cast<std::size_t>(
      query_number(query, "limit", kMaxPhonesAtOnce).value_or(kPhonesAtOnce));
  const auto text = percent_decoded(query_value(query, "q").value_or(""));
  if (!text || text->size() > PhoneFilter::kMaxText) return fail(Errc::invalid, "q is no text to look for");
  wanted.text = *text;
  const std::string_view show = query_value(query, "show").value_or("");
  if (!show.empty() && show != "attention" && show != "registered" && show != "unregistered")
    return fail(Errc::invalid, "show is attention, registered or unregistered");
  wanted.show = show == "attention"      ? Show::attention
                : show == "registered"   ? Show::registered
                : show == "unregistered" ? Show::unregistered
                                         : Show::all;
  return wanted;
}

}  // namespace

AdminServer::AdminServer(net::Loop& loop, const Options& options, Sources sources)
    : loop_(loop),
      options_(options),
      sources_(std::move(sources)),
      files_(loop, options.first_answer),
      events_(std::make_unique<EventFeed>(loop, sources_, EventFeed::Options{})),
      sampling_(loop, [this] { sample_calls(); }),
      page_policy_(page_policy(page_html())) {
  if (sources_.calls) sampling_.arm_after(CallHistory::kEvery);
}

AdminServer::~AdminServer() = default;

Result<void> AdminServer::open(net::HttpServer::Options options) {
  options.max_connections = options_.max_connections;
  options.max_connections_per_address = options_.max_connections;
  auto door = net::HttpServer::start(
      loop_, options, [this](const std::shared_ptr<net::HttpExchange>& exchange) { handle(exchange); });
  if (!door) return std::unexpected(door.error());
  doors_.push_back(std::move(*door));
  return {};
}

Result<Endpoint> AdminServer::listen(const Endpoint& at) {
  net::HttpServer::Options options;
  options.listen = at;
  const auto opened = open(std::move(options));
  if (!opened) return std::unexpected(opened.error());
  return doors_.back()->local();
}

Result<void> AdminServer::listen_on_socket(const std::string& path) {
  net::HttpServer::Options options;
  options.unix_path = path;
  return open(std::move(options));
}

void AdminServer::stop_accepting() {
  for (const auto& door : doors_)
    door->stop_accepting();
}

void AdminServer::handle(const std::shared_ptr<net::HttpExchange>& exchange) {
  const std::string_view path = exchange->target();
  const std::string_view method = exchange->method();
  const bool reads = method == "GET" || method == "HEAD";
  if (path == "/healthz" && reads) return health(*exchange);
  if (exchange->over_unix()) return control(exchange, path);
  if (!host_is_ours(exchange->header("Host"), exchange->local().address, options_.host_names)) {
    refused_log_.warn("event=admin_refused peer={} reason=\"asked for host {}, which is not this box\"",
                      exchange->peer().to_string(), escaped(exchange->header("Host")));
    return exchange->reply(
        error_reply(421, "this box is not known by that name; use its address, or set admin.host_names"));
  }
  if (std::ranges::find(kSocketOnly, path) != kSocketOnly.end() || path.starts_with("/api/files/"))
    return exchange->reply(error_reply(403, "only over the control socket (admin.socket)"));
  if (!reads) return exchange->reply(wrong_method("GET, HEAD"));
  route(exchange, path);
}

/// What the control socket has beyond reading.
void AdminServer::control(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view path) {
  const std::string_view method = exchange->method();
  if (path == "/api/reload") {
    if (!sources_.reload) return exchange->reply(error_reply(404, "this daemon cannot reload"));
    if (method != "POST") return exchange->reply(wrong_method("POST"));
    const ReloadOutcome outcome = sources_.reload();
    auto reply = json_reply(reload_json(outcome));
    if (!outcome.taken) reply.status = 422;
    return exchange->reply(std::move(reply));
  }
  if (method != "GET" && method != "HEAD") return exchange->reply(wrong_method("GET, HEAD"));
  if (path == "/api/log" && sources_.log) {
    const std::uint64_t after = query_number(exchange->query(), "after", UINT64_MAX).value_or(0);
    return exchange->reply(json_reply(log_json(sources_.log->lines(after), after)));
  }
  if (path.starts_with("/api/files/") && sources_.open_file) {
    const auto name = provisioning::name_in_target(path.substr(kFiles.size()));
    if (!name) return exchange->reply(error_reply(400, name.error().text));
    return files_.give(exchange, sources_.open_file(*name));
  }
  route(exchange, path);
}

void AdminServer::route(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view path) {
  if (path == "/") return page(*exchange);
  if (path == "/metrics") return metrics(*exchange);
  if (path == "/api/status" && sources_.status)
    return exchange->reply(json_reply(status_json(sources_.status())));
  if (path == "/api/events") return events_->listen(exchange, json_reply({}));
  if (path == "/api/connect")
    return exchange->reply(json_reply(connect_json(sources_.status ? sources_.status().phone_addresses
                                                                   : std::vector<std::string>())));
  if (path == "/api/calls") return calls(*exchange);
  if (path == "/api/doctor" && sources_.doctor) return doctor(exchange);
  if (path == kFiles && sources_.files)
    return exchange->reply(json_reply(files_json(sources_.files(), sources_.inventory)));
  if ((path == kPhones || path.starts_with("/api/phones/")) && sources_.inventory)
    return phones(*exchange, path);
  exchange->reply(error_reply(404, "there is nothing at this address"));
}

void AdminServer::phones(net::HttpExchange& exchange, std::string_view path) {
  if (path == kPhones) {
    const auto wanted = phone_filter(exchange.query());
    if (!wanted) return exchange.reply(error_reply(400, wanted.error().text));
    return exchange.reply(json_reply(phones_json(*sources_.inventory, wall_now(), *wanted)));
  }
  const auto key = percent_decoded(path.substr(kPhones.size() + 1));
  if (!key) return exchange.reply(error_reply(400, "broken percent escape in the address"));
  const phones::Phone* phone = sources_.inventory->find(*key);
  // Calls and people name a phone by its address too.
  if (const auto address = IpAddress::parse(*key); phone == nullptr && address)
    phone = sources_.inventory->find_at(*address);
  if (!phone) return exchange.reply(error_reply(404, "no such phone has asked for a file or registered"));
  const auto calls = sources_.calls ? sources_.calls() : std::vector<phones::Call>();
  exchange.reply(json_reply(phone_json(*phone, calls, now_by_both(), &history_)));
}

void AdminServer::calls(net::HttpExchange& exchange) {
  const auto limit = query_number(exchange.query(), "limit", kMaxPhonesAtOnce).value_or(kPhonesAtOnce);
  const auto calls = sources_.calls ? sources_.calls() : std::vector<phones::Call>();
  exchange.reply(json_reply(calls_json(calls, now_by_both(), static_cast<std::size_t>(limit), &history_)));
}

void AdminServer::sample_calls() {
  history_.sample(sources_.calls());
  sampling_.arm_after(CallHistory::kEvery);
}

void AdminServer::doctor(const std::shared_ptr<net::HttpExchange>& exchange) {
  sources_.doctor([this, exchange, alive = std::weak_ptr(alive_)](std::vector<phones::Finding> findings) {
    if (alive.expired()) return;
    const WallTime now = wall_now();
    // What many phones show together is wrong with the box, or with what is behind it.
    for (phones::Finding& f :
         sources_.inventory ? sources_.inventory->site_findings(now) : std::vector<phones::Finding>()) {
      if (f.severity == phones::Severity::info) continue;
      findings.push_back(std::move(f));
    }
    exchange->reply(json_reply(doctor_json(findings, now)));
  });
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

void AdminServer::metrics(net::HttpExchange& exchange) {
  MetricsText out;
  for (const auto& append : sources_.metrics)
    append(out);
  exchange.reply(reply_of(200, "text/plain; version=0.0.4; charset=utf-8", out.text()));
}

void AdminServer::page(net::HttpExchange& exchange) {
  exchange.reply(reply_of(200, "text/html; charset=utf-8", std::string(page_html()), page_policy_));
}

}  // namespace dw::admin
