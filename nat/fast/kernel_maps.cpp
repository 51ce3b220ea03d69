#include "nat/fast/kernel_maps.hpp"

#include <fmt/core.h>
#include <sys/mman.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace dw::nat::fast {
namespace {

constexpr std::size_t kPage = 4096;
/// How often to look again at a flow that the program is using: far longer than a packet takes, even if the host takes
/// the processor away. After that, somebody must have written nonsense into the maps.
constexpr int kMaxLooks = 100'000;

/// The memory of a map that is exactly so large: another layout is another program's. MAP_FAILED: errno says why.
void* map_exactly(int map, std::size_t octets) {
  const auto at_most = [map](std::size_t size) {
    return mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
  };
  const std::size_t whole = (octets + kPage - 1) / kPage * kPage;
  if (void* const more = at_most(whole + kPage); more != MAP_FAILED) {
    munmap(more, whole + kPage);
    errno = EINVAL;
    return MAP_FAILED;
  }
  return at_most(whole);
}

std::uint64_t place_of(const dw_flow_key& key, std::uint32_t flow) {
  return std::uint64_t{flow} << 32 | key.address;
}

}  // namespace

Result<std::unique_ptr<KernelMaps>> KernelMaps::open(const Maps& maps) {
  std::unique_ptr<KernelMaps> out(new KernelMaps);
  const auto map = [](const net::Descriptor& descriptor, std::size_t octets) {
    return std::span(static_cast<std::uint8_t*>(map_exactly(descriptor.number(), octets)), octets);
  };
  out->memory_ = {map(maps.ports, sizeof(dw_port) * DW_PORTS), map(maps.flows, sizeof(dw_flow) * DW_FLOW_MAX),
                  map(maps.beat, sizeof(dw_flow_beat) * DW_FLOW_BEATS)};
  for (const auto& memory : out->memory_) {
    if (memory.data() == MAP_FAILED)
      return fail_errno(errno, "can't see the kernel's maps for media, or they are those of another version");
  }
  const auto begin = [&](std::size_t i) { return static_cast<void*>(out->memory_[i].data()); };
  out->ports_ = static_cast<dw_port*>(begin(0));
  out->flows_ = static_cast<dw_flow*>(begin(1));
  out->beat_ = static_cast<dw_flow_beat*>(begin(2));
  out->forget();
  return out;
}

KernelMaps::~KernelMaps() {
  if (beat_) forget();
  for (const auto& memory : memory_)
    if (memory.data() != MAP_FAILED) munmap(memory.data(), memory.size());
}

void KernelMaps::forget() {
  for (std::uint8_t cell = 0; cell < DW_FLOW_BEATS; ++cell)
    stop_beating(cell);
  for (std::uint32_t i = 0; i < DW_FLOW_MAX; ++i)
    take(i);
  for (std::uint32_t port = 0; port < DW_PORTS; ++port) {
    for (std::uint64_t& place : ports_[port].place)
      if (place != 0) std::atomic_ref(place).store(0, std::memory_order_release);
  }
}

void KernelMaps::beat(std::uint8_t cell, TimePoint now) {
  const auto at = std::chrono::nanoseconds(now.time_since_epoch()).count();
  std::atomic_ref<std::uint64_t>(beat_[cell].at).store(static_cast<std::uint64_t>(at), std::memory_order_release);
}

void KernelMaps::stop_beating(std::uint8_t cell) {
  std::atomic_ref<std::uint64_t>(beat_[cell].at).store(0, std::memory_order_release);
}

bool KernelMaps::add_port(const dw_flow_key& key, std::uint32_t flow) {
  for (std::uint64_t& place : ports_[key.port].place) {
    std::uint64_t free = 0;
    if (std::atomic_ref(place).compare_exchange_strong(free, place_of(key, flow), std::memory_order_acq_rel))
      return true;
  }
  return false;
}

void KernelMaps::remove_port(const dw_flow_key& key, std::uint32_t flow) {
  for (std::uint64_t& place : ports_[key.port].place) {
    std::uint64_t ours = place_of(key, flow);
    if (std::atomic_ref(place).compare_exchange_strong(ours, 0, std::memory_order_acq_rel)) return;
  }
}

std::size_t KernelMaps::ports() const {
  std::size_t count = 0;
  for (std::uint32_t port = 0; port < DW_PORTS; ++port) {
    for (std::uint64_t& place : ports_[port].place)
      count += std::atomic_ref(place).load(std::memory_order_acquire) != 0 ? 1 : 0;
  }
  return count;
}

void KernelMaps::take(std::uint32_t flow) {
  const auto turn = this->turn(flow);
  std::uint64_t now = turn.load(std::memory_order_acquire);
  for (int looks = 0; (now & DW_FLOW_TAKEN) == 0; ++looks) {
    // Odd: a processor counts a packet just now, which takes less than a microsecond and can't be interrupted.
    if ((now & 1) != 0 && looks < kMaxLooks) {
      std::this_thread::yield();
      now = turn.load(std::memory_order_acquire);
    } else if (turn.compare_exchange_weak(now, (now + (now & 1)) | DW_FLOW_TAKEN, std::memory_order_acq_rel)) {
      return;
    }
  }
}

void KernelMaps::give(std::uint32_t flow) {
  const auto turn = this->turn(flow);
  turn.store((turn.load(std::memory_order_relaxed) & ~DW_FLOW_TAKEN) + 2, std::memory_order_release);
}

dw_flow KernelMaps::read(std::uint32_t flow) const {
  using Words = std::array<std::uint64_t, sizeof(dw_flow) / sizeof(std::uint64_t)>;
  static_assert(sizeof(Words) == sizeof(dw_flow));
  auto* const words = static_cast<std::uint64_t*>(static_cast<void*>(&flows_[flow]));
  for (int looks = 0;; ++looks, std::this_thread::yield()) {
    const std::uint64_t before = turn(flow).load(std::memory_order_acquire);
    if ((before & 1) != 0 && looks < kMaxLooks) continue;
    Words copy{};
    for (std::size_t i = 0; i < copy.size(); ++i)
      copy[i] = std::atomic_ref<std::uint64_t>(words[i]).load(std::memory_order_acquire);
    if (turn(flow).load(std::memory_order_relaxed) == before || looks >= kMaxLooks) return std::bit_cast<dw_flow>(copy);
  }
}

}  // namespace dw::nat::fast
