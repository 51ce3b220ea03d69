#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "sbc/admin/credentials.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/net/loop.hpp"

namespace dw::admin {

/// Checks passwords on the thread pool, one at a time, as each takes tens of milliseconds and 32 MiB. At most one waits
/// for each source, and kMaxWaiting in total. On the loop's thread.
class PasswordCheck {
 public:
  static constexpr std::size_t kMaxWaiting = 8;

  explicit PasswordCheck(net::Loop& loop) : loop_(loop) {}
  PasswordCheck(const PasswordCheck&) = delete;
  PasswordCheck& operator=(const PasswordCheck&) = delete;

  /// False if there is no room; then `done` is never called. It is not called after this is destroyed either.
  bool ask(const IpAddress& source, std::string password, const PasswordHash& hash,
           std::function<void(bool right)> done);

 private:
  struct Job {
    IpAddress source;
    std::string password;
    PasswordHash hash;
    std::function<void(bool)> done;
    bool right = false;
  };
  void next();

  net::Loop& loop_;
  std::deque<std::shared_ptr<Job>> jobs_;  // the first one is being checked
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace dw::admin
