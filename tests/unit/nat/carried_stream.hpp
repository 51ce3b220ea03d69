#pragma once
#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <utility>

#include "nat/core/media/promotion.hpp"
#include "tests/unit/nat/fake_flow_table.hpp"
#include "tests/unit/nat/stream_world.hpp"

namespace dw::nat::test {

inline const Endpoint kOurPhone{IpAddress::v4(0x0a000001), 20000}, kOurCentral{IpAddress::v4(0xc6336401), 20002};
inline const Endpoint kPhoneEnd{kPhone, 5000};

/// One stream, whose packets are carried or not, as the media thread does it.
struct Carried {
  RelaySession session;
  FakeFlowTable table;
  std::optional<Promotion> promotion;
  bool enabled, last = true;

  Carried(const StreamRules& rules, bool carries) : session(StreamWorld::with_phone(rules)), enabled(carries) {
    if (enabled) promotion.emplace(table, session, Promotion::Places{kOurPhone, kOurCentral, 0xb8});
  }
  void settle() {
    if (promotion) promotion->settle();
  }
  void command(const std::function<void(RelaySession&)>& what) {
    if (promotion) promotion->demote();
    what(session);
  }
  /// Where it goes; `plain`: nothing is odd about how it came.
  std::optional<Endpoint> packet(TimePoint now, Port in, const Endpoint& from, const Buffer& octets,
                                 bool plain = true) {
    const bool rtp_port = !for_rtcp(in);
    if (enabled && plain && rtp_port) {
      if (const auto to = table.carry(now, on_phone_side(in) ? kOurPhone : kOurCentral, from, octets)) return to;
    }
    if (promotion && rtp_port) promotion->before(in, from);
    const auto outcome = session.on_packet(now, in, from, octets);
    const std::optional<Endpoint> to = outcome.to ? std::optional(*outcome.to) : std::nullopt;
    using Sent = RelaySession::Sent;
    if (outcome.taken())
      session.on_sent(now, in,
                      to                                         ? Sent::sent
                      : outcome.fate == RelaySession::Fate::hold ? Sent::failed
                                                                 : Sent::unwanted);
    if (promotion && rtp_port) promotion->after(in, from, outcome.taken(), last);
    return to;
  }
};

}  // namespace dw::nat::test
