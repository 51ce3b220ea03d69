#include "sbc/sip/servers.hpp"

#include <algorithm>

namespace dw::sip {
namespace {

// In any second no more than the rate leaves: what may go at once and what is refilled meanwhile (sip-sbc
// §2.8).
constexpr double kAtOnce = 0.2, kRefilled = 0.8;

}  // namespace

Servers::Servers(std::vector<std::pair<Transport, HostPort>> names, Duration first_rest, double register_rate)
    : first_rest_(first_rest) {
  names.resize(std::min(names.size(), kMax));
  for (auto& [transport, name] : names) {
    Server server;
    server.transport = transport;
    server.name = std::move(name);
    server.registers = TokenBucket(kRefilled * register_rate, std::max(1.0, kAtOnce * register_rate));
    servers_.push_back(std::move(server));
  }
}

std::optional<std::size_t> Servers::pick(TimePoint now, std::uint32_t tried) {
  std::optional<std::size_t> resting;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    Server& server = servers_[i];
    if ((tried >> i & 1U) != 0 || !server.address()) continue;
    if (server.up) return i;
    if (!resting && server.retry_at <= now) resting = i;
  }
  if (resting) servers_[*resting].retry_at = now + servers_[*resting].rest;  // one tries, others wait
  return resting;
}

bool Servers::worked(TimePoint now, std::size_t server) {
  Server& s = servers_[server];
  s.last_heard = now;
  const bool was_down = !s.up;
  s.up = true;
  s.rest = {};
  s.pings_missed = 0;
  s.last_error.clear();
  return was_down;
}

bool Servers::failed(TimePoint now, std::size_t server, std::string why) {
  Server& s = servers_[server];
  const bool was_up = s.up;
  s.last_error = std::move(why);
  if (s.addresses.size() > 1 && s.current + 1 < s.addresses.size()) {
    ++s.current;  // the next of its addresses, at once
    return false;
  }
  s.current = 0;
  s.up = false;
  s.rest = s.rest == Duration{} ? first_rest_ : std::min(2 * s.rest, kLongestRest);
  s.retry_at = now + s.rest;
  return was_up;
}

void Servers::set_addresses(std::size_t server, std::vector<Address> addresses) {
  Server& s = servers_[server];
  const auto same = [](const Address& a, const Address& b) { return a.peer == b.peer && a.local == b.local; };
  if (std::ranges::equal(s.addresses, addresses, same)) return;
  s.addresses = std::move(addresses);
  s.current = 0;
}

std::optional<std::size_t> Servers::at(const Endpoint& peer) const {
  std::optional<std::size_t> by_address;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    for (const Address& address : servers_[i].addresses) {
      if (address.peer == peer) return i;
      if (address.peer.address == peer.address && !by_address) by_address = i;
    }
  }
  return by_address;
}

}  // namespace dw::sip
