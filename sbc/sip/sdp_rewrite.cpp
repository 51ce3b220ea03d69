#include <algorithm>
#include <vector>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/codec_rules.hpp"
#include "sbc/sip/hidden_hosts.hpp"
#include "sbc/sip/sdp.hpp"
#include "sbc/sip/sdp_line.hpp"
#include "sbc/sip/sdp_writer.hpp"

namespace dw::sip {
namespace {

bool is_removed(std::string_view attribute) {
  if (attribute.empty()) return false;
  switch (attribute.front()) {
    case 'c':
      return is_attribute(attribute, "candidate");
    case 'e':
      return is_attribute(attribute, "end-of-candidates");
    case 'i':
      return attribute.starts_with("ice-");
    case 'r':
      if (attribute.starts_with("rtp")) return false;  // rtpmap, as most lines
      return is_attribute(attribute, "rtcp-mux") || is_attribute(attribute, "rtcp-mux-only") ||
             is_attribute(attribute, "remote-candidates");
    default:
      return false;
  }
}

/// Of a refused m-line: where it would have been reached.
bool is_removed_when_refused(std::string_view attribute) {
  return is_attribute(attribute, "rtcp") || is_attribute(attribute, "path");
}

/// Where an octet stands next in a text that is walked from front to back.
class NextOctet {
 public:
  NextOctet(std::string_view text, char octet) : text_(text), octet_(octet), at_(text.find(octet)) {}
  /// The first at `offset` or behind it; npos: there is none.
  std::size_t from(std::size_t offset) {
    if (at_ < offset) at_ = text_.find(octet_, offset);
    return at_;
  }

 private:
  std::string_view text_;
  char octet_;
  std::size_t at_;
};

/// Writes an SDP again, line by line.
class SdpRewriter {
 public:
  SdpRewriter(const Sdp& sdp, std::string_view body, const SdpRewrite& rewrite, std::string& out)
      : sdp_(sdp),
        rewrite_(rewrite),
        out_(out),
        own_(rewrite.own ? rewrite.own : IpAddress::v4(0)),  // RFC 8866 §5.2: an address of nobody
        dots_(body, '.'),
        colons_(body, ':') {
    plan_session();
    plan_hosts();
    if (!rewrite.codecs || rewrite.codecs->empty()) return;
    const auto all = sdp_payloads(body);
    payloads_.assign(all.begin(), all.end());
  }

  void put(const SdpLine& line);
  /// What the last section still lacks.
  void finish() {
    if (added_) put_added_connection();
    if (rtcp_due_) put_added_rtcp();
  }
  std::size_t removed() const { return removed_; }
  /// A hidden host stands in what must stay.
  bool shows() const { return shows_ || sdp_.more_hosts || hosts_.too_many(); }
  bool without_codec() const { return without_codec_; }

 private:
  /// What becomes of a section.
  enum class Fate : std::uint8_t {
    moves,    ///< to an endpoint of ours
    refused,  ///< port 0: its address says nothing, and is hidden
    stays,    ///< as it is: a group's
  };

  Fate fate_of(std::size_t index) const;
  void plan_session();
  void plan_hosts();
  void begin_media();
  void choose_codecs(const SdpMedia& media);
  bool is_left_out(const SdpLine& line) const;
  bool is_of_a_lost_codec(std::string_view attribute) const;
  /// No dot and not two colons: no host is in it that could be hidden. In the order of the lines.
  bool names_no_host(const SdpLine& line);
  /// False, and nothing is put: the line stays as it is.
  bool put_changed(const SdpLine& line);
  /// What was put from `start` on is `line`, and shows a hidden host. True: it says something else now.
  bool put_instead(const SdpLine& line, std::size_t start);
  void put_added_connection();
  void put_media(const SdpLine& line);
  void put_origin(std::string_view text, std::string_view value);
  void put_own_origin();
  void put_connection(std::string_view text, std::string_view value);
  void put_rtcp(const SdpLine& line);
  void put_added_rtcp();

  const Sdp& sdp_;
  const SdpRewrite& rewrite_;
  std::string& out_;
  IpAddress own_;
  HiddenHosts hosts_;
  NextOctet dots_, colons_;
  std::vector<std::vector<SdpPayload>> payloads_;  // by m-line; empty: no codec goes
  std::optional<IpAddress> session_;               // what the session's c= is to say; none: it stays

  // Of the section that lines belong to, the session's first.
  bool in_media_ = false;
  std::size_t next_media_ = 0;
  Fate fate_ = Fate::stays;
  std::optional<IpAddress> address_;   // what its c= is to say; none: it stays
  std::uint16_t port_ = 0;             // for Fate::moves
  std::optional<IpAddress> added_;     // a c= is due, with this address
  std::optional<Endpoint> rtcp_;       // what its a=rtcp is to say; none: the next port
  bool rtcp_due_ = false;              // it has none so far, and needs one
  std::vector<std::uint8_t> offered_;  // payload types, in order; empty: those that it has

  std::string_view last_end_;
  std::string_view line_end_ = "\r\n";
  std::size_t removed_ = 0;
  bool shows_ = false, without_codec_ = false;
};

SdpRewriter::Fate SdpRewriter::fate_of(std::size_t index) const {
  if (index >= sdp_.lines.size()) return Fate::refused;
  const SdpMedia& media = sdp_.lines[index];
  if (media.to_many && media.port != 0) return Fate::stays;
  return media.relayable && rewrite_.to[index] && rewrite_.to[index]->address ? Fate::moves : Fate::refused;
}

void SdpRewriter::plan_session() {
  bool any_stays = false, differ = false;
  std::optional<IpAddress> common;
  for (std::size_t i = 0; i < sdp_.lines.size(); ++i) {
    if (sdp_.lines[i].own_connection) continue;
    const Fate fate = fate_of(i);
    any_stays = any_stays || fate == Fate::stays;
    if (fate != Fate::moves) continue;
    differ = differ || (common && *common != rewrite_.to[i]->address);
    common = rewrite_.to[i]->address;
  }
  if (common && !differ) {
    session_ = common;
  } else if (!any_stays) {
    session_ = own_;
  }
  fate_ = Fate::moves;
  address_ = session_;
}

/// Whatever an address line says is the writer's, and so is what is known of it from elsewhere.
void SdpRewriter::plan_hosts() {
  hosts_.allow(own_);
  for (std::size_t i = 0; i < sdp_.lines.size(); ++i) {
    if (fate_of(i) != Fate::moves) continue;
    hosts_.allow(rewrite_.to[i]->address);
    if (rewrite_.rtcp[i]) hosts_.allow(rewrite_.rtcp[i]->address);
  }
  for (const SdpHost& host : sdp_.hosts())
    hosts_.hide(host.address, host.text);
  for (const IpAddress& address : rewrite_.hidden)
    hosts_.hide(address);
}

void SdpRewriter::begin_media() {
  fate_ = fate_of(next_media_);
  in_media_ = true;
  address_.reset();
  offered_.clear();
  rtcp_.reset();
  if (fate_ == Fate::moves) {
    const SdpMedia& media = sdp_.lines[next_media_];
    const Endpoint& to = *rewrite_.to[next_media_];
    address_ = to.address;
    port_ = to.port;
    if (media.protocol.find("RTP/") != std::string_view::npos) rtcp_ = rewrite_.rtcp[next_media_];
    const auto& session_says = session_ ? session_ : sdp_.address;
    const bool relies = !media.own_connection && sdp_.has_connection;
    const bool served = relies && (is_hold(sdp_.address) || session_says == to.address);
    if (!media.own_connection && !served) added_ = to.address;
    choose_codecs(media);
  } else if (fate_ == Fate::refused) {
    address_ = own_;
  }
  rtcp_due_ = rtcp_.has_value();
  ++next_media_;
}

void SdpRewriter::choose_codecs(const SdpMedia& media) {
  if (payloads_.empty() || payloads_[next_media_].empty()) return;
  const auto& payloads = payloads_[next_media_];
  offered_ = rewrite_.codecs->offered(media.type, payloads);
  without_codec_ = without_codec_ || offered_.empty();
  if (std::ranges::equal(offered_, payloads, {}, {}, &SdpPayload::type)) offered_.clear();
}

/// "rtpmap:101 …", "fmtp:101 …", "rtcp-fb:101 …" of a payload type that is not offered.
bool SdpRewriter::is_of_a_lost_codec(std::string_view attribute) const {
  if (offered_.empty()) return false;
  for (const std::string_view name : {"rtpmap:", "fmtp:", "rtcp-fb:"}) {
    if (!attribute.starts_with(name)) continue;
    std::string_view left = attribute.substr(name.size());
    const auto type = parse_number(take_word(left), 127);
    return type && std::ranges::find(offered_, *type) == offered_.end();
  }
  return false;
}

bool SdpRewriter::is_left_out(const SdpLine& line) const {
  if (line.type != 'a' || fate_ == Fate::stays) return false;
  if (in_media_ && is_of_a_lost_codec(line.value)) return true;
  return is_removed(line.value) || ((fate_ == Fate::refused || !in_media_) && is_removed_when_refused(line.value));
}

void SdpRewriter::put(const SdpLine& line) {
  if (added_ && line.type != 'i') put_added_connection();  // RFC 8866 §5: m=, i=, c=
  if (is_left_out(line)) {
    if (is_removed(line.value)) ++removed_;
    return;
  }
  if (line.type == 'm') {
    if (rtcp_due_) put_added_rtcp();
    begin_media();
  }
  const std::size_t start = out_.size();
  const bool rtcp_due = rtcp_due_;
  const bool changed = put_changed(line);
  std::string_view said = changed ? std::string_view(out_).substr(start) : line.text;
  if (changed && (line.type == 'c' || line.type == 'o'))  // its last word is ours
    said = said.substr(0, line.type == 'c' ? 0 : said.rfind(' '));
  if ((changed || !names_no_host(line)) && hosts_.is_in(said)) {
    if (!put_instead(line, start)) {
      out_.resize(start);
      rtcp_due_ = rtcp_due;  // if it was the section's a=rtcp, that is still to come
      return;
    }
    out_ += line.end;
  } else {
    out_ += changed ? line.end : line.whole;
  }
  last_end_ = line.end;
  if (!line.end.empty()) line_end_ = line.end;
}

bool SdpRewriter::names_no_host(const SdpLine& line) {
  const std::size_t end = line.offset + line.text.size();
  if (dots_.from(line.offset) < end) return false;
  const std::size_t colon = colons_.from(line.offset);
  return colon >= end || colons_.from(colon + 1) >= end;
}

bool SdpRewriter::put_changed(const SdpLine& line) {
  if (line.type == 'a') {
    if (fate_ != Fate::moves || !in_media_ || !is_attribute(line.value, "rtcp")) return false;
    put_rtcp(line);
  } else if (line.type == 'm' && fate_ != Fate::stays) {
    put_media(line);
  } else if (line.type == 'o' && !in_media_) {
    put_origin(line.text, line.value);
  } else if (line.type == 'c' && address_) {
    put_connection(line.text, line.value);
  } else {
    return false;
  }
  return true;
}

bool SdpRewriter::put_instead(const SdpLine& line, std::size_t start) {
  if (line.type == 'o' && !in_media_) {
    out_.resize(start);
    put_own_origin();
    return true;
  }
  if (line.type == 's') {
    out_.resize(start);
    out_ += "s=-";
    return true;
  }
  if (line.type != 'v' && line.type != 'm' && line.type != 'c') return false;
  shows_ = true;
  return true;
}

void SdpRewriter::put_added_connection() {
  const bool is_last = last_end_.empty();  // the body ends within the line before
  if (is_last) out_ += line_end_;
  out_ += "c=";
  append_sdp_address(out_, *added_);
  if (!is_last) out_ += last_end_;
  added_.reset();
}

/// At the end of its section.
void SdpRewriter::put_added_rtcp() {
  const bool is_last = last_end_.empty();
  if (is_last) out_ += line_end_;
  out_ += "a=rtcp:";
  append_sdp_number(out_, rtcp_->port);
  if (rtcp_->address != address_) {
    out_ += ' ';
    append_sdp_address(out_, rtcp_->address);
  }
  if (!is_last) out_ += last_end_;
  rtcp_due_ = false;
}

void SdpRewriter::put_media(const SdpLine& line) {
  std::string_view left = line.value;
  (void)take_word(left);
  const std::string_view ports = take_word(left);
  const std::string_view port = fate_ == Fate::moves ? ports.substr(0, ports.find('/')) : ports;
  const std::size_t start = offset_in(line.text, port);
  out_ += line.text.substr(0, start);
  put_sdp_number(out_, port, fate_ == Fate::moves ? port_ : 0);
  if (offered_.empty()) {
    out_ += line.text.substr(start + port.size());
    return;
  }
  const std::string_view protocol = take_word(left);
  const std::size_t formats = offset_in(line.text, protocol) + protocol.size();
  out_ += line.text.substr(start + port.size(), formats - start - port.size());
  for (const std::uint8_t type : offered_) {
    out_ += ' ';
    append_sdp_number(out_, type);
  }
}

void SdpRewriter::put_own_origin() {
  out_ += "o=- 0 ";
  append_sdp_number(out_, rewrite_.version);
  out_ += ' ';
  append_sdp_address(out_, own_);
}

void SdpRewriter::put_origin(std::string_view text, std::string_view value) {
  const auto origin = parse_sdp_origin(value);
  if (!origin) return put_own_origin();
  const std::size_t version = offset_in(text, origin->version);
  const std::size_t after = version + origin->version.size();
  out_ += text.substr(0, version);
  put_sdp_number(out_, origin->version, rewrite_.version);
  put_sdp_address(out_, text.substr(after), origin->address, own_);
}

void SdpRewriter::put_connection(std::string_view text, std::string_view value) {
  const SdpAddress at = parse_sdp_address(value);
  const bool usual = equal_ignoring_case(at.network, "IN") && at.family.size() == 3;
  const bool ends = at && trim(text.substr(offset_in(text, at.host) + at.host.size())).empty();
  if (usual && ends) return put_sdp_address(out_, text, at, *address_);
  out_ += "c=";
  append_sdp_address(out_, is_hold(at.address) ? unspecified_like(*address_) : *address_);
}

/// RFC 3605: "a=rtcp:" port [SP nettype SP addrtype SP address].
void SdpRewriter::put_rtcp(const SdpLine& line) {
  constexpr std::string_view kName = "rtcp:";
  std::string_view rest = line.value.substr(std::min(kName.size(), line.value.size()));
  const std::string_view port = take_word(rest);
  const auto next = static_cast<std::uint16_t>(port_ == 65535 ? port_ : port_ + 1U);
  const Endpoint to = rtcp_.value_or(Endpoint{*address_, next});
  rtcp_due_ = false;
  out_ += "a=rtcp:";
  put_sdp_number(out_, port, to.port);
  if (const SdpAddress at = parse_sdp_address(rest)) {
    put_sdp_address(out_, rest, at, to.address);
  } else if (to.address != *address_) {
    out_ += ' ';
    append_sdp_address(out_, to.address);
  } else {
    out_ += rest;
  }
}

}  // namespace

Result<std::size_t> rewrite_sdp(const Sdp& sdp, std::string_view body, const SdpRewrite& rewrite, std::string& out) {
  constexpr std::size_t kUsualGrowth = 64;
  out.reserve(out.size() + body.size() + kUsualGrowth);
  SdpRewriter rewriter(sdp, body, rewrite, out);
  for (SdpLines lines(body, sdp.lone_cr); !lines.at_end();)
    rewriter.put(lines.take());
  rewriter.finish();
  if (rewriter.shows()) return fail(Errc::forbidden, "an address of the other side is where an SDP can't do without");
  if (rewriter.without_codec()) return fail(Errc::unavailable, "no codec is left of those that an offer has");
  return rewriter.removed();
}

}  // namespace dw::sip
