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

/// One thread that moves the packets of its streams: one epoll_wait for many sockets, one receive and one send for each
/// packet, no allocation and no lock in between. Every failure is counted. Nothing is queued: a queue would add delay.
/// More than 30 methods, nearly all private: the steps of one loop over one packet, kept apart so that each can be
/// read.
class MediaWorker {
 public:
  static constexpr std::size_t kMaxEvents = 512;  ///< sockets served before commands and keepalives are looked at again
  static constexpr std::size_t kMaxCommands = 1024;  ///< posted and not yet carried out
  static constexpr int kMaxCatchUp = 32;  ///< rounds in which a socket that is behind may take a batch at once
  static constexpr int kMaxDrain = 4;     ///< likewise, a socket whose flow is about to be carried
  /// With a FlowTable: the interval of FlowTable::tick(). Each stream is published once every kSweepParts ticks.
  static constexpr Duration kFlowTick = std::chrono::milliseconds(125);

  struct Command {
    enum class Kind : std::uint8_t {
      add,
      remove,
      reopen,
      phone,
      phone_address,  ///< `endpoint` has port 0
      far_end,
      sources,
      formats_to_phone,
      formats_to_central,
      bridge,
      feed,
      way,  ///< `endpoint`: the anchor for RelaySession::open_way
      opaque,
      rtp,
      tos,  ///< for later packets of our own; the sockets are set already
      silence,
      settle,  ///< publish the counters now
      flows,
      stop
    };
    Kind kind{};
    MediaStream* stream = nullptr;
    MediaStream* other = nullptr;  ///< for bridge: on the same thread, or null
    std::optional<Endpoint> endpoint{}, rtcp{};
    std::shared_ptr<const MediaSources> sources{};
    std::shared_ptr<const MediaFormats> formats{};
    std::shared_ptr<FlowTable> flows{};  ///< null: sockets only
    std::uint8_t tos = 0;
  };

  /// Written by the thread alone.
  struct Totals {
    using Count = std::atomic<std::uint64_t>;
    /// There is one writer, so no locked instruction is needed.
    static void add(Count& counter, std::uint64_t more) {
      counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }
    Count from_phone = 0, from_central = 0;  ///< packets received, RTP and RTCP
    Count sent = 0;
    Count strangers = 0, invalid = 0, oversized = 0;
    Count nowhere = 0;   ///< valid, but had no destination at that time
    Count held = 0;      ///< kept for a phone that was not heard yet
    Count late = 0;      ///< waited in our socket for too long
    Count overflow = 0;  ///< dropped because the socket's buffer was full
    Count keepalives = 0;
    Count keepalives_taken = 0;  ///< keepalives received that are not RTP
    Count openers = 0;           ///< sent so that a router on the central side lets the far end in
    Count send_errors = 0, receive_errors = 0;
  };

  /// `keepalive`, `max_age`: see RelayOptions. Errc::system when no thread or descriptor can be made.
  static Result<std::unique_ptr<MediaWorker>> start(Duration keepalive, Duration max_age, TimePoint (*clock)());
  /// Stops and joins the thread. Sockets of streams that were not removed stay open; their owner closes them.
  ~MediaWorker();

  /// Takes effect at the next sweep. May be called on any thread.
  void set_keepalive(Duration keepalive) { keepalive_.store(keepalive, std::memory_order_relaxed); }

  /// Commands are carried out in order. Blocks while kMaxCommands are waiting.
  void post(const Command& command);
  const Totals& totals() const { return totals_; }

  /// How many `remove` commands were carried out, modulo 2^32. That many streams, in the order of the commands, have
  /// closed their sockets and belong to the signalling thread again.
  std::uint32_t removed() const { return removed_.load(std::memory_order_acquire); }
  /// Blocks until removed() differs from `before`.
  void wait_removed(std::uint32_t before) const { removed_.wait(before, std::memory_order_acquire); }
  /// Blocks until the stream's counters are published.
  void settle(MediaStream& stream);

 private:
  MediaWorker(Duration keepalive, Duration max_age, TimePoint (*clock)(), net::Descriptor epoll, net::Descriptor wake);
  void run();
  Duration tick() const;
  int timeout() const;
  void run_commands();
  void perform(const Command& command);
  void add(MediaStream& stream);
  void end(MediaStream& stream);
  void sweep();
  void keep_way_open(MediaStream& stream);

  void carry_by(std::shared_ptr<FlowTable> flows);
  /// Makes or removes the stream's Promotion, as its state now demands.
  void renew(MediaStream& stream);
  void bridge(MediaStream& stream, MediaStream* other);
  /// Its packets come to the sockets again.
  void take_back(MediaStream& stream);
  /// Adds the packets that were carried since the last time to the totals.
  void collect(MediaStream& stream);

  static void prefetch(std::span<const epoll_event> batch, std::size_t at);
  void on_readable(MediaSocket& socket);
  /// The socket's next packets are old: reads many at once, so that fresh packets are reached sooner.
  void catch_up(MediaSocket& socket);
  /// Its flow may be carried once no packet waits there.
  static bool is_watched(const MediaSocket& socket);
  void drain(MediaSocket& socket);
  /// `followed`: by others of this socket that have been received too.
  void on_datagram(MediaSocket& socket, const MediaReceiver::Datagram& datagram, bool late, bool followed);
  /// `late`: counted, but not sent.
  RelaySession::Sent pass(MediaStream& stream, Port in, const RelaySession::Outcome& outcome, Bytes packet, bool late);
  RelaySession::Sent deliver(MediaStream& stream, Port out, const RelaySession::Outcome& outcome, Bytes packet);
  void count_packet(MediaStream& stream, Port in, RelaySession::Sent sent, bool late);
  void release_held(MediaStream& stream);
  bool send(MediaStream& stream, Port out, const Endpoint& to, Bytes packet);

  std::atomic<Duration> keepalive_;
  TimePoint (*const clock_)();
  const net::Descriptor epoll_, wake_;
  CommandQueue<Command, kMaxCommands> commands_;
  Totals totals_;
  std::atomic<std::uint32_t> removed_ = 0, settled_ = 0;

  // Used by the media thread only.
  std::vector<MediaStream*> streams_, leaving_;
  std::shared_ptr<FlowTable> flows_;
  HoldRing held_;
  AgeLimit age_limit_;
  std::unique_ptr<MediaReceiver> receiver_;
  TimePoint now_{}, next_sweep_{};
  std::size_t swept_ = 0;    ///< index at which the next sweep begins
  std::uint32_t batch_ = 0;  ///< number of epoll_wait calls that returned
  bool crowded_ = false;     ///< the last epoll_wait returned kMaxEvents
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace dw::nat
