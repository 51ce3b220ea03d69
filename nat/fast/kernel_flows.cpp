#include "nat/fast/kernel_flows.hpp"

#include <netinet/in.h>

#include <utility>

namespace dw::nat::fast {
namespace {

std::uint32_t network_order(const IpAddress& address) {
  return htonl(address.v4_host_order());
}

dw_flow_key key_of(const Endpoint& at) {
  return {.address = network_order(at.address), .port = htons(at.port), .unused = 0};
}

dw_flow_rule rule_of(const FlowRule& rule, const Routes::Way& way, std::uint8_t beat) {
  dw_flow_rule out{};
  out.from_address = network_order(rule.from.address);
  out.from_port = htons(rule.from.port);
  out.out_address = network_order(rule.out.address);
  out.out_port = htons(rule.out.port);
  out.to_address = network_order(rule.to.address);
  out.to_port = htons(rule.to.port);
  out.next_hop = network_order(way.next_hop);
  out.interface = way.interface;
  out.max_octets = way.mtu;
  out.ssrc = rule.ssrc;
  out.tos = rule.tos;
  out.beat = beat;
  for (const MediaFormat& f : rule.formats)
    out.format[out.formats++] = {f.clock_rate, f.payload_type, static_cast<std::uint8_t>(f.kind), {}};
  return out;
}

FlowState state_of(const dw_flow& flow) {
  return {.count = flow.count, .last_timestamp = flow.last_timestamp, .last_sequence = flow.last_sequence};
}

}  // namespace

KernelFlows::KernelFlows(std::shared_ptr<KernelMaps> maps, std::unique_ptr<Routes> routes, unsigned part,
                         unsigned parts)
    : maps_(std::move(maps)), routes_(std::move(routes)), beat_(static_cast<std::uint8_t>(part)) {
  const Flow each = DW_FLOW_MAX / parts;
  for (Flow i = each; i-- > 0;)
    free_.push_back(part * each + i);
}

KernelFlows::~KernelFlows() {
  while (!paths_.empty())
    leave(paths_.begin()->first);
  maps_->stop_beating(beat_);
}

std::optional<FlowTable::Flow> KernelFlows::enter(const FlowRule& rule) {
  static_assert(kMaxFormats == DW_FLOW_FORMATS);
  const bool possible = rule.from.address.is_v4() && rule.to.address.is_v4() && rule.at.address.is_v4() &&
                        rule.out.address.is_v4() && !rule.formats.empty() && rule.formats.size() <= kMaxFormats;
  if (!possible || free_.empty() || changed_ || by_port_.contains(rule.at)) return std::nullopt;
  const auto way = routes_->find(rule.out, rule.to, rule.tos);
  if (!way) return std::nullopt;
  const Flow flow = free_.back();
  maps_->take(flow);
  dw_flow& entry = maps_->at(flow);
  entry.rule = rule_of(rule, *way, beat_);
  entry.count = entry.onward = {};
  entry.seen = 0;
  if (!maps_->add_port(key_of(rule.at), flow)) return std::nullopt;
  free_.pop_back();
  paths_[flow] = {rule.at, rule.from, rule.out, rule.to};
  by_port_[rule.at] = flow;
  return flow;
}

bool KernelFlows::opposite_was_seen(const Path& path) const {
  const auto opposite = by_port_.find(path.out);
  if (opposite == by_port_.end() || !maps_->was_seen(opposite->second)) return false;
  const Path& back = paths_.at(opposite->second);
  return back.from == path.to && back.out == path.at && back.to == path.from;
}

bool KernelFlows::start(Flow flow, const FlowState& state) {
  if (!maps_->was_seen(flow) || !opposite_was_seen(paths_.at(flow))) return false;
  dw_flow& entry = maps_->at(flow);
  entry.count = state.count;
  entry.last_timestamp = state.last_timestamp;
  entry.last_sequence = state.last_sequence;
  maps_->give(flow);
  return true;
}

FlowState KernelFlows::read(Flow flow) const {
  return state_of(maps_->read(flow));
}

FlowState KernelFlows::suspend(Flow flow) {
  maps_->take(flow);
  return state_of(maps_->at(flow));
}

void KernelFlows::resume(Flow flow) {
  maps_->give(flow);
}

void KernelFlows::leave(Flow flow) {
  const auto path = paths_.find(flow);
  if (path == paths_.end()) return;
  maps_->take(flow);
  maps_->remove_port(key_of(path->second.at), flow);
  by_port_.erase(path->second.at);
  paths_.erase(path);
  free_.push_back(flow);
}

bool KernelFlows::tick(TimePoint now) {
  maps_->beat(beat_, now);
  const bool news = routes_->changed();
  if (news)
    changed_ = now;
  else if (changed_ && now - *changed_ >= kUnsettled)
    changed_.reset();
  return news;
}

}  // namespace dw::nat::fast
