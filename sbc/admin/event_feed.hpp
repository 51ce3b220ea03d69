#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "sbc/admin/change_watch.hpp"
#include "sbc/net/http_server.hpp"
#include "sbc/net/timer.hpp"

namespace dw::admin {

/// GET /api/events: server-sent events (WHATWG HTML §9.2) that name the API answers that changed. Nothing is checked
/// while nobody listens. Changes that a listener has not read are merged, never queued; a listener that reads nothing
/// for kMaxLag is disconnected. On the loop's thread.
class EventFeed {
 public:
  static constexpr unsigned kMaxListeners = 32;
  struct Options {
    unsigned max_listeners = kMaxListeners;
    Duration every = std::chrono::milliseconds(400);  ///< interval between two looks
    Duration heartbeat = std::chrono::seconds(10);
    Duration ask_doctor = std::chrono::seconds(10);
    /// Then the stream ends; the page connects again and has to authenticate again.
    Duration longest = std::chrono::minutes(10);
  };
  static constexpr std::chrono::seconds kMaxLag{30};
  static constexpr std::chrono::milliseconds kRetry{2000};  ///< reconnection time, sent to the browser

  EventFeed(net::Loop& loop, const Sources& sources, const Options& options);

  /// Answers with `reply` and the stream as its body, or with 503 when there are max_listeners. `reply` has the headers
  /// common to all answers. The stream ends when `may_listen` (if given) returns false; it is called before each look.
  void listen(const std::shared_ptr<net::HttpExchange>& exchange, net::HttpReply reply,
              std::function<bool()> may_listen = {});
  /// Sets the maximum; existing listeners stay.
  void allow(unsigned max_listeners) { options_.max_listeners = max_listeners; }
  std::size_t listeners() const { return listeners_.size(); }

 private:
  struct Listener {
    std::shared_ptr<net::HttpExchange> exchange;
    std::function<bool()> may_listen;
    Changes pending;        ///< not yet part of `text`
    std::string text;       ///< being sent
    std::size_t taken = 0;  ///< octets of `text`
    TimePoint began{};
    TimePoint last_taken{};    ///< when everything had last been read
    TimePoint last_written{};  ///< when `text` was last written
    bool owes() const { return pending.any() || taken < text.size(); }
  };
  void tick();
  long read(std::uint64_t id, MutableBytes into);
  void examine();
  std::string text_of(const Changes& changes) const;

  net::Loop& loop_;
  const Sources& sources_;
  Options options_;
  ChangeWatch watch_;
  net::Timer timer_;
  TimePoint last_examined_{};
  bool examining_ = false;
  std::map<std::uint64_t, Listener> listeners_;
  std::uint64_t next_id_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< cancels late answers of the doctor
};

}  // namespace dw::admin
