// A config's way through the rewriter to one phone. Of its octets there are two copies: what the origin gave, which the
// flight hands to the Content that all phones and the memory share, and what is made of it for this phone. A config
// that needs no change shares the first.
#include "sbc/net/digest.hpp"
#include "sbc/net/resolver.hpp"
#include "tftp-proxy/pipeline.hpp"

namespace dw::provisioning {

/// A config on its way to one phone: waits for the origin's file, then becomes its rewritten form. Lives as
/// long as the content that was handed out, and holds the origin's file for that time.
class Pipeline::Rewriting {
 public:
  Rewriting(std::shared_ptr<Pipeline*> pipeline, FileRequest request, ContentPtr source, ContentPtr target)
      : pipeline_(std::move(pipeline)),
        request_(std::move(request)),
        source_(std::move(source)),
        target_(std::move(target)),
        subscription_(Content::subscribe(source_, [this] { on_change(); })) {}

 private:
  void on_change() {
    if (!source_->done() || target_->done()) return;
    const ContentPtr target = target_;  // the callback may destroy us
    if (source_->state() == Content::State::failed || *pipeline_ == nullptr) {
      target->fail(source_->state() == Content::State::failed ? source_->error()
                                                              : Error{Errc::unavailable, "shutting down"});
      return;
    }
    const ContentPtr done = (*pipeline_)->rewrite_now(request_, *source_);
    target->begin(done->meta());
    target->share(*done);
    target->finish();
  }

  std::shared_ptr<Pipeline*> pipeline_;
  FileRequest request_;
  ContentPtr source_, target_;
  Content::Subscription subscription_;
};

ContentPtr Pipeline::rewritten(const FileRequest& request, const ContentPtr& source) {
  if (source->state() == Content::State::failed) return source;
  if (source->state() == Content::State::complete) return rewrite_now(request, *source);
  auto target = std::make_shared<Content>();
  auto rewriting = std::make_shared<Rewriting>(self_, request, source, target);
  return ContentPtr(target.get(), [target, rewriting](Content*) {});
}

ContentPtr Pipeline::rewrite_now(const FileRequest& request, const Content& source) {
  RewriteOptions rewriting = rewriting_for(request.local);
  if (sinks_.central_side) sinks_.central_side(rewriting);
  Rewritten result = rewrite_cnf(request.name, source.octets(), rewriting);
  prefetcher_.want(files_named_by(result.facts));
  if (sinks_.on_rewrite) sinks_.on_rewrite(request, result);
  ContentMeta meta = source.meta();
  if (!result.changed) {
    meta.size = source.octets().size();
    auto same = std::make_shared<Content>();
    same->begin(std::move(meta));
    same->share(source);
    same->finish();
    return same;
  }
  // Its own entity tag, from its octets. No Last-Modified: the origin's stays when our address changes.
  const net::Sha256 digest = net::sha256(result.octets);
  meta.size = result.octets.size();
  meta.etag = "\"rw-" + net::to_hex(Bytes(digest).first(16)) + "\"";
  meta.last_modified.clear();
  meta.origin = "rewrite of " + meta.origin;
  return Content::of(std::move(result.octets), std::move(meta));
}

std::string Pipeline::host_for(const IpAddress& local) const {
  if (options_.advertise != "auto") return options_.advertise;
  if (local && !local.is_unspecified()) return local.to_string();
  for (const IpAddress& address : net::local_addresses()) {
    if (!address.is_loopback()) return address.to_string();
  }
  return "127.0.0.1";
}

RewriteOptions Pipeline::rewriting_for(const IpAddress& local) const {
  RewriteOptions rewriting = options_.rewriting;
  rewriting.host = host_for(local);
  rewriting.sign_place = services_.signer();
  return rewriting;
}

/// Configs that are passed on as they are still name what to prefetch.
void Pipeline::read_facts(const std::string& name, Bytes octets) {
  prefetcher_.want(files_named_by(rewrite_cnf(name, octets, options_.rewriting).facts));
}

}  // namespace dw::provisioning
