#pragma once
// What a Cisco 7970 with a SIP load says, to the octet's order of magnitude: a REGISTER of 880 octets, an
// INVITE with SDP of 1,364. For the SIP benches; made from the shape of such messages, no phone's own.
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace bench {

/// One phone: line 1001 + number at 127.64.0.1 + number, device SEP00AA and the number.
struct Identity {
  unsigned number = 0;
  std::string address;  // of the phone, which listens on kPhonePort
  std::string user;
  std::string device;  // twelve hexadecimal digits
  std::string boot;    // tells this phone's Call-IDs and branches from those before it was started
  std::string domain;  // host of the Request-URI, From and To
};
inline constexpr unsigned kPhonePort = 5062, kFirstLine = 1001;
inline constexpr std::string_view kCalled = "9000";

inline constexpr std::string_view kSupported =
    "replaces,join,norefersub,X-cisco-callinfo,X-cisco-service-control,X-cisco-escapecodes,X-cisco-monrec,"
    "X-cisco-config,X-cisco-xsi-6.0.1";

/// Eight hexadecimal digits.
inline std::string hex(std::uint32_t number) {
  std::string out(8, '0');
  for (std::size_t i = 0; i < 8; ++i)
    out[7 - i] = "0123456789abcdef"[number >> 4 * i & 15];
  return out;
}
inline Identity identity(unsigned number, std::string_view domain, std::uint32_t boot) {
  const std::uint32_t address = 0x7f400001U + number;
  char device[13];
  std::snprintf(device, sizeof device, "00AA%08X", number);
  Identity out{number, "127", std::to_string(kFirstLine + number), device, hex(boot), std::string(domain)};
  for (int shift = 16; shift >= 0; shift -= 8)
    out.address += '.' + std::to_string(address >> shift & 255);
  return out;
}

namespace detail {
inline void add(std::string& to, std::string_view text) {
  to += text;
}
inline void add(std::string& to, unsigned number) {
  char digits[10];
  std::size_t n = sizeof digits;
  do
    digits[--n] = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  to.append(digits + n, sizeof digits - n);
}
}  // namespace detail
template <class... Part>
void append(std::string& to, const Part&... part) {
  (detail::add(to, part), ...);
}

/// Via to CSeq, as every request of a phone has them. `to` is the whole value of the To header.
inline void append_head(std::string& out, const Identity& phone, std::string_view method, std::string_view uri,
                        std::string_view route, std::string_view to, unsigned call, unsigned cseq, char branch) {
  const std::string id = hex(call);
  append(out, method, " ", uri, " SIP/2.0\r\nVia: SIP/2.0/UDP ", phone.address, ":", kPhonePort, ";branch=z9hG4bK",
         phone.boot, id, hex(cseq), std::string_view(&branch, 1), "\r\n", route, "From: \"", phone.user,
         "\" <sip:", phone.user, "@", phone.domain, ">;tag=", phone.device, id, "-09f6c2d1\r\nTo: ", to,
         "\r\nCall-ID: ", phone.device, "-", id, "-6e0a8d4d-", phone.boot, "@", phone.address,
         "\r\nMax-Forwards: 70\r\nDate: Mon, 23 Nov 2026 10:11:12 GMT\r\nCSeq: ", cseq, " ", method, "\r\n");
}

inline void append_register(std::string& out, const Identity& phone, unsigned cseq) {
  std::string to = "<sip:";
  append(to, phone.user, "@", phone.domain, ">");
  std::string uri = "sip:";
  append(uri, phone.domain);
  append_head(out, phone, "REGISTER", uri, {}, to, 0, cseq, 'R');
  append(out, "User-Agent: Cisco-CP7970G/8.4.0\r\nContact: <sip:", phone.user, "@", phone.address, ":", kPhonePort,
         ";transport=udp>;+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-", phone.device,
         ">\";+u.sip!devicename.ccm.cisco.com=\"SEP", phone.device,
         "\";+u.sip!model.ccm.cisco.com=\"30006\"\r\n"
         "Supported: ",
         kSupported,
         ",X-cisco-sis-2.0.0\r\n"
         "Content-Length: 0\r\nReason: SIP;cause=200;text=\"cisco-alarm:25 Name=SEP",
         phone.device, " Load=SIP70.8-4-2S Last=reset-reset\"\r\nExpires: 3600\r\n\r\n");
}

inline void append_sdp(std::string& out, std::string_view user, std::string_view address, unsigned port) {
  append(out, "v=0\r\no=", user, " 7382 0 IN IP4 ", address, "\r\ns=SIP Call\r\nc=IN IP4 ", address,
         "\r\nt=0 0\r\nm=audio ", port,
         " RTP/AVP 0 8 18 102 9 116 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
         "a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\na=rtpmap:102 L16/16000\r\na=rtpmap:9 G722/8000\r\n"
         "a=rtpmap:116 iLBC/8000\r\na=fmtp:116 mode=20\r\na=rtpmap:101 telephone-event/8000\r\n"
         "a=fmtp:101 0-15\r\na=sendrecv\r\n");
}

/// With `sdp`, 1,364 octets or a few fewer; the audio port is the phone's own for the call.
inline void append_invite(std::string& out, const Identity& phone, unsigned call, unsigned cseq, bool sdp) {
  std::string to = "<sip:", uri = "sip:", body;
  append(to, kCalled, "@", phone.domain, ">");
  append(uri, kCalled, "@", phone.domain, ";user=phone");
  if (sdp) append_sdp(body, "Cisco-SIPUA", phone.address, 16384 + (call % 8192) * 2);
  append_head(out, phone, "INVITE", uri, {}, to, call, cseq, 'I');
  append(out, "User-Agent: Cisco-CP7970G/8.4.0\r\nContact: <sip:", phone.user, "@", phone.address, ":", kPhonePort,
         ";transport=udp>\r\nExpires: 180\r\nAccept: application/sdp\r\n"
         "Allow: ACK,BYE,CANCEL,INVITE,NOTIFY,OPTIONS,REFER,REGISTER,UPDATE,SUBSCRIBE\r\n"
         "Remote-Party-ID: \"Line ",
         phone.user, "\" <sip:", phone.user, "@", phone.domain,
         ">;party=calling;id-type=subscriber;privacy=off\r\n"
         "Supported: ",
         kSupported, "\r\nCall-Info: <sip:", phone.user, "@", phone.domain,
         ">;method=\"NOTIFY;Event=telephone-event;Duration=500\"\r\nContent-Length: ",
         static_cast<unsigned>(body.size()), "\r\n");
  if (sdp) append(out, "Content-Type: application/sdp\r\nContent-Disposition: session;handling=optional\r\n");
  append(out, "\r\n", body);
}

}  // namespace bench
