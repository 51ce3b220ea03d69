#include "sbc/sip/sdp.hpp"

#include <algorithm>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/sdp_line.hpp"

namespace dw::sip {
namespace {

/// RFC 3551 §6, tables 4 and 5.
std::string_view static_payload_name(std::string_view format) {
  constexpr std::array<std::string_view, 35> kNames = {
      "PCMU",  "",     "",     "GSM",  "G723", "DVI4", "DVI4", "LPC",  "PCMA", "G722", "L16", "L16",
      "QCELP", "CN",   "MPA",  "G728", "DVI4", "DVI4", "G729", "",     "",     "",     "",    "",
      "",      "CelB", "JPEG", "",     "nv",   "",     "",     "H261", "MPV",  "MP2T", "H263"};
  const auto number = parse_number(format, kNames.size() - 1);
  return number ? kNames[*number] : std::string_view{};
}

enum class MediaTransport : std::uint8_t { other, rtp, dtls, udptl };

MediaTransport transport_of(std::string_view protocol) {
  constexpr std::array<std::string_view, 4> kRtp = {"RTP/AVP", "RTP/SAVP", "RTP/AVPF", "RTP/SAVPF"};
  const auto is = [&](std::string_view name) { return equal_ignoring_case(protocol, name); };
  if (std::ranges::any_of(kRtp, is)) return MediaTransport::rtp;
  if (is("udptl")) return MediaTransport::udptl;
  return starts_with_ignoring_case(protocol, "UDP/TLS/") ? MediaTransport::dtls : MediaTransport::other;
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
  void take_connection(std::string_view value);
  void take_attribute(std::string_view value);

  Sdp& sdp_;
  SdpMedia* media_ = nullptr;
  std::string_view format_;  // the first of media_
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
      if (const auto origin = parse_sdp_origin(line.value); origin && media_ == nullptr) {
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
  media_ = &sdp_.lines[sdp_.count++];
  std::string_view left = value;
  media_->type = take_word(left);
  const std::string_view ports = take_word(left);
  media_->protocol = take_word(left);
  format_ = take_word(left);
  media_->direction = session_direction_;
  const std::size_t slash = std::min(ports.find('/'), ports.size());
  const auto port = parse_number(ports.substr(0, slash), 65535);
  if (!port || (slash < ports.size() && !parse_number(ports.substr(slash + 1), 65535))) return false;
  media_->port = static_cast<std::uint16_t>(*port);
  return !media_->protocol.empty();
}

void Parser::take_connection(std::string_view value) {
  bool& seen = media_ ? media_->own_connection : sdp_.has_connection;
  if (seen) return;
  seen = true;
  (media_ ? media_->address : sdp_.address) = parse_sdp_address(value).address;
  if (!media_) sdp_.connection = value;
}

void Parser::take_attribute(std::string_view value) {
  constexpr std::string_view kRtpmap = "rtpmap:";
  if (const auto direction = parse_direction(value)) {
    (media_ ? media_->direction : session_direction_) = *direction;
  } else if (media_ && media_->codec.empty() && value.starts_with(kRtpmap)) {
    std::string_view left = value.substr(kRtpmap.size());
    if (take_word(left) != format_) return;
    const std::string_view encoding = take_word(left);
    media_->codec = encoding.substr(0, encoding.find('/'));
  }
}

void Parser::end_section() {
  if (media_ == nullptr) return;
  SdpMedia& media = *media_;
  const MediaTransport transport = transport_of(media.protocol);
  if (!media.own_connection) media.address = sdp_.address;
  const bool one_host = !media.address || !(media.address->is_multicast() || media.address->is_broadcast());
  media.relayable = transport != MediaTransport::other && one_host && media.port != 0;
  media.opaque = transport == MediaTransport::udptl || transport == MediaTransport::dtls;
  media.held = (media.address && media.address->is_unspecified()) || media.direction == Direction::sendonly ||
               media.direction == Direction::inactive;
  if (transport == MediaTransport::udptl) {
    media.codec = format_;
  } else if (media.codec.empty() && transport != MediaTransport::other) {
    media.codec = static_payload_name(format_);
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

Result<Sdp> parse_sdp(std::string_view body) {
  if (body.size() > kMaxSdpOctets)
    return fail(Errc::too_long, "an SDP is longer than is read", kMaxSdpOctets);
  Result<Sdp> sdp;
  Parser parser(*sdp);
  bool any = false;
  for (SdpLines lines(body); !lines.at_end();) {
    const SdpLine line = lines.take();
    if (line.text.empty()) continue;
    if (line.type == 0 || line.text[1] != '=')
      return fail(Errc::malformed, "a line of an SDP is not \"x=\"", line.offset);
    if (line.text.contains('\r')) return fail(Errc::malformed, "a CR inside a line of an SDP", line.offset);
    if (line.type == 'm' && sdp->count == kMaxSdpMedia)
      return fail(Errc::too_long, "an SDP has more m-lines than are read", line.offset);
    if (!parser.take(line))
      return fail(Errc::malformed, "an m-line without its type, port or protocol", line.offset);
    any = true;
  }
  if (!any) return fail(Errc::malformed, "an SDP without a line", 0);
  parser.end_section();
  return sdp;
}

}  // namespace dw::sip
