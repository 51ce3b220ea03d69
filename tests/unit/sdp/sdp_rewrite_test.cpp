#include "tests/unit/sdp/sdp_rewritten.hpp"

using namespace dw;
using namespace dw::sip;
using namespace std::string_literals;
using test::ip;
using namespace dw::sdp_test;

TEST_CASE("a 7970's offer goes out with our address, our port and our version") {
  CHECK(rewritten(test::k7970Offer, to({"203.0.113.1:20000"})).text ==
        "v=0\r\n"
        "o=Cisco-SIPUA 15467 42 IN IP4 203.0.113.1\r\n"
        "s=SIP Call\r\n"
        "t=0 0\r\n"
        "m=audio 20000 RTP/AVP 0 8 18 101\r\n"
        "c=IN IP4 203.0.113.1\r\n"
        "a=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:18 G729/8000\r\n"
        "a=fmtp:18 annexb=no\r\n"
        "a=rtpmap:101 telephone-event/8000\r\n"
        "a=fmtp:101 0-15\r\n"
        "a=sendrecv\r\n");
}

TEST_CASE("chan_sip's answer reaches the phone with the session's c=") {
  CHECK(rewritten(test::kChanSipAnswer, to({"192.168.1.2:29998"}, "192.168.1.2", 1041279301)).text ==
        "v=0\r\n"
        "o=root 1041279301 1041279301 IN IP4 192.168.1.2\r\n"
        "s=Asterisk PBX 18.20.0\r\n"
        "c=IN IP4 192.168.1.2\r\n"
        "t=0 0\r\n"
        "m=audio 29998 RTP/AVP 0 101\r\n"
        "a=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\n"
        "a=fmtp:101 0-16\r\n"
        "a=maxptime:150\r\n"
        "a=sendrecv\r\n");
}

TEST_CASE("0.0.0.0 stays: a held call gets no address to send to") {
  CHECK(rewritten(test::kOldHold, to({"203.0.113.1:20000"})).text ==
        "v=0\r\n"
        "o=Cisco-SIPUA 27109 42 IN IP4 203.0.113.1\r\n"
        "s=SIP Call\r\n"
        "c=IN IP4 0.0.0.0\r\n"
        "t=0 0\r\n"
        "m=audio 20000 RTP/AVP 0 101\r\n"
        "a=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\n"
        "a=fmtp:101 0-15\r\n");
  CHECK(
      rewritten("c=IN IP4 192.0.2.1\r\nm=audio 5 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n", to({"203.0.113.1:20000"})).text ==
      "c=IN IP4 203.0.113.1\r\nm=audio 20000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n");
  // In the words of the new family: an IPv4 phone need not know what :: is.
  CHECK(rewritten("c=IN IP6 ::\r\nm=audio 5 RTP/AVP 0\r\n", to({"203.0.113.1:20000"})).text ==
        "c=IN IP4 0.0.0.0\r\nm=audio 20000 RTP/AVP 0\r\n");
  CHECK(rewritten("c=IN IP4 0.0.0.0\r\nm=audio 5 RTP/AVP 0\r\n", to({"[2001:db8::1]:20000"}, "2001:db8::1")).text ==
        "c=IN IP6 ::\r\nm=audio 20000 RTP/AVP 0\r\n");
}

TEST_CASE("hold by sendonly keeps its word and has our address") {
  CHECK(rewritten(test::kSendonlyHold, to({"203.0.113.1:20000"}, "203.0.113.1", 1)).text ==
        with(with(test::kSendonlyHold, "192.168.1.5", "203.0.113.1"), "17198", "20000"));
}

TEST_CASE("T.38 is relayed as audio is") {
  CHECK(rewritten(test::kT38, to({"203.0.113.1:20000"}, "203.0.113.1", 3)).text ==
        with(with(test::kT38, "192.168.1.9", "203.0.113.1"), "17198", "20000"));
}

TEST_CASE("each m-line has its own c=, RTCP goes with it, and a port count stays") {
  CHECK(rewritten(test::kAudioVideo, to({"203.0.113.2:20000", "203.0.113.3:20004"})).text ==
        "v=0\n"
        "o=alice 2890844526 42 IN IP4 203.0.113.1\n"
        "s=\n"
        "c=IN IP4 203.0.113.1\n"
        "b=AS:384\n"
        "t=0 0\n"
        "m=audio 20000/2 RTP/AVP 0\n"
        "i=voice\n"
        "c=IN IP4 203.0.113.2\n"
        "a=rtcp:20001\n"
        "m=video 20004 RTP/AVP 31\n"
        "c=IN IP4 203.0.113.3\n"
        "a=rtcp:20005 IN IP4 203.0.113.3\n"
        "a=label:2\n");
}

TEST_CASE("the family's word follows the address") {
  CHECK(rewritten(test::kIpv6, to({"[2001:db8::1]:20000"}, "2001:db8::1")).text ==
        "v=0\r\n"
        "o=- 1 42 IN IP6 2001:db8::1\r\n"
        "s=-\r\n"
        "c=IN IP6 2001:db8::1\r\n"
        "t=0 0\r\n"
        "m=audio 20000 RTP/AVP 9\r\n"
        "a=rtcp:20001 IN IP6 2001:db8::1\r\n");
  CHECK(rewritten(test::kIpv6, to({"203.0.113.1:20000"})).text ==
        "v=0\r\n"
        "o=- 1 42 IN IP4 203.0.113.1\r\n"
        "s=-\r\n"
        "c=IN IP4 203.0.113.1\r\n"
        "t=0 0\r\n"
        "m=audio 20000 RTP/AVP 9\r\n"
        "a=rtcp:20001 IN IP4 203.0.113.1\r\n");
  CHECK(rewritten(test::kChanSipAnswer, to({"[2001:db8::1]:14266"}, "2001:db8::1", 1041279301)).text ==
        with(test::kChanSipAnswer, "IP4 198.51.100.10", "IP6 2001:db8::1"));
}

TEST_CASE("a key stays as it is") {
  CHECK(rewritten(test::kSrtp, to({"203.0.113.1:20000"}, "203.0.113.1", 5)).text ==
        with(with(test::kSrtp, "192.0.2.20", "203.0.113.1"), "7000", "20000"));
}

TEST_CASE("ICE and rtcp-mux go, DTLS and all else stay, and what TCP carries is refused") {
  const Rewritten out = rewritten(test::kWebRtc, to({"203.0.113.1:20000", "203.0.113.1:20004"}));
  CHECK(out.removed == 11);
  CHECK(out.text ==
        "v=0\r\n"
        "o=- 4611731400430051336 42 IN IP4 203.0.113.1\r\n"
        "s=-\r\n"
        "t=0 0\r\n"
        "a=group:BUNDLE 0\r\n"
        "m=audio 20000 UDP/TLS/RTP/SAVPF 111 0\r\n"
        "c=IN IP4 203.0.113.1\r\n"
        "a=rtcp:20001 IN IP4 203.0.113.1\r\n"
        "a=fingerprint:sha-256 49:66:12:17\r\n"
        "a=setup:actpass\r\n"
        "a=mid:0\r\n"
        "a=rtcp-rsize\r\n"
        "a=rtcp-fb:111 transport-cc\r\n"
        "a=rtpmap:111 opus/48000/2\r\n"
        "m=application 0 TCP/WSS *\r\n"
        "c=IN IP4 203.0.113.1\r\n");
}

TEST_CASE("two m-lines on two addresses: the session has ours, and the one that differs gets a c=") {
  CHECK(rewritten(test::kTorture, to({"203.0.113.1:20000", "203.0.113.9:20004"})).text ==
        "v=0\r\n"
        "o=mhandley 29739 42 IN IP4 203.0.113.1\r\n"
        "s=-\r\n"
        "u=http://example.com/%00\r\n"
        "e=\r\n"
        "c=IN IP4 203.0.113.1\r\n"
        "t=0 0\r\n"
        "r=7d 1h 0 25h\r\n"
        "z=2882844526 -1h 2898848070 0\r\n"
        "k=prompt\r\n"
        "X=unknown\r\n"
        "m=audio 20000 RTP/AVP 0 12\r\n"
        "b=X-YZ:128\r\n"
        "m=video 20004 RTP/AVP 31\r\n"
        "c=IN IP4 203.0.113.9\r\n"
        "a=rtpmap:31 LPC\r\n"
        "a=\r\n");
}

TEST_CASE("a name becomes our address, and what can't be relayed is refused") {
  CHECK(rewritten(test::kHostName, to({"203.0.113.1:20000"})).text ==
        "v=0\r\n"
        "o=- 1 42 IN IP4 203.0.113.1\r\n"
        "s=-\r\n"
        "c=IN IP4 203.0.113.1\r\n"
        "t=0 0\r\n"
        "m=audio 20000 RTP/AVP 8\r\n"
        "m=message 0 TCP/MSRP *\r\n");
  // No ports are there for any of it.
  CHECK(rewritten(test::kHostName, to({}, "203.0.113.1", 1)).text ==
        "v=0\r\no=- 1 1 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 8\r\n"
        "m=message 0 TCP/MSRP *\r\n");
}

TEST_CASE("every c= of a section is ours, also that of a refused one, whose port stays 0") {
  CHECK(rewritten(test::kManyConnections, to({"203.0.113.2:20000", "203.0.113.2:20004"})).text ==
        "v=0\r\n"
        "o=- 1 42 IN IP4 203.0.113.1\r\n"
        "s=-\r\n"
        "t=0 0\r\n"
        "m=audio 20000 RTP/AVP 8\r\n"
        "c=IN IP4 203.0.113.2\r\n"
        "c=IN IP4 203.0.113.2\r\n"
        "m=video 0 RTP/AVP 34\r\n"
        "c=IN IP4 203.0.113.1\r\n");
}

TEST_CASE("an m-line without any c= gets one, after its i= and with the body's line end") {
  CHECK(rewritten("v=0\nm=audio 5 RTP/AVP 0\ni=x\na=ptime:20\n", to({"203.0.113.1:20000"})).text ==
        "v=0\nm=audio 20000 RTP/AVP 0\ni=x\nc=IN IP4 203.0.113.1\na=ptime:20\n");
  CHECK(rewritten("v=0\r\nm=audio 5 RTP/AVP 0", to({"203.0.113.1:20000"})).text ==
        "v=0\r\nm=audio 20000 RTP/AVP 0\r\nc=IN IP4 203.0.113.1");
  CHECK(rewritten("v=0\nm=audio 5 RTP/AVP 0", to({"203.0.113.1:20000"})).text ==
        "v=0\nm=audio 20000 RTP/AVP 0\nc=IN IP4 203.0.113.1");
  CHECK(rewritten("m=audio 5 RTP/AVP 0\r", to({"203.0.113.1:20000"})).text ==
        "m=audio 20000 RTP/AVP 0\rc=IN IP4 203.0.113.1\r");
  CHECK(
      rewritten("m=audio 5 RTP/AVP 0\r\nm=video 5 RTP/AVP 0\r\n", to({"203.0.113.1:20000", "[2001:db8::1]:8"})).text ==
      "m=audio 20000 RTP/AVP 0\r\nc=IN IP4 203.0.113.1\r\nm=video 8 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n");
}

TEST_CASE("lines that say too little are made whole, blanks and empty lines stay") {
  CHECK(rewritten("c=IN IP4\r\n\r\nm= audio  5\tRTP/AVP 0 \r\na=rtcp:x\r\n\r\n", to({"203.0.113.1:20000"})).text ==
        "c=IN IP4 203.0.113.1\r\n\r\nm= audio  20000\tRTP/AVP 0 \r\na=rtcp:20001\r\n\r\n");
  CHECK(rewritten("o=My Phone 1 9  IN  IP4  192.0.2.1 \nc= IN  IP4\t192.0.2.1/5 \nm=audio 5 RTP/AVP 0\n",
                  to({"203.0.113.1:20000"}))
            .text == "o=My Phone 1 42  IN  IP4  203.0.113.1 \nc= IN  IP4\t203.0.113.1 \nm=audio 20000 RTP/AVP 0\n");
  CHECK(rewritten("o=1 2 IN IP4 192.0.2.1\n", to({})).text == "o=1 42 IN IP4 203.0.113.1\n");
  CHECK(rewritten("o=192.0.2.1\n", to({})).text == "o=- 0 42 IN IP4 203.0.113.1\n");
  CHECK(rewritten("c=192.0.2.1\nc=IN IP4 192.0.2.1 192.0.2.1\nm=audio 5 RTP/AVP 0\n", to({"203.0.113.1:20000"})).text ==
        "c=IN IP4 203.0.113.1\nc=IN IP4 203.0.113.1\nm=audio 20000 RTP/AVP 0\n");
}

TEST_CASE("what says the same as before keeps its octets") {
  for (const std::string_view example : test::kExamples) {
    // Those lose lines, or had RTCP elsewhere, or two addresses for one port, or what is refused.
    if (example == test::kWebRtc || example == test::kAudioVideo || example == test::kManyConnections ||
        example == test::kHostName)
      continue;
    CAPTURE(example);
    const auto sdp = parse_sdp(example);
    REQUIRE(sdp);
    SdpRewrite same;
    same.version = sdp->version.value_or(0);
    if (sdp->origin) same.own = *sdp->origin;
    for (std::size_t i = 0; i < sdp->lines.size(); ++i) {
      const SdpMedia& media = sdp->media()[i];
      const bool held = media.address && media.address->is_unspecified();
      same.to[i] = held ? Endpoint{same.own, media.port} : media.endpoint();
    }
    const Rewritten out = rewritten(example, same);
    CHECK(out.text == example);
  }
}

TEST_CASE("what is rewritten has the new endpoints, as many m-lines, and every other line as it was") {
  for (const std::string_view example : test::kExamples) {
    for (const bool six : {false, true}) {
      CAPTURE(example);
      SdpRewrite wanted = to({}, six ? "2001:db8::ff" : "203.0.113.1");
      for (std::size_t i = 0; i < kMaxSdpMedia; ++i)
        wanted.to[i] = Endpoint{ip((six ? "2001:db8::" : "203.0.113.1") + std::to_string(i)),
                                static_cast<std::uint16_t>(20000 + 4 * i)};
      const auto before = parse_sdp(example);
      const Rewritten out = rewritten(example, wanted);
      const auto after = parse_sdp(out.text);
      REQUIRE(after);
      REQUIRE(after->media().size() == before->media().size());
      CHECK(after->version == wanted.version);
      CHECK(after->origin == wanted.own);
      CHECK(after->username == before->username);
      CHECK(after->session_id == before->session_id);
      for (std::size_t i = 0; i < after->lines.size(); ++i) {
        const SdpMedia& was = before->media()[i];
        const SdpMedia& is = after->media()[i];
        CHECK(is.relayable == was.relayable);
        CHECK(is.held == was.held);
        CHECK(is.codec == was.codec);
        if (!was.relayable) {
          CHECK(is.port == 0);
        } else {
          CHECK(is.port == wanted.to[i]->port);
          if (was.address && was.address->is_unspecified()) {
            CHECK_FALSE(is.endpoint());
          } else {
            CHECK(is.endpoint() == wanted.to[i]);
          }
        }
      }
      std::vector<std::string> untouched_before, untouched_after;
      for (auto& line : lines_of(example))
        if (!carries_address(line)) untouched_before.push_back(line);
      for (auto& line : lines_of(out.text))
        if (!carries_address(line)) untouched_after.push_back(line);
      CHECK(untouched_after == untouched_before);
    }
  }
}

TEST_CASE("each beginning of each example is rewritten to what can be read again") {
  const SdpRewrite wanted = to({"203.0.113.1:20000", "[2001:db8::1]:20004"});
  for (const std::string_view example : test::kExamples) {
    for (std::size_t n = 0; n <= example.size(); ++n) {
      const std::string prefix(example.substr(0, n));
      const auto sdp = parse_sdp(prefix);
      if (!sdp) continue;
      std::string once, twice;
      REQUIRE(rewrite_sdp(*sdp, prefix, wanted, once));
      const auto again = parse_sdp(once);
      REQUIRE(again);
      CHECK(again->media().size() == sdp->media().size());
      CHECK(rewrite_sdp(*again, once, wanted, twice).value_or(1) == 0);
      CHECK(twice == once);
    }
  }
}

TEST_CASE("RTCP at a port of its own is named by a=rtcp, in the section that it belongs to") {
  SdpRewrite rewrite = to({"203.0.113.1:20000", "203.0.113.1:20004", "203.0.113.1:20008"});
  rewrite.rtcp = {at("203.0.113.1:31001"), std::nullopt, at("203.0.113.1:31009")};
  const std::string body =
      "v=0\r\no=- 1 42 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n"
      "m=audio 5 RTP/AVP 0\r\na=sendrecv\r\nm=video 6 RTP/AVP 31\r\na=rtcp:7\r\nm=image 8 udptl t38\r\n";
  const std::string out = rewritten(body, rewrite).text;
  CHECK(out.contains(
      "a=sendrecv\r\na=rtcp:31001\r\nm=video 20004 RTP/AVP 31\r\na=rtcp:20005\r\nm=image 20008 udptl t38\r\n"));
  CHECK(out.ends_with("t38\r\n"));  // UDPTL has no RTCP
  CHECK(rewritten(out, rewrite).text == out);
}

TEST_CASE("RTCP at a port of its own is named although the phone's a=rtcp makes no sense and names its address") {
  SdpRewrite rewrite = to({"203.0.113.1:20000"});
  rewrite.rtcp[0] = at("203.0.113.1:31001");
  const std::string head = "c=IN IP4 192.0.2.1\nm=audio 5 RTP/AVP 0\n";
  const std::string body = head + "a=rtcp:7 IM!IP4 192.0.2.1\na=sendrecv\n";
  const std::string out = rewritten(body, rewrite).text;
  CHECK_FALSE(out.contains("192.0.2.1"));
  CHECK(out.contains("a=sendrecv\na=rtcp:31001"));
  CHECK(rewritten(out, rewrite).text == out);
}

TEST_CASE("RTCP at a port of its own: the phone's a=rtcp says it, and the address where that is another one") {
  SdpRewrite rewrite = to({"203.0.113.1:20000"});
  rewrite.rtcp[0] = at("203.0.113.1:31001");
  const std::string head =
      "v=0\no=- 1 42 IN IP4 203.0.113.1\ns=-\nc=IN IP4 203.0.113.1\nt=0 0\nm=audio 20000 RTP/AVP 0\n";
  CHECK(rewritten(head + "a=rtcp:7\na=sendrecv\n", rewrite).text == head + "a=rtcp:31001\na=sendrecv\n");
  CHECK(rewritten(head + "a=rtcp:7 IN IP4 192.168.1.50", rewrite).text == head + "a=rtcp:31001 IN IP4 203.0.113.1");
  CHECK(rewritten(head + "a=sendrecv", rewrite).text == head + "a=sendrecv\na=rtcp:31001");  // the body ends as it did
  rewrite.rtcp[0] = at("203.0.113.9:31001");
  CHECK(rewritten(head, rewrite).text == head + "a=rtcp:31001 IN IP4 203.0.113.9\n");
  CHECK(rewritten(head + "a=rtcp:7\n", rewrite).text == head + "a=rtcp:31001 IN IP4 203.0.113.9\n");
}
