#include "sbc/sip/stream.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "sbc/sip/message.hpp"
#include "tests/unit/sip/sip_fixtures.hpp"

using namespace dw;
using namespace dw::sip;
using Kind = StreamFramer::Kind;

namespace {

struct Got {
  std::vector<std::string> pieces;  ///< a message's octets, "ping", "pong"
  bool broken = false;
  std::size_t left = 0;
};

/// Everything that comes out of `stream` when it arrives as `first` octets, then pieces of `step`.
Got cut(std::string_view stream, std::size_t first, std::size_t step) {
  StreamFramer framer;
  Got got;
  for (std::size_t at = 0, n = first; at < stream.size(); at += n, n = step) {
    n = std::min(n, stream.size() - at);
    const Buffer piece = to_buffer(stream.substr(at, n));  // its own allocation
    framer.push(piece);
    for (;;) {
      const auto next = framer.next();
      if (!next) {
        got.broken = true;
        return got;
      }
      if (!*next) break;
      const auto& [kind, octets] = **next;
      got.pieces.emplace_back(kind == Kind::message ? std::string(as_text(octets))
                                                    : std::string(kind == Kind::ping ? "ping" : "pong"));
    }
  }
  got.left = framer.buffered();
  return got;
}

/// The messages that a stream can carry, one for each fixture.
std::vector<std::string> carried() {
  std::vector<std::string> out;
  for (auto& [name, text] : test::all_fixtures()) {
    const auto message = std::make_unique<Message>();
    if (name != "dblreq" && message->parse(as_bytes(text)) && !message->fault() && message->content_length())
      out.push_back(text);
  }
  return out;
}

}  // namespace

TEST_CASE("two messages come out whole, wherever the stream is cut") {
  const auto messages = carried();
  REQUIRE(messages.size() > 50);
  for (std::size_t i = 0; i + 1 < messages.size(); i += 7) {
    const std::string stream = messages[i] + messages[i + 1];
    for (std::size_t first = 1; first < stream.size(); ++first) {
      CAPTURE(first);
      const Got got = cut(stream, first, stream.size());
      REQUIRE_FALSE(got.broken);
      REQUIRE(got.pieces == std::vector<std::string>{messages[i], messages[i + 1]});
      REQUIRE(got.left == 0);
    }
  }
}

TEST_CASE("many messages in one read, and octet by octet") {
  const auto messages = carried();
  std::string stream;
  for (const auto& message : messages)
    stream += message;
  for (const std::size_t step : {stream.size(), std::size_t{1}, std::size_t{1460}, std::size_t{3}}) {
    CAPTURE(step);
    const Got got = cut(stream, step, step);
    CHECK_FALSE(got.broken);
    CHECK(got.pieces == messages);
    CHECK(got.left == 0);
  }
}

TEST_CASE("no proper prefix of a message is one") {
  for (const auto& text : carried()) {
    for (std::size_t n = 0; n < text.size(); ++n) {
      const Got got = cut(std::string_view(text).substr(0, n), n, 1);
      REQUIRE(got.pieces.empty());
      REQUIRE_FALSE(got.broken);
      REQUIRE(got.left == n);
    }
  }
}

TEST_CASE("a datagram with two requests is two messages on a stream (RFC 4475 dblreq)") {
  const std::string text = test::fixture("dblreq").text;
  const std::size_t second = text.find("INVITE");
  const std::size_t end = text.find("\r\n\r\n", second) + 4 + 150;
  for (std::size_t step = 1; step <= text.size(); step += step < 40 ? 1 : 37) {
    CAPTURE(step);
    const Got got = cut(text, step, step);
    // The empty line between the two is no message; the body is longer than Content-Length says, and what is
    // left of it is no message either.
    CHECK(got.pieces ==
          std::vector<std::string>{text.substr(0, second - 2), "pong", text.substr(second, end - second)});
    CHECK(got.broken);
    CHECK_FALSE(cut(std::string_view(text).substr(0, end), step, step).broken);
  }
}

TEST_CASE("pings and pongs between messages (RFC 5626 section 4.4.1), wherever they are cut") {
  const std::string message = test::fixture("lwsdisp").text;
  const std::string stream = "\r\n\r\n" + message + "\r\n\r\n\r\n\r\n" + message + "\r\n" + message + "\r\n\r\n";
  const std::vector<std::string> expected = {"ping", message, "ping", "ping", message, "pong", message, "ping"};
  for (std::size_t first = 1; first <= stream.size(); ++first) {
    for (const std::size_t step : {stream.size(), std::size_t{1}, std::size_t{2}}) {
      CAPTURE(first);
      CAPTURE(step);
      REQUIRE(cut(stream, first, step).pieces == expected);
    }
  }
}

TEST_CASE("NULs between messages are keepalives, each by itself, wherever they are cut") {
  const std::string message = carried().front();
  const std::string stream = std::string(3, '\0') + message + std::string(1, '\0') + "\r\n" + message;
  for (std::size_t first = 1; first <= stream.size(); ++first) {
    const Got got = cut(stream, first, 1);
    CHECK_FALSE(got.broken);
    CHECK(got.pieces == std::vector<std::string>{"pong", "pong", "pong", message, "pong", "pong", message});
  }
}

TEST_CASE("a stream that can't be followed ends (RFC 4475 ncl, mcl01); one that lacks octets waits (clerr)") {
  for (const char* name : {"ncl", "mcl01", "inv2543"}) {
    CAPTURE(name);
    const std::string text = test::fixture(name).text;
    const std::size_t header = text.find("\r\n\r\n") + 4;
    for (std::size_t first = 1; first <= text.size(); ++first) {
      const Got got = cut(text, first, 1);
      REQUIRE(got.broken);
      REQUIRE(got.pieces.empty());
    }
    CHECK_FALSE(cut(std::string_view(text).substr(0, header - 1), header, 1).broken);
  }
  const std::string text = test::fixture("clerr").text;
  const Got got = cut(text, text.size(), 1);
  CHECK_FALSE(got.broken);
  CHECK(got.pieces.empty());
  CHECK(got.left == text.size());
}

TEST_CASE("what a stream may hold has bounds") {
  const std::string endless(Message::kMaxOctets + 1, 'x');
  CHECK_FALSE(cut(std::string_view(endless).substr(1), 1000, 1000).broken);
  for (const std::size_t step : {std::size_t{1000}, endless.size()})
    CHECK(cut(endless, step, step).broken);
  const auto message = [](std::size_t header, std::size_t body) {
    const std::string length = "Content-Length: " + std::to_string(body) + "\r\n\r\n";
    const std::string start = "OPTIONS sip:a@b SIP/2.0\r\nX: ";
    return start + std::string(header - start.size() - 2 - length.size(), 'x') + "\r\n" + length +
           std::string(body, 'b');
  };
  const std::string largest = message(Message::kMaxOctets, Message::kMaxOctets);
  for (const std::size_t step : {std::size_t{1460}, largest.size() * 2}) {
    CHECK(cut(largest + largest, step, step).pieces == std::vector<std::string>{largest, largest});
    CHECK(cut(message(Message::kMaxOctets + 1, 0), step, step).broken);
    CHECK(cut(message(500, Message::kMaxOctets + 1), step, step).broken);
  }
}

TEST_CASE("Content-Length by any of its names, and folded, is what frames") {
  const auto length = [](std::string_view lines) {
    return framed_content_length("BYE sip:a@b SIP/2.0\r\n" + std::string(lines) + "\r\n");
  };
  CHECK(length("Content-Length: 5\r\n") == 5U);
  CHECK(length("l:5\r\n") == 5U);
  CHECK(length("L : 0005\r\n") == 5U);
  CHECK(length("CONTENT-LENGTH:\t5 \r\n") == 5U);
  CHECK(length("l: 5\r\nContent-Length: 5\r\n") == 5U);
  CHECK_FALSE(length("l: 5\r\nContent-Length: 6\r\n"));
  CHECK_FALSE(length("X: a\r\n l: 5\r\n"));  // a fold of X
  CHECK_FALSE(length(""));
  for (const char* bad : {"", "five", "-5", "+5", "5 5", "5,5", "65537", "18446744073709551621"})
    CHECK_FALSE(length("l: " + std::string(bad) + "\r\n"));
}

TEST_CASE("a folded Content-Length frames a stream as it does a datagram") {
  const std::string text =
      "OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKa\r\n"
      "From: <sip:b@example.com>;tag=1\r\nTo: <sip:a@example.com>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n"
      "Content-Length:\r\n 3\r\n\r\nabc";
  const auto message = std::make_unique<Message>();
  REQUIRE(message->parse(as_bytes(text)));
  REQUIRE(message->content_length() == 3);
  CHECK(cut(text, text.size(), 1).pieces == std::vector<std::string>{text});
}
