#pragma once
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "sbc/base/clock_watch.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/loop.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/store/database.hpp"
#include "sbc/store/worker.hpp"

namespace dw::proxy {

/// Keeps SIP bindings on disk (STATE/sip.db), so that a call reaches a phone at once after a restart. Fills
/// the proxy when opened, then writes what changed, at most once a second, on a thread of its own; the
/// destructor writes what is left. On disk a binding expires by the wall clock; when that is set, all are
/// written again. If the disk can't be used, bindings are in memory only, and the log says so. The
/// proxy must outlive it.
class SipStore {
 public:
  struct Options {
    Duration write_every = std::chrono::seconds(1);
    Duration retry_after = std::chrono::seconds(60);  ///< after a write that failed
    std::function<WallTime()> wall = wall_now;
  };
  static constexpr std::size_t kMaxWaiting = 65'536;                ///< tokens to be written; if more, all bindings are
  static constexpr Duration kMaxKept = std::chrono::hours(7 * 24);  ///< for a binding, even if the clock was set

  static std::unique_ptr<SipStore> open(net::Loop& loop, const std::string& state_directory, sip::Proxy& proxy,
                                        sip::Output& out, const Options& options);
  static std::unique_ptr<SipStore> open(net::Loop& loop, const std::string& state_directory, sip::Proxy& proxy,
                                        sip::Output& out) {
    return open(loop, state_directory, proxy, out, Options{});
  }
  ~SipStore();
  SipStore(const SipStore&) = delete;
  SipStore& operator=(const SipStore&) = delete;

  bool storing() const { return database_ != nullptr && !failing_; }

 private:
  struct Kept {
    sip::Binding binding;
    std::string server;  ///< by name, as its index may change
    WallTime expires;
  };
  /// Copies, for the other thread.
  struct Batch {
    bool all = false;  ///< `kept` has all bindings
    std::vector<Kept> kept;
    std::vector<std::string> gone;  ///< tokens
  };
  SipStore(net::Loop& loop, sip::Proxy& proxy, const Options& options);
  Result<void> load(const std::string& state_directory, sip::Output& out);
  void tick();
  void write();
  Batch collect();
  void on_written(const Batch& batch, const Result<void>& result);
  std::string server_name(std::size_t server) const;
  static Result<void> write_batch(store::Database& database, const Batch& batch);

  net::Loop& loop_;
  sip::Proxy& proxy_;
  Options options_;
  std::unique_ptr<store::Database> database_;  // used by the worker alone once it has a job
  std::unordered_set<std::string> waiting_;    // tokens with changes that are not on disk yet
  bool all_again_ = false;                     // all are to be written
  bool writing_ = false, failing_ = false;
  ClockWatch clock_;
  net::LogLimit failures_{1.0 / 60, 1};
  net::Timer timer_;
  store::Worker worker_;  // last: its destructor runs what is queued
};

}  // namespace dw::proxy
