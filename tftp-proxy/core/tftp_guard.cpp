#include "tftp-proxy/core/tftp_guard.hpp"

#include "tftp-proxy/core/tftp_packet.hpp"

namespace dw::tftp {
namespace {

constexpr std::uint16_t kFirstUnprivileged = 1024;  // a 7921 asks from exactly this one

/// Whether there is a token, without taking it.
bool has_token(TokenBucket& bucket, TimePoint now) {
  return bucket.take(now, 1) && bucket.take(now, -1);
}

bool is_no_host(const IpAddress& a) {
  return a.is_unspecified() || a.is_multicast() || a.is_broadcast();
}

}  // namespace

Guard::Guard(const GuardOptions& options)
    : options_(options),
      sources_(options.buckets, TokenBucket(options.source_rate, options.source_burst)),
      networks_(options.buckets, TokenBucket(options.network_rate, options.network_burst)),
      misses_(options.buckets, TokenBucket(options.miss_rate, options.miss_burst)),
      proofs_(options.buckets) {}

bool Guard::port_is_fine(const Endpoint& peer) {
  return peer.port >= kFirstUnprivileged || peer.port == kTftpPort;
}

bool Guard::addresses_are_fine(const Endpoint& peer, const Endpoint& ours) {
  if (is_no_host(peer.address) || is_no_host(ours.address)) return false;
  const bool same_host =
      peer.address == ours.address || (peer.address.is_loopback() && ours.address.is_loopback());
  return !(same_host && peer.port == ours.port);
}

std::optional<Refusal> Guard::admit(TimePoint now, const IpAddress& address) {
  const IpAddress source = source_of(address);
  if (!has_token(misses_[place(source)], now)) return Refusal::enumeration;
  const double cost = trusted(now, source) ? 1 / options_.trusted_divisor : 1;
  const IpAddress network = address.network(address.is_v4() ? 24 : 48);
  if (!sources_[place(source)].take(now, cost)) return Refusal::source_limit;
  if (!networks_[place(network)].take(now, cost)) return Refusal::network_limit;
  return std::nullopt;
}

void Guard::proved(TimePoint now, const IpAddress& address) {
  const IpAddress source = source_of(address);
  proofs_[place(source)] = {source, now + options_.trust};
}

void Guard::missed(TimePoint now, const IpAddress& address) {
  (void)misses_[place(source_of(address))].take(now);
}

IpAddress Guard::source_of(const IpAddress& address) {
  return address.is_v4() ? address : address.network(64);
}

std::size_t Guard::place(const IpAddress& key) const {
  return seeded(options_.hash_seed, hash_of(key)) % proofs_.size();
}

bool Guard::trusted(TimePoint now, const IpAddress& source) const {
  if (source.is_private()) return true;
  const Proof& proof = proofs_[place(source)];
  return proof.source == source && now < proof.until;
}

}  // namespace dw::tftp
