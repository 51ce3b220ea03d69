#pragma once
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/phones/replay.hpp"

namespace dw::test {

/// Phones that register and call, in virtual time.
struct Line : Replay {
  using Event = SignallingEvent;
  using Replay::Replay;
  std::string device = kDevice;
  std::string server = "pbx.example.net:2000";
  std::uint16_t port = 49'152;

  SignallingStep signal(Event event, const std::string& detail = {}) const {
    SignallingStep s;
    s.at = now;
    s.device = device;
    s.protocol = Protocol::sccp;
    s.event = event;
    s.peer = {ip(address), port};
    s.server = server;
    s.detail = detail;
    s.version = event == Event::registered ? 17 : 0;
    return s;
  }
  Line& says(Event event, const std::string& detail = {}) {
    inventory.on_signalling(signal(event, detail));
    now += 1s;
    return *this;
  }
  /// Packets of 20 ms in either direction, both ways open all the time.
  Call call(std::uint64_t from_phone, std::uint64_t from_central, Duration both_open = 20s) const {
    Call c;
    c.device = device;
    c.protocol = Protocol::sccp;
    c.line = 1;
    c.way = Call::Way::outgoing;
    c.state = "ended";
    c.far_number = "1002";
    c.since = now;
    c.duration = 185s;
    Call::Stream& stream = c.streams.emplace_back();
    stream.codec = "PCMU";
    stream.both_open = both_open;
    stream.media.from_phone.packets = from_phone;
    stream.media.from_central.packets = from_central;
    return c;
  }
  Line& talks(const Call& c) {
    inventory.on_call(c);
    now = c.since + std::chrono::duration_cast<std::chrono::milliseconds>(c.duration) + 1s;
    return *this;
  }
  std::string last_sentence() const {
    const auto lines = story(phone(device));
    return lines.empty() ? std::string() : lines.back().step + ": " + lines.back().detail;
  }
  Finding finding(const std::string& code) const {
    for (const Finding& f : found(device))
      if (f.code == code) return f;
    FAIL_CHECK("no ", code, " among: ", codes(device));
    return {};
  }
};

/// A phone that has its files and is registered.
inline Line registered_line() {
  Line r;
  r.boot(kBootB);
  r.says(SignallingEvent::connected).says(SignallingEvent::registered);
  return r;
}

}  // namespace dw::test
