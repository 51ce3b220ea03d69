#pragma once
#include <cstdint>
#include <optional>

#include "nat/core/media/rtp_count.h"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/media_broker.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat {

/// One direction of a stream, as it can be carried without looking at each packet here: RTP of one sender and one SSRC,
/// on its way to one place.
struct FlowRule {
  Endpoint at, from;  ///< where it comes to us, and from whom
  Endpoint out, to;   ///< from which of our own ports it leaves, and where for
  std::uint32_t ssrc = 0;
  std::uint8_t tos = 0;
  MediaFormats formats{};  ///< payload types that may come, at most FlowTable::kMaxFormats
};

/// What has passed, and the last packet of it.
struct FlowState {
  dw_rtp_count count{};
  std::uint32_t last_timestamp = 0;
  std::uint16_t last_sequence = 0;
};

/// Who carries flows in our place. Packets that do not fit a rule come to the sockets as before. A flow's state has one
/// owner at a time: the table between start() or resume() and suspend() or leave(), else who entered it. For one
/// thread.
class FlowTable {
 public:
  static constexpr std::size_t kMaxFormats = 6;
  using Flow = std::uint32_t;
  virtual ~FlowTable() = default;
  /// From now on its packets are watched for; they still come to the sockets. None: no room, or no route.
  virtual std::optional<Flow> enter(const FlowRule& rule) = 0;
  /// From now on it is carried, and counted on from `state`. False, and nothing changes: it is not certain yet that
  /// packets have the same addresses where they are watched for as at the sockets (the host may translate them).
  virtual bool start(Flow flow, const FlowState& state) = 0;
  virtual FlowState read(Flow flow) const = 0;
  /// Nothing is carried from when it returns until resume(), which continues where it was.
  virtual FlowState suspend(Flow flow) = 0;
  virtual void resume(Flow flow) = 0;
  /// Nothing is carried any more, and the flow is forgotten.
  virtual void leave(Flow flow) = 0;
  /// To be called several times a second: without it nothing is carried after two seconds. True: routes have changed,
  /// and all flows must be taken back.
  virtual bool tick(TimePoint now) = 0;
};

}  // namespace dw::nat
