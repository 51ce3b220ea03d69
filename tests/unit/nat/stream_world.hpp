#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <utility>

#include "nat/core/media/relay_session.hpp"
#include "tests/unit/nat/hosts.hpp"
#include "tests/unit/nat/rtp_packets.hpp"

namespace dw::nat::test {

inline const IpAddress kServer = IpAddress::v4(0xc6336414);
inline const Endpoint kFarEnd{IpAddress::v4(0xc6336415), 30000};
inline const Buffer kRtcp = {0x81, 200, 0, 1, 0, 0, 0, 9};
/// T.38 (09/2010) annex E: sequence number, primary IFP packet (a t30-indicator of one octet), no secondaries.
inline const Buffer kUdptl = {0x00, 0x2a, 0x01, 0x06, 0x00, 0x00};

/// One stream and its parties, 20 ms from packet to packet.
struct StreamWorld {
  RelaySession session;
  TimePoint now{};
  std::uint16_t sequence = 100;

  explicit StreamWorld(StreamRules rules = {}) : session(with_phone(std::move(rules))) {}
  static StreamRules with_phone(StreamRules rules) {
    rules.phone = kPhone;
    if (!rules.allowed) rules.allowed = std::make_shared<const AllowedSenders>(AllowedSenders{{kServer}, {}});
    return rules;
  }
  RelaySession::Outcome packet(Port port, const Endpoint& from, const Buffer& octets) {
    now += std::chrono::milliseconds(20);
    return session.on_packet(now, port, from, octets);
  }
  RelaySession::Outcome rtp(Port port, const Endpoint& from) {
    ++sequence;
    return packet(port, from, test::rtp({.sequence = sequence, .timestamp = sequence * 160U}));
  }
  RelaySession::Outcome rtcp(Port port, const Endpoint& from) { return packet(port, from, kRtcp); }
  void latch(std::uint16_t port = 5000) {
    rtp(Port::phone_rtp, {kPhone, port});
    REQUIRE(rtp(Port::phone_rtp, {kPhone, port}).latched);
  }
  static Endpoint to(const RelaySession::Outcome& outcome) { return outcome.to ? *outcome.to : Endpoint{}; }
};

}  // namespace dw::nat::test
