#pragma once
#include <microhttpd.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "sbc/net/http_server.hpp"
#include "sbc/net/timer.hpp"

namespace dw::net {

/// The exchange from the server's side: its steps, as libmicrohttpd's callbacks drive them. Half of its methods are
/// HttpExchange's.
class Exchange final : public HttpExchange {
 public:
  enum class Step { receiving, handed_over, answering, over };

  /// `turn` is the server's timer, armed when libmicrohttpd can continue.
  Exchange(MHD_Connection* connection, Timer& turn, std::string_view uri, const Endpoint& peer, const Endpoint& local);

  std::string_view method() const override { return method_; }
  std::string_view target() const override { return target_; }
  std::string_view query() const override { return query_; }
  std::string header(const std::string& name) const override;
  std::vector<std::pair<std::string, std::string>> headers() const override;
  std::string_view body() const override { return body_; }
  Endpoint peer() const override { return peer_; }
  Endpoint local() const override { return local_; }
  bool over_unix() const override { return !local_.address; }
  void reply(HttpReply reply) override;
  void wake() override;
  void on_end(std::function<void(bool whole, std::uint64_t octets)> callback) override {
    on_end_ = std::move(callback);
  }

  void settle_connection() override {
    if (place_) place_->settle();
  }

  // The server's side.
  void use(HttpPlaces::Place* place) { place_ = place; }  ///< the connection's, which keeps it until its end
  Step step() const { return step_; }
  bool suspended() const { return suspended_; }
  /// The last moment at which the answer waited for us and not for its reader.
  TimePoint last_wait() const { return last_wait_; }
  std::uint64_t octets_out() const { return octets_out_; }
  void name_method(std::string_view method) { method_ = method; }
  bool add_to_body(std::string_view more, std::size_t max);
  void hand_over() { step_ = Step::handed_over; }
  bool given_up() const { return given_up_; }
  bool has_reply() const { return reply_.has_value(); }
  /// Keeps libmicrohttpd from handling this connection until resume().
  void suspend();
  void resume();
  /// Passes the reply to libmicrohttpd. False: the connection must be closed.
  bool queue_reply();
  /// The last octet of the answer was passed on, or the connection is gone.
  void end(bool whole, bool notify);
  /// The connection is no longer usable: a suspended exchange is resumed so that queue_reply() closes it.
  void give_up();

 private:
  static ssize_t read_body(void* self, std::uint64_t position, char* into, std::size_t max);
  std::uint64_t body_size() const { return reply_->stream ? reply_->stream->size : reply_->text.size(); }

  MHD_Connection* connection_;  // null at the end
  Timer& turn_;                 // outlives the connection
  HttpPlaces::Place* place_ = nullptr;
  std::string uri_;
  std::string_view target_, query_;  // of uri_
  std::string method_;
  std::string body_;
  Endpoint peer_, local_;
  Step step_ = Step::receiving;
  bool suspended_ = false;
  bool given_up_ = false;
  bool reading_ = false;  // inside the stream's reader
  bool woken_ = false;    // woken while reading_
  TimePoint last_wait_ = Clock::now();
  std::uint64_t octets_out_ = 0;
  std::optional<HttpReply> reply_;
  std::function<void(bool, std::uint64_t)> on_end_;
};

}  // namespace dw::net
