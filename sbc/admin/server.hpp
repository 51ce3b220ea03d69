#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/admin/access.hpp"
#include "sbc/admin/admission_door.hpp"
#include "sbc/admin/call_history.hpp"
#include "sbc/admin/event_feed.hpp"
#include "sbc/admin/file_door.hpp"
#include "sbc/admin/judging.hpp"
#include "sbc/admin/list_door.hpp"
#include "sbc/admin/operations.hpp"
#include "sbc/admin/setup_door.hpp"
#include "sbc/admin/sources.hpp"
#include "sbc/admin/trace_door.hpp"
#include "sbc/net/http_server.hpp"
#include "sbc/net/log.hpp"

namespace dw::admin {

/// The status page, the JSON API, metrics and health, over TCP (as far as Access allows) and over the Unix control
/// socket (everything). Paths and formats: API.md. On the loop's thread; each request reads the Sources afresh.
class AdminServer {
 public:
  struct Options {
    unsigned max_connections = 64;
    std::vector<std::string> host_names;               ///< further host names by which browsers may reach this box
    Duration first_answer = std::chrono::seconds(60);  ///< for a file requested over the control socket
    friend bool operator==(const Options&, const Options&) = default;
  };

  AdminServer(net::Loop& loop, const Options& options, Sources sources);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// Listens on TCP; returns the address with the port that the kernel chose. `admits`: who may connect; empty:
  /// everybody.
  Result<Endpoint> listen(const Endpoint& at, std::function<bool(const IpAddress&)> admits = {});
  Result<void> listen_on_socket(const std::string& path);  ///< Unix
  void close_tcp();                                        ///< everything that listen() opened
  void stop_accepting();
  void use(const Credentials& credentials) { access_.use(credentials); }  ///< before that there are none
  /// Applies new options; running exchanges continue. After an error the old options stay.
  Result<void> configure(const Options& options);

  /// Answers one request; called by the listeners.
  void handle(const std::shared_ptr<net::HttpExchange>& exchange);

 private:
  void route(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view path);
  void act(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view path);
  const phones::Phone* find_phone(net::HttpExchange& exchange, std::string_view subject);
  void set_log_level(net::HttpExchange& exchange, const std::string& who);
  void phones(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view path);
  void calls(net::HttpExchange& exchange);
  void finished_calls(const std::shared_ptr<net::HttpExchange>& exchange);
  void sample_calls();
  void doctor(const std::shared_ptr<net::HttpExchange>& exchange);
  void reply_doctor(const std::shared_ptr<net::HttpExchange>& exchange);
  void report(const std::shared_ptr<net::HttpExchange>& exchange);
  /// Calls `done` with the box's findings and the verdict on the whole.
  void examine(std::function<void(const std::vector<doctor::Finding>&, const doctor::Verdict&)> done);
  void status(const std::shared_ptr<net::HttpExchange>& exchange);
  void health(net::HttpExchange& exchange);
  void metrics(const std::shared_ptr<net::HttpExchange>& exchange);
  void page(net::HttpExchange& exchange);
  Result<void> open(net::HttpServer::Options options);
  std::function<bool(const IpAddress&)> admits();

  net::Loop& loop_;
  Options options_;
  Sources sources_;
  Access access_;
  FileDoor files_;
  std::unique_ptr<EventFeed> events_;
  CallHistory history_;
  Judging judging_;
  net::Timer sampling_;
  std::optional<ListDoor> list_;
  std::optional<Operations> operations_;
  std::unique_ptr<TraceDoor> traces_;
  std::optional<AdmissionDoor> admissions_;
  std::unique_ptr<SetupDoor> setup_;
  std::string page_policy_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< cancels late answers of the doctor
  net::LogLimit refused_log_;
  std::function<bool(const IpAddress&)> admits_;  ///< who may connect over TCP; empty: everybody
  net::HttpPlaces places_;                        ///< of TCP connections
  /// Last, so that they close first. `old_` were replaced, but still have running exchanges.
  std::vector<std::unique_ptr<net::HttpServer>> doors_, old_;
};

}  // namespace dw::admin
