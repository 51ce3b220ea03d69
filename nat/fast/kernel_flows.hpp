#pragma once
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "nat/core/media/flow_table.hpp"
#include "nat/fast/kernel_maps.hpp"
#include "nat/fast/routes.hpp"

namespace dw::nat::fast {

/// Flows carried by the program in the kernel. A flow starts once the program has seen its packets, and those of the
/// opposite direction, with the addresses that the sockets see: so this host translates neither (netfilter's
/// translations apply to both directions of a connection).
class KernelFlows final : public FlowTable {
 public:
  /// After a route has changed, no flow is entered for so long.
  static constexpr Duration kUnsettled = std::chrono::seconds(1);

  /// The `part`th of `parts` equal parts of the flows, at most DW_FLOW_BEATS. The maps may be shared by all parts.
  KernelFlows(std::shared_ptr<KernelMaps> maps, std::unique_ptr<Routes> routes, unsigned part, unsigned parts);
  ~KernelFlows() override;
  KernelFlows(const KernelFlows&) = delete;

  std::optional<Flow> enter(const FlowRule& rule) override;
  bool start(Flow flow, const FlowState& state) override;
  FlowState read(Flow flow) const override;
  FlowState suspend(Flow flow) override;
  void resume(Flow flow) override;
  void leave(Flow flow) override;
  bool tick(TimePoint now) override;

 private:
  /// The path of an entered flow.
  struct Path {
    Endpoint at, from, out, to;
  };
  bool opposite_was_seen(const Path& path) const;

  const std::shared_ptr<KernelMaps> maps_;
  const std::unique_ptr<Routes> routes_;
  const std::uint8_t beat_;
  std::vector<Flow> free_;
  std::unordered_map<Flow, Path> paths_;
  std::unordered_map<Endpoint, Flow> by_port_;
  std::optional<TimePoint> changed_{};
};

}  // namespace dw::nat::fast
