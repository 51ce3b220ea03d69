#include "sbc/sip/servers.hpp"

#include <algorithm>
#include <utility>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/uri.hpp"

namespace dw::sip {
namespace {

// In any second no more than the rate leaves: what may go at once and what is refilled meanwhile (sip-sbc
// §2.8).
constexpr double kAtOnce = 0.2, kRefilled = 0.8;

}  // namespace

Servers::Servers(const Names& names, double register_rate) {
  configure(names, register_rate, {});
}

bool Servers::configure(const Names& names, double register_rate, const Used& used) {
  const std::size_t count = std::min(names.size(), kMax);
  const auto number_of = [this](const Names::value_type& name) {
    return static_cast<std::size_t>(
        std::ranges::find_if(servers_,
                             [&](const Server& s) { return s.transport == name.first && s.name == name.second; }) -
        servers_.begin());
  };
  std::vector<std::size_t> order;
  std::vector<bool> taken(kMaxKept);
  for (std::size_t i = 0; i < servers_.size(); ++i)
    taken[i] = used(i);
  for (std::size_t place = 0; place < count; ++place) {
    const std::size_t known = number_of(names[place]);
    order.push_back(known);
    if (known < servers_.size()) taken[known] = true;
  }
  for (std::size_t place = 0; place < count; ++place) {
    if (order[place] < servers_.size()) continue;
    order[place] = static_cast<std::size_t>(std::ranges::find(taken, false) - taken.begin());
    if (order[place] == kMaxKept) return false;
    taken[order[place]] = true;
  }
  for (Server& server : servers_)
    server.configured = false;
  for (std::size_t place = 0; place < count; ++place) {
    const auto& [transport, name] = names[place];
    if (order[place] >= servers_.size()) servers_.resize(order[place] + 1);
    Server& server = servers_[order[place]];
    if (server.transport != transport || server.name != name) {
      server = {};
      server.transport = transport;
      server.name = name;
    }
    server.configured = true;
    server.registers = TokenBucket(kRefilled * register_rate, std::max(1.0, kAtOnce * register_rate));
  }
  order_ = std::move(order);
  if (used) forget_unused(used);
  return true;
}

void Servers::forget_unused(const Used& used) {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (!servers_[i].configured && !servers_[i].addresses.empty() && !used(i)) servers_[i].addresses.clear();
  }
}

std::optional<std::size_t> Servers::pick(TimePoint now, std::uint32_t tried, bool must) {
  std::optional<std::size_t> down;
  for (const std::size_t i : order_) {
    const Server& server = servers_[i];
    if ((tried >> i & 1U) != 0 || !server.address()) continue;
    if (server.up) return i;
    if (!down) down = i;
  }
  if (down && !servers_[*down].trials.take(now) && !must) return std::nullopt;
  return down;
}

void Servers::asked(TimePoint now, std::size_t server) {
  if (!servers_[server].unanswered_since) servers_[server].unanswered_since = now;
}

std::optional<Duration> Servers::worked(TimePoint now, std::size_t server) {
  Server& s = servers_[server];
  s.last_heard = now;
  s.unanswered_since.reset();
  s.pings_missed = 0;
  s.last_error.clear();
  if (std::exchange(s.up, true)) return std::nullopt;
  return now - s.down_since;
}

bool Servers::failed(TimePoint now, std::size_t server, std::string why) {
  Server& s = servers_[server];
  s.last_error = std::move(why);
  if (s.current + 1 < s.addresses.size()) {
    ++s.current;  // the next of its addresses, at once
    return false;
  }
  s.current = 0;
  if (!s.up) return false;
  s.up = false;
  s.down_since = now;
  s.trials = TokenBucket(kTrialsASecond, kTrialsAtOnce);
  return true;
}

void Servers::set_addresses(std::size_t server, std::vector<Address> addresses) {
  Server& s = servers_[server];
  const auto same = [](const Address& a, const Address& b) { return a.peer == b.peer && a.local == b.local; };
  if (std::ranges::equal(s.addresses, addresses, same)) return;
  // A dialog keeps the address that it runs over, though its name has others now.
  for (const Address& gone : s.addresses) {
    if (s.former.size() >= kMaxFormer) s.former.erase(s.former.begin());
    s.former.push_back(gone);
  }
  s.addresses = std::move(addresses);
  std::erase_if(s.former, [&](const Address& f) {
    return std::ranges::find(s.addresses, f.peer, &Address::peer) != s.addresses.end();
  });
  s.current = 0;
}

void Servers::forget_former(const std::function<bool(const Endpoint& peer)>& used) {
  for (Server& s : servers_)
    std::erase_if(s.former, [&](const Address& f) { return !used(f.peer); });
}

std::optional<std::size_t> Servers::at(const Endpoint& peer) const {
  return find([&](const Endpoint& own) { return own == peer; });
}

std::optional<std::size_t> Servers::at_address(const Endpoint& peer) const {
  if (const auto exact = at(peer)) return exact;
  return find([&](const Endpoint& own) { return own.address == peer.address; });
}

std::optional<std::size_t> Servers::named(std::string_view host, std::optional<std::uint16_t> port) const {
  for (const std::size_t i : order_) {
    const Server& s = servers_[i];
    if (equal_ignoring_case(s.name.host, host) && (!port || s.name.port == 0 || *port == s.name.port)) return i;
    for (const Address& address : s.addresses) {
      if (names_address(host, address.peer.address) && (!port || *port == address.peer.port)) return i;
    }
  }
  return std::nullopt;
}

}  // namespace dw::sip
