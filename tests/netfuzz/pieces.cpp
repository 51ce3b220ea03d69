#include "tests/netfuzz/pieces.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

namespace dw::netfuzz {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxPiece = 16'000, kMostSeeds = 60'000;

std::string u32le(std::uint32_t value) {
  std::string out;
  for (int shift = 0; shift < 32; shift += 8)
    out += static_cast<char>(value >> shift & 0xFFU);
  return out;
}

std::size_t below(std::mt19937& random, std::size_t n) {
  return n == 0 ? 0 : random() % n;
}
const std::string& any(std::mt19937& random, const std::vector<std::string>& of) {
  return of[below(random, of.size())];
}

std::string sip_request(const std::string& method, const std::string& host, const std::string& at,
                        const std::string& call) {
  const bool registers = method == "REGISTER", offers = method == "INVITE";
  const std::string body = offers ? "v=0\r\no=- 1 1 IN IP4 " + at + "\r\ns=-\r\nc=IN IP4 " + at +
                                        "\r\nt=0 0\r\nm=audio 16384 RTP/AVP 0 101\r\n"
                                  : "";
  std::string out = method + " sip:" + (registers ? "" : "900@") + host + " SIP/2.0\r\nVia: SIP/2.0/UDP " + at +
                    ":5060;branch=z9hG4bK" + call + ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:101@" + host +
                    ">;tag=t1\r\nTo: <sip:" + (registers ? "101" : "900") + "@" + host + ">\r\nCall-ID: " + call +
                    "\r\nCSeq: 1 " + method + "\r\nContact: <sip:101@" + at + ":5060>\r\nExpires: 300\r\n";
  if (method == "REFER") out += "Refer-To: <sip:1@" + at + ">\r\n";
  if (method == "SUBSCRIBE") out += "Event: message-summary\r\n";
  if (offers) out += "Content-Type: application/sdp\r\n";
  return out + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string sccp_register(unsigned n, const std::string& at) {
  char name[17] = {};
  std::snprintf(name, sizeof name, "SEP0011223344%02X", n % 256);
  std::string payload(name, 16);
  (void)at;
  payload += u32le(0) + u32le(1) + std::string("\x7f\0\1\1", 4) + u32le(n % 2 == 0 ? 7 : 436) + u32le(0) + u32le(0) +
             u32le(n % 2 == 0 ? 11 : 20);
  return sccp_frame(1, payload + std::string(60, '\0'));
}

}  // namespace

std::string sccp_frame(std::uint32_t id, const std::string& payload) {
  return u32le(static_cast<std::uint32_t>(payload.size() + 4)) + u32le(0) + u32le(id) + payload;
}

std::vector<std::string> corpus(const fs::path& all, const std::vector<std::string>& targets) {
  std::vector<std::string> out;
  for (const std::string& target : targets) {
    std::vector<fs::path> files;
    for (const auto& file : fs::recursive_directory_iterator(all / target))
      if (file.is_regular_file()) files.push_back(file.path());
    std::ranges::sort(files);
    for (const fs::path& file : files) {
      std::ifstream in(file, std::ios::binary);
      out.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
      if (out.back().size() > kMostSeeds) out.pop_back();
    }
  }
  return out;
}

std::string mutated(std::string out, std::mt19937& random) {
  static const std::vector<std::string> kWords = {"\r\n",
                                                  std::string(1, '\0'),
                                                  ";",
                                                  ",",
                                                  "\"",
                                                  "<",
                                                  ">",
                                                  "%",
                                                  "99999999999999999999",
                                                  "[::ffff:127.0.0.1]",
                                                  std::string(300, 'z')};
  static const std::vector<std::uint32_t> kNumbers = {0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
  for (std::size_t turns = below(random, 5); turns > 0; --turns) {
    const std::size_t where = below(random, out.size());
    switch (below(random, 7)) {
      case 0:
        if (!out.empty()) out[where] = static_cast<char>(random() & 0xFFU);
        break;
      case 1:
        out.erase(where, 1 + below(random, 8));
        break;
      case 2:
        out.insert(where, any(random, kWords));
        break;
      case 3:
        out.insert(where, out.substr(below(random, out.size()), below(random, 64)));
        break;
      case 4:
        out.insert(where, u32le(static_cast<std::uint32_t>(random())));
        break;
      case 5:
        if (out.size() >= where + 4) out.replace(where, 4, u32le(kNumbers[below(random, kNumbers.size())]));
        break;
      default:
        out.resize(where);
        break;
    }
  }
  out.resize(std::min(out.size(), kMaxPiece));
  return out;
}

std::string Piece::to_string() const {
  static constexpr const char* kWays[] = {"udp", "tcp", "central"};
  std::string out = std::string(kWays[static_cast<int>(way)]) + " to port " + std::to_string(port) + " from stranger " +
                    std::to_string(source) + (afresh ? ", afresh" : "") + ": \"";
  for (const char c : octets.substr(0, 600)) {
    char text[5];
    const auto value = static_cast<unsigned>(static_cast<unsigned char>(c));
    if (value < 32 || value > 126 || c == '"' || c == '\\') {
      std::snprintf(text, sizeof text, "\\x%02x", value);
      out += text;
    } else {
      out += c;
    }
  }
  return out + (octets.size() > 600 ? "…\"" : "\"");
}

Pieces::Pieces(const fs::path& all, unsigned seed)
    : seed_(seed),
      places_(seed),
      sip_(corpus(all, {"fuzz_sip_message", "fuzz_sip_osip", "fuzz_sip_proxy", "fuzz_sip_stream"})),
      sccp_(corpus(all, {"fuzz_sccp_frames", "fuzz_sccp_session"})),
      tftp_(corpus(all, {"fuzz_tftp_packet", "fuzz_tftp_transfer"})),
      http_(corpus(all, {"fuzz_http_request"})),
      stun_(corpus(all, {"fuzz_stun"})),
      files_(corpus(all, {"fuzz_cnf_rewrite", "fuzz_file_lists", "fuzz_manifest", "fuzz_trust_list"})) {
  add_own();
}

void Pieces::add_own() {
  const std::vector<std::string> methods = {"REGISTER", "INVITE", "INVITE", "SUBSCRIBE", "OPTIONS",
                                            "REFER",    "BYE",    "CANCEL", "MESSAGE"};
  for (unsigned i = 0; i < 90; ++i) {
    const std::string method = methods[i % methods.size()];
    sip_.push_back(sip_request(method, places_.daemon(), places_.stranger(i), "n" + std::to_string(i)));
  }
  for (unsigned i = 0; i < 24; ++i) {
    sccp_.push_back(sccp_register(i, places_.stranger(i)));
    tftp_.push_back(std::string("\0\1", 2) + "SEP0011223344" + std::to_string(10 + i) + ".cnf.xml" +
                    std::string("\0octet\0", 7));
    http_.push_back("GET /SEP0011223344" + std::to_string(10 + i) +
                    ".cnf.xml HTTP/1.1\r\nHost: x\r\nRange: bytes=1-5\r\nIf-None-Match: \"x\"\r\n\r\n");
  }
  media_ = {std::string("\x80\0\0\1\0\0\0\1\0\0\0\1", 12) + std::string(160, 'x'),
            std::string("\x80\xc8\0\6", 4) + std::string(24, 'x'),
            std::string("\x80\xe4\0\1\0\0\0\1\0\0\0\1\xc8\0\0\0", 16)};
}

Piece Pieces::at(std::size_t number) const {
  std::seed_seq both{static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(number)};
  std::mt19937 random(both);
  Piece out;
  out.source = static_cast<unsigned>(below(random, Places::kStrangers));
  out.afresh = below(random, 5) == 0;
  const auto say = [&](Piece::Way way, std::uint16_t port, const std::vector<std::string>& of) {
    out.way = way;
    out.port = port;
    out.octets = mutated(any(random, of), random);
  };
  const std::size_t kind = below(random, 100);
  if (kind < 27) {
    say(Piece::Way::udp, Places::kSip, sip_);
  } else if (kind < 38) {
    say(Piece::Way::central, Places::kSip, sip_);
  } else if (kind < 48) {
    say(Piece::Way::tcp, Places::kSip, sip_);
  } else if (kind < 62) {
    say(Piece::Way::tcp, Places::kSccp, sccp_);
    if (out.afresh) out.octets.insert(0, sccp_register(out.source, places_.stranger(out.source)));
  } else if (kind < 72) {
    say(Piece::Way::udp, Places::kTftp, tftp_);
  } else if (kind < 82) {
    say(Piece::Way::tcp, Places::kHttp, http_);
  } else if (kind < 88) {
    say(Piece::Way::udp, Places::kStun, stun_);
  } else {
    say(Piece::Way::udp, static_cast<std::uint16_t>(Places::kFirstMedia + below(random, Places::kMediaPorts)), media_);
  }
  return out;
}

std::string Pieces::sip_lie(std::mt19937& random) const {
  return mutated(any(random, sip_), random);
}
std::string Pieces::sccp_lie(std::mt19937& random) const {
  if (below(random, 4) != 0) return mutated(any(random, sccp_), random);
  std::string payload(below(random, 160), '\0');
  for (char& c : payload)
    c = static_cast<char>(random() & 0xFFU);
  return sccp_frame(static_cast<std::uint32_t>(below(random, 0x160)), payload);
}
std::string Pieces::file_lie(std::mt19937& random) const {
  const std::string body = mutated(any(random, files_), random);
  switch (below(random, 6)) {
    case 0:
      return mutated(
          "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\nETag: \"x\"\r\n\r\n" + body,
          random);
    case 1:
      return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size() + 100) + "\r\n\r\n" + body;
    case 2:
      return mutated("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", random);
    case 3:
      return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    case 4:
      return "HTTP/1.1 302 Found\r\nLocation: http://" + places_.daemon() + ":6970/x\r\nContent-Length: 0\r\n\r\n";
    default:
      return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
}

}  // namespace dw::netfuzz
