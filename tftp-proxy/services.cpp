#include "tftp-proxy/services.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/net/digest.hpp"
#include "sbc/net/random.hpp"
#include "tftp-proxy/core/cnf_policy.hpp"
#include "tftp-proxy/core/fetch_policy.hpp"

namespace dw::provisioning {
namespace {

constexpr std::size_t kMaxPassed = 24;    // header fields of a phone
constexpr std::size_t kMaxHeader = 1024;  // octets of one

FairShare::Options shares() {
  FairShare::Options o;
  o.total = Services::kMaxPages;
  o.per_source = Services::kMaxOfSource;
  return o;
}

bool is_passed_on(std::string_view name) {
  constexpr std::array<std::string_view, 6> kPassed = {"User-Agent",     "Accept", "Accept-Language",
                                                       "Accept-Charset", "Cookie", "Authorization"};
  return starts_with_ignoring_case(name, "x-CiscoIPPhone") ||
         std::ranges::any_of(kPassed, [&](std::string_view n) { return equal_ignoring_case(n, name); });
}

/// "name: value" lines for the service; the user and password that a phone has go only where its own config led.
std::vector<std::string> lines_for(const ServiceRequest& request, bool placed) {
  std::vector<std::string> out;
  for (const auto& [name, value] : request.headers) {
    const bool plain =
        std::ranges::none_of(value, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
    if (!is_passed_on(name) || !plain || value.size() > kMaxHeader || out.size() == kMaxPassed) continue;
    if (!placed && equal_ignoring_case(name, "Authorization")) continue;
    out.push_back(name + ": " + value);
  }
  out.push_back("X-Forwarded-For: " + request.peer.address.to_string());
  return out;
}

}  // namespace

/// One page on its way: asked of each target in turn until one has it.
class Services::Page : public std::enable_shared_from_this<Services::Page> {
 public:
  struct Target {
    std::string url;
    std::optional<ServicePlace> place;  ///< what a path in the page is relative to; none: our own origins
    std::string label;
  };
  Page(Services& services, RewriteOptions rewriting, std::vector<std::string> headers, std::vector<Target> targets)
      : services_(services),
        client_(services.client_),
        rewriting_(std::move(rewriting)),
        headers_(std::move(headers)),
        targets_(std::move(targets)) {}

  std::optional<std::pair<IpAddress, Standing>> place;
  const ContentPtr& content() const { return content_; }

  void start() { ask(targets_.front()); }
  void cancel() {
    over_ = true;
    transfer_.reset();
    content_->fail({Errc::unavailable, "shutting down"});
  }

 private:
  void ask(const Target& target) {
    net::HttpClient::Request r;
    r.url = target.url;
    r.headers = headers_;
    r.keep = {"Refresh", "Expires", "Set-Cookie", "Location", "Content-Language", "Cache-Control"};
    r.connect_timeout = services_.options_.connect_timeout;
    r.stall_timeout = services_.options_.stall_timeout;
    r.max_octets = kMaxOctets;
    body_.clear();
    head_ = {};
    const std::weak_ptr<Page> weak = weak_from_this();
    net::HttpClient::Callbacks c;
    c.on_head = [weak](const net::HttpHead& head) {
      if (const auto self = weak.lock()) self->head_ = head;
    };
    c.on_octets = [weak](Bytes octets) {
      if (const auto self = weak.lock()) self->body_.insert(self->body_.end(), octets.begin(), octets.end());
    };
    c.on_end = [weak](Result<void> result) {
      if (const auto self = weak.lock(); self && !self->over_) self->on_end(result);
    };
    transfer_ = client_->get(r, std::move(c));
  }

  void on_end(const Result<void>& result) {
    const Target target = targets_[at_];
    const std::string* location = header("Location");
    if (result && head_.status >= 300 && head_.status < 400 && location && redirects_ < kMaxRedirects) {
      if (follow(target, *location)) return;
    }
    const HttpVerdict verdict = judge_http(head_.status);
    if (result && verdict.meaning == HttpMeaning::found) return finish(target);
    const Errc code = !result                                     ? Errc::unavailable
                      : verdict.meaning == HttpMeaning::not_found ? Errc::not_found
                      : verdict.meaning == HttpMeaning::forbidden ? Errc::forbidden
                                                                  : Errc::unavailable;
    const std::string why = target.label + ": " + (result ? verdict.why : result.error().text);
    if (!failure_ || code == Errc::unavailable) failure_ = Error{code, why};
    if (++at_ < targets_.size()) return ask(targets_[at_]);
    ++services_.failures_;
    services_.log_.info("event=service_failed phone={} reason=\"{}\"",
                        place ? place->first.to_string() : std::string("?"), escaped(failure_->text, 200));
    end(std::move(*failure_));
  }

  const std::string* header(std::string_view name) const {
    for (const auto& [key, value] : head_.kept) {
      if (equal_ignoring_case(key, name) && !value.empty()) return &value;
    }
    return nullptr;
  }

  /// To where the service itself sends the phone; never from https to http.
  bool follow(const Target& from, const std::string& location) {
    Target to = from;
    if (const auto split = split_url(location)) {
      if (starts_with_ignoring_case(from.url, "https:") && !split->place.https) return false;
      to.url = split->place.to_url() + (split->rest.starts_with('/') ? "" : "/") + std::string(split->rest);
      to.place = split->place;
      to.label = split->place.to_url();
      std::erase_if(headers_,
                    [](const std::string& line) { return starts_with_ignoring_case(line, "Authorization:"); });
    } else {
      const auto base = split_url(from.url);
      if (!base || location.starts_with("//")) return false;
      const std::string_view path = base->rest.substr(0, base->rest.find_first_of("?#"));
      const std::string folder(path.substr(0, path.rfind('/') + 1));
      to.url = base->place.to_url() + (location.starts_with('/') ? location : folder + location);
    }
    const std::size_t mark = to.url.find('#');
    to.url.resize(std::min(mark, to.url.size()));
    if (names_config(to.url, "")) return false;
    ++redirects_;
    targets_[at_] = to;
    ask(targets_[at_]);
    return true;
  }

  /// Where a link of a page leads from now on.
  std::optional<std::string> moved(const Target& from, std::string_view link) const {
    if (!link.starts_with('/')) return link_to(link, rewriting_);
    if (!from.place) return std::nullopt;  // our origins': the same path here
    return place_path(*from.place, rewriting_.sign_place) + std::string(link);
  }

  void finish(const Target& from) {
    ++services_.pages_;
    ContentMeta meta;
    meta.origin = from.label;
    const auto move = [&](std::string_view link) { return moved(from, link); };
    if (is_phone_object(body_)) {
      auto edits = link_edits(body_, move);
      if (auto edited = splice(body_, edits)) body_ = std::move(*edited);
    }
    const bool object = is_phone_object(body_);
    meta.headers.emplace_back("Content-Type", object                       ? "text/xml"
                                              : head_.content_type.empty() ? "text/plain"
                                                                           : head_.content_type);
    if (object && starts_with_ignoring_case(head_.content_type, "text/xml"))
      meta.headers.back().second = head_.content_type;
    bool cached = false;
    for (const auto& [name, value] : head_.kept) {
      if (value.empty() || equal_ignoring_case(name, "Location")) continue;
      cached = cached || equal_ignoring_case(name, "Cache-Control");
      std::string shown = value;
      if (const auto url = equal_ignoring_case(name, "Refresh") ? url_in_refresh(value) : std::nullopt) {
        if (const auto to = moved(from, std::string_view(value).substr(url->first, url->second)))
          shown.replace(url->first, url->second, *to);
      }
      meta.headers.emplace_back(name, std::move(shown));
    }
    if (!cached) meta.headers.emplace_back("Cache-Control", "no-store");
    meta.size = body_.size();
    over_ = true;
    const auto self = shared_from_this();
    services_.over(self);
    content_->begin(std::move(meta));
    if (!body_.empty()) content_->append(body_);
    content_->finish();
  }

  void end(Error error) {
    over_ = true;
    const auto self = shared_from_this();
    services_.over(self);
    content_->fail(std::move(error));
  }

  Services& services_;
  std::shared_ptr<net::HttpClient> client_;  // that of its beginning, also after a reload
  RewriteOptions rewriting_;
  std::vector<std::string> headers_;
  std::vector<Target> targets_;
  std::size_t at_ = 0;
  unsigned redirects_ = 0;
  ContentPtr content_ = std::make_shared<Content>();
  net::HttpHead head_;
  Buffer body_;
  std::optional<Error> failure_;
  std::unique_ptr<net::HttpClient::Transfer> transfer_;
  bool over_ = false;
};

Services::Services(net::Loop& loop) : loop_(loop), shares_(shares(), net::random_u64()) {}

Services::~Services() {
  for (const auto& page : std::exchange(running_, {}))
    page->cancel();
}

void Services::configure(Options options) {
  options_ = std::move(options);
  sign_ = nullptr;
  client_.reset();
  if (!options_.enable || options_.key.empty()) return;
  sign_ = [key = options_.key](std::string_view text) {
    const net::Sha256 inner = net::sha256(as_bytes(key + "|services|" + std::string(text)));
    return net::to_hex(net::sha256(as_bytes(key + net::to_hex(inner))));
  };
  net::HttpClient::Options o;
  o.ca_file = options_.ca_file;
  o.max_connections = o.max_per_host = kMaxOfSource;
  client_ = std::make_shared<net::HttpClient>(loop_, o);
}

/// A page asked for in a device's name is that device's, as its files are.
bool Services::keeps_out(const ServiceRequest& request) {
  if (!admissions_) return false;
  return std::ranges::any_of(devices_named(request.path, request.query), [&](const std::string& device) {
    return !admissions_->admits(loop_.now(), wall_now(), request.peer.address, device);
  });
}

/// A config goes the way of files whatever is behind its name, so that nobody gets it as it is at the origin.
bool Services::takes(const ServiceRequest& request) const {
  if (!sign_) return false;
  if (request.path.starts_with("/~")) return true;  // no name of a file begins so
  return !request.query.empty() && !options_.origins.empty() && !names_config(request.path, request.query);
}

ContentPtr Services::open(const ServiceRequest& request, const RewriteOptions& rewriting) {
  if (!sign_) return Content::failure({Errc::not_found, "no URLs are rewritten"});
  const auto placed = parse_placed_path(request.path, sign_);
  if (!placed && options_.origins.empty()) return Content::failure({Errc::not_found, "no origin has services"});
  if (names_config(request.path, request.query))
    return Content::failure({Errc::forbidden, "a config is asked for by its own name"});
  const std::string_view path = placed ? (placed->rest.empty() ? "/" : placed->rest) : request.path;
  if (!is_service_target(path, request.query))
    return Content::failure({Errc::forbidden, "the address of the service is not one that is passed on"});
  if (keeps_out(request))
    return Content::failure(
        {Errc::not_admitted, "access.provisioning.phones keeps this device's pages from this address"});
  const std::string tail = std::string(path) + (request.query.empty() ? "" : "?" + std::string(request.query));
  std::vector<Page::Target> targets;
  if (placed) {
    targets.push_back({placed->place.to_url() + tail, placed->place, placed->place.to_url()});
  } else {
    for (const OriginUrl& origin : options_.origins)
      targets.push_back({origin.file_url("") + tail.substr(1), std::nullopt, origin.label()});
  }
  const Standing standing = known_ ? known_->standing(loop_.now(), request.peer.address) : Standing::stranger;
  if (shares_.take(request.peer.address, standing) != FairShare::Verdict::granted)
    return Content::failure({Errc::exhausted, "too many pages of services are asked for at the same time"});
  const auto page =
      std::make_shared<Page>(*this, rewriting, lines_for(request, placed.has_value()), std::move(targets));
  page->place = std::pair(request.peer.address, standing);
  running_.insert(page);
  page->start();
  return page->content();
}

void Services::over(const std::shared_ptr<Page>& page) {
  if (page->place) shares_.give_back(page->place->first, page->place->second);
  running_.erase(page);
}

void Services::append_metrics(MetricsText& out) const {
  out.counter("dropwire_service_pages_total", "Pages of phone services that were fetched for phones.", pages_);
  out.counter("dropwire_service_failures_total", "Pages of phone services that could not be fetched.", failures_);
  out.table("service_pages", shares_.held(), shares_.total());
}

}  // namespace dw::provisioning
