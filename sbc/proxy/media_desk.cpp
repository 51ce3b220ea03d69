#include "sbc/proxy/media_desk.hpp"

#include <algorithm>
#include <utility>

#include "sbc/net/log.hpp"
#include "sbc/net/random.hpp"

namespace dw::proxy {
namespace {

constexpr std::size_t kMaxFormer = 4;  ///< earlier central-facing addresses of one stream that are remembered
constexpr Duration kCutOff = std::chrono::seconds(3);  ///< without a packet

/// Nothing when it is the next port, which needs no mention.
std::optional<Endpoint> unless_next(const std::optional<Endpoint>& rtcp, const Endpoint& rtp) {
  const bool next = rtcp && rtcp->address == rtp.address && rtcp->port == rtp.port + 1;
  return next ? std::nullopt : rtcp;
}

}  // namespace

MediaDesk::MediaDesk(net::Loop& loop, nat::Relay& relay, const Options& options)
    : loop_(loop),
      relay_(relay),
      options_(options),
      counts_(0, KeyedHash(net::random_u64())),
      timer_(loop, [this] { end_due(); }),
      look_(loop, [this] {
        drops_.look(relay_.counts());
        look_.arm_after(MediaDrops::kEvery);
      }) {
  look_.arm_after(MediaDrops::kEvery);
}

MediaDesk::~MediaDesk() {
  for (const auto& [id, stream] : streams_)
    relay_.close(id);
  for (const auto& [when, id] : lingering_)
    relay_.close(id);
}

nat::StreamRequest MediaDesk::relay_request(const MediaRequest& request,
                                            const std::optional<nat::OutsidePorts::Pair>& lent) {
  nat::StreamRequest out{request.phone_side, request.central_side,
                         request.phone,      request.other_servers,
                         options_.sources,   options_.lan,
                         options_.symmetric, lent ? std::vector{lent->local.port} : mapped_ports(request.central_side)};
  if (request.call_server) out.call_servers.push_back(request.call_server);
  return out;
}

/// Once half of the streams are in use, no source may have more than a quarter of them.
bool MediaDesk::takes_too_much(const IpAddress& source) const {
  const std::size_t capacity = relay_.capacity();
  const auto held = counts_.find(source);
  return held != counts_.end() && streams_.size() >= capacity / 2 &&
         held->second >= std::max<std::size_t>(1, capacity / 4);
}

Result<MediaPorts> MediaDesk::open(const MediaRequest& request) {
  const IpAddress source = source_of(request.phone);
  if (takes_too_much(source)) return fail(Errc::exhausted, source.to_string() + " has a quarter of all streams");
  const auto lent = outside_pair(request.central_side);
  const auto opened = relay_.open(relay_request(request, lent));
  const Endpoint central{request.central_side, opened ? opened->central_port : std::uint16_t{0}};
  const bool taken = lent && lent->local == central;
  if (lent && !taken) outside_->give_back(lent->local);  // another program was quicker
  if (!opened) return std::unexpected(opened.error());
  if (taken) lent_[opened->id] = lent->local;
  Stream stream;
  stream.request = request;
  stream.central = central;
  const Advertised at = taken ? Advertised{lent->external, lent->rtcp} : advertised(central);
  stream.ports = {opened->id,
                  {options_.phone_advertise.value_or(request.phone_side), opened->phone_port},
                  at.rtp,
                  unless_next(at.rtcp, at.rtp)};
  if (options_.tos) relay_.set_tos(opened->id, *options_.tos);
  if (const auto anchor = way_anchor(central)) relay_.open_way(opened->id, *anchor);
  by_central_facing_[stream.ports.central_facing] = opened->id;
  ++counts_[source];
  return streams_.emplace(opened->id, std::move(stream)).first->second.ports;
}

std::optional<nat::OutsidePorts::Pair> MediaDesk::outside_pair(const IpAddress& central_side) {
  if (!outside_ || options_.central_advertise || !mapped_.empty()) return std::nullopt;
  return outside_->take(central_side);
}

/// A pair that the router maps when asked is open to everybody.
std::optional<Endpoint> MediaDesk::way_anchor(const Endpoint& central) const {
  const bool forwarded =
      options_.central_advertise || std::ranges::find(mapped_, central, &MappedPair::local) != mapped_.end();
  return outside_ && !forwarded ? outside_->anchor(central.address) : std::nullopt;
}

void MediaDesk::end(MediaId id) {
  join(feeds_.forget(id));
  relay_.close(id);
  const auto at = lent_.find(id);
  if (at == lent_.end()) return;
  outside_->give_back(at->second);
  lent_.erase(at);
}

void MediaDesk::set_mapped(std::vector<MappedPair> pairs) {
  mapped_ = std::move(pairs);
  next_mapped_ = 0;
  outside_changed();
}

std::vector<std::uint16_t> MediaDesk::mapped_ports(const IpAddress& central_side) {
  std::vector<std::uint16_t> ports;
  if (options_.central_advertise) return ports;
  for (std::size_t i = 0; i < mapped_.size(); ++i) {
    const MappedPair& pair = mapped_[(next_mapped_ + i) % mapped_.size()];
    if (pair.local.address == central_side) ports.push_back(pair.local.port);
  }
  return ports;
}

/// Without a mapping it is the same port at the router's address, where that is known to keep port numbers.
std::optional<MediaDesk::Advertised> MediaDesk::outside_now(const Endpoint& local) const {
  if (options_.central_advertise) return Advertised{{*options_.central_advertise, local.port}, {}};
  const auto pair = std::ranges::find(mapped_, local, &MappedPair::local);
  if (pair != mapped_.end()) return Advertised{pair->external, pair->rtcp};
  const auto seen = outside_ ? outside_->seen(local) : std::nullopt;
  return seen ? std::optional(Advertised{*seen, {}}) : std::nullopt;
}

/// Else our own address, as for a server that learns where packets come from.
MediaDesk::Advertised MediaDesk::advertised(const Endpoint& local) {
  const auto pair = std::ranges::find(mapped_, local, &MappedPair::local);
  if (options_.central_advertise) {
    // What a person has set takes precedence.
  } else if (pair != mapped_.end()) {
    next_mapped_ = static_cast<std::size_t>(pair - mapped_.begin() + 1) % mapped_.size();
  } else if (!mapped_.empty()) {
    ++unmapped_;
  }
  return outside_now(local).value_or(Advertised{local, {}});
}

// ---- the router has another address ----

std::optional<IpAddress> MediaDesk::router_address(const Endpoint& local) const {
  if (options_.central_advertise) return std::nullopt;
  const auto pair = std::ranges::find(mapped_, local, &MappedPair::local);
  if (pair != mapped_.end()) return pair->external.address;
  return outside_ ? outside_->address(local.address) : std::nullopt;
}

MediaPorts MediaDesk::ports(MediaId id) {
  const auto at = streams_.find(id);
  if (at == streams_.end()) return {};
  Stream& stream = at->second;
  MediaPorts& ports = stream.ports;
  // What STUN learned of this very port is valid as long as the router has that address.
  const auto address = router_address(stream.central);
  const bool holds = lent_.contains(id) && (!address || *address == ports.central_facing.address);
  const auto fresh = holds ? std::nullopt : outside_now(stream.central);
  if (!fresh || fresh->rtp == ports.central_facing) return ports;
  by_central_facing_[fresh->rtp] = id;
  if (stream.former.size() == kMaxFormer) {
    by_central_facing_.erase(stream.former.front());
    stream.former.erase(stream.former.begin());
  }
  stream.former.push_back(ports.central_facing);
  ports.central_facing = fresh->rtp;
  ports.central_rtcp = unless_next(fresh->rtcp, fresh->rtp);
  stream.moved.reset();
  return ports;
}

void MediaDesk::outside_changed() {
  std::size_t streams = 0;
  for (auto& [id, stream] : streams_) {
    const auto is = router_address(stream.central);
    const IpAddress& was = stream.ports.central_facing.address;
    if (!is || *is == was || was == stream.central.address) {
      stream.moved.reset();
    } else if (!stream.moved) {
      stream.moved = loop_.now();
      move_ = Move{was, *is, loop_.now()};
      ++streams;
    }
  }
  if (streams > 0)
    spdlog::warn(
        "event=router_moved was={} address={} streams={} the central side sends them to the old address, unless it goes by "
        "where audio comes from",
        move_->was.to_string(), move_->is.to_string(), streams);
}

/// A server that sends to where audio comes from is heard again as soon as ours comes from the new address.
bool MediaDesk::cut_off(const Stream& stream, const MediaReport& report) const {
  const TimePoint now = loop_.now();
  const auto& heard = report.from_central.last;
  if (!stream.moved || now - *stream.moved < kCutOff || !heard) return false;
  const bool phone_speaks = report.from_phone.last && *report.from_phone.last > *stream.moved;
  return phone_speaks && now - *heard >= kCutOff;
}

std::optional<MediaDesk::Move> MediaDesk::router_moved() const {
  if (!move_) return std::nullopt;
  Move move = *move_;
  for (const auto& [id, stream] : streams_)
    move.streams += stream.moved && cut_off(stream, relay_.report(id)) ? 1 : 0;
  return move.streams > 0 || move.ended ? std::optional(move) : std::nullopt;
}

void MediaDesk::reopen(MediaId id) {
  if (streams_.contains(id)) relay_.reopen(id);
}

void MediaDesk::set_phone_stated(MediaId id, const Endpoint& stated) {
  const auto at = streams_.find(id);
  if (at == streams_.end()) return;
  at->second.stated = stated;
  at->second.stated_rtcp.reset();
  tell_relay(at->second);
}

void MediaDesk::set_rtcp(MediaId id, MediaSide side, const std::optional<Endpoint>& rtcp) {
  const auto at = streams_.find(id);
  if (at == streams_.end()) return;
  Stream& stream = at->second;
  if (side == MediaSide::phone) {
    stream.stated_rtcp = rtcp;
    return tell_relay(stream);
  }
  stream.far_end_rtcp = rtcp;
  if (stream.far_end_rtcp && !may_be_far_end(stream, *stream.far_end_rtcp)) stream.far_end_rtcp.reset();
  if (stream.far_end) relay_.set_far_end(id, stream.far_end, stream.far_end_rtcp);
}

/// From now on no other phone gets the address that this one had.
void MediaDesk::set_phone(MediaId id, const IpAddress& address) {
  const auto at = streams_.find(id);
  if (at == streams_.end() || at->second.request.phone == address) return;
  uncount(std::exchange(at->second.request.phone, address));
  ++counts_[source_of(address)];
  relay_.set_phone_address(id, address);
}

void MediaDesk::uncount(const IpAddress& phone) {
  const auto count = counts_.find(source_of(phone));
  if (count != counts_.end() && --count->second == 0) counts_.erase(count);
}

/// What the phone states counts if no router can have made it wrong, and never if it is another host's address.
void MediaDesk::tell_relay(const Stream& stream) {
  const IpAddress& phone = stream.request.phone;
  if (!stream.stated || stream.stated->address != phone) return relay_.set_phone(stream.ports.id, {}, {});
  std::optional<Endpoint> rtcp = stream.stated_rtcp;
  if (rtcp && rtcp->address != phone) rtcp.reset();
  if (!rtcp && stream.stated->port < 65535) rtcp = Endpoint{phone, static_cast<std::uint16_t>(stream.stated->port + 1)};
  relay_.set_phone(stream.ports.id, stream.stated, rtcp);
}

void MediaDesk::set_sources(MediaId id, const MediaSources& sources) {
  const auto at = streams_.find(id);
  if (at == streams_.end()) return;
  MediaSources allowed = sources;
  // Somebody is named: the far end, or another phone of ours.
  if (at->second.far_end || at->second.other != MediaId::none) allowed.first_comer = false;
  relay_.set_sources(id, allowed);
}

void MediaDesk::set_formats(MediaId id, MediaSide toward, const MediaFormats& formats) {
  if (streams_.contains(id)) relay_.set_formats(id, toward, formats);
}

/// No router stands between us and either phone, and both reach us at the same address. `to` has said where
/// it receives.
bool MediaDesk::may_go_direct(const Stream& from, const Stream& to) const {
  const IpAddress& says = from.stated ? from.stated->address : from.request.phone_says;
  return says == from.request.phone && to.stated && to.stated->address == to.request.phone &&
         from.request.phone_side == to.request.phone_side && from.request.phone != to.request.phone;
}

/// Media must go neither into another call nor to a service of this machine. A call server may run on it, though, with
/// media of its own.
bool MediaDesk::may_be_far_end(const Stream& stream, const Endpoint& end) const {
  const MediaRequest& request = stream.request;
  const IpAddress& a = end.address;
  if (a.is_loopback() && !request.central_side.is_loopback()) return false;
  const bool own = a == request.central_side || a == request.phone_side;
  return !own || a == request.call_server || std::ranges::find(request.other_servers, a) != request.other_servers.end();
}

void MediaDesk::join(const MediaFeeds::Changes& changes) {
  for (const auto& [from, to] : changes)
    relay_.bridge(from, to);
}

Endpoint MediaDesk::set_far_end(MediaId id, const std::optional<Endpoint>& far_end) {
  const auto at = streams_.find(id);
  if (at == streams_.end()) return {};
  Stream& stream = at->second;
  stream.other = MediaId::none;
  // After its end a stream still reports what the call was: only another far end changes that.
  if (far_end) stream.direct = false;
  stream.far_end = far_end;
  stream.far_end_rtcp.reset();
  const auto ours = far_end ? by_central_facing_.find(*far_end) : by_central_facing_.end();
  if (ours == by_central_facing_.end() || ours->second == id) {
    if (far_end && !may_be_far_end(stream, *far_end)) {
      ++refused_;
      stream.far_end.reset();
    }
    // The far end first: when the bridge ends, nothing may go to the one that was there before it.
    relay_.set_far_end(id, stream.far_end, std::nullopt);
    join(feeds_.name_other(id, !far_end));
    return stream.ports.phone_facing;
  }
  // Relayed in any case: a phone that got the other's address need not use it.
  stream.other = ours->second;
  stream.far_end.reset();
  relay_.set_far_end(id, std::nullopt, std::nullopt);
  join(feeds_.name(id, stream.other));
  const Stream& other = streams_.at(stream.other);
  // Both or neither: a phone that sends straight to the other is not heard here, so nothing could be sent to
  // it.
  const bool other_is_direct = other.other != id || other.direct;
  const bool heard = feeds_.fed_by(stream.other) == id;  // it is in no other call
  stream.direct = options_.local && heard && other_is_direct && may_go_direct(stream, other);
  return stream.direct ? *other.stated : stream.ports.phone_facing;
}

void MediaDesk::set_opaque(MediaId id, bool opaque) {
  if (streams_.contains(id)) relay_.set_opaque(id, opaque);
}

void MediaDesk::set_tos(MediaId id, std::uint8_t tos) {
  if (!options_.tos && streams_.contains(id)) relay_.set_tos(id, tos);
}

MediaReport MediaDesk::report(MediaId id) const {
  const auto at = streams_.find(id);
  if (at == streams_.end()) return {};
  MediaReport report = relay_.report(id);
  report.direct = at->second.direct;
  report.router_moved = cut_off(at->second, report);
  return report;
}

void MediaDesk::append_metrics(MetricsText& out) const {
  out.counter("dropwire_media_far_ends_refused_total",
              "Far ends that signalling named and that are this machine itself: nothing goes there.", refused_);
}

void MediaDesk::close(MediaId id, MediaEnd end) {
  const auto at = streams_.find(id);
  if (at == streams_.end()) return;
  if (move_ && at->second.moved && cut_off(at->second, relay_.report(id))) move_->ended = loop_.now();
  at->second.former.push_back(at->second.ports.central_facing);
  for (const Endpoint& former : at->second.former) {
    const auto facing = by_central_facing_.find(former);
    if (facing != by_central_facing_.end() && facing->second == id) by_central_facing_.erase(facing);
  }
  uncount(at->second.request.phone);
  streams_.erase(at);
  if (end == MediaEnd::closed) join(feeds_.forget(id));  // who was lost is heard for as long as it lasts
  // A phone may use its port for the next call at once: nothing of this one must come to it.
  if (end == MediaEnd::closed) relay_.silence(id);
  lingering_.emplace(loop_.now() + (end == MediaEnd::closed ? options_.after_closed : options_.after_lost), id);
  timer_.arm_at(lingering_.begin()->first);
}

void MediaDesk::end_due() {
  const TimePoint now = loop_.now();
  while (!lingering_.empty() && lingering_.begin()->first <= now) {
    end(lingering_.begin()->second);
    lingering_.erase(lingering_.begin());
  }
  if (!lingering_.empty()) timer_.arm_at(lingering_.begin()->first);
}

}  // namespace dw::proxy
