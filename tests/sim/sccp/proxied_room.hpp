#pragma once
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sbc/sccp/session.hpp"
#include "tests/support/sccp_call_server.hpp"
#include "tests/support/sccp_fake_broker.hpp"
#include "tests/support/sccp_phone.hpp"

namespace dw::sim {

/// Phones, one or two Dropwires behind each other, and a call server, in memory and in virtual time. A
/// connection's number is the phone's. Phones stand at 192.168.1.x; the first hop sees them as
/// `public_address` when that is set, as behind a router.
class ProxiedRoom {
 public:
  struct Hop {
    IpAddress phone_side, central_side;
    FakeBroker broker;
    sccp::SessionOptions options;
    sccp::SessionCounters counters;
    CallLimits limits{{}, 1};
  };

  ProxiedRoom(ServerOptions options, int count) : server(std::move(options)) {
    for (int i = 0; i < count; ++i) {
      auto hop = std::make_unique<Hop>();
      hop->phone_side = IpAddress::v4(0x0A000001U + 0x10000U * static_cast<unsigned>(i));  // 10.0.0.1, 10.1.0.1
      hop->central_side = IpAddress::v4(0xCB00710AU + static_cast<unsigned>(i));           // 203.0.113.10, .11
      hops.push_back(std::move(hop));
    }
  }

  int add(PhoneOptions options) {
    const auto n = static_cast<unsigned>(phones.size());
    options.station = IpAddress::v4(0xC0A80132U + n);  // 192.168.1.50 and on
    phones.push_back(std::make_unique<SccpPhone>(std::move(options)));
    events.emplace_back();
    sessions.emplace_back();
    return static_cast<int>(n);
  }
  SccpPhone& phone(int n) { return *phones.at(static_cast<std::size_t>(n)); }
  sccp::Session& session(int n, int hop = 0) {
    return *sessions.at(static_cast<std::size_t>(n)).at(static_cast<std::size_t>(hop));
  }

  void connect(int n) {
    up[n] = true;
    begin_session(n, 0, {public_address.value_or(phone(n).options().station), 40000});
    take(n, phone(n).connected(now));
    settle();
  }
  /// Its connection ends.
  void lose(int n) {
    hang_up(n);
    settle();
  }
  void act(int n, PhoneTurn turn) {
    take(n, std::move(turn));
    settle();
  }
  void act(ServerTurn turn) {
    take(std::move(turn));
    settle();
  }
  /// As if the phone had sent these octets.
  void say(int n, Buffer octets) {
    queue_.push_back({n, -1, true, std::move(octets)});
    settle();
  }
  /// As if the server had.
  void server_says(int n, Buffer octets) {
    queue_.push_back({n, static_cast<int>(hops.size()), false, std::move(octets)});
    settle();
  }
  void advance(Duration d) {
    const TimePoint end = now + d;
    while (const auto next = next_deadline()) {
      if (*next > end) break;
      now = std::max(now, *next);
      deadlines();
    }
    now = end;
  }

  bool saw(int n, PhoneEvent::Kind kind) const {
    for (const PhoneEvent& e : events.at(static_cast<std::size_t>(n))) {
      if (e.kind == kind) return true;
    }
    return false;
  }
  std::vector<sccp::SessionEvent> reported(sccp::SessionEvent::Kind kind) const {
    std::vector<sccp::SessionEvent> out;
    for (const auto& e : session_events) {
      if (e.kind == kind) out.push_back(e);
    }
    return out;
  }
  const SccpPhone::Channel* channel(int n) {
    const auto& all = phone(n).channels();
    return all.size() == 1 ? &all.begin()->second : nullptr;
  }
  Hop& hop(int i) { return *hops.at(static_cast<std::size_t>(i)); }
  std::size_t streams() const {
    std::size_t all = 0;
    for (const auto& h : hops)
      all += h->broker.streams().size();
    return all;
  }

  SccpCallServer server;
  std::vector<std::unique_ptr<Hop>> hops;
  std::vector<std::unique_ptr<SccpPhone>> phones;
  std::vector<std::vector<std::unique_ptr<sccp::Session>>> sessions;  // by phone, then hop
  std::vector<std::vector<PhoneEvent>> events;
  std::vector<ServerEvent> server_events;
  std::vector<sccp::SessionEvent> session_events;
  std::map<int, bool> up;
  std::map<int, sccp::EndReason> ended;  ///< why a session of this phone ended
  std::optional<IpAddress> public_address;
  bool refuse_all = false;  ///< no session is admitted
  std::size_t split = 0;    ///< octets are handed over in pieces of this many; 0: as they come
  TimePoint now{std::chrono::hours(1)};

 private:
  struct Octets {
    int n, from;  // from: -1 the phone, 0… a hop, hops.size() the server
    bool up;      // toward the server
    Buffer octets;
  };

  void begin_session(int n, int hop, Endpoint peer) {
    auto& chain = sessions.at(static_cast<std::size_t>(n));
    chain.resize(static_cast<std::size_t>(hop));
    Hop& h = *hops.at(static_cast<std::size_t>(hop));
    const sccp::Session::PhoneSide side{peer, h.phone_side, {h.phone_side, 2000}};
    chain.push_back(std::make_unique<sccp::Session>(h.options, h.broker, h.counters, side, now, &h.limits));
  }
  void take(int n, PhoneTurn turn) {
    auto& own = events.at(static_cast<std::size_t>(n));
    own.insert(own.end(), turn.events.begin(), turn.events.end());
    for (Buffer& w : turn.writes)
      queue_.push_back({n, -1, true, std::move(w)});
    if (turn.close) hang_up(n);
  }
  void take(ServerTurn turn) {
    server_events.insert(server_events.end(), turn.events.begin(), turn.events.end());
    for (auto& [n, w] : turn.writes)
      queue_.push_back({n, static_cast<int>(hops.size()), false, std::move(w)});
    for (const int n : turn.closes)
      closing_.push_back(n);
  }
  void take(int n, int hop, sccp::Output& out) {
    session_events.insert(session_events.end(), out.events.begin(), out.events.end());
    if (!out.to_phone.empty()) queue_.push_back({n, hop, false, out.to_phone});
    if (!out.to_server.empty()) queue_.push_back({n, hop, true, out.to_server});
    if (out.end) {
      ended[n] = *out.end;
      closing_.push_back(n);
    }
    sccp::Output more;
    if (out.connect) {
      Hop& h = *hops.at(static_cast<std::size_t>(hop));
      const Endpoint ours{h.central_side, static_cast<std::uint16_t>(50000 + n)};
      const bool last = hop + 1 == static_cast<int>(hops.size());
      const IpAddress next = last ? IpAddress::v4(0xCB007114) : hops.at(static_cast<std::size_t>(hop) + 1)->phone_side;
      if (last)
        take(server.connected(now, n, ours, next));
      else
        begin_session(n, hop + 1, ours);
      session(n, hop).on_server_connected(now, {h.central_side, h.central_side, {next, 2000}}, more);
      take(n, hop, more);
    }
    if (out.admit) {
      more.clear();
      if (refuse_all)
        session(n, hop).refuse("no", "no", more);
      else
        session(n, hop).on_admitted(now, more);
      take(n, hop, more);
    }
  }
  void hang_up(int n) {
    if (!std::exchange(up[n], false)) return;
    for (auto& s : sessions.at(static_cast<std::size_t>(n))) {
      sccp::Output out;
      s->on_closed(now, sccp::ClosedBy::phone, out);
      session_events.insert(session_events.end(), out.events.begin(), out.events.end());
    }
    take(server.disconnected(now, n));
    take(n, phone(n).disconnected(now));
  }
  void deliver(const Octets& o, Bytes piece) {
    const int to = o.up ? o.from + 1 : o.from - 1;
    if (to == static_cast<int>(hops.size())) return take(server.on_octets(now, o.n, piece));
    if (to == -1) return take(o.n, phone(o.n).on_octets(now, piece));
    auto& chain = sessions.at(static_cast<std::size_t>(o.n));
    if (static_cast<std::size_t>(to) >= chain.size()) return;
    sccp::Output out;
    if (o.up)
      chain[static_cast<std::size_t>(to)]->on_phone(now, piece, out);
    else
      chain[static_cast<std::size_t>(to)]->on_server(now, piece, out);
    take(o.n, to, out);
  }
  void settle() {
    while (!queue_.empty() || !closing_.empty()) {
      if (queue_.empty()) {
        for (const int n : std::exchange(closing_, {}))
          hang_up(n);
        continue;
      }
      const Octets o = std::move(queue_.front());
      queue_.pop_front();
      Bytes rest = o.octets;
      while (!rest.empty() && up[o.n]) {
        const std::size_t size = split == 0 ? rest.size() : std::min(split, rest.size());
        deliver(o, rest.first(size));
        rest = rest.subspan(size);
      }
    }
  }
  std::optional<TimePoint> next_deadline() const {
    std::optional<TimePoint> next = server.next_deadline();
    const auto at = [&](std::optional<TimePoint> when) {
      if (when && *when != TimePoint::max() && (!next || *when < *next)) next = when;
    };
    for (const auto& p : phones)
      at(p->next_deadline());
    for (std::size_t n = 0; n < sessions.size(); ++n) {
      const auto is_up = up.find(static_cast<int>(n));
      if (is_up == up.end() || !is_up->second) continue;
      for (const auto& s : sessions[n])
        at(s->next_deadline());
    }
    return next;
  }
  void deadlines() {
    for (std::size_t i = 0; i < phones.size(); ++i) {
      const int n = static_cast<int>(i);
      if (const auto at = phones[i]->next_deadline(); at && *at <= now) take(n, phones[i]->on_deadline(now));
      settle();
      for (std::size_t h = 0; up[n] && h < sessions[i].size(); ++h) {
        if (sessions[i][h]->next_deadline() > now) continue;
        sccp::Output out;
        sessions[i][h]->on_deadline(now, out);
        take(n, static_cast<int>(h), out);
        settle();
      }
    }
    if (const auto at = server.next_deadline(); at && *at <= now) take(server.on_deadline(now));
    settle();
  }

  std::deque<Octets> queue_;
  std::vector<int> closing_;
};

}  // namespace dw::sim
