#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "nat/command_queue.hpp"
#include "nat/core/media/age_limit.hpp"
#include "nat/core/media/hold_ring.hpp"
#include "nat/media_receiver.hpp"
#include "nat/media_stream.hpp"
#include "sbc/base/result.hpp"

struct epoll_event;

namespace dw::nat {

/// One thread that moves the packets of its streams: one epoll_wait for many, one receive and one send for
/// each, no allocation and no lock between. All that may fail there is counted, nothing is queued: a queue is
/// a delay.
class MediaWorker {
 public:
  static constexpr std::size_t kMaxEvents = 512;     ///< sockets served before commands and keepalives have their turn
  static constexpr std::size_t kMaxCommands = 1024;  ///< under way to the thread
  static constexpr int kMaxCatchUp = 32;             ///< rounds in which one socket gives many at once
  /// With a FlowTable: it is called so often, and each stream is published after kSweepParts of them.
  static constexpr Duration kFlowTick = std::chrono::milliseconds(125);

  struct Command {
    enum class Kind : std::uint8_t {
      add,
      remove,
      reopen,
      phone,
      phone_address,  ///< `endpoint`: at port 0
      far_end,
      sources,
      formats_to_phone,
      formats_to_central,
      bridge,
      feed,
      way,  ///< `endpoint`: the anchor of RelaySession::open_way
      opaque,
      rtp,
      tos,  ///< sockets have theirs already
      silence,
      settle,  ///< publish what is known now
      flows,
      stop
    };
    Kind kind{};
    MediaStream* stream = nullptr;
    MediaStream* other = nullptr;  ///< bridge: of this thread, or none
    std::optional<Endpoint> endpoint{}, rtcp{};
    std::shared_ptr<const MediaSources> sources{};
    std::shared_ptr<const MediaFormats> formats{};
    std::shared_ptr<FlowTable> flows{};  ///< none: by sockets only
    std::uint8_t tos = 0;
  };

  /// Written by the thread alone.
  struct Totals {
    using Count = std::atomic<std::uint64_t>;
    Count from_phone = 0, from_central = 0;  ///< packets taken, RTP and RTCP
    Count sent = 0;
    Count strangers = 0, invalid = 0, oversized = 0;
    Count nowhere = 0;   ///< taken, but nobody wanted them then
    Count held = 0;      ///< kept for a phone that was not heard yet
    Count late = 0;      ///< waited here for too long
    Count overflow = 0;  ///< found the socket's buffer full
    Count keepalives = 0;
    Count keepalives_taken = 0;  ///< that were no RTP
    Count openers = 0;           ///< sent so that a router on the central side lets the far end in
    Count send_errors = 0, receive_errors = 0;
  };

  /// `keepalive`, `max_age`: see RelayOptions. Errc::system when the kernel grants no thread or descriptor.
  static Result<std::unique_ptr<MediaWorker>> start(Duration keepalive, Duration max_age, TimePoint (*clock)());
  /// Stops and joins the thread. Sockets of streams that were not removed stay open until their owner ends
  /// them.
  ~MediaWorker();

  /// From its next look on; any thread.
  void set_keepalive(Duration keepalive) { keepalive_.store(keepalive, std::memory_order_relaxed); }

  /// In order; waits while kMaxCommands are under way.
  void post(const Command& command);
  const Totals& totals() const { return totals_; }

  /// How many `remove` commands were carried out, modulo 2^32: that many streams, in the order of the
  /// commands, have no open socket any more and belong to who posted them.
  std::uint32_t removed() const { return removed_.load(std::memory_order_acquire); }
  /// Returns as soon as removed() is not `before`.
  void wait_removed(std::uint32_t before) const { removed_.wait(before, std::memory_order_acquire); }
  /// Returns when what the stream has counted is published.
  void settle(MediaStream& stream);

 private:
  MediaWorker(Duration keepalive, Duration max_age, TimePoint (*clock)(), net::Descriptor epoll, net::Descriptor wake);
  void run();
  Duration tick() const;
  int timeout() const;
  void obey();
  void perform(const Command& command);
  void add(MediaStream& stream);
  void end(MediaStream& stream);
  void sweep();
  void keep_way_open(MediaStream& stream);

  void carry_by(std::shared_ptr<FlowTable> flows);
  /// Its packets may be carried, or may not any more.
  void renew(MediaStream& stream);
  void bridge(MediaStream& stream, MediaStream* other);
  /// All its packets come to the sockets again.
  void take_back(MediaStream& stream);
  /// Counts what was carried until now.
  void collect(MediaStream& stream);

  static void prefetch(std::span<const epoll_event> batch, std::size_t at);
  void on_readable(MediaSocket& socket);
  /// The socket's next packets are old: takes many at once, so that those that are not have their turn.
  void catch_up(MediaSocket& socket);
  void on_datagram(MediaSocket& socket, const MediaReceiver::Datagram& datagram, bool late);
  /// `late`: it is counted, and goes nowhere.
  RelaySession::Sent pass(MediaStream& stream, Port in, const RelaySession::Outcome& outcome, Bytes packet, bool late);
  RelaySession::Sent deliver(MediaStream& stream, Port out, const RelaySession::Outcome& outcome, Bytes packet);
  void close_books(MediaStream& stream, Port in, RelaySession::Sent sent, bool late);
  void release_held(MediaStream& stream);
  bool send(MediaStream& stream, Port out, const Endpoint& to, Bytes packet);

  std::atomic<Duration> keepalive_;
  TimePoint (*const clock_)();
  const net::Descriptor epoll_, wake_;
  CommandQueue<Command, kMaxCommands> commands_;
  Totals totals_;
  std::atomic<std::uint32_t> removed_ = 0, settled_ = 0;

  // The thread's own.
  std::vector<MediaStream*> streams_, leaving_;
  std::shared_ptr<FlowTable> flows_;
  HoldRing held_;
  AgeLimit age_limit_;
  std::unique_ptr<MediaReceiver> receiver_;
  TimePoint now_{}, next_sweep_{};
  std::size_t swept_ = 0;    ///< where the next sweep begins
  std::uint32_t batch_ = 0;  ///< counts what epoll_wait gave
  bool crowded_ = false;     ///< the last one was full
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace dw::nat
