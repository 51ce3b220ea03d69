#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include "sbc/net/loop.hpp"
#include "tests/loop/store/temp_dir.hpp"
#include "tftp-proxy/cache.hpp"

namespace dw::test {

using provisioning::Cache;
using provisioning::Content;
using namespace std::chrono_literals;

/// A cache on a loop, asked as if it answered at once.
struct CacheUnderTest {
  explicit CacheUnderTest(std::string directory, std::uint64_t max_octets = 1 << 20)
      : options{.directory = std::move(directory), .max_octets = max_octets, .retry_after = 10ms} {
    open();
  }
  void open() {
    cache.reset();  // the lock goes with it
    cache = Cache::open(loop, options);
  }
  void put(const std::string& name, const std::string& text, const std::string& etag = {}) {
    provisioning::ContentMeta meta;
    meta.etag = etag;
    meta.origin = "http://origin/";
    cache->store(name, Content::of(to_buffer(text), meta));
  }
  /// Stores until it is there.
  void put_and_wait(const std::string& name, const std::string& text, const std::string& etag = {}) {
    put(name, text, etag);
    REQUIRE(loop.run_until([&] { return load(name) == text; }, 10s));
  }
  /// Nothing when it could not be had.
  std::optional<std::string> load(const std::string& name) {
    std::optional<Result<Buffer>> got;
    cache->load(name, [&](Result<Buffer> octets) { got = std::move(octets); });
    REQUIRE(loop.run_until([&] { return got.has_value(); }, 10s));
    if (!*got) return std::nullopt;
    return std::string(as_text(**got));
  }

  net::Loop loop;
  Cache::Options options;
  std::unique_ptr<Cache> cache;
};

}  // namespace dw::test
