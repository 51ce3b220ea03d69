#pragma once
#include <memory>
#include <string>
#include <vector>

#include "sbc/net/log.hpp"
#include "sbc/net/loop.hpp"
#include "sbc/net/timer.hpp"
#include "sbc/sip/proxy.hpp"
#include "sbc/store/database.hpp"
#include "sbc/store/worker.hpp"

namespace dw::proxy {

/// Keeps SIP bindings on disk (STATE/sip.db), so that a call reaches a phone at once after a restart. Fills
/// the proxy when opened, then writes what changed, at most once a second, on a thread of its own; the
/// destructor writes the rest. Where the disk can't be used, bindings live in memory only, and the log says
/// so. The proxy must outlive it.
class SipStore {
 public:
  static constexpr Duration kWriteEvery = std::chrono::seconds(1);
  static constexpr Duration kRetryAfter = std::chrono::seconds(60);  ///< once a write has failed

  static std::unique_ptr<SipStore> open(net::Loop& loop, const std::string& state_directory,
                                        sip::Proxy& proxy, sip::Output& out);
  ~SipStore();
  SipStore(const SipStore&) = delete;
  SipStore& operator=(const SipStore&) = delete;

 private:
  /// Copies, for the other thread. `server` beside each: its name, as its place in the list may change.
  struct Batch {
    std::vector<std::pair<sip::Binding, std::string>> kept;
    std::vector<std::string> gone;  ///< tokens
  };
  SipStore(net::Loop& loop, sip::Proxy& proxy);
  Result<void> load(const std::string& state_directory, sip::Output& out);
  void tick();
  void write();
  std::string server_name(std::size_t server) const;
  static Result<void> write_batch(store::Database& database, const Batch& batch);

  net::Loop& loop_;
  sip::Proxy& proxy_;
  std::unique_ptr<store::Database> database_;  // the worker's, once it has a job
  std::vector<std::string> failed_;            // tokens that could not be written
  bool writing_ = false;
  net::LogLimit failures_{1.0 / 60, 1};
  net::Timer timer_;
  store::Worker worker_;  // last: its destructor runs what is queued
};

}  // namespace dw::proxy
