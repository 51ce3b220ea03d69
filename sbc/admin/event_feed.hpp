#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "sbc/admin/change_watch.hpp"
#include "sbc/net/http_server.hpp"
#include "sbc/net/timer.hpp"

namespace dw::admin {

/// GET /api/events: server-sent events (WHATWG HTML §9.2) that tell which answers of the API changed. Nothing
/// is looked at while nobody listens. What a listener has not taken yet is merged, never queued; one that
/// takes nothing for kMaxLag is let go. On the loop's thread.
class EventFeed {
 public:
  static constexpr unsigned kMaxListeners = 32;
  struct Options {
    unsigned max_listeners = kMaxListeners;
    Duration every = std::chrono::milliseconds(400);  ///< between two looks
    Duration heartbeat = std::chrono::seconds(10);
    Duration ask_doctor = std::chrono::seconds(10);
    /// A stream ends then, and its page comes again and shows anew that it may listen.
    Duration longest = std::chrono::minutes(10);
  };
  static constexpr std::chrono::seconds kMaxLag{30};
  static constexpr std::chrono::milliseconds kRetry{2000};  ///< told to the browser

  EventFeed(net::Loop& loop, const Sources& sources, const Options& options);

  /// The answer is `reply` with the stream as its body, or 503 when there are max_listeners. `reply` has the
  /// headers that every answer has. The stream ends when `may_listen` (if given) says so: asked before each look.
  void listen(const std::shared_ptr<net::HttpExchange>& exchange, net::HttpReply reply,
              std::function<bool()> may_listen = {});
  /// So many at most from now on; those that listen already go on.
  void allow(unsigned max_listeners) { options_.max_listeners = max_listeners; }
  std::size_t listeners() const { return listeners_.size(); }

 private:
  struct Listener {
    std::shared_ptr<net::HttpExchange> exchange;
    std::function<bool()> may_listen;
    Changes pending;        ///< not yet part of `text`
    std::string text;       ///< on its way
    std::size_t taken = 0;  ///< octets of `text`
    TimePoint began{};
    TimePoint last_taken{};    ///< when all that there was had been taken
    TimePoint last_written{};  ///< of `text`
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
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for answers of the doctor that come late
};

}  // namespace dw::admin
