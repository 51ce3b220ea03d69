#include <algorithm>
#include <array>
#include <charconv>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/sdp.hpp"
#include "sbc/sip/sdp_line.hpp"

namespace dw::sip {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  out.append(digits.begin(), end);
}

void append_address(std::string& out, const IpAddress& address) {
  if (address.is_v6()) {  // without a scope, which means nothing to anybody else
    out += IpAddress::v6(address.octets().first<16>()).to_string();
    return;
  }
  std::array<char, 16> text{};  // "255.255.255.255."
  std::size_t length = 0;
  for (const unsigned octet : address.octets()) {
    if (octet >= 100) text[length++] = static_cast<char>('0' + octet / 100);
    if (octet >= 10) text[length++] = static_cast<char>('0' + octet / 10 % 10);
    text[length++] = static_cast<char>('0' + octet % 10);
    text[length++] = '.';
  }
  if (length > 0) out.append(text.data(), length - 1);
}

std::string_view family_word(const IpAddress& address) {
  return address.is_v6() ? "IP6" : "IP4";
}

IpAddress unspecified_like(const IpAddress& address) {
  constexpr std::array<std::uint8_t, 16> kZeros{};
  return address.is_v6() ? IpAddress::v6(kZeros) : IpAddress::v4(0);
}

bool is_hold(const std::optional<IpAddress>& address) {
  return address && address->is_unspecified();
}

/// Where `part`, a view into `whole`, begins in it.
std::size_t offset_in(std::string_view whole, std::string_view part) {
  return static_cast<std::size_t>(part.data() - whole.data());
}

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
      return is_attribute(attribute, "rtcp-mux") || is_attribute(attribute, "rtcp-mux-only") ||
             is_attribute(attribute, "remote-candidates");
    default:
      return false;
  }
}

/// Writes an SDP anew, line by line.
class Rewriter {
 public:
  Rewriter(const Sdp& sdp, const SdpRewrite& rewrite, std::string& out)
      : sdp_(sdp), rewrite_(rewrite), out_(out) {
    plan_session();
  }

  void put(const SdpLine& line);
  /// What the last section still lacks.
  void finish() {
    if (added_ || copy_due_) put_added_connection();
  }
  std::size_t removed() const { return removed_; }

 private:
  /// What becomes of a section.
  enum class Fate : std::uint8_t {
    moves,  ///< to an endpoint of ours
    over,   ///< port 0: its address says nothing, and is hidden
    stays,  ///< as it is
  };

  Fate fate_of(std::size_t index) const;
  void plan_session();
  void begin_media();
  /// False, and nothing is put: the line stays as it is.
  bool put_changed(const SdpLine& line);
  void put_added_connection();
  void put_media(std::string_view text);
  void put_origin(std::string_view text, std::string_view value);
  void put_connection(std::string_view text, std::string_view value);
  void put_rtcp(std::string_view text);
  /// `text` with its part `at` saying `address`.
  void put_address(std::string_view text, const SdpAddress& at, const IpAddress& address);
  void put_number(std::string_view is, std::uint64_t wanted);

  const Sdp& sdp_;
  const SdpRewrite& rewrite_;
  std::string& out_;
  std::optional<IpAddress> session_;  // what the session's c= is to say; none: it stays

  // Of the section that lines belong to, the session's first.
  bool in_media_ = false;
  std::size_t next_media_ = 0;
  Fate fate_ = Fate::stays;
  std::optional<IpAddress> address_;  // what its c= is to say; none: it stays
  std::uint16_t port_ = 0;            // for Fate::moves
  std::optional<IpAddress> added_;    // a c= is due, with this address…
  bool copy_due_ = false;             // …or with what the session's said

  std::string_view last_end_;
  std::string_view line_end_ = "\r\n";
  std::size_t removed_ = 0;
};

Rewriter::Fate Rewriter::fate_of(std::size_t index) const {
  const SdpMedia& media = sdp_.lines[index];
  if (media.port == 0) return Fate::over;
  return media.relayable && rewrite_.to[index] && rewrite_.to[index]->address ? Fate::moves : Fate::stays;
}

void Rewriter::plan_session() {
  bool any_moves = false, any_relies = false, differ = false;
  std::optional<IpAddress> common;
  for (std::size_t i = 0; i < sdp_.count; ++i) {
    const Fate fate = fate_of(i);
    any_moves = any_moves || fate == Fate::moves;
    if (sdp_.lines[i].own_connection) continue;
    any_relies = any_relies || fate == Fate::stays;
    if (fate != Fate::moves) continue;
    differ = differ || (common && *common != rewrite_.to[i]->address);
    common = rewrite_.to[i]->address;
  }
  fate_ = any_moves ? Fate::moves : Fate::stays;
  if (common && !differ) {
    session_ = common;
  } else if ((common || !any_relies) && rewrite_.own) {
    session_ = rewrite_.own;
  }
  address_ = session_;
}

void Rewriter::begin_media() {
  if (next_media_ == sdp_.count) return;  // not what was parsed
  const SdpMedia& media = sdp_.lines[next_media_];
  fate_ = fate_of(next_media_);
  in_media_ = true;
  address_.reset();
  const bool relies = !media.own_connection && sdp_.has_connection;
  if (fate_ == Fate::moves) {
    const Endpoint& to = *rewrite_.to[next_media_];
    address_ = to.address;
    port_ = to.port;
    const auto& session_says = session_ ? session_ : sdp_.address;
    const bool served = relies && (is_hold(sdp_.address) || session_says == to.address);
    if (!media.own_connection && !served) added_ = to.address;
  } else if (fate_ == Fate::over) {
    if (rewrite_.own) address_ = rewrite_.own;
  } else {
    copy_due_ = relies && session_ && !is_hold(sdp_.address) && session_ != sdp_.address;
  }
  ++next_media_;
}

void Rewriter::put(const SdpLine& line) {
  if ((added_ || copy_due_) && line.type != 'i') put_added_connection();  // RFC 8866 §5: m=, i=, c=
  if (line.type == 'a' && fate_ != Fate::stays && is_removed(line.value)) {
    ++removed_;
    return;
  }
  if (line.type == 'm') begin_media();
  if (put_changed(line)) {
    out_ += line.end;
  } else {
    out_ += line.whole;
  }
  last_end_ = line.end;
  if (line.end.ends_with('\n')) line_end_ = line.end;
}

bool Rewriter::put_changed(const SdpLine& line) {
  if (line.type == 'm' && fate_ == Fate::moves) {
    put_media(line.text);
  } else if (line.type == 'o' && !in_media_) {
    put_origin(line.text, line.value);
  } else if (line.type == 'c' && address_) {
    put_connection(line.text, line.value);
  } else if (line.type == 'a' && in_media_ && address_ && is_attribute(line.value, "rtcp")) {
    put_rtcp(line.text);
  } else {
    return false;
  }
  return true;
}

void Rewriter::put_added_connection() {
  const bool is_last = !last_end_.ends_with('\n');  // the body ends within the line before
  if (is_last) out_ += last_end_.empty() ? line_end_ : "\n";
  if (added_) {
    out_ += "c=IN ";
    out_ += family_word(*added_);
    out_ += ' ';
    append_address(out_, *added_);
  } else {
    out_ += "c=";
    out_ += sdp_.connection;
  }
  if (!is_last) out_ += last_end_;
  added_.reset();
  copy_due_ = false;
}

void Rewriter::put_number(std::string_view is, std::uint64_t wanted) {
  if (parse_number(is, ~std::uint64_t{0}) == wanted) {
    out_ += is;
  } else {
    append_number(out_, wanted);
  }
}

void Rewriter::put_address(std::string_view text, const SdpAddress& at, const IpAddress& address) {
  const IpAddress wanted = is_hold(at.address) ? unspecified_like(address) : address;
  if (at.address == wanted) {
    out_ += text;
    return;
  }
  const std::size_t family = offset_in(text, at.family);
  const std::size_t host = offset_in(text, at.host);
  out_ += text.substr(0, family);
  out_ += family_word(wanted);
  out_ += text.substr(family + at.family.size(), host - family - at.family.size());
  append_address(out_, wanted);
  out_ += text.substr(host + at.host.size());
}

void Rewriter::put_media(std::string_view text) {
  std::string_view left = text.substr(2);
  (void)take_word(left);
  const std::string_view ports = take_word(left);
  const std::string_view port = ports.substr(0, ports.find('/'));
  const std::size_t start = offset_in(text, port);
  out_ += text.substr(0, start);
  put_number(port, port_);
  out_ += text.substr(start + port.size());
}

void Rewriter::put_origin(std::string_view text, std::string_view value) {
  const auto origin = parse_sdp_origin(value);
  if (!origin) {
    out_ += text;
    return;
  }
  const std::size_t version = offset_in(text, origin->version);
  const std::size_t after = version + origin->version.size();
  out_ += text.substr(0, version);
  put_number(origin->version, rewrite_.version);
  if (rewrite_.own) {
    put_address(text.substr(after), origin->address, rewrite_.own);
  } else {
    out_ += text.substr(after);
  }
}

void Rewriter::put_connection(std::string_view text, std::string_view value) {
  if (const SdpAddress at = parse_sdp_address(value)) {
    put_address(text, at, *address_);
    return;
  }
  out_ += "c=IN ";
  out_ += family_word(*address_);
  out_ += ' ';
  append_address(out_, *address_);
}

/// RFC 3605: "a=rtcp:" port [SP nettype SP addrtype SP address].
void Rewriter::put_rtcp(std::string_view text) {
  constexpr std::string_view kStart = "a=rtcp:";
  std::string_view rest = text.substr(std::min(kStart.size(), text.size()));
  const std::string_view port = take_word(rest);
  if (fate_ == Fate::moves) {
    out_ += kStart;
    put_number(port, port_ == 65535 ? port_ : port_ + 1U);
  } else {
    out_ += text.substr(0, text.size() - rest.size());
  }
  if (const SdpAddress at = parse_sdp_address(rest)) {
    put_address(rest, at, *address_);
  } else {
    out_ += rest;
  }
}

}  // namespace

std::size_t rewrite_sdp(const Sdp& sdp, std::string_view body, const SdpRewrite& rewrite, std::string& out) {
  constexpr std::size_t kUsualGrowth = 64;
  out.reserve(out.size() + body.size() + kUsualGrowth);
  Rewriter rewriter(sdp, rewrite, out);
  for (SdpLines lines(body); !lines.at_end();)
    rewriter.put(lines.take());
  rewriter.finish();
  return rewriter.removed();
}

}  // namespace dw::sip
