#include "tests/lab/sccp_rtp.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "sbc/base/byte_writer.hpp"

namespace dw::lab {

namespace {

constexpr std::size_t kHeader = 12, kName = 16, kFill = kHeader + 4 + kName + 4;

Buffer packet_of(std::string_view name, std::uint8_t payload_type, std::uint32_t ssrc, std::uint32_t count) {
  Buffer out;
  ByteWriter writer(out);
  writer.u8(0x80);
  writer.u8(payload_type);
  writer.u16be(static_cast<std::uint16_t>(count));
  writer.u32be(count * 160);
  writer.u32be(ssrc);
  writer.text("DWRT");
  writer.text(name.substr(0, kName));
  out.resize(kHeader + 4 + kName);
  writer.u32be(count);
  for (std::size_t i = kFill; i < kRtpPacket; ++i) {
    out.push_back(static_cast<std::uint8_t>((count + 1) * 31 + i * 7 + name.size()));
  }
  return out;
}

std::uint32_t u32be_at(Bytes octets, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | octets[at + i];
  return value;
}

}  // namespace

Buffer RtpSource::next() {
  return packet_of(name_, payload_type_, ssrc_, count_++);
}

void RtpTally::take(Bytes packet, const Endpoint& sender) {
  from = sender;
  constexpr std::size_t kStunHeader = 20;
  constexpr std::uint32_t kStunCookie = 0x2112a442;  // RFC 8489 §5: what keeps a router open is nobody's voice
  if (packet.size() >= kStunHeader && packet[0] < 4 && u32be_at(packet, 4) == kStunCookie) return;
  if (packet.size() != kRtpPacket) {
    ++bad;
    return;
  }
  const std::string_view field = as_text(packet.subspan(kHeader + 4, kName));
  const std::string name(field.substr(0, field.find('\0')));
  const std::uint32_t ssrc = u32be_at(packet, 8), count = u32be_at(packet, kHeader + 4 + kName);
  if (!std::ranges::equal(packet, packet_of(name, packet[1], ssrc, count))) {
    ++bad;
    return;
  }
  ++received;
  ++by_name[name];
  Heard& last = heard_[name];
  if (last.ssrc != ssrc) last = {count, ssrc};  // a new stream begins wherever we come in
  if (count < last.next) {
    ++twice;
  } else {
    lost += count - last.next;
    last.next = count + 1;
  }
}

void RtpTally::forget() {
  received = bad = lost = twice = 0;
  by_name.clear();
}

std::string RtpTally::to_string() const {
  std::string out = fmt::format("rtp received={} bad={} lost={} twice={}", received, bad, lost, twice);
  if (from.port != 0) out += " from=" + from.to_string();
  for (const auto& [name, count] : by_name)
    out += fmt::format(" {}={}", name, count);
  return out;
}

}  // namespace dw::lab
