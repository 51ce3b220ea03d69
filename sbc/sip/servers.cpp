#include "sbc/sip/servers.hpp"

#include <algorithm>
#include <span>
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
  const std::span named(names.data(), std::min(names.size(), kMax));
  const auto is = [](const Server& s, const ServerName& name) {
    return s.transport == name.transport && s.name == name.name;
  };
  if (!list_.configure(named, kMaxKept, is, used)) return false;
  for (std::size_t place = 0; place < named.size(); ++place) {
    Server& server = list_[list_.order()[place]];
    server.transport = named[place].transport;
    server.name = named[place].name;
    server.domains = named[place].domains;
    server.by_port = named[place].by_port;
    server.registers = TokenBucket(kRefilled * register_rate, std::max(1.0, kAtOnce * register_rate));
  }
  if (used) forget_unused(used);
  return true;
}

void Servers::forget_unused(const Used& used) {
  for (std::size_t i = 0; i < all().size(); ++i) {
    if (!list_[i].configured && !list_[i].addresses.empty() && !used(i)) list_[i].addresses.clear();
  }
}

std::optional<std::size_t> Servers::pick(TimePoint now, Set tried, bool must, const Choice& choice) {
  const auto picked = list_.pick([&](std::size_t i) {
    const Set bit = Set{1} << i;
    if ((tried & bit) != 0 || (choice.may & bit) == 0 || !list_[i].address()) return -1;
    return (choice.first & bit) != 0 ? 1 : 0;
  });
  if (picked && !list_[*picked].up && !list_[*picked].pace.take(now) && !must) return std::nullopt;
  return picked;
}

bool Servers::is_at(const Server& server, std::string_view host) {
  return equal_ignoring_case(server.name.host, host) ||
         std::ranges::any_of(server.addresses, [&](const Address& a) { return names_address(host, a.peer.address); });
}

bool Servers::is_for(const Server& server, std::string_view host) {
  return std::ranges::any_of(server.domains, [&](std::string_view d) {
    if (!d.starts_with("*.")) return equal_ignoring_case(d, host);
    return host.size() > d.size() - 1 && ends_with_ignoring_case(host, d.substr(1));
  });
}

bool Servers::has_port(const Server& server, std::uint16_t port) {
  if (server.name.port != 0) return server.name.port == port;
  return std::ranges::any_of(server.addresses, [&](const Address& a) { return a.peer.port == port; });
}

bool Servers::lists(std::string_view domain) const {
  return std::ranges::any_of(list_.order(), [&](std::size_t i) { return is_for(list_[i], domain); });
}

bool Servers::lists_any() const {
  return std::ranges::any_of(list_.order(), [&](std::size_t i) { return !list_[i].domains.empty(); });
}

Servers::Choice Servers::choose(std::string_view host, std::uint16_t port) const {
  const auto all = [&](const auto& is) {
    Set out = 0;
    for (const std::size_t i : list_.order())
      if (is(list_[i])) out |= Set{1} << i;
    return out;
  };
  const auto of_domain = [](std::string_view domain) {
    return [domain](const Server& s) { return is_for(s, domain); };
  };
  const Set at = host.empty() ? 0 : all([&](const Server& s) { return is_at(s, host); });
  const Set ported = port == 0 ? 0 : all([&](const Server& s) { return has_port(s, port); });
  const auto among = [&](Set may) {
    const Set named = may & at, both = named & ported;
    return Choice{may, both != 0 ? both : named != 0 ? named : may & ported};
  };
  if (list_.order().empty()) return {0, 0};
  if (const Set listed = host.empty() ? 0 : all(of_domain(host)); listed != 0) return among(listed);
  // One that is named by its own host is meant, whatever domains it has.
  if (const Set with_domains = at & all([](const Server& s) { return !s.domains.empty(); });
      with_domains != 0 && at == with_domains)
    return among(with_domains);
  const Set open = all([](const Server& s) { return s.domains.empty() && !s.by_port; });
  if (open != 0) return among(open);
  const Server& front = list_[list_.order().front()];
  // Ports of one host are for different things, and none stands in for another.
  if (front.by_port) {
    const Set by_port = all([](const Server& s) { return s.by_port; }) & ported;
    return {by_port != 0 ? by_port : Set{1} << list_.order().front(), 0};
  }
  return among(all([&](const Server& s) { return s.domains == front.domains; }));
}

void Servers::asked(TimePoint now, std::size_t server) {
  if (!list_[server].unanswered_since) list_[server].unanswered_since = now;
}

std::optional<Duration> Servers::worked(TimePoint now, std::size_t server) {
  Server& s = list_[server];
  s.last_heard = now;
  s.unanswered_since.reset();
  s.pings_missed = 0;
  return list_.worked(now, server);
}

bool Servers::failed(TimePoint now, std::size_t server, std::string why) {
  Server& s = list_[server];
  if (s.current + 1 < s.addresses.size()) {
    s.last_error = std::move(why);
    ++s.current;  // the next of its addresses, at once
    return false;
  }
  s.current = 0;
  return list_.failed(now, server, std::move(why));
}

void Servers::set_addresses(std::size_t server, std::vector<Address> addresses) {
  Server& s = list_[server];
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
  for (Server& s : list_.all())
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
  for (const std::size_t i : list_.order()) {
    const Server& s = list_[i];
    if (equal_ignoring_case(s.name.host, host) && (!port || s.name.port == 0 || *port == s.name.port)) return i;
    for (const Address& address : s.addresses) {
      if (names_address(host, address.peer.address) && (!port || *port == address.peer.port)) return i;
    }
  }
  return std::nullopt;
}

}  // namespace dw::sip
