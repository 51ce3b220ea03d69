#include <algorithm>
#include <optional>

#include "sbc/base/escape.hpp"
#include "sbc/net/http_client.hpp"
#include "sbc/net/timer.hpp"
#include "tftp-proxy/core/fetch_policy.hpp"
#include "tftp-proxy/origin.hpp"

namespace dw::provisioning {
namespace {

constexpr unsigned kMaxResumes = 2;            // a body that breaks off is taken up again so often
constexpr unsigned kStrangersConnections = 4;  // to one origin; their requests wait for each other alone
constexpr Duration kResumePause = std::chrono::milliseconds(250);

/// What shows that a file is still the same one (RFC 9110 §13.1.5: a weak entity tag can't, for a range).
std::string range_validator(const net::HttpHead& head) {
  if (!head.etag.empty() && !head.etag.starts_with("W/")) return head.etag;
  return head.last_modified;
}

/// One file over HTTP: the first request, the look whether it is an HTML page, and up to kMaxResumes more
/// requests for the rest when the body breaks off and the file is still the same.
class HttpFetch : public std::enable_shared_from_this<HttpFetch> {
 public:
  HttpFetch(net::Loop& loop, std::shared_ptr<net::HttpClient> client, const OriginUrl& url,
            const Origin::Options& options, const OriginRequest& request, OriginCallbacks callbacks)
      : client_(std::move(client)),
        label_(url.label()),
        url_(url.file_url(request.name)),
        options_(options),
        request_(request),
        callbacks_(std::move(callbacks)),
        pause_(loop, [this] { ask(); }) {}

  void start() { ask(); }

  /// Whoever asked is gone.
  void cancel() {
    over_ = true;
    pause_.cancel();
    transfer_.reset();
  }

 private:
  void ask() {
    net::HttpClient::Request r;
    r.url = url_;
    r.connect_timeout = options_.connect_timeout;
    r.stall_timeout = options_.stall_timeout;
    r.max_octets = options_.max_file;
    if (received_ > 0) {
      r.from = received_;
      r.headers.push_back("If-Range: " + validator_);
    } else {
      if (!request_.etag.empty()) r.headers.push_back("If-None-Match: " + request_.etag);
      if (!request_.last_modified.empty()) r.headers.push_back("If-Modified-Since: " + request_.last_modified);
    }
    head_seen_ = false;
    body_ = Body::none;
    const std::weak_ptr<HttpFetch> weak = weak_from_this();
    net::HttpClient::Callbacks c;
    c.on_head = [weak](const net::HttpHead& head) {
      if (const auto self = weak.lock(); self && !self->over_) self->on_head(head);
    };
    c.on_octets = [weak](Bytes octets) {
      if (const auto self = weak.lock(); self && !self->over_) self->on_octets(octets);
    };
    c.on_end = [weak](Result<void> result) {
      if (const auto self = weak.lock(); self && !self->over_) self->on_end(std::move(result));
    };
    transfer_ = client_->get(r, std::move(c));
  }

  void on_head(const net::HttpHead& head) {
    head_seen_ = true;
    const HttpVerdict verdict = judge_http(head.status);
    if (received_ > 0) {
      on_resumed_head(head, verdict);
      return;
    }
    switch (verdict.meaning) {
      case HttpMeaning::found:
        break;
      case HttpMeaning::unchanged:
        if (request_.etag.empty() && request_.last_modified.empty()) {
          end_with(Errc::unavailable, "it answered HTTP 304 to an unconditional request");
        } else {
          finish(OriginEnd::Success::unchanged);
        }
        return;
      case HttpMeaning::not_found:
        end_with(Errc::not_found, verdict.why);
        return;
      case HttpMeaning::forbidden:
        end_with(Errc::forbidden, verdict.why);
        return;
      case HttpMeaning::unavailable:
        end_with(Errc::unavailable, verdict.why);
        return;
    }
    if (head.status != 200 && head.status != 203) {
      end_with(Errc::unavailable, "it answered with a part (HTTP " + std::to_string(head.status) + ")");
      return;
    }
    if (head.length && *head.length > options_.max_file) {
      end_with(Errc::too_long, "the file has " + std::to_string(*head.length) + " octets");
      return;
    }
    if (!head.length && !head.chunked) {
      end_with(Errc::unavailable, "it tells no length, so a body that breaks off would look whole");
      return;
    }
    said_html_ = says_html(head.content_type);
    meta_ = {head.length, head.etag, head.last_modified, label_};
    validator_ = head.packed ? std::string() : range_validator(head);
    body_ = may_be_html(request_.name) ? Body::wanted : Body::probing;
    if (body_ == Body::wanted) found();
  }

  /// The rest (206), or, from an origin that knows no ranges, all of the same file once more (200).
  void on_resumed_head(const net::HttpHead& head, const HttpVerdict& verdict) {
    const bool same = verdict.meaning == HttpMeaning::found && range_validator(head) == validator_;
    if (same && head.status == 206 && (!meta_.size || !head.length || *head.length == *meta_.size - received_)) {
      body_ = Body::wanted;
    } else if (same && head.status == 200 && head.length == meta_.size) {
      skip_ = received_;
      body_ = Body::wanted;
    } else {
      end_with(Errc::unavailable, "the file broke off after " + std::to_string(received_) +
                                      " octets and is not the same any more (HTTP " + std::to_string(head.status) +
                                      ")");
    }
  }

  void on_octets(Bytes octets) {
    if (body_ == Body::none) return;
    if (skip_ > 0) {
      const std::size_t less = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, octets.size()));
      skip_ -= less;
      octets = octets.subspan(less);
    }
    if (body_ == Body::probing) {
      probe_.insert(probe_.end(), octets.begin(), octets.end());
      decide(is_html_page(probe_, said_html_, request_.name));
      return;
    }
    deliver(octets);
  }

  void decide(std::optional<bool> html) {
    if (!html) return;
    if (*html) {
      end_with(Errc::not_found, "it answered with an HTML page");
      return;
    }
    body_ = Body::wanted;
    const auto self = shared_from_this();
    found();
    if (!over_) deliver(std::exchange(probe_, {}));
  }

  void found() { callbacks_.on_found(meta_, request_.name); }

  void deliver(Bytes octets) {
    if (octets.empty()) return;
    received_ += octets.size();
    if (received_ > options_.max_file) {
      end_with(Errc::too_long, "the file has more than " + std::to_string(options_.max_file) + " octets");
      return;
    }
    const auto self = shared_from_this();
    callbacks_.on_octets(octets);
  }

  void on_end(Result<void> result) {
    const auto self = shared_from_this();
    if (result && body_ == Body::probing) decide(is_html_page(probe_, said_html_, request_.name).value_or(false));
    if (over_) return;
    if (result && (body_ == Body::none || skip_ > 0)) {
      result = fail(Errc::unavailable, "it answered without a file");
    }
    if (result) {
      finish(OriginEnd::Success::complete);
      return;
    }
    if (result.error().code != Errc::too_long && received_ > 0 && !validator_.empty() && resumes_ < kMaxResumes) {
      skip_ = 0;
      transfer_.reset();
      pause_.arm_after(kResumePause * (1U << (2 * resumes_++)));
      return;
    }
    const Errc code = result.error().code == Errc::too_long ? Errc::too_long : Errc::unavailable;
    end_with(code, result.error().text);
  }

  void end_with(Errc code, const std::string& why) {
    const auto self = shared_from_this();
    over_ = true;
    transfer_.reset();
    callbacks_.on_end({fail(code, label_ + ": " + why), head_seen_ || received_ > 0});
  }
  void finish(OriginEnd::Success how) {
    const auto self = shared_from_this();
    over_ = true;
    transfer_.reset();
    callbacks_.on_end({how, true});
  }

  enum class Body { none, probing, wanted };

  std::shared_ptr<net::HttpClient> client_;
  std::string label_, url_;
  Origin::Options options_;
  OriginRequest request_;
  OriginCallbacks callbacks_;
  net::Timer pause_;
  std::unique_ptr<net::HttpClient::Transfer> transfer_;
  ContentMeta meta_;
  std::string validator_;
  Buffer probe_;
  bool said_html_ = false;
  std::uint64_t received_ = 0;
  std::uint64_t skip_ = 0;
  unsigned resumes_ = 0;
  Body body_ = Body::none;
  bool head_seen_ = false;
  bool over_ = false;
};

class HttpFetchHandle : public OriginFetch {
 public:
  explicit HttpFetchHandle(std::shared_ptr<HttpFetch> fetch) : fetch_(std::move(fetch)) {}
  ~HttpFetchHandle() override { fetch_->cancel(); }

 private:
  std::shared_ptr<HttpFetch> fetch_;
};

class HttpOrigin : public Origin {
 public:
  HttpOrigin(net::Loop& loop, const OriginUrl& url, const Options& options)
      : loop_(loop), url_(url), options_(options) {
    net::HttpClient::Options o;
    o.ca_file = options.ca_file;
    client_ = std::make_shared<net::HttpClient>(loop, o);
    o.max_connections = o.max_per_host = kStrangersConnections;
    strangers_ = std::make_shared<net::HttpClient>(loop, o);
  }

  std::unique_ptr<OriginFetch> fetch(const OriginRequest& request, OriginCallbacks callbacks) override {
    auto fetch = std::make_shared<HttpFetch>(loop_, request.for_stranger ? strangers_ : client_, url_, options_,
                                             request, std::move(callbacks));
    fetch->start();
    return std::make_unique<HttpFetchHandle>(std::move(fetch));
  }

 private:
  net::Loop& loop_;
  OriginUrl url_;
  Options options_;
  std::shared_ptr<net::HttpClient> client_, strangers_;
};

}  // namespace

std::unique_ptr<Origin> make_http_origin(net::Loop& loop, const OriginUrl& url, const Origin::Options& options) {
  return std::make_unique<HttpOrigin>(loop, url, options);
}

}  // namespace dw::provisioning
