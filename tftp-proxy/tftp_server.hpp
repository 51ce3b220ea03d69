#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "sbc/base/known_sources.hpp"
#include "sbc/base/token_bucket.hpp"
#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/front.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/phones/file_step.hpp"
#include "tftp-proxy/core/tftp_sessions.hpp"
#include "tftp-proxy/library.hpp"

namespace dw::provisioning {

/// TFTP to the phones: the sockets, the timer and the files for tftp::Sessions, which decides everything. One
/// socket per address to listen on, and with single_port off one more per transfer. On the loop's thread.
class TftpServer final : public net::Front {
 public:
  struct Options {
    std::vector<IpAddress> listen;
    std::uint16_t port = 69;  ///< 0: any free one, the same on all addresses
    int dscp = 0;
    tftp::SessionsOptions sessions;  ///< hash_seed is chosen here
    friend bool operator==(const Options&, const Options&) = default;
  };
  using StepSink = std::function<void(const phones::FileStep&)>;

  /// `library` outlives the server. `on_step` hears of each transfer when it is over, and of requests that
  /// were refused with an ERROR. Errc::system with a sentence for the operator if a port is taken.
  static Result<std::unique_ptr<TftpServer>> start(net::Loop& loop, const Options& options, Library& library,
                                                   KnownSources& known, StepSink on_step);
  ~TftpServer() override;

  std::vector<Endpoint> local() const override;
  Result<void> listen_also(const std::vector<IpAddress>& addresses) override;
  void keep_listeners(std::size_t count) override;
  /// Changes what can change while it runs: everything in `sessions`.
  void configure(const Options& options) { sessions_.configure(options.sessions); }
  /// Requests from now on get no answer, so that phones ask again.
  void drain() override { sessions_.drain(); }
  std::size_t running() const override { return sessions_.active(); }
  void append_metrics(MetricsText& out) const override;

 private:
  /// A file that is still arriving for one transfer.
  struct Watch {
    ContentPtr content;
    Content::Subscription subscription;
  };

  TftpServer(net::Loop& loop, const Options& options, Library& library, KnownSources& known, StepSink on_step);
  Result<void> listen(const Options& options);
  Result<void> open_listeners(const std::vector<IpAddress>& addresses, std::uint16_t port);
  void receive_from(std::size_t first);
  Result<void> listen_on(const std::vector<IpAddress>& addresses, std::uint16_t port);

  bool admits(const net::Datagram& datagram);
  void on_datagrams(std::size_t via, std::span<const net::Datagram> datagrams);
  void on_tid_datagrams(tftp::SessionId id, std::uint32_t via, std::span<const net::Datagram> datagrams);
  void on_change(tftp::SessionId id);
  void on_time();

  void perform();
  void send();
  void send_aside(const tftp::Outbox::Aside& aside);
  void open(const tftp::Outbox::Open& wanted);
  bool open_socket(const tftp::Outbox::Open& wanted);
  void end(const tftp::TransferReport& report);
  void refused(const tftp::RefusedRequest& request);
  Endpoint tid_endpoint(tftp::SessionId id, const IpAddress& address) const;
  net::DatagramSocket* socket_of(const tftp::Outbox::Datagram& datagram);
  void arm();

  void tap(const Endpoint& local, const Endpoint& peer, bool sent, Bytes octets) const;

  net::Loop& loop_;
  Library& library_;
  StepSink on_step_;
  tftp::Sessions sessions_;
  tftp::Outbox out_;
  net::Timer timer_;
  std::optional<TimePoint> armed_for_;
  int dscp_;
  std::uint16_t port_ = 0;  // of all listeners
  std::vector<net::DatagramSocket> listeners_;
  std::unordered_map<std::uint32_t, net::DatagramSocket> tid_sockets_;  // by slot
  std::unordered_map<std::uint32_t, Watch> watches_;                    // by slot
  net::LogLimit offence_log_{10, 100};
  net::LogLimit refused_log_, socket_log_, ended_log_{20, 200};
  /// Limits steps of unproven peers: a flood of forged requests must not fill the story.
  TokenBucket unproven_steps_{50, 500};
};

}  // namespace dw::provisioning
