#include "sbc/trace/pcapng.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/byte_reader.hpp"
#include "sbc/base/byte_writer.hpp"

namespace dw::trace {
namespace {

constexpr std::uint32_t kSection = 0x0a0d0d0a, kInterface = 1, kEnhancedPacket = 6, kMagic = 0x1a2b3c4d;
constexpr std::uint16_t kEnd = 0, kComment = 1, kUserAppl = 4, kIfName = 2;
constexpr std::uint8_t kTcp = 6, kUdp = 17;
constexpr std::uint32_t kSnapLength = 0;  // no limit
constexpr std::size_t kMaxOption = 0xffff;

void pad(ByteWriter& w, std::size_t octets) {
  for (; octets % 4 != 0; ++octets)
    w.u8(0);
}

void option(ByteWriter& w, std::uint16_t code, std::string_view text) {
  text = text.substr(0, kMaxOption);
  w.u16le(code);
  w.u16le(static_cast<std::uint16_t>(text.size()));
  w.text(text);
  pad(w, text.size());
}

/// Writes type, total length, body, total length. The body must be padded.
void block(Buffer& out, std::uint32_t type, Bytes body) {
  ByteWriter w(out);
  const auto total = static_cast<std::uint32_t>(body.size() + 12);
  w.u32le(type);
  w.u32le(total);
  w.octets(body);
  w.u32le(total);
}

/// RFC 1071, over consecutive pieces of even length.
class Checksum {
 public:
  void add(Bytes octets) {
    for (std::size_t i = 0; i < octets.size(); ++i)
      sum_ += i % 2 == 0 ? static_cast<std::uint32_t>(octets[i]) << 8U : octets[i];
  }
  void add(std::uint32_t word) { sum_ += (word >> 16U) + (word & 0xffffU); }
  std::uint16_t value() const {
    std::uint64_t sum = sum_;
    while (sum >> 16U != 0)
      sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(~sum);
  }

 private:
  std::uint64_t sum_ = 0;
};

Buffer ip_header(const IpAddress& from, const IpAddress& to, std::uint8_t protocol, std::size_t payload) {
  constexpr std::uint8_t kHops = 64;
  constexpr std::size_t kV4Octets = 20;
  Buffer out;
  ByteWriter w(out);
  if (from.is_v4()) {
    w.u8(0x45), w.u8(0);
    w.u16be(static_cast<std::uint16_t>(kV4Octets + payload));
    w.u32be(0);  // identification, no fragments
    w.u8(kHops), w.u8(protocol);
    w.u16be(0);
    w.octets(from.octets());
    w.octets(to.octets());
    Checksum sum;
    sum.add(out);
    out[10] = static_cast<std::uint8_t>(sum.value() >> 8U);
    out[11] = static_cast<std::uint8_t>(sum.value());
  } else {
    w.u32be(0x60000000);
    w.u16be(static_cast<std::uint16_t>(payload));
    w.u8(protocol), w.u8(kHops);
    w.octets(from.octets());
    w.octets(to.octets());
  }
  return out;
}

/// The whole packet: an IP header, `head` (UDP's or TCP's header, with zero for the checksum at `checksum_at`), and the
/// octets.
Buffer packet_of(const PcapngWriter::Packet& p, Buffer head, std::size_t checksum_at, Bytes octets) {
  const std::uint8_t protocol = p.tcp ? kTcp : kUdp;
  const std::size_t length = head.size() + octets.size();
  Checksum sum;
  sum.add(p.from.address.octets());
  sum.add(p.to.address.octets());
  sum.add(static_cast<std::uint32_t>(protocol));
  sum.add(static_cast<std::uint32_t>(length));
  sum.add(head);
  sum.add(octets);
  const std::uint16_t value = sum.value() == 0 && !p.tcp ? 0xffff : sum.value();  // RFC 768: 0 means no checksum
  head[checksum_at] = static_cast<std::uint8_t>(value >> 8U);
  head[checksum_at + 1] = static_cast<std::uint8_t>(value);
  Buffer out = ip_header(p.from.address, p.to.address, protocol, length);
  out.insert(out.end(), head.begin(), head.end());
  out.insert(out.end(), octets.begin(), octets.end());
  return out;
}

void enhanced(Buffer& out, const PcapngWriter::Packet& p, Bytes octets) {
  Buffer body;
  ByteWriter w(body);
  w.u32le(static_cast<std::uint32_t>(p.interface));
  w.u32le(static_cast<std::uint32_t>(p.at_us >> 32U));
  w.u32le(static_cast<std::uint32_t>(p.at_us));
  w.u32le(static_cast<std::uint32_t>(octets.size()));
  w.u32le(static_cast<std::uint32_t>(octets.size()));
  w.octets(octets);
  pad(w, octets.size());
  if (!p.comment.empty()) {
    option(w, kComment, p.comment);
    option(w, kEnd, {});
  }
  block(out, kEnhancedPacket, body);
}

}  // namespace

void PcapngWriter::begin(Buffer& out, std::string_view program) {
  Buffer body;
  ByteWriter w(body);
  w.u32le(kMagic);
  w.u16le(1), w.u16le(0);                    // version
  w.u32le(0xffffffff), w.u32le(0xffffffff);  // the section's length is not given
  option(w, kUserAppl, program);
  option(w, kEnd, {});
  block(out, kSection, body);
  for (const std::string_view name : {"phone side", "central side"}) {
    Buffer about;
    ByteWriter a(about);
    a.u16le(kLinkTypeRaw), a.u16le(0);
    a.u32le(kSnapLength);
    option(a, kIfName, name);
    option(a, kEnd, {});
    block(out, kInterface, about);
  }
}

std::size_t whole_blocks(Bytes capture) {
  std::size_t whole = 0;
  for (;;) {
    ByteReader reader(capture.subspan(whole));
    (void)reader.u32le("type");
    const std::uint32_t length = reader.u32le("length");
    if (!reader.ok() || length < 12 || length > capture.size() - whole) return whole;
    whole += length;
  }
}

PcapngWriter::Flow& PcapngWriter::flow(const Endpoint& from, const Endpoint& to) {
  const std::string name = from.to_string() + ">" + to.to_string();
  if (flows_.size() >= kMaxFlows && !flows_.contains(name))
    flows_.erase(std::ranges::min_element(flows_, {}, [](const auto& f) { return f.second.used; }));
  Flow& found = flows_[name];
  found.used = ++packets_;
  return found;
}

void PcapngWriter::packet(Buffer& out, const Packet& p) {
  if (!p.from.address || p.from.address.is_v4() != p.to.address.is_v4() ||
      p.from.address.is_v6() != p.to.address.is_v6())
    return;
  if (!p.tcp) {
    if (p.octets.size() > kMaxUdp) return;
    Buffer head;
    ByteWriter w(head);
    w.u16be(p.from.port), w.u16be(p.to.port);
    w.u16be(static_cast<std::uint16_t>(8 + p.octets.size()));
    w.u16be(0);
    return enhanced(out, p, packet_of(p, std::move(head), 6, p.octets));
  }
  const std::uint32_t answered = flow(p.to, p.from).next;
  Flow& ours = flow(p.from, p.to);
  for (Bytes left = p.octets; !left.empty();) {
    constexpr std::uint16_t kHeadAndFlags = 0x5018;  // header of five words; PSH, ACK
    const Bytes piece = left.first(std::min(left.size(), kMaxSegment));
    left = left.subspan(piece.size());
    Buffer head;
    ByteWriter w(head);
    w.u16be(p.from.port), w.u16be(p.to.port);
    w.u32be(ours.next), w.u32be(answered);
    w.u16be(kHeadAndFlags), w.u16be(0xffff);
    w.u16be(0), w.u16be(0);
    ours.next += static_cast<std::uint32_t>(piece.size());
    enhanced(out, p, packet_of(p, std::move(head), 16, piece));
  }
}

}  // namespace dw::trace
