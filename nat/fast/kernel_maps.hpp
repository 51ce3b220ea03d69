#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "nat/fast/flow.h"
#include "nat/fast/maps.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat::fast {

/// The program's maps, mapped into this process: memory shared with the program. Needs no system call and no right but
/// the descriptors. Usable from any thread, as long as each flow has one writer.
class KernelMaps {
 public:
  /// Clears the maps. Errc::system when the kernel refuses, or when the maps are not those of this program.
  static Result<std::unique_ptr<KernelMaps>> open(const Maps& maps);
  ~KernelMaps();
  KernelMaps(const KernelMaps&) = delete;

  /// The heart beat for flows with this dw_flow_rule::beat: if it stops, the program leaves their packets to the
  /// sockets after DW_FLOW_BEAT_LIMIT.
  void beat(std::uint8_t cell, TimePoint now);
  void stop_beating(std::uint8_t cell);

  /// From now on packets to `key` belong to this flow. False: DW_PORT_PLACES others of our addresses have that port.
  bool add_port(const dw_flow_key& key, std::uint32_t flow);
  void remove_port(const dw_flow_key& key, std::uint32_t flow);
  std::size_t ports() const;

  /// From now on the program leaves the flow's packets to the sockets, and its counters do not change.
  void take(std::uint32_t flow);
  /// Whether a packet with the rule's addresses came to the program while the flow was taken, since dw_flow::seen was
  /// set to 0.
  bool was_seen(std::uint32_t flow) const {
    return std::atomic_ref<std::uint32_t>(flows_[flow].seen).load(std::memory_order_relaxed) != 0;
  }
  /// May be changed only between take() and give().
  dw_flow& at(std::uint32_t flow) { return flows_[flow]; }
  void give(std::uint32_t flow);
  /// A consistent copy of the flow, with the program's counters.
  dw_flow read(std::uint32_t flow) const;

 private:
  KernelMaps() = default;
  std::atomic_ref<std::uint64_t> turn(std::uint32_t flow) const {
    return std::atomic_ref<std::uint64_t>(flows_[flow].turn);
  }
  void forget();

  std::array<std::span<std::uint8_t>, 3> memory_{};
  dw_port* ports_ = nullptr;
  dw_flow* flows_ = nullptr;
  dw_flow_beat* beat_ = nullptr;
};

}  // namespace dw::nat::fast
