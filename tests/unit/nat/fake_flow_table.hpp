#pragma once
#include <algorithm>
#include <map>
#include <optional>

#include "nat/core/media/flow_table.hpp"
#include "nat/core/media/rtp.hpp"
#include "sbc/base/bytes.hpp"

namespace dw::nat::test {

/// Carries flows by the rules of nat/fast/FORMAT.md, in virtual time.
class FakeFlowTable final : public FlowTable {
 public:
  struct Entry {
    FlowRule rule;
    FlowState state;
    bool started = false, suspended = false;
  };
  std::map<Flow, Entry> entries;
  std::size_t entered = 0;
  bool full = false;

  bool translated = false;  ///< addresses are others where it watches

  std::optional<Flow> enter(const FlowRule& rule) override {
    if (full || rule.formats.empty() || rule.formats.size() > kMaxFormats) return std::nullopt;
    ++entered;
    entries[++last_] = {.rule = rule, .state = {}};
    return last_;
  }
  bool start(Flow flow, const FlowState& state) override {
    if (translated) return false;
    entries.at(flow).state = state;
    return entries.at(flow).started = true;
  }
  bool tick(TimePoint) override { return false; }
  FlowState read(Flow flow) const override { return entries.at(flow).state; }
  FlowState suspend(Flow flow) override {
    entries.at(flow).suspended = true;
    return entries.at(flow).state;
  }
  void resume(Flow flow) override { entries.at(flow).suspended = false; }
  void leave(Flow flow) override { entries.erase(flow); }

  /// Where it leaves for; nothing: it goes to the socket.
  std::optional<Endpoint> carry(TimePoint now, const Endpoint& at, const Endpoint& from, Bytes packet) {
    const auto header = parse_rtp(packet);
    const auto found = std::ranges::find_if(entries, [&](const auto& e) { return e.second.rule.at == at; });
    if (!header || found == entries.end() || (packet[0] & 0x0f) != 0) return std::nullopt;
    auto& [rule, state, started, suspended] = found->second;
    const auto format = std::ranges::find(rule.formats, header->payload_type, &MediaFormat::payload_type);
    const dw_rtp_packet seen{header->timestamp, header->ssrc, header->sequence, header->payload};
    if (!started || suspended || from != rule.from || header->ssrc != rule.ssrc || format == rule.formats.end() ||
        dw_rtp_restarts(&state.count, &seen))
      return std::nullopt;
    const dw_rtp_format its{format->clock_rate, format->payload_type, static_cast<std::uint8_t>(format->kind), {}};
    if (state.count.format.payload_type != header->payload_type) dw_rtp_set_format(&state.count, &its);
    dw_rtp_count_packet(&state.count, &seen, packet.size(), static_cast<std::uint64_t>(now.time_since_epoch().count()));
    state.last_timestamp = header->timestamp;
    state.last_sequence = header->sequence;
    return rule.to;
  }

 private:
  Flow last_ = 0;
};

}  // namespace dw::nat::test
