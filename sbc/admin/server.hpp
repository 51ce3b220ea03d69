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

/// The status page, the JSON API, metrics and health, over TCP (what Access lets its caller see and do) and over
/// the Unix control socket (all of it). Addresses and shapes: API.md. On the loop's thread; the Sources are asked
/// anew for each request.
class AdminServer {
 public:
  struct Options {
    unsigned max_connections = 64;
    std::vector<std::string> host_names;               ///< further names that browsers may know this box by
    Duration first_answer = std::chrono::seconds(60);  ///< of a file asked through the control socket
    friend bool operator==(const Options&, const Options&) = default;
  };

  AdminServer(net::Loop& loop, const Options& options, Sources sources);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// TCP; gives it with the port the kernel chose. `admits`: who may connect; empty: everybody.
  Result<Endpoint> listen(const Endpoint& at, std::function<bool(const IpAddress&)> admits = {});
  Result<void> listen_on_socket(const std::string& path);  ///< Unix
  void close_tcp();                                        ///< all that listen() opened
  void stop_accepting();
  void use(const Credentials& credentials) { access_.use(credentials); }  ///< until then there are none
  /// Takes new options; exchanges that run go on. After an error it goes on as it was.
  Result<void> configure(const Options& options);

  /// Answers one request; what the listeners call.
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
  void tell_doctor(const std::shared_ptr<net::HttpExchange>& exchange);
  void report(const std::shared_ptr<net::HttpExchange>& exchange);
  /// Calls `done` with what is wrong with the box, and how it stands with all that hangs on it.
  void examine(std::function<void(const std::vector<phones::Finding>&, const phones::Verdict&)> done);
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
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for answers of the doctor that come late
  net::LogLimit refused_log_;
  std::function<bool(const IpAddress&)> admits_;  ///< who may connect by TCP; empty: everybody
  net::HttpPlaces places_;                        ///< of those that come by TCP
  /// Last, so that they close first. Of those that others took the place of, `old_`, some exchanges still run.
  std::vector<std::unique_ptr<net::HttpServer>> doors_, old_;
};

}  // namespace dw::admin
