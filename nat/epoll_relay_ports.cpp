// EpollRelay: which ports and descriptors its streams have.
#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>

#include "nat/epoll_relay.hpp"
#include "nat/media_socket.hpp"

namespace dw::nat {

std::uint64_t EpollRelay::random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

PortPool& EpollRelay::pool(const IpAddress& address) {
  const auto found = pools_.find(address);
  if (found != pools_.end()) return found->second;
  return pools_
      .emplace(address, PortPool(options_.first_port, options_.last_port, random_seed(), options_.mapped_pairs))
      .first->second;
}

void EpollRelay::give_back(const Local& local) {
  pool(local.address).give_back(options_.clock(), local.port);
}

Result<EpollRelay::Pair> EpollRelay::bind_pair(const IpAddress& address, std::span<const std::uint16_t> rather) {
  PortPool& ports = pool(address);
  for (int tries = 0; tries < kMaxBindTries; ++tries) {
    std::optional<std::uint16_t> port;
    while (!port && !rather.empty()) {
      if (ports.take(options_.clock(), rather.front())) port = rather.front();
      rather = rather.subspan(1);
    }
    if (!port) port = ports.take(options_.clock());
    if (!port)
      return fail(
          Errc::exhausted,
          fmt::format("no media port is left on {}: {} of {} pairs in {}-{} are in use, the others "
                      "rest or belong to other programs",
                      address.to_string(), ports.in_use(), ports.size(), options_.first_port, options_.last_port));
    auto rtp = bind_media_socket({address, *port}, options_.receive_buffer);
    auto rtcp = rtp ? bind_media_socket({address, static_cast<std::uint16_t>(*port + 1)}, kRtcpReceiveBuffer)
                    : std::unexpected(rtp.error());
    if (rtcp) return Pair{*port, std::move(*rtp), std::move(*rtcp)};
    ports.give_back(options_.clock(), *port);
    const int error = rtcp.error();
    if (error == EMFILE || error == ENFILE)
      return fail(Errc::exhausted,
                  fmt::format("no descriptor is left for another media stream: {} are open, RLIMIT_NOFILE "
                              "is {}",
                              entries_.size(), descriptors_));
    if (error != EADDRINUSE)
      return fail_errno(error, fmt::format("can't receive media on {}:{}", address.to_string(), *port));
  }
  return fail(Errc::exhausted, fmt::format("{} media port pairs in a row on {} are taken by other programs",
                                           kMaxBindTries, address.to_string()));
}

std::size_t EpollRelay::by_descriptors() const {
  // Half of a small limit is reserved, not all of it.
  const std::size_t reserve = std::min(options_.reserved_descriptors, descriptors_ / 2);
  return (descriptors_ - reserve) / kPorts;
}

std::size_t EpollRelay::capacity() const {
  const std::size_t pairs = PortPool::pairs(options_.first_port, options_.last_port);
  return std::min(same_address_ ? pairs / 2 : pairs, by_descriptors());
}

std::size_t EpollRelay::closing() const {
  std::size_t count = 0;
  for (const auto& thread : threads_)
    count += thread->closing.size();
  return count;
}

/// Frees what the threads have removed.
void EpollRelay::reap() {
  for (const auto& thread : threads_) {
    for (std::uint32_t removed = thread->worker->removed(); thread->reaped != removed; ++thread->reaped) {
      give_back(thread->closing.front().phone);
      give_back(thread->closing.front().central);
      thread->closing.pop_front();
    }
  }
}

/// A stream closed a moment ago may still have its descriptors: waits until its thread has closed them.
void EpollRelay::await_descriptors() {
  reap();
  while (entries_.size() + closing() >= by_descriptors() && closing() > 0) {
    for (const auto& thread : threads_)
      if (!thread->closing.empty()) thread->worker->wait_removed(thread->reaped);
    reap();
  }
}

}  // namespace dw::nat
