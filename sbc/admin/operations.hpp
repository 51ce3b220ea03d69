#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sbc/admin/phone_filter.hpp"
#include "sbc/admin/sources.hpp"
#include "sbc/net/http_server.hpp"
#include "sbc/net/timer.hpp"

namespace dw::admin {

/// Actions on many phones: /api/operations (API.md). First the phones that match a filter are counted and remembered.
/// The operation that is then started acts on these only, one at a time at a fixed pace, and skips those that no longer
/// match. One runs at a time, and it can be stopped. On the loop's thread; the inventory outlives it.
class Operations {
 public:
  static constexpr std::size_t kMaxPhones = 65'536;                  ///< in one operation
  static constexpr std::size_t kKept = 16;                           ///< operations kept
  static constexpr std::size_t kMaxAsked = 32;                       ///< phones that have not answered yet
  static constexpr std::size_t kErrors = 5;                          ///< latest refusals kept
  static constexpr std::size_t kLookedAt = 200;                      ///< phones examined at a time
  static constexpr unsigned kPace = 5, kMaxPace = 50;                ///< phones per second
  static constexpr Duration kCountedFor = std::chrono::minutes(10);  ///< after that it must be counted again

  using Act = std::function<void(const phones::Phone&, PhoneAction, bool force, OnOutcome)>;
  Operations(net::Loop& loop, const phones::Inventory& inventory, const doctor::VerdictBook& verdicts, Act act);
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

  /// POST /api/operations?action=…&FILTER, /api/operations/{id}/begin?phones=N, /api/operations/{id}/stop.
  void act(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view path, const std::string& who);
  void list(net::HttpExchange& exchange) const;  ///< GET /api/operations

 private:
  enum class State : std::uint8_t { counting, counted, running, done, stopped };
  struct Refusal {
    std::string device, said;
  };
  struct Operation {
    std::uint64_t id = 0;
    PhoneAction action{};
    PhoneFilter filter;
    bool force = false;
    unsigned pace = kPace;
    State state = State::counting;
    std::vector<std::string> keys;  ///< the phones counted, until it has ended
    std::size_t phones = 0, next = 0;
    std::size_t done = 0, refused = 0, skipped = 0, asked = 0;
    std::deque<Refusal> errors;
    std::string by, stopped_by;
    TimePoint counted{};
    WallTime begun{}, ended{};
  };
  static std::string_view to_string(State state);
  static std::string json_of(const Operation& operation);
  void count(const std::shared_ptr<net::HttpExchange>& exchange, const std::string& who);
  void count_some(const std::shared_ptr<net::HttpExchange>& exchange, const std::shared_ptr<Operation>& operation,
                  std::string from);
  void begin(net::HttpExchange& exchange, Operation& operation, const std::string& who);
  void stop(net::HttpExchange& exchange, Operation& operation, const std::string& who);
  void go_on();
  void ask(const std::shared_ptr<Operation>& operation, const phones::Phone& phone);
  void end(Operation& operation, State state);
  std::shared_ptr<Operation> running() const;

  net::Loop& loop_;
  const phones::Inventory& inventory_;
  const doctor::VerdictBook& verdicts_;
  Act act_;
  std::deque<std::shared_ptr<Operation>> all_;  // latest last
  std::uint64_t last_id_ = 0;
  net::Timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< cancels late answers of phones
};

}  // namespace dw::admin
