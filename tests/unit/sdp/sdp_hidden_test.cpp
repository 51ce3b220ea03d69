#include "tests/unit/sdp/sdp_rewritten.hpp"

// What a description must not take to the other side, and what is left out or refused for that.
using namespace dw;
using namespace dw::sip;
using namespace std::string_literals;
using test::ip;
using namespace dw::sdp_test;

TEST_CASE("a scope stays here, and so does an address that is none") {
  SdpRewrite rewrite = to({""}, "fe80::1%2");
  CHECK(rewritten("o=- 1 1 IN IP4 192.0.2.1\n", rewrite).text == "o=- 1 42 IN IP6 fe80::1\n");
  // Then there is no address in it, and no port.
  rewrite.own = {};
  rewrite.to[0] = Endpoint{{}, 5};
  CHECK(rewritten("o=- 1 42 IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1\nm=audio 6 RTP/AVP 0\n", rewrite).text ==
        "o=- 1 42 IN IP4 0.0.0.0\nc=IN IP4 0.0.0.0\nm=audio 0 RTP/AVP 0\n");
}

TEST_CASE("a line that names a host of the other side is left out, and s= is then empty") {
  constexpr std::string_view kTells =
      "v=0\r\n"
      "o=alice@192.0.2.1 1 1 IN IP4 192.0.2.1\r\n"
      "s=call from 192.0.2.1\r\n"
      "i=hello\r\n"
      "i=192.0.2.1\r\n"
      "u=http://192.0.2.1/me\r\n"
      "e=a@[2001:db8::5]\r\n"
      "p=+1 617 555 6011\r\n"
      "c=IN IP4 192.0.2.1\r\n"
      "t=0 0\r\n"
      "a=oldmediaip:192.0.2.1\r\n"
      "a=nortpproxy:yes\r\n"
      "a=tool:kit 1.2.3\r\n"
      "junk 192.0.2.1\r\n"
      "C=IN IP4 192.0.2.1\r\n"
      "m=audio 5 RTP/AVP 0\r\n"
      "a=alt:1 1 : 0A1B2C3D 5E6F 10.0.0.7 5\r\n"
      "a=alt:2 1 : 0A1B2C3D 5E6F 198.51.100.9 5\r\n"
      "a=ssrc:1 cname:alice@192.0.2.1\r\n"
      "a=x:192.000.002.001\r\n"
      "a=x:::ffff:192.0.2.1\r\n"
      "a=x:fd00::1\r\n"
      "a=x:7192.0.2.1\r\n"
      "a=fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\r\n"
      "a=x:203.0.113.1\r\n";
  SdpRewrite rewrite = to({"203.0.113.1:20000"});
  rewrite.hidden[0] = ip("2001:db8::5");
  CHECK(rewritten(kTells, rewrite).text ==
        "v=0\r\n"
        "o=- 0 42 IN IP4 203.0.113.1\r\n"
        "s=-\r\n"
        "i=hello\r\n"
        "p=+1 617 555 6011\r\n"
        "c=IN IP4 203.0.113.1\r\n"
        "t=0 0\r\n"
        "a=nortpproxy:yes\r\n"
        "a=tool:kit 1.2.3\r\n"
        "m=audio 20000 RTP/AVP 0\r\n"
        "a=alt:2 1 : 0A1B2C3D 5E6F 198.51.100.9 5\r\n"
        "a=fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\r\n"
        "a=x:203.0.113.1\r\n");
}

TEST_CASE("our own address may look like one that is hidden, or like a private one") {
  CHECK(rewritten("c=IN IP4 10.0.0.1\nm=audio 5 RTP/AVP 0\na=x:10.0.0.12\na=x:10.0.0.1\n",
                  to({"10.0.0.12:20000"}, "10.0.0.12"))
            .text == "c=IN IP4 10.0.0.12\nm=audio 20000 RTP/AVP 0\na=x:10.0.0.12\n");
  CHECK(rewritten("c=IN IP4 203.0.113\nm=audio 5 RTP/AVP 0\n", to({"203.0.113.1:20000"})).text ==
        "c=IN IP4 203.0.113.1\nm=audio 20000 RTP/AVP 0\n");
  CHECK(rewritten("c=IN IP6 2001:db8\nm=audio 5 RTP/AVP 0\n", to({"[2001:db8:fd00::1]:20000"}, "2001:db8:fd00::1"))
            .text == "c=IN IP6 2001:db8:fd00::1\nm=audio 20000 RTP/AVP 0\n");
}

TEST_CASE("a host that stands where it can't be taken out is an error") {
  const auto error = [](std::string_view body) {
    const auto sdp = parse_sdp(body);
    REQUIRE(sdp);
    std::string out;
    const auto done = rewrite_sdp(*sdp, body, to({"203.0.113.1:20000"}), out);
    return !done && done.error().code == Errc::forbidden;
  };
  CHECK(error("c=IN IP4 192.0.2.1\nm=audio 5 RTP/AVP 0 192.0.2.1\n"));
  CHECK(error("v=0 10.0.0.1\nm=audio 5 RTP/AVP 0\n"));
  CHECK(error("c=IN IP4 239.1.1.1\nc=IN IP4 192.168.1.1\nm=audio 5 RTP/AVP 0\n"));
  std::string many = "m=audio 5 RTP/AVP 0\n";
  for (int i = 0; i < 40; ++i)
    many += "c=IN IP4 198.51.100." + std::to_string(i) + "\n";
  CHECK(error(many));
}

TEST_CASE("a page to a group stays as it is, but for who says so") {
  CHECK(rewritten("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 239.1.1.1/2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n"
                  "a=source-filter: incl IN IP4 239.1.1.1 192.0.2.1\r\na=ptime:20\r\n",
                  to({}))
            .text ==
        "v=0\r\no=- 1 42 IN IP4 203.0.113.1\r\nc=IN IP4 239.1.1.1/2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n"
        "a=ptime:20\r\n");
}

TEST_CASE("m-lines beyond those that are listed, and those whose port is none, are refused") {
  std::string body = "c=IN IP4 192.0.2.1\nm=audio 99999 RTP/AVP 0\n",
              wanted = "c=IN IP4 203.0.113.1\nm=audio 0 RTP/AVP 0\n";
  SdpRewrite rewrite = to({});
  for (std::size_t i = 1; i < kMaxSdpMedia; ++i) {
    rewrite.to[i] = at("203.0.113.1:20000");
    body += "m=audio 5 RTP/AVP 0\n";
    wanted += "m=audio 20000 RTP/AVP 0\n";
  }
  body += "m=audio 5/2 RTP/AVP 0\nc=IN IP4 192.0.2.2\na=rtcp:6 IN IP4 192.0.2.2\na=mid:x\n";
  wanted += "m=audio 0 RTP/AVP 0\nc=IN IP4 203.0.113.1\na=mid:x\n";
  CHECK(rewritten(body, rewrite).text == wanted);
}

TEST_CASE("what ends an SDP beside a line is left out, and lines end as they ended") {
  CHECK(rewritten("\xEF\xBB\xBFv=0\rc=IN IP4 192.0.2.1\r\nm=audio 5 RTP/AVP 0\n\na=x"s + std::string(2, '\0'),
                  to({"203.0.113.1:20000"}))
            .text == "\xEF\xBB\xBFv=0\rc=IN IP4 203.0.113.1\r\nm=audio 20000 RTP/AVP 0\n\na=x");
}
