#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/sccp_call_server.hpp"
#include "tests/support/sccp_phone.hpp"

namespace dw::sim {

/// Phones and one call server wired together in memory, in virtual time. A connection's number is the
/// phone's.
class SccpRoom {
 public:
  explicit SccpRoom(ServerOptions options) : server(std::move(options)) {}

  /// Adds a phone, not yet connected.
  int add(PhoneOptions options) {
    phones.push_back(std::make_unique<SccpPhone>(std::move(options)));
    events.emplace_back();
    return static_cast<int>(phones.size()) - 1;
  }
  SccpPhone& phone(int n) { return *phones.at(static_cast<std::size_t>(n)); }

  void connect(int n) {
    const Endpoint peer{phone(n).options().station, static_cast<std::uint16_t>(40000 + n)};
    up[n] = true;
    take(server.connected(now, n, peer, IpAddress::v4(0xCB007114)));
    take(n, phone(n).connected(now));
    settle();
  }
  /// Does what a verb of phone n said, and everything that follows from it.
  void act(int n, PhoneTurn turn) {
    take(n, std::move(turn));
    settle();
  }
  void act(ServerTurn turn) {
    take(std::move(turn));
    settle();
  }
  void advance(Duration d) {
    const TimePoint end = now + d;
    for (;;) {
      std::optional<TimePoint> next = server.next_deadline();
      for (const auto& p : phones) {
        if (const auto at = p->next_deadline(); at && (!next || *at < *next)) next = at;
      }
      if (!next || *next > end) break;
      now = std::max(now, *next);
      for (std::size_t i = 0; i < phones.size(); ++i)
        take(static_cast<int>(i), phones[i]->on_deadline(now));
      settle();
      take(server.on_deadline(now));
      settle();
    }
    now = end;
  }

  bool saw(int n, PhoneEvent::Kind kind) const {
    for (const PhoneEvent& e : events.at(static_cast<std::size_t>(n))) {
      if (e.kind == kind) return true;
    }
    return false;
  }
  /// The body lengths of a message that a phone got, in order.
  std::vector<std::size_t> lengths(int n, std::uint32_t message, bool sent = false) {
    std::vector<std::size_t> out;
    for (const SccpRecord& r : phone(n).traffic()) {
      if (r.sent == sent && r.frame.id == message) out.push_back(r.frame.body.size());
    }
    return out;
  }
  /// The phone's one channel.
  const SccpPhone::Channel* channel(int n) {
    const auto& all = phone(n).channels();
    return all.size() == 1 ? &all.begin()->second : nullptr;
  }

  SccpCallServer server;
  std::vector<std::unique_ptr<SccpPhone>> phones;
  std::vector<std::vector<PhoneEvent>> events;
  std::vector<ServerEvent> server_events;
  std::map<int, bool> up;
  TimePoint now{};

 private:
  void take(int n, PhoneTurn turn) {
    auto& own = events.at(static_cast<std::size_t>(n));
    own.insert(own.end(), turn.events.begin(), turn.events.end());
    for (Buffer& w : turn.writes)
      to_server_.emplace_back(n, std::move(w));
    if (turn.close && up[n]) {
      up[n] = false;
      closed_by_phone_.push_back(n);
    }
  }
  void take(ServerTurn turn) {
    server_events.insert(server_events.end(), turn.events.begin(), turn.events.end());
    for (auto& [n, w] : turn.writes)
      to_phone_.emplace_back(n, std::move(w));
    for (const int n : turn.closes)
      closed_by_server_.push_back(n);
  }
  void settle() {
    while (!to_server_.empty() || !to_phone_.empty() || !closed_by_phone_.empty() || !closed_by_server_.empty()) {
      for (auto& [n, w] : std::exchange(to_server_, {})) {
        if (up[n]) take(server.on_octets(now, n, w));
      }
      for (auto& [n, w] : std::exchange(to_phone_, {})) {
        if (up[n]) take(n, phone(n).on_octets(now, w));
      }
      for (const int n : std::exchange(closed_by_phone_, {}))
        take(server.disconnected(now, n));
      for (const int n : std::exchange(closed_by_server_, {})) {
        if (std::exchange(up[n], false)) take(n, phone(n).disconnected(now));
      }
    }
  }
  std::vector<std::pair<int, Buffer>> to_server_, to_phone_;
  std::vector<int> closed_by_phone_, closed_by_server_;
};

}  // namespace dw::sim
