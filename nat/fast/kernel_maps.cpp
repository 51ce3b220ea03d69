#include "nat/fast/kernel_maps.hpp"

#include <fmt/core.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace dw::nat::fast {
namespace {

constexpr std::size_t kFlowsOctets = sizeof(dw_flow) * DW_FLOW_MAX;
constexpr std::size_t kPage = 4096;
/// How often to look again at a flow that the program is using: far longer than a packet takes, even if the host takes
/// the processor away. After that, somebody must have written nonsense into the maps.
constexpr int kMaxLooks = 100'000;

long bpf(bpf_cmd command, bpf_attr& attributes) {
  return syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

std::uint64_t address_of(const void* what) {
  return std::bit_cast<std::uintptr_t>(what);
}

/// Whether the map is laid out as this program knows it.
bool fits(int map, std::uint32_t key_octets, std::uint32_t value_octets, std::uint32_t entries) {
  bpf_map_info info{};
  bpf_attr attributes{};
  attributes.info.bpf_fd = static_cast<std::uint32_t>(map);
  attributes.info.info_len = sizeof info;
  attributes.info.info = address_of(&info);
  return bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) == 0 && info.key_size == key_octets &&
         info.value_size == value_octets && info.max_entries == entries;
}

}  // namespace

Result<std::unique_ptr<KernelMaps>> KernelMaps::open(Maps maps) {
  if (!fits(maps.ports.number(), sizeof(dw_flow_key), sizeof(std::uint32_t), DW_FLOW_MAX) ||
      !fits(maps.flows.number(), sizeof(std::uint32_t), sizeof(dw_flow), DW_FLOW_MAX) ||
      !fits(maps.beat.number(), sizeof(std::uint32_t), sizeof(dw_flow_beat), DW_FLOW_BEATS))
    return fail(Errc::invalid, "the kernel's maps for media are those of another version");
  const auto map = [](int descriptor, std::size_t octets) {
    return mmap(nullptr, octets, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  };
  void* const flows = map(maps.flows.number(), kFlowsOctets);
  if (flows == MAP_FAILED) return fail_errno(errno, "can't see the kernel's flows of media");
  void* const beat = map(maps.beat.number(), kPage);
  if (beat == MAP_FAILED) {
    const int error = errno;
    munmap(flows, kFlowsOctets);
    return fail_errno(error, "can't see the kernel's heart beat for media");
  }
  std::unique_ptr<KernelMaps> out(
      new KernelMaps(std::move(maps), static_cast<dw_flow*>(flows), static_cast<dw_flow_beat*>(beat)));
  out->forget();
  return out;
}

KernelMaps::~KernelMaps() {
  forget();
  munmap(flows_, kFlowsOctets);
  munmap(beat_, kPage);
}

void KernelMaps::forget() {
  for (std::uint8_t cell = 0; cell < DW_FLOW_BEATS; ++cell)
    stop_beating(cell);
  for (std::uint32_t i = 0; i < DW_FLOW_MAX; ++i)
    take(i);
  dw_flow_key key{};
  bpf_attr attributes{};
  attributes.map_fd = static_cast<std::uint32_t>(maps_.ports.number());
  attributes.next_key = address_of(&key);
  // Always the first key, until there is none.
  for (std::uint32_t i = 0; i < DW_FLOW_MAX && bpf(BPF_MAP_GET_NEXT_KEY, attributes) == 0; ++i)
    remove_port(key);
}

void KernelMaps::beat(std::uint8_t cell, TimePoint now) {
  const auto at = std::chrono::nanoseconds(now.time_since_epoch()).count();
  std::atomic_ref<std::uint64_t>(beat_[cell].at).store(static_cast<std::uint64_t>(at), std::memory_order_release);
}

void KernelMaps::stop_beating(std::uint8_t cell) {
  std::atomic_ref<std::uint64_t>(beat_[cell].at).store(0, std::memory_order_release);
}

bool KernelMaps::add_port(const dw_flow_key& key, std::uint32_t flow) {
  bpf_attr attributes{};
  attributes.map_fd = static_cast<std::uint32_t>(maps_.ports.number());
  attributes.key = address_of(&key);
  attributes.value = address_of(&flow);
  attributes.flags = BPF_ANY;
  return bpf(BPF_MAP_UPDATE_ELEM, attributes) == 0;
}

void KernelMaps::remove_port(const dw_flow_key& key) {
  bpf_attr attributes{};
  attributes.map_fd = static_cast<std::uint32_t>(maps_.ports.number());
  attributes.key = address_of(&key);
  (void)bpf(BPF_MAP_DELETE_ELEM, attributes);
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
