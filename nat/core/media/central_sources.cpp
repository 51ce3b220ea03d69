#include "nat/core/media/central_sources.hpp"

#include <algorithm>

namespace dw::nat {

bool AllowedSenders::contains(const IpAddress& address) const {
  return std::ranges::find(servers, address) != servers.end() || in_networks(address);
}

bool AllowedSenders::in_networks(const IpAddress& address) const {
  return std::ranges::any_of(networks, [&](const IpNetwork& network) { return network.contains(address); });
}

void CentralSources::set_far_end(const std::optional<Endpoint>& far_end, const std::optional<Endpoint>& rtcp) {
  rtp_.name(far_end);
  rtcp_.name(rtcp);
  named_ = far_end.has_value();
  if (!far_end) return;  // the old one may go on sending: only the phone's packets no longer go there
  far_end_ = far_end->address;
  searching_ = false;
}

void CentralSources::name(const MediaSources& sources) {
  rtp_.reopen();
  rtcp_.reopen();
  sources_.named = sources.named;
  if (sources_.named.size() > MediaSources::kMaxNamed) sources_.named.resize(MediaSources::kMaxNamed);
  searching_ = sources.first_comer && !named_;
  if (searching_) first_.open_to_anybody();
}

bool CentralSources::entitled(const IpAddress& address) const {
  return (far_end_ && address == far_end_) || std::ranges::find(sources_.named, address) != sources_.named.end() ||
         (allowed_ && allowed_->contains(address));
}

bool CentralSources::is_known(TimePoint now, const Endpoint& from, const std::optional<RtpHeader>& header) {
  if (entitled(from.address)) {
    if (searching_) entitled_heard_ = now;
    return true;
  }
  if (!searching_ || (entitled_heard_ && now - *entitled_heard_ <= Latch::kSilence)) return false;
  const auto& source = first_.far_end();
  if (!header) return source && source->address == from.address;
  first_.on_rtp(now, from, header);
  return source == from;
}

bool CentralSources::takes_rtp(TimePoint now, const Endpoint& from, const std::optional<RtpHeader>& header) {
  if (!is_known(now, from, header)) return false;
  return !header || rtp_.takes(now, from, *header) || in_networks(from.address);
}

bool CentralSources::takes_opaque(TimePoint now, const Endpoint& from) {
  return is_known(now, from, std::nullopt) && (rtp_.takes(now, from) || in_networks(from.address));
}

bool CentralSources::takes_rtcp(TimePoint now, const Endpoint& from, bool valid) {
  if (!is_known(now, from, std::nullopt)) return false;
  return !valid || rtcp_.takes(now, from) || in_networks(from.address);
}

}  // namespace dw::nat
