#pragma once
#include <string>

#include "sbc/phones/signalling_story.hpp"
#include "tests/unit/phones/replay.hpp"

namespace dw::test {

using Event = SignallingEvent;

/// SIP phones that register their lines and call, in virtual time.
struct SipReplay : Replay {
  using Replay::Replay;
  std::string device = kDevice;
  std::string server = "pbx.example.net:5060";
  std::string transport = "udp";
  std::string user_agent = "Cisco-CP7975G/9.3.1";
  std::uint16_t port = 50'933;

  SignallingStep signal(Event event, const std::string& aor, const std::string& detail = {},
                        std::uint16_t status = 0) const {
    SignallingStep s;
    s.at = now;
    s.device = device;
    s.protocol = Protocol::sip;
    s.event = event;
    s.peer = {ip(address), port};
    s.server = server;
    s.detail = detail;
    s.status = status;
    s.transport = transport;
    s.aor = aor;
    s.user_agent = user_agent;
    return s;
  }
  SipReplay& says(Event event, const std::string& aor = "1001", const std::string& detail = {},
                  std::uint16_t status = 0) {
    inventory.on_signalling(signal(event, aor, detail, status));
    now += 1s;
    return *this;
  }
  SipReplay& wait(std::chrono::milliseconds pause) {
    now += pause;
    return *this;
  }
  /// Packets of 20 ms in either direction, both ways open all the time.
  Call call(std::uint64_t from_phone, std::uint64_t from_central) const {
    Call c;
    c.device = device;
    c.protocol = Protocol::sip;
    c.peer = {ip(address), port};
    c.call_id = "00112233-44550003-1f7c@192.0.2.7";
    c.own_number = "1001";
    c.way = Call::Way::outgoing;
    c.state = "ended";
    c.far_number = "1002";
    c.since = now;
    c.duration = 185s;
    Call::Stream& stream = c.streams.emplace_back();
    stream.codec = "PCMU";
    stream.both_open = 20s;
    stream.media.from_phone.packets = from_phone;
    stream.media.from_central.packets = from_central;
    return c;
  }
  SipReplay& talks(const Call& c) {
    inventory.on_call(c);
    now = c.since + std::chrono::duration_cast<std::chrono::milliseconds>(c.duration) + 1s;
    return *this;
  }
  std::string last_sentence(const std::string& key = kDevice) const {
    const auto lines = story(phone(key));
    return lines.empty() ? std::string() : lines.back().step + ": " + lines.back().detail;
  }
  std::string lines(const std::string& key = kDevice) const {
    std::string out;
    for (const std::string& line : phone(key).lines)
      out += (out.empty() ? "" : " ") + line;
    return out;
  }
};

/// A phone that has its files and whose line 1001 is registered.
inline SipReplay healthy_sip() {
  SipReplay r;
  r.boot(kBootA);
  r.says(Event::connected).says(Event::registered);
  return r;
}

}  // namespace dw::test
