#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nat/core/portmap/mapper.hpp"
#include "sbc/base/byte_reader.hpp"

/// A router that maps ports by PCP and NAT-PMP, written from the RFCs and with nothing of the client's own code, and a
/// LAN between it and a Mapper that loses, doubles and delays. Virtual time.
namespace dw::sim {

namespace pm = nat::portmap;
using namespace std::chrono_literals;

inline const IpAddress kRouter = IpAddress::v4(0xc0a80101), kBox = IpAddress::v4(0xc0a8010a);
inline const IpAddress kOutside = IpAddress::v4(0xcb007165);

class SimRouter {
 public:
  bool pcp = true, nat_pmp = true;
  bool tells_address = false;  ///< in errors too
  bool nonsense = false;       ///< its epoch is another one in each answer
  IpAddress external = kOutside, ours = kBox;
  std::uint32_t least_lifetime = 0, most_lifetime = 7200;
  std::set<std::uint16_t> taken;                                  ///< external ports that somebody else has
  std::map<std::uint16_t, std::pair<unsigned, unsigned>> refuse;  ///< internal port → result code, its lifetime
  std::optional<unsigned> refuse_all;
  bool knows_filters = true;  ///< PCP's FILTER; else its code
  unsigned filter_code = 5;   ///< what it says who knows none
  bool bare_errors = false;   ///< of options: the header alone
  std::size_t most_filters = 64;
  unsigned requests = 0, most_at_once = 0, with_options = 0;
  TimePoint booted{};

  struct Row {
    std::uint16_t external = 0;
    TimePoint expires{};
    Buffer nonce{};
    std::vector<IpNetwork> filters{};  ///< none: everybody
  };
  /// A packet from there to this port of ours (protocol and number): does it come in?
  bool lets_in(std::pair<unsigned, std::uint16_t> to, const IpAddress& from) const {
    const auto row = table.find(to);
    return row != table.end() &&
           (row->second.filters.empty() ||
            std::ranges::any_of(row->second.filters, [&](const IpNetwork& n) { return n.contains(from); }));
  }
  std::map<std::pair<unsigned, std::uint16_t>, Row> table;  ///< protocol and internal port

  void reboot(TimePoint now) {
    table.clear();
    booted = now;
  }
  void expire(TimePoint now) {
    std::erase_if(table, [&](const auto& row) { return row.second.expires <= now; });
  }

  std::optional<Buffer> answer(TimePoint now, Bytes octets) {
    expire(now);
    ++requests;
    ByteReader in(octets);
    const unsigned version = in.u8("version"), opcode = in.u8("opcode");
    if (version == 2 && pcp) return answer_pcp(now, octets, opcode);
    if (version == 2 && nat_pmp) return Buffer(nat_pmp_head(now, opcode, 1));
    if (version == 0 && nat_pmp) return answer_nat_pmp(now, octets, opcode);
    return std::nullopt;
  }
  Buffer announcement(TimePoint now) const {
    if (!pcp) {
      Buffer out = nat_pmp_head(now, 0, 0);
      put32(out, external.v4_host_order());
      return out;
    }
    Buffer out = {2, 0x80, 0, 0, 0, 0, 0, 0};
    put32(out, epoch(now));
    out.resize(24);
    return out;
  }

 private:
  static void put16(Buffer& out, unsigned v) {
    out.push_back(static_cast<std::uint8_t>(v >> 8));
    out.push_back(static_cast<std::uint8_t>(v));
  }
  static void put32(Buffer& out, std::uint32_t v) { put16(out, v >> 16), put16(out, v & 0xffff); }
  std::uint32_t epoch(TimePoint now) const {
    if (nonsense) return requests % 2 == 0 ? 5 : 100'000;
    return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now - booted).count());
  }
  Buffer nat_pmp_head(TimePoint now, unsigned opcode, unsigned code) const {
    Buffer out = {0, static_cast<std::uint8_t>(0x80 | opcode)};
    put16(out, code);
    put32(out, epoch(now));
    return out;
  }
  std::uint16_t grant(TimePoint now, unsigned protocol, std::uint16_t internal, std::uint16_t wish,
                      std::uint32_t seconds, Buffer nonce) {
    Row& row = table[{protocol, internal}];
    if (row.external == 0) {
      row.external = wish != 0 ? wish : internal;
      const auto is_taken = [&] {
        return taken.contains(row.external) || std::ranges::any_of(table, [&](const auto& other) {
                 return &other.second != &row && other.first.first == protocol && other.second.external == row.external;
               });
      };
      while (is_taken())
        row.external = static_cast<std::uint16_t>(row.external + 4);
    }
    row.expires = now + std::chrono::seconds(seconds);
    row.nonce = std::move(nonce);
    return row.external;
  }
  /// RFC 6887 §7.3 and §13.3: options in their order; a filter of length 0 removes those that are there. The code, 0
  /// when all is well.
  unsigned take_options(ByteReader& in, std::uint32_t lifetime, std::vector<IpNetwork>& filters) {
    while (!in.at_end()) {
      const unsigned option = in.u8("");
      in.skip(1, "");
      ByteReader inside(in.take(in.u16be(""), ""));
      if (!in.ok()) return 6;
      if (option != 3 || !knows_filters) return option < 128 ? filter_code : 0;
      inside.skip(1, "");
      const unsigned prefix = inside.u8(""), port = inside.u16be("");
      const Bytes address = inside.take(16, "");
      if (!inside.ok() || !inside.at_end() || lifetime == 0 || port != 0) return 6;
      const IpAddress remote = IpAddress::v6(address.first<16>());
      if (prefix == 0) {
        if (std::ranges::any_of(address, [](std::uint8_t octet) { return octet != 0; })) return 6;
        filters.clear();
        continue;
      }
      if (!remote.is_v4() || prefix <= 96 || prefix > 128) return 6;
      filters.push_back(IpNetwork::around(remote, prefix - 96));
      if (filters.size() > most_filters) return 13;
    }
    return 0;
  }
  Buffer answer_pcp(TimePoint now, Bytes octets, unsigned opcode) {
    ByteReader in(octets);
    in.skip(4, "");
    std::uint32_t lifetime = in.u32be("");
    const Bytes client = in.take(16, "");
    const Bytes nonce = in.take(12, "");
    const unsigned protocol = in.u8("");
    in.skip(3, "");
    const std::uint16_t internal = in.u16be("");
    std::uint16_t external_port = in.u16be("");
    const Bytes wish = in.take(16, "");
    unsigned code = 0;
    if (opcode != 1) code = 4;
    if (!in.ok()) code = 3;
    std::vector<IpNetwork> filters;
    if (const auto old = table.find({protocol, internal}); old != table.end()) filters = old->second.filters;
    if (code == 0 && !in.at_end()) {
      ++with_options;
      code = take_options(in, lifetime, filters);
      if (code != 0 && bare_errors) {
        Buffer out = {2, static_cast<std::uint8_t>(0x80 | opcode), 0, static_cast<std::uint8_t>(code), 0, 0, 0, 0};
        put32(out, epoch(now));
        out.resize(24);
        return out;
      }
    }
    if (code == 0 && IpAddress::v6(client.first<16>()) != ours) code = 12;
    std::uint32_t error_lasts = 30;
    if (const auto no = refuse.find(internal); no != refuse.end()) {
      code = no->second.first;
      error_lasts = no->second.second;
    }
    if (refuse_all) code = *refuse_all;
    const auto have = table.find({protocol, internal});
    if (code == 0 && have != table.end() && have->second.nonce != Buffer(nonce.begin(), nonce.end())) code = 2;
    if (code == 0 && lifetime == 0) {
      table.erase({protocol, internal});
    } else if (code == 0) {
      lifetime = std::clamp(lifetime, least_lifetime, most_lifetime);
      external_port = grant(now, protocol, internal, external_port, lifetime, {nonce.begin(), nonce.end()});
      table[{protocol, internal}].filters = std::move(filters);
    }
    Buffer out = {2, static_cast<std::uint8_t>(0x80 | opcode), 0, static_cast<std::uint8_t>(code)};
    put32(out, code != 0 ? error_lasts : lifetime);
    put32(out, epoch(now));
    out.resize(24);
    out.insert(out.end(), nonce.begin(), nonce.end());
    out.push_back(static_cast<std::uint8_t>(protocol));
    out.resize(40);
    put16(out, internal);
    put16(out, external_port);
    if (code != 0 && !tells_address) {
      out.insert(out.end(), wish.begin(), wish.end());
      return out;
    }
    out.resize(54);
    put16(out, 0xffff);
    put32(out, external.v4_host_order());
    return out;
  }
  Buffer answer_nat_pmp(TimePoint now, Bytes octets, unsigned opcode) {
    ByteReader in(octets);
    in.skip(4, "");
    if (opcode == 0) {
      Buffer out = nat_pmp_head(now, opcode, refuse_all.value_or(0));
      put32(out, external.v4_host_order());
      return out;
    }
    const std::uint16_t internal = in.u16be("");
    std::uint16_t external_port = in.u16be("");
    std::uint32_t lifetime = in.u32be("");
    unsigned code = refuse_all.value_or(opcode > 2 ? 5 : 0);
    if (const auto no = refuse.find(internal); no != refuse.end()) code = no->second.first;
    const unsigned protocol = opcode == 1 ? 17 : 6;
    if (code == 0 && lifetime == 0) {
      table.erase({protocol, internal});
      external_port = 0;
    } else if (code == 0) {
      lifetime = std::clamp(lifetime, least_lifetime, most_lifetime);
      external_port = grant(now, protocol, internal, external_port, lifetime, {});
    }
    Buffer out = nat_pmp_head(now, opcode, code);
    put16(out, internal);
    put16(out, external_port);
    put32(out, lifetime);
    return out;
  }
};

class Home {
 public:
  explicit Home(unsigned seed,
                std::vector<pm::Wanted> wanted = {{pm::Transport::udp, 5060, false},
                                                  {pm::Transport::tcp, 5060, false},
                                                  {pm::Transport::udp, 20000, false},
                                                  {pm::Transport::udp, 20001, true}},
                std::chrono::seconds lifetime = 1h)
      : random_(seed), mapper(make_options(std::move(wanted), lifetime)) {
    router.booted = now - 1000s;
  }

  void start() { perform(mapper.start(now)); }
  void stop() { perform(mapper.stop(now)); }
  void peers(std::optional<std::vector<IpNetwork>> who, std::string why = {}) {
    perform(mapper.set_peers(now, std::move(who), std::move(why)));
  }
  void announce() {
    const Buffer octets = router.announcement(now);
    perform(mapper.on_announcement(now, {kRouter, 5351}, octets));
  }
  void port_unreachable() { perform(mapper.on_port_unreachable(now)); }
  void from(const Endpoint& who, Bytes octets) { perform(mapper.on_datagram(now, who, octets)); }

  /// Runs for as long, or until `met`.
  template <class Condition>
  bool run(Duration for_long, Condition met) {
    const TimePoint end = now + for_long;
    unsigned at_once = 0;
    while (!met()) {
      TimePoint next = std::min(mapper.next_deadline(), upnp_at_);
      if (!queue_.empty()) next = std::min(next, queue_.begin()->first);
      if (next > end) {
        now = end;
        router.expire(now);
        return met();
      }
      at_once = next <= now ? at_once + 1 : 0;
      if (at_once > 10'000) return false;  // it would never sleep
      now = std::max(now, next);
      step();
    }
    return true;
  }
  void run(Duration for_long) {
    run(for_long, [] { return false; });
  }
  bool all_mapped() const { return mapper.facts().granted.size() == mapper.facts().wanted; }
  std::size_t count(pm::Mapper::Event::Kind kind) const {
    return static_cast<std::size_t>(std::ranges::count(events, kind, &pm::Mapper::Event::kind));
  }

  TimePoint now = TimePoint{} + 24h;
  SimRouter router;
  unsigned loss_percent = 0, double_percent = 0;
  bool upnp = false;  ///< the router does UPnP
  std::vector<pm::UpnpAsk> upnp_asks;
  std::map<std::pair<unsigned, std::uint16_t>, std::uint16_t> upnp_table;
  std::vector<pm::Mapper::Event> events;
  std::vector<std::pair<TimePoint, Buffer>> sent;

 private:
  std::mt19937_64 random_;

 public:
  pm::Mapper mapper;

 private:
  pm::Mapper::Options make_options(std::vector<pm::Wanted> wanted, std::chrono::seconds lifetime) {
    pm::Mapper::Options o;
    o.gateway = kRouter;
    o.ours = kBox;
    o.wanted = std::move(wanted);
    o.lifetime = lifetime;
    o.random = [this] { return random_(); };
    o.nonce = [](const pm::Wanted& port) {
      return pm::pcp::Nonce{1,
                            2,
                            3,
                            static_cast<std::uint8_t>(port.transport),
                            static_cast<std::uint8_t>(port.internal >> 8),
                            static_cast<std::uint8_t>(port.internal)};
    };
    return o;
  }
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  void travel(Buffer octets, bool to_router) {
    if (chance(loss_percent)) return;
    for (int copies = chance(double_percent) ? 2 : 1; copies > 0; --copies)
      queue_.emplace(now + std::chrono::milliseconds(1 + random_() % 20), std::pair(octets, to_router));
  }
  void perform(pm::Mapper::Actions actions) {
    for (auto& octets : actions.datagrams) {
      sent.emplace_back(now, octets);
      travel(std::move(octets), true);
    }
    std::ranges::move(actions.events, std::back_inserter(events));
    if (actions.upnp) {
      upnp_asks.push_back(*actions.upnp);
      upnp_at_ = now + 2s;
    }
  }
  void step() {
    if (upnp_at_ <= now) {
      upnp_at_ = TimePoint::max();
      perform(mapper.on_upnp(now, answer_upnp(upnp_asks.back())));
    }
    while (!queue_.empty() && queue_.begin()->first <= now) {
      const auto [octets, to_router] = queue_.begin()->second;
      queue_.erase(queue_.begin());
      if (!to_router) {
        perform(mapper.on_datagram(now, {kRouter, 5351}, octets));
      } else if (auto reply = router.answer(now, octets)) {
        travel(std::move(*reply), false);
      }
    }
    perform(mapper.on_deadline(now));
  }
  pm::UpnpAnswer answer_upnp(const pm::UpnpAsk& ask) {
    pm::UpnpAnswer answer;
    answer.found = upnp;
    if (!upnp) {
      answer.problem = "nothing on the LAN answers UPnP";
      return answer;
    }
    answer.external = router.external;
    const auto key = [](const pm::Wanted& w) { return std::pair(static_cast<unsigned>(w.transport), w.internal); };
    if (ask.check) answer.check_failed = !upnp_table.contains(key(ask.check->wanted));
    for (const auto& port : ask.map) {
      const std::uint16_t before = port.after_previous ? answer.ports.back().external : std::uint16_t{0};
      const auto external = before != 0 ? static_cast<std::uint16_t>(before + 1) : port.external;
      const bool no = router.taken.contains(external);
      if (!no) upnp_table[key(port.wanted)] = external;
      answer.ports.push_back({port.wanted, no ? std::uint16_t{0} : external, ask.lifetime, no ? "taken" : ""});
    }
    for (const auto& port : ask.unmap)
      upnp_table.erase(key(port.wanted));
    return answer;
  }

  std::multimap<TimePoint, std::pair<Buffer, bool>> queue_;
  TimePoint upnp_at_ = TimePoint::max();
};

}  // namespace dw::sim
