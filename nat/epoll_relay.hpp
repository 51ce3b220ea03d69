#pragma once
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "nat/core/media/port_pool.hpp"
#include "nat/media_worker.hpp"
#include "nat/relay.hpp"

namespace dw::nat {

/// Relay on threads of our own (media §5 i). Keeps the list of streams on the signalling thread, and posts what
/// concerns packets to the media thread that owns the stream. A long class because Relay has many methods; most of them
/// only post a command.
class EpollRelay final : public Relay {
 public:
  static constexpr unsigned kMaxThreads = 64;
  static constexpr std::uint16_t kFirstPhonePort = 1024;  ///< below are services; no phone receives media there
  static constexpr int kMaxBindTries = 32;                ///< port pairs tried in a row that other programs have in use

  /// As make_epoll_relay. `descriptors`: RLIMIT_NOFILE.
  static Result<std::unique_ptr<Relay>> make(const RelayOptions& options, std::size_t descriptors);
  ~EpollRelay() override;

  Result<StreamPorts> open(const StreamRequest& request) override;
  void reopen(MediaId id) override;
  void set_phone(MediaId id, const std::optional<Endpoint>& rtp, const std::optional<Endpoint>& rtcp) override;
  void set_phone_address(MediaId id, const IpAddress& address) override;
  void set_far_end(MediaId id, const std::optional<Endpoint>& far_end, const std::optional<Endpoint>& rtcp) override;
  void set_sources(MediaId id, const MediaSources& sources) override;
  void set_formats(MediaId id, MediaSide toward, const MediaFormats& formats) override;
  void open_way(MediaId id, const Endpoint& anchor) override;
  void bridge(MediaId id, MediaId other) override;
  void set_opaque(MediaId id, bool opaque) override;
  void set_tos(MediaId id, std::uint8_t tos) override;
  void silence(MediaId id) override;
  MediaReport report(MediaId id) const override;
  void settle(MediaId id) override;
  void close(MediaId id) override;

  Result<void> configure(const RelayOptions& options) override;
  void carry_by(const MakeFlowTable& make) override;
  std::size_t carried() const override;
  std::size_t streams() const override { return entries_.size(); }
  std::size_t capacity() const override;
  RelayCounts counts() const override;
  void append_metrics(MetricsText& out) const override;

 private:
  struct Thread;
  struct Local {  ///< one side's port pair
    IpAddress address;
    std::uint16_t port = 0;
  };
  struct Pair {
    std::uint16_t port = 0;
    net::Descriptor rtp, rtcp;
  };
  struct Entry {
    std::unique_ptr<MediaStream> stream;
    Thread* thread = nullptr;
    Local phone, central;
    std::optional<Endpoint> far_end{}, far_end_rtcp{};
    MediaId bridge = MediaId::none;  ///< where our phone's packets go
    MediaId feed = MediaId::none;    ///< the stream whose phone's packets come here
  };
  struct Closing {
    std::unique_ptr<MediaStream> stream;
    Local phone, central;
  };
  struct Thread {
    std::unique_ptr<MediaWorker> worker;
    std::size_t streams = 0;
    std::deque<Closing> closing;  ///< in the order of their `remove` commands, until the thread has carried them out
    std::uint32_t reaped = 0;     ///< as MediaWorker::removed(): how many were taken from `closing`
  };

  EpollRelay(const RelayOptions& options, std::size_t descriptors) : options_(options), descriptors_(descriptors) {}
  Entry* find(MediaId id);
  void post(const Entry& entry, MediaWorker::Command::Kind kind, const std::optional<Endpoint>& endpoint = {},
            MediaStream* other = nullptr);
  void post_far_end(const Entry& entry);
  bool is_ours(const std::optional<Endpoint>& end) const;
  /// One shared object for all streams with the same sources.
  std::shared_ptr<const AllowedSenders> allowed_senders(const StreamRequest& request);
  static std::uint64_t random_seed();
  PortPool& pool(const IpAddress& address);
  Result<Pair> bind_pair(const IpAddress& address, std::span<const std::uint16_t> rather = {});
  void give_back(const Local& local);
  void unbridge(Entry& from);
  std::size_t closing() const;
  void reap();
  void await_descriptors();
  std::size_t by_descriptors() const;

  RelayOptions options_;
  const std::size_t descriptors_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::map<IpAddress, PortPool> pools_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::uint64_t last_id_ = 0;
  bool same_address_ = false;  ///< some request had the same address on both sides
  std::uint64_t exhausted_ = 0;
  std::shared_ptr<const AllowedSenders> allowed_;  ///< of the stream that was opened last
};

}  // namespace dw::nat
