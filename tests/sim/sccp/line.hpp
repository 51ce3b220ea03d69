#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "sbc/sccp/session.hpp"
#include "tests/support/sccp_fake_broker.hpp"
#include "tests/support/sccp_media.hpp"

// One session between a phone behind a router and a call server, and the messages that open media.
namespace dw::sim {

using namespace std::chrono_literals;
using sccp::EndReason;
using Reported = sccp::SessionEvent::Kind;

inline const IpAddress kPhone = *IpAddress::parse("192.168.1.50");
inline const IpAddress kPublic = *IpAddress::parse("198.51.100.7");
inline const IpAddress kPhoneSide = *IpAddress::parse("203.0.113.10");
inline const IpAddress kCentralSide = *IpAddress::parse("10.0.0.5");
inline const Endpoint kServer{*IpAddress::parse("10.0.0.9"), 2000};
inline const Endpoint kFarEnd{*IpAddress::parse("10.0.0.9"), 30000};

inline Buffer frame(std::uint32_t message, Buffer body = {}, std::uint32_t version = 0) {
  return to_octets({version, message, std::move(body)});
}

/// One session with a server that says what the test wants.
struct Line {
  sccp::SessionOptions options;
  FakeBroker broker;
  sccp::SessionCounters counters;
  std::optional<sccp::Session> session;
  sccp::Output out;
  TimePoint now{1h};
  std::vector<SccpFrame> to_phone, to_server;
  std::vector<sccp::SessionEvent> events;
  std::optional<EndReason> ended;
  bool connects = false, admits = true;

  explicit Line(IpAddress peer = kPublic, sccp::SessionOptions with = {},
                const sccp::MessageTable& messages = sccp::messages())
      : options(with) {
    session.emplace(options, broker, counters, sccp::Session::PhoneSide{{peer, 50000}, kPhoneSide, {kPhoneSide, 2000}},
                    now, nullptr, messages);
  }
  void take() {
    for (auto* const side : {&out.to_phone, &out.to_server}) {
      SccpFramer framer;
      framer.add(*side);
      while (const auto f = framer.next())
        (side == &out.to_phone ? to_phone : to_server).push_back(*f);
      CHECK(framer.held() == 0);  // whole frames only
    }
    events.insert(events.end(), out.events.begin(), out.events.end());
    if (out.end) ended = out.end;
    const bool connect = out.connect, admit = out.admit;
    out.clear();
    if (connect) {
      connects = true;
      session->on_server_connected(now, {kCentralSide, kCentralSide, kServer}, out);
      take();
    }
    if (admit && admits) {
      session->on_admitted(now, out);
      take();
    }
  }
  void phone(const Buffer& octets) {
    session->on_phone(now, octets, out);
    take();
  }
  void server(const Buffer& octets) {
    session->on_server(now, octets, out);
    take();
  }
  void advance(Duration d) {
    const TimePoint end = now + d;
    while (!ended && session->next_deadline() <= end) {
      now = std::max(now, session->next_deadline());
      session->on_deadline(now, out);
      take();
    }
    now = end;
  }
  void register_phone(std::uint32_t offered = 17, std::uint32_t answered = 17, std::uint32_t interval = 30) {
    Body body(128);
    body.text(0, 16, "SEP001122334455").ipv4(24, kPhone).u32(28, 115).u8(40, offered);
    phone(frame(id::kRegister, body.take()));
    Body ack(20);
    ack.u32(0, interval).u32(12, interval).u8(16, answered);
    server(frame(id::kRegisterAck, ack.take()));
    to_phone.clear();
    to_server.clear();
  }
  bool reported(Reported kind) const {
    return std::ranges::any_of(events, [kind](const auto& e) { return e.kind == kind; });
  }
  const SccpFrame& last_to_phone() const { return to_phone.back(); }
  const SccpFrame& last_to_server() const { return to_server.back(); }
};

inline constexpr ChannelIds kIds{0x11, 0x22, 0x33};

inline void open_receive(Line& line, ChannelIds ids = kIds) {
  line.server(frame(id::kOpenReceive, write_open_receive({ids, 20, 4, {}}, AddressForm::wide, 128), 17));
}
inline void ack_receive(Line& line, ChannelIds ids = kIds, std::uint16_t port = 16384) {
  line.phone(frame(id::kOpenReceiveAck, write_open_ack({ids, 0, {kPhone, port}}, AddressForm::wide, 36), 17));
}
inline void start_media(Line& line, ChannelIds ids = kIds, Endpoint to = kFarEnd) {
  line.server(frame(id::kStartMedia, write_start_media({ids, 20, 4, to}, AddressForm::wide, 132), 17));
}
inline void close_both(Line& line, ChannelIds ids = kIds) {
  line.server(frame(id::kCloseReceive, write_close(ids, 16), 17));
  line.server(frame(id::kStopMedia, write_close(ids, 16), 17));
}

}  // namespace dw::sim
