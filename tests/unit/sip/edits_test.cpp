#include "sbc/sip/edits.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "tests/unit/sip/sip_fixtures.hpp"

using namespace dw;
using namespace dw::sip;

namespace {

/// Parses `text`, lets `change` edit it, and gives what is written.
template <class Change>
std::string edited(const std::string& text, Change change, bool ok = true) {
  const auto message = std::make_unique<Message>();
  REQUIRE(message->parse(as_bytes(text)));
  REQUIRE_FALSE(message->fault());
  Edits edits(*message);
  change(edits, *message);
  std::string out = "before";
  edits.write(out);
  REQUIRE(out.starts_with("before"));
  CHECK(edits.ok() == ok);
  return out.substr(6);
}

const std::string kStart =
    "OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\n"
    "From: <sip:b@example.com>;tag=1\r\nTo: <sip:a@example.com>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n";

std::string header(std::string_view lines, std::string_view body = "") {
  return kStart + std::string(lines) + "\r\n" + std::string(body);
}

}  // namespace

TEST_CASE("changes at the begin, in the middle and at the end of the header block, in any order") {
  const std::string text = header("Max-Forwards: 70\r\nSubject: x\r\nContent-Length: 3\r\n", "abc");
  const std::string out = edited(text, [](Edits& edits, const Message& m) {
    edits.insert_at_end_of_header("X-End: 1\r\n");
    edits.replace(m.value_of(FieldName::max_forwards), "69");
    edits.insert_before(*m.find(FieldName::via), "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKb\r\n");
    edits.replace(m.request_uri(), "sip:c@192.0.2.7:5060");
    edits.remove(m.fields()[6]);
    edits.insert_before(*m.find(FieldName::via), "X-Second: 1\r\n");
  });
  CHECK(out ==
        "OPTIONS sip:c@192.0.2.7:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKb\r\nX-Second: 1\r\n"
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\nFrom: <sip:b@example.com>;tag=1\r\n"
        "To: <sip:a@example.com>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 69\r\n"
        "Content-Length: 3\r\nX-End: 1\r\n\r\nabc");
}

TEST_CASE("every valid fixture with the edits of a proxy keeps all its other octets") {
  for (const auto& [name, text] : test::all_fixtures()) {
    CAPTURE(name);
    const auto message = std::make_unique<Message>();
    if (!message->parse(as_bytes(text)) || message->fault() || !message->content_length()) continue;
    const std::string via = "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKours\r\n";
    const std::string once = edited(text, [&](Edits& edits, const Message& m) {
      edits.insert_before(*m.find(FieldName::via), via);
      edits.set_body("new body");
    });
    const std::string back = edited(once, [&](Edits& edits, const Message& m) {
      CHECK(m.via().branch == "z9hG4bKours");
      CHECK(m.body() == "new body");
      CHECK(m.content_length() == 8);
      edits.remove(*m.find(FieldName::via));
      edits.set_body(std::string(message->body()));
    });
    // Back where it was, but for Content-Length's leading zeros if it had some.
    CHECK(back == message->text());
  }
}

TEST_CASE("Content-Length is always there and always true") {
  const auto body = [](Edits& edits, const Message&) { edits.set_body("0123456789"); };
  const auto nothing = [](Edits&, const Message&) {};
  CHECK(edited(header("Max-Forwards: 70\r\n", "abc"), nothing) ==
        header("Max-Forwards: 70\r\nContent-Length: 3\r\n", "abc"));
  CHECK(edited(header("Content-Length: 3\r\nX: 1\r\n", "abc"), body) ==
        header("Content-Length: 10\r\nX: 1\r\n", "0123456789"));
  CHECK(edited(header("l  :\t0003 \r\n", "abc"), body) == header("l  :\t10 \r\n", "0123456789"));
  CHECK(edited(header("l: 0003\r\n", "abc"), nothing) == header("l: 0003\r\n", "abc"));
  CHECK(edited(header("l: 3\r\n", "abctrailing"), nothing) == header("l: 3\r\n", "abc"));
  CHECK(edited(header("l: 3\r\n", "abc"), [](Edits& edits, const Message&) { edits.set_body(""); }) ==
        header("l: 0\r\n"));
}

TEST_CASE("a Content-Length that is there twice is true both times") {
  const auto message = std::make_unique<Message>();
  const std::string out = edited(header("Content-Length: 3\r\nX: 1\r\nl: 3\r\n", "abc"),
                                 [](Edits& edits, const Message&) { edits.set_body("0123456789"); });
  REQUIRE(message->parse(as_bytes(out)));
  CHECK_FALSE(message->fault());
  CHECK(message->content_length() == 10);
  CHECK(message->body() == "0123456789");
}

TEST_CASE("changes that can't be made are an error, and the message stays whole") {
  const std::string text = header("Content-Length: 3\r\n", "abc");
  CHECK(edited(
            text,
            [](Edits& edits, const Message& m) {
              edits.replace(m.from().uri, "sip:x@y");
              edits.replace(m.from().text, "sip:overlaps");
            },
            false)
            .ends_with("Content-Length: 3\r\n\r\nabc"));
  const std::string body = edited(
      text, [](Edits& edits, const Message& m) { edits.replace(m.body(), "x"); }, false);
  CHECK(body == text);
  const std::string many = edited(
      text,
      [](Edits& edits, const Message& m) {
        for (std::size_t i = 0; i < Edits::kMax + 1; ++i)
          edits.insert_before(m.fields()[1], "X: 1\r\n");
      },
      false);
  CHECK(many.size() == text.size() + 6 * Edits::kMax);
}

TEST_CASE("a message full of changes still has its Content-Length") {
  const std::string text = header("Content-Length: 3\r\n", "abc");
  const std::string out = edited(text, [](Edits& edits, const Message& m) {
    for (std::size_t i = 0; i + 1 < Edits::kMax; ++i)
      edits.insert_before(m.fields()[1], "X: 1\r\n");
    edits.set_body("0123456789");
  });
  CHECK(out.ends_with("Content-Length: 10\r\n\r\n0123456789"));
}

TEST_CASE("all fields of a name go, wherever they are") {
  const std::string text =
      header("Record-Route: <sip:a;lr>\r\nX: 1\r\nRecord-Route: <sip:b;lr>,\r\n <sip:c;lr>\r\nl: 0\r\n");
  CHECK(edited(text, [](Edits& edits, const Message&) { edits.remove_all(FieldName::record_route); }) ==
        header("X: 1\r\nl: 0\r\n"));
}
