#include <algorithm>
#include <utility>

#include "sbc/probe/check.hpp"

namespace dw::probe {

Tries::Tries(net::Loop& loop, std::function<void()> send, std::function<void()> give_up)
    : loop_(loop),
      send_(std::move(send)),
      give_up_(std::move(give_up)),
      until_(loop.now() + kCheckWithin),
      timer_(loop, [this] { on_time(); }) {}

void Tries::begin() {
  timer_.arm_at(loop_.now() + pause_);
  send_();
}

void Tries::fail() {
  failed_ = true;
  timer_.arm_at({});
}

void Tries::on_time() {
  if (failed_ || loop_.now() >= until_) return give_up_();
  pause_ *= 2;
  timer_.arm_at(std::min(until_, loop_.now() + pause_));
  send_();
}

}  // namespace dw::probe
