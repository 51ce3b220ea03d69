#include "tftp-proxy/http_server.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "tftp-proxy/core/fetch_policy.hpp"
#include "tftp-proxy/core/http_probe.hpp"
#include "tftp-proxy/core/http_semantics.hpp"

namespace dw::provisioning {
namespace {

using phones::FileOutcome;

constexpr std::size_t kMaxShownName = 255;
constexpr std::size_t kMaxUserAgent = 200;
constexpr std::size_t kMaxTagged = 256 * 1024;  ///< octets of a file that are hashed into an ETag

/// FNV-1a, 64 bits. An ETag tells changes of one file apart; it does not defend against anybody.
std::uint64_t fingerprint(Bytes octets) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::uint8_t octet : octets)
    hash = (hash ^ octet) * 0x100000001b3ULL;
  return hash;
}

/// The Library's tag, which is another one for a rewritten form; a small file without one is tagged by its
/// octets.
Validators validators_of(const Content& content) {
  Validators out;
  const ContentMeta& meta = content.meta();
  if (is_entity_tag(meta.etag)) {
    out.etag = meta.etag;
  } else if (content.state() == Content::State::complete && content.octets().size() <= kMaxTagged) {
    out.etag = fmt::format("\"{:016x}-{:x}\"", fingerprint(content.octets()), content.octets().size());
  }
  if (parse_http_date(meta.last_modified)) out.last_modified = meta.last_modified;
  return out;
}

/// The model, when the phone's XML browser tells it, beside the agent (cisco-provisioning §1.5).
std::string agent_of(const net::HttpExchange& exchange) {
  std::string agent = exchange.header("User-Agent");
  const std::string model = exchange.header("x-CiscoIPPhoneModelName");
  if (!model.empty()) agent += fmt::format("{}({})", agent.empty() ? "" : " ", model);
  agent.resize(std::min(agent.size(), kMaxUserAgent));
  return agent;
}

unsigned status_of(Errc code) {
  switch (code) {
    case Errc::not_found:
    case Errc::not_admitted:
      return 404;
    case Errc::forbidden:
      return 403;
    default:
      return 503;
  }
}

std::string_view words_for_strangers(unsigned status) {
  return status == 404   ? "There is no such file.\n"
         : status == 403 ? "This file is not given out.\n"
                         : "The file is not available now.\n";
}

/// Of what status_of() gives.
FileOutcome outcome_of(unsigned status) {
  return status == 404 ? FileOutcome::not_found : status == 403 ? FileOutcome::forbidden : FileOutcome::unavailable;
}

long read_content(const Content& content, std::uint64_t offset, std::uint64_t size, MutableBytes into) {
  const auto ready = sendable(content, offset, size);
  if (!ready) return net::HttpBody::kAbort;
  if (ready->empty()) return net::HttpBody::kWait;
  const Bytes part = ready->first(std::min(ready->size(), into.size()));
  std::ranges::copy(part, into.begin());
  return static_cast<long>(part.size());
}

ConnectionBudget::Options places_of(const PhoneHttpServer::Options& options) {
  ConnectionBudget::Options places;
  places.total = options.max_connections;
  places.per_source = options.max_connections_per_source;
  return places;
}

}  // namespace

struct PhoneHttpServer::Download {
  std::uint64_t id = 0;
  std::shared_ptr<net::HttpExchange> exchange;
  ContentPtr content;
  Content::Subscription subscription;
  std::optional<net::Timer> deadline;
  TimePoint asked{};
  phones::FileStep step;
  bool is_head = false;
  bool answered = false;
  bool untold = false;   ///< it is no step of a story
  bool is_page = false;  ///< of a service (Library::open_service)
};

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

/// A page of a service is in nobody's story, and what the phone tells the service (which may be a password) in no log.
bool PhoneHttpServer::open_service(Download& download) {
  const auto& exchange = *download.exchange;
  const ServiceRequest request{exchange.target(), exchange.query(), exchange.peer(), exchange.local().address,
                               exchange.headers()};
  if (!library_.is_service(request)) return false;
  download.is_page = download.untold = true;
  download.step.name = std::string(exchange.target().substr(0, kMaxShownName));
  if (!admits(download)) return true;
  download.content = library_.open_service(request);
  follow(download);
  return true;
}

void PhoneHttpServer::begin_page(Download& download) {
  const Content& content = *download.content;
  if (content.state() != Content::State::complete) return;
  if (NameBudget* const names = library_.names()) names->exists(loop_.now(), download.step.name);
  net::HttpReply reply;
  reply.headers = content.meta().headers;
  reply.text = std::string(as_text(content.octets()));
  download.step.outcome = FileOutcome::sent;
  send(download, std::move(reply));
}

/// Whom the budget for names refuses waits, and then is told to come again later: a phone that boots gets its file, and
/// who guesses gets nowhere. That is in nobody's story.
bool PhoneHttpServer::admits(Download& download) {
  NameBudget* const names = library_.names();
  if (!names) return true;
  const IpAddress source = download.step.peer.address;
  const auto verdict = names->admits(loop_.now(), source, NameBudget::Way::tcp, download.step.name);
  if (verdict == NameBudget::Verdict::yes) return true;
  if (verdict == NameBudget::Verdict::offence) {
    offence_log_.warn("event=enumeration peer={} transport=http file=\"{}\" asks for names that nobody knows to exist",
                      source.to_string(), escaped(download.step.name, 64));
  }
  download.untold = true;
  const std::uint64_t id = download.id;
  download.deadline.emplace(loop_, [this, id] {
    const auto found = downloads_.find(id);
    if (found == downloads_.end() || found->second->answered) return;
    refuse(*found->second, 503, FileOutcome::unavailable, "too many names were tried");
  });
  download.deadline->arm_after(options_.slow_down);
  return false;
}

/// Answers as soon as what is known of the content allows; later changes wake the body's reader.
void PhoneHttpServer::consider(Download& download) {
  if (download.answered) return download.exchange->wake();
  const Content& content = *download.content;
  if (content.state() == Content::State::failed) {
    const unsigned status = status_of(content.error().code);
    const bool kept_out = content.error().code == Errc::not_admitted;
    return refuse(download, status, kept_out ? FileOutcome::not_admitted : outcome_of(status), content.error().text);
  }
  if (download.is_page) return begin_page(download);
  if (content.state() != Content::State::waiting && content.size()) begin(download);
}

void PhoneHttpServer::begin(Download& download) {
  const std::uint64_t size = *download.content->size();
  const Validators validators = validators_of(*download.content);
  const auto& exchange = *download.exchange;
  const std::array fields = {exchange.header("If-Match"),          exchange.header("If-None-Match"),
                             exchange.header("If-Modified-Since"), exchange.header("If-Unmodified-Since"),
                             exchange.header("If-Range"),          exchange.header("Range")};
  const Selection selection = select_octets(
      !download.is_head, {fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]}, validators, size);

  net::HttpReply reply;
  reply.status = selection.status;
  download.step.size = size;
  download.step.outcome = FileOutcome::sent;
  download.step.error_code = static_cast<std::uint16_t>(selection.status);
  download.step.detail = "from " + download.content->meta().origin;
  if (!validators.etag.empty()) reply.headers.emplace_back("ETag", validators.etag);
  if (!validators.last_modified.empty()) reply.headers.emplace_back("Last-Modified", validators.last_modified);
  reply.headers.emplace_back("Accept-Ranges", "bytes");
  const bool fixed = is_common(cache_class(download.step.name, false));
  reply.headers.emplace_back("Cache-Control", fixed ? "no-cache" : "no-store");
  switch (selection.status) {
    case 416:
      return refuse(download, 416, FileOutcome::refused, "The range asked for lies beyond the file's end.");
    case 412:
      return refuse(download, 412, FileOutcome::refused, "The file is not in the state that was asked for.");
    case 304:
      download.step.detail = "unchanged since the phone last had it";
      return send(download, std::move(reply));
    case 206:
      reply.headers.emplace_back(
          "Content-Range", fmt::format("bytes {}-{}/{}", selection.first, selection.first + selection.count - 1, size));
      download.step.detail +=
          fmt::format(", octets {}-{} of {}", selection.first, selection.first + selection.count - 1, size);
      break;
    default:
      break;
  }
  reply.headers.emplace_back("Content-Type", content_type_of(download.step.name, download.content->octets()));
  reply.stream = net::HttpBody{
      selection.count, [content = download.content, size, selection](std::uint64_t offset, MutableBytes into) {
        const auto left = static_cast<std::size_t>(selection.count - std::min(offset, selection.count));
        return read_content(*content, selection.first + offset, size, into.first(std::min(into.size(), left)));
      }};
  send(download, std::move(reply));
}

void PhoneHttpServer::give_up_waiting(Download& download) {
  if (download.answered) return;
  refuse(download, 503, FileOutcome::unavailable,
         fmt::format("The file did not arrive from the origin within {}.", to_words(options_.first_answer)));
}

void PhoneHttpServer::refuse(Download& download, unsigned status, FileOutcome outcome, std::string text) {
  net::HttpReply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}};
  if (status == 405) reply.headers.emplace_back("Allow", "GET, HEAD");
  if (status == 416 && download.content && download.content->size())
    reply.headers.emplace_back("Content-Range", fmt::format("bytes */{}", *download.content->size()));
  if (status == 503) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(options_.retry_after).count();
    reply.headers.emplace_back("Retry-After", fmt::format("{}", seconds));
  }
  // Whose words they are, and where we get files from, is for the story: anybody may ask here.
  const bool ours = !download.content || download.content->state() != Content::State::failed;
  reply.text =
      ours ? fmt::format("{} ({})\n", text, escaped(download.step.name)) : std::string(words_for_strangers(status));
  download.step.outcome = outcome;
  download.step.error_code = static_cast<std::uint16_t>(status);
  download.step.detail = std::move(text);
  if (status != 404) {
    refused_log_.info("event=http_refused peer={} status={} file=\"{}\" reason=\"{}\"", download.step.peer.to_string(),
                      status, escaped(download.step.name), escaped(download.step.detail));
  }
  send(download, std::move(reply));
}

void PhoneHttpServer::send(Download& download, net::HttpReply reply) {
  download.answered = true;
  download.deadline.reset();
  ++answers_[reply.status];
  if (tap_->on()) {
    std::string head = fmt::format("HTTP/1.1 {} Answer\r\n", reply.status);
    for (const auto& [name, value] : reply.headers)
      head += fmt::format("{}: {}\r\n", name, value);
    // The body is not shown, so its length would mislead whoever reads the capture.
    head += fmt::format("X-Body-Octets: {}\r\nContent-Length: 0\r\n\r\n",
                        reply.stream ? reply.stream->size : reply.text.size());
    tap(*download.exchange, true, head);
  }
  const auto exchange = download.exchange;  // its end may come within reply(), and takes the download with it
  exchange->reply(std::move(reply));
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
  if (!download->is_head && !download->untold && on_step_) on_step_(step);
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
