#pragma once
#include <map>
#include <string>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"

namespace dw::lab {

/// 20 ms of G.711 whose payload contains the sender's name and the packet's number, and is determined by them octet for
/// octet: 12 octets RTP, "DWRT", a name of 16, a count of 4, then filling.
class RtpSource {
 public:
  RtpSource(std::string name, std::uint8_t payload_type, std::uint32_t ssrc)
      : name_(std::move(name)), payload_type_(payload_type), ssrc_(ssrc) {}
  Buffer next();
  std::uint32_t sent() const { return count_; }

 private:
  std::string name_;
  std::uint8_t payload_type_;
  std::uint32_t ssrc_, count_ = 0;
};

inline constexpr std::size_t kRtpPacket = 172;

/// Received packets. `bad`: not one of those packets, or an octet of it changed. `lost` and `twice` by each
/// sender's count.
struct RtpTally {
  std::uint64_t received = 0, bad = 0, lost = 0, twice = 0;
  std::map<std::string, std::uint64_t> by_name;
  Endpoint from;

  void take(Bytes packet, const Endpoint& sender);
  void forget();                     ///< counts from zero again, but keeps the senders
  void rejoin() { heard_.clear(); }  ///< what was sent before we came in was not lost
  std::string to_string() const;

 private:
  struct Heard {
    std::uint32_t next = 0, ssrc = 0;
  };
  std::map<std::string, Heard> heard_;
};

}  // namespace dw::lab
