#include "tests/lab/sip_call.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>

namespace dw::lab {

namespace {

struct Codec {
  unsigned payload_type;
  const char* map;
};
constexpr std::array<Codec, 8> kCodecs{{{102, "L16/16000"},
                                        {9, "G722/8000"},
                                        {0, "PCMU/8000"},
                                        {8, "PCMA/8000"},
                                        {116, "iLBC/8000"},
                                        {124, "ISAC/16000"},
                                        {18, "G729/8000"},
                                        {101, "telephone-event/8000"}}};

std::string codec_line(const Codec& codec) {
  std::string out = fmt::format("a=rtpmap:{} {}\r\n", codec.payload_type, codec.map);
  if (codec.payload_type == 116) out += "a=fmtp:116 mode=20\r\n";
  if (codec.payload_type == 18) out += "a=fmtp:18 annexb=no\r\n";
  if (codec.payload_type == 101) out += "a=fmtp:101 0-15\r\n";
  return out;
}

}  // namespace

std::optional<SdpAudio> parse_sdp(const std::string& body) {
  SdpAudio out;
  std::istringstream lines(body);
  std::string session_address, word, before;
  bool audio = false, media = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.size() < 2 || line[1] != '=') return std::nullopt;
    std::istringstream words(line.substr(2));
    if (line.starts_with("o=")) {
      while (words >> word)
        out.origin = word;
    } else if (line.starts_with("c=IN ")) {
      words >> word >> word >> word;
      (media ? out.address : session_address) = word;
    } else if (line.starts_with("m=")) {
      if (audio) break;  // the first audio counts
      media = true;
      audio = line.starts_with("m=audio ");
      if (!audio) continue;
      words >> word >> out.port >> word;
      for (unsigned type = 0; words >> type;)
        out.payload_types.push_back(type);
    } else if (line == "a=sendrecv" || line == "a=sendonly" || line == "a=recvonly" || line == "a=inactive") {
      out.direction = line.substr(2);
    }
  }
  if (out.address.empty()) out.address = session_address;
  if (!audio || out.address.empty() || out.payload_types.empty()) return std::nullopt;
  return out;
}

std::string SipMedia::describe(const SdpAudio* offer, bool zero_hold) {
  std::vector<Codec> codecs;
  if (offer == nullptr) {
    codecs.assign(kCodecs.begin(), kCodecs.end());
  } else {
    const auto has = [&](unsigned type) {
      return std::ranges::find(offer->payload_types, type) != offer->payload_types.end();
    };
    for (const Codec& codec : kCodecs) {
      const bool talks = codec.payload_type == 0 || codec.payload_type == 8;
      if (talks && has(codec.payload_type) && codecs.empty()) codecs.push_back(codec);
      if (codec.payload_type == 101 && has(101)) codecs.push_back(codec);
    }
    if (!codecs.empty()) payload_type = codecs[0].payload_type;
  }
  std::string types, maps;
  for (const Codec& codec : codecs) {
    types += " " + std::to_string(codec.payload_type);
    maps += codec_line(codec);
  }
  const bool peer_sends_only = offer != nullptr && offer->is_hold();
  const char* direction = on_hold           ? (peer_sends_only ? "inactive" : "sendonly")
                          : peer_sends_only ? "recvonly"
                                            : "sendrecv";
  const std::string own = local.address.to_string();
  const std::string at = on_hold && zero_hold ? "0.0.0.0" : own;
  if (on_hold && zero_hold) direction = "sendrecv";
  return fmt::format(
      "v=0\r\no=Cisco-SIPUA {} {} IN IP4 {}\r\ns=SIP Call\r\nt=0 0\r\nm=audio {} RTP/AVP{}\r\nc=IN IP4 "
      "{}\r\n{}a={}\r\n",
      session, version++, own, local.port, types, at, maps, direction);
}

std::string without_tag(const std::string& value) {
  const std::size_t end = value.rfind('>');
  const std::size_t tag = value.find(";tag=", end == std::string::npos ? 0 : end);
  if (tag == std::string::npos) return value;
  const std::size_t next = value.find(';', tag + 1);
  return value.substr(0, tag) + (next == std::string::npos ? "" : value.substr(next));
}

}  // namespace dw::lab
