#pragma once
#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include "nat/core/stun/behaviour_probe.hpp"
#include "nat/core/stun/lifetime_probe.hpp"
#include "nat/core/stun/responder.hpp"

namespace dw::nat::test {

inline Endpoint at(std::string_view text) {
  return *Endpoint::parse(text);
}

/// A host behind a NAT, and a STUN server (our own core) outside, in virtual time. Written from RFC 4787: how
/// mappings are kept and who is let in are two settings.
struct SimNat {
  bool nat = true;
  Behaviour mapping = Behaviour::endpoint_independent;
  Behaviour filtering = Behaviour::endpoint_independent;
  bool hairpin = false;
  bool keeps_numbers = false;  ///< an external port has the number of the inner one, where it is free
  Duration lifetime = std::chrono::hours(1);
  bool deaf = false;  ///< the server hears nothing
  std::function<bool()> lose = [] { return false; };
  std::vector<IpAddress> server_addresses = {at("203.0.113.10:1").address, at("203.0.113.11:1").address};

  struct Mapping {
    Endpoint inside;
    Endpoint toward;  // what of it counts
    Endpoint outside;
    std::vector<Endpoint> sent_to;
    TimePoint used{};
  };
  std::deque<Mapping> mappings;
  std::uint16_t next_port = 40000;
  IpAddress outer_address = at("198.51.100.7:1").address;
  TimePoint now{std::chrono::hours(1)};
  std::optional<StunResponder> server;
  struct Arrival {
    std::uint32_t socket;
    Buffer octets;
  };
  std::deque<Arrival> inbox;
  std::map<std::uint32_t, Endpoint> sockets;

  Endpoint local(std::uint32_t socket) {
    return sockets.try_emplace(socket, IpAddress::v4(0xc0a8010a), static_cast<std::uint16_t>(50000 + socket))
        .first->second;
  }
  StunResponder& responder() {
    if (!server) server.emplace(StunResponder::Options{server_addresses, {3478, 3479}, {}, 1000, 7});
    return *server;
  }
  Mapping& mapping_of(const Endpoint& inside, const Endpoint& to) {
    Endpoint toward;
    if (mapping != Behaviour::endpoint_independent) toward.address = to.address;
    if (mapping == Behaviour::address_and_port_dependent) toward.port = to.port;
    std::erase_if(mappings, [&](const Mapping& m) { return now - m.used > lifetime; });
    for (Mapping& m : mappings) {
      if (m.inside == inside && m.toward == toward) return m;
    }
    const Endpoint outer{nat ? outer_address : inside.address, inside.port};
    const auto used = [&](const Mapping& m) { return m.outside == outer && m.inside != inside; };
    const bool same_number = !nat || (keeps_numbers && std::ranges::none_of(mappings, used));
    return mappings.emplace_back(inside, toward, Endpoint{outer.address, same_number ? inside.port : next_port++});
  }
  void send(const StunSend& s) {
    Mapping& m = mapping_of(local(s.socket), s.to);
    m.sent_to.push_back(s.to);
    m.used = now;
    if (lose()) return;
    if (s.to.address == m.outside.address) {
      if (hairpin) deliver(m.outside, s.to, s.octets);
      return;
    }
    if (deaf) return;
    const unsigned port = s.to.port == 3478 ? 0 : 1;
    const auto answer = responder().on_datagram(now, {m.outside, s.to.address, port, false, false, s.octets});
    if (answer && !lose())
      deliver({answer->from, answer->port == 0 ? std::uint16_t{3478} : std::uint16_t{3479}}, answer->to,
              answer->octets);
  }
  void deliver(const Endpoint& from, const Endpoint& to, const Buffer& octets) {
    for (const Mapping& m : mappings) {
      if (m.outside != to || now - m.used > lifetime) continue;
      const auto passes = [&](const Endpoint& sent) {
        return filtering == Behaviour::endpoint_independent ||
               (sent.address == from.address && (filtering == Behaviour::address_dependent || sent.port == from.port));
      };
      for (const Endpoint& sent : m.sent_to) {
        if (!passes(sent)) continue;
        for (const auto& [socket, inside] : sockets) {
          if (inside == m.inside) inbox.push_back({socket, octets});
        }
        return;
      }
    }
  }
  template <class Probe>
  void run(Probe& probe, Duration limit) {
    const TimePoint end = now + limit;
    const auto send_all = [&](const std::vector<StunSend>& sends) {
      for (const StunSend& s : sends)
        send(s);
    };
    send_all(probe.start(now));
    while (!probe.done() && now < end) {
      while (!inbox.empty()) {
        const Arrival a = std::move(inbox.front());
        inbox.pop_front();
        send_all(probe.on_datagram(now, a.socket, a.octets));
      }
      if (probe.done()) return;
      const auto next = probe.next_deadline();
      if (!next) return;
      now = *next;
      send_all(probe.on_deadline(now));
    }
  }
};

inline std::function<std::uint64_t()> seeded_random(std::uint64_t seed) {
  return [engine = std::mt19937_64(seed)]() mutable { return engine(); };
}

}  // namespace dw::nat::test
