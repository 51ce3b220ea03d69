#pragma once
#include <cstdint>
#include <optional>

#include "nat/core/media/rtp_count.h"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/media_broker.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// One direction of a stream that can be carried without a look at each packet here: RTP from one sender with one SSRC,
/// to one destination.
struct FlowRule {
  Endpoint at, from;  ///< our endpoint that receives it, and its sender
  Endpoint out, to;   ///< our endpoint that it leaves from, and its destination
  std::uint32_t ssrc = 0;
  std::uint8_t tos = 0;
  MediaFormats formats{};  ///< payload types that may occur, at most FlowTable::kMaxFormats
};

/// The packets so far, and the last one of them.
struct FlowState {
  dw_rtp_count count{};
  std::uint32_t last_timestamp = 0;
  std::uint16_t last_sequence = 0;
};

/// Carries flows in our place. Packets that do not match a rule come to the sockets as before. A flow's state has one
/// owner at a time: the table between start() or resume() and suspend() or leave(), otherwise the caller. For one
/// thread.
class FlowTable {
 public:
  static constexpr std::size_t kMaxFormats = 6;
  using Flow = std::uint32_t;
  virtual ~FlowTable() = default;
  /// Watches for packets of this flow from now on; they still come to the sockets. Nothing: no room, or no route.
  virtual std::optional<Flow> enter(const FlowRule& rule) = 0;
  /// Carries the flow from now on, and counts on from `state`. False, and nothing changes: it is not yet certain that
  /// the table sees the same addresses as the sockets do (this host may translate them).
  virtual bool start(Flow flow, const FlowState& state) = 0;
  virtual FlowState read(Flow flow) const = 0;
  /// When it returns, nothing is carried until resume(), which continues from the current state.
  virtual FlowState suspend(Flow flow) = 0;
  virtual void resume(Flow flow) = 0;
  /// Ends the flow and forgets it.
  virtual void leave(Flow flow) = 0;
  /// Call several times a second: without it nothing is carried after two seconds. True: routes have changed, and the
  /// caller must end all flows.
  virtual bool tick(TimePoint now) = 0;
};

}  // namespace dw::nat
