#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sbc/net/http_server.hpp"
#include "tests/loop/net/stream_client.hpp"

namespace dw::test {

using net::HttpBody;
using net::HttpExchange;
using net::HttpReply;
using net::HttpServer;

constexpr Duration kPatience = std::chrono::seconds(20);
using ExchangePtr = std::shared_ptr<HttpExchange>;

inline HttpReply text_reply(std::string text, unsigned status = 200) {
  return {.status = status, .headers = {}, .text = std::move(text), .stream = {}};
}

/// `size` octets whose value follows from their place.
inline std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return out;
}

inline HttpReply streamed(std::uint64_t size, std::function<long(std::uint64_t, MutableBytes)> read) {
  return {.status = 200, .headers = {}, .text = {}, .stream = HttpBody{size, std::move(read)}};
}

/// Gives `text` up to `ready` octets, then waits.
inline HttpReply stream_of(const std::string& text, const std::size_t& ready) {
  return streamed(text.size(), [&text, &ready](std::uint64_t offset, MutableBytes into) {
    if (offset >= ready) return HttpBody::kWait;
    const std::size_t count = std::min(into.size(), ready - static_cast<std::size_t>(offset));
    std::memcpy(into.data(), text.data() + offset, count);
    return static_cast<long>(count);
  });
}

struct End {
  bool whole;
  std::uint64_t octets;
};

/// A loop, a server on a free port, and what it was asked.
struct HttpFixture {
  net::Loop loop;
  std::vector<ExchangePtr> asked;
  std::vector<End> ends;
  std::function<void(const ExchangePtr&)> answer = [](const ExchangePtr& e) { e->reply(text_reply("fine\n")); };
  std::unique_ptr<HttpServer> server;

  void start(HttpServer::Options options = {}, const char* address = "127.0.0.1") {
    if (options.unix_path.empty()) options.listen = Endpoint{*IpAddress::parse(address), 0};
    auto started = HttpServer::start(loop, options, [this](ExchangePtr exchange) {
      exchange->on_end([this](bool whole, std::uint64_t octets) { ends.push_back({whole, octets}); });
      asked.push_back(exchange);
      answer(exchange);
    });
    if (!started) FAIL(started.error().text);
    server = std::move(*started);
  }
  bool until(const std::function<bool()>& condition) { return loop.run_until(condition, kPatience); }
  bool read_until(StreamClient& client, const std::function<bool()>& condition) {
    return until([&] {
      client.read();
      return condition();
    });
  }
  bool read_to_body(StreamClient& client, std::string_view body) {
    return read_until(client, [&] { return client.body() == body; });
  }
  bool read_to_end(StreamClient& client) {
    return read_until(client, [&] { return client.ended(); });
  }
};

}  // namespace dw::test
