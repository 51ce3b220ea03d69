#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/loop/net/scripted_origin.hpp"
#include "tests/loop/store/temp_dir.hpp"
#include "tftp-proxy/cache.hpp"
#include "tftp-proxy/pipeline.hpp"

namespace dw::test {

using namespace dw::provisioning;
using namespace std::chrono_literals;

inline std::string some_octets(std::size_t count) {
  std::string out(count, '\0');
  for (std::size_t i = 0; i < count; ++i)
    out[i] = static_cast<char>((i * 31 + i / 251) & 0xffU);
  return out;
}

/// A value that the test changes and an origin's thread reads.
template <class T>
class Shared {
 public:
  explicit Shared(T value = {}) : value_(std::move(value)) {}
  Shared& operator=(T value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
    return *this;
  }
  T get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

/// The path that a request head asks for.
inline std::string path_of(const std::string& head) {
  const auto begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}
inline std::string http_ok(const std::string& body, const std::string& more = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more + "\r\n" + body;
}
inline std::string http_status(int status, const std::string& body = {}, const std::string& more = {}) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more +
         "\r\n" + body;
}

/// What came of one file of one origin.
struct Fetched {
  bool found = false, ended = false, reached = false;
  ContentMeta meta;
  std::string real, octets;
  std::optional<Result<OriginEnd::Success>> result;
  std::vector<std::string> near;  // sorted

  OriginCallbacks callbacks() {
    OriginCallbacks c;
    c.on_found = [this](ContentMeta m, const std::string& r) {
      CHECK_FALSE(found);
      found = true;
      meta = std::move(m);
      real = r;
    };
    c.on_octets = [this](Bytes b) {
      CHECK(found);
      octets += as_text(b);
    };
    c.on_end = [this](OriginEnd end) {
      CHECK_FALSE(ended);
      ended = true;
      reached = end.reached;
      result = std::move(end.result);
      near = std::move(end.near);
      std::ranges::sort(near);
    };
    return c;
  }
  bool complete() const { return result && *result && **result == OriginEnd::Success::complete; }
  bool unchanged() const { return result && *result && **result == OriginEnd::Success::unchanged; }
  std::optional<Errc> error() const {
    if (!result || *result) return std::nullopt;
    return result->error().code;
  }
};

/// Fetches one file to its end.
inline Fetched fetch(net::Loop& loop, Origin& origin, const OriginRequest& request) {
  Fetched f;
  const auto running = origin.fetch(request, f.callbacks());
  CHECK_FALSE(f.ended);
  REQUIRE(loop.run_until([&] { return f.ended; }, 20s));
  return f;
}

/// A cache that keeps all in memory, and answers as the real one does: later.
class MemoryCache : public Cache {
 public:
  void configure(const Options&) override {}
  explicit MemoryCache(net::Loop& loop) : loop_(loop) {}
  std::optional<CacheEntry> find(std::string_view name) const override {
    const auto at = held.find(std::string(name));
    return at == held.end() ? std::nullopt : std::optional(at->second.entry);
  }
  std::optional<CacheEntry> find_ignoring_case(std::string_view name) const override {
    for (const auto& [key, file] : held) {
      if (folded(key) == folded(name)) return file.entry;
    }
    return std::nullopt;
  }
  void load(const std::string& name, std::function<void(Result<Buffer>)> done) override {
    ++loads;
    const auto at = held.find(name);
    Result<Buffer> answer = fail(Errc::not_found, "gone");
    if (at != held.end() && !at->second.damaged) answer = at->second.octets;
    if (at != held.end() && at->second.damaged) held.erase(at);
    loop_.post([done, answer] { done(answer); });
  }
  void store(const std::string& name, ContentPtr content) override {
    REQUIRE(content->state() == Content::State::complete);
    File& f = held[name];
    f.octets.assign(content->octets().begin(), content->octets().end());
    f.damaged = false;
    f.entry = {name,      f.octets.size(), content->meta().etag, content->meta().last_modified, content->meta().origin,
               wall_now()};
  }
  void refreshed(const std::string&, WallTime) override { ++refreshes; }
  void remove(const std::string& name) override { held.erase(name); }
  bool storing() const override { return on; }
  std::uint64_t octets() const override { return 0; }
  std::size_t files() const override { return held.size(); }
  void for_each(const std::function<void(const CacheEntry&)>& visit) const override {
    for (const auto& [name, file] : held)
      visit(file.entry);
  }
  void append_metrics(MetricsText&) const override {}

  struct File {
    CacheEntry entry;
    Buffer octets;
    bool damaged = false;
  };
  std::map<std::string, File> held;
  int loads = 0, refreshes = 0;
  bool on = true;

 private:
  net::Loop& loop_;
};

inline void write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace dw::test
