#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"

namespace dw::trace {

/// Writes a capture file (IETF draft-ietf-opsawg-pcapng): one section, two interfaces named "phone side" and "central
/// side", packets of link type RAW (they begin with IP). The IP, UDP and TCP headers are synthetic: checksums are
/// correct, TCP sequence numbers start at 1 in each direction, and there is no handshake. Little-endian.
class PcapngWriter {
 public:
  static constexpr std::uint16_t kLinkTypeRaw = 101;
  static constexpr std::size_t kMaxSegment = 16'384;  ///< octets of a stream in one packet

  /// Flows whose sequence numbers are kept; the least recently used is evicted.
  static constexpr std::size_t kMaxFlows = 512;
  static constexpr std::size_t kMaxUdp = 65'507;

  enum class Interface : std::uint32_t { phone = 0, central = 1 };
  struct Packet {
    Interface interface {};
    std::uint64_t at_us = 0;  ///< microseconds since 1970
    Endpoint from, to;        ///< of the same family
    bool tcp = false;
    Bytes octets;
    std::string_view comment;  ///< at most 64 KiB; empty: none
  };

  static void begin(Buffer& out, std::string_view program);
  /// Writes nothing for addresses of different families or a datagram that is too long to exist.
  void packet(Buffer& out, const Packet& packet);

 private:
  struct Flow {
    std::uint32_t next = 1;  ///< sequence number of the next octet in this direction
    std::uint64_t used = 0;  ///< number of the packet that last used it
  };
  Flow& flow(const Endpoint& from, const Endpoint& to);
  std::unordered_map<std::string, Flow> flows_;
  std::uint64_t packets_ = 0;
};

/// How many octets at the start of a capture are whole blocks, so that a file always ends with one.
std::size_t whole_blocks(Bytes capture);

}  // namespace dw::trace
