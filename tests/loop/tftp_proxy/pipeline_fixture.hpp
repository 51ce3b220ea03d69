#pragma once
#include <condition_variable>
#include <mutex>

#include "tests/loop/tftp_proxy/origin_fixture.hpp"

namespace dw::test {

/// A pipeline with a cache in memory, asked as a phone would.
struct PipelineUnderTest {
  explicit PipelineUnderTest(std::vector<std::string> origins) : cache(loop) {
    options.origins = std::move(origins);
    options.rewriting.sccp_port = 2000;
  }
  void start() {
    pipeline.reset();
    pipeline = std::make_unique<Pipeline>(loop, options, use_cache ? &cache : nullptr,
                                          Pipeline::Sinks{[this](const FileRequest& request, const Rewritten& result) {
                                            notes.emplace_back(request.name, result);
                                          }});
  }
  ContentPtr open(const std::string& name, const std::string& peer = "192.0.2.77:50000") {
    if (!pipeline) start();
    FileRequest r;
    r.name = name;
    r.peer = *Endpoint::parse(peer);
    r.local = *IpAddress::parse("192.0.2.1");
    return pipeline->open(r);
  }
  bool wait(const ContentPtr& content) {
    return loop.run_until([&] { return content->done(); }, 20s);
  }
  /// The whole file; the error's text in angle brackets when there is none.
  std::string get(const std::string& name) {
    const ContentPtr content = open(name);
    REQUIRE(wait(content));
    last = content->meta();
    error.reset();
    if (content->state() == Content::State::complete) return std::string(as_text(content->octets()));
    error = content->error().code;
    return "<" + content->error().text + ">";
  }
  bool cached(const std::string& name) { return cache.held.contains(name); }
  void keep(const std::string& name, const std::string& text, const std::string& origin, const std::string& etag = {}) {
    ContentMeta meta;
    meta.origin = origin;
    meta.etag = etag;
    cache.store(name, Content::of(to_buffer(text), meta));
  }

  net::Loop loop;
  MemoryCache cache;
  Pipeline::Options options;
  bool use_cache = true;
  std::unique_ptr<Pipeline> pipeline;
  std::vector<std::pair<std::string, Rewritten>> notes;
  ContentMeta last;
  std::optional<Errc> error;
};

/// A door that a script on another thread waits at.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 20s, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

}  // namespace dw::test
