#pragma once
#include <array>
#include <string_view>

#include "sbc/base/endpoint.hpp"

namespace dw::test {

inline IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

/// As a 7970 offers (firmware 8.4), without a session's c=.
inline constexpr std::string_view k7970Offer =
    "v=0\r\n"
    "o=Cisco-SIPUA 15467 0 IN IP4 192.168.1.5\r\n"
    "s=SIP Call\r\n"
    "t=0 0\r\n"
    "m=audio 17198 RTP/AVP 0 8 18 101\r\n"
    "c=IN IP4 192.168.1.5\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:18 G729/8000\r\n"
    "a=fmtp:18 annexb=no\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
    "a=fmtp:101 0-15\r\n"
    "a=sendrecv\r\n";

/// As chan_sip answers.
inline constexpr std::string_view kChanSipAnswer =
    "v=0\r\n"
    "o=root 1041279301 1041279301 IN IP4 198.51.100.10\r\n"
    "s=Asterisk PBX 18.20.0\r\n"
    "c=IN IP4 198.51.100.10\r\n"
    "t=0 0\r\n"
    "m=audio 14266 RTP/AVP 0 101\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
    "a=fmtp:101 0-16\r\n"
    "a=maxptime:150\r\n"
    "a=sendrecv\r\n";

/// As a 7940 holds: RFC 2543's way.
inline constexpr std::string_view kOldHold =
    "v=0\r\n"
    "o=Cisco-SIPUA 27109 1 IN IP4 192.168.1.6\r\n"
    "s=SIP Call\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "t=0 0\r\n"
    "m=audio 20514 RTP/AVP 0 101\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
    "a=fmtp:101 0-15\r\n";

inline constexpr std::string_view kSendonlyHold =
    "v=0\r\n"
    "o=Cisco-SIPUA 15467 1 IN IP4 192.168.1.5\r\n"
    "s=SIP Call\r\n"
    "t=0 0\r\n"
    "m=audio 17198 RTP/AVP 0 101\r\n"
    "c=IN IP4 192.168.1.5\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "a=sendonly\r\n";

/// A fax machine's re-INVITE (T.38 annex D).
inline constexpr std::string_view kT38 =
    "v=0\r\n"
    "o=- 77 3 IN IP4 192.168.1.9\r\n"
    "s=-\r\n"
    "c=IN IP4 192.168.1.9\r\n"
    "t=0 0\r\n"
    "m=image 17198 udptl t38\r\n"
    "a=T38FaxVersion:0\r\n"
    "a=T38MaxBitRate:14400\r\n"
    "a=T38FaxRateManagement:transferredTCF\r\n"
    "a=T38FaxUdpEC:t38UDPRedundancy\r\n";

/// Each m-line with its own c= and RTCP of its own.
inline constexpr std::string_view kAudioVideo =
    "v=0\n"
    "o=alice 2890844526 2890844527 IN IP4 192.0.2.10\n"
    "s=\n"
    "c=IN IP4 192.0.2.10\n"
    "b=AS:384\n"
    "t=0 0\n"
    "m=audio 49170/2 RTP/AVP 0\n"
    "i=voice\n"
    "c=IN IP4 192.0.2.11\n"
    "a=rtcp:53020\n"
    "m=video 51372 RTP/AVP 31\n"
    "c=IN IP4 192.0.2.12/127\n"
    "a=rtcp:53022 IN IP4 192.0.2.13\n"
    "a=label:2\n";

inline constexpr std::string_view kIpv6 =
    "v=0\r\n"
    "o=- 1 1 IN IP6 2001:DB8::10\r\n"
    "s=-\r\n"
    "c=IN IP6 2001:DB8::10\r\n"
    "t=0 0\r\n"
    "m=audio 6000 RTP/AVP 9\r\n"
    "a=rtcp:6001 IN IP6 2001:DB8::10\r\n";

inline constexpr std::string_view kSrtp =
    "v=0\r\n"
    "o=- 5 5 IN IP4 192.0.2.20\r\n"
    "s=-\r\n"
    "c=IN IP4 192.0.2.20\r\n"
    "t=0 0\r\n"
    "m=audio 7000 RTP/SAVP 0\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA|2^20|1:32\r\n"
    "a=ptime:20\r\n";

/// As a browser's gateway offers: ICE, DTLS, rtcp-mux, and a data channel that is no RTP.
inline constexpr std::string_view kWebRtc =
    "v=0\r\n"
    "o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=ice-lite\r\n"
    "a=group:BUNDLE 0\r\n"
    "m=audio 54400 UDP/TLS/RTP/SAVPF 111 0\r\n"
    "c=IN IP4 203.0.113.7\r\n"
    "a=rtcp:54400 IN IP4 203.0.113.7\r\n"
    "a=candidate:1 1 udp 2122260223 192.168.1.7 54400 typ host\r\n"
    "a=candidate:2 1 udp 1686052607 203.0.113.7 54400 typ srflx raddr 192.168.1.7 rport 54400\r\n"
    "a=remote-candidates:1 192.0.2.3 45664\r\n"
    "a=ice-ufrag:Oyef\r\n"
    "a=ice-pwd:QRyPx5Pz6pJ7qDzfK7tzBmFA\r\n"
    "a=ice-options:trickle\r\n"
    "a=end-of-candidates\r\n"
    "a=fingerprint:sha-256 49:66:12:17\r\n"
    "a=setup:actpass\r\n"
    "a=mid:0\r\n"
    "a=rtcp-mux\r\n"
    "a=rtcp-mux-only\r\n"
    "a=rtcp-rsize\r\n"
    "a=rtcp-fb:111 transport-cc\r\n"
    "a=rtpmap:111 opus/48000/2\r\n"
    "m=application 9 TCP/WSS *\r\n"
    "c=IN IP4 203.0.113.7\r\n"
    "a=candidate:3 1 tcp 1 192.168.1.7 9 typ host\r\n";

/// In the way of RFC 4475 §3.1.1.1's body: lines that few send, and unknown ones.
inline constexpr std::string_view kTorture =
    "v=0\r\n"
    "o=mhandley 29739 7272939 IN IP4 192.0.2.3\r\n"
    "s=-\r\n"
    "u=http://example.com/%00\r\n"
    "e=\r\n"
    "c=IN IP4 192.0.2.4\r\n"
    "t=0 0\r\n"
    "r=7d 1h 0 25h\r\n"
    "z=2882844526 -1h 2898848070 0\r\n"
    "k=prompt\r\n"
    "X=unknown\r\n"
    "m=audio 49217 RTP/AVP 0 12\r\n"
    "b=X-YZ:128\r\n"
    "m=video 3227 RTP/AVP 31\r\n"
    "a=rtpmap:31 LPC\r\n"
    "a=\r\n";

/// A host's name, and what TCP carries.
inline constexpr std::string_view kHostName =
    "v=0\r\n"
    "o=- 1 1 IN IP4 phone.example.com\r\n"
    "s=-\r\n"
    "c=IN IP4 phone.example.com\r\n"
    "t=0 0\r\n"
    "m=audio 4000 RTP/AVP 8\r\n"
    "m=message 7394 TCP/MSRP *\r\n"
    "a=path:msrp://phone.example.com:7394/2s93i93idj;tcp\r\n";

/// Several c= in one section, and a refused m-line.
inline constexpr std::string_view kManyConnections =
    "v=0\r\n"
    "o=- 1 1 IN IP4 192.0.2.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "m=audio 4000 RTP/AVP 8\r\n"
    "c=IN IP4 192.0.2.1\r\n"
    "c=IN IP4 192.0.2.2\r\n"
    "m=video 0 RTP/AVP 34\r\n"
    "c=IN IP4 192.0.2.1\r\n";

inline constexpr std::array kExamples = {k7970Offer, kChanSipAnswer, kOldHold,  kSendonlyHold,
                                         kT38,       kAudioVideo,    kIpv6,     kSrtp,
                                         kWebRtc,    kTorture,       kHostName, kManyConnections};

}  // namespace dw::test
