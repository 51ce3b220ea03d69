#include "tftp-proxy/http_server.hpp"

#include <algorithm>
#include <utility>

#include "tftp-proxy/core/http_probe.hpp"
#include "tftp-proxy/core/http_semantics.hpp"
#include "tftp-proxy/http_download.hpp"

namespace dw::provisioning {
namespace {

using phones::FileOutcome;

constexpr std::size_t kMaxShownName = 255;
constexpr std::size_t kMaxUserAgent = 200;

/// The model, if the phone's XML browser sends it, beside the agent (cisco-provisioning §1.5).
std::string agent_of(const net::HttpExchange& exchange) {
  std::string agent = exchange.header("User-Agent");
  const std::string model = exchange.header("x-CiscoIPPhoneModelName");
  if (!model.empty()) agent += fmt::format("{}({})", agent.empty() ? "" : " ", model);
  agent.resize(std::min(agent.size(), kMaxUserAgent));
  return agent;
}

ConnectionBudget::Options places_of(const PhoneHttpServer::Options& options) {
  ConnectionBudget::Options places;
  places.total = options.max_connections;
  places.per_source = options.max_connections_per_source;
  return places;
}

}  // namespace

PhoneHttpServer::PhoneHttpServer(net::Loop& loop, Library& library, KnownSources& known, const Options& options,
                                 StepSink on_step)
    : loop_(loop),
      library_(library),
      known_(known),
      options_(options),
      on_step_(std::move(on_step)),
      places_(places_of(options),
              [this](TimePoint now, const IpAddress& source) { return known_.standing(now, source); }) {}

PhoneHttpServer::~PhoneHttpServer() {
  on_step_ = nullptr;
  old_.clear();
  doors_.clear();
}

net::HttpServer::Options PhoneHttpServer::door_options() {
  net::HttpServer::Options options;
  options.places = &places_;
  options.idle_timeout = options_.idle_timeout;
  options.min_octets_per_second = options_.min_octets_per_second;
  options.max_body = 0;
  options.admits = [this](const IpAddress& source) { return gate_->admits(net::Door::http, source); };
  return options;
}

Result<void> PhoneHttpServer::configure(const Options& options) {
  if (options == options_) return {};
  const Options before = std::exchange(options_, options);
  places_.configure(places_of(options_));
  std::erase_if(old_, [this](const auto& door) {
    const auto stats = door->stats();
    if (stats.connections == 0) cut_slow_before_ += stats.cut_slow;
    return stats.connections == 0;
  });
  for (auto& door : doors_) {
    auto renewed = door->renew(door_options());
    if (!renewed) {
      options_ = before;
      places_.configure(places_of(options_));
      return std::unexpected(renewed.error());
    }
    old_.push_back(std::exchange(door, std::move(*renewed)));
  }
  return {};
}

void PhoneHttpServer::keep_listeners(std::size_t count) {
  if (count < doors_.size()) doors_.resize(count);
}

Result<Endpoint> PhoneHttpServer::listen(const Endpoint& at) {
  net::HttpServer::Options options = door_options();
  options.listen = at;
  auto door = net::HttpServer::start(loop_, options,
                                     [this](const std::shared_ptr<net::HttpExchange>& exchange) { handle(exchange); });
  if (!door) return std::unexpected(door.error());
  const Endpoint taken = (*door)->local();
  doors_.push_back(std::move(*door));
  return taken;
}

Result<void> PhoneHttpServer::listen_also(const std::vector<IpAddress>& addresses) {
  const std::size_t before = doors_.size();
  for (const IpAddress& address : addresses) {
    const std::uint16_t port = doors_.empty() ? options_.port : doors_.front()->local().port;
    if (const auto at = listen({address, port}); !at) {
      keep_listeners(before);
      return std::unexpected(at.error());
    }
  }
  return {};
}

std::vector<Endpoint> PhoneHttpServer::local() const {
  std::vector<Endpoint> all;
  for (const auto& door : doors_)
    all.push_back(door->local());
  return all;
}

void PhoneHttpServer::handle(const std::shared_ptr<net::HttpExchange>& exchange) {
  if (tap_->on())
    tap(*exchange, false,
        fmt::format("{} {} HTTP/1.1\r\nUser-Agent: {}\r\n\r\n", exchange->method(), exchange->target(),
                    exchange->header("User-Agent")));
  if (exchange->method() == "GET" && exchange->target() == kHttpProbePath) {
    net::HttpReply reply;
    reply.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}};
    reply.text = http_probe_body(exchange->peer(), exchange->headers());
    ++answers_[reply.status];
    return exchange->reply(std::move(reply));
  }
  const std::uint64_t id = next_id_++;
  Download& download = *(downloads_[id] = std::make_unique<Download>());
  download.id = id;
  download.exchange = exchange;
  download.asked = loop_.now();
  download.is_head = exchange->method() == "HEAD";
  download.step.at = wall_now();
  download.step.peer = exchange->peer();
  download.step.transport = "http";
  download.step.user_agent = agent_of(*exchange);
  exchange->on_end([this, id](bool whole, std::uint64_t octets) { end(id, whole, octets); });

  if (exchange->method() != "GET" && !download.is_head) {
    download.step.name = std::string(exchange->target().substr(0, kMaxShownName));
    return refuse(download, 405, FileOutcome::refused, "Only GET and HEAD are answered here.");
  }
  if (open_service(download)) return;
  auto name = name_in_target(exchange->target());
  if (!name) {
    download.step.name = std::string(exchange->target().substr(0, kMaxShownName));
    const unsigned status = name.error().code == Errc::forbidden ? 403 : 400;
    return refuse(download, status, FileOutcome::refused, name.error().text);
  }
  download.step.name = std::move(*name);
  if (!admits(download)) return;
  download.content = library_.open({download.step.name, exchange->peer(), exchange->local().address, Transport::http});
  follow(download);
}

/// Answers when the content allows it, or late.
void PhoneHttpServer::follow(Download& download) {
  const std::uint64_t id = download.id;
  download.subscription = Content::subscribe(download.content, [this, id] {
    if (const auto found = downloads_.find(id); found != downloads_.end()) consider(*found->second);
  });
  download.deadline.emplace(loop_, [this, id] {
    if (const auto found = downloads_.find(id); found != downloads_.end()) give_up_waiting(*found->second);
  });
  download.deadline->arm_at(download.asked + options_.first_answer);
  consider(download);
}

/// A page of a service is in no phone's story, and what the phone sends the service (maybe a password) in no log.
bool PhoneHttpServer::open_service(Download& download) {
  const auto& exchange = *download.exchange;
  const ServiceRequest request{exchange.target(), exchange.query(), exchange.peer(), exchange.local().address,
                               exchange.headers()};
  if (!library_.is_service(request)) return false;
  download.is_page = download.silent = true;
  download.step.name = std::string(exchange.target().substr(0, kMaxShownName));
  if (!admits(download)) return true;
  download.content = library_.open_service(request);
  follow(download);
  return true;
}

/// Whom the budget for names refuses waits, and is then asked to come again later: a phone that boots gets its file,
/// and who guesses gets nowhere. That is in nobody's story.
bool PhoneHttpServer::admits(Download& download) {
  NameBudget* const names = library_.names();
  if (!names) return true;
  const IpAddress source = download.step.peer.address;
  const auto verdict = names->admits(loop_.now(), source, NameBudget::Way::tcp, download.step.name);
  if (verdict == NameBudget::Verdict::yes) return true;
  if (verdict == NameBudget::Verdict::abuse) {
    offence_log_.warn("event=enumeration peer={} transport=http file=\"{}\" asks for names that nobody knows to exist",
                      source.to_string(), escaped(download.step.name, 64));
  }
  download.silent = true;
  const std::uint64_t id = download.id;
  download.deadline.emplace(loop_, [this, id] {
    const auto found = downloads_.find(id);
    if (found == downloads_.end() || found->second->answered) return;
    refuse(*found->second, 503, FileOutcome::unavailable, "too many names were tried");
  });
  download.deadline->arm_after(options_.slow_down);
  return false;
}

/// Heads as they were understood; libmicrohttpd has the octets.
void PhoneHttpServer::tap(const net::HttpExchange& exchange, bool sent, const std::string& head) const {
  tap_->tell({.protocol = WireRecord::Protocol::http,
              .side = WireRecord::Side::phone,
              .sent = sent,
              .stream = true,
              .local = exchange.local(),
              .peer = exchange.peer(),
              .phone = {},
              .device = {},
              .octets = as_bytes(head)});
}

void PhoneHttpServer::end(std::uint64_t id, bool whole, std::uint64_t octets) {
  const auto found = downloads_.find(id);
  if (found == downloads_.end()) return;
  const std::unique_ptr<Download> download = std::move(found->second);
  downloads_.erase(found);
  octets_ += octets;
  phones::FileStep& step = download->step;
  step.octets = octets;
  step.took = loop_.now() - download->asked;
  if (whole && step.outcome == FileOutcome::sent) known_.proved(loop_.now(), step.peer.address, Standing::proven);
  if (!whole) {
    ++cut_;
    const bool failed = download->content && download->content->state() == Content::State::failed;
    if (failed && download->answered && step.outcome == FileOutcome::sent) {
      step.outcome = FileOutcome::unavailable;
      step.detail = download->content->error().text;
    } else if (!download->answered || step.outcome == FileOutcome::sent) {
      step.outcome = FileOutcome::aborted;
      step.detail = download->answered ? "the phone closed the connection, or read too slowly"
                                       : "the phone closed the connection before the answer";
    }
  }
  if (!download->is_head && !download->silent && on_step_) on_step_(step);
}

void PhoneHttpServer::drain() {
  for (const auto& door : doors_)
    door->stop_accepting();
}

void PhoneHttpServer::append_metrics(MetricsText& out) const {
  for (const auto& [status, count] : answers_) {
    out.counter("dropwire_http_answers_total", "Answers to phones over HTTP, by status.", count,
                {{"status", std::to_string(status)}});
  }
  out.counter("dropwire_http_body_bytes_total", "Octets of bodies sent to phones over HTTP.", octets_);
  out.counter("dropwire_http_cut_total", "Answers over HTTP that the phone did not take whole.", cut_);
  out.gauge("dropwire_http_running", "Requests over HTTP that are being answered.",
            static_cast<double>(downloads_.size()));
  std::uint64_t slow = cut_slow_before_;
  unsigned connections = 0;
  for (const auto* doors : {&doors_, &old_}) {
    for (const auto& door : *doors) {
      const auto stats = door->stats();
      slow += stats.cut_slow;
      connections += stats.connections;
    }
  }
  out.counter("dropwire_http_cut_slow_total", "Connections of phones closed for reading too slowly.", slow);
  places_.append_tables(out, "http");
  out.gauge("dropwire_http_connections", "TCP connections of phones to the HTTP port.", connections);
}

}  // namespace dw::provisioning
