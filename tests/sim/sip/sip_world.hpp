#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "sbc/sip/proxy.hpp"
#include "tests/support/sccp_fake_broker.hpp"
#include "tests/support/sip_text.hpp"
#include "tests/support/sip_ua.hpp"

namespace dw::sim {

using namespace std::chrono_literals;

/// Phones on a LAN or behind routers, one Dropwire or two behind each other, and a central server, over a
/// network that loses, doubles and reorders, in virtual time. All of it follows from the seed.
class SipWorld {
 public:
  struct Network {
    double loss = 0, doubled = 0;
    Duration least = 2ms, most = 40ms;
  };
  /// A router: a mapping for each inside endpoint, that is gone when nothing leaves for `idle`.
  struct Router {
    IpAddress outside;
    bool forwards_sip = false;  ///< port 5060 to the one phone there
    Duration idle = 60s;
    std::map<Endpoint, std::pair<std::uint16_t, TimePoint>> out;
    std::uint16_t next = 40000;
    IpAddress phone;
  };
  struct Node {
    IpAddress access, central;
    FakeBroker broker;
    KnownSources known{1};
    std::unique_ptr<sip::Proxy> proxy;
    std::map<sip::ConnectionId, sip::Flow> flows;   ///< as the proxy knows them
    std::map<sip::ConnectionId, std::size_t> ends;  ///< the UA at the other end
    std::size_t no_media = 0;
  };

  SipWorld(unsigned seed, Network network, int hops, sip::Transport to_server = sip::Transport::udp)
      : rng(seed), network_(network) {
    SipUa::Options o;
    o.user = "pbx";
    o.at = {IpAddress::v4(0xCB007114U), 5060};  // 203.0.113.20
    o.registrar = true;
    o.host = "pbx.example.net";
    server = std::make_unique<SipUa>(o);
    uas.push_back(server.get());
    for (int i = 0; i < hops; ++i) {
      auto node = std::make_unique<Node>();
      const bool last = i + 1 == hops;
      node->access = i == 0 ? IpAddress::v4(0xC0A80102U) : IpAddress::v4(0xCB00710BU);  // .11: hosted
      node->central = i == 0 && !last ? IpAddress::v4(0xC633640AU) : IpAddress::v4(0xCB00710AU);
      sip::ProxyOptions p;
      const Endpoint next{last ? o.at.address : IpAddress::v4(0xCB00710BU), 5060};
      p.servers = {{last ? to_server : sip::Transport::udp, {next.address.to_string(), 0}}};
      p.central_domain = "pbx.example.net";
      p.ping = 30s;
      p.unregistered_calls = false;
      p.register_rate = 10'000;
      node->broker.limit = 10'000;
      node->proxy = std::make_unique<sip::Proxy>(p, node->broker, node->known, [this] { return rng() | rng() << 32U; });
      node->proxy->set_server_addresses(0, {{next, {node->central, 5060}}});
      nodes.push_back(std::move(node));
    }
  }

  /// `stream`: TCP. `router`: nullptr: on the proxy's LAN.
  SipUa& add_phone(bool stream, bool one_port, bool rport, Router* router) {
    const auto n = static_cast<unsigned>(phones.size());
    SipUa::Options o;
    o.user = std::to_string(1001 + n);
    o.at = {IpAddress::v4(0xC0A80132U + n), 5060};
    if (router) {
      o.at.address = IpAddress::v4(0x0A000032U + n);  // 10.0.0.x
      router->phone = o.at.address;
      routers_[o.at.address] = router;
    }
    o.stream = stream;
    o.rport = rport;
    if (!one_port) o.source_port = static_cast<std::uint16_t>(50000 + n);
    o.next = Endpoint{nodes[0]->access, 5060};
    o.host = rng() % 2 == 0 ? "pbx.example.net" : nodes[0]->access.to_string();
    o.instance = "<urn:uuid:00000000-0000-0000-0000-0011223344" + std::to_string(10 + n) + ">";
    phones.push_back(std::make_unique<SipUa>(o));
    uas.push_back(phones.back().get());
    return *phones.back();
  }
  void at(TimePoint when, std::function<void()> what) { actions_.emplace(when, std::move(what)); }

  void run(Duration by) {
    const TimePoint end = now + by;
    for (;;) {
      TimePoint next = TimePoint::max();
      if (!packets_.empty()) next = packets_.begin()->first;
      if (!actions_.empty()) next = std::min(next, actions_.begin()->first);
      for (const auto& n : nodes)
        next = std::min(next, n->proxy->next_deadline());
      for (const SipUa* ua : uas)
        next = std::min(next, ua->next_deadline());
      if (next > end) break;
      now = std::max(now, next);
      step();
    }
    now = end;
  }
  std::vector<std::string> faults() const {
    std::vector<std::string> all = faults_;
    for (const SipUa* ua : uas)
      all.insert(all.end(), ua->faults().begin(), ua->faults().end());
    return all;
  }
  void lose_stream(std::size_t phone) {
    const std::size_t end = phone + 1;
    for (auto& node : nodes) {
      for (auto at = node->ends.begin(); at != node->ends.end(); ++at) {
        if (at->second != end) continue;
        const sip::ConnectionId id = at->first;
        node->ends.erase(at);
        sip::Output out;
        node->proxy->on_connection_closed(now, id, "reset", out);
        streams_.erase(end);
        uas[end]->stream_lost(now, 0);
        perform(*node, out);
        break;
      }
    }
  }

  TimePoint now{std::chrono::hours(1)};
  std::mt19937_64 rng;
  std::vector<std::unique_ptr<Node>> nodes;
  std::unique_ptr<SipUa> server;
  std::vector<std::unique_ptr<SipUa>> phones;
  std::vector<SipUa*> uas;  ///< 0: the server
  std::size_t packets = 0, lost = 0, doubled = 0;

 private:
  struct Packet {
    Endpoint from, to;
    sip::ConnectionId connection = sip::ConnectionId::none;
    Node* node = nullptr;  ///< of a connection
    bool to_proxy = false;
    std::string octets;
  };

  void step() {
    while (!packets_.empty() && packets_.begin()->first <= now) {
      Packet p = std::move(packets_.begin()->second);
      packets_.erase(packets_.begin());
      deliver(p);
    }
    while (!actions_.empty() && actions_.begin()->first <= now) {
      auto what = std::move(actions_.begin()->second);
      actions_.erase(actions_.begin());
      what();
    }
    for (std::size_t i = 0; i < uas.size(); ++i) {
      if (uas[i]->next_deadline() <= now) uas[i]->on_deadline(now);
      flush(i);
    }
    for (auto& node : nodes) {
      if (node->proxy->next_deadline() > now) continue;
      sip::Output out;
      node->proxy->on_deadline(now, out);
      perform(*node, out);
    }
  }

  void post(Packet p) {
    ++packets;
    const auto span = static_cast<std::uint64_t>((network_.most - network_.least).count());
    if (p.connection != sip::ConnectionId::none) {
      packets_.emplace(now + network_.least, std::move(p));  // in order
      return;
    }
    const auto chance = [&](double of) { return static_cast<double>(rng() % 1'000'000) < of * 1e6; };
    if (chance(network_.doubled)) {
      ++doubled;
      packets_.emplace(now + network_.least + Duration(static_cast<Duration::rep>(rng() % span)), p);
    }
    if (chance(network_.loss)) {
      ++lost;
      return;
    }
    packets_.emplace(now + network_.least + Duration(static_cast<Duration::rep>(rng() % span)), std::move(p));
  }

  /// What an end wants to send.
  void flush(std::size_t i) {
    for (SipSent& s : uas[i]->take()) {
      Packet p;
      p.octets = std::move(s.octets);
      p.to_proxy = true;
      if (s.stream != kNoStream) {
        if (i == 0) {
          const auto id = static_cast<sip::ConnectionId>(s.stream);
          p.connection = id;
          p.node = nodes.back().get();
        } else {
          p.connection = stream_of(i);
          p.node = nodes[0].get();
        }
        post(std::move(p));
        continue;
      }
      p.from = {uas[i]->options().at.address, s.from_port};
      p.to = s.to;
      const auto router = routers_.find(p.from.address);
      if (router != routers_.end()) p.from = outward(*router->second, p.from);
      post(std::move(p));
    }
  }

  sip::ConnectionId stream_of(std::size_t phone) {
    if (const auto known = streams_.find(phone); known != streams_.end()) return known->second;
    Node& node = *nodes[0];
    Endpoint from{uas[phone]->options().at.address, static_cast<std::uint16_t>(49000 + rng() % 1000)};
    const auto router = routers_.find(from.address);
    if (router != routers_.end()) from = outward(*router->second, from);
    const Endpoint local{node.access, 5060};
    const auto id = node.proxy->on_accepted(now, from, local);
    node.flows[id] = {sip::Transport::tcp, local, from, id};
    node.ends[id] = phone;
    return streams_[phone] = id;
  }

  Endpoint outward(Router& r, const Endpoint& inside) {
    auto [at, fresh] = r.out.try_emplace(inside, std::pair<std::uint16_t, TimePoint>{0, now});
    if (fresh || now - at->second.second > r.idle) at->second.first = r.next++;
    at->second.second = now;
    return {r.outside, at->second.first};
  }
  std::optional<Endpoint> inward(const Router& r, std::uint16_t port) const {
    if (r.forwards_sip && port == 5060) return Endpoint{r.phone, 5060};
    for (const auto& [inside, mapping] : r.out) {
      if (mapping.first == port && now - mapping.second <= r.idle) return inside;
    }
    return std::nullopt;
  }

  void perform(Node& node, sip::Output& out) {
    for (const auto& c : out.connects) {
      node.flows[c.id] = {sip::Transport::tcp, {c.from, 45000}, c.to, c.id};
      node.ends[c.id] = 0;
      node.proxy->on_connected(now, c.id, {c.from, 45000});
    }
    for (auto& s : out.sends) {
      if (s.to.connection == sip::ConnectionId::none) {
        post({s.to.local, s.to.peer, sip::ConnectionId::none, nullptr, false, std::move(s.octets)});
      } else if (node.ends.contains(s.to.connection)) {
        post({s.to.local, s.to.peer, s.to.connection, &node, false, std::move(s.octets)});
      }
    }
    for (const auto id : out.closes)
      node.ends.erase(id);
    for (const auto& e : out.events)
      node.no_media += e.kind == sip::Event::Kind::no_media ? 1U : 0U;
  }

  void deliver(Packet& p) {
    if (p.connection != sip::ConnectionId::none) {
      const auto end = p.node->ends.find(p.connection);
      if (end == p.node->ends.end()) return;
      if (p.to_proxy) {
        to_proxy(*p.node, p.node->flows[p.connection], p.octets);
      } else {
        const int stream = end->second == 0 ? static_cast<int>(p.connection) : 0;
        to_ua(end->second, p.from, stream, p.octets);
      }
      return;
    }
    for (auto& node : nodes) {
      if (p.to.address == node->access || p.to.address == node->central)
        return to_proxy(*node, {sip::Transport::udp, p.to, p.from, sip::ConnectionId::none}, p.octets);
    }
    Endpoint to = p.to;
    for (auto& [inside, router] : routers_) {
      if (router->outside != to.address) continue;
      const auto in = inward(*router, to.port);
      if (!in) return;  // the router drops it
      to = *in;
      break;
    }
    for (std::size_t i = 0; i < uas.size(); ++i) {
      if (uas[i]->options().at.address != to.address) continue;
      if (uas[i]->options().at.port != to.port) return;  // sent from there, does not listen there
      return to_ua(i, p.from, kNoStream, p.octets);
    }
    faults_.push_back("sent to a stranger: " + to.to_string() + "\n" + p.octets);
  }

  void to_proxy(Node& node, const sip::Flow& flow, const std::string& octets) {
    sip::Output out;
    node.proxy->on_message(now, flow, as_bytes(octets), out);
    perform(node, out);
  }

  void to_ua(std::size_t i, const Endpoint& from, int stream, const std::string& octets) {
    if (octets.size() > 4) i == 0 ? check_at_server(octets) : check_at_phone(i, from, octets);
    uas[i]->on_message(now, from, stream, octets);
    flush(i);
  }

  /// Nothing names a phone, or the access side.
  void check_at_server(const std::string& octets) {
    const auto m = SipText::read(octets);
    if (!m) return faults_.push_back("unreadable at the server: " + octets);
    if (m->all("Via").size() != 1) faults_.push_back("several Vias at the server: " + octets);
    for (const char* prefix : {"192.168.", "10.0.0.", "198.51.100.1:", "198.51.100.10"}) {
      if (octets.find(prefix) != std::string::npos) faults_.push_back("an address at the server: " + octets);
    }
  }
  /// A phone knows one address: what it was provisioned with (sip-sbc §0).
  void check_at_phone(std::size_t i, const Endpoint& from, const std::string& octets) {
    const auto m = SipText::read(octets);
    const std::string ours = nodes[0]->access.to_string(), own = uas[i]->options().at.address.to_string();
    const auto bad = [&](const char* what) { faults_.push_back(std::string(what) + ": " + octets); };
    if (!m) return bad("unreadable at a phone");
    if (from.address != nodes[0]->access) bad("not from our address");
    if (m->has("Record-Route") || m->has("Route")) bad("a route at a phone");
    if (m->all("Via").size() != 1) bad("several Vias at a phone");
    const auto via = sip_endpoint(sip_sent_by(*m));
    if (!via || via->address.to_string() != (m->is_request() ? ours : own)) bad("another Via at a phone");
    for (const auto& contact : m->all("Contact")) {
      const auto at = sip_endpoint(sip_host(sip_uri(contact)));
      const bool registered = m->method() == "REGISTER";
      if (!at || at->address.to_string() != (registered ? own : ours)) bad("another Contact at a phone");
    }
    if (m->is_request()) {
      const auto at = sip_endpoint(sip_host(m->uri()));
      if (!at || at->address.to_string() != own) bad("another Request-URI at a phone");
    }
    if (const auto media = sip_media(m->body); media && media->address != nodes[0]->access)
      bad("other media at a phone");
    if (octets.size() > 3072) bad("too large for a phone");
  }

  Network network_;
  std::multimap<TimePoint, Packet> packets_;
  std::multimap<TimePoint, std::function<void()>> actions_;
  std::map<IpAddress, Router*> routers_;              // by the phone inside
  std::map<std::size_t, sip::ConnectionId> streams_;  // by phone
  std::vector<std::string> faults_;
};

}  // namespace dw::sim
