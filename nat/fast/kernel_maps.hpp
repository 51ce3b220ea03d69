#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "nat/fast/flow.h"
#include "nat/fast/maps.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat::fast {

/// The program's maps in this process's memory: flows and the heart's beat are plain memory that the program sees, only
/// the table of ports needs a system call. Any thread, as long as each flow has one writer.
class KernelMaps {
 public:
  /// Forgets whatever somebody entered before. Errc::system when the kernel refuses, or when they are other maps than
  /// this program's.
  static Result<std::unique_ptr<KernelMaps>> open(Maps maps);
  ~KernelMaps();
  KernelMaps(const KernelMaps&) = delete;

  /// The heart of flows with this dw_flow_rule::beat: if it stops, the program leaves their packets to the sockets
  /// after DW_FLOW_BEAT_LIMIT.
  void beat(std::uint8_t cell, TimePoint now);
  void stop_beating(std::uint8_t cell);

  /// From now on packets to `key` belong to that flow. False: the kernel refuses.
  bool add_port(const dw_flow_key& key, std::uint32_t flow);
  void remove_port(const dw_flow_key& key);

  /// From now on the program leaves its packets to the sockets, and what it counted stands still.
  void take(std::uint32_t flow);
  /// Whether a packet with the rule's addresses came to the program while the flow was taken, since dw_flow::seen was
  /// set to 0.
  bool was_seen(std::uint32_t flow) const {
    return std::atomic_ref<std::uint32_t>(flows_[flow].seen).load(std::memory_order_relaxed) != 0;
  }
  /// To be changed between take() and give() only.
  dw_flow& at(std::uint32_t flow) { return flows_[flow]; }
  void give(std::uint32_t flow);
  /// What the program counted until now, whole.
  dw_flow read(std::uint32_t flow) const;

 private:
  KernelMaps(Maps maps, dw_flow* flows, dw_flow_beat* beat) : maps_(std::move(maps)), flows_(flows), beat_(beat) {}
  std::atomic_ref<std::uint64_t> turn(std::uint32_t flow) const {
    return std::atomic_ref<std::uint64_t>(flows_[flow].turn);
  }
  void forget();

  const Maps maps_;
  dw_flow* const flows_;
  dw_flow_beat* const beat_;
};

}  // namespace dw::nat::fast
