#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "nat/fast/flow.h"
#include "sbc/base/bytes.hpp"

namespace dw::nat::fast::test {

constexpr std::uint32_t kPhone = 0x0a4d0102, kNear = 0x0a4d0101, kFar = 0x0a4d0201, kServer = 0x0a4d0202;
constexpr std::uint16_t kPhonePort = 17000, kNearPort = 20000, kFarPort = 20002, kServerPort = 30000;
constexpr std::uint32_t kSsrc = 0xfeedbeef;

/// RFC 1071, over octets in wire order.
inline std::uint16_t internet_sum(Bytes octets, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < octets.size(); i += 2)
    sum += static_cast<std::uint32_t>(octets[i] << 8 | (i + 1 < octets.size() ? octets[i + 1] : 0));
  while (sum >> 16 != 0)
    sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}
/// The sum of the pseudo header (RFC 768) for the IP packet that begins here.
inline std::uint32_t pseudo_sum(Bytes ip) {
  return internet_sum(ip.subspan(12, 8)) + 17U + static_cast<std::uint32_t>(ip[24] << 8 | ip[25]);
}

/// A frame written by hand from RFC 791, 768 and 3550; each field can be made wrong.
struct Frame {
  std::uint16_t ethernet_type = 0x0800, fragment = 0x4000, source_port = kPhonePort, target_port = kNearPort;
  std::uint32_t source = kPhone, target = kNear;
  std::uint8_t version_and_length = 0x45, tos = 0, ttl = 64, protocol = 17;
  std::uint8_t first = 0x80, second = 0;  ///< octets of RTP
  std::uint16_t sequence = 1;
  std::uint32_t timestamp = 160, ssrc = kSsrc;
  Buffer payload = Buffer(160, 0xd5);
  Buffer options{};
  int udp_longer = 0, ip_longer = 0, header_sum = 0;  ///< difference from the right value
  std::size_t trailer = 0;                            ///< octets behind the IP packet
  bool checksum = true, other_host = false;

  Buffer octets() const {
    Buffer rtp = {first, second};
    put(rtp, sequence, 2);
    put(rtp, timestamp, 4);
    put(rtp, ssrc, 4);
    rtp.insert(rtp.end(), payload.begin(), payload.end());
    const auto udp_length = static_cast<std::uint32_t>(static_cast<int>(rtp.size()) + 8 + udp_longer);
    Buffer ip = {version_and_length, tos};
    put(ip, static_cast<std::uint32_t>(static_cast<int>(20 + options.size() + 8 + rtp.size()) + ip_longer), 2);
    put(ip, 0x1234, 2);
    put(ip, fragment, 2);
    ip.insert(ip.end(), {ttl, protocol, 0, 0});
    put(ip, source, 4);
    put(ip, target, 4);
    ip.insert(ip.end(), options.begin(), options.end());
    const auto sum = static_cast<std::uint16_t>(~internet_sum(ip) + header_sum);
    ip[10] = static_cast<std::uint8_t>(sum >> 8);
    ip[11] = static_cast<std::uint8_t>(sum);
    const std::size_t udp = ip.size();
    put(ip, source_port, 2);
    put(ip, target_port, 2);
    put(ip, udp_length, 2);
    put(ip, 0, 2);
    ip.insert(ip.end(), rtp.begin(), rtp.end());
    if (checksum) {
      const std::uint16_t over = internet_sum(Bytes(ip).subspan(udp), pseudo(ip, udp_length));
      const auto check = static_cast<std::uint16_t>(over == 0xffff ? 0xffff : ~over);
      ip[udp + 6] = static_cast<std::uint8_t>(check >> 8);
      ip[udp + 7] = static_cast<std::uint8_t>(check);
    }
    Buffer out(12, 0);
    if (other_host) out[5] = 2;
    put(out, ethernet_type, 2);
    out.insert(out.end(), ip.begin(), ip.end());
    out.resize(out.size() + trailer, 0);
    return out;
  }

 private:
  static void put(Buffer& out, std::uint32_t value, int octets) {
    while (octets-- > 0)
      out.push_back(static_cast<std::uint8_t>(value >> (8 * octets)));
  }
  static std::uint32_t pseudo(Bytes ip, std::uint32_t udp_length) {
    return internet_sum(ip.subspan(12, 8)) + 17U + udp_length;
  }
};

inline std::uint32_t field(Bytes octets, std::size_t at, std::size_t length) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < length; ++i)
    out = out << 8 | octets[at + i];
  return out;
}

/// A frame from the phone to its near port, bound for the server.
inline dw_flow_rule rule_of(unsigned interface) {
  const auto net4 = [](std::uint32_t v) { return __builtin_bswap32(v); };
  const auto net2 = [](std::uint16_t v) { return __builtin_bswap16(v); };
  dw_flow_rule rule{};
  rule.from_address = net4(kPhone);
  rule.from_port = net2(kPhonePort);
  rule.out_address = net4(kFar);
  rule.out_port = net2(kFarPort);
  rule.to_address = rule.next_hop = net4(kServer);
  rule.to_port = net2(kServerPort);
  rule.max_octets = 1500;
  rule.interface = interface;
  rule.ssrc = kSsrc;
  rule.tos = 0xb8;
  rule.formats = 3;
  rule.format[0] = {8000, 0, DW_RTP_MEDIA, {}};
  rule.format[1] = {8000, 101, DW_RTP_EVENT, {}};
  rule.format[2] = {8000, 13, DW_RTP_COMFORT_NOISE, {}};
  return rule;
}
inline dw_flow_key key_of_near() {
  return {__builtin_bswap32(kNear), __builtin_bswap16(kNearPort), 0};
}
/// The state after a packet with sequence number 0.
inline dw_rtp_count begun() {
  dw_rtp_count count{};
  count.format = {8000, 0, DW_RTP_MEDIA, {}};
  count.started = 1;
  count.ssrc = kSsrc;
  count.packets = 1;
  return count;
}

}  // namespace dw::nat::fast::test
