#include "nat/media_worker.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

namespace dw::nat {
namespace {

/// A sweep looks at only a part of the streams, so that thousands cause no pause: each stream is looked at
/// kSweepsPerKeepalive / kSweepParts times in a keepalive interval.
constexpr int kSweepsPerKeepalive = 32;
constexpr std::size_t kSweepParts = 8;

void count(MediaWorker::Totals::Count& counter) {
  MediaWorker::Totals::add(counter, 1);
}

/// Whether no packet waits in it.
bool is_empty(const MediaSocket& socket) {
  int octets = 0;
  return ioctl(socket.descriptor.number(), FIONREAD, &octets) == 0 && octets == 0;
}

}  // namespace

Result<std::unique_ptr<MediaWorker>> MediaWorker::start(Duration keepalive, Duration max_age, TimePoint (*clock)()) {
  net::Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail_errno(errno, "can't make an epoll descriptor for media");
  net::Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "can't make an event descriptor for media");
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (epoll_ctl(epoll.number(), EPOLL_CTL_ADD, wake.number(), &event) != 0)
    return fail_errno(errno, "can't watch the event descriptor for media");
  std::unique_ptr<MediaWorker> worker(new MediaWorker(keepalive, max_age, clock, std::move(epoll), std::move(wake)));
  try {
    worker->thread_ = std::thread([raw = worker.get()] { raw->run(); });
  } catch (const std::system_error& error) {
    return fail_errno(error.code().value(), "can't start a thread for media");
  }
  return worker;
}

MediaWorker::MediaWorker(Duration keepalive, Duration max_age, TimePoint (*clock)(), net::Descriptor epoll,
                         net::Descriptor wake)
    : keepalive_(keepalive),
      clock_(clock),
      epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      age_limit_(max_age),
      receiver_(std::make_unique<MediaReceiver>()) {}

MediaWorker::~MediaWorker() {
  if (!thread_.joinable()) return;
  post({.kind = Command::Kind::stop});
  thread_.join();
}

void MediaWorker::post(const Command& command) {
  commands_.push(command);
  (void)eventfd_write(wake_.number(), 1);
}

void MediaWorker::run() {
  prctl(PR_SET_NAME, "media");
  std::array<epoll_event, kMaxEvents> events;
  while (!stopping_) {
    const int ready = epoll_wait(epoll_.number(), events.data(), static_cast<int>(events.size()), timeout());
    now_ = clock_();
    receiver_->look_at_clock();
    ++batch_;
    const std::span<const epoll_event> batch(events.data(), static_cast<std::size_t>(std::max(ready, 0)));
    // Commands first, as they were posted before the packets that are read now arrived. Streams that they end are freed
    // after the batch, as it may hold events of theirs.
    if (std::ranges::any_of(batch, [](const epoll_event& event) { return event.data.ptr == nullptr; })) run_commands();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      prefetch(batch, i);
      if (batch[i].data.ptr) on_readable(*static_cast<MediaSocket*>(batch[i].data.ptr));
    }
    crowded_ = batch.size() == kMaxEvents;
    for (MediaStream* stream : std::exchange(leaving_, {}))
      end(*stream);
    if (!streams_.empty() && now_ >= next_sweep_) sweep();
  }
  carry_by(nullptr);
}

/// Prefetches what the next packets touch while the kernel handles the current one.
void MediaWorker::prefetch(std::span<const epoll_event> batch, std::size_t at) {
  if (at + 2 < batch.size()) __builtin_prefetch(batch[at + 2].data.ptr, 1);
  if (at + 1 >= batch.size() || !batch[at + 1].data.ptr) return;
  const auto& socket = *static_cast<const MediaSocket*>(batch[at + 1].data.ptr);
  const MediaStream& stream = *socket.stream;
  __builtin_prefetch(&stream.sockets[static_cast<std::size_t>(across(socket.port))]);
  __builtin_prefetch(&stream.bridge);
  stream.session.prefetch(socket.port);
  (on_phone_side(socket.port) ? stream.from_phone : stream.from_central).prefetch();
}

Duration MediaWorker::tick() const {
  const Duration tick = keepalive_.load(std::memory_order_relaxed) / kSweepsPerKeepalive;
  return flows_ ? std::min(tick, kFlowTick) : tick;
}

int MediaWorker::timeout() const {
  if (streams_.empty()) return -1;
  return static_cast<int>(std::max<std::int64_t>(1, std::chrono::floor<std::chrono::milliseconds>(tick()).count()));
}

void MediaWorker::run_commands() {
  eventfd_t wakes = 0;
  (void)eventfd_read(wake_.number(), &wakes);
  while (const auto command = commands_.pop())
    perform(*command);
}

void MediaWorker::perform(const Command& command) {
  if (command.stream && command.kind != Command::Kind::settle) take_back(*command.stream);
  switch (command.kind) {
    case Command::Kind::add:
      return add(*command.stream);
    case Command::Kind::remove:
      return leaving_.push_back(command.stream);
    case Command::Kind::reopen:
      return command.stream->session.reopen();
    case Command::Kind::phone:
      command.stream->session.set_phone(now_, command.endpoint, command.rtcp);
      return release_held(*command.stream);
    case Command::Kind::phone_address:
      return command.stream->session.set_phone_address(now_, command.endpoint.value_or(Endpoint{}).address);
    case Command::Kind::far_end:
      command.stream->session.set_far_end(command.endpoint, command.rtcp);
      return keep_way_open(*command.stream);
    case Command::Kind::way:
      command.stream->session.open_way(command.endpoint.value_or(Endpoint{}));
      return keep_way_open(*command.stream);
    case Command::Kind::sources:
      return command.stream->session.set_sources(*command.sources);
    case Command::Kind::formats_to_phone:
      return command.stream->session.set_formats(MediaSide::phone, command.formats);
    case Command::Kind::formats_to_central:
      return command.stream->session.set_formats(MediaSide::central, command.formats);
    case Command::Kind::bridge:
      return bridge(*command.stream, command.other);
    case Command::Kind::feed:
      return command.stream->session.set_feed(command.endpoint);
    case Command::Kind::opaque:
      return command.stream->session.set_opaque(true);
    case Command::Kind::rtp:
      return command.stream->session.set_opaque(false);
    case Command::Kind::tos:
      command.stream->places.tos = command.tos;
      return renew(*command.stream);
    case Command::Kind::silence:
      return command.stream->session.silence();
    case Command::Kind::settle:
      collect(*command.stream);
      settled_.fetch_add(1, std::memory_order_release);
      return settled_.notify_one();
    case Command::Kind::flows:
      return carry_by(command.flows);
    case Command::Kind::stop:
      stopping_ = true;
      return;
  }
}

void MediaWorker::add(MediaStream& stream) {
  stream.index = streams_.size();
  streams_.push_back(&stream);
  for (MediaSocket& socket : stream.sockets) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &socket}};
    // Fails only for want of kernel memory or of fs.epoll.max_user_watches; then that port receives nothing.
    if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, socket.descriptor.number(), &event) != 0)
      count(totals_.receive_errors);
  }
  renew(stream);
}

void MediaWorker::end(MediaStream& stream) {
  stream.promotion.reset();
  streams_[stream.index] = streams_.back();
  streams_[stream.index]->index = stream.index;
  streams_.pop_back();
  for (MediaSocket& socket : stream.sockets) {
    // Not left to close(): a child process could hold a copy of the descriptor, and its events would name a stream that
    // is gone.
    (void)epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, socket.descriptor.number(), nullptr);
    socket.descriptor.reset();
  }
  removed_.fetch_add(1, std::memory_order_release);
  removed_.notify_one();
}

void MediaWorker::sweep() {
  const Duration interval = keepalive_.load(std::memory_order_relaxed);
  next_sweep_ = now_ + tick();
  if (flows_ && flows_->tick(now_)) std::ranges::for_each(streams_, [this](MediaStream* s) { take_back(*s); });
  const std::size_t part = (streams_.size() + kSweepParts - 1) / kSweepParts;
  for (std::size_t i = 0; i < part; ++i) {
    if (++swept_ >= streams_.size()) swept_ = 0;
    MediaStream& stream = *streams_[swept_];
    collect(stream);
    keep_way_open(stream);
    const auto packet = stream.session.keepalive(now_, interval);
    if (!packet) continue;
    count(totals_.keepalives);
    send(stream, Port::phone_rtp, *stream.session.to_phone(), *packet);
  }
}

void MediaWorker::keep_way_open(MediaStream& stream) {
  const Duration idle = keepalive_.load(std::memory_order_relaxed);
  for (const Port port : {Port::central_rtp, Port::central_rtcp}) {
    const auto to = stream.session.way_due(now_, port, idle);
    if (!to) continue;
    count(totals_.openers);
    send(stream, port, *to, stream.session.way_packet(static_cast<std::uint64_t>(stream.id)));
  }
}

void MediaWorker::on_readable(MediaSocket& socket) {
  // A socket that had no packet when the last batch was taken has no old one now. So the age is read only for sockets
  // that are behind, or for all if there were more than one batch holds; and once more after that, to read the overflow
  // counter.
  const bool again = socket.served + 1 == batch_;
  socket.served = batch_;
  const bool look = again || socket.behind || crowded_ || age_limit_.is_behind(now_);
  socket.behind = again;
  const int descriptor = socket.descriptor.number();
  const auto datagram = look ? receiver_->one(descriptor) : receiver_->plain(descriptor);
  if (!datagram) {
    // Whatever the error, the socket stays (media §7 trap 1).
    if (errno != EAGAIN && errno != EINTR) count(totals_.receive_errors);
    return;
  }
  const bool late = age_limit_.is_late(now_, datagram->age);
  on_datagram(socket, *datagram, late, false);
  if (late) catch_up(socket);
  if (is_watched(socket) && !is_empty(socket)) drain(socket);
}

void MediaWorker::catch_up(MediaSocket& socket) {
  for (int round = 0; round < kMaxCatchUp; ++round) {
    bool late = false;
    const std::size_t taken =
        receiver_->many(socket.descriptor.number(), [&](const MediaReceiver::Datagram& datagram, bool more) {
          late = age_limit_.is_late(now_, datagram.age);
          on_datagram(socket, datagram, late, more);
        });
    if (taken < MediaReceiver::kMany || !late) return;
  }
}

void MediaWorker::on_datagram(MediaSocket& socket, const MediaReceiver::Datagram& datagram, bool late, bool followed) {
  MediaStream& stream = *socket.stream;
  if (datagram.overflowed && *datagram.overflowed != socket.overflowed) {
    const std::uint32_t more = *datagram.overflowed - std::exchange(socket.overflowed, *datagram.overflowed);
    Totals::add(totals_.overflow, more);
    stream.session.on_overflow(socket.port, more);
  }
  if (datagram.oversized) return count(totals_.oversized);
  Promotion* const promotion = stream.promotion && !for_rtcp(socket.port) ? &*stream.promotion : nullptr;
  if (promotion) promotion->before(socket.port, datagram.from);
  const auto outcome = stream.session.on_packet(now_, socket.port, datagram.from, datagram.octets);
  const bool taken = outcome.taken();
  if (outcome.latched) {
    stream.phone.write(stream.session.phone());
    release_held(stream);
  }
  if (!stream.bridge || !taken || !on_phone_side(socket.port)) {
    pass(stream, socket.port, outcome, datagram.octets, late);
    if (!promotion) return;
    const bool last = !followed && promotion->is_watched(socket.port) && is_empty(socket);
    promotion->after(socket.port, datagram.from, taken, last);
    stream.is_carried.store(promotion->is_carried(), std::memory_order_relaxed);
    return;
  }
  MediaStream& other = *stream.bridge;
  const Port across_there = across(socket.port);
  const auto onward = other.session.on_bridged(now_, across_there, datagram.octets);
  const auto sent = pass(other, across_there, onward, datagram.octets, late);
  count_packet(stream, socket.port, sent, late);
}

RelaySession::Sent MediaWorker::pass(MediaStream& stream, Port in, const RelaySession::Outcome& outcome, Bytes packet,
                                     bool late) {
  using Fate = RelaySession::Fate;
  if (outcome.fate == Fate::stranger) stream.strangers.store(stream.session.strangers(), std::memory_order_relaxed);
  if (late && outcome.taken()) {
    count(totals_.late);
    count_packet(stream, in, RelaySession::Sent::failed, late);
    return RelaySession::Sent::failed;
  }
  const auto sent = deliver(stream, across(in), outcome, packet);
  if (outcome.taken()) count_packet(stream, in, sent, late);
  return sent;
}

/// Counts an accepted packet and what happened to it.
void MediaWorker::count_packet(MediaStream& stream, Port in, RelaySession::Sent sent, bool late) {
  if (late)
    stream.session.on_late(in);
  else
    stream.session.on_sent(now_, in, sent);
  count(on_phone_side(in) ? totals_.from_phone : totals_.from_central);
  if (on_phone_side(in))
    stream.from_phone.write(stream.session.from_phone());
  else
    stream.from_central.write(stream.session.from_central());
}

RelaySession::Sent MediaWorker::deliver(MediaStream& stream, Port out, const RelaySession::Outcome& outcome,
                                        Bytes packet) {
  using Fate = RelaySession::Fate;
  using Sent = RelaySession::Sent;
  switch (outcome.fate) {
    case Fate::relay:
      return send(stream, out, *outcome.to, packet) ? Sent::sent : Sent::failed;
    case Fate::hold:
      count(held_.hold(stream.id, now_, packet) ? totals_.held : totals_.nowhere);
      return Sent::failed;
    case Fate::nowhere:
      count(totals_.nowhere);
      return Sent::unwanted;
    case Fate::stranger:
      count(totals_.strangers);
      return Sent::unwanted;
    case Fate::invalid:
      count(totals_.invalid);
      return Sent::unwanted;
    case Fate::keepalive:
      count(totals_.keepalives_taken);
      return Sent::unwanted;
  }
  return Sent::unwanted;
}

/// Call once the phone has a destination.
void MediaWorker::release_held(MediaStream& stream) {
  const auto to = stream.session.to_phone();
  if (!to) return;
  bool any = false;
  held_.release(stream.id, now_, [&](Bytes held) {
    if (!send(stream, Port::phone_rtp, *to, held)) return;
    stream.session.on_held_sent();
    any = true;
  });
  if (any) stream.from_central.write(stream.session.from_central());
}

bool MediaWorker::send(MediaStream& stream, Port out, const Endpoint& to, Bytes packet) {
  const net::SocketAddress address = net::to_socket_address(to);
  const ssize_t sent = sendto(stream.socket(out).descriptor.number(), packet.data(), packet.size(),
                              MSG_DONTWAIT | MSG_NOSIGNAL, &address.any, address.size());
  count(sent < 0 ? totals_.send_errors : totals_.sent);
  return sent >= 0;
}

}  // namespace dw::nat
