#include "tftp-proxy/core/tftp_guard.hpp"

#include "tftp-proxy/core/tftp_packet.hpp"

namespace dw::tftp {
namespace {

constexpr std::uint16_t kFirstUnprivileged = 1024;  // a 7921 asks from exactly this one

bool is_no_host(const IpAddress& a) {
  return a.is_unspecified() || a.is_multicast() || a.is_broadcast();
}

}  // namespace

Guard::Guard(const GuardOptions& options, KnownSources& known)
    : options_(options),
      known_(known),
      sources_(rate_of(options), options.hash_seed),
      networks_(options.buckets, TokenBucket(options.network_rate, options.network_burst)) {}

FairRate::Options Guard::rate_of(const GuardOptions& options) {
  FairRate::Options rate;
  rate.per_source = options.source_rate;
  rate.per_known_source = options.source_rate * options.trusted_divisor;
  rate.burst = options.source_burst / options.source_rate;
  return rate;
}

void Guard::configure(const GuardOptions& options) {
  options_ = options;
  sources_.configure(rate_of(options));
  networks_.assign(options.buckets, TokenBucket(options.network_rate, options.network_burst));
}

bool Guard::port_is_fine(const Endpoint& peer) {
  return peer.port >= kFirstUnprivileged || peer.port == kTftpPort;
}

bool Guard::addresses_are_fine(const Endpoint& peer, const Endpoint& ours) {
  if (is_no_host(peer.address) || is_no_host(ours.address)) return false;
  const bool same_host = peer.address == ours.address || (peer.address.is_loopback() && ours.address.is_loopback());
  return !(same_host && peer.port == ours.port);
}

std::optional<Refusal> Guard::admit(TimePoint now, const IpAddress& address) {
  const bool fine = trusted(now, address);
  const double cost = fine ? 1 / options_.trusted_divisor : 1;
  const IpAddress network = address.network(address.is_v4() ? 24 : 48);
  if (!sources_.take(now, address, fine ? Standing::proven : Standing::stranger)) return Refusal::source_limit;
  if (!networks_[place(network)].take(now, cost)) return Refusal::network_limit;
  return std::nullopt;
}

void Guard::proved(TimePoint now, const IpAddress& address) {
  known_.proved(now, address, Standing::proven);
}

std::size_t Guard::place(const IpAddress& key) const {
  return KeyedHash(options_.hash_seed)(key) % networks_.size();
}

bool Guard::trusted(TimePoint now, const IpAddress& source) const {
  return source.is_private() || known_.known(now, source);
}

}  // namespace dw::tftp
