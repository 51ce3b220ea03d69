#include <algorithm>
#include <cstdlib>
#include <optional>

#include "nat/core/portmap/mapper.hpp"
#include "sbc/base/byte_reader.hpp"

/// A router that says anything at any time: what a Mapper believes stays bounded and makes sense, and it never asks to
/// be called again at once for ever. The input is a row of steps: what, how long after the last, octets.
namespace {

using namespace dw;
namespace pm = nat::portmap;

const IpAddress kRouter = IpAddress::v4(0xc0a80101);

pm::UpnpAnswer upnp_answer(const pm::UpnpAsk& ask, Bytes octets) {
  ByteReader in(octets);
  pm::UpnpAnswer answer;
  const unsigned flags = in.u8("");
  answer.found = flags & 1;
  answer.check_failed = flags & 2;
  answer.external = IpAddress::v4(in.u32be(""));
  for (const auto& port : ask.map)
    answer.ports.push_back({port.wanted, in.u16be(""), in.u32be(""), "no"});
  return answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in(Bytes{data, size});
  pm::Mapper mapper(
      {kRouter,
       IpAddress::v4(0xc0a8010a),
       {{pm::Transport::udp, 5060, false, true}, {pm::Transport::udp, 20000, false}, {pm::Transport::udp, 20001, true}},
       std::chrono::seconds(120),
       [] { return std::uint64_t{0}; },
       [](const pm::Wanted&) { return pm::pcp::Nonce{}; }});
  TimePoint now{};
  std::optional<pm::UpnpAsk> ask;
  const auto take = [&](pm::Mapper::Actions actions) {
    if (actions.datagrams.size() > 8) std::abort();
    if (actions.upnp && ask) std::abort();
    if (actions.upnp) ask = std::move(actions.upnp);
    const auto facts = mapper.facts();
    if (facts.granted.size() > facts.wanted) std::abort();
    for (const auto& granted : mapper.usable())
      if (granted.external.port == 0 || facts.double_nat) std::abort();
    if (pm::in_words(facts).empty()) std::abort();
    for (const Buffer& octets : actions.datagrams)
      if (octets.size() > pm::pcp::kMaxOctets) std::abort();
    if (facts.filter.state == pm::FilterFacts::State::agreed && facts.protocol != pm::Protocol::pcp) std::abort();
    if (facts.filter.state == pm::FilterFacts::State::open && facts.filter.why.empty()) std::abort();
  };
  take(mapper.start(now));
  while (!in.at_end() && in.ok()) {
    const unsigned what = in.u8("");
    now += std::chrono::milliseconds(in.u16be("") * 40);
    const Bytes octets = in.take(std::min<std::size_t>(in.u8(""), in.remaining()), "");
    switch (what % 7) {
      case 0:
      case 1:
        take(mapper.on_datagram(now, {kRouter, pm::pcp::kServerPort}, octets));
        break;
      case 2:
        take(mapper.on_announcement(now, {kRouter, pm::pcp::kServerPort}, octets));
        break;
      case 3:
        if (ask) take(mapper.on_upnp(now, upnp_answer(*std::exchange(ask, std::nullopt), octets)));
        break;
      case 4:
        take(mapper.set_reflexive(now, octets.empty() ? std::optional<IpAddress>() : IpAddress::v4(octets.front())));
        break;
      case 5: {
        ByteReader some(octets);
        std::vector<IpNetwork> peers;
        while (!some.at_end() && some.ok()) {
          const unsigned bits = 1 + some.u8("") % 32;
          peers.push_back(IpNetwork::around(IpAddress::v4(some.u32be("")), bits));
        }
        take(mapper.set_peers(now, octets.empty() ? std::optional<std::vector<IpNetwork>>() : std::move(peers), "why"));
        break;
      }
      default:
        if (what >= 250) take(mapper.stop(now));
    }
    take(mapper.on_deadline(now));
    if (mapper.next_deadline() <= now) std::abort();
    for (const auto& r : {pm::pcp::parse_response(octets)})
      if (r && pm::pcp::to_string(*r).empty()) std::abort();
    if (const auto r = pm::natpmp::parse_response(octets); r && pm::natpmp::to_string(*r).empty()) std::abort();
  }
  return 0;
}
