#include "sbc/sip/call_media.hpp"

#include <algorithm>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/multipart.hpp"

namespace dw::sip {
namespace {

constexpr std::string_view kSdp = "application/sdp";

bool is_sdp(std::string_view content_type) {
  TextCursor cursor(content_type);
  return equal_ignoring_case(trim(cursor.take_until(";")), kSdp);
}

}  // namespace

Result<std::optional<std::string>> CallMedia::rewrite(TimePoint now, const Message& m, Side from,
                                                      Standing standing, const MediaRequest& request,
                                                      MediaBroker& broker) {
  if (m.body().empty() || m.find(FieldName::content_encoding)) return std::nullopt;
  const std::string_view type = m.value_of(FieldName::content_type);
  std::string out;
  if (is_sdp(type)) {
    if (const auto ok = rewrite_sdp_body(now, m.body(), from, standing, request, broker, out); !ok) {
      if (ok.error().code == Errc::exhausted) return std::unexpected(ok.error());
      return std::nullopt;  // passes as it came: what can't be read is for the far end to refuse
    }
    return out;
  }
  if (!is_multipart(type)) return std::nullopt;
  const auto parts = parse_multipart(type, m.body());
  if (!parts) return std::nullopt;
  std::size_t at = 0;
  bool changed = false;
  for (const BodyPart& part : parts->parts()) {
    if (!is_sdp(part.content_type)) continue;
    std::string sdp;
    if (const auto ok = rewrite_sdp_body(now, part.body, from, standing, request, broker, sdp); !ok) {
      if (ok.error().code == Errc::exhausted) return std::unexpected(ok.error());
      continue;
    }
    if (!part.content_length.empty()) {
      const std::size_t length = offset_in(m.body(), part.content_length);
      out += m.body().substr(at, length - at);
      out += std::to_string(sdp.size());
      at = length + part.content_length.size();
    }
    out += m.body().substr(at, part.offset - at);
    out += sdp;
    at = part.offset + part.body.size();
    changed = true;
  }
  if (!changed) return std::nullopt;
  out += m.body().substr(at);
  return out;
}

Result<void> CallMedia::rewrite_sdp_body(TimePoint now, std::string_view body, Side from, Standing standing,
                                         const MediaRequest& request, MediaBroker& broker, std::string& out) {
  const auto sdp = parse_sdp(body);
  if (!sdp) return std::unexpected(sdp.error());
  ++descriptions_;
  const bool applies = standing == Standing::applies;
  SdpRewrite rewrite;
  rewrite.own = from == Side::access ? request.central_side : request.phone_side;
  bool held = false;
  for (std::size_t i = 0; i < sdp->count; ++i) {
    const SdpMedia& media = sdp->lines[i];
    if (streams_.size() <= i) streams_.resize(i + 1);
    Stream& stream = streams_[i];
    if (!media.relayable) {
      // Refused or over: the ports stay until the call ends, as an offer may take the line up again.
      if (applies && from == Side::central && stream.ports.id != MediaId::none) {
        stream.far_end.reset();
        stream.told_phone = broker.set_far_end(stream.ports.id, std::nullopt);
        note_both(now, stream);
      }
      continue;
    }
    held = held || media.held;
    if (stream.ports.id == MediaId::none) {
      auto ports = broker.open(request);
      if (!ports) return fail(Errc::exhausted, ports.error().text);
      stream.ports = *ports;
      stream.told_phone = ports->phone_facing;
    }
    if (applies && stream.opaque != media.opaque) {
      stream.opaque = media.opaque;
      broker.set_opaque(stream.ports.id, media.opaque);
    }
    if (from == Side::access) {
      if (const auto stated = media.endpoint(); stated && applies) {
        const bool moved = stream.phone_stated != Endpoint{} && stream.phone_stated != *stated;
        stream.phone_stated = *stated;
        broker.set_phone_stated(stream.ports.id, *stated);
        if (moved) broker.reopen(stream.ports.id);
      }
      rewrite.to[i] = stream.ports.central_facing;
      rewrite.own = stream.ports.central_facing.address;
    } else {
      if (applies) {
        stream.far_end = media.endpoint();
        stream.told_phone = broker.set_far_end(stream.ports.id, stream.far_end);
      }
      rewrite.to[i] = stream.told_phone;
      rewrite.own = stream.ports.phone_facing.address;
    }
    if (!media.codec.empty() && (stream.codec.empty() || applies))
      stream.codec = media.codec.substr(0, 32);
    note_both(now, stream);
  }
  if (applies) (from == Side::access ? held_by_phone_ : held_by_far_end_) = held;
  rewrite.version = version_for(from, standing, *sdp, body, rewrite);
  ice_lines_ += rewrite_sdp(*sdp, body, rewrite, out);
  return {};
}

std::uint64_t CallMedia::version_for(Side from, Standing standing, const Sdp& sdp, std::string_view body,
                                     const SdpRewrite& rewrite) {
  Versions& v = from == Side::access ? to_central_ : to_phone_;
  const std::uint64_t says = sdp.version.value_or(0);
  if (standing == Standing::informs && v.any) return says + v.offset;
  std::size_t hash = std::hash<std::string_view>{}(body);
  for (const auto& to : rewrite.to) {
    if (to) hash = hash * 31 + std::hash<Endpoint>{}(*to);
  }
  if (!v.any) {
    v = {says, says, 0, hash, true};
  } else if (hash != v.hash) {
    // The same version with other content: either of us changed something.
    if (says == v.seen) ++v.offset;
    v.seen = says;
    v.hash = hash;
    v.told = says + v.offset;
  }
  return v.told;
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

bool CallMedia::both_ways() const {
  return std::ranges::any_of(streams_, [](const Stream& s) { return s.both_since != TimePoint{}; });
}

void CallMedia::close(MediaBroker& broker, MediaEnd end) {
  for (const Stream& stream : streams_) {
    if (stream.ports.id != MediaId::none) broker.close(stream.ports.id, end);
  }
  streams_.clear();
  offers_.clear();
  answers_.clear();
}

std::vector<CallStream> CallMedia::report(TimePoint now, const MediaBroker& broker) const {
  std::vector<CallStream> all;
  for (const Stream& s : streams_) {
    if (s.ports.id == MediaId::none) continue;
    const Duration running = s.both_since == TimePoint{} ? Duration{} : now - s.both_since;
    all.push_back(
        {s.ports, s.phone_stated, s.far_end, s.codec, broker.report(s.ports.id), s.both_before + running});
  }
  return all;
}

}  // namespace dw::sip
