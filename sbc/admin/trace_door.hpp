#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sbc/base/wire_tap.hpp"
#include "sbc/net/http_server.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/phones/inventory.hpp"
#include "sbc/trace/tracer.hpp"

namespace dw::admin {

/// GET /api/phones/{device}/trace?format=text|pcapng&seconds=N&octets=N: an answer that continues while the phone sends
/// and receives (API.md). Uses the tap only while a trace is running. On the loop's thread; tap and inventory (may be
/// null) outlive it.
class TraceDoor {
 public:
  static constexpr std::size_t kMaxTraces = 4;  ///< at a time; further ones get 503
  static constexpr std::chrono::seconds kLookAgain{1};
  static constexpr std::uint64_t kSeconds = 600, kMaxSeconds = 86'400;
  static constexpr std::uint64_t kOctets = 64 << 20, kMaxOctets = 1 << 30;

  TraceDoor(net::Loop& loop, WireTap& tap, const phones::Inventory* inventory)
      : loop_(loop), tap_(tap), inventory_(inventory) {}
  ~TraceDoor() { tap_.set(nullptr); }
  TraceDoor(const TraceDoor&) = delete;
  TraceDoor& operator=(const TraceDoor&) = delete;

  /// "SEP001122334455" of "/api/phones/SEP001122334455/trace", still percent-encoded.
  static std::optional<std::string_view> phone_in(std::string_view path);
  /// It ends when `may_look` returns false; that is called every kLookAgain, and before anything is sent.
  void give(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view phone, std::function<bool()> may_look);

 private:
  struct Trace {
    Trace(net::Loop& loop, trace::Tracer::Options options, std::function<void()> on_time)
        : tracer(std::move(options)), timer(loop, std::move(on_time)) {}
    trace::Tracer tracer;
    net::Timer timer;
    TimePoint ends{};
    std::function<bool()> may_look;
    bool over = false;
    std::shared_ptr<net::HttpExchange> exchange;
  };
  void look(std::uint64_t id);
  std::optional<trace::Tracer::Options> whom(std::string_view phone) const;
  void listen();

  net::Loop& loop_;
  WireTap& tap_;
  const phones::Inventory* inventory_;
  std::map<std::uint64_t, std::shared_ptr<Trace>> traces_;
  std::uint64_t last_id_ = 0;
};

}  // namespace dw::admin
