#pragma once
#include <functional>
#include <memory>

#include "sbc/net/loop.hpp"

namespace dw::net {

/// Calls back on the loop each time the process receives the signal. Does not keep the loop alive.
class Signal {
 public:
  Signal(Loop& loop, int number, std::function<void()> on_signal);
  ~Signal();
  Signal(Signal&&) noexcept;
  Signal& operator=(Signal&&) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dw::net
