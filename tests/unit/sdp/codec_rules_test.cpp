#include "sbc/sip/codec_rules.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace dw;
using namespace dw::sip;

namespace {

CodecRules rules_of(const std::vector<std::string>& entries) {
  const auto rules = CodecRules::parse(entries);
  REQUIRE(rules);
  return *rules;
}

constexpr std::string_view kOffer =
    "v=0\r\n"
    "c=IN IP4 192.0.2.1\r\n"
    "t=0 0\r\n"
    "m=audio 5 RTP/AVP 101 0 8 18 97 13\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
    "a=fmtp:101 0-15\r\n"
    "a=rtpmap:18 G729/8000\r\n"
    "a=fmtp:18 annexb=no\r\n"
    "a=rtpmap:97 iLBC/8000\r\n"
    "a=ptime:20\r\n"
    "m=video 7 RTP/AVP 96 98\r\n"
    "a=rtpmap:96 H264/90000\r\n"
    "a=rtcp-fb:96 nack\r\n"
    "a=rtcp-fb:* ccm fir\r\n"
    "a=rtpmap:98 rtx/90000\r\n"
    "a=fmtp:98 apt=96\r\n";

Result<std::string> offered(const std::vector<std::string>& entries, std::string_view offer = kOffer) {
  const CodecRules rules = rules_of(entries);
  const auto sdp = parse_sdp(offer);
  REQUIRE(sdp);
  SdpRewrite rewrite;
  rewrite.own = *IpAddress::parse("203.0.113.1");
  rewrite.to[0] = Endpoint{rewrite.own, 20000};
  rewrite.to[1] = Endpoint{rewrite.own, 20004};
  rewrite.codecs = &rules;
  std::string out;
  if (const auto done = rewrite_sdp(*sdp, offer, rewrite, out); !done) return std::unexpected(done.error());
  return out;
}

std::string line_of(const std::string& sdp, std::string_view start) {
  const auto at = sdp.find(start);
  return at == sdp.npos ? std::string() : sdp.substr(at, sdp.find("\r\n", at) - at);
}

}  // namespace

TEST_CASE("named codecs are offered in the order of the list, and no others, in audio alone") {
  const auto out = offered({"iLBC", "pcma", "G722"});
  REQUIRE(out);
  CHECK(*out ==
        "v=0\r\n"
        "c=IN IP4 203.0.113.1\r\n"
        "t=0 0\r\n"
        "m=audio 20000 RTP/AVP 97 8 101 13\r\n"
        "a=rtpmap:101 telephone-event/8000\r\n"
        "a=fmtp:101 0-15\r\n"
        "a=rtpmap:97 iLBC/8000\r\n"
        "a=ptime:20\r\n"
        "m=video 20004 RTP/AVP 96 98\r\n"
        "a=rtpmap:96 H264/90000\r\n"
        "a=rtcp-fb:96 nack\r\n"
        "a=rtcp-fb:* ccm fir\r\n"
        "a=rtpmap:98 rtx/90000\r\n"
        "a=fmtp:98 apt=96\r\n");
}

TEST_CASE("stripped codecs go with their lines, and the others stay in order") {
  const auto out = offered({"-G729", "-CN"});
  REQUIRE(out);
  CHECK(line_of(*out, "m=audio") == "m=audio 20000 RTP/AVP 101 0 8 97");
  CHECK(out->find("G729") == std::string::npos);
  CHECK(out->find("annexb") == std::string::npos);
  CHECK(line_of(*out, "m=video") == "m=video 20004 RTP/AVP 96 98");
}

TEST_CASE("telephone events stay unless they are stripped, and stand where they are named") {
  CHECK(line_of(*offered({"PCMU", "-telephone-event"}), "m=audio") == "m=audio 20000 RTP/AVP 0 13");
  CHECK(line_of(*offered({"telephone-event", "PCMU"}), "m=audio") == "m=audio 20000 RTP/AVP 101 0 13");
}

TEST_CASE("an m-line never becomes empty") {
  CHECK(offered({"G722"}).error().code == Errc::unavailable);
  CHECK(offered({"-H264"}).error().code == Errc::unavailable);
  // Events alone are no codec.
  CHECK(offered({"telephone-event"}).error().code == Errc::unavailable);
}

TEST_CASE("what repeats another format goes once one of them is gone") {
  constexpr std::string_view kTwo =
      "c=IN IP4 192.0.2.1\r\nm=video 5 RTP/AVP 96 97 98\r\na=rtpmap:96 H264/90000\r\na=rtpmap:97 VP8/90000\r\n"
      "a=rtpmap:98 rtx/90000\r\na=fmtp:98 apt=96\r\n";
  CHECK(line_of(*offered({"-H264"}, kTwo), "m=video") == "m=video 20000 RTP/AVP 97");
}

TEST_CASE("a format without a name is none that is listed, and stays where nothing is") {
  constexpr std::string_view kNameless = "c=IN IP4 192.0.2.1\r\nm=audio 5 RTP/AVP 0 116\r\n";
  CHECK(line_of(*offered({"PCMU"}, kNameless), "m=audio") == "m=audio 20000 RTP/AVP 0");
  CHECK(line_of(*offered({"-PCMU"}, kNameless), "m=audio") == "m=audio 20000 RTP/AVP 116");
}

TEST_CASE("rules that change nothing keep the octets, and what is no RTP is not looked at") {
  constexpr std::string_view kTabs = "c=IN IP4 203.0.113.1\r\nm=audio 20000 RTP/AVP\t0  8\r\n";
  CHECK(*offered({"PCMU", "PCMA"}, kTabs) == kTabs);
  CHECK(*offered({}, kTabs) == kTabs);
  constexpr std::string_view kFax = "c=IN IP4 203.0.113.1\r\nm=image 20000 udptl t38\r\n";
  CHECK(*offered({"PCMU"}, kFax) == kFax);
}

TEST_CASE("names that no codec has are refused") {
  CHECK_FALSE(CodecRules::parse({"G711"}));
  CHECK_FALSE(CodecRules::parse({""}));
  CHECK_FALSE(CodecRules::parse({"-"}));
  CHECK_FALSE(CodecRules::parse({"--PCMU"}));
  CHECK(CodecRules::parse({"pcmu", "-X-NSE"}));
  CHECK(CodecRules::parse({})->empty());
}
