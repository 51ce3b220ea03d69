#include "nat/core/media/port_locks.hpp"

#include <algorithm>

namespace dw::nat {

void PortLocks::name(const std::optional<Endpoint>& named) {
  named_ = named;
  if (named) std::swap(hosts_.front(), of(named->address));
  reopen();
}

void PortLocks::reopen() {
  for (Latch& host : hosts_)
    if (host.is_open()) host.open(host.address());
}

Latch& PortLocks::of(const IpAddress& address) {
  for (Latch& host : hosts_)
    if (host.address() == address) return host;
  Latch& oldest = *std::ranges::min_element(hosts_.begin() + 1, hosts_.end(), {}, &Latch::last_heard);
  oldest.close();
  oldest.open(address);
  return oldest;
}

bool PortLocks::is_named(TimePoint now, const Endpoint& from) {
  if (from != named_) return false;
  hosts_.front().on_named(now, from);
  return true;
}

bool PortLocks::takes(TimePoint now, const Endpoint& from, const RtpHeader& header) {
  return is_named(now, from) || of(from.address).on_rtp(now, from, header) != Latch::Verdict::stranger;
}

bool PortLocks::takes(TimePoint now, const Endpoint& from) {
  return is_named(now, from) || of(from.address).on_datagram(now, from, true) != Latch::Verdict::stranger;
}

}  // namespace dw::nat
