#include "tests/sim/sip/odd_bodies.hpp"

#include <array>

namespace dw::sim {

using namespace std::string_literals;

std::string sdp_of(std::string_view host, std::string_view more) {
  return "v=0\r\no=- 1 1 IN IP4 " + std::string(host) + "\r\ns=-\r\nc=IN IP4 " + std::string(host) +
         "\r\nt=0 0\r\nm=audio 16384 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n" + std::string(more);
}

std::string replaced(std::string text, std::string_view from, std::string_view with) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + with.size()))
    text.replace(at, from.size(), with);
  return text;
}

std::string in_part(const std::string& type, const std::string& content, const std::string& boundary,
                    const std::string& more) {
  return "--" + boundary + "\r\nContent-Type: " + type + "\r\n" + more + "\r\n" + content + "\r\n--" + boundary +
         "--\r\n";
}

std::vector<Body> odd_bodies(const std::string& host) {
  const std::string sdp = sdp_of(host);
  std::vector<Body> all;
  const auto add = [&](std::string name, std::string text, std::string type = "application/sdp",
                       std::vector<std::pair<std::string, std::string>> fields = {}) {
    all.push_back({std::move(name), std::move(type), std::move(text), std::move(fields)});
  };
  add("plain", sdp);
  add("LF", replaced(sdp, "\r\n", "\n"));
  add("CR", replaced(sdp, "\r\n", "\r"));
  add("LF CR", replaced(sdp, "\r\n", "\n\r"));
  add("CR CR LF", replaced(sdp, "\r\n", "\r\r\n"));
  add("a stray blank line", replaced(sdp, "t=0 0\r\n", "t=0 0\r\n\r\n"));
  add("leading blank lines", "\r\n\n" + sdp);
  add("a byte order mark", "\xEF\xBB\xBF" + sdp);
  add("NULs at the end", sdp + "\0\0\0"s);
  add("a NUL in the middle", replaced(sdp, "t=0 0", "t=0 0\0"s));
  add("a line of NULs", replaced(sdp, "t=0 0\r\n", "\0\0\r\n"s));
  add("a line without =", sdp + "foo\r\n");
  add("a line without = that reveals", sdp + "foo " + host + "\r\n");
  add("blanks before each line", replaced(sdp, "\r\n", "\r\n "));
  add("blanks about =", replaced(sdp, "c=", "c = "));
  add("capitals", replaced(replaced(sdp, "c=", "C="), "o=", "O="));
  add("tabs", replaced(sdp, "IN IP4 ", "IN\tIP4\t"));
  add("a port above 65535", sdp + "m=video 99999 RTP/AVP 34\r\n");
  add("a port that is none", sdp + "m=video $ RTP/AVP 34\r\n");
  add("an m-line cut short", sdp + "m=video 5\r\n");
  add("a cut end", sdp.substr(0, sdp.size() - 30));
  std::string many = sdp;
  for (int i = 0; i < 40; ++i)
    many += "m=audio 5 RTP/AVP 0\r\nc=IN IP4 " + host + "\r\n";
  add("41 m-lines", many);
  add("40 kB", sdp + replaced(std::string(200, '!'), "!", "a=x:" + std::string(200, 'y') + "\r\n"));
  add("4 kB of attributes", sdp + replaced(std::string(20, '!'), "!", "a=x:" + std::string(200, 'y') + "\r\n"));
  add("no c=", replaced(sdp, "c=IN IP4 " + host + "\r\n", ""));
  add("no o=", replaced(sdp, "o=- 1 1 IN IP4 " + host + "\r\n", ""));
  add("c= for the m-line", sdp + "c=IN IP4 " + host + "\r\n");
  add("many c= for the m-line", sdp + "c=IN IP4 " + host + "\r\nc=IN IP4 10.9.8.7\r\n");
  add("c= with more than an address", replaced(sdp, "c=IN IP4 " + host, "c=IN IP4 " + host + " " + host));
  add("c= without its network", replaced(sdp, "c=IN IP4 ", "c="));
  add("c= with a slash", replaced(sdp, "c=IN IP4 " + host, "c=IN IP4 " + host + "/24/3"));
  add("c= with the wrong family", replaced(sdp, "c=IN IP4", "c=IN IP6"));
  add("c= mapped into IPv6", replaced(sdp, "c=IN IP4 " + host, "c=IN IP6 ::ffff:" + host));
  add("c= is a name", replaced(sdp, "c=IN IP4 " + host, "c=IN IP4 phone.home.example") + "a=x:" + host + "\r\n");
  add("c= is a group", replaced(sdp, "c=IN IP4 " + host, "c=IN IP4 239.1.1.1/127"));
  add("c= is a group, and a second is not",
      replaced(sdp, "c=IN IP4 " + host, "c=IN IP4 239.1.1.1/127\r\nc=IN IP4 " + host));
  add("hold", replaced(sdp, "c=IN IP4 " + host, "c=IN IP4 0.0.0.0"));
  add("inactive", sdp + "a=inactive\r\n");
  add("port 0", replaced(sdp, "16384", "0"));
  add("o= with an address as user", replaced(sdp, "o=- ", "o=" + host + " "));
  add("o= with a user at an address", replaced(sdp, "o=- ", "o=me@" + host + " "));
  add("o= with too few words", replaced(sdp, "o=- 1 1 IN IP4 ", "o="));
  add("o= after the m-line", sdp + "o=- 1 1 IN IP4 " + host + "\r\n");
  for (const std::string line :
       {"s=", "i=", "u=http://", "e=me@", "p=", "k=uri:http://", "b=AS:", "t=", "r=", "z=", "x=", "v=0 "})
    add(line, replaced(sdp, "t=0 0\r\n", line + host + "\r\nt=0 0\r\n"));
  for (const std::string attribute : {"rtcp:16385 IN IP4 ",
                                      "candidate:1 1 UDP 2130706431 ",
                                      "remote-candidates:1 ",
                                      "ssrc:1 cname:me@",
                                      "fmtp:0 ",
                                      "path:msrp://",
                                      "setup:active ",
                                      "connection:new ",
                                      "x-nat:",
                                      "X-nat:0 ",
                                      "oldmediaip:",
                                      "nortpproxy:yes ",
                                      "direction:active ",
                                      "alt:1 1 : a b ",
                                      "source-filter: incl IN IP4 * ",
                                      "x:7",
                                      "tool:",
                                      "x-rtp-session-id:",
                                      "sqn:",
                                      "des:",
                                      "rtcp:x IN IP4 ",
                                      "mid:",
                                      "label:",
                                      "crypto:1 AES inline:"})
    add("a=" + attribute, sdp + "a=" + attribute + host + "\r\na=" + attribute + host + " 16384\r\n");
  add("attributes of the session",
      replaced(sdp, "m=audio", "a=rtcp:5 IN IP4 " + host + "\r\na=x:" + host + "\r\nm=audio"));
  for (const std::string protocol :
       {"TCP/MSRP", "TCP/BFCP", "UDP/BFCP", "UDP/TLS/BFCP", "TCP/RTP/AVP", "UDP/TLS/RTP/SAVPF", "udp", "udptl", "tcp",
        "TCP/WSS", "RTP/NEW", "DTLS/SCTP", "vnd.x"})
    add("m= of " + protocol, sdp + "m=application 4040 " + protocol + " *\r\nc=IN IP4 " + host + "\r\na=path:msrp://" +
                                 host + ":4040/x;tcp\r\na=accept-types:text/plain\r\n");
  add("m= with an address as format", sdp + "m=audio 5 RTP/AVP " + host + "\r\n");
  add("two descriptions", sdp + sdp);
  for (const std::string type :
       {"Application/SDP", "application/sdp;charset=utf-8", "application / sdp", " application/sdp ",
        "APPLICATION/SDP ; x", "text/plain", "message/sipfrag", "message/sip", "application/x-sdp", "text/html",
        "application/octet-stream", "application/pkcs7-mime"})
    add("type " + type, sdp, type);
  add("no type", sdp, "");
  add("two types", sdp, "text/plain", {{"Content-Type", "application/sdp"}});
  add("two equal types", sdp, "application/sdp", {{"c", "application/sdp"}});
  for (const std::string coding : {"gzip", "deflate", "identity", "identity, gzip", "x"})
    for (const std::string field : {"Content-Encoding", "e"})
      add(field + " " + coding, sdp, "application/sdp", {{field, coding}});
  add("base64 is said", sdp, "application/sdp", {{"Content-Transfer-Encoding", "base64"}});
  for (const std::string kind : {"mixed", "alternative", "related", "signed"})
    add("multipart/" + kind, in_part("application/sdp", sdp), "multipart/" + kind + ";boundary=b");
  add("a quoted boundary", in_part("application/sdp", sdp, "b 1"), "Multipart/Mixed; x=y; BOUNDARY = \"b 1\"");
  add("no closing delimiter", "--b\r\nContent-Type: application/sdp\r\n\r\n" + sdp, "multipart/mixed;boundary=b");
  add("a closing delimiter like the others", "--b\r\nContent-Type: application/sdp\r\n\r\n" + sdp + "\r\n--b\r\n",
      "multipart/mixed;boundary=b");
  add("no delimiter", sdp, "multipart/mixed;boundary=b");
  add("no boundary", in_part("application/sdp", sdp), "multipart/mixed");
  add("a preamble", sdp + "\r\n" + in_part("application/sdp", sdp), "multipart/mixed;boundary=b");
  add("an epilogue", in_part("application/sdp", sdp) + "\r\n" + sdp, "multipart/mixed;boundary=b");
  add("parts after the end", in_part("text/plain", "x") + in_part("application/sdp", sdp),
      "multipart/mixed;boundary=b");
  add("a part without type", "--b\r\n\r\n" + sdp + "\r\n--b--\r\n", "multipart/mixed;boundary=b");
  add("a part without an empty line", "--b\r\n" + sdp + "--b--\r\n", "multipart/mixed;boundary=b");
  add("a part with a compact type", "--b\r\nc: application/sdp\r\nl: 3\r\n\r\n" + sdp + "\r\n--b--\r\n",
      "multipart/mixed;boundary=b");
  add("a part with two types", in_part("text/plain", sdp, "b", "c: application/sdp\r\n"), "multipart/mixed;boundary=b");
  add("a part in base64", in_part("application/sdp", sdp, "b", "Content-Transfer-Encoding: base64\r\n"),
      "multipart/mixed;boundary=b");
  add("a part in gzip", in_part("application/sdp", sdp, "b", "Content-Encoding: gzip\r\n"),
      "multipart/mixed;boundary=b");
  add("a part whose fields reveal", in_part("application/sdp", sdp, "b", "Content-Location: http://" + host + "/\r\n"),
      "multipart/mixed;boundary=b");
  std::string nested = sdp, type = "application/sdp";
  for (char depth = 'b'; depth < 'i'; ++depth) {
    nested = in_part(type, nested, std::string(1, depth));
    type = "multipart/mixed;boundary=" + std::string(1, depth);
    add("nested " + std::string(1, depth), nested, type);
  }
  std::string parts;
  for (int i = 0; i < 10; ++i)
    parts += "--b\r\nContent-Type: application/sdp\r\n\r\n" + sdp + "\r\n";
  add("ten parts", parts + "--b--\r\n", "multipart/mixed;boundary=b");
  add("a boundary that reveals", in_part("application/sdp", sdp, host), "multipart/mixed;boundary=\"" + host + "\"");
  add("a fragment with a description",
      "SIP/2.0 200 OK\r\nContact: <sip:1001@" + host + ":5060>\r\nContent-Type: application/sdp\r\n\r\n" + sdp,
      "message/sipfrag");
  add("a report", "VQSessionReport: CallTerm\r\nLocalAddr: IP=" + host + " PORT=16384 SSRC=0x1\r\n",
      "application/vq-rtcpxr");
  add("XML", "<x><contact>sip:1001@" + host + ";transport=udp</contact><ip>" + host + "</ip></x>", "application/xml");
  add("nothing that is known", "\x01\x02" + host + "\xff", "application/octet-stream");
  return all;
}

SipText with(SipText m, const Body& body) {
  if (!body.type.empty()) m.add("Content-Type", body.type);
  for (const auto& [name, value] : body.fields)
    m.add(name, value);
  m.body = body.text;
  return m;
}

Body mutated(Body body, std::uint64_t& state) {
  const auto random = [&](std::size_t below) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    return static_cast<std::size_t>(state % below);
  };
  constexpr std::array<std::string_view, 16> kPieces = {
      "\r", "\n", "\r\n", "\0", "=", " ", "c=", "m=", "a=", "--b", "--", ":", "/", ".", "IN IP4 ", "v=0\r\n"};
  for (std::size_t n = 1 + random(4); n > 0; --n) {
    const std::size_t at = random(body.text.size() + 1);
    const std::string_view piece = kPieces[random(kPieces.size())];
    switch (random(4)) {
      case 0:
        body.text.erase(at, 1 + random(6));
        break;
      case 1:
        body.text.insert(at, piece);
        break;
      case 2:
        body.text.insert(random(body.text.size() + 1), body.text.substr(at, random(40)));
        break;
      default:
        if (at < body.text.size()) body.text.replace(at, 1, piece);
    }
  }
  return body;
}

}  // namespace dw::sim
