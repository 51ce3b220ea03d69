#include "sbc/sip/call_media.hpp"

#include <algorithm>

#include "sbc/sip/body.hpp"
#include "sbc/sip/sdp_formats.hpp"

namespace dw::sip {
namespace {

BodyRules rules_of(const Disclosure& disclosure) {
  BodyRules rules;
  rules.own = (disclosure.own ? disclosure.own : IpAddress::v4(0)).to_string();
  if (disclosure.own) rules.hosts.allow(disclosure.own);
  rules.written_text = disclosure.in_written_text;
  if (!disclosure.in_text) return rules;
  for (const IpAddress& address : disclosure.hidden)
    rules.hosts.hide(address);
  return rules;
}

}  // namespace

Result<std::optional<std::string>> hide_media(const Message& m, const Disclosure& disclosure) {
  BodyRules rules = rules_of(disclosure);
  rules.sdp = [&](std::string_view body, std::string& out) -> Result<void> {
    const auto sdp = parse_sdp(body);
    if (!sdp) return std::unexpected(sdp.error());
    SdpRewrite rewrite;
    rewrite.own = disclosure.own;
    rewrite.hidden = disclosure.hidden;
    rewrite.version = sdp->version.value_or(0);
    if (const auto ok = rewrite_sdp(*sdp, body, rewrite, out); !ok) return std::unexpected(ok.error());
    return {};
  };
  return rewrite_body(m, rules);
}

Result<std::optional<std::string>> CallMedia::rewrite(TimePoint now, const Message& m, Side from, Standing standing,
                                                      const MediaRequest& request, const Disclosure& disclosure,
                                                      MediaBroker& broker) {
  BodyRules rules = rules_of(disclosure);
  rules.sdp = [&](std::string_view body, std::string& out) {
    return rewrite_sdp_body(now, body, from, standing, request, disclosure, broker, out);
  };
  return rewrite_body(m, rules);
}

Result<void> CallMedia::rewrite_sdp_body(TimePoint now, std::string_view body, Side from, Standing standing,
                                         const MediaRequest& request, const Disclosure& disclosure, MediaBroker& broker,
                                         std::string& out) {
  const auto sdp = parse_sdp(body);
  if (!sdp) return std::unexpected(sdp.error());
  ++descriptions_;
  const bool applies = standing == Standing::applies;
  const auto formats = sdp_formats(body);
  SdpRewrite rewrite;
  rewrite.own = disclosure.own;
  rewrite.hidden = disclosure.hidden;
  rewrite.codecs = disclosure.codecs;
  bool held = false;
  for (std::size_t i = 0; i < sdp->lines.size(); ++i) {
    const SdpMedia& media = sdp->lines[i];
    if (streams_.size() <= i) streams_.resize(i + 1);
    Stream& stream = streams_[i];
    if (!media.relayable) {
      // Refused or over: the ports stay until the call ends, as an offer may take the line up again.
      if (applies && from == Side::central && stream.ports.id != MediaId::none) {
        stream.far_end.reset();
        stream.far_name.clear();
        stream.toward_phone = broker.set_far_end(stream.ports.id, std::nullopt);
        note_both(now, stream);
      }
      continue;
    }
    held = held || media.held;
    if (stream.ports.id == MediaId::none) {
      auto ports = broker.open(request);
      if (!ports) return fail(Errc::exhausted, ports.error().text);
      stream.ports = *ports;
      stream.toward_phone = ports->phone_facing;
    }
    if (applies && stream.opaque != media.opaque) {
      stream.opaque = media.opaque;
      broker.set_opaque(stream.ports.id, media.opaque);
    }
    if (from == Side::access) {
      auto stated = media.endpoint();
      // A phone that names itself, and that no router stands before, is where its signalling comes from.
      if (!media.address && !media.host_name.empty() && request.phone_says == request.phone)
        stated = Endpoint{request.phone, media.port};
      if (stated && applies) {
        const bool moved = stream.phone_stated != Endpoint{} && stream.phone_stated != *stated;
        stream.phone_stated = *stated;
        broker.set_phone_stated(stream.ports.id, *stated);
        stream.phone_rtcp = media.rtcp_endpoint();
        broker.set_rtcp(stream.ports.id, MediaSide::phone, stream.phone_rtcp);
        if (moved) broker.reopen(stream.ports.id);
      }
      if (applies) broker.set_formats(stream.ports.id, MediaSide::phone, formats[i]);
      if (const MediaPorts current = broker.ports(stream.ports.id); current.id != MediaId::none) stream.ports = current;
      rewrite.to[i] = stream.ports.central_facing;
      rewrite.rtcp[i] = stream.ports.central_rtcp;
      rewrite.own = stream.ports.central_facing.address;
    } else {
      tell_sources(stream, *sdp, media, standing, broker);
      if (applies) {
        broker.set_formats(stream.ports.id, MediaSide::central, formats[i]);
        take_far_end(stream, media, broker);
      }
      rewrite.to[i] = stream.toward_phone;
      rewrite.own = stream.ports.phone_facing.address;
    }
    if (!media.codec.empty() && (stream.codec.empty() || applies)) stream.codec = media.codec.substr(0, 32);
    note_both(now, stream);
  }
  if (applies) (from == Side::access ? held_by_phone_ : held_by_far_end_) = held;
  rewrite.version = version_for(from, standing, *sdp, body, rewrite);
  const auto removed = rewrite_sdp(*sdp, body, rewrite, out);
  if (!removed) return std::unexpected(removed.error());
  ice_lines_ += *removed;
  return {};
}

void CallMedia::take_far_end(Stream& stream, const SdpMedia& media, MediaBroker& broker) {
  const bool named = !media.address && !media.host_name.empty();
  const bool same_name = named && stream.far_name == media.host_name;
  if (same_name && stream.far_end) {
    stream.far_end->port = media.port;  // until the answer of this lookup
  } else {
    stream.far_end = media.endpoint();
  }
  stream.far_name = named ? media.host_name : std::string_view{};
  stream.far_port = media.port;
  stream.far_rtcp_port = named ? media.rtcp_port.value_or(0) : std::uint16_t{0};
  if (named) names_.push_back(stream.far_name);
  stream.toward_phone = broker.set_far_end(stream.ports.id, stream.far_end);
  stream.far_rtcp = media.rtcp_endpoint();
  broker.set_rtcp(stream.ports.id, MediaSide::central, stream.far_rtcp);
}

void CallMedia::set_addresses(TimePoint now, std::string_view name, const std::vector<IpAddress>& addresses,
                              MediaBroker& broker) {
  for (Stream& stream : streams_) {
    if (stream.ports.id == MediaId::none || stream.far_name != name) continue;
    const bool v6 = stream.ports.central_facing.address.is_v6();
    const auto usable = [&](const IpAddress& a) { return a.is_v6() == v6 && !a.is_unspecified() && !a.is_multicast(); };
    const auto address = std::ranges::find_if(addresses, usable);
    if (address == addresses.end()) continue;
    stream.far_end = Endpoint{*address, stream.far_port};
    stream.toward_phone = broker.set_far_end(stream.ports.id, stream.far_end);
    if (stream.far_rtcp_port != 0) stream.far_rtcp = Endpoint{*address, stream.far_rtcp_port};
    broker.set_rtcp(stream.ports.id, MediaSide::central, stream.far_rtcp);
    note_both(now, stream);
  }
}

/// Audio may come from each address that is named, of another branch of the call too.
void CallMedia::tell_sources(Stream& stream, const Sdp& sdp, const SdpMedia& media, Standing standing,
                             MediaBroker& broker) {
  MediaSources sources;
  if (standing == Standing::informs) sources.named = stream.named;
  for (const auto& address : {media.address, sdp.address}) {
    if (address && !address->is_unspecified() && std::ranges::find(sources.named, *address) == sources.named.end())
      sources.named.push_back(*address);
  }
  if (sources.named == stream.named || sources.named.size() > MediaSources::kMaxNamed) return;
  stream.named = sources.named;
  broker.set_sources(stream.ports.id, sources);
}

std::uint64_t CallMedia::version_for(Side from, Standing standing, const Sdp& sdp, std::string_view body,
                                     const SdpRewrite& rewrite) {
  Versions& v = from == Side::access ? to_central_ : to_phone_;
  const std::uint64_t says = sdp.version.value_or(0);
  if (standing == Standing::informs && v.any) return says + v.offset;
  std::size_t hash = std::hash<std::string_view>{}(body);
  for (const auto* const list : {&rewrite.to, &rewrite.rtcp}) {
    for (const auto& to : *list)
      if (to) hash = hash * 31 + std::hash<Endpoint>{}(*to);
  }
  if (!v.any) {
    v = {says, says, 0, hash, true};
  } else if (hash != v.hash) {
    // The same version with other content: either of us changed something.
    if (says == v.seen) ++v.offset;
    v.seen = says;
    v.hash = hash;
    v.sent = says + v.offset;
  }
  return v.sent;
}

void CallMedia::note_both(TimePoint now, Stream& stream) {
  const bool both = stream.phone_stated.port != 0 && stream.far_end && !held();
  if (both == (stream.both_since != TimePoint{})) return;
  if (both) {
    stream.both_since = now;
  } else {
    stream.both_before += now - stream.both_since;
    stream.both_since = {};
  }
}

bool CallMedia::is_open() const {
  return std::ranges::any_of(streams_, [](const Stream& s) { return s.ports.id != MediaId::none; });
}

void CallMedia::close(MediaBroker& broker, MediaEnd end) {
  for (const Stream& stream : streams_) {
    if (stream.ports.id != MediaId::none) broker.close(stream.ports.id, end);
  }
  streams_.clear();
  offers_.clear();
  answers_.clear();
}

void CallMedia::settle(MediaBroker& broker) const {
  for (const Stream& stream : streams_) {
    if (stream.ports.id != MediaId::none) broker.settle(stream.ports.id);
  }
}

std::vector<CallStream> CallMedia::report(TimePoint now, const MediaBroker& broker) const {
  std::vector<CallStream> all;
  for (const Stream& s : streams_) {
    if (s.ports.id == MediaId::none) continue;
    const Duration running = s.both_since == TimePoint{} ? Duration{} : now - s.both_since;
    all.push_back({s.ports, s.phone_stated, s.far_end, s.codec, broker.report(s.ports.id), s.both_before + running});
  }
  return all;
}

}  // namespace dw::sip
