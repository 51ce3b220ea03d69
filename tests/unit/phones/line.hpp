#pragma once
#include <doctest/doctest.h>

#include <string>

#include "sbc/phones/signalling_story.hpp"
#include "tests/unit/phones/replay.hpp"

namespace dw::test {

using Event = SignallingEvent;

/// Phones that register and call, in virtual time: what SCCP and SIP have in common.
struct LineReplay : Replay {
  LineReplay(Protocol p, std::string s, std::uint16_t from, const Inventory::Options& options)
      : Replay(options), protocol(p), server(std::move(s)), port(from) {}
  Protocol protocol;
  std::string device = kDevice;
  std::string server;
  std::uint16_t port;

  SignallingStep signal(Event event, const std::string& detail) const {
    SignallingStep s;
    s.at = now;
    s.device = device;
    s.protocol = protocol;
    s.event = event;
    s.peer = {ip(address), port};
    s.server = server;
    s.detail = detail;
    return s;
  }
  void tell(const SignallingStep& step) {
    inventory.on_signalling(step);
    now += 1s;
  }
  using Replay::tell;
  /// Packets of 20 ms in either direction, both ways open for a time.
  Call call(std::uint64_t from_phone, std::uint64_t from_central, Duration both_open = 20s) const {
    Call c;
    c.device = device;
    c.protocol = protocol;
    c.way = Call::Way::outgoing;
    c.state = "ended";
    c.far_number = "1002";
    c.since = now;
    c.duration = 185s;
    if (protocol == Protocol::sip) {
      c.peer = {ip(address), port};
      c.call_id = "00112233-44550003-1f7c@192.0.2.7";
      c.own_number = "1001";
    } else {
      c.line = 1;
    }
    Call::Stream& stream = c.streams.emplace_back();
    stream.codec = "PCMU";
    stream.both_open = both_open;
    for (const auto& [flow, packets] :
         {std::pair(&stream.media.from_phone, from_phone), {&stream.media.from_central, from_central}})
      flow->packets = flow->audio = flow->delivered = packets;
    return c;
  }
  void talks(const Call& c) {
    inventory.on_call(c);
    now = c.since + std::chrono::duration_cast<std::chrono::milliseconds>(c.duration) + 1s;
  }
  std::string last_sentence(const std::string& key = kDevice) const {
    const auto lines = story(phone(key));
    return lines.empty() ? std::string() : lines.back().step + ": " + lines.back().detail;
  }
};

struct Line : LineReplay {
  explicit Line(const Inventory::Options& options = {})
      : LineReplay(Protocol::sccp, "pbx.example.net:2000", 49'152, options) {}

  SignallingStep signal(Event event, const std::string& detail = {}) const {
    SignallingStep s = LineReplay::signal(event, detail);
    s.version = event == Event::registered ? 17 : 0;
    return s;
  }
  Line& says(Event event, const std::string& detail = {}) {
    tell(signal(event, detail));
    return *this;
  }
  Line& talks(const Call& c) {
    LineReplay::talks(c);
    return *this;
  }
};

/// Its lines register each by itself.
struct SipReplay : LineReplay {
  explicit SipReplay(const Inventory::Options& options = {})
      : LineReplay(Protocol::sip, "pbx.example.net:5060", 50'933, options) {}
  std::string transport = "udp";
  std::string user_agent = "Cisco-CP7975G/9.3.1";

  SignallingStep signal(Event event, const std::string& aor, const std::string& detail = {},
                        std::uint16_t status = 0) const {
    SignallingStep s = LineReplay::signal(event, detail);
    s.status = status;
    s.transport = transport;
    s.aor = aor;
    s.user_agent = user_agent;
    return s;
  }
  SipReplay& says(Event event, const std::string& aor = "1001", const std::string& detail = {},
                  std::uint16_t status = 0) {
    tell(signal(event, aor, detail, status));
    return *this;
  }
  SipReplay& wait(std::chrono::milliseconds pause) {
    now += pause;
    return *this;
  }
  SipReplay& talks(const Call& c) {
    LineReplay::talks(c);
    return *this;
  }
  std::string lines(const std::string& key = kDevice) const {
    std::string out;
    for (const std::string& line : phone(key).lines)
      out += (out.empty() ? "" : " ") + line;
    return out;
  }
};

/// A phone that has its files and is registered.
inline Line registered_line() {
  Line r;
  r.boot(kBootB);
  r.says(Event::connected).says(Event::registered);
  return r;
}
/// The same by SIP, its line 1001.
inline SipReplay healthy_sip() {
  SipReplay r;
  r.boot(kBootA);
  r.says(Event::connected).says(Event::registered);
  return r;
}

}  // namespace dw::test
