#include "sbc/admin/password_check.hpp"

#include <algorithm>
#include <utility>

namespace dw::admin {

bool PasswordCheck::ask(const IpAddress& source, std::string password, const PasswordHash& hash,
                        std::function<void(bool right)> done) {
  if (jobs_.size() >= kMaxWaiting || std::ranges::any_of(jobs_, [&](const auto& job) { return job->source == source; }))
    return false;
  jobs_.push_back(std::make_shared<Job>(Job{source, std::move(password), hash, std::move(done)}));
  if (jobs_.size() == 1) next();
  return true;
}

void PasswordCheck::next() {
  const auto job = jobs_.front();
  loop_.work([job] { job->right = is_password(job->password, job->hash); },
             [this, job, alive = std::weak_ptr(alive_)] {
               if (alive.expired()) return;
               jobs_.pop_front();
               if (!jobs_.empty()) next();
               std::exchange(job->done, nullptr)(job->right);
             });
}

}  // namespace dw::admin
