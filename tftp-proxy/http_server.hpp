#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "sbc/base/known_sources.hpp"
#include "sbc/net/front.hpp"
#include "sbc/net/http_server.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/phones/file_step.hpp"
#include "tftp-proxy/library.hpp"

namespace dw::provisioning {

/// HTTP to the phone (TCP 6970): GET and HEAD of the names that TFTP serves, from the same Library. Always
/// Content-Length, never chunked, compressed or redirected (cisco-provisioning §6). A file whose size is
/// known is sent while it still arrives; its last octet is sent when the Library says that the file is complete, so
/// a failure half-way closes the connection and never looks like a whole file. On the loop's thread.
class PhoneHttpServer final : public net::Front {
 public:
  struct Options {
    std::uint16_t port = 6970;  ///< for listen_also(), while it does not listen yet
    unsigned max_connections = 512;
    unsigned max_connections_per_source = 32;  ///< many phones may be behind one NAT
    Duration idle_timeout = std::chrono::seconds(30);
    double min_octets_per_second = 256;
    /// A request that has no answer by then gets a 503 (a router forgets a one-sided flow in 30 s, and a
    /// phone goes on to TFTP).
    Duration first_answer = std::chrono::seconds(9);
    Duration retry_after = std::chrono::seconds(10);  ///< in a 503
    Duration slow_down = std::chrono::seconds(2);     ///< before a refusal by NameBudget is sent
    friend bool operator==(const Options&, const Options&) = default;
  };
  using StepSink = std::function<void(const phones::FileStep&)>;

  /// `library` outlives this. `on_step` hears of each GET when it is over; HEAD moves no file, and is not
  /// reported.
  PhoneHttpServer(net::Loop& loop, Library& library, KnownSources& known, const Options& options, StepSink on_step);
  ~PhoneHttpServer() override;

  /// Listens on one more address; returns it with the port that the kernel chose.
  Result<Endpoint> listen(const Endpoint& at);
  Result<void> listen_also(const std::vector<IpAddress>& addresses) override;
  void keep_listeners(std::size_t count) override;
  std::vector<Endpoint> local() const override;
  /// Takes new options. Running downloads continue. After an error nothing has changed.
  Result<void> configure(const Options& options);
  /// Answers one request; what `listen` connects to the server's door.
  void handle(const std::shared_ptr<net::HttpExchange>& exchange);

  void drain() override;
  std::size_t running() const override { return downloads_.size(); }  ///< requests that are not over
  void append_metrics(MetricsText& out) const override;

 private:
  struct Download;

  net::HttpServer::Options door_options();
  bool admits(Download& download);
  void consider(Download& download);
  bool open_service(Download& download);
  void follow(Download& download);
  void begin(Download& download);
  void begin_page(Download& download);
  void give_up_waiting(Download& download);
  void refuse(Download& download, unsigned status, phones::FileOutcome outcome, std::string text);
  void send(Download& download, net::HttpReply reply);
  void end(std::uint64_t id, bool whole, std::uint64_t octets);

  void tap(const net::HttpExchange& exchange, bool sent, const std::string& head) const;

  net::Loop& loop_;
  Library& library_;
  KnownSources& known_;
  Options options_;
  StepSink on_step_;
  std::map<std::uint64_t, std::unique_ptr<Download>> downloads_;
  std::uint64_t next_id_ = 0;
  net::LogLimit refused_log_, offence_log_{10, 100};
  std::map<unsigned, std::uint64_t> answers_;  ///< by status
  std::uint64_t octets_ = 0;
  std::uint64_t cut_slow_before_ = 0;  ///< by doors that no longer exist
  std::uint64_t cut_ = 0;              ///< answers that were cut off
  net::HttpPlaces places_;
  /// Last, so that they close first. Of those that others took the place of, `old_`, some exchanges still run.
  std::vector<std::unique_ptr<net::HttpServer>> doors_, old_;
};

}  // namespace dw::provisioning
