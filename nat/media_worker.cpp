#include "nat/media_worker.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <system_error>

#include "sbc/net/socket_address.hpp"

namespace dw::nat {
namespace {

/// A sweep looks at a part of the streams only, so that thousands cost no pause: each is seen
/// kSweepsPerKeepalive / kSweepParts times in a keepalive interval.
constexpr int kSweepsPerKeepalive = 32;
constexpr std::size_t kSweepParts = 8;

/// One writer: no locked instruction is needed.
void count(std::atomic<std::uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

Result<std::unique_ptr<MediaWorker>> MediaWorker::start(Duration keepalive, TimePoint (*clock)()) {
  net::Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail_errno(errno, "can't make an epoll descriptor for media");
  net::Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "can't make an event descriptor for media");
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (epoll_ctl(epoll.number(), EPOLL_CTL_ADD, wake.number(), &event) != 0)
    return fail_errno(errno, "can't watch the event descriptor for media");
  std::unique_ptr<MediaWorker> worker(new MediaWorker(keepalive, clock, std::move(epoll), std::move(wake)));
  try {
    worker->thread_ = std::thread([raw = worker.get()] { raw->run(); });
  } catch (const std::system_error& error) {
    return fail_errno(error.code().value(), "can't start a thread for media");
  }
  return worker;
}

MediaWorker::MediaWorker(Duration keepalive, TimePoint (*clock)(), net::Descriptor epoll,
                         net::Descriptor wake)
    : keepalive_(keepalive), clock_(clock), epoll_(std::move(epoll)), wake_(std::move(wake)) {}

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
    const std::span<const epoll_event> batch(events.data(), static_cast<std::size_t>(std::max(ready, 0)));
    // Commands first, as they were given before what is read now arrived; but streams that they end live
    // until the batch is done, as events in it may be theirs.
    if (std::ranges::any_of(batch, [](const epoll_event& event) { return event.data.ptr == nullptr; }))
      obey();
    for (const epoll_event& event : batch)
      if (event.data.ptr) on_readable(*static_cast<MediaSocket*>(event.data.ptr));
    for (MediaStream* stream : std::exchange(leaving_, {}))
      end(*stream);
    if (!streams_.empty() && now_ >= next_sweep_) sweep();
  }
}

int MediaWorker::timeout() const {
  if (streams_.empty()) return -1;
  const auto tick =
      std::chrono::duration_cast<std::chrono::milliseconds>(keepalive_.load(std::memory_order_relaxed) / kSweepsPerKeepalive);
  return static_cast<int>(std::max<std::int64_t>(1, tick.count()));
}

void MediaWorker::obey() {
  eventfd_t wakes = 0;
  (void)eventfd_read(wake_.number(), &wakes);
  while (const auto command = commands_.pop())
    perform(*command);
}

void MediaWorker::perform(const Command& command) {
  switch (command.kind) {
    case Command::Kind::add:
      return add(*command.stream);
    case Command::Kind::remove:
      return leaving_.push_back(command.stream);
    case Command::Kind::reopen:
      return command.stream->session.reopen();
    case Command::Kind::far_end:
      return command.stream->session.set_far_end(command.endpoint);
    case Command::Kind::bridge:
      command.stream->bridge = command.other;
      return;
    case Command::Kind::feed:
      return command.stream->session.set_feed(command.endpoint);
    case Command::Kind::opaque:
      return command.stream->session.set_opaque(true);
    case Command::Kind::rtp:
      return command.stream->session.set_opaque(false);
    case Command::Kind::silence:
      return command.stream->session.silence();
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
    // Only fails for want of kernel memory or of fs.epoll.max_user_watches; then that port stays deaf.
    if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, socket.descriptor.number(), &event) != 0)
      count(totals_.receive_errors);
  }
}

void MediaWorker::end(MediaStream& stream) {
  streams_[stream.index] = streams_.back();
  streams_[stream.index]->index = stream.index;
  streams_.pop_back();
  for (MediaSocket& socket : stream.sockets) {
    // Not left to close(): a child process could hold a copy, and events of it would name a stream that is
    // gone.
    (void)epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, socket.descriptor.number(), nullptr);
    socket.descriptor.reset();
  }
  removed_.fetch_add(1, std::memory_order_release);
  removed_.notify_one();
}

void MediaWorker::sweep() {
  const Duration interval = keepalive_.load(std::memory_order_relaxed);
  next_sweep_ = now_ + interval / kSweepsPerKeepalive;
  const std::size_t part = (streams_.size() + kSweepParts - 1) / kSweepParts;
  for (std::size_t i = 0; i < part; ++i) {
    if (++swept_ >= streams_.size()) swept_ = 0;
    MediaStream& stream = *streams_[swept_];
    const auto packet = stream.session.keepalive(now_, interval);
    if (!packet) continue;
    count(totals_.keepalives);
    send(stream, Port::phone_rtp, *stream.session.phone(), *packet);
  }
}

void MediaWorker::on_readable(MediaSocket& socket) {
  net::SocketAddress raw;
  socklen_t size = sizeof raw;
  const ssize_t length = recvfrom(socket.descriptor.number(), buffer_.data(), buffer_.size(),
                                  MSG_DONTWAIT | MSG_TRUNC, &raw.any, &size);
  if (length < 0) {
    // Whatever it is, the socket stays (media §7 trap 1).
    if (errno != EAGAIN && errno != EINTR) count(totals_.receive_errors);
    return;
  }
  if (static_cast<std::size_t>(length) > buffer_.size()) return count(totals_.oversized);
  const Bytes packet = Bytes(buffer_).first(static_cast<std::size_t>(length));
  MediaStream& stream = *socket.stream;
  const auto outcome = stream.session.on_packet(now_, socket.port, net::to_endpoint(raw), packet);
  publish(stream, socket.port, outcome);
  if (outcome.latched)
    held_.release(stream.id, now_,
                  [&](Bytes held) { send(stream, Port::phone_rtp, *stream.session.phone(), held); });
  const Port out = across(socket.port);
  if (!stream.bridge || !outcome.taken() || !on_phone_side(socket.port))
    return deliver(stream, out, outcome, packet);
  MediaStream& other = *stream.bridge;
  const auto onward = other.session.on_bridged(now_, out, packet);
  publish(other, out, onward);
  deliver(other, across(out), onward, packet);
}

void MediaWorker::publish(MediaStream& stream, Port in, const RelaySession::Outcome& outcome) {
  if (outcome.fate == RelaySession::Fate::stranger)
    stream.strangers.store(stream.session.strangers(), std::memory_order_relaxed);
  if (!outcome.taken()) return;
  count(on_phone_side(in) ? totals_.from_phone : totals_.from_central);
  if (outcome.latched) stream.phone.write(stream.session.phone());
  if (in == Port::phone_rtp) stream.from_phone.write(stream.session.from_phone());
  if (in == Port::central_rtp) stream.from_central.write(stream.session.from_central());
}

void MediaWorker::deliver(MediaStream& stream, Port out, const RelaySession::Outcome& outcome, Bytes packet) {
  using Fate = RelaySession::Fate;
  switch (outcome.fate) {
    case Fate::relay:
      send(stream, out, *outcome.to, packet);
      return;
    case Fate::hold:
      return count(held_.hold(stream.id, now_, packet) ? totals_.held : totals_.nowhere);
    case Fate::nowhere:
      return count(totals_.nowhere);
    case Fate::stranger:
      return count(totals_.strangers);
    case Fate::invalid:
      return count(totals_.invalid);
  }
}

bool MediaWorker::send(MediaStream& stream, Port out, const Endpoint& to, Bytes packet) {
  const net::SocketAddress address = net::to_socket_address(to);
  const ssize_t sent = sendto(stream.socket(out).descriptor.number(), packet.data(), packet.size(),
                              MSG_DONTWAIT | MSG_NOSIGNAL, &address.any, address.size());
  count(sent < 0 ? totals_.send_errors : totals_.sent);
  return sent >= 0;
}

}  // namespace dw::nat
