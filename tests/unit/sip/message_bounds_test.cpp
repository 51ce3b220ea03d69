#include "tests/unit/sip/parsed_message.hpp"

// What is refused: messages that lack something, say it twice, or exceed a bound.
using namespace dw;
using namespace dw::sip;
using test::fixture;
using namespace dw::message_test;

TEST_CASE("without a field that each message has there is no message") {
  const std::string whole = request("Max-Forwards: 70\r\n");
  REQUIRE(Parsed(whole).clean());
  for (const char* line : {"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\n", "From: <sip:b@example.com>;tag=1\r\n",
                           "To: <sip:a@example.com>\r\n", "Call-ID: x\r\n", "CSeq: 1 OPTIONS\r\n"}) {
    CAPTURE(line);
    const Parsed m(replaced(whole, line, ""));
    REQUIRE_FALSE(m.result);
    CHECK(m.result.error().code == Errc::malformed);
  }
}

TEST_CASE("fields that a message has once are refused twice, even when they agree") {
  for (const char* line : {"From: <sip:b@example.com>;tag=1\r\n", "t: <sip:a@example.com>\r\n", "i: x\r\n",
                           "CSeq: 1 OPTIONS\r\n", "Max-Forwards: 70\r\nMax-Forwards: 70\r\n"}) {
    CAPTURE(line);
    const Parsed m(request(line));
    REQUIRE(m.result);
    REQUIRE(m->fault());
    CHECK(m->fault()->status == 400);
  }
  CHECK(Parsed(request("Via: SIP/2.0/TCP 192.0.2.2;branch=z9hG4bKb\r\nRoute: <sip:a;lr>\r\nRoute: <sip:b;lr>\r\n"))
            .clean());
}

TEST_CASE("numbers have bounds") {
  const auto status = [](std::string lines, std::string rest = "\r\n") {
    const Parsed m(request(lines, rest));
    REQUIRE(m.result);
    return m->fault() ? m->fault()->status : 0;
  };
  CHECK(status("Max-Forwards: 0\r\n") == 0);
  CHECK(status("Max-Forwards: 255\r\n") == 0);
  CHECK(status("Max-Forwards: 256\r\n") == 400);
  CHECK(status("Max-Forwards: -1\r\n") == 400);
  CHECK(status("Max-Forwards:\r\n") == 400);
  CHECK(status("Max-Forwards: 7 0\r\n") == 400);
  CHECK(status("Max-Forwards: 99999999999999999999\r\n") == 400);
  CHECK(status("Content-Length: 3\r\n", "\r\nabc") == 0);
  CHECK(status("Content-Length: 0003\r\n", "\r\nabc") == 0);
  CHECK(status("Content-Length: 3\r\nl: 3\r\n", "\r\nabc") == 0);
  CHECK(status("Content-Length: 3\r\nl: 2\r\n", "\r\nabc") == 400);
  CHECK(status("Content-Length: 4\r\n", "\r\nabc") == 400);
  CHECK(status("Content-Length: +3\r\n", "\r\nabc") == 400);
  CHECK(status("Content-Length: -1\r\n", "\r\nabc") == 400);
  CHECK(status("Content-Length: 18446744073709551619\r\n", "\r\nabc") == 400);
  CHECK(status("Content-Length: 0x3\r\n", "\r\nabc") == 400);
  const std::string limit(Message::kMaxOctets, 'b');
  CHECK(status("Content-Length: 65536\r\n", "\r\n" + limit) == 0);
  CHECK(status("Content-Length: 65537\r\n", "\r\n" + limit + "b") == 400);

  const auto cseq = [](std::string_view value) {
    const Parsed m(replaced(request(""), "1 OPTIONS", value));
    REQUIRE(m.result);
    return m.clean();
  };
  CHECK(cseq("0 OPTIONS"));
  CHECK(cseq("2147483647 OPTIONS"));
  CHECK_FALSE(cseq("2147483648 OPTIONS"));
  CHECK_FALSE(cseq("4294967297 OPTIONS"));
  CHECK_FALSE(cseq("1OPTIONS"));
  CHECK_FALSE(cseq("1"));
  CHECK_FALSE(cseq("OPTIONS"));
  CHECK_FALSE(cseq("1 options"));
  CHECK_FALSE(cseq("1 OPTIONS x"));
  CHECK(cseq("1\r\n OPTIONS"));
}

TEST_CASE("the header block has bounds: octets and fields") {
  std::string lines;
  for (std::size_t n = 5; n < Message::kMaxFields; ++n)
    lines += "X:\r\n";
  CHECK(Parsed(request(lines)).clean());
  const Parsed many(request(lines + "X:\r\n"));
  REQUIRE_FALSE(many.result);
  CHECK(many.result.error().code == Errc::too_long);

  const std::size_t rest = Message::kMaxOctets - request("X: \r\n").size();
  CHECK(Parsed(request("X: " + std::string(rest, 'x') + "\r\n")).clean());
  const Parsed large(request("X: " + std::string(rest + 1, 'x') + "\r\n"));
  REQUIRE_FALSE(large.result);
  CHECK(large.result.error().code == Errc::too_long);
}

TEST_CASE("line ends that others may see and we would not are refused") {
  for (const char* lines :
       {"X: a\nContent-Length: 3\r\n", "X: a\rY: b\r\n", "X: a\r\r\n", "\nX: a\r\n", "X: a\n", "X: a\r\n\nY: b\r\n"}) {
    CAPTURE(lines);
    CHECK_FALSE(Parsed(request(lines)).result);
  }
  CHECK_FALSE(Parsed(replaced(request(""), "SIP/2.0\r\n", "SIP/2.0\n")).result);
  CHECK_FALSE(Parsed(replaced(request(""), "SIP/2.0\r\nVia", "SIP/2.0\r\n Via")).result);  // a folded first line
  const std::string response = fixture("unreason").text;
  CHECK(Parsed(replaced(response, "200 ", "200 OK ")).clean());
  CHECK_FALSE(Parsed(replaced(response, "200 ", "200 OK\nVia: SIP/2.0/UDP 192.0.2.66\nX: ")).result);
  CHECK_FALSE(Parsed(replaced(response, "200 ", "200 OK\rX: ")).result);
  CHECK_FALSE(Parsed(request("no colon\r\n")).result);
  CHECK_FALSE(Parsed(request(": no name\r\n")).result);
}
