#include "sbc/net/http_now.hpp"

#include <doctest/doctest.h>

#include "tests/loop/net/scripted_origin.hpp"

using namespace dw;
using namespace dw::net;
using namespace std::chrono_literals;
using dw::test::ScriptedOrigin;
using Peer = ScriptedOrigin::Peer;

namespace {

const std::string kPiece(64 << 10, 'a');
constexpr int kPieces = 200;  // 12.5 MiB: more than any socket buffers

}  // namespace

TEST_CASE("http now: a GET and a POST, with their headers and whatever status") {
  ScriptedOrigin device([](Peer& peer, const std::string& head) {
    peer.send(head.starts_with("POST") ? "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nfault"
                                       : "HTTP/1.0 200 OK\r\n\r\n<root/>");
  });
  const auto got = http_now({.url = device.url("/desc.xml")});
  REQUIRE(got);
  CHECK(got->status == 200);
  CHECK(got->body == "<root/>");
  const auto posted = http_now({.url = device.url("/control"), .headers = {"SOAPAction: \"a#b\""}, .post = "<x/>"});
  REQUIRE(posted);
  CHECK(posted->status == 500);
  CHECK(posted->body == "fault");
  const auto requests = device.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].starts_with("GET /desc.xml HTTP/1.1\r\n"));
  CHECK(requests[1].starts_with("POST /control HTTP/1.1\r\n"));
  CHECK(requests[1].find("SOAPAction: \"a#b\"\r\n") != std::string::npos);
  CHECK(requests[1].find("Content-Length: 4\r\n") != std::string::npos);
  CHECK(requests[1].find("Expect") == std::string::npos);
}

TEST_CASE("http now: an endless answer is aborted, in its body or its head") {
  std::string begin, piece = kPiece;
  SUBCASE("until the connection closes") {
    begin = "HTTP/1.1 200 OK\r\n\r\n";
  }
  SUBCASE("a length that is a lie") {
    begin = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
  }
  SUBCASE("in pieces") {
    begin = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    piece = "10000\r\n" + kPiece + "\r\n";
  }
  SUBCASE("an error's") {
    begin = "HTTP/1.1 404 Not Found\r\n\r\n";
  }
  SUBCASE("header lines") {
    begin = "HTTP/1.1 200 OK\r\n";
    piece = "X: " + std::string(1000, 'x') + "\r\n";
  }
  SUBCASE("interim answers") {
    begin = "HTTP/1.1 100 Continue\r\n\r\n";
    piece = begin;
  }
  ScriptedOrigin device([&](Peer& peer, const std::string&) {
    peer.send(begin);
    for (int i = 0; i < kPieces * 10; ++i)
      peer.send(piece);
  });
  const auto got = http_now({.url = device.url(), .max_octets = 20'000});
  REQUIRE_FALSE(got);
  CHECK(got.error().code == Errc::too_long);
}

TEST_CASE("http now: one line without end is no answer") {
  ScriptedOrigin device([&](Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\nX: ");
    for (int i = 0; i < kPieces; ++i)
      peer.send(kPiece);
  });
  CHECK_FALSE(http_now({.url = device.url()}));
}

TEST_CASE("http now: a slow or silent device ends with the time limit, or when the caller gives up") {
  std::atomic<bool> give_up = false;
  HttpNow request;
  SUBCASE("nothing") {
    ScriptedOrigin device([](Peer& peer, const std::string&) { peer.wait_for_close(); });
    request = {.url = device.url(), .within = 50ms};
    const auto got = http_now(request);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::unavailable);
  }
  SUBCASE("drop by drop") {
    ScriptedOrigin device([](Peer& peer, const std::string&) {
      peer.send("HTTP/1.1 200 OK\r\n\r\n");
      for (int i = 0; i < 200; ++i) {
        peer.send("a");
        std::this_thread::sleep_for(2ms);
      }
      peer.wait_for_close();
    });
    request = {.url = device.url(), .within = 100ms};
    CHECK_FALSE(http_now(request));
  }
  SUBCASE("given up") {
    ScriptedOrigin device([&](Peer& peer, const std::string&) {
      give_up = true;
      peer.wait_for_close();
    });
    request = {.url = device.url(), .within = 1h, .give_up = &give_up};
    CHECK_FALSE(http_now(request));
  }
}

TEST_CASE("http now: it follows no redirect and no proxy") {
  ScriptedOrigin other([](Peer& peer, const std::string&) { peer.send("HTTP/1.1 200 OK\r\n\r\nother"); });
  ScriptedOrigin device([&](Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 302 Found\r\nLocation: " + other.url() + "\r\nContent-Length: 0\r\n\r\n");
  });
  const auto got = http_now({.url = device.url()});
  REQUIRE(got);
  CHECK(got->status == 302);
  CHECK(other.requests().empty());
  CHECK_FALSE(http_now({.url = "file:///etc/hostname"}));
  CHECK_FALSE(http_now({.url = "ftp://127.0.0.1/"}));
}
