#pragma once
#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>
#include "sbc/net/http_client.hpp"
#include "tests/loop/net/scripted_origin.hpp"

/// Files fetched from a scripted origin.
namespace dw::http_client_test {

using namespace std::chrono_literals;
using net::HttpClient;
using net::HttpHead;
using test::ScriptedOrigin;

inline constexpr Duration kPatience = 20s;

/// What one transfer reported.
struct Fetched {
  std::optional<HttpHead> head;
  std::string body;
  std::optional<Result<void>> end;

  HttpClient::Callbacks callbacks() {
    return {.on_head =
                [this](const HttpHead& h) {
                  CHECK_FALSE(head.has_value());
                  head = h;
                },
            .on_octets =
                [this](Bytes octets) {
                  CHECK(head.has_value());
                  CHECK_FALSE(end.has_value());
                  body += as_text(octets);
                },
            .on_end =
                [this](Result<void> r) {
                  CHECK_FALSE(end.has_value());
                  end = std::move(r);
                }};
  }
  bool fine() const { return end && end->has_value(); }
  bool failed_with(Errc code) const { return end && !end->has_value() && end->error().code == code; }
};

inline Fetched fetch(const HttpClient::Request& request, const HttpClient::Options& options = {}) {
  net::Loop loop;
  HttpClient client(loop, options);
  Fetched fetched;
  const auto transfer = client.get(request, fetched.callbacks());
  CHECK_FALSE(fetched.end.has_value());
  loop.run_until([&] { return fetched.end.has_value(); }, kPatience);
  return fetched;
}

/// An origin that says one thing and hangs up.
inline Fetched fetch_from(const std::string& answer, HttpClient::Request request = {}) {
  ScriptedOrigin origin([&](ScriptedOrigin::Peer& peer, const std::string&) { peer.send(answer); });
  request.url = origin.url();
  return fetch(request);
}

}  // namespace dw::http_client_test
