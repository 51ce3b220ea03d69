#include "tftp-proxy/prefetcher.hpp"

#include <algorithm>

#include "sbc/net/log.hpp"
#include "tftp-proxy/core/fetch_policy.hpp"
#include "tftp-proxy/core/file_lists.hpp"
#include "tftp-proxy/core/file_name.hpp"
#include "tftp-proxy/core/manifest.hpp"

namespace dw::provisioning {
namespace {

bool fixed(const std::string& name) {
  return is_common(cache_class(name, true));
}

}  // namespace

std::vector<std::string> files_named_by(const CnfFacts& facts) {
  std::vector<std::string> out;
  for (const LoadName& load : facts.loads) {
    if (load.use == LoadName::Use::model_default || load.name.empty()) continue;
    if (const auto name = parse_file_name(fixed(load.name) ? load.name : load.name + ".loads")) out.push_back(*name);
  }
  for (const std::string& file : facts.files) {
    if (const auto name = parse_file_name(file)) out.push_back(*name);
  }
  return out;
}

std::vector<std::string> files_named_by(const std::string& name, Bytes octets) {
  std::vector<std::string> out;
  if (is_manifest_name(name)) {
    if (const auto manifest = parse_manifest(octets)) {
      for (const ManifestPart& part : manifest->parts)
        out.push_back(part.name);
    }
  } else if (const ListKind kind = list_kind(name); kind != ListKind::none) {
    if (auto files = parse_file_list(kind, octets)) out = std::move(*files);
  }
  return out;
}

Prefetcher::Prefetcher(net::Loop& loop, const Options& options, Hooks hooks)
    : loop_(loop), options_(options), hooks_(std::move(hooks)) {}

Prefetcher::~Prefetcher() {
  *alive_ = false;
}

void Prefetcher::want(const std::vector<std::string>& names) {
  if (!options_.enable) return;
  for (const std::string& name : names) {
    if (!fixed(name) || queued_.contains(name) || running_.contains(name) || !hooks_.wanted(name)) continue;
    if (queue_.size() >= kMaxQueue) {
      ++left_out_;
      continue;
    }
    queue_.push_back(name);
    queued_.insert(name);
  }
  soon();
}

/// Later: we may be inside a change of the very content that is looked at.
void Prefetcher::soon() {
  if (turn_posted_ || (queue_.empty() && running_.empty())) return;
  turn_posted_ = true;
  loop_.post([this, alive = alive_] {
    if (*alive) turn();
  });
}

void Prefetcher::turn() {
  turn_posted_ = false;
  for (auto job = running_.begin(); job != running_.end();) {
    const Content& content = *job->second.content;
    if (!content.done()) {
      ++job;
      continue;
    }
    const bool whole = content.state() == Content::State::complete;
    ++(whole ? fetched_ : failed_);
    if (whole) {
      spdlog::info("event=prefetched file=\"{}\" octets={}", escaped(job->first), content.octets().size());
    } else {
      spdlog::info("event=prefetch_failed file=\"{}\" reason=\"{}\"", escaped(job->first),
                   escaped(content.error().text, 300));
    }
    job = running_.erase(job);
  }
  const std::size_t allowed = hooks_.busy() >= options_.concurrency ? 1 : options_.concurrency;
  while (!queue_.empty() && running_.size() < allowed) {
    const std::string name = std::move(queue_.front());
    queue_.pop_front();
    queued_.erase(name);
    if (!hooks_.wanted(name)) continue;
    Job job;
    job.content = hooks_.open(name);
    job.subscription = Content::subscribe(job.content, [this] { soon(); });
    const bool done = job.content->done();
    running_.emplace(name, std::move(job));
    if (done) soon();
  }
}

void Prefetcher::append_metrics(MetricsText& out) const {
  static constexpr std::string_view kName = "dropwire_prefetch_files_total";
  static constexpr std::string_view kHelp = "Files fetched before a phone asked for them";
  out.counter(kName, kHelp, fetched_, {{"result", "fetched"}});
  out.counter(kName, kHelp, failed_, {{"result", "failed"}});
  out.counter(kName, kHelp, left_out_, {{"result", "left_out"}});
  out.gauge("dropwire_prefetch_queue", "Files waiting to be prefetched", static_cast<double>(queue_.size()));
}

}  // namespace dw::provisioning
