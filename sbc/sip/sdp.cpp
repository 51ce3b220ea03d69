#include "sbc/sip/sdp.hpp"

#include <algorithm>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/sdp_line.hpp"

namespace dw::sip {
namespace {

struct StaticPayload {
  std::string_view name;
  std::uint32_t clock_rate;
};
/// RFC 3551 §6, tables 4 and 5.
constexpr std::array<StaticPayload, 35> kStaticPayloads = {{
    {"PCMU", 8000}, {"", 0},        {"", 0},         {"GSM", 8000},   {"G723", 8000},  {"DVI4", 8000},  {"DVI4", 16000},
    {"LPC", 8000},  {"PCMA", 8000}, {"G722", 8000},  {"L16", 44100},  {"L16", 44100},  {"QCELP", 8000}, {"CN", 8000},
    {"MPA", 90000}, {"G728", 8000}, {"DVI4", 11025}, {"DVI4", 22050}, {"G729", 8000},  {"", 0},         {"", 0},
    {"", 0},        {"", 0},        {"", 0},         {"", 0},         {"CelB", 90000}, {"JPEG", 90000}, {"", 0},
    {"nv", 90000},  {"", 0},        {"", 0},         {"H261", 90000}, {"MPV", 90000},  {"MP2T", 90000}, {"H263", 90000},
}};

enum class MediaTransport : std::uint8_t { other, rtp, datagrams };

MediaTransport transport_of(std::string_view protocol) {
  constexpr std::array<std::string_view, 4> kRtp = {"RTP/AVP", "RTP/SAVP", "RTP/AVPF", "RTP/SAVPF"};
  constexpr std::array<std::string_view, 3> kDatagrams = {"udptl", "udp", "DTLS/SCTP"};
  const auto is = [&](std::string_view name) { return equal_ignoring_case(protocol, name); };
  if (std::ranges::any_of(kRtp, is)) return MediaTransport::rtp;
  if (std::ranges::any_of(kDatagrams, is) || starts_with_ignoring_case(protocol, "UDP/"))
    return MediaTransport::datagrams;
  return MediaTransport::other;
}

/// A name that somebody may look up: letters, digits, "-", "_" and ".", and not digits and dots alone.
bool is_host_name(std::string_view host) {
  const auto is_letter = [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; };
  return std::ranges::any_of(host, is_letter) && std::ranges::all_of(host, [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
         });
}

std::optional<Direction> parse_direction(std::string_view attribute) {
  if (attribute == "sendrecv") return Direction::sendrecv;
  if (attribute == "sendonly") return Direction::sendonly;
  if (attribute == "recvonly") return Direction::recvonly;
  if (attribute == "inactive") return Direction::inactive;
  return std::nullopt;
}

/// Fills an Sdp line by line. `media_` is the section that lines belong to; none: the session's.
class Parser {
 public:
  explicit Parser(Sdp& sdp) : sdp_(sdp) {}

  /// False: the line makes no sense.
  bool take(const SdpLine& line);
  void end_section();

 private:
  bool take_media(std::string_view value);
  void take_host(const SdpAddress& at);
  void take_connection(std::string_view value);
  void take_attribute(std::string_view value);
  void take_rtpmap(std::string_view value);
  void take_rtcp(std::string_view value);

  Sdp& sdp_;
  SdpMedia* media_ = nullptr;
  SdpMedia beyond_;          // an m-line more than are listed
  std::string_view format_;  // the first of media_
  std::string_view session_name_;
  Direction session_direction_ = Direction::sendrecv;
};

bool Parser::take(const SdpLine& line) {
  switch (line.type) {
    case 'm':
      end_section();
      return take_media(line.value);
    case 'c':
      take_connection(line.value);
      return true;
    case 'a':
      take_attribute(line.value);
      return true;
    case 'o':
      if (const auto origin = parse_sdp_origin(line.value)) {
        take_host(origin->address);
        if (media_ != nullptr) return true;
        sdp_.username = origin->username;
        sdp_.session_id = origin->session_id;
        sdp_.version = parse_number(origin->version, ~std::uint64_t{0});
        sdp_.origin = origin->address.address;
      }
      return true;
    default:
      return true;
  }
}

bool Parser::take_media(std::string_view value) {
  beyond_ = {};
  media_ = sdp_.lines.size() < kMaxSdpMedia ? &sdp_.lines.emplace_back() : &beyond_;
  std::string_view left = value;
  media_->type = take_word(left);
  const std::string_view ports = take_word(left);
  media_->protocol = take_word(left);
  media_->direction = session_direction_;
  format_ = take_word(left);
  const std::size_t slash = std::min(ports.find('/'), ports.size());
  const auto port = parse_number(ports.substr(0, slash), 65535);
  const bool counts = slash == ports.size() || parse_number(ports.substr(slash + 1), 65535);
  media_->port = port && counts ? static_cast<std::uint16_t>(*port) : 0;
  return !media_->protocol.empty();
}

void Parser::take_host(const SdpAddress& at) {
  const std::string_view text = at.host.substr(0, at.host.find('/'));
  const auto named = [&](const SdpHost& host) { return host.text == text; };
  if (text.empty() || std::ranges::any_of(sdp_.hosts(), named)) return;
  if (sdp_.host_list.size() == kMaxSdpHosts) {
    sdp_.more_hosts = true;
    return;
  }
  sdp_.host_list.push_back({text, at.address.value_or(IpAddress{})});
}

void Parser::take_connection(std::string_view value) {
  bool& seen = media_ ? media_->own_connection : sdp_.has_connection;
  const SdpAddress at = parse_sdp_address(value);
  take_host(at);
  if (seen) return;
  seen = true;
  (media_ ? media_->address : sdp_.address) = at.address;
  (media_ ? media_->host_name : session_name_) = !at.address && is_host_name(at.host) ? at.host : std::string_view{};
}

void Parser::take_attribute(std::string_view value) {
  constexpr std::string_view kRtpmap = "rtpmap:", kRtcp = "rtcp:";
  if (value.starts_with(kRtpmap)) {
    if (media_ && media_->codec.empty()) take_rtpmap(value.substr(kRtpmap.size()));
  } else if (const auto direction = parse_direction(value)) {
    (media_ ? media_->direction : session_direction_) = *direction;
  } else if (value.starts_with(kRtcp)) {
    take_rtcp(value.substr(kRtcp.size()));
  }
}

void Parser::take_rtpmap(std::string_view value) {
  std::string_view left = value;
  if (take_word(left) != format_) return;
  const std::string_view encoding = take_word(left);
  media_->codec = encoding.substr(0, encoding.find('/'));
}

void Parser::take_rtcp(std::string_view value) {
  std::string_view left = value;
  const auto port = parse_number(take_word(left), 65535);
  const SdpAddress at = parse_sdp_address(left);
  take_host(at);
  if (!media_ || !port || media_->rtcp_port) return;
  media_->rtcp_port = static_cast<std::uint16_t>(*port);
  media_->rtcp_address = at.address;
}

void Parser::end_section() {
  if (media_ == nullptr) return;
  SdpMedia& media = *media_;
  const MediaTransport transport = transport_of(media.protocol);
  if (!media.own_connection) {
    media.address = sdp_.address;
    media.host_name = session_name_;
  }
  media.to_many = media.address && (media.address->is_multicast() || media.address->is_broadcast());
  media.relayable = transport != MediaTransport::other && !media.to_many && media.port != 0;
  media.opaque = transport == MediaTransport::datagrams;
  media.held = (media.address && media.address->is_unspecified()) || media.direction == Direction::sendonly ||
               media.direction == Direction::inactive;
  if (!media.codec.empty() || transport == MediaTransport::other) return;
  if (equal_ignoring_case(media.protocol, "udptl")) {
    media.codec = format_;
  } else if (const auto type = parse_number(format_, kStaticPayloads.size() - 1)) {
    media.codec = kStaticPayloads[*type].name;
  }
}

}  // namespace

std::string_view to_string(Direction direction) {
  switch (direction) {
    case Direction::sendrecv:
      return "sendrecv";
    case Direction::sendonly:
      return "sendonly";
    case Direction::recvonly:
      return "recvonly";
    case Direction::inactive:
      return "inactive";
  }
  return "";
}

std::array<std::vector<SdpPayload>, kMaxSdpMedia> sdp_payloads(std::string_view body) {
  constexpr std::uint64_t kLastPayloadType = 127, kMaxClockRate = 0xffffffff;
  constexpr std::string_view kRtpmap = "rtpmap:";
  std::array<std::vector<SdpPayload>, kMaxSdpMedia> out;
  std::size_t count = 0;  // of m-lines
  for (SdpLines lines(body); !lines.at_end();) {
    const SdpLine line = lines.take();
    std::string_view left = line.value;
    if (line.type == 'm') {
      if (++count > kMaxSdpMedia) break;
      (void)take_word(left);
      (void)take_word(left);
      if (transport_of(take_word(left)) == MediaTransport::other) continue;
      for (std::string_view word = take_word(left); !word.empty(); word = take_word(left)) {
        const auto type = parse_number(word, kLastPayloadType);
        if (!type || out[count - 1].size() == kMaxSdpPayloads) continue;
        const StaticPayload known = *type < kStaticPayloads.size() ? kStaticPayloads[*type] : StaticPayload{"", 0};
        out[count - 1].push_back({static_cast<std::uint8_t>(*type), known.clock_rate, known.name});
      }
    } else if (count > 0 && line.type == 'a' && left.starts_with(kRtpmap)) {
      // RFC 8866 §6.6: payload type SP name "/" clock rate ["/" channels].
      left.remove_prefix(kRtpmap.size());
      const auto type = parse_number(take_word(left), kLastPayloadType);
      const std::string_view encoding = take_word(left);
      const std::size_t slash = encoding.find('/');
      if (!type || slash == encoding.npos) continue;
      const std::string_view rate = encoding.substr(slash + 1);
      for (SdpPayload& payload : out[count - 1]) {
        if (payload.type != *type) continue;
        payload.name = encoding.substr(0, slash);
        payload.clock_rate =
            static_cast<std::uint32_t>(parse_number(rate.substr(0, rate.find('/')), kMaxClockRate).value_or(0));
      }
    }
  }
  return out;
}

Result<Sdp> parse_sdp(std::string_view body) {
  if (body.size() > kMaxSdpOctets) return fail(Errc::too_long, "an SDP is longer than is read", kMaxSdpOctets);
  Result<Sdp> sdp;
  Parser parser(*sdp);
  bool any = false;
  for (SdpLines lines(body); !lines.at_end();) {
    const SdpLine line = lines.take();
    sdp->lone_cr = sdp->lone_cr || line.end == "\r";
    if (line.empty) continue;
    // What stands after it is seen by some readers, and not by those that work with C's strings.
    if (lines.has_nul() && line.text.contains('\0'))
      return fail(Errc::malformed, "a NUL inside a line of an SDP", line.offset);
    if (line.type == 0) continue;
    if (!parser.take(line)) return fail(Errc::malformed, "an m-line without its type, port or protocol", line.offset);
    any = true;
  }
  if (!any) return fail(Errc::malformed, "an SDP without a line", 0);
  parser.end_section();
  return sdp;
}

}  // namespace dw::sip
