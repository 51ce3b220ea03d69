#pragma once
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "nat/core/media/flow_table.hpp"
#include "nat/fast/kernel_maps.hpp"
#include "nat/fast/routes.hpp"

namespace dw::nat::fast {

/// Flows carried by the program in the kernel. A flow starts once the program has seen packets of both directions with
/// the same addresses as the sockets see: so this host translates neither (netfilter's translations apply to both
/// directions of a connection).
class KernelFlows final : public FlowTable {
 public:
  /// No flow is entered for this long after a route has changed.
  static constexpr Duration kUnsettled = std::chrono::seconds(1);

  /// Part number `part` of `parts` equal parts of the flows, at most DW_FLOW_BEATS parts. All parts may share the maps.
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
