#include "nat/epoll_relay.hpp"

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "nat/media_socket.hpp"

namespace dw::nat {

using Kind = MediaWorker::Command::Kind;

namespace {

/// The options that can change at run time.
Result<void> check(const RelayOptions& options) {
  if (PortPool::pairs(options.first_port, options.last_port) == 0)
    return fail(Errc::invalid, fmt::format("no pair of an even port and the next lies in {}-{}", options.first_port,
                                           options.last_port));
  if (options.keepalive <= Duration::zero()) return fail(Errc::invalid, "the media keepalive needs a time above zero");
  return {};
}

}  // namespace

Result<std::unique_ptr<Relay>> make_epoll_relay(const RelayOptions& options) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_errno(errno, "can't read the limit of descriptors");
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return EpollRelay::make(options, static_cast<std::size_t>(limit.rlim_cur));
}

Result<std::unique_ptr<Relay>> EpollRelay::make(const RelayOptions& options, std::size_t descriptors) {
  if (options.threads < 1 || options.threads > kMaxThreads)
    return fail(Errc::invalid,
                fmt::format("{} media threads: from 1 to {} are possible", options.threads, kMaxThreads));
  if (auto ok = check(options); !ok) return std::unexpected(ok.error());
  std::unique_ptr<EpollRelay> relay(new EpollRelay(options, descriptors));
  for (unsigned i = 0; i < options.threads; ++i) {
    auto worker = MediaWorker::start(options.keepalive, options.max_age, options.clock);
    if (!worker) return std::unexpected(worker.error());
    relay->threads_.push_back(std::make_unique<Thread>());
    relay->threads_.back()->worker = std::move(*worker);
  }
  return relay;
}

EpollRelay::~EpollRelay() {
  for (const auto& thread : threads_)
    thread->worker.reset();  // join the thread before any stream is freed
}

Result<void> EpollRelay::configure(const RelayOptions& options) {
  if (auto ok = check(options); !ok) return ok;
  const bool other_ports = options.first_port != options_.first_port || options.last_port != options_.last_port;
  if (other_ports && options_.mapped_pairs != 0)
    return fail(Errc::invalid, "ports that the router maps can't become others");
  options_.first_port = options.first_port;
  options_.last_port = options.last_port;
  options_.keepalive = options.keepalive;
  options_.reserved_descriptors = options.reserved_descriptors;
  for (const auto& thread : threads_)
    thread->worker->set_keepalive(options_.keepalive);
  if (other_ports) {
    for (auto& [address, pool] : pools_)
      pool.configure(options_.first_port, options_.last_port, random_seed());
  }
  return {};
}

EpollRelay::Entry* EpollRelay::find(MediaId id) {
  const auto found = entries_.find(static_cast<std::uint64_t>(id));
  return found == entries_.end() ? nullptr : &found->second;
}

void EpollRelay::post(const Entry& entry, Kind kind, const std::optional<Endpoint>& endpoint, MediaStream* other) {
  entry.thread->worker->post({.kind = kind, .stream = entry.stream.get(), .other = other, .endpoint = endpoint});
}

Result<StreamPorts> EpollRelay::open(const StreamRequest& request) {
  if (!request.phone || !request.phone_local || !request.central_local || request.phone_local.is_unspecified() ||
      request.central_local.is_unspecified())
    return fail(Errc::invalid, "a media stream needs the phone's address and two of our own");
  await_descriptors();
  if (request.phone_local == request.central_local) same_address_ = true;
  if (entries_.size() >= by_descriptors()) {
    ++exhausted_;
    return fail(Errc::exhausted, fmt::format("{} media streams are open, more do not fit into RLIMIT_NOFILE ({})",
                                             entries_.size(), descriptors_));
  }
  auto phone = bind_pair(request.phone_local);
  auto central =
      phone ? bind_pair(request.central_local, request.central_ports) : Result<Pair>(std::unexpected(phone.error()));
  if (!central) {
    if (phone) give_back({request.phone_local, phone->port});
    if (central.error().code == Errc::exhausted) ++exhausted_;
    return std::unexpected(central.error());
  }
  const auto id = static_cast<MediaId>(++last_id_);
  Entry entry{.stream = std::make_unique<MediaStream>(
                  id, StreamRules{request.phone, allowed_senders(request), request.stated_first, request.symmetric}),
              .thread = std::ranges::min_element(threads_, {}, [](const auto& t) { return t->streams; })->get(),
              .phone = {request.phone_local, phone->port},
              .central = {request.central_local, central->port}};
  entry.stream->socket(Port::phone_rtp).descriptor = std::move(phone->rtp);
  entry.stream->socket(Port::phone_rtcp).descriptor = std::move(phone->rtcp);
  entry.stream->socket(Port::central_rtp).descriptor = std::move(central->rtp);
  entry.stream->socket(Port::central_rtcp).descriptor = std::move(central->rtcp);
  entry.stream->places = {{entry.phone.address, entry.phone.port}, {entry.central.address, entry.central.port}};
  ++entry.thread->streams;
  post(entry, Kind::add);
  entries_.emplace(last_id_, std::move(entry));
  return StreamPorts{id, phone->port, central->port};
}

void EpollRelay::reopen(MediaId id) {
  if (const Entry* entry = find(id)) post(*entry, Kind::reopen);
}

std::shared_ptr<const AllowedSenders> EpollRelay::allowed_senders(const StreamRequest& request) {
  if (!allowed_ || allowed_->servers != request.call_servers || allowed_->networks != request.networks)
    allowed_ = std::make_shared<const AllowedSenders>(AllowedSenders{request.call_servers, request.networks});
  return allowed_;
}

/// A port of this relay can't be a phone or a far end: packets sent there would come back in.
bool EpollRelay::is_ours(const std::optional<Endpoint>& end) const {
  if (!end) return false;
  const auto pool = pools_.find(end->address);
  return pool != pools_.end() && pool->second.is_taken(end->port);
}

void EpollRelay::set_phone(MediaId id, const std::optional<Endpoint>& rtp, const std::optional<Endpoint>& rtcp) {
  const Entry* entry = find(id);
  if (!entry) return;
  const bool believed = rtp && rtp->port >= kFirstPhonePort && !is_ours(rtp);
  const bool believed_rtcp = believed && rtcp && rtcp->port >= kFirstPhonePort && !is_ours(rtcp);
  entry->thread->worker->post({.kind = Kind::phone,
                               .stream = entry->stream.get(),
                               .endpoint = believed ? rtp : std::nullopt,
                               .rtcp = believed_rtcp ? rtcp : std::nullopt});
}

void EpollRelay::post_far_end(const Entry& entry) {
  entry.thread->worker->post(
      {.kind = Kind::far_end, .stream = entry.stream.get(), .endpoint = entry.far_end, .rtcp = entry.far_end_rtcp});
}

void EpollRelay::set_phone_address(MediaId id, const IpAddress& address) {
  if (const Entry* entry = find(id)) post(*entry, Kind::phone_address, Endpoint{address, 0});
}

void EpollRelay::set_far_end(MediaId id, const std::optional<Endpoint>& far_end, const std::optional<Endpoint>& rtcp) {
  Entry* entry = find(id);
  if (!entry) return;
  // Packets for one of our own ports would come back in; only a bridge may do that.
  entry->far_end = is_ours(far_end) ? std::nullopt : far_end;
  entry->far_end_rtcp = is_ours(rtcp) ? std::nullopt : rtcp;
  // Between threads the kernel delivers bridged packets, so the far end is unset until the bridge ends.
  const Entry* other = find(entry->bridge);
  if (!other || other->thread == entry->thread) post_far_end(*entry);
}

void EpollRelay::set_sources(MediaId id, const MediaSources& sources) {
  if (const Entry* entry = find(id))
    entry->thread->worker->post({.kind = Kind::sources,
                                 .stream = entry->stream.get(),
                                 .sources = std::make_shared<const MediaSources>(sources)});
}

void EpollRelay::set_formats(MediaId id, MediaSide toward, const MediaFormats& formats) {
  if (const Entry* entry = find(id))
    entry->thread->worker->post({.kind = toward == MediaSide::phone ? Kind::formats_to_phone : Kind::formats_to_central,
                                 .stream = entry->stream.get(),
                                 .formats = std::make_shared<const MediaFormats>(formats)});
}

void EpollRelay::open_way(MediaId id, const Endpoint& anchor) {
  if (const Entry* entry = find(id)) post(*entry, Kind::way, anchor);
}

void EpollRelay::unbridge(Entry& from) {
  Entry* to = find(std::exchange(from.bridge, MediaId::none));
  if (!to) return;
  to->feed = MediaId::none;
  if (to->thread == from.thread) return post(from, Kind::bridge);
  post(*to, Kind::feed);
  post_far_end(from);
}

void EpollRelay::bridge(MediaId id, MediaId other) {
  Entry* from = find(id);
  Entry* to = find(other);
  if (!from || (to && from->bridge == other)) return;
  unbridge(*from);
  if (!to) return;
  if (Entry* earlier = find(to->feed)) unbridge(*earlier);
  from->bridge = other;
  to->feed = id;
  if (to->thread == from->thread) return post(*from, Kind::bridge, {}, to->stream.get());
  post(*to, Kind::feed, Endpoint{from->central.address, from->central.port});
  post(*from, Kind::far_end, Endpoint{to->central.address, to->central.port});
}

void EpollRelay::set_opaque(MediaId id, bool opaque) {
  if (const Entry* entry = find(id)) post(*entry, opaque ? Kind::opaque : Kind::rtp);
}

void EpollRelay::set_tos(MediaId id, std::uint8_t tos) {
  const Entry* entry = find(id);
  if (!entry) return;
  // The descriptors stay open until this thread posts `remove`, so this thread may set their options.
  for (const MediaSocket& socket : entry->stream->sockets) {
    const bool v6 = (on_phone_side(socket.port) ? entry->phone : entry->central).address.is_v6();
    set_socket_tos(socket.descriptor.number(), v6, tos);
  }
  entry->thread->worker->post({.kind = Kind::tos, .stream = entry->stream.get(), .tos = tos});
}

void EpollRelay::silence(MediaId id) {
  if (const Entry* entry = find(id)) post(*entry, Kind::silence);
}

MediaReport EpollRelay::report(MediaId id) const {
  MediaReport report;
  const auto found = entries_.find(static_cast<std::uint64_t>(id));
  if (found == entries_.end()) return report;
  const MediaStream& stream = *found->second.stream;
  report.from_phone = stream.from_phone.read();
  report.from_central = stream.from_central.read();
  report.phone = stream.phone.read();
  report.far_end = found->second.far_end;
  report.strangers = stream.strangers.load(std::memory_order_relaxed);
  return report;
}

void EpollRelay::settle(MediaId id) {
  const Entry* entry = find(id);
  if (entry && entry->stream->is_carried.load(std::memory_order_relaxed)) entry->thread->worker->settle(*entry->stream);
}

void EpollRelay::close(MediaId id) {
  Entry* entry = find(id);
  if (!entry) return;
  if (Entry* feeder = find(entry->feed)) {
    feeder->far_end.reset(),
        feeder->far_end_rtcp.reset();  // it may be a port of ours, which another stream can get later
    unbridge(*feeder);
    post(*feeder, Kind::far_end);
  }
  unbridge(*entry);
  post(*entry, Kind::remove);
  --entry->thread->streams;
  entry->thread->closing.push_back({std::move(entry->stream), entry->phone, entry->central});
  entries_.erase(static_cast<std::uint64_t>(id));
  reap();
}

void EpollRelay::carry_by(const MakeFlowTable& make) {
  const auto parts = static_cast<unsigned>(threads_.size());
  for (unsigned part = 0; part < parts; ++part)
    threads_[part]->worker->post({.kind = Kind::flows, .flows = make ? make(part, parts) : nullptr});
}

std::size_t EpollRelay::carried() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      entries_, [](const auto& e) { return e.second.stream->is_carried.load(std::memory_order_relaxed); }));
}

RelayCounts EpollRelay::counts() const {
  RelayCounts out;
  for (const auto& thread : threads_) {
    const MediaWorker::Totals& totals = thread->worker->totals();
    const auto overflow = totals.overflow.load(std::memory_order_relaxed);
    out.packets += totals.from_phone.load(std::memory_order_relaxed) +
                   totals.from_central.load(std::memory_order_relaxed) + overflow;
    out.dropped += totals.late.load(std::memory_order_relaxed) + overflow;
  }
  return out;
}

void EpollRelay::append_metrics(MetricsText& out) const {
  out.gauge("dropwire_media_streams", "Media streams open.", static_cast<double>(entries_.size()));
  out.gauge("dropwire_media_streams_max", "Media streams that ports and descriptors allow.",
            static_cast<double>(capacity()));
  out.gauge("dropwire_media_fast_streams", "Media streams that the kernel carries (media.fast_path).",
            static_cast<double>(carried()));
  out.counter("dropwire_media_exhausted_total", "Streams refused for want of ports or descriptors.", exhausted_);
  const auto sum = [this](MediaWorker::Totals::Count MediaWorker::Totals::*member) {
    std::uint64_t total = 0;
    for (const auto& thread : threads_)
      total += (thread->worker->totals().*member).load(std::memory_order_relaxed);
    return total;
  };
  using Totals = MediaWorker::Totals;
  constexpr auto kTaken = "dropwire_media_packets_total";
  constexpr auto kTakenHelp = "RTP and RTCP packets taken, by where they came from.";
  out.counter(kTaken, kTakenHelp, sum(&Totals::from_phone), {{"from", "phone"}});
  out.counter(kTaken, kTakenHelp, sum(&Totals::from_central), {{"from", "central"}});
  out.counter("dropwire_media_sent_total", "Packets sent on.", sum(&Totals::sent));
  constexpr auto kDropped = "dropwire_media_dropped_total";
  constexpr auto kDroppedHelp = "Packets not sent on, by reason.";
  out.counter(kDropped, kDroppedHelp, sum(&Totals::strangers), {{"reason", "stranger"}});
  out.counter(kDropped, kDroppedHelp, sum(&Totals::invalid), {{"reason", "invalid"}});
  out.counter(kDropped, kDroppedHelp, sum(&Totals::oversized), {{"reason", "oversized"}});
  out.counter(kDropped, kDroppedHelp, sum(&Totals::nowhere), {{"reason", "nowhere to go"}});
  out.counter(kDropped, kDroppedHelp, sum(&Totals::send_errors), {{"reason", "send failed"}});
  out.counter(kDropped, kDroppedHelp, sum(&Totals::late), {{"reason", "waited here too long"}});
  out.counter(kDropped, kDroppedHelp, sum(&Totals::overflow), {{"reason", "receive buffer full"}});
  out.counter(kDropped, kDroppedHelp, sum(&Totals::keepalives_taken), {{"reason", "keepalive"}});
  out.counter("dropwire_media_held_total", "Packets held for a phone that was not heard yet.", sum(&Totals::held));
  out.counter("dropwire_media_keepalives_total", "Packets sent only to keep a phone's NAT mapping.",
              sum(&Totals::keepalives));
  out.counter("dropwire_media_openers_total",
              "Packets sent only so that a router on the central side lets the far end in.", sum(&Totals::openers));
  out.counter("dropwire_media_receive_errors_total", "Receive calls that the kernel failed.",
              sum(&Totals::receive_errors));
}

}  // namespace dw::nat
