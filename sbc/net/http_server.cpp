#include "sbc/net/http_server.hpp"

#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "sbc/base/text_cursor.hpp"
#include "sbc/net/http_exchange.hpp"
#include "sbc/net/listen_socket.hpp"
#include "sbc/net/poll.hpp"
#include "sbc/net/socket_address.hpp"
#include "sbc/net/tcp_progress.hpp"
#include "sbc/net/timer.hpp"

namespace dw::net {
namespace {

constexpr int kRunsPerTurn = 8;  // of the daemon, before the loop goes on
constexpr Duration kLongestSweep = std::chrono::seconds(1);
constexpr unsigned kBeyond = 64;  // connections that lost their place but that libmicrohttpd has not closed yet

/// One TCP or Unix connection: what it is doing, and since when.
struct Connection {
  int descriptor = -1;
  std::unique_ptr<HttpPlaces::Place> place;  // none: there is no limit
  std::shared_ptr<Exchange> exchange;        // the current request
  TimePoint since = Clock::now();            // when the connection began, or its last answer ended
  std::optional<TimePoint> window;           // start of the interval in which the answer's speed is measured
  std::uint64_t taken = 0;                   // octets at that time
  bool cut = false;
};

/// Octets that the peer has acknowledged over the connection's life. A Unix socket has no such figure: there it is what
/// was read from the answer.
std::uint64_t octets_taken(const Connection& c) {
  const auto acknowledged = octets_acknowledged(c.descriptor);
  return acknowledged ? *acknowledged : c.exchange ? c.exchange->octets_out() : 0;
}

/// Whether the peer reset the connection (a half-closed one may still want its answer).
bool hung_up(int descriptor) {
  pollfd about{.fd = descriptor, .events = 0, .revents = 0};
  return ::poll(&about, 1, 0) == 1 && (about.revents & (POLLHUP | POLLERR)) != 0;
}

/// Makes libmicrohttpd see a broken connection, and the kernel drop unsent octets.
void reset(int descriptor) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  shutdown(descriptor, SHUT_RDWR);
}

class MhdServer final : public HttpServer {
 public:
  MhdServer(Loop& loop, Options options, Handler handler)
      : loop_(loop),
        options_(std::move(options)),
        handler_(std::move(handler)),
        turn_(loop, [this] { run(); }),
        sweep_(loop, [this] { sweep(); }) {}
  ~MhdServer() override;
  Result<void> listen();

  Endpoint local() const override { return local_; }
  Stats stats() const override;
  void stop_accepting() override;
  Result<std::unique_ptr<HttpServer>> renew(const Options& options) override;

 private:
  Result<void> serve(Descriptor listener);
  void run();
  void sweep();
  void check(Connection& c, TimePoint now);
  void check_waiting(Connection& c, TimePoint now);
  void cut(Connection& c, std::uint64_t& counter);
  void lose_place(Connection& c);
  MHD_Result on_whole_request(const std::shared_ptr<Exchange>& exchange, HttpPlaces::Place* place);
  bool announces_too_much(MHD_Connection* connection) const;

  static MHD_Result on_accept(void* self, const sockaddr* address, socklen_t size);
  static void on_connection(void* self, MHD_Connection* connection, void** context,
                            MHD_ConnectionNotificationCode code);
  static void* on_uri(void* self, const char* uri, MHD_Connection* connection);
  static MHD_Result on_access(void* self, MHD_Connection* connection, const char* url, const char* method,
                              const char* version, const char* upload, std::size_t* upload_size, void** context);
  static void on_completed(void* self, MHD_Connection* connection, void** context, MHD_RequestTerminationCode code);

  Loop& loop_;
  Options options_;
  Handler handler_;
  Timer turn_, sweep_;
  MHD_Daemon* daemon_ = nullptr;
  std::optional<Poll> poll_;
  Endpoint local_;
  int listener_ = -1;  // libmicrohttpd's
  bool accepting_ = true;
  bool running_ = false;  // inside libmicrohttpd
  bool ending_ = false;
  Stats stats_;
  std::unique_ptr<HttpPlaces::Place> arriving_;  // of the connection that libmicrohttpd reports next
  std::unordered_map<MHD_Connection*, Connection> connections_;
};

/// Leaves URIs as they were sent.
std::size_t leave_escaped(void*, MHD_Connection*, char* text) {
  return std::strlen(text);
}

Result<void> MhdServer::listen() {
  auto listener = options_.listen ? listen_tcp(*options_.listen) : listen_unix(options_.unix_path);
  if (!listener) return std::unexpected(listener.error());
  return serve(std::move(*listener));
}

Result<void> MhdServer::serve(Descriptor listener) {
  local_ = local_endpoint(listener.number());
  constexpr unsigned kFlags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
  constexpr int kLenient = -1;
  const unsigned most = options_.places && options_.listen ? static_cast<unsigned>(options_.places->total()) + kBeyond
                                                           : options_.max_connections;
  daemon_ = MHD_start_daemon(
      kFlags, 0, &on_accept, this, &on_access, this,                                                   //
      MHD_OPTION_LISTEN_SOCKET, listener.number(), MHD_OPTION_CONNECTION_LIMIT, most,                  //
      MHD_OPTION_STRICT_FOR_CLIENT, kLenient, MHD_OPTION_UNESCAPE_CALLBACK, &leave_escaped, nullptr,   //
      MHD_OPTION_NOTIFY_CONNECTION, &on_connection, this, MHD_OPTION_URI_LOG_CALLBACK, &on_uri, this,  //
      MHD_OPTION_NOTIFY_COMPLETED, &on_completed, this, MHD_OPTION_END);
  if (!daemon_) return fail(Errc::system, "the HTTP server could not be started (out of descriptors or memory?)");
  listener_ = listener.release();  // libmicrohttpd closes it
  const MHD_DaemonInfo* info = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD);
  poll_.emplace(loop_, info->epoll_fd, [this](Poll::Events) { run(); });
  poll_->watch({.readable = true});
  return {};
}

MhdServer::~MhdServer() {
  assert(!running_);
  if (!daemon_) return;
  ending_ = true;
  stop_accepting();
  poll_.reset();
  for (auto& [connection, c] : connections_) {  // libmicrohttpd does not stop with suspended connections
    if (c.exchange) c.exchange->give_up();
  }
  MHD_stop_daemon(daemon_);
}

HttpServer::Stats MhdServer::stats() const {
  Stats out = stats_;
  out.connections = static_cast<unsigned>(connections_.size());
  return out;
}

void MhdServer::stop_accepting() {
  if (!std::exchange(accepting_, false)) return;
  if (const int listener = MHD_quiesce_daemon(daemon_); listener >= 0) close(listener);
  if (!options_.listen) unlink(options_.unix_path.c_str());
}

Result<std::unique_ptr<HttpServer>> MhdServer::renew(const Options& options) {
  Options taken = options;
  taken.listen = options_.listen;
  taken.unix_path = options_.unix_path;
  auto fresh = std::make_unique<MhdServer>(loop_, std::move(taken), handler_);
  Descriptor listener(accepting_ ? fcntl(listener_, F_DUPFD_CLOEXEC, 0) : -1);
  if (!listener) return fail(Errc::system, "the HTTP server's socket could not be handed on");
  if (const auto up = fresh->serve(std::move(listener)); !up) return std::unexpected(up.error());
  accepting_ = false;
  if (const int old = MHD_quiesce_daemon(daemon_); old >= 0) close(old);
  return fresh;
}

/// Runs the daemon. It watches its descriptors edge-triggered, so it gets no further event for unfinished work; then
/// its timeout is 0.
void MhdServer::run() {
  running_ = true;
  MHD_UNSIGNED_LONG_LONG wait_ms = 0;
  bool again = true;
  for (int i = 0; i < kRunsPerTurn && again && wait_ms == 0; ++i) {
    MHD_run(daemon_);
    again = MHD_get_timeout(daemon_, &wait_ms) == MHD_YES;
  }
  running_ = false;
  if (again) turn_.arm_after(std::chrono::milliseconds(wait_ms));
  if (!connections_.empty() && !sweep_.armed()) sweep_.arm_after(std::min(kLongestSweep, options_.idle_timeout / 4));
}

void MhdServer::sweep() {
  const TimePoint now = Clock::now();
  for (auto& [connection, c] : connections_)
    check(c, now);
  run();  // closes the connections that were cut; runs again while there are any
}

void MhdServer::check(Connection& c, TimePoint now) {
  if (c.cut) return;
  if (c.exchange && c.exchange->suspended()) return check_waiting(c, now);
  const bool answering = c.exchange && c.exchange->step() == Exchange::Step::answering;
  if (!answering && !has_unsent(c.descriptor)) {
    c.window.reset();
    if (now - c.since >= options_.idle_timeout) cut(c, stats_.cut_idle);
    return;
  }
  c.since = now;
  const bool waited_for_us = c.window && answering && c.exchange->last_wait() > *c.window;
  if (c.window && !waited_for_us && now - *c.window < options_.idle_timeout) return;
  const std::uint64_t taken = octets_taken(c);
  if (c.window && !waited_for_us) {
    const double seconds = std::chrono::duration<double>(now - *c.window).count();
    if (static_cast<double>(taken - c.taken) < options_.min_octets_per_second * seconds) cut(c, stats_.cut_slow);
  }
  c.window = now;
  c.taken = taken;
}

/// The answer waits for us. The client need not read anything, but must be alive: it has to acknowledge what was sent
/// in time.
void MhdServer::check_waiting(Connection& c, TimePoint now) {
  if (hung_up(c.descriptor)) return c.exchange->give_up();
  if (!has_unsent(c.descriptor)) return c.window.reset();
  const std::uint64_t taken = octets_taken(c);
  if (!c.window || taken != c.taken) {
    c.window = now;
    c.taken = taken;
  } else if (now - *c.window >= options_.idle_timeout) {
    cut(c, stats_.cut_slow);
    c.exchange->give_up();
  }
}

void MhdServer::cut(Connection& c, std::uint64_t& counter) {
  c.cut = true;
  ++counter;
  reset(c.descriptor);
}

/// Its place went to another connection.
void MhdServer::lose_place(Connection& c) {
  if (c.cut) return;
  cut(c, stats_.cut_for_others);
  if (c.exchange && c.exchange->suspended()) c.exchange->give_up();
  turn_.arm_at({});
}

MHD_Result MhdServer::on_accept(void* self, const sockaddr* address, socklen_t) {
  auto& server = *static_cast<MhdServer*>(self);
  const IpAddress from = to_endpoint(address).address;
  server.arriving_.reset();  // of a connection that libmicrohttpd had no memory for
  if (server.options_.admits && !server.options_.admits(from)) return MHD_NO;
  if (!server.options_.places || !from) return MHD_YES;
  server.arriving_ = server.options_.places->arrive(Clock::now(), from);
  return server.arriving_ ? MHD_YES : MHD_NO;
}

void MhdServer::on_connection(void* self, MHD_Connection* connection, void**, MHD_ConnectionNotificationCode code) {
  auto& server = *static_cast<MhdServer*>(self);
  if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
    const auto found = server.connections_.find(connection);
    if (found == server.connections_.end()) return;
    if (const auto left = found->second.exchange) left->end(false, !server.ending_);
    server.connections_.erase(found);
    // At its limit the daemon does not watch the listener; it looks again when it next runs.
    if (!server.ending_) server.turn_.arm_at({});
    return;
  }
  Connection& c = server.connections_[connection];
  c.descriptor = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  c.place = std::move(server.arriving_);
  if (c.place) c.place->on_lost([&server, &c] { server.lose_place(c); });
}

/// A request line has arrived.
void* MhdServer::on_uri(void* self, const char* uri, MHD_Connection* connection) {
  auto& server = *static_cast<MhdServer*>(self);
  Connection& c = server.connections_[connection];
  const MHD_ConnectionInfo* client = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  const Endpoint peer = to_endpoint(client ? client->client_addr : nullptr);
  c.exchange = std::make_shared<Exchange>(connection, server.turn_, uri, peer, local_endpoint(c.descriptor));
  c.exchange->use(c.place.get());
  return nullptr;
}

MHD_Result MhdServer::on_access(void* self, MHD_Connection* connection, const char*, const char* method, const char*,
                                const char* upload, std::size_t* upload_size, void**) {
  auto& server = *static_cast<MhdServer*>(self);
  const std::string_view more(upload, *upload_size);
  *upload_size = 0;
  const Connection& c = server.connections_[connection];
  const std::shared_ptr<Exchange> exchange = c.exchange;
  if (!exchange) return MHD_NO;
  if (exchange->method().empty()) {  // the headers have arrived, the body has not
    exchange->name_method(method);
    if (!server.announces_too_much(connection)) return MHD_YES;
    exchange->reply({.status = 413, .headers = {}, .text = "The request is too long.\n", .stream = {}});
    return exchange->queue_reply() ? MHD_YES : MHD_NO;
  }
  if (!more.empty()) return exchange->add_to_body(more, server.options_.max_body) ? MHD_YES : MHD_NO;
  return server.on_whole_request(exchange, c.place.get());
}

bool MhdServer::announces_too_much(MHD_Connection* connection) const {
  const char* length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
  return length && !parse_number(trim(length), options_.max_body);
}

/// Called once when the request is complete, and again after each resume without a queued answer.
MHD_Result MhdServer::on_whole_request(const std::shared_ptr<Exchange>& exchange, HttpPlaces::Place* place) {
  if (exchange->step() == Exchange::Step::receiving) {
    exchange->hand_over();
    if (place) place->asked(Clock::now());
    ++stats_.requests;
    handler_(exchange);
  }
  if (exchange->has_reply() || exchange->given_up()) return exchange->queue_reply() ? MHD_YES : MHD_NO;
  exchange->suspend();
  return MHD_YES;
}

void MhdServer::on_completed(void* self, MHD_Connection* connection, void**, MHD_RequestTerminationCode code) {
  auto& server = *static_cast<MhdServer*>(self);
  const auto found = server.connections_.find(connection);
  if (found == server.connections_.end()) return;
  found->second.since = Clock::now();
  if (found->second.place) found->second.place->answered(found->second.since);
  if (const auto exchange = std::exchange(found->second.exchange, nullptr)) {
    exchange->end(code == MHD_REQUEST_TERMINATED_COMPLETED_OK, !server.ending_);
    server.stats_.octets_sent += exchange->octets_out();
  }
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(Loop& loop, const Options& options, Handler handler) {
  auto server = std::make_unique<MhdServer>(loop, options, std::move(handler));
  if (const auto up = server->listen(); !up) return std::unexpected(up.error());
  return server;
}

}  // namespace dw::net
