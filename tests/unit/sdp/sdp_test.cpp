#include "sbc/sip/sdp.hpp"

#include <doctest/doctest.h>

#include <string>

#include "sbc/sip/sdp_formats.hpp"
#include "tests/unit/sdp/sdp_examples.hpp"

using namespace dw;
using namespace dw::sip;
using namespace std::string_literals;

using test::ip;

namespace {

Sdp parsed(std::string_view body) {
  const auto sdp = parse_sdp(body);
  REQUIRE(sdp);
  return *sdp;
}

Error error_of(std::string_view body) {
  const auto sdp = parse_sdp(body);
  REQUIRE_FALSE(sdp);
  return sdp.error();
}

std::string_view first_codec(std::string_view media_lines) {
  static std::string body;
  body = "v=0\r\n" + std::string(media_lines);
  return parsed(body).media()[0].codec;
}

}  // namespace

TEST_CASE("a 7970's offer says what it is") {
  const Sdp sdp = parsed(test::k7970Offer);
  CHECK(sdp.username == "Cisco-SIPUA");
  CHECK(sdp.session_id == "15467");
  CHECK(sdp.version == 0);
  CHECK(sdp.origin == ip("192.168.1.5"));
  CHECK_FALSE(sdp.has_connection);
  REQUIRE(sdp.media().size() == 1);
  const SdpMedia& audio = sdp.media()[0];
  CHECK(audio.type == "audio");
  CHECK(audio.protocol == "RTP/AVP");
  CHECK(audio.port == 17198);
  CHECK(audio.relayable);
  CHECK_FALSE(audio.opaque);
  CHECK(audio.own_connection);
  CHECK(audio.address == ip("192.168.1.5"));
  CHECK(audio.endpoint() == Endpoint{ip("192.168.1.5"), 17198});
  CHECK(audio.direction == Direction::sendrecv);
  CHECK_FALSE(audio.held);
  CHECK(audio.codec == "PCMU");
}

TEST_CASE("a session's address and direction serve every m-line that has none of its own") {
  const Sdp sdp = parsed(
      "v=0\no=- 1 18446744073709551615 IN IP6 2001:DB8::1\ns=-\nc=IN IP6 2001:db8::2\nt=0 0\na=recvonly\n"
      "m=audio 4000/2 RTP/SAVP 9\nm=video 0 RTP/AVP 34\na=inactive\nc=IN IP4 192.0.2.3\n");
  CHECK(sdp.version == ~std::uint64_t{0});
  CHECK(sdp.origin == ip("2001:db8::1"));
  REQUIRE(sdp.media().size() == 2);
  CHECK(sdp.media()[0].endpoint() == Endpoint{ip("2001:db8::2"), 4000});
  CHECK(sdp.media()[0].direction == Direction::recvonly);
  CHECK_FALSE(sdp.media()[0].held);
  CHECK(sdp.media()[0].codec == "G722");
  CHECK_FALSE(sdp.media()[0].own_connection);
  CHECK_FALSE(sdp.media()[1].relayable);
  CHECK(sdp.media()[1].address == ip("192.0.2.3"));
  CHECK(sdp.media()[1].direction == Direction::inactive);
  CHECK(sdp.media()[1].held);
}

TEST_CASE("hold is 0.0.0.0, ::, sendonly or inactive, and has no endpoint when it has no address") {
  const auto held = [](std::string_view rest) {
    const std::string body = "v=0\r\n" + std::string(rest);
    const Sdp sdp = parsed(body);
    return sdp.media()[0].held;
  };
  CHECK(held("c=IN IP4 0.0.0.0\r\nm=audio 5 RTP/AVP 0\r\n"));
  CHECK(held("m=audio 5 RTP/AVP 0\r\nc=IN IP6 ::\r\n"));
  CHECK(held("c=IN IP4 1.2.3.4\r\nm=audio 5 RTP/AVP 0\r\na=sendonly\r\n"));
  CHECK(held("c=IN IP4 1.2.3.4\r\na=inactive\r\nm=audio 5 RTP/AVP 0\r\n"));
  CHECK_FALSE(held("c=IN IP4 1.2.3.4\r\na=inactive\r\nm=audio 5 RTP/AVP 0\r\na=sendrecv\r\n"));
  CHECK_FALSE(held("c=IN IP4 0.0.0.0\r\nm=audio 5 RTP/AVP 0\r\nc=IN IP4 1.2.3.4\r\n"));
  const Sdp sdp = parsed(test::kOldHold);
  CHECK(sdp.media()[0].relayable);
  CHECK_FALSE(sdp.media()[0].endpoint());
  CHECK(to_string(parsed(test::kSendonlyHold).media()[0].direction) == "sendonly");
}

TEST_CASE("the codec is the first format's: rtpmap's word, or the payload type's well known name") {
  CHECK(first_codec("m=audio 5 RTP/AVP 0 8\r\n") == "PCMU");
  CHECK(first_codec("m=audio 5 RTP/AVP 8 0\r\n") == "PCMA");
  CHECK(first_codec("m=audio 5 RTP/AVP 18\r\n") == "G729");
  CHECK(first_codec("m=audio 5 RTP/AVP 9\r\n") == "G722");
  CHECK(first_codec("m=audio 5 RTP/AVP 4\r\n") == "G723");
  CHECK(first_codec("m=audio 5 RTP/AVP 3\r\n") == "GSM");
  CHECK(first_codec("m=audio 5 RTP/AVP 15\r\n") == "G728");
  CHECK(first_codec("m=video 5 RTP/AVP 34\r\n") == "H263");
  CHECK(first_codec("m=video 5 RTP/AVP 31\r\n") == "H261");
  CHECK(first_codec("m=audio 5 RTP/AVP 13\r\n") == "CN");
  CHECK(first_codec("m=video 5 RTP/AVP 33\r\n") == "MP2T");
  CHECK(first_codec("m=video 5 RTP/AVP 26\r\n") == "JPEG");
  CHECK(first_codec("m=audio 5 RTP/AVP 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n") ==
        "telephone-event");
  CHECK(first_codec("m=audio 5 RTP/AVP 10\r\na=rtpmap:101 x/1\r\na=rtpmap:10  L16/44100/2\r\n") == "L16");
  CHECK(first_codec("m=audio 5 RTP/AVP 116\r\n") == "");
  CHECK(first_codec("m=audio 5 RTP/AVP 35\r\n") == "");
  CHECK(first_codec("m=audio 5 RTP/AVP\r\n") == "");
  CHECK(first_codec("m=image 5 udptl t38\r\n") == "t38");
}

TEST_CASE("what the relay carries: RTP and T.38 over UDP, to one host") {
  struct {
    std::string_view line;
    bool relayable, opaque;
  } const kRows[] = {
      {"m=audio 5 RTP/AVP 0", true, false},
      {"m=audio 5 RTP/SAVP 0", true, false},
      {"m=audio 5 RTP/AVPF 0", true, false},
      {"m=audio 5 rtp/savpf 0", true, false},
      {"m=audio 5 UDP/TLS/RTP/SAVPF 0", true, true},
      {"m=image 5 udptl t38", true, true},
      {"m=image 5 UDPTL t38", true, true},
      {"m=image 0 udptl t38", false, true},
      {"m=audio 0 RTP/AVP 0", false, false},
      {"m=audio 5 TCP/RTP/AVP 0", false, false},
      {"m=image 5 tcp t38", false, false},
      {"m=application 5 TCP/BFCP *", false, false},
      {"m=audio 5 RTP/AVPX 0", false, false},
      {"m=application 5 UDP/BFCP *", true, true},
      {"m=application 5 udp wb", true, true},
      {"m=application 5 UDP/TLS/BFCP *", true, true},
      {"m=application 5 DTLS/SCTP 5000", true, true},
      {"m=application 5 UDP/DTLS/SCTP x", true, true},
      {"m=message 5 TCP/MSRP *", false, false},
      {"m=application 5 udpx *", false, false},
  };
  for (const auto& row : kRows) {
    CAPTURE(row.line);
    const std::string body = "c=IN IP4 192.0.2.1\r\n" + std::string(row.line);
    const Sdp sdp = parsed(body);
    CHECK(sdp.media()[0].relayable == row.relayable);
    CHECK(sdp.media()[0].opaque == row.opaque);
  }
  CHECK_FALSE(parsed("c=IN IP4 224.2.1.1/127/3\nm=audio 5 RTP/AVP 0\n").media()[0].relayable);
}

TEST_CASE("an address that is a name, a pattern or missing is none") {
  for (const std::string_view c : {"c=IN IP4 phone.example.com", "c=IN IP4 1.2.3", "c=IN IP4 1.2.3.256", "c=IN IP4",
                                   "c=", "c=IN IP4 01.2.3.4", "c=IN IP4 1.2.3.4.5", "c=IN IP6 1::2::3", "b=AS:64"}) {
    CAPTURE(c);
    const std::string body = "v=0\r\n" + std::string(c) + "\r\nm=audio 5 RTP/AVP 0\r\n";
    const Sdp sdp = parsed(body);
    CHECK_FALSE(sdp.media()[0].address);
    CHECK_FALSE(sdp.media()[0].endpoint());
    CHECK(sdp.media()[0].relayable);
  }
  CHECK(parsed("c=IN  IP4\t192.0.2.1/64 \nm=audio 5 RTP/AVP 0\n").media()[0].address == ip("192.0.2.1"));
}

TEST_CASE("o= may have blanks in the user's name, and may be nonsense") {
  const Sdp spaced = parsed("o=Front Desk 17 18 IN IP4 192.0.2.1 \r\n");
  CHECK(spaced.username == "Front Desk");
  CHECK(spaced.session_id == "17");
  CHECK(spaced.version == 18);
  CHECK(spaced.origin == ip("192.0.2.1"));
  const Sdp nameless = parsed("o=17 18 IN IP4 192.0.2.1\r\n");
  CHECK(nameless.username.empty());
  CHECK(nameless.session_id == "17");
  CHECK(nameless.version == 18);
  CHECK_FALSE(parsed("o=18 IN IP4 192.0.2.1\r\n").version);
  const Sdp huge = parsed("o=- 1 18446744073709551616 IN IP4 host.example\r\n");
  CHECK(huge.session_id == "1");
  CHECK_FALSE(huge.version);
  CHECK_FALSE(huge.origin);
}

TEST_CASE("an error says where") {
  CHECK(error_of("").code == Errc::malformed);
  CHECK(error_of("\r\n\n").code == Errc::malformed);
  CHECK(error_of("nothing\r\nof the kind\r\n").code == Errc::malformed);
  const auto malformed_at = [](std::string_view body, std::size_t offset) {
    const Error error = error_of(body);
    return error.code == Errc::malformed && error.offset == offset;
  };
  CHECK(malformed_at("v=0\nm=audio 5\n", 4));
  CHECK(malformed_at("v=0\nm=audio\n", 4));
  CHECK(malformed_at("v=0\nm=\n", 4));
  using namespace std::string_view_literals;
  CHECK(malformed_at("v=0\r\ns=\0\r\nm=audio 5 RTP/AVP 0\r\n"sv, 5));
  CHECK(malformed_at("v=0\r\n\0\r\nm=audio 5 RTP/AVP 0\r\n"sv, 5));
}

TEST_CASE("an SDP is read as leniently as phones and servers read one") {
  using namespace std::string_view_literals;
  constexpr std::string_view kRest = "c=IN IP4 192.0.2.1\r\nm=audio 5 RTP/AVP 0\r\n";
  const auto reads = [](std::string_view body) {
    const auto sdp = parse_sdp(body);
    return sdp && sdp->lines.size() == 1 && sdp->media()[0].endpoint() == Endpoint{ip("192.0.2.1"), 5};
  };
  CHECK(reads("v=0\r\nx\r\n" + std::string(kRest)));
  CHECK(reads("v=0\r\nsession\r\n" + std::string(kRest)));
  CHECK(reads("\r\n\r\nv=0\r\n" + std::string(kRest)));
  CHECK(reads("\xEF\xBB\xBFv=0\r\n" + std::string(kRest)));
  CHECK(reads("v=0\r\n \t\r\n\r\n" + std::string(kRest) + "\r\n\r\n"));
  CHECK(reads(std::string(kRest) + std::string(3, '\0')));
  CHECK(reads(std::string(kRest) + "a=sendrecv\0\0\r\n"s));
  CHECK(reads("v=0\r c=IN IP4 192.0.2.1\rm=audio 5 RTP/AVP 0\r"));
  CHECK(reads("v=0\r\r\nc=IN IP4 192.0.2.1\nm=audio 5 RTP/AVP 0"));
  CHECK(reads(" v = 0\r\n\tc =IN IP4 192.0.2.1\r\nm= audio 5 RTP/AVP 0\r\n"));
}

TEST_CASE("an m-line whose port is none counts as refused") {
  for (const std::string_view port : {"65536", "99999", "-1", "5x", "5/", "5/x", "$", "+5"}) {
    CAPTURE(port);
    const std::string body = "c=IN IP4 192.0.2.1\nm=audio " + std::string(port) + " RTP/AVP 0\nm=audio 7 RTP/AVP 0\n";
    const Sdp sdp = parsed(body);
    REQUIRE(sdp.media().size() == 2);
    CHECK(sdp.media()[0].port == 0);
    CHECK_FALSE(sdp.media()[0].relayable);
    CHECK(sdp.media()[1].port == 7);
  }
}

TEST_CASE("each format of an m-line has its clock rate and its name, from rtpmap or from RFC 3551") {
  const auto all = sdp_payloads(
      "a=rtpmap:8 none/1\r\nm=audio 5 RTP/AVP 0 9 10 97 98 101 x 200\r\na=rtpmap:97 opus/48000/2\r\n"
      "a=rtpmap:101 telephone-event/8000\r\na=rtpmap:99 none/1\r\na=rtpmap:0 PCMU/16000\r\na=rtpmap:98\r\n"
      "m=image 5 tcp 34\r\n m = video 6 UDP/TLS/RTP/SAVPF 34\r\n");
  struct {
    std::uint8_t type;
    std::uint32_t rate;
    std::string_view name;
  } const kRows[] = {{0, 16000, "PCMU"},  {9, 8000, "G722"}, {10, 44100, "L16"},
                     {97, 48000, "opus"}, {98, 0, ""},       {101, 8000, "telephone-event"}};
  REQUIRE(all[0].size() == std::size(kRows));
  for (std::size_t i = 0; i < all[0].size(); ++i) {
    CHECK(all[0][i].type == kRows[i].type);
    CHECK(all[0][i].clock_rate == kRows[i].rate);
    CHECK(all[0][i].name == kRows[i].name);
  }
  CHECK(all[1].empty());
  REQUIRE(all[2].size() == 1);
  CHECK(all[2][0].clock_rate == 90000);
  std::string many = "m=audio 5 RTP/AVP";
  for (std::size_t i = 0; i < kMaxSdpPayloads + 1; ++i)
    many += " " + std::to_string(i);
  CHECK(sdp_payloads(many)[0].size() == kMaxSdpPayloads);
  std::string lines;
  for (std::size_t i = 0; i < kMaxSdpMedia + 1; ++i)
    lines += "m=audio 5 RTP/AVP 0\r\n";
  CHECK(sdp_payloads(lines).back().size() == 1);
}

TEST_CASE("clock rates and kinds belong to the m-line that the reader sees them under, however its lines are spelled") {
  using Kind = MediaFormat::Kind;
  const std::string_view body =
      "v=0\r m = audio 5 RTP/AVP 0 97 101 13 96 98\r\n a =rtpmap: 97 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n"
      "a=rtpmap:96 X/4000000000\r\na=rtpmap:99 none/8000\r\nm=image 6 udptl t38\nm=video 7 RTP/SAVP 34 100\na=rtpmap:100 x-nse/8000\n";
  REQUIRE(parsed(body).media().size() == 3);
  const auto formats = sdp_formats(body);
  CHECK(formats[0] == MediaFormats{{0, 8000, Kind::media},
                                   {97, 48000, Kind::media},
                                   {101, 8000, Kind::event},
                                   {13, 8000, Kind::comfort_noise}});
  CHECK(formats[1].empty());
  CHECK(formats[2] == MediaFormats{{34, 90000, Kind::media}, {100, 8000, Kind::nse}});
}

TEST_CASE("each host that is named is listed once, without what follows a slash") {
  const Sdp sdp = parsed(
      "o=- 1 1 IN IP4 192.0.2.1\nc=IN IP4 192.0.2.2/127\nm=audio 5 RTP/AVP 0\nc=IN IP4 192.0.2.1\na=rtcp:6 IN IP4 a.example\n");
  REQUIRE(sdp.hosts().size() == 3);
  CHECK(sdp.hosts()[0].address == ip("192.0.2.1"));
  CHECK(sdp.hosts()[1].text == "192.0.2.2");
  CHECK(sdp.hosts()[2].text == "a.example");
  CHECK_FALSE(sdp.hosts()[2].address);
  CHECK_FALSE(sdp.more_hosts);
}

TEST_CASE("a=rtcp says where RTCP goes, at the m-line's address when it names none") {
  const auto rtcp = [](std::string_view rest) {
    static std::string body;
    body = "c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n" + std::string(rest);
    return parsed(body).media()[0].rtcp_endpoint();
  };
  CHECK_FALSE(rtcp(""));
  CHECK(rtcp("a=rtcp:5000\r\n") == Endpoint{ip("192.0.2.1"), 5000});
  CHECK(rtcp("a=rtcp:5000 IN IP4 192.0.2.9\r\n") == Endpoint{ip("192.0.2.9"), 5000});
  CHECK(rtcp("a=rtcp:5000 IN IP4 host.example.com\r\n") == Endpoint{ip("192.0.2.1"), 5000});
  CHECK_FALSE(rtcp("a=rtcp:0\r\n"));
  CHECK_FALSE(rtcp("a=rtcp:x\r\n"));
  CHECK_FALSE(rtcp("a=rtcp:5000 IN IP4 0.0.0.0\r\n"));
  CHECK_FALSE(rtcp("c=IN IP4 0.0.0.0\r\na=rtcp:5000\r\n"));
}

TEST_CASE("a name in the place of an address is kept as a name") {
  const auto name = [](std::string_view host) {
    static std::string body;
    body = "c=IN IP4 " + std::string(host) + "\r\nm=audio 4000 RTP/AVP 0\r\n";
    return parsed(body).media()[0].host_name;
  };
  CHECK(name("media.example.com") == "media.example.com");
  CHECK(name("192.0.2.1") == "");
  CHECK(name("1.2.3.256") == "");
  CHECK(name("a b") == "a");
  CHECK(name("bad!name") == "");
  const Sdp own = parsed("c=IN IP4 a.example\nm=audio 5 RTP/AVP 0\nc=IN IP4 192.0.2.1\nm=audio 5 RTP/AVP 0\n");
  CHECK(own.media()[0].host_name == "");
  CHECK(own.media()[1].host_name == "a.example");
}

TEST_CASE("octets and m-lines have bounds") {
  std::string body = "v=0\r\n";
  for (std::size_t i = 0; i < kMaxSdpMedia; ++i)
    body += "m=audio 5 RTP/AVP 0\r\n";
  CHECK(parsed(body).media().size() == kMaxSdpMedia);
  const std::string more = body + "c=IN IP4 192.0.2.1\r\nm=audio 6 RTP/AVP 0\r\nc=IN IP4 192.0.2.2\r\n";
  CHECK(parsed(more).media().size() == kMaxSdpMedia);
  CHECK(parsed(more).media().back().address == ip("192.0.2.1"));
  CHECK(error_of(more + "m=audio\r\n").code == Errc::malformed);
  std::string longest = "s=" + std::string(kMaxSdpOctets - 2, 'x');
  CHECK(parse_sdp(longest));
  longest += 'x';
  CHECK(error_of(longest).code == Errc::too_long);
}

TEST_CASE("each beginning of each example is read without a look past its end") {
  for (const std::string_view example : test::kExamples) {
    for (std::size_t n = 0; n <= example.size(); ++n) {
      const std::string prefix(example.substr(0, n));
      const auto sdp = parse_sdp(prefix);
      if (sdp) CHECK(sdp->media().size() <= parsed(example).media().size());
    }
  }
}
